"""Dimensions that Keras networks leave open: lengths of inputs, batches of recurrent layers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tflint.keras.facts import Conversion, KerasFacts
from tflint.keras.network import Call, Layer, Network, Tensor
from tflint.keras.values import Evidence, Unknown
from tflint_rules.keras.activations import is_keras
from tflint_rules.keras.connections import outer_networks
from tflint_rules.keras.wording import is_certain

# What the converter makes a loop over a list of tensors of; measured with TensorFlow 2.21, in
# Keras 3 and tf-keras, and so are `unroll` and TimeDistributed, which do without.
_RECURRENT = frozenset(
    (
        "Bidirectional",
        "ConvLSTM1D",
        "ConvLSTM2D",
        "ConvLSTM3D",
        "GRU",
        "LSTM",
        "RNN",
        "SimpleRNN",
    )
)
_FROM_KERAS = "tensorflow.lite.TFLiteConverter.from_keras_model"
_MAY_HELP = ("target_spec", "_experimental", "experimental", "allow_custom_ops")


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """The first recurrent layer of a network that reads an open batch, and how many others do.

    `fails`: the network is converted in view, with nothing that could make it work.
    """

    call: Call
    others: int
    evidence: Evidence
    fails: bool


def open_keras_inputs(facts: KerasFacts) -> Iterator[tuple[Network, Tensor, list[int]]]:
    """The inputs of models with open dimensions behind the batch, and which these are."""
    for network in outer_networks(facts):
        for tensor in network.inputs:
            if isinstance(tensor.shape, Unknown):
                continue
            found = [d for d, size in enumerate(tensor.shape) if size is None and d > 0]
            if found:
                yield network, tensor, found


def open_batches(facts: KerasFacts) -> Iterator[OpenBatch]:
    """The networks whose recurrent layers read an open batch."""
    for network in outer_networks(facts):
        calls = [call for call in network.calls if _reads_open_batch(call)]
        if not calls:
            continue
        evidence = next(
            (e for e in (network.evidence, calls[0].evidence) if not is_certain(e)),
            Evidence.CERTAIN,
        )
        fails = any(_fails(conversion, network) for conversion in facts.conversions)
        yield OpenBatch(calls[0], len(calls) - 1, evidence, fails)


def _reads_open_batch(call: Call) -> bool:
    if (
        call.layer.kind not in _RECURRENT
        or not is_keras(call.layer)
        or not call.inputs
        or call.fault is not None
    ):
        return False
    shape = call.inputs[0].shape
    is_open = not isinstance(shape, Unknown) and bool(shape) and shape[0] is None
    return is_open and _is_loop(call.layer)


def _is_loop(layer: Layer) -> bool:
    """Whether the layer is not unrolled; what wraps another goes by that."""
    if layer.kind == "Bidirectional":
        inner = layer.value("layer")
        return isinstance(inner, Layer) and inner.kind != "Bidirectional" and _is_loop(inner)
    if layer.kind.startswith("ConvLSTM"):
        return "unroll" not in layer.arguments
    return layer.value("unroll") is False


def _fails(conversion: Conversion, network: Network) -> bool:
    """Whether a conversion of this network surely fails over its loop."""
    subject = conversion.subject
    return (
        subject is not None
        and subject.value is network
        and conversion.constructor == _FROM_KERAS
        and is_certain(conversion.evidence)
        and not conversion.may_have_other_settings
        and not any(name.startswith(_MAY_HELP) for name in conversion.settings)
    )
