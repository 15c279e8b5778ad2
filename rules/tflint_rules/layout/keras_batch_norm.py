"""Keras' BatchNormalization layers that the TFLite converter cannot fold, and why.

Measured with TensorFlow 2.21, Keras 3 and tf-keras, weights at random: it folds back into a linear
convolution or dense layer, past what vanishes, a Rescaling or a Reshape that keeps the
channels, and forward into a dense layer, but into no convolution, whatever its padding.
"""

from __future__ import annotations

from dataclasses import dataclass

from tflint.keras.network import Call
from tflint.keras.values import UNKNOWN, Evidence, Unknown
from tflint_rules.keras.activations import (
    LINEAR,
    WEIGHTED,
    activation,
    is_activation_layer,
    is_keras,
)
from tflint_rules.keras.connections import Connections, vanishes
from tflint_rules.keras.sizes import is_pool
from tflint_rules.keras.wording import other_layer

_JOINS = frozenset(
    (
        "Add",
        "Average",
        "Concatenate",
        "Maximum",
        "Minimum",
        "Multiply",
        "Subtract",
        # As functions and operators on tensors.
        "add",
        "concat",
        "concatenate",
        "multiply",
    )
)
# What moves values about, so that there is no layer behind it to fold into.
_MOVES = ("Cropping", "Flatten", "Permute", "UpSampling", "ZeroPadding")
_MOST_STEPS = 64


@dataclass(frozen=True, slots=True)
class KeptNorm:
    """Why a BatchNormalization stays, what would let it fold, and how many scales it has."""

    why: str
    repair: str
    scales: int | None


def kept_norm(call: Call, connections: Connections) -> KeptNorm | None:
    """Why the call of a layer is a normalisation that stays; None where it is not, or may not."""
    if call.layer.kind != "BatchNormalization" or len(call.inputs) != 1:
        return None
    following = connections.after(call)
    if following is not None and following.layer.kind == "Dense":
        return None
    maker, is_shared = _maker(call, connections)
    if maker is None:
        return None
    # Who else reads the map of a normalisation that may not be there may read it instead.
    is_shared = is_shared and call.evidence is not Evidence.POSSIBLE
    reason = _reason(call, maker, is_shared=is_shared)
    return None if reason is None else KeptNorm(*reason, _scales(call))


def _maker(call: Call, connections: Connections) -> tuple[Call | None, bool]:
    """What made the map, past what folds along, and whether anything else reads it on the way."""
    maker = call.inputs[0].producer
    is_shared = False
    for _ in range(_MOST_STEPS):
        if maker is None:
            return None, is_shared
        is_shared |= not connections.is_read_once(maker)
        if not _folds_along(maker):
            return maker, is_shared
        maker = maker.inputs[0].producer
    return None, is_shared


def _folds_along(call: Call) -> bool:
    """Whether a call is no hindrance between a layer and its normalisation."""
    layer = call.layer
    if len(call.inputs) != 1:
        return False
    if vanishes(layer) or layer.kind in ("BatchNormalization", "Rescaling"):
        return True
    before, after = call.inputs[0].shape, call.output_shapes[0] if call.output_shapes else UNKNOWN
    if layer.kind != "Reshape" or isinstance(before, Unknown) or isinstance(after, Unknown):
        return False
    return isinstance(after[-1], int) and before[-1:] == after[-1:]


def _reason(call: Call, maker: Call, *, is_shared: bool) -> tuple[str, str] | None:
    layer = maker.layer
    if not is_keras(layer):
        return None
    name = other_layer(layer)
    if layer.kind in WEIGHTED:
        applied = activation(layer)
        if isinstance(applied, Unknown) or applied is None:
            return None
        if applied != LINEAR:
            return f"behind the {applied} of {name}", "put it before the activation"
        along = _other_axis(call, maker)
        if along is not None:
            return along, f"give it {_channel_axis(maker)}, directly behind the layer"
        if is_shared:
            return (
                f"behind {name}, whose result others read too,",
                "put it behind a layer whose result nothing else reads",
            )
        return None
    if is_activation_layer(layer):
        return f"behind {name}", "put it before the activation"
    if is_pool(layer.kind) or layer.kind.startswith("Global"):
        return f"behind {name}", "put it directly behind the layer, before activation and pool"
    if layer.kind in _JOINS and len(maker.inputs) > 1:
        return (
            f"behind {name}, where branches meet,",
            "put it on the branches, behind their layers and before they meet",
        )
    if layer.kind.startswith(_MOVES):
        return f"behind {name}", "put it directly behind the layer that has weights"
    return None


def _other_axis(call: Call, maker: Call) -> str | None:
    """That the normalisation runs along another dimension than the layer's channels."""
    axis = call.layer.value("axis")
    if isinstance(axis, tuple) and len(axis) == 1:
        axis = axis[0]
    shape = call.inputs[0].shape
    data_format = maker.layer.data_format if maker.layer.kind != "Dense" else "channels_last"
    if isinstance(axis, bool) or not isinstance(axis, int) or not isinstance(data_format, str):
        return None
    # Behind a Reshape, dimensions are other ones.
    rank = UNKNOWN if isinstance(shape, Unknown) else len(shape)
    channels = 1 if data_format == "channels_first" else -1
    if axis == channels:
        return None
    if isinstance(rank, Unknown) or (axis % rank if rank else 0) == channels % rank:
        return None
    return f"along axis {axis} instead of the channels of {other_layer(maker.layer)}"


def _channel_axis(maker: Call) -> str:
    return "axis=1" if maker.layer.data_format == "channels_first" else "axis=-1"


def _scales(call: Call) -> int | None:
    """How many channels it has a scale and an offset for."""
    if isinstance(call.variables, Unknown):
        return None
    sizes = [variable.size for variable in call.variables]
    return sizes[0] if sizes and isinstance(sizes[0], int) else None
