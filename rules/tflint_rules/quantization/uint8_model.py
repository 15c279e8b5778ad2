"""TFL404."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.analysis.dataflow import Dataflow
from tflint.analysis.operand_types import node_signature
from tflint.analysis.unsigned_activations import computes_in_uint8, signable_components
from tflint.finding import Finding, Fix, FixSafety, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.graph import Node
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import Padding, Pool2DOptions, ReshapeOptions, TensorType
from tflint.model.tables import Model
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule
from tflint.target.runtime import Runtime, Verdict

UINT8 = TensorType.UINT8


def _conv(type: TensorType) -> Model:
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 8, 8, 1), type), filters=4, kernel=3)
    y = model.tensor((1, 3, 3, 4), type)
    options = Pool2DOptions(
        padding=Padding.VALID, stride_w=2, stride_h=2, filter_width=2, filter_height=2
    )
    model.operator("MAX_POOL_2D", [x], [y], options)
    model.output(y)
    return model.build()


def _uint8_input() -> Model:
    model = ModelBuilder()
    x = model.input((1, 8, 8), UINT8, per_tensor(1 / 255))
    flat = model.tensor((1, 64), UINT8, per_tensor(1 / 255))
    model.operator("RESHAPE", [x], [flat], ReshapeOptions(new_shape=(1, 64)))
    y = model.tensor((1, 64), TensorType.INT8, per_tensor(1 / 255, -128))
    model.operator("QUANTIZE", [flat], [y])
    model.output(model.fully_connected(y, units=2))
    return model.build()


class Uint8Model(Rule):
    """The model is quantised to uint8, the scheme that int8 replaced.

    ## What it does
    Counts the operators that compute on uint8 activations, and those of them that the
    runtime has no uint8 kernel for (each of which TFL205 reports as an error).

    ## Why it matters on a device
    TFLM has dropped the uint8 kernels of nearly all operators, and CMSIS-NN never had fast
    ones. The old scheme also has one scale for all channels of a filter, which costs
    accuracy.

    ## Repair
    Convert the original model again with int8 quantisation. Where only the uint8 model is
    left, `tflint fix --unsafe` turns its activations into int8 exactly, and its weights by
    rounding once more those of channels that reach further than 127 steps from their zero point.
    """

    meta = Metadata("TFL404", "uint8-model", Severity.WARNING, fix=FixSafety.UNSAFE)
    examples = (
        Bad("uint8 throughout", lambda: _conv(UINT8), says="2 operators"),
        Good("int8 throughout", lambda: _conv(TensorType.INT8)),
        Good("Bytes that are only moved", _uint8_input),
        Good("LiteRT has the kernels", lambda: _conv(UINT8), target="litert"),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        runtime = context.runtime
        if not runtime.is_mcu:
            return
        found = [node for node in context.nodes if computes_in_uint8(node)]
        if not found:
            return
        repaired = any(
            signable_components(context.graphs[place], runtime, Dataflow(context.graphs[place]))
            for place in dict.fromkeys(node.subgraph for node in found)
        )
        refused = sum(_is_refused(runtime, node) for node in found)
        verdict = (
            f"{runtime.title} has no uint8 kernel for "
            + ("any of them" if refused == len(found) > 1 else f"{refused} of them")
            if refused
            else "no kernel for it is fast"
        )
        yield self.finding(
            f"{len(found)} operator{'s compute' if len(found) > 1 else ' computes'} in uint8, the "
            f"quantisation of before 2020; {verdict}",
            node=found[0],
            help="convert again with int8 quantisation: the same size, and a scale for each "
            "channel of a filter",
            fix=Fix(FixSafety.UNSAFE, "tflint fix {path} --unsafe") if repaired else None,
        )


def _is_refused(runtime: Runtime, node: Node) -> bool:
    kernel = runtime.kernel(node.name)
    if kernel is None:
        return True
    return kernel.verdict(node_signature(kernel, node)) is Verdict.REFUSED
