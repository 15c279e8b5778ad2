"""Outputs become classes as argmax and a threshold say."""

from __future__ import annotations

import numpy as np
import pytest

from tflint.bench.decisions import UNDECIDED, Decision, decided, decision_of, ties
from tflint.errors import UsageError
from tflint.fix.proof.interface import Port
from tflint.model.schema import TensorType


def port(
    shape: tuple[int | None, ...],
    type: TensorType = TensorType.FLOAT32,
    scale: float | None = None,
    zero_point: int = 0,
) -> Port:
    return Port(0, "out", None, shape, type, scale, zero_point)


def several(columns: int) -> Decision:
    return decision_of(port((1, columns)), "SOFTMAX")


@pytest.mark.parametrize(
    ("shape", "columns"),
    [
        ((1, 10), 10),
        ((None, 10), 10),
        ((10,), 10),
        ((1, 1, 1, 10), 10),
        ((1, 10, 1), 10),
        ((1, 1), 1),
        ((1,), 1),
        ((None,), 1),
        ((), 1),
        ((1, None), None),
    ],
)
def test_the_columns_of_an_output(shape: tuple[int | None, ...], columns: int | None) -> None:
    assert decision_of(port(shape), "SOFTMAX").columns == columns


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (port((1, 49, 10)), "`out` has 49 x 10 values, not one decision a sample"),
        (port((4, 10)), "4 x 10 values"),
        (port((1, None, 10)), "any x 10 values"),
        (port((1, 0)), "is empty"),
        (port((1, 2), TensorType.COMPLEX64), "complex"),
    ],
)
def test_an_output_that_is_not_one_decision_is_refused(found: Port, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        decision_of(found, "")


def test_the_indices_of_the_best_classes_are_no_scores() -> None:
    with pytest.raises(UsageError, match="ranks several classes"):
        decision_of(port((1, 3), TensorType.INT32), "TOPK_V2")


@pytest.mark.parametrize(
    ("found", "maker", "threshold", "text"),
    [
        (port((1, 1)), "LOGISTIC", 0.5, "a probability (LOGISTIC)"),
        (port((1, 1)), "RELU_0_TO_1", 0.5, "from 0 to 1"),
        (port((1, 1)), "FULLY_CONNECTED", 0.0, "a logit (FULLY_CONNECTED)"),
        (port((1, 1)), "TANH", 0.0, "a logit (TANH)"),
        (port((1, 1), TensorType.INT8, 1 / 256, -128), "CUSTOM", 0.5, "range is 0 to 0.9961"),
        (port((1, 1), TensorType.UINT8, 1 / 255, 0), "CUSTOM", 0.5, "range is 0 to 1"),
        (port((1, 1), TensorType.INT8, 1 / 256, 0), "FULLY_CONNECTED", 0.0, "a logit"),
        (port((1, 1), TensorType.INT8, 0.05, -128), "RELU", 0.0, "a logit"),
    ],
)
def test_a_single_value_is_a_probability_or_a_logit(
    found: Port, maker: str, threshold: float, text: str
) -> None:
    decision = decision_of(found, maker)

    assert decision.threshold == threshold
    assert text in decision.text


def test_the_greatest_is_taken_and_among_equals_the_first() -> None:
    values = np.array([[0.1, 0.7, 0.2], [0.4, 0.2, 0.4], [0, 0, 0], [-3, -1, -2]], np.float32)

    assert decided(values[:, None], several(3)).tolist() == [1, 0, 0, 1]
    assert ties(values, several(3)) == 2


def test_a_value_on_the_threshold_is_no_yes() -> None:
    decision = decision_of(port((1, 1)), "LOGISTIC")
    values = np.array([0.5, np.nextafter(np.float32(0.5), np.float32(1)), 0.2, 1], np.float32)

    assert decided(values[:, None, None], decision).tolist() == [0, 1, 0, 1]
    assert ties(values[:, None], decision) == 0


def test_quantised_values_are_decided_as_what_they_stand_for() -> None:
    probability = decision_of(port((1, 1), TensorType.INT8, 1 / 256, -128), "LOGISTIC")
    logit = decision_of(port((1, 1), TensorType.INT8, 0.1, 7), "FULLY_CONNECTED")
    values = np.array([[-128], [0], [1], [7], [8], [127]], np.int8)

    assert decided(values, probability).tolist() == [0, 0, 1, 1, 1, 1]
    assert decided(values, logit).tolist() == [0, 0, 0, 0, 1, 1]


def test_what_is_not_a_number_decides_nothing() -> None:
    values = np.array([[0.1, np.nan], [np.nan, np.nan], [np.inf, 0], [-np.inf, 0]], np.float32)

    assert decided(values, several(2)).tolist() == [UNDECIDED, UNDECIDED, 0, 1]
    single = decision_of(port((1, 1)), "LOGISTIC")
    assert decided(values[:, 1:], single).tolist() == [UNDECIDED, UNDECIDED, 0, 0]


@pytest.mark.parametrize("type", [TensorType.INT32, TensorType.INT64, TensorType.UINT8])
def test_the_number_of_a_class_is_a_decision_itself(type: TensorType) -> None:
    decision = decision_of(port((1,), type), "ARG_MAX")

    assert decision.is_class
    assert decided(np.array([[3], [0]], decision.port.dtype), decision).tolist() == [3, 0]


def test_no_class_has_a_negative_number() -> None:
    decision = decision_of(port((1,), TensorType.INT32), "ARG_MAX")

    assert decided(np.array([[-7], [0]], np.int32), decision).tolist() == [UNDECIDED, 0]
