"""Numbers that tell candidates apart."""

from __future__ import annotations

import numpy as np

from tflint.fix.quantize.agreement import decisions, quantized_inputs, score
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import TensorType
from tflint.model.writer import write_model


def _column(*values: float) -> np.ndarray:
    return np.array(values, np.float32)[:, None]


def test_decisions_of_classes_and_of_one_probability() -> None:
    classes = decisions(np.array([[0.1, 0.7, 0.2], [0.6, 0.3, 0.1]], np.float32))
    single = decisions(_column(0.2, 0.8))
    assert classes is not None
    assert single is not None
    assert classes.tolist() == [1, 0]
    assert single.tolist() == [0, 1]


def test_a_single_real_decides_nothing() -> None:
    assert decisions(_column(-3, 4)) is None


def test_equal_outputs_are_best() -> None:
    outputs = [_column(0.1, 0.9)]
    same = score(outputs, outputs)
    assert (same.error, same.agreement) == (0, 1)
    assert same.value > score(outputs, [_column(0.1, 0.8)]).value


def test_losing_the_rare_answer_is_worse_than_noise() -> None:
    original = [_column(*[0.01] * 99, 0.95)]
    noisy = [_column(*[0.02] * 99, 0.90)]
    lost = [_column(*[0.01] * 99, 0.10)]
    assert score(original, lost).value < score(original, noisy).value


def test_inputs_are_rounded_and_cut() -> None:
    model = ModelBuilder()
    x = model.input((1, 3), TensorType.INT8, per_tensor(0.5, 10))
    model.output(model.unary("RELU", x))
    (found,) = quantized_inputs(
        write_model(model.build()), [np.array([[[0.0, 1.2, 1e9]]], np.float32)]
    )
    assert found.dtype == np.int8
    assert found.tolist() == [[[10, 12, 127]]]
