"""Labelled samples from files that may hold anything, and which models a name means."""

from __future__ import annotations

import hashlib
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike

from tflint.bench.datasets import LabelledData, is_named_by, load_dataset
from tflint.errors import UsageError

X = np.arange(12.0).reshape(4, 3)


def saved(folder: Path, /, **arrays: ArrayLike) -> Path:
    path = folder / "data.npz"
    np.savez(path, **{name: np.asarray(array) for name, array in arrays.items()})
    return path


def load(folder: Path, wanted: str | None = None, /, **arrays: ArrayLike) -> LabelledData:
    return load_dataset(saved(folder, **arrays), wanted)


def refusal(path: Path, split: str | None = None) -> str:
    with pytest.raises(UsageError) as error:
        load_dataset(path, split)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_inputs_labels_and_names_of_classes(tmp_path: Path) -> None:
    found = load(tmp_path, x=X, labels=[0, 1, 2, 1], classes=["a", "b", "c"])

    assert list(found.arrays) == ["x"]
    assert found.labels[None].classes.tolist() == [0, 1, 2, 1]
    assert found.classes == ("a", "b", "c")
    assert (found.name, found.count, found.split) == ("data.npz", 4, None)
    assert found.sha256 == hashlib.sha256((tmp_path / "data.npz").read_bytes()).hexdigest()
    assert not found.notes


@pytest.mark.parametrize("name", ["labels", "label", "y", "Y", "targets", "target", "y_true"])
def test_labels_have_several_names(tmp_path: Path, name: str) -> None:
    found = load(tmp_path, x=X, **{name: [0, 1, 2, 1]})

    assert list(found.arrays) == ["x"]
    assert found.labels[None].classes.tolist() == [0, 1, 2, 1]


def test_what_is_called_labels_is_them(tmp_path: Path) -> None:
    found = load(tmp_path, x=X, y=[9, 9, 9, 9], labels=[0, 1, 2, 1])

    assert found.labels[None].classes.tolist() == [0, 1, 2, 1]


def test_two_arrays_that_may_be_the_labels_must_not_differ(tmp_path: Path) -> None:
    path = saved(tmp_path, x=X, y=[0, 1, 0, 1], target=[1, 1, 0, 1])

    assert "has `target` and `y`, which differ: call the labels `labels`" in refusal(path)
    same = load(tmp_path, x=X, y=[0, 1, 0, 1], target=[0, 1, 0, 1])
    assert same.labels[None].classes.tolist() == [0, 1, 0, 1]


def test_labels_of_one_output(tmp_path: Path) -> None:
    found = load(tmp_path, x=X, labels_mood=[0, 1, 2, 1])

    assert found.labels["mood"].classes.tolist() == [0, 1, 2, 1]


def test_a_part_of_the_samples(tmp_path: Path) -> None:
    arrays: dict[str, Any] = {"x": X, "labels": [0, 1, 2, 1]}
    arrays["split"] = ["train", "test", "train", "validation"]

    train = load(tmp_path, "train", **arrays)
    assert train.rows.tolist() == [0, 2]
    assert train.labels[None].classes.tolist() == [0, 2]
    assert (train.split, train.notes) == ("train", ())
    assert load(tmp_path, "Validation", **arrays).rows.tolist() == [3]
    assert load(tmp_path, "all", **arrays).count == 4
    assert load(tmp_path, "all", **arrays).split is None


@pytest.mark.parametrize("name", ["test", "Test", "testing"])
def test_models_are_judged_by_what_they_did_not_learn(tmp_path: Path, name: str) -> None:
    found = load(tmp_path, x=X, labels=[0, 1, 2, 1], split=["train", name, "train", "dev"])

    assert (found.rows.tolist(), found.split) == ([1], name)
    assert found.notes == (
        f"1 of 4 samples count, those of the part `{name}`: --split all takes all",
    )


def test_parts_of_which_none_is_for_tests_all_count(tmp_path: Path) -> None:
    found = load(tmp_path, x=X, labels=[0, 1, 2, 1], split=[1, 2, 1, 3])

    assert (found.count, found.split) == (4, None)
    assert found.notes == ("samples of all parts count: `1`, `2`, `3`",)
    assert load(tmp_path, "2", x=X, labels=[0, 1, 2, 1], split=[1, 2, 1, 3]).rows.tolist() == [1]


@pytest.mark.parametrize("split", ["validation", ["validation"], b"validation"])
def test_one_text_says_what_all_samples_are(tmp_path: Path, split: ArrayLike) -> None:
    for wanted in (None, "validation", "all"):
        found = load(tmp_path, wanted, x=X, labels=[0, 1, 2, 1], split=split)
        assert (found.count, found.split, found.notes) == (4, "validation", ())

    assert "has no part `test`, but `validation`" in refusal(tmp_path / "data.npz", "test")


