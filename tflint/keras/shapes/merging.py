"""Layers that take several tensors: Add and the like, Concatenate."""

from __future__ import annotations

from tflint.keras.dimensions import text, total
from tflint.keras.network import Dim, Shape
from tflint.keras.shapes.applied import Applied, Calculators, Outcome, Refused
from tflint.keras.values import UNKNOWN, Unknown


def _known(shapes: tuple[Shape, ...]) -> list[tuple[Dim, ...]] | None:
    """The shapes, if the number of dimensions of each is known."""
    known = [shape for shape in shapes if not isinstance(shape, Unknown)]
    return known if len(known) == len(shapes) else None


def _listed(shapes: tuple[Shape, ...]) -> str:
    shown = [text(shape) for shape in shapes[:4]]
    if len(shapes) > 4:
        shown.append(f"{len(shapes) - 4} more")
    return ", ".join(shown[:-1]) + " and " + shown[-1]


def _pair(one: Dim, other: Dim, version: int) -> Dim | str:
    """Two dimensions of what is combined; "" where they do not match.

    With None, Keras 3 always comes to None, and TensorFlow to a size above 1.
    """
    if isinstance(one, int) and isinstance(other, int):
        return other if one == 1 else one if other in (1, one) else ""
    if version == 3:
        return None if one is None or other is None else UNKNOWN
    for dim in (one, other):
        if isinstance(dim, int) and dim > 1:
            return dim
    return None if one is None and other is None else UNKNOWN if UNKNOWN in (one, other) else None


def elementwise(applied: Applied) -> Outcome:
    """Add, Multiply, Average, Maximum, Minimum and Subtract."""
    kind = applied.layer.kind
    shapes = applied.shapes
    if kind == "Subtract":
        applied.needs_tensors(2)
    if not shapes:
        return Outcome((UNKNOWN,))
    batches = [shape[0] for shape in shapes if not isinstance(shape, Unknown) and shape]
    if len({size for size in batches if isinstance(size, int)}) > 1:
        raise Refused(f"{kind} takes tensors of one batch size, gets {_listed(shapes)}")
    known = _known(shapes)
    if known is None or not all(known):
        return Outcome((UNKNOWN,))
    merged: tuple[Dim, ...] = known[0][1:]
    for shape in known[1:]:
        both = broadcast(merged, shape[1:], applied)
        if both is None:
            raise Refused(f"{kind} takes shapes that match, gets {_listed(shapes)}")
        merged = both
    return Outcome(((_batch(batches, applied), *merged),))


def broadcast(
    one: tuple[Dim, ...], other: tuple[Dim, ...], applied: Applied
) -> tuple[Dim, ...] | None:
    """The shape of two tensors combined; None where they do not match."""
    if len(one) < len(other):
        one, other = other, one
    missing = len(one) - len(other)
    merged = list(one[:missing])
    is_settled = all(isinstance(dim, int) for dim in (*one, *other))
    version = 3 if is_settled else applied.version
    for pair in zip(one[missing:], other, strict=True):
        both = _pair(*pair, version)
        if isinstance(both, str):
            return None
        merged.append(both)
    return tuple(merged)


def _batch(batches: list[Dim], applied: Applied) -> Dim:
    if len(set(batches)) == 1:
        return batches[0]
    if UNKNOWN in batches:
        return UNKNOWN
    size = next(size for size in batches if isinstance(size, int))
    return None if size == 1 and applied.version == 2 else size


def concatenated(applied: Applied, axis: int | Unknown) -> Shape:
    """What tensors come to, one behind the other along an axis; raises `Refused`."""
    shapes, kind = applied.shapes, applied.layer.kind
    ranks = {len(shape) for shape in shapes if not isinstance(shape, Unknown)}
    if not ranks:
        return UNKNOWN
    if len(ranks) > 1:
        raise Refused(f"{kind} takes shapes of as many dimensions, gets {_listed(shapes)}")
    rank = ranks.pop()
    if isinstance(axis, Unknown):
        return (UNKNOWN,) * rank
    if not -rank <= axis < rank:
        raise Refused(f"{kind} along axis {axis}, but its inputs have {rank} dimensions")
    axis %= rank
    known = [shape for shape in shapes if not isinstance(shape, Unknown)]
    joined: list[Dim] = []
    for position in range(rank):
        dims: list[Dim] = [shape[position] for shape in known]
        if position == axis:
            joined.append(total(dims) if len(known) == len(shapes) else UNKNOWN)
            continue
        sizes = {dim for dim in dims if isinstance(dim, int)}
        if len(sizes) > 1:
            raise Refused(
                f"{kind} along axis {axis} takes shapes that are alike but there, "
                f"gets {_listed(shapes)}"
            )
        is_settled = len(set(dims)) == 1 and len(known) == len(shapes)
        joined.append(dims[0] if is_settled else _common(dims, shapes, applied))
    return tuple(joined)


def _common(dims: list[Dim], shapes: tuple[Shape, ...], applied: Applied) -> Dim:
    """What dimensions that have to be alike come to, where some are open.

    Keras 3 takes the first tensor's, TensorFlow a size if one has it.
    """
    if applied.version == 3:
        return UNKNOWN if isinstance(shapes[0], Unknown) else dims[0]
    return next((dim for dim in dims if isinstance(dim, int)), UNKNOWN)


def concatenate(applied: Applied) -> Outcome:
    """Concatenate."""
    if len(applied.shapes) < 2:
        return Outcome((applied.shape,))
    return Outcome((concatenated(applied, applied.integer("axis")),))


CALCULATORS: Calculators = {
    **dict.fromkeys(("Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract"), elementwise),
    "Concatenate": concatenate,
}
