"""The classes that samples are of, from whatever a data file says them in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tflint.errors import UsageError
from tflint.fix.proof.npy import Array
from tflint.printable import printable

# What the array is called, the usual names in the order in which they are looked for.
LABEL_NAMES = ("labels", "label", "targets", "target", "y", "y_true", "ground_truth")
CLASS_NAMES = ("classes", "class_names", "label_names")
# What rows of shares may be off from a sum of one.
_ROUNDING = 1e-3


@dataclass(frozen=True, slots=True)
class Labels:
    """`classes` has the number of each sample's class, (samples,) of int64. `columns` is how many
    classes there are where there was a column for each, `is_text` tells that they were words.
    """

    title: str
    classes: Array
    columns: int | None = None
    is_text: bool = False

    @property
    def most(self) -> int:
        """The greatest class number."""
        return int(self.classes.max())

    def chosen(self, rows: Array) -> Labels:
        """Those of some of the samples."""
        return Labels(self.title, self.classes[rows], self.columns, self.is_text)


def labels_of(array: Array, title: str, names: Sequence[str]) -> Labels:
    """Labels from class numbers, from words that are among the `names` of the classes in order, or
    from a column a class of which one is marked. Raises `UsageError`.
    """
    if array.ndim == 0:
        raise UsageError(f"{title} is a single value: it has to have one for each sample")
    if len(array) == 0:
        raise UsageError(f"{title} is empty")
    flat = array.reshape(len(array), -1)
    if sum(size > 1 for size in array.shape[1:]) > 1 or flat.shape[1] == 0:
        have = ", ".join(map(str, array.shape))
        raise UsageError(
            f"{title} has the shape ({have}): there has to be one class for each sample, or a"
            " column a class"
        )
    if flat.shape[1] > 1:
        return Labels(title, _marked(flat, title), flat.shape[1])
    column = flat[:, 0]
    if column.dtype.kind in "US":
        return Labels(title, _named(column, title, names), is_text=True)
    return Labels(title, _numbered(column, title, names))


def _marked(rows: Array, title: str) -> Array:
    if rows.dtype.kind in "US":
        raise UsageError(f"{title} has {rows.shape[1]:,} texts for each sample: one class is meant")
    with np.errstate(all="ignore"):
        shares = rows.astype(np.float64)
        most = shares.max(axis=1, keepdims=True)
        is_shares = (
            np.isfinite(shares).all(axis=1)
            & (shares >= 0).all(axis=1)
            & (np.abs(shares.sum(axis=1) - 1) <= _ROUNDING)
            & ((shares == most).sum(axis=1) == 1)
        )
    if not is_shares.all():
        raise UsageError(
            f"{title} has {rows.shape[1]:,} columns, of which not exactly one is marked in sample"
            f" {int(np.argmin(is_shares)):,}: accuracy is for one class a sample"
        )
    found: Array = shares.argmax(axis=1).astype(np.int64)
    return found


def _named(column: Array, title: str, names: Sequence[str]) -> Array:
    if not names:
        raise UsageError(
            f"{title} are words, and nothing says which output each is: give numbers, or `classes`"
            " as well, with the words in the order of the outputs"
        )
    words, places = texts_of(column, title)
    numbers = {name: number for number, name in enumerate(names)}
    unknown = next((word for word in words if word not in numbers), None)
    if unknown is not None:
        known = ", ".join(f"`{printable(name, 40)}`" for name in names[:10])
        raise UsageError(f"{title} has `{printable(unknown, 40)}`, the classes are {known}")
    found: Array = np.asarray([numbers[word] for word in words], np.int64)[places]
    return found


def _numbered(column: Array, title: str, names: Sequence[str]) -> Array:
    if not is_whole(column):
        raise UsageError(
            f"{title} has fractions: accuracy is for classes, not for values to be estimated"
        )
    least, most = column.min().item(), column.max().item()
    if least < 0 or most >= 2**31:
        wrong = least if least < 0 else most
        raise UsageError(f"{title} has {wrong:,.0f}, which is no class: they count from 0")
    if names and most >= len(names):
        raise UsageError(f"{title} goes up to {int(most):,}, `classes` names {len(names):,}")
    return column.astype(np.int64)


def is_whole(values: Array) -> bool:
    """Whether all of them are integers, of whatever type."""
    if values.dtype.kind != "f":
        return True
    # Files may hold a NaN that signals.
    with np.errstate(all="ignore"):
        return bool((np.isfinite(values) & (np.trunc(values) == values)).all())


def class_names(arrays: Mapping[str, Array], shown: str) -> tuple[str | None, tuple[str, ...]]:
    """The array that names the classes, and the names in order; None and () where there is none.

    Raises `UsageError`.
    """
    for key in arrays:
        array = arrays[key]
        if key.lower() not in CLASS_NAMES or array.dtype.kind not in "USiu" or array.ndim != 1:
            continue
        title = f"`{printable(key)}` in {shown}"
        words, places = texts_of(array, title)
        if len(words) < len(places):
            if array.dtype.kind in "iu":
                continue
            raise UsageError(f"{title} names a class twice")
        return key, tuple(words[place] for place in places)
    return None, ()


def texts_of(array: Array, title: str) -> tuple[list[str], Array]:
    """The different texts of an array of texts or numbers, and which of them each element is.

    Raises `UsageError` for what is no text.
    """
    values, places = np.unique(array.reshape(-1), return_inverse=True)
    if values.dtype.kind == "U":
        points = np.ascontiguousarray(values).view(values.dtype.byteorder.replace("|", "=") + "u4")
        if points.size and int(points.max()) > 0x10FFFF:
            raise UsageError(f"{title} is damaged: it holds what is no character")
    if values.dtype.kind == "f":
        return [f"{value:g}" for value in values.tolist()], places.reshape(-1)
    return [_text(value) for value in values.tolist()], places.reshape(-1)


def _text(value: object) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)
