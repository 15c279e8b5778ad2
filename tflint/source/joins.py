"""What a place holds where branches meet."""

from __future__ import annotations

from collections.abc import Sequence

from tflint.keras.network import Dim, Shape, Tensor
from tflint.keras.values import UNKNOWN
from tflint.source.limits import MAX_OPTIONS
from tflint.source.objects import (
    Const,
    Either,
    Items,
    Method,
    NativeMethod,
    Outcome,
    Path,
    SequenceThing,
    TensorThing,
    Written,
)
from tflint.source.store import MISSING, OPAQUE, Thing

# Equality of nested things is looked at this deep; beyond, things count as different.
_DEEP = 6


def join(things: Sequence[Thing]) -> Thing:
    """One of several: themselves where they are equal, and nothing known if there are too many."""
    first = things[0] if things else OPAQUE
    if all(thing is first for thing in things):
        return first
    kept: list[Thing] = []
    for thing in things:
        for option in thing.options if isinstance(thing, Either) else (thing,):
            if not any(same(option, other) for other in kept):
                kept.append(option)
                if len(kept) > 2 * MAX_OPTIONS:
                    return OPAQUE
    if not kept:
        return OPAQUE
    if len(kept) == 1:
        return kept[0]
    if any(isinstance(thing, TensorThing) for thing in kept):
        there = [thing for thing in kept if thing is not MISSING]
        if all(isinstance(thing, TensorThing) or thing is OPAQUE for thing in there):
            return _join_tensors(there)
    return OPAQUE if len(kept) > MAX_OPTIONS else Either(tuple(kept))


def same(one: Thing, other: Thing, deep: int = 0) -> bool:
    """Whether two things are surely equal."""
    if one is other:
        return True
    if type(one) is not type(other) or deep > _DEEP:
        return False
    if isinstance(one, Const) and isinstance(other, Const):
        return type(one.value) is type(other.value) and one.value == other.value
    if isinstance(one, Path) and isinstance(other, Path):
        return one.path == other.path
    if isinstance(one, Outcome) and isinstance(other, Outcome):
        return (
            one.path == other.path
            and one.size == other.size
            and one.is_attribute == other.is_attribute
            and _all_same(one.operands, other.operands, max(deep, _DEEP - 1))
            and one.keywords.keys() == other.keywords.keys()
            and _all_same(
                list(one.keywords.values()), list(other.keywords.values()), max(deep, _DEEP - 1)
            )
        )
    if isinstance(one, Items) and isinstance(other, Items):
        return one.is_open == other.is_open and _all_same(one.values, other.values, deep)
    if isinstance(one, SequenceThing) and isinstance(other, SequenceThing):
        # Lists are what they are by identity: one of two may be changed.
        return one.kind == other.kind == "tuple" and same(one.items, other.items, deep + 1)
    if isinstance(one, Method) and isinstance(other, Method):
        return one.function is other.function and one.receiver is other.receiver
    if isinstance(one, NativeMethod) and isinstance(other, NativeMethod):
        return one.name == other.name and one.receiver is other.receiver
    if isinstance(one, Written) and isinstance(other, Written):
        return one.node is other.node and same(one.thing, other.thing, deep + 1)
    return False


def _all_same(one: Sequence[Thing], other: Sequence[Thing], deep: int) -> bool:
    return len(one) == len(other) and all(
        same(a, b, deep + 1) for a, b in zip(one, other, strict=True)
    )


def _join_tensors(things: Sequence[Thing]) -> Thing:
    tensors = [thing.tensor if isinstance(thing, TensorThing) else Tensor() for thing in things]
    if len(tensors) == 1:
        return TensorThing(tensors[0])
    alternatives: dict[int, Tensor] = {}
    for tensor in tensors:
        for each in tensor.alternatives or (tensor,):
            alternatives[id(each)] = each
    if len(alternatives) > 2 * MAX_OPTIONS:
        return TensorThing(Tensor(common_shape([tensor.shape for tensor in tensors])))
    return TensorThing(
        Tensor(
            common_shape([tensor.shape for tensor in tensors]),
            location=tensors[0].location,
            alternatives=tuple(alternatives.values()),
        )
    )


def common_shape(shapes: Sequence[Shape]) -> Shape:
    """What several shapes have in common."""
    known = [shape for shape in shapes if isinstance(shape, tuple)]
    if len(known) < len(shapes) or len({len(shape) for shape in known}) != 1:
        return UNKNOWN
    return tuple(_common(dims) for dims in zip(*known, strict=True))


def _common(dims: Sequence[Dim]) -> Dim:
    return dims[0] if all(dim == dims[0] for dim in dims) else UNKNOWN
