"""TFL604."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.analysis.affine import Affine, affine_runs
from tflint.analysis.batch_norm import left_norms
from tflint.analysis.dataflow import Dataflow
from tflint.analysis.fusion import LINEAR, fused_activation, is_nonlinear, linear_weights, origins
from tflint.analysis.operator_kinds import RESHAPES
from tflint.analysis.stored_constants import stored
from tflint.finding import Finding, Fix, FixSafety, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.graph import Node, Value
from tflint.model.schema import ActivationFunctionType, AddOptions, MulOptions, Padding
from tflint.model.tables import Model
from tflint.printable import counted, size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule
from tflint_rules.wording import operator, operators

# Under this, as in front of a dense layer, the operators cost little but themselves.
_SMALL = 1024
NONE = ActivationFunctionType.NONE
# The weights' dimension that counts input channels, of the operators that can take over what
# comes before them.
_INPUT_CHANNELS = {"CONV_2D": 3, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 1}


def _affine(model: ModelBuilder, x: int, *, channels: int = 1, add: bool = True) -> int:
    for name, options in (("MUL", MulOptions()), ("ADD", AddOptions()))[: 1 + add]:
        y = model.tensor(model.shape(x))
        model.operator(name, [x, model.constant((channels,))], [y], options)
        x = y
    return x


def _behind(activation: ActivationFunctionType = NONE) -> Model:
    """Batch normalisation behind a convolution."""
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 16, 16, 1)), 8, 3, activation=activation)
    model.output(model.unary("RELU", _affine(model, x, channels=8)))
    return model.build()


def _before(padding: Padding = Padding.VALID, *, add: bool = True, dense: bool = False) -> Model:
    """Scaling (and shifting) of the input in front of the first layer."""
    model = ModelBuilder()
    x = _affine(model, model.input((1, 16, 16, 3)), channels=3, add=add)
    y = model.fully_connected(model.flatten(x), 4) if dense else None
    model.output(model.conv_2d(x, 8, 3, padding=padding) if y is None else y)
    return model.build()


def _whole_map() -> Model:
    """A constant for each element is no factor of a convolution."""
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 6, 6, 1)), 8, 3, activation=NONE)
    y = model.tensor((1, 4, 4, 8))
    model.operator("MUL", [x, model.constant((1, 4, 4, 8))], [y], MulOptions())
    model.output(y)
    return model.build()


class UnfusedAffine(Rule):
    """A map is scaled or shifted by constants that the weights next to it could hold.

    ## What it does
    Finds MUL, ADD, SUB and DIV by one number, or by one for each channel, directly behind a
    convolution or dense layer without an activation, or directly in front of one. A
    summand in front of a convolution counts only where no padding mixes with it. Less than
    1 KiB of maps is for information. What stands behind an activation or a pool is TFL111.

    ## Why it matters on a device
    Each of these operators reads the whole map and writes it to a second place. The same
    numbers folded into weights and bias cost nothing at run time.

    ## Repair
    Multiply the weights of each channel by its factor and add the summand to the bias. The
    converter does so for a BatchNormalization that follows a layer without an activation,
    and a scaling of the input can go into the code that prepares it. Results differ by
    rounding.
    """

    meta = Metadata("TFL604", "unfused-affine", Severity.WARNING, fix=FixSafety.UNSAFE)
    examples = (
        Bad("Batch normalisation behind a convolution", _behind, says="MUL #1 and ADD #2"),
        Bad("Normalised input", _before, says="in front of CONV_2D #2"),
        Bad(
            "Scaled input in front of a padded convolution",
            lambda: _before(Padding.SAME, add=False),
            says="MUL #0",
        ),
        Bad("Normalised input of a dense layer", lambda: _before(dense=True), says="FULLY"),
        Good("Behind an activation: TFL111", lambda: _behind(ActivationFunctionType.RELU)),
        Good("A summand that padding would not have", lambda: _before(Padding.SAME)),
        Good("One constant for each element", _whole_map),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        for graph in context.graphs:
            dataflow = Dataflow(graph)
            runs = affine_runs(graph, dataflow)
            made_by = origins(graph) if runs else {}
            left = {norm.mul.index for norm in left_norms(graph)} if runs else set()
            for run in runs:
                if run.nodes[0].index in left:
                    continue
                source = made_by.get(run.input.index)
                if source is not None and is_nonlinear(source):
                    continue
                taker, where = _producer(run, dataflow), "behind"
                if taker is None:
                    taker, where = _consumer(run, dataflow), "in front of"
                if taker is not None:
                    yield self._finding(run, taker, where, dataflow)

    def _finding(self, run: Affine, taker: Node, where: str, dataflow: Dataflow) -> Finding:
        count = len(run.nodes)
        names = " and ".join(map(operator, run.nodes)) if count < 4 else operators(run.nodes)
        at = operator(taker)
        size = sum(node.outputs[0].bytes for node in run.nodes)
        written = size_text(size)
        parts = _parts(run, taker, where)
        freed = sum(c.bytes for c in map(stored, run.constants) if c and dataflow.reads(c) == 1)
        constants = f" and {size_text(freed)} of constants" if freed else ""
        per = "one constant for each channel" if run.per_channel else "a constant"
        s = "s" if count == 1 else ""
        verbs = [f"scale{s}"] * run.multiplies + [f"shift{s}"] * run.adds
        return self.finding(
            f"{names} {' and '.join(verbs)} a map {where} {at} by {per}, which its {parts} could "
            f"hold: {written} written for it at each inference",
            node=run.nodes[0],
            severity=Severity.INFO if size < _SMALL else None,
            help=f"fold into the {parts} of {at}: saves {counted(count, 'operator')}, {written} "
            f"of maps{constants}; results differ by rounding",
            fix=Fix(FixSafety.UNSAFE, "tflint fix {path} --unsafe"),
        )


def _parts(run: Affine, taker: Node, where: str) -> str:
    """What of the operator next to a run changes when it takes the run over."""
    if not run.multiplies:
        return "bias"
    scales_bias = where == "behind" and taker.input(LINEAR[taker.name][1]) is not None
    return "weights and bias" if run.adds or scales_bias else "weights"


def _producer(run: Affine, dataflow: Dataflow) -> Node | None:
    """The linear operator before a run, if its weights and bias can take the run over."""
    value: Value = run.input
    channels: int | None = value.shape[-1] if run.per_channel else None
    reader = run.nodes[0]
    while dataflow.sole_reader(value) is reader:
        maker = dataflow.maker(value)
        if maker is None:
            return None
        if channels is not None and (not value.shape or value.shape[-1] != channels):
            return None
        if maker.name not in RESHAPES:
            found = linear_weights(maker)
            if found is None or dataflow.reads(found[0]) != 1:
                return None
            if fused_activation(maker) != NONE or value.type != run.output.type:
                return None
            return maker if channels is None or found[1] == channels else None
        x = maker.inputs[0] if maker.inputs else None
        if x is None:
            return None
        value, reader = x, maker
    return None


def _consumer(run: Affine, dataflow: Dataflow) -> Node | None:
    """The linear operator behind a run, if its weights and bias can take the run over."""
    value = run.output
    reader = dataflow.sole_reader(value)
    while reader is not None and reader.name in RESHAPES and reader.outputs:
        value = reader.outputs[0]
        reader = dataflow.sole_reader(value)
    if reader is None or reader.name not in _INPUT_CHANNELS or run.activation != NONE:
        return None
    if reader.input(0) is not value or value.type != run.output.type:
        return None
    found = linear_weights(reader)
    axis = _INPUT_CHANNELS[reader.name]
    if found is None or len(found[0].shape) <= axis or dataflow.reads(found[0]) != 1:
        return None
    if run.adds and reader.name != "FULLY_CONNECTED":
        kernel = found[0].shape[1:3]
        padded = getattr(reader.options, "padding", None) != Padding.VALID
        if padded and kernel != (1, 1):
            return None
    if not run.per_channel:
        return reader
    return reader if _keeps_channels(run.output, value, found[0].shape[axis], reader) else None


def _keeps_channels(made: Value, read: Value, depth: int, reader: Node) -> bool:
    """Whether each weight of the reader still meets one channel of what was made.

    A dense layer may read the channels of a flattened map: its rows are then whole pixels.
    """
    channels = made.shape[-1]
    if reader.name == "FULLY_CONNECTED":
        return channels > 0 and depth % channels == 0
    if not read.shape or read.shape[-1] != channels:
        return False
    if reader.name == "DEPTHWISE_CONV_2D":
        return channels > 0 and depth % channels == 0
    return depth == channels
