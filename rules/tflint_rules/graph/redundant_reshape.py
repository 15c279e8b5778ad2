"""TFL602."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.analysis.dataflow import Dataflow
from tflint.analysis.movement import reshape_runs
from tflint.finding import Finding, Fix, FixSafety, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.schema import (
    ActivationFunctionType,
    AddOptions,
    ExpandDimsOptions,
    SqueezeOptions,
    TensorType,
)
from tflint.model.tables import Model
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule
from tflint_rules.graph.movement_wording import describe, saving


def _chain(*shapes: tuple[int, ...], branch: bool = False) -> Model:
    """A convolution over (1, 4, 4, 2) and reshapes behind it."""
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 6, 6, 1)), 2, 3)
    for shape in shapes:
        x = model.reshape(x, shape)
        if branch:
            model.output(model.unary("TANH", x))
    model.output(model.fully_connected(x, 3))
    return model.build()


def _conv1d() -> Model:
    """What the converter of 2020 made of Conv1D and MaxPooling1D."""
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 1, 32, 3)), 8, (1, 3), activation=ActivationFunctionType.NONE)
    y, z, pooled = (model.tensor(shape) for shape in ((1, 30, 8), (1, 30, 8), (1, 30, 1, 8)))
    model.operator("SQUEEZE", [x], [y], SqueezeOptions(squeeze_dims=(1,)))
    model.operator("ADD", [y, model.constant((8,))], [z], AddOptions())
    axis = model.constant((), TensorType.INT32, (2,))
    model.operator("EXPAND_DIMS", [model.unary("RELU", z), axis], [pooled], ExpandDimsOptions())
    model.output(model.pool_2d(pooled, size=1, stride=2))
    return model.build()


def _computed() -> Model:
    model = ModelBuilder()
    x = model.reshape(model.input((1, 4, 4)), (1, 16))
    y = model.tensor((4, 4))
    model.operator("RESHAPE", [x, model.input((2,), TensorType.INT32)], [y])
    model.output(model.unary("TANH", y))
    return model.build()


# Observed with TensorFlow 2.21: around Conv1D and pools of one dimension.
_FIXED = "; today's converter does so by itself when it knows the input's shape, batch included"


class RedundantReshape(Rule):
    """Reshapes in a row that one reshape could do, or none.

    ## What it does
    Finds RESHAPE, SQUEEZE and EXPAND_DIMS that follow one another, directly or with nothing
    but elementwise operators in between, and says what remains of them. The results in
    between must have no other reader, the arguments must be constants. A single reshape to
    the shape that is there already is TFL305.

    ## Why it matters on a device
    A reshape changes no byte, but TFLM plans a place of its own for its result and copies
    the map over: RAM for both, and time for nothing.

    ## Repair
    Reshape once, or not at all. Outputs stay bit for bit the same. Those that a Conv1D
    leaves, a converter of today takes out by itself when the batch is known.
    """

    meta = Metadata("TFL602", "redundant-reshape", Severity.WARNING, fix=FixSafety.SAFE)
    examples = (
        Bad("Two in a row", lambda: _chain((1, 16, 2), (1, 32)), says="what one could do"),
        Bad("There and back", lambda: _chain((1, 32), (1, 4, 4, 2)), says="cancel out"),
        Bad("Around the addition of a Conv1D", _conv1d, says="with ADD #2, RELU #3 in between"),
        Good("One", lambda: _chain((1, 32))),
        Good(
            "Both shapes are read",
            lambda: _chain((1, 16, 2), (1, 32), branch=True),
        ),
        Good("A shape that is known at run time", _computed, target="litert"),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        for graph in context.graphs:
            resizable = any(-1 in value.tensor.shape_signature for value in graph.inputs)
            for run in reshape_runs(graph, Dataflow(graph)):
                yield self.finding(
                    describe(run),
                    node=run.movers[-1 if run.alone else 0],
                    help=saving(run) + (_FIXED if resizable else ""),
                    fix=Fix(FixSafety.SAFE, "tflint fix {path}") if run.is_repairable else None,
                )
