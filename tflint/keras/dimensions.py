"""Arithmetic on dimensions, of which any may be unknown, to Keras or to this program."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from tflint.keras.network import Dim, Shape
from tflint.keras.values import UNKNOWN, Unknown, Value

# Nothing that can be built comes near it, and Python refuses to write much longer numbers.
_LARGEST = 2**256


def integer(value: Value) -> int | Unknown:
    """An integer that can be a size; UNKNOWN for anything else."""
    if isinstance(value, int) and not isinstance(value, bool) and -(2**63) < value < 2**63:
        return value
    return UNKNOWN


def dimension(value: Value) -> Dim:
    """A dimension as it is given: an integer or None; UNKNOWN for anything else."""
    return None if value is None else integer(value)


def calculate(function: Callable[..., int], *dims: Dim) -> Dim:
    """The function of the dimensions; UNKNOWN where one is, or else None where one is."""
    if any(isinstance(dim, Unknown) for dim in dims):
        return UNKNOWN
    if any(dim is None for dim in dims):
        return None
    return bounded(function(*dims))


def bounded(size: int) -> int | Unknown:
    """The size; UNKNOWN where it is beyond what any machine holds."""
    return size if -_LARGEST < size < _LARGEST else UNKNOWN


def product(dims: Iterable[Dim]) -> Dim:
    """All dimensions multiplied: the number of values, where none is unknown."""
    size = 1
    is_open = False
    for dim in dims:
        if isinstance(dim, Unknown):
            return UNKNOWN
        if dim is None:
            is_open = True
        else:
            size *= dim
            if isinstance(bounded(size), Unknown):
                return UNKNOWN
    return None if is_open else size


def total(dims: Iterable[Dim]) -> Dim:
    """All dimensions added."""
    size = 0
    is_open = False
    for dim in dims:
        if isinstance(dim, Unknown):
            return UNKNOWN
        if dim is None:
            is_open = True
        else:
            size += dim
    return None if is_open else bounded(size)


def rank(shape: Shape) -> int | Unknown:
    """The number of dimensions, the batch among them."""
    return UNKNOWN if isinstance(shape, Unknown) else len(shape)


def text(shape: Shape | Sequence[Dim]) -> str:
    """A shape as it is shown: `(None, 28, 28, 1)`, with `?` for what is not known."""
    if isinstance(shape, Unknown):
        return "(?)"
    dims = ["?" if isinstance(dim, Unknown) else str(dim) for dim in shape[:10]]
    if len(shape) > 10:
        dims.append("...")
    return f"({', '.join(dims)}{',' if len(dims) == 1 else ''})"


def by(dims: Sequence[Dim]) -> str:
    """Sizes as they are spoken: `3x3`, with `?` for what is not known."""
    return "x".join(str(dim) if isinstance(dim, int) else "?" for dim in dims[:10])


def times(count: int, thing: str, things: str | None = None) -> str:
    """A number with what it counts: `1 channel`, `1,568 values`."""
    return f"{count:,} {thing if count == 1 else things or thing + 's'}"


def broadcast(one: Dim, other: Dim) -> Dim | str:
    """What two dimensions come to when values are combined; "" where they do not match.

    As `broadcast_shapes` of Keras 3: a size that is not 1 prevails over None.
    """
    if one == 1:
        return other
    if other in (1, one):
        return one
    if isinstance(one, Unknown):
        return UNKNOWN if other is None else other
    if isinstance(other, Unknown):
        return UNKNOWN if one is None else one
    if one is None:
        return other
    return one if other is None else ""
