"""TFL605."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.analysis.constant_folding import (
    Folding,
    dequantized,
    foldings,
    has_fixed_shapes,
)
from tflint.analysis.dataflow import Dataflow
from tflint.finding import Finding, Fix, FixSafety, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.graph import Graph
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import (
    FillOptions,
    FullyConnectedOptions,
    MulOptions,
    RandomOptions,
    TensorType,
    TransposeOptions,
)
from tflint.model.tables import Model
from tflint.model.types import QUANTIZED_RANGES
from tflint.printable import counted, size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule
from tflint_rules.wording import operators

INT32 = TensorType.INT32


def _dense(weights: str) -> Model:
    """A dense layer whose (4, 16) weights are made of constants in some way."""
    model = ModelBuilder()
    x, w, y = model.input((1, 16)), model.tensor((4, 16)), model.tensor((1, 4))
    if weights == "transposed":
        order = model.constant((2,), INT32, (1, 0))
        model.operator("TRANSPOSE", [model.constant((16, 4)), order], [w], TransposeOptions())
    elif weights == "scaled":
        scaled = model.tensor((16, 4))
        factors = [model.constant((16, 4)), model.constant((1,))]
        model.operator("MUL", factors, [scaled], MulOptions())
        order = model.constant((2,), INT32, (1, 0))
        model.operator("TRANSPOSE", [scaled, order], [w], TransposeOptions())
    elif weights == "filled":
        shape, value = model.constant((2,), INT32, (4, 16)), model.constant((), values=(1.0,))
        model.operator("FILL", [shape, value], [w], FillOptions())
    elif weights == "random":
        shape = model.constant((2,), INT32, (4, 16))
        model.operator("RANDOM_UNIFORM", [shape], [w], RandomOptions())
    elif weights == "int8":
        stored = model.constant((4, 16), TensorType.INT8, quantization=per_tensor(0.01))
        model.operator("DEQUANTIZE", [stored], [w])
    else:
        w = model.constant((4, 16))
    model.operator("FULLY_CONNECTED", [x, w, -1], [y], FullyConnectedOptions())
    model.output(y)
    return model.build()


class FoldableConstant(Rule):
    """Operators that compute the same from constants at each inference.

    ## What it does
    Finds operators all of whose inputs are constants, or come from such operators, and
    reports each connected group once. Left out is what has a state, is random, or may do
    more than compute: control flow, variables, custom operators. Weights that are stored in
    integers and expanded by DEQUANTIZE are one finding for all of them; float16 weights are
    TFL108, what starts from the shape of a tensor is TFL210.

    ## Why it matters on a device
    A constant stays in flash and is read in place. A result that is computed, be it from
    constants, needs RAM in the arena and time at each inference.

    ## Repair
    Store the result in place of the operators; outputs stay bit for bit the same. The file
    may grow by that: the finding says by how much. Expanded integer weights are better left
    in integers: quantise the activations too, so that int8 kernels read them as they are.
    """

    meta = Metadata("TFL605", "foldable-constant", Severity.WARNING, fix=FixSafety.SAFE)
    examples = (
        Bad("Transposed weights", lambda: _dense("transposed"), says="TRANSPOSE #0"),
        Bad("Scaled and transposed weights", lambda: _dense("scaled"), says="2 operators"),
        Bad("A tensor filled with one value", lambda: _dense("filled"), says="FILL #0"),
        Bad("int8 weights expanded to float32", lambda: _dense("int8"), says="1 DEQUANTIZE"),
        Good("Weights as they are", lambda: _dense("stored")),
        Good("Random numbers", lambda: _dense("random"), target="litert"),
        Good("LiteRT expands weights once", lambda: _dense("int8"), target="litert"),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        is_mcu = context.runtime.is_mcu
        for graph in context.graphs:
            dataflow = Dataflow(graph)
            fixed = has_fixed_shapes(graph, is_mcu=is_mcu)
            for folding in foldings(graph, dataflow, fixed_shapes=fixed):
                if not folding.of_shape:
                    yield self._finding(folding, is_mcu=is_mcu)
            if is_mcu:
                yield from self._expanded_weights(graph)

    def _finding(self, folding: Folding, *, is_mcu: bool) -> Finding:
        count, flash = len(folding.nodes), folding.flash_bytes
        ram = size_text(folding.arena_bytes)
        works = f"{counted(count, 'operator')} work{'s' if count == 1 else ''}"
        change = f"adds {size_text(flash)} to" if flash > 0 else f"saves {size_text(-flash)} of"
        results = "results" if len(folding.results) > 1 else "result"
        when = "at each inference" if is_mcu else "at run time"
        return self.finding(
            f"{works} on constants only ({operators(folding.nodes)}): {ram} of RAM for what is "
            f"always the same, computed {when}",
            node=folding.nodes[0],
            help=f"store the {results}: saves {counted(count, 'operator')} and "
            f"{ram} of RAM, {change} flash",
            fix=Fix(FixSafety.SAFE, "tflint fix {path}") if folding.is_repairable else None,
        )

    def _expanded_weights(self, graph: Graph) -> Iterator[Finding]:
        found = [(node, x) for node, x in dequantized(graph) if x.type in QUANTIZED_RANGES]
        if not found:
            return
        stored = sum(x.bytes for _, x in found)
        expanded = sum(node.outputs[0].bytes for node, _ in found)
        expand = "expands" if len(found) == 1 else "expand"
        yield self.finding(
            f"{len(found)} DEQUANTIZE {expand} {size_text(stored)} of integer weights to "
            f"{size_text(expanded)} of float32 at each inference, in RAM",
            node=found[0][0],
            value=found[0][1],
            help=f"quantise the activations too: int8 kernels read the weights in flash, which "
            f"saves {size_text(expanded)} of RAM and {counted(len(found), 'operator')}; stored as "
            f"float32 they would add {size_text(max(expanded - stored, 0))} to flash",
            fix=Fix(FixSafety.RECONVERT, "tflint fix {path} --quantize int8 --calibrate DATA"),
        )
