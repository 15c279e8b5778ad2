"""TFL407."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from tflint.analysis.operand_types import hybrid_weights
from tflint.analysis.weighted_layers import WeightedLayer, weighted_layers
from tflint.finding import Finding, FixSafety, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.constants import HALF_RANGE
from tflint.model.graph import Value
from tflint.model.schema import TensorType
from tflint.model.tables import Model, QuantizationParameters
from tflint.printable import printable
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule
from tflint_rules.example_models import overwrite
from tflint_rules.quantization.per_tensor_weights import shares_a_scale
from tflint_rules.reconversion import FROM_FLOATS

# Half of the channels at this or below: two bits of the weights of most are lost to the rest.
_FEW = 31
# With fewer channels there is no telling an outlier.
_LEAST_CHANNELS = 8
# A channel whose largest weight is this small a part of the layer's largest gains nothing.
_NEGLIGIBLE = 1 / 256
# Half of int32, less what rounding takes.
_MOST_BIAS = 2**30 - 2**20
_FULL_BIAS = (
    "the biases fill int32, for which the converter widens the weights' scales: the input varies "
    "too little beside them, so calibrate with data in which it does, or take the layer out"
)


def _layer(*peaks: int, dense: bool = False) -> Model:
    """A layer whose channels get as far as `peaks`; a dense one has a single scale."""
    model, choose = ModelBuilder(), random.Random(0)
    if dense:
        y = model.fully_connected(model.input((1, 32), TensorType.INT8), units=len(peaks))
    else:
        y = model.conv_2d(model.input((1, 8, 8, 32), TensorType.INT8), len(peaks), kernel=1)
    model.output(y)
    weights: list[int] = []
    for peak in peaks:
        weights += [peak, *(choose.randint(-peak, peak) for _ in range(31))]
    overwrite(model, 0, 1, bytes(weight % 256 for weight in weights))
    return model.build()


class WastedRange(Rule):
    """int8 weights that use a part of their range, so that bits are stored and not used.

    ## What it does
    Looks at how far the int8 weights of each convolution and dense layer get: of a tensor
    with one scale as a whole, of one with a scale a channel in each channel. Weights that stay
    below 64 leave a bit of seven unused, below 32 two. In dense layers with one scale also
    finds the few units that set it, while half of the others get no further than 31.
    Channels of zeros are TFL307's, convolutions with one scale TFL403's, and channels too
    weak to matter beside the others nobody's.

    ## Why it matters on a device
    The range costs the same flash whether it is used or not. Each unused bit doubles the
    rounding error of the weights, which shows in accuracy first where layers are deep.

    ## Repair
    Convert again with scales from the weights' own largest values, per channel. Where the
    biases fill int32, the converter gave the range up for them: then it is the layer's input
    that varies too little. In a dense layer of a few outliers: quantise it per channel, which
    TFLM's kernel for int8 takes.
    """

    meta = Metadata("TFL407", "wasted-range", Severity.INFO, fix=FixSafety.RECONVERT)
    examples = (
        Bad("A quarter of the range", lambda: _layer(25, 31, 28, dense=True), says="2 of 7 bits"),
        Bad("Two channels of four", lambda: _layer(127, 20, 127, 12), says="2 of 4 channels"),
        Bad(
            "One unit sets the scale", lambda: _layer(127, *([11] * 15), dense=True), says="1 of 16"
        ),
        Good("All of it", lambda: _layer(127, 127, 120, 127)),
        Good(
            "Units that differ as units do",
            lambda: _layer(127, 60, 80, 45, 90, 50, 70, 110, dense=True),
        ),
        Good("Nothing but zeros", lambda: _layer(127, 0, 127)),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        seen: set[int] = set()
        for layer in weighted_layers(context.nodes):
            weights = layer.weights
            quantization = weights.quantization
            if weights.type is not TensorType.INT8 or quantization is None or id(weights) in seen:
                continue
            seen.add(id(weights))
            # On a microcontroller these do not run: TFL204.
            if context.runtime.is_mcu and hybrid_weights(layer.node) is not None:
                continue
            peaks = context.constants.peaks(weights, layer.channels, HALF_RANGE)
            if peaks is None or not any(peaks):
                continue
            said = _verdict(layer, peaks, quantization)
            if said is not None:
                yield self.finding(
                    f"{printable(layer.node.name)}: {said[0]}",
                    node=layer.node,
                    value=weights,
                    help=_FULL_BIAS if _fills_int32(layer.bias) else said[1],
                    fix=FROM_FLOATS,
                )


def _fills_int32(bias: Value | None) -> bool:
    """Whether the converter may have chosen the weights' scales for the sake of the bias.

    It widens them until the largest bias is half of int32. Source: quantisation of biases in
    tensorflow/compiler/mlir/lite; observed with TensorFlow 2.21.
    """
    values = None if bias is None else bias.integers()
    return max(map(abs, values or ()), default=0) >= _MOST_BIAS


def _verdict(
    layer: WeightedLayer, peaks: Sequence[int], quantization: QuantizationParameters
) -> tuple[str, str] | None:
    """What is wasted, and what to do."""
    if len(quantization.scale) == 1:
        most = max(peaks)
        if most < HALF_RANGE:
            return (
                f"the weights get no further than {most} of 127: {_lost(most)}",
                f"convert again with a scale from the largest weight: {127 / most:.1f} times finer",
            )
        return None if shares_a_scale(layer) else _outliers(peaks)
    if len(quantization.scale) != len(peaks):
        return None
    reach = [peak * scale for peak, scale in zip(peaks, quantization.scale, strict=True)]
    least = max(reach) * _NEGLIGIBLE
    wasted = [
        peak for peak, real in zip(peaks, reach, strict=True) if peak < HALF_RANGE and real > least
    ]
    if not wasted:
        return None
    return (
        f"{len(wasted):,} of {len(peaks):,} channels get no further than {max(wasted)} of 127, "
        f"the weakest to {min(wasted)}: {_lost(min(wasted))} there",
        "convert again with each channel's scale from its largest weight",
    )


def _outliers(peaks: Sequence[int]) -> tuple[str, str] | None:
    filled = [peak for peak in peaks if peak]
    ordered, last = sorted(filled), len(filled) - 1
    middle = (ordered[last // 2] + ordered[(last + 1) // 2]) // 2  # the median
    if len(filled) < _LEAST_CHANNELS or middle > _FEW:
        return None
    strong = sum(peak >= HALF_RANGE for peak in filled)
    return (
        f"{strong:,} of {len(peaks):,} units set the scale for all; half of the units get no "
        f"further than {middle} of 127: {_lost(middle)} there",
        f"quantise the weights per channel: {12 * len(peaks):,} bytes of scales and zero points, "
        "and no unit loses bits to another",
    )


def _lost(peak: int) -> str:
    """The bits beside the sign that weights up to `peak` leave unused."""
    return f"{7 - peak.bit_length()} of 7 bits are unused"
