"""TFL101."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tflint.analysis.dataflow import Dataflow
from tflint.analysis.layout_transposes import layout_transposes
from tflint.analysis.movement import transpose_runs
from tflint.finding import Confidence, Finding, Fix, FixSafety, Severity
from tflint.keras.facts import FormatChange
from tflint.keras.network import Call, Layer, Shape
from tflint.model.builder import ModelBuilder
from tflint.model.flex import is_channels_first
from tflint.model.graph import Graph, Node
from tflint.model.schema import TensorType, TransposeOptions
from tflint.model.tables import Model
from tflint.printable import counted, printable, size_text
from tflint.rule import (
    KERAS,
    SOURCES,
    Bad,
    Good,
    KerasContext,
    Kind,
    Metadata,
    ModelContext,
    Rule,
)
from tflint_rules.example_archives import saved_sequential
from tflint_rules.example_models import flex_conv
from tflint_rules.keras.activations import is_keras
from tflint_rules.keras.connections import Connections
from tflint_rules.keras.places import worst_at_each_place
from tflint_rules.keras.sizes import elements
from tflint_rules.keras.wording import (
    bytes_text,
    confidence,
    is_certain,
    layer_text,
    listed,
    map_text,
)
from tflint_rules.layout.channels_first_conversion import FIRST, Verdict, conversion, describe
from tflint_rules.layout.keras_formats import (
    calls_by_layer,
    formats,
    is_overruled,
    setting_of,
    settings_to_first,
    turned_maps,
)
from tflint_rules.layout.relayout_advice import relayout_advice
from tflint_rules.reconversion import FROM_SOURCE

_TODAYS_KERAS = 3


def _transpose(model: ModelBuilder, x: int, perm: tuple[int, ...]) -> int:
    shape = model.shape(x)
    y = model.tensor([shape[p] for p in perm])
    argument = model.constant((len(perm),), TensorType.INT32, perm)
    model.operator("TRANSPOSE", [x, argument], [y], TransposeOptions())
    return y


def _nchw() -> Model:
    """What the converter makes of a channels_first convolution and a Flatten."""
    model = ModelBuilder()
    x = _transpose(model, model.input((1, 3, 16, 16)), (0, 2, 3, 1))
    x = _transpose(model, model.conv_2d(x, filters=8, kernel=3), (0, 3, 1, 2))
    model.output(model.fully_connected(model.flatten(x), units=2))
    return model.build()


def _ncw() -> Model:
    """The same for a Conv1D, which is a convolution over maps of height 1."""
    model = ModelBuilder()
    x = _transpose(model, model.input((1, 3, 64)), (0, 2, 1))
    x = model.conv_2d(model.reshape(x, (1, 1, 64, 3)), filters=8, kernel=(1, 3))
    model.output(model.fully_connected(model.flatten(x), units=2))
    return model.build()


def _cancelling() -> Model:
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 16, 16, 3)), filters=8, kernel=3)
    x = _transpose(model, _transpose(model, x, (0, 3, 1, 2)), (0, 2, 3, 1))
    model.output(model.conv_2d(x, filters=4, kernel=3))
    return model.build()


def _nhwc() -> Model:
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 16, 16, 3)), filters=8, kernel=3)
    model.output(model.fully_connected(model.flatten(x), units=2))
    return model.build()


def _attention() -> Model:
    model = ModelBuilder()
    x = _transpose(model, model.input((1, 4, 8, 2)), (0, 2, 1, 3))
    model.output(model.fully_connected(model.flatten(x), units=2))
    return model.build()


_SOURCE = """\
import tensorflow as tf

model = tf.keras.Sequential([
    tf.keras.Input((1, 32, 32)),
    tf.keras.layers.Conv2D(32, 3, data_format="channels_first"),
])
"""
_SETTING = """\
import keras

keras.config.set_image_data_format("{value}")
x = keras.Input((32, 32, 32))
x = keras.layers.Conv2D(8, 3)(x)
x = keras.layers.MaxPooling2D(2)(x)
"""
_COMPARISON = """\
from keras import backend

