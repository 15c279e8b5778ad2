"""Classes of samples, in all the ways in which people write them down."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import ArrayLike

from tflint.bench.labels import class_names, labels_of, texts_of
from tflint.errors import UsageError

NAMES = ("stairs", "walk", "sit")


@pytest.mark.parametrize(
    "array",
    [
        [2, 0, 1],
        np.array([2, 0, 1], np.uint8),
        np.array([2, 0, 1], ">i8"),
        [2.0, 0.0, 1.0],
        [[2], [0], [1]],
        [[[2]], [[0]], [[1]]],
        [[0, 0, 1], [1, 0, 0], [0, 1, 0]],
        [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
        [[False, False, True], [True, False, False], [False, True, False]],
        [[[0, 0, 1]], [[1, 0, 0]], [[0, 1, 0]]],
        [[0.05, 0.05, 0.9], [0.9, 0.05, 0.05], [0.05, 0.9, 0.05]],
        ["sit", "stairs", "walk"],
        [b"sit", b"stairs", b"walk"],
        [["sit"], ["stairs"], ["walk"]],
    ],
)
def test_classes_are_read(array: ArrayLike) -> None:
    found = labels_of(np.asarray(array), "`labels`", NAMES)

    assert found.classes.tolist() == [2, 0, 1]
    assert found.classes.dtype == np.int64


def test_truth_values_are_the_classes_0_and_1() -> None:
    assert labels_of(np.array([True, False]), "`y`", ()).classes.tolist() == [1, 0]


def test_a_column_a_class_says_how_many_there_are() -> None:
    assert labels_of(np.eye(4), "`y`", ()).columns == 4
    assert labels_of(np.arange(4), "`y`", ()).columns is None


@pytest.mark.parametrize(
    ("array", "names", "reason"),
    [
        (3, (), "`y` is a single value"),
        (np.zeros(0), (), "`y` is empty"),
        (np.zeros((4, 0)), (), "has the shape (4, 0)"),
        (np.zeros((4, 2, 2)), (), "has the shape (4, 2, 2): there has to be one class for each"),
        ([0.5, 1.0], (), "fractions: accuracy is for classes, not for values to be estimated"),
        ([0.0, np.nan], (), "fractions"),
        ([0.0, np.inf], (), "fractions"),
        ([0, -1], (), "`y` has -1, which is no class: they count from 0"),
        ([0, 2**40], (), "has 1,099,511,627,776, which is no class"),
        (np.array([0, 2**64 - 1], np.uint64), (), "which is no class"),
        ([0, 3], NAMES, "`y` goes up to 3, `classes` names 3"),
        (["walk", "sit"], (), "are words, and nothing says which output each is"),
        (["walk", "fly"], NAMES, "has `fly`, the classes are `stairs`, `walk`, `sit`"),
        (["walk", "a\x1b[2J"], NAMES, "has `a\\x1b[2J`"),
        ([["walk", "sit"]], NAMES, "has 2 texts for each sample"),
        ([[1, 0], [1, 1]], (), "2 columns, of which not exactly one is marked in sample 1"),
        ([[1, 0], [0, 0]], (), "not exactly one is marked in sample 1"),
        ([[1.0, 0.0], [0.5, 0.5]], (), "not exactly one is marked in sample 1"),
        ([[1.0, 0.0], [np.nan, 1.0]], (), "not exactly one is marked in sample 1"),
        ([[3, 4], [5, 6]], (), "not exactly one is marked in sample 0"),
        ([[2.0, -1.0]], (), "not exactly one is marked in sample 0"),
    ],
)
def test_what_is_no_class_is_refused(array: ArrayLike, names: tuple[str, ...], reason: str) -> None:
    with pytest.raises(UsageError) as error:
        labels_of(np.asarray(array), "`y`", names)

    assert reason in str(error.value)
    assert "\n" not in str(error.value)


def test_the_array_that_names_classes_is_found() -> None:
    arrays = {"x": np.zeros((2, 3)), "Label_Names": np.array(NAMES)}

    assert class_names(arrays, "`f.npz`") == ("Label_Names", NAMES)
    assert class_names({"classes": np.array([10, 5])}, "`f.npz`") == ("classes", ("10", "5"))
    assert class_names({"x": np.zeros(3)}, "`f.npz`") == (None, ())


def test_numbers_that_repeat_name_no_classes() -> None:
    assert class_names({"classes": np.array([1, 0, 1])}, "`f.npz`") == (None, ())


def test_a_class_that_is_named_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="names a class twice"):
        class_names({"classes": np.array(["a", "b", "a"])}, "`f.npz`")


@pytest.mark.parametrize("bits", [0x7F800001, 0x7FC00000, 0xFF800001])
@pytest.mark.filterwarnings("error")
def test_no_nan_gives_a_warning(bits: int) -> None:
    array = np.array([bits], "u4").view("f4")

    for labels in (array, array.reshape(1, 1), np.stack([array, array], 1)):
        with pytest.raises(UsageError):
            labels_of(labels, "`y`", ())


@pytest.mark.parametrize("order", ["<", ">"])
def test_what_is_no_character_is_refused(order: str) -> None:
    array = np.array([0x110000, ord("a")], f"{order}u4").view(f"{order}U1")

    with pytest.raises(UsageError, match="holds what is no character"):
        texts_of(array, "`labels`")


def test_texts_that_differ_only_in_what_is_invisible_are_different() -> None:
    words, places = texts_of(np.array(["a", "a\u200b", "a", "\ud800"]), "`labels`")

    assert len(words) == 3
    assert [words[place] for place in places] == ["a", "a\u200b", "a", "\ud800"]
