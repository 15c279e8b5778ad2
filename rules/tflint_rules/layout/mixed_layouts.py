"""TFL102."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

from tflint.finding import Finding, FixSafety, Severity
from tflint.keras.network import Call, Shape
from tflint.keras.values import UNKNOWN, Unknown
from tflint.rule import KERAS, SOURCES, Bad, Good, KerasContext, Metadata, Rule
from tflint_rules.example_archives import saved_sequential
from tflint_rules.keras.connections import keras_calls
from tflint_rules.keras.places import worst_at_each_place
from tflint_rules.keras.wording import (
    call_is_certain,
    confidence,
    layer_text,
    map_text,
    other_layer,
)
from tflint_rules.layout.channels_first_conversion import FIRST
from tflint_rules.layout.keras_formats import format_before, formats
from tflint_rules.layout.relayout_advice import relayout_advice

_MOTION_SENSE = """\
from keras.layers import Conv2D, Dense, Flatten, Input, MaxPooling2D
from keras.models import Sequential

model = Sequential([
    Input((1, 32, 32)),
    Conv2D(32, 3, activation="relu", data_format="channels_first"),
    MaxPooling2D(2{pool}),
    Flatten(),
    Dense(3, activation="softmax"),
])
"""
_NORM = """\
from tensorflow import keras

x = keras.Input((32, 32, 3))
x = keras.layers.Conv2D(16, 3, use_bias=False)(x)
x = keras.layers.BatchNormalization(axis={axis})(x)
x = keras.layers.ReLU()(x)
"""
_CONCATENATE = """\
from tensorflow import keras

