"""Ports of models: real values in the types that they have."""

from __future__ import annotations

import numpy as np
import pytest

from tests.runtimes import run
from tflint.errors import UsageError
from tflint.fix.proof.interface import entries, first_entry, matched
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import TensorType
from tflint.model.tables import QuantizationParameters

TYPES = (TensorType.INT8, TensorType.UINT8, TensorType.INT16)


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("scale", [0.05, 0.5, 1 / 256, 0.0117])
def test_reals_are_quantised_as_the_operator_does_it(type: TensorType, scale: float) -> None:
    zero_point = 0 if type is TensorType.INT16 else 7
    build = ModelBuilder()
    x = build.input((1, 4001))
    y = build.tensor((1, 4001), type, per_tensor(scale, zero_point))
    build.operator("QUANTIZE", [x], [y])
    build.output(y)
    model = build.build()
    # Halves of steps, where rounding matters, the ends, and far beyond them.
    steps = np.concatenate(
        [np.arange(-1000, 1000) / 2, np.random.default_rng(0).normal(0, 1e5, 2001)]
    )
    reals = (steps * np.float32(scale)).astype(np.float32)

    (port,) = first_entry(model).outputs

    (expected,) = run(model, [reals.reshape(1, -1)], "litert")
    assert np.array_equal(port.quantised(reals), expected.ravel())


@pytest.mark.parametrize("type", TYPES)
def test_integers_become_reals_as_the_operator_does_it(type: TensorType) -> None:
    bounds = np.iinfo(type.name.lower())
    integers = np.arange(bounds.min, bounds.max + 1).astype(type.name.lower())
    build = ModelBuilder()
    x = build.input((len(integers),), type, per_tensor(0.0117, 0 if bounds.max > 255 else 3))
    y = build.tensor((len(integers),))
    build.operator("DEQUANTIZE", [x], [y])
    build.output(y)
    model = build.build()

    (port,) = first_entry(model).inputs

    (expected,) = run(model, [integers], "litert")
    assert np.array_equal(port.real(integers).astype(np.float32), expected)
    assert np.array_equal(port.quantised(port.real(integers)), integers)


def test_what_stands_for_no_reals_stays_as_it_is() -> None:
    build = ModelBuilder()
    build.input((1, 2), TensorType.INT32)
    build.input((1, 2), TensorType.BOOL)
    build.input((1, 2), TensorType.INT8, QuantizationParameters())
    build.input((1, 2), TensorType.INT8, per_tensor(float("inf")))
    build.input((1, 2), TensorType.INT8, per_tensor(-1.0))
    for port in first_entry(build.build()).inputs:
        values = np.array([[0, 1]], port.dtype)
        assert not port.is_real
        assert port.real(values).dtype == port.quantised(values).dtype == port.dtype


def test_types_that_cannot_be_compared_say_so() -> None:
    build = ModelBuilder()
    build.input((1,), TensorType.STRING)
    (port,) = first_entry(build.build()).inputs
    with pytest.raises(UsageError, match="is of type STRING, which cannot be compared"):
        _ = port.dtype


def test_a_model_without_a_graph_cannot_be_compared() -> None:
    from dataclasses import replace

    with pytest.raises(UsageError, match="no subgraph"):
        entries(replace(ModelBuilder().build(), subgraphs=()))


def test_ports_are_matched_by_the_names_of_signatures_or_by_position() -> None:
    def model(*names: str, signed: bool = True) -> ModelBuilder:
        build = ModelBuilder()
        tensors = [build.input((1, 2)) for _ in names]
        if signed:
            build.signature(dict(zip(names, tensors, strict=True)), {})
        return build

    old = first_entry(model("a", "b").build()).inputs
    assert matched(old, first_entry(model("b", "a").build()).inputs) == [1, 0]
    assert matched(old, first_entry(model("b", "c").build()).inputs) == [0, 1]
    assert matched(old, first_entry(model("b", "a", signed=False).build()).inputs) == [0, 1]
    assert matched(old, first_entry(model("a").build()).inputs) is None
