"""What a repair is said to save is what it saves."""

from __future__ import annotations

import pytest

from tests.rules.findings import findings
from tflint.model.builder import ModelBuilder
from tflint.model.graph import graphs
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.printable import size_text
from tflint.target.target import parse_size

INT8, FLOAT16, FLOAT32 = TensorType.INT8, TensorType.FLOAT16, TensorType.FLOAT32


def network(activations: TensorType, weights: TensorType) -> Model:
    """Two convolutions and a dense layer; the first output is the largest map."""
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 32, 32, 1), activations), 16, 3, weights=weights)
    x = model.conv_2d(model.pool_2d(x), 32, 3, weights=weights)
    model.output(model.fully_connected(model.flatten(x), 10, weights=weights))
    return model.build()


def weight_bytes(model: Model) -> int:
    """Bytes of what convolutions and dense layers multiply with."""
    (graph,) = graphs(model)
    return sum(v.bytes for v in graph.values if v.is_constant and len(v.shape) > 1)


def largest_map(model: Model) -> int:
    (graph,) = graphs(model)
    found = (v.bytes for node in graph.nodes for v in node.outputs if node.name != "DEQUANTIZE")
    return max(found)


def test_a_float_model_saves_what_int8_leaves_out() -> None:
    float32, int8 = network(FLOAT32, FLOAT32), network(INT8, INT8)
    flash = weight_bytes(float32) - weight_bytes(int8)
    ram = largest_map(float32) - largest_map(int8)
    (finding,) = findings("TFL401", float32)

    assert f"saves {size_text(flash)} of flash and {size_text(ram)} of RAM" in finding.help


def test_a_hybrid_model_saves_ram_only() -> None:
    hybrid, int8 = network(FLOAT32, INT8), network(INT8, INT8)
    ram = largest_map(hybrid) - largest_map(int8)
    found = findings("TFL204", hybrid)

    assert weight_bytes(hybrid) == weight_bytes(int8)
    assert len(found) == 3
    # The same for all, so it is shown once.
    assert {finding.help for finding in found} == {found[0].help}
    assert f"saves {size_text(ram)} of RAM" in found[0].help


def test_layers_that_stayed_float_count_as_well() -> None:
    """The converter leaves filters of few weights in float32; their maps are the largest."""
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 32, 32, 1)), 16, 3)
    model.output(model.fully_connected(model.flatten(model.pool_2d(x)), 10, weights=INT8))
    (finding,) = findings("TFL204", model.build())

    assert f"saves {size_text(30 * 30 * 16 * 3)} of RAM" in finding.help


def test_float16_weights_halve_as_int8_and_double_as_float32() -> None:
    float16 = network(FLOAT32, FLOAT16)
    stored = {t: weight_bytes(network(FLOAT32, t)) for t in (FLOAT32, FLOAT16, INT8)}
    (finding,) = findings("TFL108", float16)

    assert f"saves {size_text(stored[FLOAT16] - stored[INT8])} of flash" in finding.help
    assert f"adding {size_text(stored[FLOAT32] - stored[FLOAT16])} of flash" in finding.help


def dense(depth: int, units: int, type: TensorType = FLOAT32) -> Model:
    model = ModelBuilder()
    model.output(model.fully_connected(model.input((1, depth), type), units, weights=type))
    return model.build()


@pytest.mark.parametrize(
    ("type", "flash", "says"),
    [
        (FLOAT32, "128K", "int8 would save 240.0 KiB, enough for this limit"),
        (FLOAT32, "64K", "int8 would save 240.0 KiB, not enough alone"),
        (INT8, "64K", None),
    ],
)
def test_int8_is_proposed_where_it_helps(type: TensorType, flash: str, says: str | None) -> None:
    (finding,) = findings("TFL302", dense(1024, 80, type), f"cortex-m4:flash={flash}")

    assert ("int8" in finding.help) == (says is not None)
    assert says is None or says in finding.help
    # Weights and biases as float32, or weights as int8.
    taken = 1024 * 80 * (4 if type is FLOAT32 else 1) + 80 * 4
    assert f"take {size_text(taken - parse_size(flash))} off" in finding.help


def test_a_board_is_the_limit_of_what_it_checks() -> None:
    model = dense(1024, 80)

    assert findings("TFL302", model, "arduino-nano-33-ble") == ()
    (finding,) = findings("TFL302", model, "arduino-zero")
    assert "256.0 KiB of flash that arduino-zero has" in finding.message
    (finding,) = findings("TFL302", model, "arduino-nano-33-ble:flash=64K")
    assert "64.0 KiB of flash" in finding.message


def test_data_that_no_one_reads_are_what_a_conversion_saves() -> None:
    model = ModelBuilder()
    x, y = model.input((1, 4)), model.tensor((1, 4))
    model.operator("ADD", [x, model.constant((1, 4), values=bytes(20))], [y])
    model.output(y)
    (finding,) = findings("TFL004", model.build())

    assert "saves 4 B of flash" in finding.help


def test_a_layer_is_named_once_with_all_its_constants() -> None:
    """Weights and bias are one layer."""
    model = dense(1024, 80)
    (finding,) = findings("TFL302", model, "arduino-zero")

    assert finding.message.endswith("most of it in FULLY_CONNECTED #0 320.3 KiB")
