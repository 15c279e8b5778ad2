"""TFL401."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.analysis.operand_types import hybrid_weights
from tflint.finding import Finding, Fix, FixSafety, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.graph import Node, Value
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.printable import size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule

FLOAT32 = TensorType.FLOAT32
# Position of the weights in operators whose weights quantisation turns into int8.
_WEIGHTS = {
    "CONV_2D": 1,
    "DEPTHWISE_CONV_2D": 1,
    "CONV_3D": 1,
    "TRANSPOSE_CONV": 1,
    "FULLY_CONNECTED": 1,
    "BATCH_MATMUL": 1,
    "SVDF": 1,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": 2,
}


def _dense(type: TensorType) -> Model:
    model = ModelBuilder()
    model.output(model.fully_connected(model.input((1, 64), type), units=16))
    return model.build()


class FloatModel(Rule):
    """The model computes in float32 on a microcontroller.

    ## What it does
    Adds up the float32 weights of convolutions, dense and recurrent layers and the float32
    activations, and says what int8 would make of them.

    ## Why it matters on a device
    Four times the flash and four times the RAM of int8. CMSIS-NN has no float kernels, so a
    float convolution runs the reference code: about three times the instructions of its
    int8 counterpart on a Cortex-M4, and an order of magnitude more without an FPU.

    ## Repair
    Full integer quantisation with a calibration set of real inputs.
    """

    meta = Metadata("TFL401", "float-model", Severity.WARNING, fix=FixSafety.RECONVERT)
    examples = (
        Bad("float32 weights", lambda: _dense(FLOAT32), says="4.0 KiB"),
        Good("int8 weights", lambda: _dense(TensorType.INT8)),
        Good("Not on a microcontroller", lambda: _dense(FLOAT32), target="litert"),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        if not context.runtime.is_mcu:
            return
        # A hybrid model does not run at all; what TFL204 says of it has the same repair.
        if any(hybrid_weights(node) for node in context.nodes):
            return
        nodes = [node for node in context.nodes if _float_weights(node) is not None]
        weights = {id(value): value for node in nodes if (value := _float_weights(node))}
        if not weights:
            return
        # Layers that share their weights keep them once.
        stored = sum({value.tensor.buffer: value.bytes for value in weights.values()}.values())
        map = max((v.bytes for node in nodes for v in node.outputs), default=0)
        largest = f", and activations of up to {size_text(map)}" if map else ""
        saved = f"{size_text(stored * 3 // 4)} of flash"
        if map:
            saved += f" and {size_text(map * 3 // 4)} of RAM for the largest activation"
        yield self.finding(
            f"{len(nodes)} operator{'s compute' if len(nodes) > 1 else ' computes'} with float32 "
            f"weights, {size_text(stored)}{largest}; int8 would take a quarter",
            node=nodes[0],
            help=f"quantise to int8 with a calibration set of real inputs: saves {saved}",
            fix=Fix(FixSafety.RECONVERT, "tflint fix {path} --quantize int8 --calibrate DATA"),
        )


def _float_weights(node: Node) -> Value | None:
    """The constant float32 weights of an operator, or None."""
    position = _WEIGHTS.get(node.name)
    weights = None if position is None else node.input(position)
    if weights is None or not weights.is_constant or weights.type is not FLOAT32:
        return None
    return weights