def test_parts_in_arrays_of_their_own(tmp_path: Path) -> None:
    arrays = {"x_train": X, "y_train": [0, 1, 2, 1], "x_test": X[:2], "y_test": [1, 0]}

    test = load(tmp_path, **arrays)
    assert (list(test.arrays), test.count, test.split) == (["x"], 2, "test")
    assert test.notes
    train = load(tmp_path, "train", **arrays)
    assert (train.arrays["x"].shape, train.count, train.notes) == ((4, 3), 4, ())


def test_parts_in_arrays_of_their_own_without_a_test(tmp_path: Path) -> None:
    path = saved(tmp_path, x_train=X, y_train=[0, 1, 2, 1], x_val=X[:2], y_val=[1, 0])

    assert "say with --split which of `train`, `val` counts" in refusal(path)
    assert load_dataset(path, "val").count == 2
    assert "has no part `test`" in refusal(path, "test")


@pytest.mark.parametrize(
    ("arrays", "split", "reason"),
    [
        ({"x": X}, None, "holds no `labels`, but `x`"),
        ({"x": X, "classes": [0, 1, 1, 0]}, None, "holds no `labels`, but `x`, `classes`"),
        ({"x": X, "labels": [0, 1, 0, 1]}, "test", "names no parts, of which `test` is to count"),
        ({"x": X, "y": [0, 1, 0, 1], "split": ["a", "b"]}, None, "has 2 values for 4 samples"),
        ({"x": X, "y": [0, 1], "split": [["a"], ["b"]]}, None, "has 2 values for 2 samples"),
        ({"x": X, "y": [0, 1], "split": ["a", "b"]}, "c", "has no part `c`, but `a`, `b`"),
        ({"x": X, "labels_a": [0], "labels_b": [0, 1]}, None, "as many labels for each output"),
        ({"x": X, "labels": [0.5]}, None, "fractions"),
        ({"\x1b[2J": X}, None, "but `\\x1b[2J`"),
    ],
)
def test_what_is_wrong_is_said(
    tmp_path: Path, arrays: dict[str, ArrayLike], split: str | None, reason: str
) -> None:
    assert reason in refusal(saved(tmp_path, **arrays), split)


class Trap:
    """Unpickled, it would raise."""

    def __reduce__(self) -> tuple[type, tuple[str]]:
        return (SystemExit, ("unpickled",))


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    np.savez(path, x=X, labels=np.array([Trap(), Trap()], object))

    assert "`labels` in" in refusal(path)
    assert "holds Python objects" in refusal(path)


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("data.npy", b"", "is no .npz file, which holds inputs and `labels`"),
        ("data.npz", b"", "is no .npz file"),
        ("data.npz", b"PK\x03\x04" + b"\0" * 40, "is no .npz file"),
        ("data.npz", pickle.dumps(3), "is no .npz file"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(data)

    assert reason in refusal(tmp_path / name)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert "cannot be read" in refusal(tmp_path / "none.npz")


def test_a_shape_beyond_all_bounds_is_refused(tmp_path: Path) -> None:
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (0, 1" + b"0" * 30 + b"), }\n"
    with zipfile.ZipFile(tmp_path / "data.npz", "w") as archive:
        archive.writestr("x.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)

    assert "has an impossible shape" in refusal(tmp_path / "data.npz")


def test_texts_of_no_length_are_refused(tmp_path: Path) -> None:
    """They take no bytes, however many there are said to be."""
    header = b"{'descr': '<U0', 'fortran_order': False, 'shape': (99999999999,), }\n"
    with zipfile.ZipFile(tmp_path / "data.npz", "w") as archive:
        archive.writestr("y.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)

    assert "holds text, not numbers" in refusal(tmp_path / "data.npz")


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("seed/MotionSense/a.tflite", "seed/MotionSense/a.tflite", True),
        ("./a.tflite", "a.tflite", True),
        ("a.tflite", "seed/MotionSense/a.tflite", True),
        ("*.tflite", "seed/MotionSense/a.tflite", True),
        ("reduced_*", "seed/MotionSense/reduced_x.tflite", True),
        ("MotionSense", "seed/MotionSense/a.tflite", True),
        ("Motion*/", "seed/MotionSense/a.tflite", True),
        ("MotionSense/*", "seed/MotionSense/a.tflite", True),
        ("motion_sense", "seed/MotionSense/a.tflite", True),
        ("car_sensor", "seed/MotionSense/a.tflite", False),
        ("a", "seed/MotionSense/a.tflite", False),
        ("Sense/*", "seed/MotionSense/a.tflite", False),
        ("b*", "seed/MotionSense/a.tflite", False),
        ("m[1].tflite", "m[1].tflite", True),
        ("m[12].tflite", "x/m1.tflite", True),
        ("seed\\a.tflite", "seed/a.tflite", True),
    ],
)
def test_names_of_models(pattern: str, path: str, expected: bool) -> None:
    assert is_named_by(pattern, path) is expected
