"""What calls cost whatever runs them: multiply-accumulates, and bytes of maps."""

from __future__ import annotations

from collections.abc import Sequence

from tflint.keras.building import apply
from tflint.keras.dimensions import product
from tflint.keras.network import Call, Dim, Layer, Shape, Tensor, Variable
from tflint.keras.shapes.convolution import spatial_rank
from tflint.keras.signatures import is_known
from tflint.keras.values import UNKNOWN, Unknown

_CONVOLUTIONS = frozenset(
    (
        "Conv1D",
        "Conv2D",
        "Conv3D",
        "DepthwiseConv1D",
        "DepthwiseConv2D",
        "SeparableConv1D",
        "SeparableConv2D",
    )
)
_TRANSPOSED = frozenset(("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"))
_RECURRENT = frozenset(("CuDNNGRU", "CuDNNLSTM", "GRU", "LSTM", "RNN", "SimpleRNN"))
_CONV_LSTM = frozenset(("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"))
# Layers whose products are not those of a kernel with each place of a map.
_NOT_COUNTED = frozenset(
    (
        "AdditiveAttention",
        "Attention",
        "Dot",
        "EinsumDense",
        "GroupQueryAttention",
        "Lambda",
        "MultiHeadAttention",
        "STFTSpectrogram",
        "MelSpectrogram",
        "SpectralNormalization",
    )
)


def elements(shape: Shape, *, batch: int = 1) -> int | Unknown:
    """The values of a map for a batch of that size, whatever batch the shape has."""
    if isinstance(shape, Unknown) or not shape:
        return UNKNOWN
    size = product((batch, *shape[1:]))
    return UNKNOWN if size is None else size


def map_bytes(shape: Shape, bytes_each: int) -> int | Unknown:
    """The bytes of a map of one sample: 1 a value for int8, 4 for float32."""
    size = elements(shape)
    return UNKNOWN if isinstance(size, Unknown) else size * bytes_each


def macs(call: Call) -> int | Unknown:
    """Multiply-accumulates of one call for one sample; UNKNOWN where they are not known.

    Convolutions and matrix products only, as `tflint.model.cost.macs` counts operators.
    """
    layer, kind = call.layer, call.layer.kind
    if call.fault is not None or layer.network is not None or kind in _NOT_COUNTED:
        return UNKNOWN
    if not layer.path.startswith("keras.layers.") or not is_known(kind):
        return UNKNOWN
    shape = call.inputs[0].shape if call.inputs else UNKNOWN
    variables = _variables(call)
    if kind in _CONVOLUTIONS:
        return _times(_places(layer, call.output_shapes[0]), _kernels(variables))
    if kind in _TRANSPOSED:
        return _times(_places(layer, shape), _kernels(variables))
    if kind == "Dense":
        rows = UNKNOWN if isinstance(shape, Unknown) else product(shape[1:-1])
        return _times(rows, _kernels(variables))
    if kind in _RECURRENT:
        steps = UNKNOWN if isinstance(shape, Unknown) or len(shape) < 2 else shape[1]
        return _times(steps, _kernels(variables))
    if kind in _CONV_LSTM:
        return _conv_lstm(call, shape, _kernels(variables))
    if kind in ("LocallyConnected1D", "LocallyConnected2D"):
        return _kernels(variables) if layer.value("implementation") == 1 else UNKNOWN
    if kind == "Bidirectional":
        return _both_ways(call)
    if kind == "TimeDistributed":
        return _each_step(call, shape)
    return 0


def _variables(call: Call) -> tuple[Variable, ...] | Unknown:
    """The weights that are used, also where an earlier call has made them."""
    if call.variables:
        return call.variables
    return apply(call.layer, call.inputs).variables


def _kernels(variables: Sequence[Variable] | Unknown) -> int | Unknown:
    if isinstance(variables, Unknown):
        return UNKNOWN
    sizes: list[Dim] = [each.size for each in variables if each.name.endswith("kernel")]
    if any(isinstance(size, Unknown) for size in sizes):
        return UNKNOWN
    return sum(size for size in sizes if isinstance(size, int))


def _times(places: Dim, each: int | Unknown) -> int | Unknown:
    size = product((places, each))
    return UNKNOWN if size is None else size


def _places(layer: Layer, shape: Shape) -> Dim:
    """The positions of a map over its spatial dimensions."""
    rank = spatial_rank(layer.kind)
    layout = layer.data_format
    if isinstance(shape, Unknown) or len(shape) < rank + 2 or isinstance(layout, Unknown):
        return UNKNOWN
    spatial = shape[-rank:] if layout == "channels_first" else shape[-rank - 1 : -1]
    # Keras 2 takes several dimensions of batch, which are places as well.
    return product((*shape[1 : len(shape) - rank - 1], *spatial))


def _conv_lstm(call: Call, shape: Shape, kernels: int | Unknown) -> int | Unknown:
    output = call.output_shapes[0]
    if isinstance(shape, Unknown) or len(shape) < 2 or isinstance(output, Unknown):
        return UNKNOWN
    if call.layer.value("return_sequences") is True:
        output = (output[0], *output[2:])
    return _times(product((shape[1], _places(call.layer, output))), kernels)


def _both_ways(call: Call) -> int | Unknown:
    variables = _variables(call)
    shape = call.inputs[0].shape if call.inputs else UNKNOWN
    if isinstance(variables, Unknown) or isinstance(shape, Unknown) or len(shape) < 2:
        return UNKNOWN
    inner = call.layer.value("layer")
    if not isinstance(inner, Layer) or inner.kind not in _RECURRENT:
        return UNKNOWN
    return _times(shape[1], _kernels(variables))


def _each_step(call: Call, shape: Shape) -> int | Unknown:
    inner = call.layer.value("layer")
    if not isinstance(inner, Layer) or isinstance(shape, Unknown) or len(shape) < 3:
        return UNKNOWN
    return _times(shape[1], macs(apply(inner, [Tensor((shape[0], *shape[2:]))])))
