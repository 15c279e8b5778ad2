"""TFL302."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.finding import Finding, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.cost import largest_first
from tflint.model.graph import Value
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.printable import printable, size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule
from tflint_rules.wording import operator

# Held against models for which the target sets no limit. Of the boards that tflint knows, one in
# eight has the first or less, one in four the second or less, before runtime and application.
_SMALL_FLASH, _COMMON_FLASH = 256 * 1024, 512 * 1024
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
    For a target without a size, 512 KiB stands in for a common board, with a warning, and
    256 KiB for a small one, for information. Names the layers that hold the weights, largest
    first.

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
        Bad("More than a common board has", lambda: _dense(1024, 160), says="FULLY_CONNECTED #0"),
        Bad(
            "More than a small board has",
            lambda: _dense(1024, 80),
            says="256.0 KiB of flash that small boards have",
            severity=Severity.INFO,
        ),
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
            says="the 128.0 KiB of flash that nucleo-f103rb has",
            severity=Severity.ERROR,
        ),
        Good("A board with room", lambda: _dense(1024, 80), target="arduino-nano-33-ble"),
        Good("It fits", lambda: _dense(64, 16), target="cortex-m0plus:flash=32K"),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        total, flash = context.weights.stored_bytes, context.target.flash_bytes
        if flash is None and not context.runtime.is_mcu:
            return
        limit, severity, whose = flash, Severity.ERROR, f"{context.target.name} has"
        if limit is None:
            limit, severity, whose = _COMMON_FLASH, Severity.WARNING, "common boards have"
            if total <= limit:
                limit, severity, whose = _SMALL_FLASH, Severity.INFO, "small boards have"
        if total <= limit:
            return
        constants = largest_first(v for graph in context.graphs for v in graph.values)
        held = ", ".join(f"{name} {size_text(size)}" for name, size in _held(constants)[:_SHOWN])
        holder = constants[0].consumers[0] if constants[0].consumers else None
        yield self.finding(
            f"{context.weights.count:,} weights take {size_text(total)}, more than "
            f"the {size_text(limit)} of flash that {whose}; most of it in {held}",
            node=holder,
            value=constants[0],
            severity=severity,
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


def _held(constants: list[Value]) -> list[tuple[str, int]]:
    """What each operator holds in constants, a bias with its weights, largest first."""
    held: dict[str, int] = {}
    for value in constants:
        name = _holder(value)
        held[name] = held.get(name, 0) + value.bytes
    return sorted(held.items(), key=lambda item: -item[1])


def _holder(value: Value) -> str:
    """The operator that a constant belongs to, past the DEQUANTIZE of float16 weights."""
    for node in value.consumers:
        if node.name == "DEQUANTIZE" and node.outputs and node.outputs[0].consumers:
            node = node.outputs[0].consumers[0]
        return operator(node)
    return f"`{printable(value.name, 40)}`, which no operator reads,"
