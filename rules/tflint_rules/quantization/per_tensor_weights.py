"""TFL403."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

from tflint.analysis.weighted_layers import WeightedLayer, weighted_layers
from tflint.finding import Finding, FixSafety, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.constants import Constants
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import Conv2DOptions, Padding, TensorType
from tflint.model.tables import Model
from tflint.printable import printable
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule
from tflint_rules.reconversion import FROM_FLOATS

# From here on the weakest channel has lost a bit.
_LEAST_SPREAD = 2.0


def _convolution(*peaks: int, per_channel: bool = False) -> Model:
    """A 3x3 convolution whose filters get as far as `peaks`."""
    model, choose = ModelBuilder(), random.Random(0)
    x = model.input((1, 8, 8, 4), TensorType.INT8)
    weights: list[int] = []
    for peak in peaks:
        weights += [peak, *(choose.randint(-peak, peak) for _ in range(35))]
    if per_channel:
        y = model.conv_2d(x, len(peaks), 3)
    else:
        w = model.constant((len(peaks), 3, 3, 4), TensorType.INT8, weights, per_tensor(0.02))
        y = model.tensor((1, 6, 6, len(peaks)), TensorType.INT8)
        options = Conv2DOptions(padding=Padding.VALID, stride_w=1, stride_h=1)
        model.operator("CONV_2D", [x, w, -1], [y], options, version=3)
    model.output(y)
    return model.build()


@dataclass(frozen=True, slots=True)
class _Spread:
    """How far the weakest and the strongest filter get; `weak` ones get half as far at most."""

    layer: WeightedLayer
    least: int
    most: int
    weak: int
    channels: int

    @property
    def ratio(self) -> float:
        return self.most / self.least


class PerTensorWeights(Rule):
    """A convolution has one scale for the weights of all its filters.

    ## What it does
    Looks at int8 convolutions, depthwise and transposed ones too, that have one scale for
    all output channels, and compares how far each filter gets. Reports those whose weakest
    filter uses half of what the strongest does or less: it loses one bit of its weights each
    time that factor doubles. One finding for the model, at the layer that suffers most.

    ## Why it matters on a device
    The largest weight of all filters sets the scale. A filter of small weights is left with
    a few steps: accuracy falls, most of all in depthwise layers after batch normalisation
    was folded in. The kernels take a scale for each channel at no cost in time or RAM; the
    file grows by 24 bytes a channel.

    ## Repair
    What was rounded away is not in the file: convert the float model again, with weights
    quantised per channel, which is the converter's default since 2019.
    """

    meta = Metadata("TFL403", "per-tensor-weights", Severity.WARNING, fix=FixSafety.RECONVERT)
    examples = (
        Bad("A filter with a sixteenth of the range", lambda: _convolution(127, 8), says="x 15.9"),
        Bad("One far out, the others behind", lambda: _convolution(127, 9, 8, 10), says="3 of 4"),
        Good("All filters use the range", lambda: _convolution(127, 100, 90)),
        Good("A scale for each", lambda: _convolution(127, 8, per_channel=True)),
        Good("A filter of zeros has nothing to lose", lambda: _convolution(127, 0)),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        spreads = []
        seen: set[int] = set()
        for layer in weighted_layers(context.nodes):
            if id(layer.weights) in seen or not shares_a_scale(layer):
                continue
            seen.add(id(layer.weights))
            spread = _spread(context.constants, layer)
            if spread is not None and spread.ratio >= _LEAST_SPREAD:
                spreads.append(spread)
        if not spreads:
            return
        worst = max(spreads, key=lambda spread: spread.ratio)
        more = f"; {len(spreads) - 1:,} more like it" if len(spreads) > 1 else ""
        channels = sum(spread.channels for spread in spreads)
        yield self.finding(
            f"{printable(worst.layer.node.name)} has one scale for {worst.channels:,} channels "
            f"that get from {worst.least} to {worst.most} steps, a spread of x {worst.ratio:.1f}: "
            f"{worst.weak:,} of {worst.channels:,} lose a bit or more, the weakest "
            f"{_bits(worst)}{more}",
            node=worst.layer.node,
            value=worst.layer.weights,
            help=f"convert again with weights quantised per channel: gives each channel all of "
            f"int8 for {24 * channels:,} bytes of file",
            fix=FROM_FLOATS,
        )


def shares_a_scale(layer: WeightedLayer) -> bool:
    """Whether an integer convolution has one scale for several channels."""
    quantization = layer.weights.quantization
    return (
        layer.node.name != "FULLY_CONNECTED"
        and layer.x.type in (TensorType.INT8, TensorType.INT16)
        and layer.weights.type in (TensorType.INT8, TensorType.INT4)
        and layer.channels.channels > 1
        and quantization is not None
        and len(quantization.scale) == 1
    )


def _spread(constants: Constants, layer: WeightedLayer) -> _Spread | None:
    peaks = constants.peaks(layer.weights, layer.channels)
    # Filters of zeros are TFL307's.
    filled = [peak for peak in peaks or () if peak]
    if len(filled) < 2:
        return None
    most = max(filled)
    weak = sum(2 * peak <= most for peak in filled)
    return _Spread(layer, min(filled), most, weak, layer.channels.channels)


def _bits(spread: _Spread) -> str:
    bits = math.log2(spread.ratio)
    return "one bit" if bits < 1.05 else f"{bits:.1f} bits"
