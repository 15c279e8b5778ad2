"""TFL601."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.analysis.dataflow import Dataflow
from tflint.analysis.layout_transposes import redundant_transposes
from tflint.finding import Finding, Fix, FixSafety, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.schema import AddOptions, TensorType, TransposeOptions
from tflint.model.tables import Model
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule
from tflint_rules.graph.movement_wording import describe, saving

_TO_LAST, _TO_FIRST = (0, 2, 3, 1), (0, 3, 1, 2)


def _transpose(model: ModelBuilder, x: int, order: tuple[int, ...]) -> int:
    shape = model.shape(x)
    y = model.tensor([shape[p] for p in order])
    argument = model.constant((len(order),), TensorType.INT32, order)
    model.operator("TRANSPOSE", [x, argument], [y], TransposeOptions())
    return y


def _pair(*, between: tuple[str, ...] = (), branch: bool = False) -> Model:
    """A convolution, a transpose, unary operators, and a transpose back."""
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 8, 8, 1)), 4, 3)
    x = _transpose(model, x, _TO_FIRST)
    for name in between:
        x = model.softmax(x) if name == "SOFTMAX" else model.unary(name, x)
    if branch:
        model.output(model.unary("ABS", x))
    x = _transpose(model, x, _TO_LAST)
    model.output(model.unary("TANH", x))
    return model.build()


def _heads() -> Model:
    """Heads split off and brought to the front, as attention does, in two steps."""
    model = ModelBuilder()
    x = model.unary("TANH", model.input((1, 4, 8, 2)))
    x = _transpose(model, _transpose(model, x, (0, 2, 1, 3)), (0, 3, 1, 2))
    model.output(model.softmax(x))
    return model.build()


def _bias() -> Model:
    """A bias added along the second dimension, as channels_first networks have it."""
    model = ModelBuilder()
    x = _transpose(model, model.conv_2d(model.input((1, 8, 8, 1)), 4, 3), _TO_FIRST)
    y = model.tensor(model.shape(x))
    model.operator("ADD", [x, model.constant((4, 1, 1))], [y], AddOptions())
    model.output(model.conv_2d(_transpose(model, y, _TO_LAST), 2, 3))
    return model.build()


def _branches() -> Model:
    """A sum of two branches, each transposed, and transposed back."""
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 8, 8, 1)), 4, 3)
    parts = [_transpose(model, model.conv_2d(x, 4, 1), _TO_FIRST) for _ in range(2)]
    y = model.tensor(model.shape(parts[0]))
    model.operator("ADD", parts, [y], AddOptions())
    model.output(model.unary("TANH", _transpose(model, y, _TO_LAST)))
    return model.build()


class RedundantTranspose(Rule):
    """Transposes that cancel out, or that one transpose could do.

    ## What it does
    Finds TRANSPOSE operators that follow one another, directly or with nothing but
    elementwise operators in between, and come to the order they started from, or to one
    transpose. Constants of the operators in between are turned along. The results in
    between must have no other reader. Transposes that only a channels_first network needs
    and that do not cancel are TFL101, a single one that moves nothing is TFL305.

    ## Why it matters on a device
    A transpose computes nothing, but reads and writes a whole map with scattered accesses,
    and for the time it runs both copies are in RAM.

    ## Repair
    Remove the pair and let the operators in between work on the map as it was. Outputs stay
    bit for bit the same.
    """

    meta = Metadata("TFL601", "redundant-transpose", Severity.WARNING, fix=FixSafety.SAFE)
    examples = (
        Bad("There and back", _pair, says="cancel out"),
        Bad("With RELU in between", lambda: _pair(between=("RELU",)), says="RELU #2"),
        Bad("With a bias in between", _bias, says="ADD #2"),
        Bad(
            "Around a sum of two branches",
            _branches,
            says="with ADD #5 in between, cancel out",
        ),
        Bad("Two that one could do", _heads, says="one could do"),
        Bad("Back again for one of two readers", lambda: _pair(branch=True), says="undoes"),
        Good("SOFTMAX works along a dimension", lambda: _pair(between=("SOFTMAX",))),
        Good(
            "The result in between has another reader",
            lambda: _pair(between=("RELU",), branch=True),
        ),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        for graph in context.graphs:
            for run in redundant_transposes(graph, Dataflow(graph)):
                yield self.finding(
                    describe(run),
                    node=run.movers[-1 if run.alone else 0],
                    help=saving(run),
                    fix=Fix(FixSafety.SAFE, "tflint fix {path}"),
                )
