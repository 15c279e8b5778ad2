"""TFL109."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from tflint.analysis.open_batches import open_dimensions, open_inputs
from tflint.finding import NOWHERE, Finding, Fix, FixSafety, Severity
from tflint.keras.network import Network, Tensor
from tflint.model.builder import ModelBuilder
from tflint.model.graph import Graph, Value
from tflint.model.tables import Model
from tflint.printable import printable, size_text
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
from tflint_rules.keras.places import worst_at_each_place
from tflint_rules.keras.wording import confidence, is_certain, layer_text, shape_text
from tflint_rules.layout.open_dimensions import open_batches, open_keras_inputs

_SHOWN = 4


def _network(signature: Sequence[int] = ()) -> Model:
    model = ModelBuilder()
    x = model.input((1, 49, 10, 1), shape_signature=signature, name="frames")
    model.output(model.fully_connected(model.flatten(model.conv_2d(x, 8, 3)), units=4))
    return model.build()


def _waveform() -> Model:
    model = ModelBuilder()
    x = model.input((1,), shape_signature=(-1,), name="waveform")
    model.output(model.unary("ABS", x))
    return model.build()


_LENGTH = """\
import keras

x = keras.Input(({length}, 13), name="frames", batch_size=1)
y = keras.layers.Conv1D(8, 3)(x)
model = keras.Model(x, keras.layers.GlobalMaxPooling1D()(y))
"""
_RECURRENT = """\
from tensorflow import keras

