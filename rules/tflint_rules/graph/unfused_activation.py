"""TFL603."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.analysis.dataflow import Dataflow
from tflint.analysis.unfused_activations import unfused_activations
from tflint.finding import Finding, Fix, FixSafety, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import ActivationFunctionType, AddOptions, TensorType
from tflint.model.tables import Model
from tflint.printable import size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule
from tflint_rules.wording import operator

NONE = ActivationFunctionType.NONE


def _network(
    activation: ActivationFunctionType = NONE,
    *,
    name: str = "RELU",
    type: TensorType = TensorType.FLOAT32,
    scale: float = 0.05,
    branch: bool = False,
) -> Model:
    """A convolution and an activation behind it; int8 with this output scale."""
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 16, 16, 1), type), 8, 3, activation=activation)
    y = model.tensor(
        model.shape(x), type, None if type == TensorType.FLOAT32 else per_tensor(scale)
    )
    model.operator(name, [x], [y])
    model.output(y, x) if branch else model.output(y)
    return model.build()


def _conv1d() -> Model:
    """What the converter of 2020 made of Conv1D with an activation."""
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 1, 32, 3)), 8, (1, 3), activation=NONE)
    x = model.reshape(x, (1, 30, 8))
    y = model.tensor((1, 30, 8))
    model.operator("ADD", [x, model.constant((8,))], [y], AddOptions())
    model.output(model.unary("RELU", y))
    return model.build()


class UnfusedActivation(Rule):
    """A RELU runs as an operator of its own that the operator before it could carry.

    ## What it does
    Finds RELU, RELU6 and RELU_N1_TO_1 behind a convolution, dense layer, pool or arithmetic
    operator that applies an activation itself when its options say so, reshapes in between
    included. The operator's result must have no other reader. An int8 activation whose
    scale differs from the operator's is reported as an unsafe repair: the result is
    rounded once instead of twice.

    ## Why it matters on a device
    Fused, an activation costs two comparisons an element. On its own it reads the whole map
    and writes it to a second place, and for the time it runs both are in RAM.

    ## Repair
    Set the activation in the options of the operator before and drop the RELU. The
    converter does so by itself when nothing that it cannot move stands between the two.
    """

    meta = Metadata("TFL603", "unfused-activation", Severity.WARNING, fix=FixSafety.SAFE)
    examples = (
        Bad("RELU behind a convolution", _network, says="CONV_2D #0"),
        Bad("RELU behind the addition of a Conv1D", _conv1d, says="ADD #2"),
        Bad(
            "int8 with one scale",
            lambda: _network(type=TensorType.INT8),
            says="1.5 KiB",
        ),
        Bad(
            "int8 with two scales",
            lambda: _network(type=TensorType.INT8, scale=0.03),
            says="another scale",
        ),
        Bad(
            "RELU behind RELU6",
            lambda: _network(ActivationFunctionType.RELU6),
            says="changes nothing",
        ),
        Good("A fused activation", lambda: _network(ActivationFunctionType.RELU, name="TANH")),
        Good("The convolution's result has another reader", lambda: _network(branch=True)),
        Good(
            "Two clamps that are no activation together",
            lambda: _network(ActivationFunctionType.RELU, name="RELU_N1_TO_1"),
            target="litert",
        ),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        for graph in context.graphs:
            for found in unfused_activations(graph, Dataflow(graph)):
                node, before, after = found.node, found.before, found.after
                at, size = operator(found.carrier), size_text(node.outputs[0].bytes)
                safe = found.is_exact
                fix = _SAFE if safe else _UNSAFE if found.is_near else None
                if before == after and safe:
                    message = f"{node.name} changes nothing behind the {before.name} fused in {at}"
                    help = f"remove it: saves an operator and a second copy of {size} in RAM"
                else:
                    message = (
                        f"{node.name} could be fused into {at}; on its own it reads and writes "
                        f"{size} once more at each inference"
                    )
                    help = (
                        f"set fused_activation_function={after.name} in {at} and remove "
                        f"{node.name}: saves an operator and a second copy of {size} in RAM"
                    )
                if not safe:
                    message += ", and rounds to another scale"
                    help += (
                        "; results may differ by a rounding step"
                        if found.is_near
                        else f", quantised anew: {operator(found.carrier)} would be cut off, or "
                        "scaled, otherwise"
                    )
                if context.runtime.kernel(node.name) is None:
                    help += f"; {context.runtime.title} runs it fused only"
                yield self.finding(message, node=node, help=help, fix=fix)


_SAFE = Fix(FixSafety.SAFE, "tflint fix {path}")
_UNSAFE = Fix(FixSafety.UNSAFE, "tflint fix {path} --unsafe")
