"""TFL202."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.finding import Finding, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.flex import is_flex
from tflint.model.tables import Model
from tflint.printable import printable
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule


def _custom(name: str) -> Model:
    model = ModelBuilder()
    x, y = model.input((1, 16)), model.tensor((1, 16))
    model.operator(name, [x], [y])
    model.output(y)
    return model.build()


class CustomOp(Rule):
    """A custom operator that the target's runtime does not bring along.

    ## What it does
    Names operators outside the schema that are not among those the runtime registers
    itself (TFLM has its signal-processing operators, CIRCULAR_BUFFER and a few more).

    ## Why it matters on a device
    The interpreter looks the name up in its resolver and stops when it is not there. With
    your own kernel registered the model runs; without it, it does not.

    ## Repair
    Write and register the kernel, or build the layer from operators that have one.
    """

    meta = Metadata(
        "TFL202",
        "custom-op",
        Severity.ERROR,
        runtime_errors=(
            r"Encountered unresolved custom op",
            r"Failed to get registration from op code CUSTOM",
            r"custom op '\w*' not found",
        ),
    )
    examples = (
        Bad("An operator of one's own", lambda: _custom("MyWindow"), says="MyWindow"),
        Bad(
            "On a phone it can be registered at run time",
            lambda: _custom("MyWindow"),
            says="MyWindow",
            target="litert",
            severity=Severity.WARNING,
        ),
        Good("One that TFLM has", lambda: _custom("SignalWindow")),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        runtime = context.runtime
        for node in context.nodes:
            if not node.code.is_custom or is_flex(node) or node.name in runtime.custom_operators:
                continue
            yield self.finding(
                f"custom operator `{printable(node.name, 60)}` is not among the operators that "
                f"{runtime.title} brings along"
                + (' ("Failed to get registration from op code CUSTOM")' if runtime.is_mcu else ""),
                node=node,
                severity=Severity.ERROR if runtime.is_mcu else Severity.WARNING,
                help="register your own kernel for it, or build the layer from builtin operators",
            )