model = keras.Sequential([
    keras.Input((100, 3){batch}),
    keras.layers.LSTM(16),
    keras.layers.Dense(1, activation="sigmoid"),
])
"""


# Unsafe, as such a model is neither trained nor evaluated with larger batches any more.
_BATCH_OF_1 = Fix(FixSafety.UNSAFE, "tflint fix {path} --unsafe")


class DynamicDimension(Rule):
    """An input's batch or another dimension is left open.

    ## What it does
    In Keras code: finds inputs of models whose shape has a None behind the batch, and recurrent
    layers that get an open batch, with which the TFLite conversion fails
    (`TensorListReserve`) unless TensorFlow's own operators are kept. That is an error where
    the model is converted in view with the built-in operators only. A batch that is left open in
    front of other layers is how Keras models are, and nothing is said.

    In a model: reads the `shape_signature` of the model's inputs: -1 is a dimension that the
    converter did not know. On a microcontroller an open batch (the first of several
    dimensions) is an info, as the 1 that stands in for it is what a device runs; any other
    dimension is a warning. LiteRT resizes its inputs, so there an open batch is nothing, and
    another dimension an info.

    ## Why it matters on a device
    TFLM does not read signatures: it plans the arena for `shape`, where 1 stands for what is
    open. For the batch, that is right. A sequence or an image of that length 1 is not the
    one the network was made for, and the model cannot be told another. Converters also
    compute shapes at run time around an open dimension, and fail on some recurrent layers.

    ## Repair
    Give the dimension its size (`Input(shape, batch_size=1)`, `export` with a fixed shape)
    and convert again. An open batch can be closed in the file: without the tensors' shape
    signatures, `shape` is what holds everywhere. SignatureDefs, which name inputs and
    outputs, are another thing and stay.
    """

    meta = Metadata(
        "TFL109",
        "dynamic-dimension",
        Severity.WARNING,
        fix=FixSafety.SAFE,
        applies_to=frozenset((Kind.TFLITE,)) | KERAS,
    )
    examples = (
        Bad(
            "The batch",
            lambda: _network((-1, 49, 10, 1)),
            says="(?, 49, 10, 1)",
            severity=Severity.INFO,
        ),
        Bad("The length of a sequence", lambda: _network((1, -1, 10, 1)), says="dimension 1"),
        Bad("The length of a recording", _waveform, says="dimension 0"),
        Bad(
            "The length of a sequence, in Keras",
            lambda: _LENGTH.format(length="None"),
            says="dimension 1",
        ),
        Bad(
            "A recurrent layer with an open batch",
            lambda: _RECURRENT.format(batch=""),
            says="LSTM",
        ),
        Good("Every dimension is known", _network),
        Good("Every dimension is known, in Keras", lambda: _LENGTH.format(length=100)),
        Good(
            "A recurrent layer with a batch of one",
            lambda: _RECURRENT.format(batch=", batch_size=1"),
        ),
        Good("LiteRT resizes a batch", lambda: _network((-1, 49, 10, 1)), target="litert"),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        for found in open_inputs(context.model, context.graphs):
            for value in found.others:
                yield self._other(context, value)
            if found.batches and not found.others and context.runtime.is_mcu:
                yield self._batch(context, found.graph, found.batches)

    def check_keras(self, context: KerasContext) -> Iterator[Finding]:
        yield from worst_at_each_place(self._in_keras(context))

    def _in_keras(self, context: KerasContext) -> Iterator[Finding]:
        for network, tensor, open_at in open_keras_inputs(context.keras):
            yield self._open_input(context, network, tensor, open_at)
        for found in open_batches(context.keras):
            certain = is_certain(found.evidence)
            kind = layer_text(found.call.layer)
            more = f", as {found.others:,} more of this model do" if found.others else ""
            fails = "fails" if found.fails else "fails unless SELECT_TF_OPS is allowed"
            yield self.finding(
                f"{kind} reads a batch that is left open{more}: the TFLite conversion {fails} "
                f"('tf.TensorListReserve' op requires element_shape to be static)",
                location=found.call.location,
                severity=Severity.ERROR if found.fails and certain else Severity.WARNING,
                confidence=confidence(certain=certain),
                help="fix the batch of the input that is converted, as with `batch_size=1`, or "
                "unroll the layer (`unroll=True`)",
                fix=_BATCH_OF_1 if context.kind in SOURCES else None,
            )

    def _open_input(
        self, context: KerasContext, network: Network, tensor: Tensor, open_at: list[int]
    ) -> Finding:
        plural = "s" if len(open_at) > 1 else ""
        which = f"dimension{plural} {', '.join(map(str, open_at[:_SHOWN]))}"
        name = f" `{printable(tensor.name, 40)}`" if tensor.name else ""
        message = f"input{name} {shape_text(tensor.shape)} leaves {which} open"
        is_mcu = context.runtime.is_mcu
        why = (
            f"{context.runtime.title} cannot resize an input; a converted model gets 1 in its place"
            if is_mcu
            else "every caller has to resize it before it runs"
        )
        certain = is_certain(network.evidence)
        return self.finding(
            f"{message}: {why}",
            location=network.location if tensor.location == NOWHERE else tensor.location,
            severity=None if is_mcu else Severity.INFO,
            confidence=confidence(certain=certain),
            help="give it the size that the application uses, or build the model once more with "
            "that size for the conversion",
        )

    def _other(self, context: ModelContext, value: Value) -> Finding:
        found = open_dimensions(value.tensor)
        plural = "s" if len(found) > 1 else ""
        which = f"dimension{plural} {', '.join(map(str, found[:_SHOWN]))}"
        message = f"input {_named(value)} leaves {which} open"
        if not context.runtime.is_mcu:
            return self.finding(
                f"{message}: every caller has to resize it before it runs",
                value=value,
                severity=Severity.INFO,
                help="give it the size that the application uses and convert again",
            )
        return self.finding(
            f"{message}: {context.runtime.title} takes the file's shape {_shape(value.shape)} for "
            f"it, {size_text(value.bytes)}, and cannot resize it",
            value=value,
            help="give it the size that the application uses and convert again",
        )

    def _batch(self, context: ModelContext, graph: Graph, inputs: Sequence[Value]) -> Finding:
        shown = ", ".join(map(_named, inputs[:_SHOWN])) + (", ..." if len(inputs) > _SHOWN else "")
        several = len(inputs) > 1
        sizes = ", ".join(dict.fromkeys(str(v.shape[0]) for v in inputs[:_SHOWN] if v.shape))
        return self.finding(
            f"input{'s' if several else ''} {shown} leave{'' if several else 's'} the batch open; "
            f"{context.runtime.title} runs the {sizes} of the file's shape",
            value=inputs[0],
            severity=Severity.INFO,
            help=f"drop the tensors' shape signatures (`shape_signature`), which "
            f"{context.runtime.title} does not read: nothing changes on a device, and the file is "
            f"about {size_text(_signature_bytes(graph))} smaller",
            fix=Fix(FixSafety.SAFE, "tflint fix {path}"),
        )


def _signature_bytes(graph: Graph) -> int:
    """What the signatures take: a count, an offset to it, and 4 bytes a dimension, each."""
    return sum(
        8 + 4 * len(v.tensor.shape_signature) for v in graph.values if open_dimensions(v.tensor)
    )


def _named(value: Value) -> str:
    signature, shape = value.tensor.shape_signature, value.shape
    sizes = [
        "?" if given == -1 else str(size)
        for given, size in zip_longest(signature[:8], shape[:8], fillvalue=1)
    ]
    return f"`{printable(value.name, 40)}` ({', '.join(sizes)})"


def _shape(shape: Sequence[int]) -> str:
    return f"({', '.join(map(str, shape[:8]))})"
