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


def _pair(one: Dim, other: Dim) -> Dim | str:
    """Two dimensions of what is added up; "" where they do not match.

    Keras 3 gives None where one is None, TensorFlow the other.
    """
    if one == other:
        return one
    if one == 1 or other == 1:
        rest = other if one == 1 else one
        return rest
    if isinstance(one, int) and isinstance(other, int):
        return ""
    return UNKNOWN


def elementwise(applied: Applied) -> Outcome:
    """Add, Multiply, Average, Maximum, Minimum and Subtract."""
    kind = applied.layer.kind
    shapes = applied.shapes
    if kind == "Subtract" and len(shapes) > 2:
        raise Refused(f"Subtract takes 2 tensors, gets {len(shapes)}")
    if not shapes:
        return Outcome((UNKNOWN,))
    batches = {shape[0] for shape in shapes if not isinstance(shape, Unknown) and shape}
    sizes = {size for size in batches if isinstance(size, int)}
    if len(sizes) > 1:
        raise Refused(f"{kind} takes tensors of one batch size, gets {_listed(shapes)}")
    known = _known(shapes)
    if known is None or not all(known):
        return Outcome((UNKNOWN,))
    merged: list[Dim] = list(known[0][1:])
    for shape in known[1:]:
        other: list[Dim] = list(shape[1:])
        if len(other) > len(merged):
            merged, other = other, merged
        start = len(merged) - len(other)
        for axis, dim in enumerate(other, start):
            both = _pair(merged[axis], dim)
            if isinstance(both, str):
                raise Refused(f"{kind} takes shapes that match, gets {_listed(shapes)}")
            merged[axis] = both
    batch: Dim = UNKNOWN
    if len(batches) == 1:
        batch = next(iter(batches))
    return Outcome(((batch, *merged),))


def concatenated(shapes: tuple[Shape, ...], axis: int | Unknown, kind: str) -> Shape:
    """What tensors come to, one behind the other along an axis; raises `Refused`."""
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
                f"{kind} along axis {axis} takes shapes that match but there, "
                f"gets {_listed(shapes)}"
            )
        is_settled = len(set(dims)) == 1 and len(known) == len(shapes)
        joined.append(dims[0] if is_settled else UNKNOWN)
    return tuple(joined)


def concatenate(applied: Applied) -> Outcome:
    """Concatenate."""
    if len(applied.shapes) < 2:
        return Outcome((applied.shape,))
    return Outcome((concatenated(applied.shapes, applied.integer("axis"), applied.layer.kind),))


CALCULATORS: Calculators = {
    **dict.fromkeys(("Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract"), elementwise),
    "Concatenate": concatenate,
}