x = keras.Input((3, 32, 32))
a = keras.layers.Conv2D(8, 3, padding="same", data_format="channels_first")(x)
b = keras.layers.Conv2D(8, 5, padding="same", data_format="channels_first")(x)
y = keras.layers.Concatenate(axis={axis})([a, b])
"""


class MixedLayouts(Rule):
    """Layers that follow on each other disagree on which dimension the channels are.

    ## What it does
    Follows the data format from layer to layer, past activations, normalisation, Dropout and
    sums, and finds convolutions and pools that read a map in the other format than the one it
    was made in, and BatchNormalization and Concatenate along another dimension than the
    channels. A Reshape or Permute between them ends the chain, and nothing is said where either
    format is not known.

    ## Why it matters on a device
    Keras builds it without a word, as the shapes fit by accident. A channels_last pool over a
    channels_first map takes the maximum over neighbouring *channels*, and leaves the columns as
    they are; a convolution has a kernel over channels and rows, and as many times the weights as
    there are columns for channels. The network trains, worse than it could, and the converter
    adds TRANSPOSE operators between the formats. BatchNormalization over another dimension does
    not fold into the convolution.

    ## Repair
    Build all layers with one format, best channels_last, which TFLite's kernels have.
    """

    meta = Metadata(
        "TFL102", "mixed-layouts", Severity.WARNING, fix=FixSafety.UNSAFE, applies_to=KERAS
    )
    examples = (
        Bad(
            "A channels_last pool over a channels_first map",
            lambda: _MOTION_SENSE.format(pool=""),
            says="32 x 30 x 30",
        ),
        Bad("Normalised along rows", lambda: _NORM.format(axis=1), says="axis 1"),
        Bad("Joined along columns", lambda: _CONCATENATE.format(axis=-1), says="Concatenate"),
        Bad(
            "In an archive",
            lambda: saved_sequential(
                (None, 1, 32, 32),
                ("Conv2D", {"filters": 8, "kernel_size": 3, "data_format": "channels_first"}),
                ("MaxPooling2D", {"data_format": "channels_last"}),
            ),
            says="8 x 30 x 30 becomes 4 x 15 x 30",
        ),
        Good(
            "One format",
            lambda: _MOTION_SENSE.format(pool=', data_format="channels_first"'),
        ),
        Good("Normalised along channels", lambda: _NORM.format(axis=-1)),
        Good("Joined along channels", lambda: _CONCATENATE.format(axis=1)),
    )

    def check_keras(self, context: KerasContext) -> Iterator[Finding]:
        found = list(worst_at_each_place(self._in_keras(context)))
        # A trained network computes what it computes: built anew, it still mixes them.
        is_source = context.kind in SOURCES
        fix, obstacles = relayout_advice(context) if found and is_source else (None, "")
        for finding in found:
            yield dataclasses.replace(finding, fix=fix, help=finding.help + obstacles)

    def _in_keras(self, context: KerasContext) -> Iterator[Finding]:
        found = formats(context.keras)
        for call in keras_calls(context.keras):
            layer = call.layer
            if layer.kind in ("BatchNormalization", "Concatenate"):
                yield from self._along(call, found)
            elif isinstance(layer.data_format, str) and layer.kind != "Flatten" and call.inputs:
                maker = format_before(call.inputs[0], found)
                if maker is not None and maker.layer.data_format != layer.data_format:
                    yield self._read(call, maker)

    def _read(self, call: Call, maker: Call) -> Finding:
        certain = call_is_certain([call, maker])
        layer = call.layer
        return self.finding(
            f"{layer_text(layer)} is {layer.data_format}, but reads a map that "
            f"{other_layer(maker.layer)} made {maker.layer.data_format}{_effect(call)}",
            location=layer.locate("data_format"),
            confidence=confidence(certain=certain),
            help="give both the same data_format, best channels_last",
        )

    def _along(self, call: Call, found: Mapping[int, Call]) -> Iterator[Finding]:
        makers = [format_before(tensor, found) for tensor in call.inputs]
        known = [maker for maker in makers if maker is not None]
        if not known or len(known) != len(makers):
            return
        shape = call.inputs[0].shape
        axis = axis_of(call)
        if isinstance(shape, Unknown) or len(shape) < 3 or axis is None:
            return
        data_format = known[0].layer.data_format
        if any(maker.layer.data_format != data_format for maker in known):
            return
        channels = 1 if data_format == FIRST else len(shape) - 1
        if axis == channels:
            return
        certain = call_is_certain([call, *known])
        yield self.finding(
            f"{layer_text(call.layer)} works along axis {axis} of a {map_text(shape)} map, which "
            f"{other_layer(known[0].layer)} made {data_format}: its channels are axis "
            f"{channels}{_normalised(call, shape, axis, channels)}",
            location=call.layer.locate("axis"),
            confidence=confidence(certain=certain and call.layer.kind == "BatchNormalization"),
            help=f"give it axis={channels if data_format == FIRST else -1}",
        )


def axis_of(call: Call) -> int | None:
    """The axis that a layer works along, counted from the batch; None where not known."""
    shape = call.inputs[0].shape if call.inputs else UNKNOWN
    axis = call.layer.value("axis")
    if isinstance(axis, tuple) and len(axis) == 1:
        axis = axis[0]
    if isinstance(shape, Unknown) or isinstance(axis, bool) or not isinstance(axis, int):
        return None
    return axis % len(shape) if shape and -len(shape) <= axis < len(shape) else None


def _effect(call: Call) -> str:
    """What reading in the wrong format does, in figures."""
    before: Shape = call.inputs[0].shape
    after: Shape = call.output_shapes[0] if call.output_shapes else UNKNOWN
    if isinstance(before, Unknown) or isinstance(after, Unknown):
        return ""
    kind = call.layer.kind
    first = call.layer.data_format == FIRST
    channels = before[1] if first else before[-1]
    real = before[-1] if first else before[1]
    sizes = f"it takes the {_size(channels)}{_taken(len(before), first)} for channels"
    if "Pooling" in kind:
        return (
            f": {sizes} and pools over the {_size(real)}channels: {map_text(before)} becomes "
            f"{map_text(after)}"
        )
    weights = f" ({call.weights:,} weights)" if isinstance(call.weights, int) else ""
    return f": {sizes}: {map_text(before)} becomes {map_text(after)}{weights}"


def _taken(rank: int, first: bool) -> str:
    """What lies where a layer looks for the channels."""
    if rank == 4:
        return "rows" if first else "columns"
    return "steps" if rank == 3 else "positions of one direction"


def _size(dim: object) -> str:
    """A number in front of what it counts; nothing where it is not known."""
    return f"{dim:,} " if isinstance(dim, int) else ""


def _normalised(call: Call, shape: tuple[object, ...], axis: int, channels: int) -> str:
    here, there = shape[axis], shape[channels]
    if call.layer.kind == "Concatenate":
        return "; the branches are laid beside each other instead of stacked"
    if not isinstance(here, int) or not isinstance(there, int):
        return ""
    return f"; it normalises {here:,} rows or columns by themselves instead of {there:,} channels"
