"""Layers that rearrange values: Flatten, Reshape, Permute, RepeatVector."""

from __future__ import annotations

from tflint.keras.dimensions import by, calculate, integer, product, text, times
from tflint.keras.network import Dim
from tflint.keras.shapes.applied import Applied, Calculators, Outcome, Refused
from tflint.keras.values import UNKNOWN, Unknown


def flatten(applied: Applied) -> Outcome:
    """Flatten: everything but the batch in one dimension."""
    shape = applied.shape
    if isinstance(shape, Unknown):
        return Outcome(((UNKNOWN, UNKNOWN),))
    if not shape:
        raise Refused(applied.rank_fault("at least 1", shape))
    return Outcome(((shape[0], product(shape[1:])),))


def reshaped(given: tuple[Dim, ...], target: tuple[Dim, ...], what: str) -> tuple[Dim, ...]:
    """The dimensions that are asked for, -1 among them replaced; raises `Refused`."""
    open_axes = [axis for axis, dim in enumerate(target) if dim == -1]
    if len(open_axes) > 1:
        raise Refused(f"{what} leaves {len(open_axes)} dimensions open, where one can be")
    size = product(given)
    rest = product(dim for dim in target if dim != -1)
    if not open_axes:
        if isinstance(size, int) and isinstance(rest, int) and size != rest:
            raise Refused(f"{what} needs {times(rest, 'value')}, gets {_counted(size, given)}")
        return target
    if isinstance(size, int) and isinstance(rest, int):
        if rest == 0 or size % rest:
            raise Refused(
                f"{what} needs a multiple of {times(rest, 'value')}, gets {_counted(size, given)}"
            )
    filled = calculate(lambda all_of_it, part: all_of_it // part, size, rest)
    return tuple(filled if axis == open_axes[0] else dim for axis, dim in enumerate(target))


def _counted(size: int, dims: tuple[Dim, ...]) -> str:
    return f"{size:,}" if len(dims) == 1 else f"{size:,} ({by(dims)})"


def reshape(applied: Applied) -> Outcome:
    """Reshape; the batch is not part of `target_shape`."""
    value = applied.value("target_shape")
    if not isinstance(value, tuple):
        return Outcome((UNKNOWN,))
    target: tuple[Dim, ...] = tuple(map(integer, value))
    shape = applied.shape
    if isinstance(shape, Unknown):
        given: tuple[Dim, ...] = (UNKNOWN,)
        batch: Dim = UNKNOWN
    elif not shape:
        return Outcome((UNKNOWN,))
    else:
        batch, given = shape[0], shape[1:]
    if any(isinstance(dim, int) and dim < -1 for dim in target):
        applied.refuse_in(3, f"Reshape to {text(target)} has a dimension below -1")
        target = tuple(-1 if isinstance(dim, int) and dim < -1 else dim for dim in target)
    return Outcome(((batch, *reshaped(given, target, f"Reshape to {text(target)}")),))


def permute(applied: Applied) -> Outcome:
    """Permute; `dims` counts from 1, without the batch."""
    value = applied.value("dims")
    if not isinstance(value, tuple):
        return Outcome((UNKNOWN,))
    dims = tuple(map(integer, value))
    known = [dim for dim in dims if isinstance(dim, int)]
    if len(known) == len(dims) and sorted(known) != list(range(1, len(dims) + 1)):
        raise Refused(f"Permute of {text(dims)} is no order of the dimensions 1 to {len(dims)}")
    shape = applied.needs_rank(len(dims) + 1)
    if len(known) < len(dims):
        return Outcome(((shape[0], *(UNKNOWN for _ in dims)),))
    return Outcome(((shape[0], *(shape[dim] for dim in known)),))


def repeat_vector(applied: Applied) -> Outcome:
    """RepeatVector: a vector, n times."""
    count = applied.integer("n")
    if isinstance(count, int) and count <= 0:
        applied.refuse_in(3, f"RepeatVector needs n above 0, gets {count:,}")
    batch, features = applied.needs_rank(2)
    return Outcome(((batch, count, features),))


CALCULATORS: Calculators = {
    "Flatten": flatten,
    "Permute": permute,
    "RepeatVector": repeat_vector,
    "Reshape": reshape,
}
