"""TFL305."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tflint.analysis.dataflow import Dataflow
from tflint.analysis.identity import Identity, removable_identity
from tflint.finding import Finding, Fix, FixSafety, Severity
from tflint.keras.values import Evidence
from tflint.model.builder import ModelBuilder
from tflint.model.graph import Node
from tflint.model.graph_builder import per_tensor
from tflint.model.record import Record
from tflint.model.schema import AddOptions, MulOptions, PadOptions, TensorType, TransposeOptions
from tflint.model.tables import Model
from tflint.printable import printable, size_text
from tflint.rule import KERAS, Bad, Good, KerasContext, Kind, Metadata, ModelContext, Rule
from tflint_rules.architecture.keras_identity import keras_identity
from tflint_rules.keras.connections import keras_calls
from tflint_rules.keras.places import always_at_its_place, worst_at_each_place
from tflint_rules.keras.sizes import elements, output_shape
from tflint_rules.keras.wording import (
    bytes_text,
    call_is_certain,
    confidence,
    layer_text,
    map_text,
)

_INT32 = TensorType.INT32


def _pool(size: int) -> Model:
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 12, 12, 3)), filters=8, kernel=3)
    x = model.pool_2d(x, size=size)
    model.output(model.conv_2d(x, filters=4, kernel=3))
    return model.build()


def _between(
    name: str,
    argument: Sequence[float],
    shape: Sequence[int],
    options: Record | None = None,
    type: TensorType = TensorType.FLOAT32,
) -> Model:
    """A convolution, the operator with a constant for its second input, a dense layer."""
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 8, 8, 1), type), filters=4, kernel=3)
    of = type if name in ("ADD", "MUL") else _INT32
    # Stored 100 with a scale of 0.01 is 1.
    quantization = per_tensor(0.01) if of is TensorType.INT8 else None
    y = model.tensor(model.shape(x), type, model.tensors[x].quantization)
    model.operator(name, [x, model.constant(shape, of, argument, quantization)], [y], options)
    model.output(model.fully_connected(model.flatten(y), units=2))
    return model.build()


def _transposed() -> Model:
    return _between("TRANSPOSE", (0, 2, 1, 3), (4,), TransposeOptions())


def _ends() -> Model:
    """Without the operator, the input would have to be the output."""
    model = ModelBuilder()
    model.output(model.reshape(model.input((1, 16)), (1, 16)))
    return model.build()


_SOURCE = """\
from tensorflow.keras import Sequential, layers

