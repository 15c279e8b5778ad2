"""Keras layers that give out exactly what they are given, and what the converter makes of them.

What becomes of each was measured with TensorFlow 2.21, between two convolutions.
"""

from __future__ import annotations

from dataclasses import dataclass

from tflint.keras.network import Call, Layer, Shape
from tflint.keras.values import Unknown, Value
from tflint_rules.keras.activations import LINEAR, activation
from tflint_rules.keras.sizes import is_pool, output_shape

_MERGES = ("Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply")
_RATES = ("Dropout", "SpatialDropout", "GaussianDropout", "AlphaDropout")


@dataclass(frozen=True, slots=True)
class Identity:
    """What a layer does that changes nothing; `stays_as` is the operator that it becomes.

    None where the converter leaves nothing of it.
    """

    does: str
    stays_as: str | None = None


def keras_identity(call: Call) -> Identity | None:
    """What makes a call an identity, or None where it is not surely one."""
    layer = call.layer
    kind = layer.kind
    if layer.has_unknown_arguments or call.fault is not None or _may_convert(call):
        return None
    if is_pool(kind):
        return _pool(layer)
    if kind.startswith(_RATES):
        return Identity("drops nothing") if _is_number(layer.value("rate"), 0) else None
    if kind.startswith("ZeroPadding"):
        return Identity("pads by 0") if _is_all(layer.value("padding"), 0) else None
    if kind.startswith("Cropping"):
        nothing = _is_all(layer.value("cropping"), 0)
        return Identity("crops nothing", "STRIDED_SLICE") if nothing else None
    if kind.startswith("UpSampling"):
        return _up_sampling(layer)
    if kind == "Activation":
        return Identity("applies no activation") if activation(layer) == LINEAR else None
    if kind in _MERGES:
        return Identity("joins one tensor") if _is_one(call) else None
    if kind == "Rescaling":
        same = _is_number(layer.value("scale"), 1) and _is_number(layer.value("offset"), 0)
        return Identity("multiplies by 1") if same else None
    return _rearranged(call)


def _is_one(call: Call) -> bool:
    """Whether a layer is given one tensor, and not something that may be a list of several."""
    tensors = call.inputs
    return len(tensors) == 1 and (
        tensors[0].is_input or (tensors[0].producer is not None and not tensors[0].alternatives)
    )


def _may_convert(call: Call) -> bool:
    """Whether it has a type of its own, as where a mixed precision model goes back to float32.

    Archives name the type of every layer.
    """
    given = call.layer.arguments.get("dtype")
    if given is None or given.value is None or not call.inputs:
        return False
    producer = call.inputs[0].producer
    before = None if producer is None else producer.layer.arguments.get("dtype")
    return before is None or before.value != given.value


def _pool(layer: Layer) -> Identity | None:
    strides = layer.value("strides")
    if not _is_all(layer.value("pool_size"), 1) or not (strides is None or _is_all(strides, 1)):
        return None
    name = "MAX_POOL_2D" if layer.kind.startswith("Max") else "AVERAGE_POOL_2D"
    window = " x ".join("1" * int(layer.kind[-2]))
    return Identity(f"pools {window} with a stride of 1", name)


def _up_sampling(layer: Layer) -> Identity | None:
    if not _is_all(layer.value("size"), 1):
        return None
    nearest = layer.kind != "UpSampling2D" or layer.value("interpolation") == "nearest"
    return Identity("enlarges by 1", "RESIZE_NEAREST_NEIGHBOR" if nearest else "RESIZE_BILINEAR")


def _rearranged(call: Call) -> Identity | None:
    """A Reshape to the same shape, a Permute that moves nothing, a Flatten of what is flat."""
    kind = call.layer.kind
    if kind == "Permute":
        dims = call.layer.value("dims")
        same = isinstance(dims, tuple) and dims == tuple(range(1, len(dims) + 1)) and bool(dims)
        return Identity("moves no dimension") if same else None
    if kind not in ("Reshape", "Flatten") or len(call.inputs) != 1:
        return None
    before, after = call.inputs[0].shape, output_shape(call)
    if not _is_same(before, after):
        return None
    if kind == "Flatten":
        return Identity("flattens what is flat") if len(_dims(before)) == 2 else None
    return Identity("reshapes to the same shape")


def _is_same(before: Shape, after: Shape) -> bool:
    inner = _dims(before)[1:]
    return inner == _dims(after)[1:] and bool(inner) and all(isinstance(d, int) for d in inner)


def _dims(shape: Shape) -> tuple[object, ...]:
    return () if isinstance(shape, Unknown) else shape


def _is_number(value: Value, number: int) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value == number


def _is_all(value: Value, number: int) -> bool:
    """Whether it is the number, or a tuple of nothing but it."""
    if isinstance(value, tuple):
        return bool(value) and all(_is_all(item, number) for item in value)
    return _is_number(value, number)
