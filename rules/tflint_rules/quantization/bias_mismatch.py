"""TFL406."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from tflint.analysis.accumulators import (
    INT32_MAX,
    LEAST_STEPS,
    overflow,
    refused_difference,
    scale_mismatch,
)
from tflint.analysis.operand_types import node_signature
from tflint.analysis.weighted_layers import WeightedLayer, weighted_layers
from tflint.finding import Finding, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.graph import Value
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule
from tflint.target.runtime import Verdict
from tflint_rules.example_models import overwrite

INT8, INT16 = TensorType.INT8, TensorType.INT16
INT32, INT64 = TensorType.INT32, TensorType.INT64
_ACTIVATIONS = frozenset((INT8, INT16, TensorType.UINT8))
_WEIGHTS = frozenset((INT8, TensorType.INT4, TensorType.UINT8))
# What a dense layer's kernel takes of `refused_difference`.
_MOST_DIFFERENCE = 0.02
# Scales are compared this often in a model: a hostile one has few scales and many layers.
_MOST_SCALES = 1 << 20


def _layer(
    kind: str = "conv", *, factor: float = 1, zero_point: int = 0, biases: Sequence[int] = ()
) -> Model:
    """A layer of four channels whose bias has `factor` times the scale that it should have."""
    model = ModelBuilder()
    if kind == "conv":
        y = model.conv_2d(model.input((1, 8, 8, 2), INT8), filters=4, kernel=3)
    else:
        y = model.fully_connected(model.input((1, 32), INT8), units=4)
    model.output(y)
    at = model.operators[0].inputs[2]
    found = model.tensors[at].quantization
    assert found is not None
    scale = tuple(factor * s for s in found.scale)
    zero_points = (zero_point,) * len(scale)
    model.tensors[at] = dataclasses.replace(
        model.tensors[at],
        quantization=dataclasses.replace(found, scale=scale, zero_point=zero_points),
    )
    values = biases or (4000, -4000, 2000, 0)
    overwrite(model, 0, 2, b"".join(value.to_bytes(4, "little", signed=True) for value in values))
    return model.build()


def _deep(depth: int) -> Model:
    model = ModelBuilder()
    # As far as an input of int8 can get from its zero point: what follows a RELU has this one.
    x = model.input((1, depth), INT8, per_tensor(0.05, -128))
    model.output(model.fully_connected(x, units=1))
    overwrite(model, 0, 1, b"\x7f" * depth)
    return model.build()


class BiasMismatch(Rule):
    """A bias that the kernel reads in other units, or an accumulator that overflows.

    ## What it does
    Holds the bias of each integer convolution and dense layer against what the kernel takes
    it for: int32 (int64 with int16 activations), zero point 0, and for each channel a scale
    of input scale x weight scale. Says by how many output steps the biases of the file are
    off because of that. Then adds up the real weights and says whether any input can take
    the int32 accumulator past its range.

    ## Why it matters on a device
    The kernels add biases to the accumulator as they are and do not look at their scale: a
    bias in other units shifts every output of its channel, silently. Only a dense layer with
    one scale checks it, and then the model does not start. An accumulator that overflows
    turns the strongest response into the opposite.

    ## Repair
    Convert again: the converter writes biases that fit. For an overflow, halve the weights'
    range, or use a bias of int64 with int16 activations.
    """

    meta = Metadata(
        "TFL406",
        "bias-mismatch",
        Severity.WARNING,
        may_refuse=True,
        runtime_errors=(
            r"scale_diff / output_scale <= 0\.02",
            r"bias->type != kTfLiteInt(?:32|64)",
            r"is_optional_bias_int != true",
            r"unsupported zero-point value \(-?\d+\) in channel \d+ of INT32 tensor",
        ),
    )
    examples = (
        Bad("Twice the scale", lambda: _layer(factor=2), says="x 2.00"),
        Bad(
            "A dense layer, where the kernel checks",
            lambda: _layer("dense", factor=200),
            says="0.02",
            severity=Severity.ERROR,
        ),
        Bad("A zero point", lambda: _layer(zero_point=100), says="zero point 100"),
        Bad(
            "Wrong, but no bias to show it",
            lambda: _layer(factor=2, biases=(0, 0, 0, 0)),
            says="all biases are 0",
            severity=Severity.INFO,
        ),
        Bad("66,400 weights of 127", lambda: _deep(66_400), says="overflow"),
        Good("The product of the scales", _layer),
        Good("As near as float32 gets", lambda: _layer(factor=1.000001)),
        Good("66,300 weights of 127", lambda: _deep(66_300)),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        compared = 0
        for layer in weighted_layers(context.nodes):
            if layer.x.type not in _ACTIVATIONS or layer.weights.type not in _WEIGHTS:
                continue
            kernel = context.runtime.kernel(layer.node.name)
            # What the runtime refuses for its types is TFL205's.
            if kernel is not None:
                if kernel.verdict(node_signature(kernel, layer.node)) is Verdict.REFUSED:
                    continue
            if layer.bias is not None:
                wrong = not context.runtime.is_mcu and self._type(layer, layer.bias)
                if wrong:
                    yield wrong
                    continue
                compared += layer.channels.channels
                if compared <= _MOST_SCALES:
                    yield from self._zero_point(layer, layer.bias)
                    yield from self._scale(layer, layer.bias, context.runtime.is_mcu)
            yield from self._overflow(context, layer)

    def _type(self, layer: WeightedLayer, bias: Value) -> Finding | None:
        """A type that LiteRT refuses, or takes for another."""
        wide = layer.x.type is INT16
        needed = INT64 if wide else INT32
        if bias.type is needed:
            return None
        severity, why = Severity.ERROR, "anything else is refused, or read as if it were that"
        if wide and bias.type is INT32 and layer.node.name != "DEPTHWISE_CONV_2D":
            # Newer versions have an option that says which of the two it is.
            if getattr(layer.node.options, "quantized_bias_type", None) is INT32:
                return None
            why = "it is read as that where the option `quantized_bias_type` does not say INT32"
            if layer.node.name == "FULLY_CONNECTED":
                severity = Severity.WARNING
        return self.finding(
            f"the bias is {bias.type.name}, the kernel for {layer.x.type.name} activations adds "
            f"{needed.name}: {why}",
            node=layer.node,
            value=bias,
            severity=severity,
            help="convert again",
        )

    def _zero_point(self, layer: WeightedLayer, bias: Value) -> Iterator[Finding]:
        quantization = bias.quantization
        points = quantization.zero_point if quantization is not None else ()
        off = max(points, key=abs, default=0)
        if off:
            yield self.finding(
                f"the bias has zero point {off:,}, which kernels take for 0: what they add is "
                f"{abs(off):,} steps of the accumulator off",
                node=layer.node,
                value=bias,
                help="take the zero point off the biases and write 0; XNNPACK in LiteRT refuses "
                "the model as it is",
            )

    def _scale(self, layer: WeightedLayer, bias: Value, is_mcu: bool) -> Iterator[Finding]:
        difference = refused_difference(layer)
        if difference is not None and difference > _MOST_DIFFERENCE:
            about = "bias scale" if bias.quantization else "bias, which has no scale and so 0,"
            yield self.finding(
                f"the {about} is {difference:.3g} output scales away from input scale x weight "
                f"scale, and the kernel refuses more than {_MOST_DIFFERENCE}",
                node=layer.node,
                value=bias,
                severity=Severity.ERROR if is_mcu else Severity.WARNING,
                help="convert again"
                if is_mcu
                else "convert again; XNNPACK runs it, LiteRT's own kernel does not",
            )
            return
        mismatch = scale_mismatch(layer)
        if mismatch is None:
            return
        steps, severity = mismatch.steps, Severity.WARNING
        if steps is None:
            effect = "biases count for less or more than they should"
        elif steps < LEAST_STEPS:
            severity = Severity.INFO
            effect = (
                "no output moves by as much as half a step"
                if steps
                else "all biases are 0, no output moves"
            )
        else:
            effect = f"outputs move by up to {steps:,.1f} steps"
        yield self.finding(
            f"the bias scale is x {mismatch.ratio:.2f} of input scale x weight scale in "
            f"{mismatch.differing:,} of {mismatch.channels:,} channels, where kernels go by the "
            f"product: {effect}",
            node=layer.node,
            value=bias,
            severity=severity,
            help="convert again, or divide the biases by that factor",
        )

    def _overflow(self, context: ModelContext, layer: WeightedLayer) -> Iterator[Finding]:
        found = overflow(context.constants, layer)
        if found is None:
            return
        channels, furthest = found
        yield self.finding(
            f"the int32 accumulator can overflow in {channels:,} of {layer.channels.channels:,} "
            f"channels: {layer.channels.depth:,} products add up to as much as {furthest:,}, and "
            f"it ends at {INT32_MAX:,}",
            node=layer.node,
            value=layer.weights,
            help="split the layer, or give it a bias of int64"
            if layer.x.type is INT16
            else "split the layer along its depth",
        )
