"""TFL402."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.analysis.dataflow import Dataflow
from tflint.analysis.float_regions import (
    FLOAT32,
    Region,
    float_regions,
    int8_verdict,
)
from tflint.analysis.integer_regions import lowering
from tflint.finding import Finding, Fix, FixSafety, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.graph import Node
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.printable import printable, size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule
from tflint.target.runtime import Runtime, Verdict
from tflint_rules.wording import operators

INT8 = TensorType.INT8


def _island(*operators: str, back: bool = True) -> Model:
    """A dense layer in int8, float operators, and (with `back`) another in int8."""
    model = ModelBuilder()
    x = model.fully_connected(model.input((1, 64), INT8), units=64)
    if operators:
        wide = model.tensor((1, 64), FLOAT32)
        model.operator("DEQUANTIZE", [x], [wide])
        for name in operators:
            wide = model.unary(name, wide)
        x = wide
    if back:
        if operators:
            x = model.tensor((1, 64), INT8, per_tensor(0.05))
            model.operator("QUANTIZE", [wide], [x])
        x = model.fully_connected(x, units=8)
    model.output(x)
    return model.build()


def _pair() -> Model:
    model = ModelBuilder()
    x = model.fully_connected(model.input((1, 64), INT8), units=64)
    wide, narrow = model.tensor((1, 64), FLOAT32), model.tensor((1, 64), INT8, per_tensor(0.1))
    model.operator("DEQUANTIZE", [x], [wide])
    model.operator("QUANTIZE", [wide], [narrow])
    model.output(model.fully_connected(narrow, units=8))
    return model.build()


class QuantizeIslands(Rule):
    """Float operators in the middle of an int8 graph.

    ## What it does
    Finds float operators between a DEQUANTIZE and a QUANTIZE, one finding for those that hang
    together: which they are, the float tensors between them, and whether the runtime has int8
    kernels for them. Float operators that the model ends with are not in the middle.

    ## Why it matters on a device
    Each float tensor takes four times the RAM of the int8 one, the two conversions cost
    operators, and the operators between run without an FPU or SIMD where their neighbours
    have both.

    ## Repair
    `tflint fix --unsafe` computes in integers what the runtime has kernels for, on scales that
    follow from those around the island. Where it has none, or the converter leaves the operator
    in float (as it does ELU): replace the operator in the source by another.
    """

    meta = Metadata("TFL402", "quantize-islands", Severity.WARNING, fix=FixSafety.UNSAFE)
    examples = (
        Bad("A float HARD_SWISH", lambda: _island("HARD_SWISH"), says="512 B"),
        Bad("Two operators, one island", lambda: _island("TANH", "ABS"), says="TANH #2, ABS #3"),
        Bad("TFLM has no int8 EXP", lambda: _island("EXP"), says="EXP"),
        Bad("Nothing in between", _pair, says="for nothing"),
        Good("A float operator at the end", lambda: _island("LOGISTIC", back=False)),
        Good("int8 throughout", _island),
        Good("Not on a microcontroller", lambda: _island("HARD_SWISH"), target="litert"),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        runtime = context.runtime
        if not runtime.is_mcu:
            return
        for graph in context.graphs:
            dataflow = Dataflow(graph)
            for region in float_regions(graph):
                if not region.entries or not region.exits:
                    continue
                found = lowering(region, runtime, dataflow, context.constants)
                yield self.finding(
                    f"{_what(region)}, {_count(region.entries)} DEQUANTIZE before and "
                    f"{_count(region.exits)} QUANTIZE behind: {size_text(region.bytes)} of float32 "
                    f"tensors, {size_text(region.elements)} in int8",
                    node=region.nodes[0] if region.nodes else region.entries[0],
                    help=_help(runtime, region),
                    fix=None if found is None else _FIX,
                )


_FIX = Fix(FixSafety.UNSAFE, "tflint fix {path} --unsafe")


def _count(nodes: list[Node]) -> str:
    return "a" if len(nodes) == 1 else str(len(nodes))


def _what(region: Region) -> str:
    if not region.nodes:
        return "float32 for nothing"
    verb = "compute" if len(region.nodes) > 1 else "computes"
    return f"{operators(region.nodes)} {verb} in float32"


def _lacking(runtime: Runtime, region: Region) -> dict[str, Verdict]:
    """Operators of the region that the runtime has no int8 kernel for, as far as is known."""
    verdicts = {node.name: int8_verdict(runtime, node) for node in region.nodes}
    return {name: found for name, found in verdicts.items() if found is not Verdict.ACCEPTED}


def _help(runtime: Runtime, region: Region) -> str:
    if not region.nodes:
        return (
            "one QUANTIZE from int8 to int8 does the same: saves an operator and "
            f"{size_text(region.bytes)} of RAM while it runs"
        )
    conversions = len(region.entries) + len(region.exits)
    saved = size_text(region.bytes - region.elements)
    gain = f"saves {conversions} operators and up to {saved} of RAM"
    lacking = _lacking(runtime, region)
    if not lacking:
        them = "it" if len(region.nodes) == 1 else "all of them"
        return (
            f"{runtime.title} has an int8 kernel for {them}, which {gain}; where the converter "
            "leaves such operators in float, choose others in the source"
        )
    has = "has no" if Verdict.REFUSED in lacking.values() else "is not known to have an"
    names = ", ".join(printable(name, 40) for name in list(lacking)[:4])
    return f"{runtime.title} {has} int8 kernel for {names}: another operator in its place {gain}"
