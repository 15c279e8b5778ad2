"""Runs of readings: parted and cut as loops would."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tflint.errors import UsageError
from tflint_reference_models import runs
from tflint_reference_models.data_folder import Recorded


def recorded(**arrays: object) -> Recorded:
    return Recorded("file.npz", {key: np.asarray(held) for key, held in arrays.items()}, "")


@given(
    st.integers(0, 60),
    st.integers(1, 20),
    st.integers(1, 20),
    st.sampled_from([(), (3,), (2, 2)]),
)
def test_windows_are_those_of_a_loop(
    readings: int, length: int, stride: int, axes: tuple[int, ...]
) -> None:
    run = np.random.default_rng(readings).normal(size=(readings, *axes)).astype(np.float32)

    found = runs.cut(run, length, stride)

    expected = [run[at : at + length] for at in range(0, readings - length + 1, stride)]
    assert found.shape == (len(expected), length, *axes)
    for window, loop in zip(found, expected, strict=True):
        np.testing.assert_array_equal(window, loop)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_parted_runs_put_together_are_the_array(lengths: list[int]) -> None:
    values = np.arange(sum(lengths))

    found = runs.parted(recorded(v=values, n=lengths), "v", "n")

    assert [len(run) for run in found] == lengths
    np.testing.assert_array_equal(np.concatenate(found), values)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"v": [1, 2, 3], "n": [1, 1]}, "adds up to 2, and `v` holds 3 readings"),
        ({"v": [1, 2, 3], "n": [0, 3]}, "holds 0 to 3, which is not within 1 to 3"),
        ({"v": [1, 2, 3], "n": [-1, 4]}, "not within"),
        ({"v": [1, 2, 3], "n": [1.5, 1.5]}, "holds float64, not whole numbers"),
        ({"v": [1, np.nan, 3], "n": [1, 2]}, "no finite number"),
        ({"v": [1, np.inf, 3], "n": [1, 2]}, "no finite number"),
        ({"v": ["a", "b", "c"], "n": [1, 2]}, "no finite number"),
        ({"v": [], "n": [1]}, "not within 1 to 0"),
    ],
)
def test_lengths_and_values_that_do_not_fit(arrays: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        runs.parted(recorded(**arrays), "v", "n")


def test_small_numbers_become_wide_ones() -> None:
    held = recorded(n=np.array([100, 127], np.int8), v=np.array([1, 2], np.int16))

    assert (runs.whole_numbers(held, "n", 0, 127) * 2).tolist() == [200, 254]
    assert runs.numbers(held, "v").dtype == np.float32


def test_names_that_are_others() -> None:
    runs.expect_names(recorded(names=["a", "b"]), "names", ("a", "b"))
    with pytest.raises(UsageError, match=r"`names` in file\.npz is b a, not a b"):
        runs.expect_names(recorded(names=["b", "a"]), "names", ("a", "b"))
