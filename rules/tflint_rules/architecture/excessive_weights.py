"""TFL302."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.finding import Finding, Severity
from tflint.keras.network import Network
from tflint.model.builder import ModelBuilder
from tflint.model.cost import largest_first
from tflint.model.graph import Value
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.printable import printable, size_text
from tflint.rule import KERAS, Bad, Good, KerasContext, Kind, Metadata, ModelContext, Rule
from tflint_rules.architecture.held_weights import held_weights
from tflint_rules.keras.connections import outer_networks
from tflint_rules.keras.places import worst_at_each_place
from tflint_rules.keras.wording import (
    FLOAT32_BYTES,
    bytes_text,
    confidence,
    held_back,
    is_certain,
)
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


_SOURCE = """\
import keras

model = keras.Sequential([
    keras.Input((1024,)),
    keras.layers.Dense({units}, activation="relu"),
    keras.layers.Dense(10),
])
"""


class ExcessiveWeights(Rule):
    """The weights alone take more than the flash there is.

    ## What it does
    Adds up all constants and holds them against the target's flash: over it is an error.
    For a target without a size, 512 KiB stands in for a common board, with a warning, and
    256 KiB for a small one, for information. Names the layers that hold the weights, largest
    first. In Keras code the weights count as int8, one byte each, which is the least that they
    take after the usual conversion, and without what folds away; the message has both sizes.
    Where int8 would fit, and float32 does not, it is information.

    ## Why it matters on a device
    A model lives in flash, beside the runtime (20 to 90 KB of code) and the application. If
    the weights do not fit, nothing else matters.

    ## Repair
    Start with the layer named first: pool before a dense layer, fewer filters, depthwise
    separable convolutions. int8 quantisation divides float32 weights by four; the finding
    says whether that alone is enough.
    """

    meta = Metadata(
        "TFL302",
        "excessive-weights",
        Severity.WARNING,
        applies_to=frozenset((Kind.TFLITE,)) | KERAS,
    )
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
        Bad(
            "More than a common board has, in Keras",
            lambda: _SOURCE.format(units=1024),
            says="1,059,850 weights",
        ),
        Bad(
            "More than this board has, in Keras",
            lambda: _SOURCE.format(units=16),
            target="cortex-m0plus:flash=16K",
            says="16.2 KiB in int8",
            severity=Severity.ERROR,
        ),
        Bad(
            "It fits in int8 only, in Keras",
            lambda: _SOURCE.format(units=16),
            target="cortex-m0plus:flash=32K",
            says="64.7 KiB in float32",
            severity=Severity.INFO,
        ),
        Good("It fits, in Keras", lambda: _SOURCE.format(units=16)),
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

    def check_keras(self, context: KerasContext) -> Iterator[Finding]:
        yield from worst_at_each_place(self._in_keras(context))

    def _in_keras(self, context: KerasContext) -> Iterator[Finding]:
        flash = context.target.flash_bytes
        if flash is None and not context.runtime.is_mcu:
            return
        for network in outer_networks(context.keras):
            held = held_weights(network)
            if held is None:
                continue
            kept, count = held.kept, held.count
            certain = is_certain(network.evidence)
            severity, limit, whose = Severity.ERROR, flash, f"{context.target.name} has"
            if limit is None:
                limit, severity, whose = _COMMON_FLASH, Severity.WARNING, "common boards have"
                if kept <= limit:
                    limit, severity, whose = _SMALL_FLASH, Severity.INFO, "small boards have"
            fits = kept <= limit
            if fits and (flash is None or FLOAT32_BYTES * kept <= limit):
                continue
            if fits:
                severity = Severity.INFO
            over = f"{kept - limit:,} weights have to go" if not fits else "int8 is needed to fit"
            yield self.finding(
                f"{_of_network(network)}{count:,} weights take {bytes_text(kept)}, "
                f"{'in float32 ' if fits else ''}more than the {size_text(limit)} of flash that "
                f"{whose}; most of it in {held.largest(_SHOWN)}",
                location=network.location,
                severity=held_back(severity, certain=certain),
                confidence=confidence(certain=certain),
                help=f"{over}: start with the layer named first"
                if not fits
                else f"{over}: convert with full int8 quantisation, or start with the layer named "
                f"first",
            )


def _of_network(network: Network) -> str:
    return f"model `{printable(network.name, 40)}`: its " if network.name else ""


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