axis = 1 if backend.image_data_format() == "channels_first" else -1
"""


def _saved(data_format: str) -> Mapping[str, object]:
    given = {"filters": 8, "kernel_size": 3, "data_format": data_format}
    return saved_sequential((None, 64, 64), ("Conv1D", given))


class ChannelsFirst(Rule):
    """The model was built channels_first (NCHW); TFLite's kernels are channels_last.

    ## What it does
    In a model: finds TensorFlow operators kept with `data_format=NCHW` (an error: no
    microcontroller runtime has them), and the TRANSPOSE operators that a converter puts
    around chains of convolutions and pools to turn NCHW into NHWC and back (a warning, with
    the bytes they move); a pair that cancels is TFL601.

    In Keras code: finds layers that are built `channels_first`, however they come by it, and
    `set_image_data_format` calls that make it the default (then not each layer under it). Says
    what the converter makes of the layer, as it was measured with TensorFlow 2.21 for every
    layer that has a data format: an error where the conversion raises with the Keras that builds
    it (the one that wrote an archive; in a source Keras 3, unless it asks for tf-keras), else a
    warning, with the maps that TRANSPOSE operators turn where a chain of such layers begins
    and ends.

    ## Why it matters on a device
    A transpose computes nothing, but reads and writes a whole map with scattered accesses,
    and for the time it runs both copies are in RAM. Where the converter finds no builtin
    at all, the model does not run.

    ## Repair
    Build the network with `data_format="channels_last"` and convert it again. A trained
    model can be carried over: convolution weights stay as they are, the rows of the first
    dense layer behind a Flatten change places.
    """

    meta = Metadata(
        "TFL101",
        "channels-first",
        Severity.WARNING,
        may_refuse=True,
        fix=FixSafety.RECONVERT,
        applies_to=frozenset((Kind.TFLITE,)) | KERAS,
    )
    examples = (
        Bad(
            "A convolution kept as FlexConv2D",
            lambda: flex_conv("NCHW"),
            says="data_format=NCHW",
            severity=Severity.ERROR,
        ),
        Bad("TRANSPOSE at the edges", _nchw, says="2 TRANSPOSE operators"),
        Bad("A layer in a source", lambda: _SOURCE, says="Conv2D is channels_first"),
        Bad(
            "The default of all layers in a source",
            lambda: _SETTING.format(value="channels_first"),
            says="2 layers built under it (Conv2D and MaxPooling2D)",
        ),
        Bad(
            "A Conv1D in an archive of Keras 3, which cannot be converted",
            lambda: _saved("channels_first"),
            says="the conversion raises",
            severity=Severity.ERROR,
        ),
        Good("channels_last", _nhwc),
        Good("channels_last in a source", lambda: _SETTING.format(value="channels_last")),
        Good("channels_last in an archive", lambda: _saved("channels_last")),
        Bad("TRANSPOSE in front of a Conv1D", _ncw, says="between NCW and NWC"),
        Good("A transpose that has nothing to do with layout", _attention),
        Good("A pair that cancels, which is TFL601's", _cancelling),
        Good("A comparison in a source", lambda: _COMPARISON),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        for graph in context.graphs:
            flex = [node for node in graph.nodes if is_channels_first(node)]
            if flex:
                names = list(dict.fromkeys(printable(node.name, 40) for node in flex))
                yield self.finding(
                    f"{' and '.join(names[:3])} with data_format=NCHW: a channels_first layer "
                    f"for which the converter found no builtin operator",
                    node=flex[0],
                    severity=Severity.ERROR,
                    help='build the network with data_format="channels_last" and convert again',
                    fix=FROM_SOURCE,
                )
            transposes = _transposes(graph)
            if transposes:
                moved = sum(node.outputs[0].bytes for node in transposes)
                operators = "operator" if len(transposes) == 1 else "operators"
                maps = any(len(node.outputs[0].shape) > 3 for node in transposes)
                yield self.finding(
                    f"{len(transposes)} TRANSPOSE {operators} between "
                    f"{'NCHW and NHWC' if maps else 'NCW and NWC'} around convolutions or pools: "
                    f"{size_text(moved)} copied at each inference for the sake of a layout",
                    node=transposes[0],
                    # Sequences are also turned round by networks that are channels_last.
                    confidence=None if maps else Confidence.MEDIUM,
                    help=f'build the network with data_format="channels_last" and convert again: '
                    f"that saves {len(transposes)} {operators} and {size_text(moved)} of copies",
                    fix=FROM_SOURCE,
                )

    def check_keras(self, context: KerasContext) -> Iterator[Finding]:
        yield from worst_at_each_place(self._in_keras(context))

    def _in_keras(self, context: KerasContext) -> Iterator[Finding]:
        facts = context.keras
        made = [layer for layer in facts.layers if layer.data_format == FIRST and is_keras(layer)]
        if not made and not facts.format_changes:
            return
        changes = settings_to_first(facts)
        calls = calls_by_layer(facts.calls)
        found, connections = formats(facts), Connections(facts)
        advice = relayout_advice(context)
        under: dict[int, list[Layer]] = {}
        for layer in made:
            change = setting_of(layer, changes)
            if change is None:
                call = calls.get(id(layer))
                turned = [] if call is None else turned_maps(call, found, connections)
                yield self._layer(context, layer, call, turned, advice)
            else:
                under.setdefault(id(change), []).append(layer)
        for change in changes:
            layers = under.get(id(change), [])
            if layers or not is_overruled(change, facts):
                yield self._setting(context, change, layers, calls, advice)

    def _layer(
        self,
        context: KerasContext,
        layer: Layer,
        call: Call | None,
        turned: list[Shape],
        advice: tuple[Fix | None, str],
    ) -> Finding:
        certain = is_certain(layer.evidence) and (call is None or is_certain(call.evidence))
        outcome = conversion(layer, call, context.keras.keras_version)
        raises = _raises(outcome, context) and certain
        return self.finding(
            f"{layer_text(layer)} is channels_first, and TFLite's kernels are channels_last: "
            f"{describe(outcome)}{_turning(turned) if not raises else ''}",
            location=layer.locate("data_format"),
            severity=Severity.ERROR if raises else None,
            confidence=confidence(certain=certain),
            help='use data_format="channels_last", and give the input its channels last'
            + advice[1],
            fix=advice[0],
        )

    def _setting(
        self,
        context: KerasContext,
        change: FormatChange,
        layers: list[Layer],
        calls: Mapping[int, Call],
        advice: tuple[Fix | None, str],
    ) -> Finding:
        certain = is_certain(change.evidence)
        worst, counted_layers = None, "no layer in this file is built under it"
        if layers:
            kinds = listed(printable(layer.kind, 40) for layer in layers)
            places = len({layer.location for layer in layers})
            counted_layers = f"{counted(places, 'layer')} built under it ({kinds})"
            outcomes = [
                (conversion(layer, calls.get(id(layer)), context.keras.keras_version), layer)
                for layer in layers
            ]
            worst = max(outcomes, key=lambda each: (_raises(each[0], context), each[0].raising))
        raises = worst is not None and _raises(worst[0], context)
        certain = certain and (worst is None or is_certain(worst[1].evidence))
        because = "the converter adds TRANSPOSE operators at the edges of each chain of layers"
        if worst is not None and worst[0].raising:
            because = f"with {layer_text(worst[1])}, {describe(worst[0])}"
        return self.finding(
            f"channels_first becomes the default of every layer built after this, "
            f"{counted_layers}; "
            f"TFLite's kernels are channels_last: {because}",
            location=change.data_format.location or change.location,
            severity=Severity.ERROR if raises and certain else None,
            confidence=confidence(certain=certain),
            help='set "channels_last", or leave the call out, and give inputs their channels last'
            + advice[1],
            fix=advice[0],
        )


def _raises(found: Verdict, context: KerasContext) -> bool:
    """Whether the conversion raises with the Keras that the code is written for.

    Sources that ask for none get the one that TensorFlow has had since version 2.16.
    """
    version = context.keras.keras_version
    return found.all_of_them or (
        version is None and context.kind in SOURCES and _TODAYS_KERAS in found.raising
    )


def _turning(turned: list[Shape]) -> str:
    """What the transposes at this layer move at each inference."""
    if not turned:
        return ""
    total = sum(elements(shape) or 0 for shape in turned)
    maps = " and ".join(map_text(shape) for shape in turned)
    return f"; here they move {maps} values at each inference: {bytes_text(total)}"


def _transposes(graph: Graph) -> list[Node]:
    """The layout transposes, without those that cancel: these can go at once (TFL601)."""
    cancelling = (run for run in transpose_runs(graph, Dataflow(graph)) if run.cancel)
    others = frozenset(
        node.index for run in cancelling for node in (run.movers[-1:] if run.alone else run.movers)
    )
    return layout_transposes(graph, others)
