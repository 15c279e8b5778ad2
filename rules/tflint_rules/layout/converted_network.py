"""What is known of the network that a converter is given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import prod

from tflint.keras.facts import Conversion
from tflint.keras.network import Call, Layer, Network, Shape, Tensor
from tflint.keras.values import Result, Unknown
from tflint_rules.layout.converter_settings import Conversions

# A dynamic-range conversion leaves constants with fewer elements in float32, measured with
# TensorFlow 2.21: 1,023 are left, 1,024 become int8.
FEWEST_QUANTISED = 1024

# The layers whose kernel the converter is known to quantise, and the parameter that counts
# their biases. Conv3D and BatchNormalization stay in float32.
_KERNELS = {
    "Dense": "units",
    "Conv1D": "filters",
    "Conv2D": "filters",
    "Conv2DTranspose": "filters",
}
_RECURRENT = frozenset(("LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "ConvLSTM2D"))
# Words of code that trains quantisation-aware, or loads what was trained so.
_TRAINED = re.compile(
    r"(?:tensorflow_model_optimization|tfmot)\.(?:python\.core\.)?quantization"
    r"|quantize_(?:model|apply|scope|annotate)|fake(?:ly)?[ _-]?quant|quantize_and_dequantize"
    r"|quant\w{0,40}wrapper|(?<!new_)(?<!range_)quantizer|\bqkeras\b|(?:\b|_)qat(?:\b|_)"
    r"|quantization.aware",
    re.IGNORECASE,
)


def network(conversion: Conversion) -> Network | None:
    """The network that is converted, if it is known."""
    subject = conversion.subject
    value = None if subject is None else subject.value
    value = value.network if isinstance(value, Layer) else value
    return value if isinstance(value, Network) else None


def may_be_trained_quantised(conversion: Conversion, conversions: Conversions) -> bool:
    """Whether the network may have been trained quantisation-aware, for which it needs no data."""
    found = network(conversion)
    if found is not None and found.is_complete and all(map(_is_plain, found.calls)):
        return False
    return conversions.mentions(_TRAINED)


def _is_plain(call: Call) -> bool:
    return call.layer.path.startswith("keras.") and "uant" not in call.layer.kind


def is_certain(conversion: Conversion) -> bool:
    """Whether it is known what the network is made of."""
    found = network(conversion)
    if found is not None:
        return found.is_complete
    subject = None if conversion.subject is None else conversion.subject.value
    # Layers that quantise are no layers of Keras: they have to be given.
    return (
        isinstance(subject, Result)
        and subject.path.endswith(".load_model")
        and "custom_objects" not in subject.keywords
    )


def weights(conversion: Conversion) -> int | None:
    """How many weights the network has, if that is known."""
    found = network(conversion)
    count = None if found is None else found.weights
    return None if count is None or isinstance(count, Unknown) else count


def quantised_kernels(conversion: Conversion) -> bool | None:
    """Whether a dynamic-range conversion quantises any weight; None where that is not known."""
    found = network(conversion)
    if found is None:
        return None
    unknown = not found.is_complete
    for call in found.calls:
        if isinstance(call.weights, Unknown):
            unknown = True
        elif call.layer.kind in _KERNELS:
            biases = call.layer.value(_KERNELS[call.layer.kind])
            uses = call.layer.value("use_bias")
            if uses is not False and not isinstance(biases, int):
                unknown = True
            elif call.weights - (biases if isinstance(biases, int) and uses else 0) >= (
                FEWEST_QUANTISED
            ):
                return True
        elif call.weights >= FEWEST_QUANTISED:
            unknown = True
    return None if unknown else False


def recurrent_layers(conversion: Conversion) -> Iterator[Call]:
    """The calls of recurrent layers that become loops, which unrolled ones do not."""
    found = network(conversion)
    for call in () if found is None else found.calls:
        inner = call.layer.value("layer") if call.layer.kind == "Bidirectional" else call.layer
        if call.layer.kind in _RECURRENT and isinstance(inner, Layer):
            if inner.value("unroll") is False:
                yield call


def edge_bytes(conversion: Conversion) -> tuple[int, int] | None:
    """Bytes of all float32 inputs and of all outputs of one sample, if they are known."""
    found = network(conversion)
    if found is None or not found.is_complete:
        return None
    sizes = _bytes(found.inputs), _bytes(found.outputs)
    return None if sizes[0] is None or sizes[1] is None else (sizes[0], sizes[1])


def _bytes(tensors: tuple[Tensor, ...]) -> int | None:
    counts = [_elements(tensor.shape) for tensor in tensors]
    known = [count for count in counts if count is not None]
    return 4 * sum(known) if known and len(known) == len(counts) else None


def _elements(shape: Shape) -> int | None:
    if isinstance(shape, Unknown) or not shape:
        return None
    sizes = [size for size in shape[1:] if isinstance(size, int)]
    return prod(sizes) if len(sizes) == len(shape) - 1 else None
