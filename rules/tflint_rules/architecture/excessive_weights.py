"""TFL302."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tflint.finding import Finding, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.cost import largest_first
from tflint.model.graph import Value
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.printable import printable, size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule

# The flash of the smallest widely used Cortex-M4 boards, held against models for which the
# target sets no limit. It is a warning for that reason.
_USUAL_FLASH = 256 * 1024
_SHOWN = 3
# The share of its bytes that a type loses to int8.
_INT8_SAVES = {TensorType.FLOAT32: 3 / 4, TensorType.FLOAT16: 1 / 2}


def _dense(depth: int, units: int) -> Model:
    model = ModelBuilder()
    model.output(model.fully_connected(model.input((1, depth)), units))
    return model.build()


class ExcessiveWeights(Rule):
    """The weights alone take more than the flash there is.

    ## What it does
    Adds up all constants and holds them against the target's flash: over it is an error.
    For a target without a size, 256 KiB stands in for a usual board, with a warning. Names
    the layers that hold the weights, largest first.

    ## Why it matters on a device
    A model lives in flash, beside the runtime (20 to 90 KB of code) and the application. If
    the weights do not fit, nothing else matters.

    ## Repair
    Start with the layer named first: pool before a dense layer, fewer filters, depthwise
    separable convolutions. int8 quantisation divides float32 weights by four; the finding
    says whether that alone is enough.
    """

    meta = Metadata("TFL302", "excessive-weights", Severity.WARNING)
    examples = (
        Bad("More than a usual board has", lambda: _dense(1024, 80), says="FULLY_CONNECTED #0"),
        Bad(
            "More than this board has",
            lambda: _dense(64, 16),
            target="cortex-m0plus:flash=2K",
            says="2.0 KiB of flash",
            severity=Severity.ERROR,
        ),
        Bad(
            "More than a board has",
            lambda: _dense(1024, 80),
            target="nucleo-f103rb",
            says="nucleo-f103rb's 128.0 KiB of flash",
            severity=Severity.ERROR,
        ),
        Good("A board with room", lambda: _dense(1024, 80), target="arduino-nano-33-ble"),
        Good("It fits", lambda: _dense(64, 16), target="cortex-m0plus:flash=32K"),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        total, flash = context.weights.stored_bytes, context.target.flash_bytes
        if flash is None and not context.runtime.is_mcu:
            return
        limit = _USUAL_FLASH if flash is None else flash
        if total <= limit:
            return
        constants = largest_first(v for graph in context.graphs for v in graph.values)
        held = ", ".join(f"{layer} {size_text(size)}" for layer, size in _layers(constants))
        against = (
            f"the {size_text(limit)} that usual boards have"
            if flash is None
            else f"{context.target.name}'s {size_text(limit)} of flash"
        )
        holder = constants[0].consumers[0] if constants[0].consumers else None
        yield self.finding(
            f"{context.weights.count:,} weights take {size_text(total)}, more than {against}; "
            f"most of it in {held}",
            node=holder,
            value=constants[0],
            severity=Severity.WARNING if flash is None else Severity.ERROR,
            help=_repair(constants, total - limit),
        )


def _repair(constants: list[Value], over: int) -> str:
    """How much has to go, and what int8 would take off where there is float to quantise."""
    # Biases, of one dimension, become int32.
    floats = {
        value.tensor.buffer: value.bytes * _INT8_SAVES[value.type]
        for value in constants
        if value.type in _INT8_SAVES and len(value.shape) > 1
    }
    saved = int(sum(floats.values()))
    help = f"take {size_text(over)} off, from the layer named first"
    if not saved:
        return help
    enough = "enough for this limit" if saved >= over else "not enough alone"
    return f"{help}; int8 would save {size_text(saved)}, {enough}"


def _layers(constants: list[Value]) -> list[tuple[str, int]]:
    """The layers that hold the most, largest first, each with the bytes of all its constants."""
    sizes: Counter[str] = Counter()
    seen: set[int] = set()
    for value in constants:
        # A buffer that two layers share is stored once.
        if value.tensor.buffer not in seen:
            seen.add(value.tensor.buffer)
            sizes[_holder(value)] += value.bytes
    return sizes.most_common(_SHOWN)


def _holder(value: Value) -> str:
    """The operator that a constant belongs to, past the DEQUANTIZE of float16 weights."""
    for node in value.consumers:
        if node.name == "DEQUANTIZE" and node.outputs and node.outputs[0].consumers:
            node = node.outputs[0].consumers[0]
        return f"{printable(node.name, 40)} #{node.index}"
    return f"`{printable(value.name, 40)}`, which no operator reads,"