model = Sequential([
    layers.Input((16, 16, 1)),
    layers.Conv2D(8, 3, activation="relu"),
    layers.{layer},
    layers.Conv2D(8, 3, activation="relu"),
])
"""


def _keras(layer: str) -> str:
    return _SOURCE.format(layer=layer)


class IdentityOp(Rule):
    """An operator gives out exactly what it is given.

    ## What it does
    Finds pools of 1x1 with a stride of 1, reshapes to the same shape, transposes that move
    nothing, paddings by 0, multiplications by 1, additions of 0, slices and splits that take
    everything, concatenations of one tensor, resizes to the same size and the like. What is
    quantised counts where scale and zero point stay, and the fixed-point kernel provably
    gives every value back. Operators that connect an input of the model to an output are
    left alone: something has to. In Keras code it finds layers that do nothing: a warning where
    the converter keeps an operator for them (a pool of 1x1, a Cropping by 0, an UpSampling by
    1), information where it leaves nothing (Dropout(0), a linear Activation, a ZeroPadding by 0,
    a Reshape to the same shape, a Flatten of what is flat, a sum of one).

    ## Why it matters on a device
    Neither TFLM nor LiteRT removes such an operator. It reads and writes the whole tensor at
    each inference, and while it runs, both copies are in RAM; where that is the peak, the
    arena is larger by a whole tensor.

    ## Repair
    Leave it out: what reads its output reads its input. In Keras, remove the layer
    (`MaxPooling2D(1)`) and convert again; the weights stay valid.
    """

    meta = Metadata(
        "TFL305",
        "identity-op",
        Severity.WARNING,
        fix=FixSafety.SAFE,
        applies_to=frozenset((Kind.TFLITE,)) | KERAS,
    )
    examples = (
        Bad("A pool of 1x1", lambda: _pool(1), says="pools 1x1 with a stride of 1"),
        Bad(
            "Padding by nothing",
            lambda: _between("PAD", (0,) * 8, (4, 2), PadOptions()),
            says="pads by 0",
        ),
        Bad(
            "A transpose that moves nothing",
            lambda: _between("TRANSPOSE", (0, 1, 2, 3), (4,), TransposeOptions()),
            says="moves no element",
        ),
        Bad(
            "Multiplied by 1",
            lambda: _between("MUL", (1, 1, 1, 1), (4,), MulOptions()),
            says="multiplies by 1",
        ),
        Bad(
            "Multiplied by 1 in int8",
            lambda: _between("MUL", (100,), (1,), MulOptions(), TensorType.INT8),
            says="multiplies by 1",
        ),
        Bad(
            "A pool of 1x1, in Keras",
            lambda: _keras("MaxPooling2D(1)"),
            says="pools 1 x 1 with a stride of 1",
        ),
        Bad(
            "Dropout of nothing, in Keras",
            lambda: _keras("Dropout(0)"),
            says="drops nothing",
            severity=Severity.INFO,
        ),
        Good("A pool of 1x1 with a stride of 2, in Keras", lambda: _keras("MaxPooling2D(1, 2)")),
        Good("Dropout, in Keras", lambda: _keras("Dropout(0.25)")),
        Good("A pool of 2x2", lambda: _pool(2)),
        Good("A transpose of rows and columns", _transposed),
        Good("One channel is scaled", lambda: _between("MUL", (1, 1, 1, 2), (4,), MulOptions())),
        Good("Something is added", lambda: _between("ADD", (0.5,), (1,), AddOptions())),
        Good("Nothing but this between input and output", _ends),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        for graph in context.graphs:
            dataflow = Dataflow(graph)
            for node in graph.nodes:
                found = removable_identity(node, dataflow)
                if found is not None:
                    yield self._finding(found, node)

    def _finding(self, found: Identity, node: Node) -> Finding:
        size, y = node.outputs[0].bytes, node.outputs[0]
        shape = " x ".join(map(str, y.shape[:8])) or "scalar"
        zeros = "" if found.is_exact else "; 0.0 for -0.0 aside, outputs stay the same"
        return self.finding(
            f"{printable(node.name, 40)} {found.does}: its {shape} output is its input, "
            f"copied at each inference",
            node=node,
            help=f"leave it out: that saves an operator, and {size_text(size)} of RAM while "
            f"it runs{zeros}",
            fix=Fix(FixSafety.SAFE, "tflint fix {path}")
            if found.is_exact
            else Fix(FixSafety.UNSAFE, "tflint fix {path} --unsafe"),
        )

    def check_keras(self, context: KerasContext) -> Iterator[Finding]:
        yield from worst_at_each_place(self._in_keras(context))

    def _in_keras(self, context: KerasContext) -> Iterator[Finding]:
        calls = keras_calls(context.keras)
        for call in always_at_its_place(calls, lambda call: keras_identity(call) is not None):
            found = keras_identity(call)
            # A factory that nothing calls: its defaults are there to be changed.
            if found is None or call.evidence is Evidence.ASSUMED:
                continue
            shape = output_shape(call)
            size = elements(shape)
            saves = "that saves a step in training"
            what = "the converter leaves nothing of it"
            if found.stays_as is not None:
                copied = "" if size is None else f", which copies its {map_text(shape)} input"
                what = f"it stays in the model as {found.stays_as}{copied} at each inference"
                saves = "that saves an operator" + (
                    "" if size is None else f", and {bytes_text(size)} of RAM while it runs"
                )
            yield self.finding(
                f"{layer_text(call.layer)} {found.does}: {what}",
                location=call.location,
                severity=None if found.stays_as is not None else Severity.INFO,
                confidence=confidence(certain=call_is_certain([call])),
                help=f"leave it out: {saves}",
            )
