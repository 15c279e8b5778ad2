"""TFL107, TFL402, TFL404: float and uint8 parts of quantised graphs, and what they cost."""

from __future__ import annotations

import pytest

from tests.rules.findings import findings
from tflint.analysis.float_regions import float_regions
from tflint.finding import FixSafety
from tflint.model.builder import ModelBuilder
from tflint.model.graph import graphs
from tflint.model.graph_builder import GraphBuilder, per_tensor
from tflint.model.schema import AddOptions, TensorType
from tflint.model.tables import Model

FLOAT32, INT8, UINT8 = TensorType.FLOAT32, TensorType.INT8, TensorType.UINT8


def dequantize(graph: GraphBuilder, x: int) -> int:
    y = graph.tensor(graph.shape(x), FLOAT32)
    graph.operator("DEQUANTIZE", [x], [y])
    return y


def quantize(graph: GraphBuilder, x: int) -> int:
    y = graph.tensor(graph.shape(x), INT8, per_tensor(0.1))
    graph.operator("QUANTIZE", [x], [y])
    return y


def dense(graph: GraphBuilder, x: int) -> int:
    return graph.fully_connected(x, units=16)


def two_islands() -> Model:
    model = ModelBuilder()
    x = dense(model, model.input((1, 16), INT8))
    for name in ("HARD_SWISH", "EXP"):
        x = dense(model, quantize(model, model.unary(name, dequantize(model, x))))
    model.output(x)
    return model.build()


def residual_island() -> Model:
    """Two values leave int8, meet in float, and come back as two."""
    model = ModelBuilder()
    x = dense(model, model.input((1, 16), INT8))
    a, b = dequantize(model, x), dequantize(model, dense(model, x))
    total = model.tensor((1, 16), FLOAT32)
    model.operator("ADD", [a, b], [total], AddOptions())
    model.output(quantize(model, total), quantize(model, model.unary("ABS", total)))
    return model.build()


def test_each_island_is_one_finding() -> None:
    found = findings("TFL402", two_islands())

    assert ["HARD_SWISH" in f.message for f in found] == [True, False]
    assert found[0].fix is not None
    assert found[0].fix.safety is FixSafety.UNSAFE
    # Nothing that tflint could rewrite: TFLM has no int8 EXP.
    assert found[1].fix is None


def test_operators_that_share_a_float_tensor_are_one_island() -> None:
    (finding,) = findings("TFL402", residual_island())

    assert "ADD #4, ABS #6 compute in float32, 2 DEQUANTIZE before and 2 QUANTIZE" in (
        finding.message
    )
    # Four float32 tensors of 16 elements.
    assert "256 B of float32 tensors, 64 B in int8" in finding.message
    assert "saves 4 operators and up to 192 B" in finding.help


def test_float16_weights_make_no_island() -> None:
    model = ModelBuilder()
    model.output(model.fully_connected(model.input((1, 16)), 4, weights=TensorType.FLOAT16))

    assert findings("TFL402", model.build()) == ()
    assert findings("TFL107", model.build()) == ()


def test_weights_that_are_dequantised_belong_to_no_region() -> None:
    model = ModelBuilder()
    w = dequantize(model, model.constant((16, 16), INT8, quantization=per_tensor(0.1)))
    x = model.input((1, 16))
    y = model.tensor((1, 16))
    model.operator("FULLY_CONNECTED", [x, w, -1], [y])
    model.output(y)
    (region,) = float_regions(graphs(model.build())[0])

    assert region.entries == []
    assert [node.name for node in region.nodes] == ["FULLY_CONNECTED"]


def test_a_cycle_and_a_tensor_of_two_producers_are_walked_once() -> None:
    model = ModelBuilder()
    x, y = model.input((1, 4)), model.tensor((1, 4))
    for _ in range(50):
        model.operator("ADD", [x, y], [y], AddOptions())
        model.operator("RELU", [y], [x])
    model.output(y)
    (region,) = float_regions(graphs(model.build())[0])

    assert len(region.nodes) == 100
    assert len(region.values) == 2


def edges(reader: str | None = None) -> Model:
    """A float input that is quantised, and read as it is by an operator `reader` as well."""
    model = ModelBuilder()
    x = model.input((1, 16))
    y = dense(model, quantize(model, x))
    if reader is not None:
        model.output(model.unary(reader, x))
    model.output(y)
    return model.build()


def test_an_input_that_something_needs_in_float_is_no_edge() -> None:
    assert len(findings("TFL107", edges())) == 1
    # What has a kernel for integers can read these instead; TFLM has none for EXP.
    (finding,) = findings("TFL107", edges("ABS"))
    assert "read in float by ABS #2" in finding.message
    assert findings("TFL107", edges("EXP")) == ()


def test_kernel_code_is_only_saved_where_nothing_else_needs_it() -> None:
    model = ModelBuilder()
    x = dense(model, quantize(model, model.input((1, 16))))
    model.output(dense(model, quantize(model, model.unary("ABS", dequantize(model, x)))))
    (finding,) = findings("TFL107", model.build())

    assert "kernel code" not in finding.help
    assert "saves 1 operator, up to 64 B of RAM" in finding.help


def test_an_island_is_no_tail() -> None:
    assert findings("TFL107", two_islands()) == ()


def test_a_float_tail_that_mixes_in_a_float_input_is_not_the_quantisers_doing() -> None:
    model = ModelBuilder()
    y = dequantize(model, dense(model, model.input((1, 16), INT8)))
    total = model.tensor((1, 16))
    model.operator("ADD", [y, model.input((1, 16))], [total], AddOptions())
    model.output(total)

    assert findings("TFL107", model.build()) == ()


@pytest.mark.parametrize("target", ["tflm", "tflm-cmsis-nn"])
def test_a_uint8_model_is_one_finding(target: str) -> None:
    model = ModelBuilder()
    x = model.input((1, 8, 8, 1), UINT8)
    for _ in range(3):
        x = model.conv_2d(x, filters=2, kernel=1)
    model.output(x)
    (finding,) = findings("TFL404", model.build(), target)

    assert "3 operators compute in uint8" in finding.message
    assert "no uint8 kernel for any of them" in finding.message
