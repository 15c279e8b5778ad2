"""TFL204."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.analysis.operand_types import hybrid_weights, node_signature
from tflint.finding import Finding, Fix, FixSafety, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.printable import size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule
from tflint.target.runtime import Verdict


def _model(weights: TensorType, type: TensorType = TensorType.FLOAT32) -> Model:
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 8, 8, 1), type), filters=4, kernel=3, weights=weights)
    model.output(model.fully_connected(x, units=2, weights=weights))
    return model.build()


class HybridKernel(Rule):
    """Float activations meet integer weights: dynamic-range quantisation, which no MCU runs.

    ## What it does
    Finds convolutions, dense and recurrent layers whose input is float32 and whose weights
    are int8, which is what `Optimize.DEFAULT` without a representative dataset makes.

    ## Why it matters on a device
    Such "hybrid" kernels quantise the input anew at every inference. LiteRT has them, TFLM
    does not: "Hybrid models are not supported on TFLite Micro". The file looks four times
    smaller and runs nowhere.

    ## Repair
    Quantise the activations as well: full integer quantisation with a calibration set of a
    few hundred real inputs.
    """

    meta = Metadata(
        "TFL204",
        "hybrid-kernel",
        Severity.ERROR,
        fix=FixSafety.RECONVERT,
        runtime_errors=(
            r"Hybrid models are not supported",
            r"Input type: FLOAT32 with filter type: INT\d+ not supported",
        ),
    )
    examples = (
        Bad("Dynamic range", lambda: _model(TensorType.INT8), says="int8 weights", findings=2),
        Good("LiteRT has the kernels", lambda: _model(TensorType.INT8), target="litert"),
        Good("int8 throughout", lambda: _model(TensorType.INT8, TensorType.INT8)),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        runtime = context.runtime
        largest = _largest_float(context)
        for node in context.nodes:
            weights = hybrid_weights(node)
            kernel = runtime.kernel(node.name)
            if weights is None or kernel is None:
                continue
            signature = node_signature(kernel, node)
            if kernel.verdict(signature) is not Verdict.REFUSED:
                continue
            says = kernel.says.get(signature)
            quoted = f' ("{says}")' if says else ""
            yield self.finding(
                f"{node.name} has float32 activations and {weights.type.name.lower()} weights "
                f"({size_text(weights.bytes)}); {runtime.title} has no hybrid kernels{quoted}",
                node=node,
                value=weights,
                help=f"quantise activations too, full int8 with a calibration set: saves "
                f"{size_text(largest * 3 // 4)} of RAM for the largest activation",
                fix=Fix(FixSafety.RECONVERT, "tflint fix {path} --quantize int8 --calibrate DATA"),
            )


def _largest_float(context: ModelContext) -> int:
    """Bytes of the largest float32 activation, which quantisation divides by four."""
    return max(
        (
            value.bytes
            for graph in context.graphs
            for value in graph.values
            if value.type is TensorType.FLOAT32 and (value.producer or value.is_input)
        ),
        default=0,
    )
