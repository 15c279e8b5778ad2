"""TFL203."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.finding import Finding, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.graph import Node
from tflint.model.tables import Model
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule
from tflint_rules.wording import operators


def _unary(name: str) -> Model:
    model = ModelBuilder()
    model.output(model.unary(name, model.input((1, 4, 4, 1))))
    return model.build()


class MissingKernel(Rule):
    """The target's runtime has no kernel for a builtin operator.

    ## What it does
    Holds every builtin operator against the list of those the runtime can register, at the
    version that the facts were read from (`tflint explain OPERATOR` shows it). One finding
    for each kernel that is missing, at the first operator that needs it.

    ## Why it matters on a device
    TFLM implements about a hundred of the two hundred builtin operators. For one it does
    not have there is nothing to link: the interpreter stops before the first inference.

    ## Repair
    Express the layer with operators that have a kernel, or move the computation out of the
    model: pre- and postprocessing often fit plain C better.
    """

    meta = Metadata(
        "TFL203",
        "missing-kernel",
        Severity.ERROR,
        runtime_errors=(
            r"Didn't find op for builtin opcode '\w+'",
            r"Failed to get registration from op code (?!CUSTOM)\w+",
        ),
    )
    examples = (
        Bad("TFLM has no GELU", lambda: _unary("GELU"), says="no GELU"),
        Good("LiteRT does", lambda: _unary("GELU"), target="litert"),
        Good("RELU has a kernel everywhere", lambda: _unary("RELU")),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        runtime = context.runtime
        lacking: dict[str, list[Node]] = {}
        for node in context.nodes:
            if not node.code.is_custom and runtime.kernel(node.name) is None:
                lacking.setdefault(node.name, []).append(node)
        for name, nodes in lacking.items():
            needed = f", which {operators(nodes)} need" if len(nodes) > 1 else ""
            says = f"Failed to get registration from op code {name}"
            quoted = f' ("{says}")' if runtime.is_mcu else ""
            yield self.finding(
                f"{runtime.title} has no {name} kernel{needed}{quoted}",
                node=nodes[0],
                help=_HELP.get(name, _OTHERS),
            )


_OTHERS = "express it with operators that have one, or compute it outside the model"
_HELP = {"DENSIFY": "convert again with dense weights: it only expands those stored sparse"}
