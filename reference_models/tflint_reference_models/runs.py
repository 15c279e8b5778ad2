"""Recordings that one array holds one after the other: parted again, and cut into windows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tflint.errors import UsageError
from tflint.printable import printable
from tflint_reference_models.data_folder import Recorded
from tflint_reference_models.dataset import Floats, Integers


def whole_numbers(recorded: Recorded, key: str, lowest: int, highest: int) -> Integers:
    """An array of whole numbers, all within bounds that are included.

    Raises `UsageError` for numbers of another kind, and for those out of bounds.
    """
    held = recorded.arrays[key]
    if held.dtype.kind not in "iu":
        raise UsageError(f"`{key}` in {recorded.name} holds {held.dtype}, not whole numbers")
    if held.size and not lowest <= int(held.min()) <= int(held.max()) <= highest:
        raise UsageError(
            f"`{key}` in {recorded.name} holds {held.min()} to {held.max()}, which is not within"
            f" {lowest} to {highest}"
        )
    return held.astype(np.int64)


def numbers(recorded: Recorded, key: str) -> Floats:
    """An array of finite numbers. Raises `UsageError` for one that holds anything else."""
    held = recorded.arrays[key]
    if held.dtype.kind not in "iuf" or not np.isfinite(held).all():
        raise UsageError(f"`{key}` in {recorded.name} holds what is no finite number")
    return held.astype(np.float32)


def expect_names(recorded: Recorded, key: str, names: Sequence[str]) -> None:
    """Raise `UsageError` where an array of names is not the one that is known."""
    held = [str(name) for name in recorded.arrays[key].ravel()]
    if held != list(names):
        raise UsageError(
            f"`{key}` in {recorded.name} is {printable(' '.join(held))}, not {' '.join(names)}"
        )


def parted(recorded: Recorded, key: str, lengths: str) -> list[NDArray[np.float32]]:
    """The runs of readings in `key`, whose counts of readings are in `lengths`; views.

    Raises `UsageError` for counts that do not add up to the readings there are.
    """
    values = numbers(recorded, key)
    counts = whole_numbers(recorded, lengths, 1, len(values))
    if counts.sum() != len(values):
        raise UsageError(
            f"`{lengths}` in {recorded.name} adds up to {counts.sum():,}, and `{key}` holds"
            f" {len(values):,} readings"
        )
    return np.split(values, np.cumsum(counts)[:-1])


def cut(run: Floats, length: int, stride: int) -> Floats:
    """The windows of a run: (readings, axes) to (windows, length, axes), a view.

    What is left at the end is no window; a run that is shorter than a window has none.
    """
    if len(run) < length:
        return np.empty((0, length, *run.shape[1:]), np.float32)
    all_of_them = np.lib.stride_tricks.sliding_window_view(run, length, axis=0)
    return np.moveaxis(all_of_them[::stride], -1, 1)
