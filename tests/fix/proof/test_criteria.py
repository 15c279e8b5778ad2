"""What is enough for a proof: shares are held by their counts, however few there are."""

from __future__ import annotations

import pytest

from tflint.fix.options import DEFAULT_TOLERANCE
from tflint.fix.proof.criteria import Meaning, shortcoming
from tflint.fix.proof.interface import Port
from tflint.fix.proof.measures import Decisions
from tflint.model.schema import TensorType


def _fails(found: Decisions, maker: str, tolerance: float = DEFAULT_TOLERANCE) -> bool:
    meaning = Meaning(Port(0, "y", None, (1, 1), TensorType.FLOAT32), maker, 0.0)
    return shortcoming(None, found, meaning, tolerance) is not None


@pytest.mark.parametrize(
    ("kept", "positives", "claimed", "fails"),
    [
        (15, 15, 15, False),
        (19, 20, 19, False),
        (14, 15, 14, True),
        (14, 14, 15, True),
        (3, 4, 3, True),
        (0, 3, 0, True),
    ],
)
def test_positive_answers_are_held_to_recall_and_precision(
    kept: int, positives: int, claimed: int, fails: bool
) -> None:
    # That the agreement is too small is not what is asked here.
    assert _fails(Decisions(500, 500, positives, kept, claimed), "LOGISTIC") is fails


@pytest.mark.parametrize(
    ("agreeing", "judged", "fails"),
    [(196, 200, False), (195, 200, True), (980, 1000, False), (979, 1000, True), (9, 10, True)],
)
def test_decisions_are_held_to_the_tolerance(agreeing: int, judged: int, fails: bool) -> None:
    assert _fails(Decisions(judged, agreeing), "SOFTMAX") is fails


def test_a_tolerance_is_what_accepts_less() -> None:
    assert _fails(Decisions(100, 97), "SOFTMAX")
    assert not _fails(Decisions(100, 97), "SOFTMAX", tolerance=0.03)
