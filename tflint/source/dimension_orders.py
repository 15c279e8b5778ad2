"""Orders of dimensions: where axes are once the channels come last."""

from __future__ import annotations

from tflint.keras.network import Layer, Tensor
from tflint.keras.values import Reference, Unknown, Value
from tflint.source.image_layout import Maps, axis_moved, moved_last


def is_axis(axis: Value, rank: int) -> bool:
    """Whether a value is an axis of a tensor of this rank."""
    return isinstance(axis, int) and not isinstance(axis, bool) and -rank <= axis < rank


def moved(axis: Value, maps: Maps) -> int:
    """Where an axis is once the channels are last."""
    assert isinstance(axis, int)
    assert maps.rank is not None
    return axis_moved(axis, maps.rank, maps.channel_axis)


def order_of(maps: Maps, rank: int) -> tuple[int, ...]:
    """The order, from 0, in which the dimensions are once the channels are last."""
    return moved_last(rank, maps.channel_axis) if maps.is_first else tuple(range(rank))


def transposed(
    old: tuple[int, ...], before: tuple[int, ...], behind: tuple[int, ...]
) -> tuple[int, ...] | None:
    """The order of a transposition between tensors that are themselves in another order now."""
    if sorted(axis % len(before) for axis in old) != list(range(len(before))):
        return None
    return tuple(before.index(old[axis] % len(before)) for axis in behind)


def same_rest(axes: tuple[int, ...], maps: Maps) -> bool:
    """Whether the dimensions that a reduction leaves are in the same order as before."""
    assert maps.rank is not None
    gone = {axis % maps.rank for axis in axes}
    rest = [axis for axis in moved_last(maps.rank, maps.channel_axis) if axis not in gone]
    return rest == sorted(rest)


def is_flat(layer: Layer) -> bool:
    """Whether a Reshape gives features in a row."""
    target = layer.value("target_shape")
    return isinstance(target, tuple) and len(target) == 1


def is_vector(tensor: Tensor) -> bool:
    """Whether a tensor is features in a row, for each sample."""
    return not isinstance(tensor.shape, Unknown) and len(tensor.shape) == 2


def is_a_row(tensor: Tensor, maps: Maps) -> bool:
    """Whether its order in memory is the same either way: one channel, or one position."""
    if isinstance(tensor.shape, Unknown) or len(tensor.shape) <= maps.channel_axis:
        return False
    lead = tensor.shape[1 : maps.channel_axis + 1]
    others = tensor.shape[maps.channel_axis + 1 :]
    return lead[-1] == 1 or all(dim == 1 for dim in others)


def is_along_last(layer: Layer) -> bool:
    """Whether the activation of a layer works along the last dimension."""
    given = layer.value("activation")
    if isinstance(given, Reference):
        given = given.path.rpartition(".")[2]
    return given in ("softmax", "log_softmax")
