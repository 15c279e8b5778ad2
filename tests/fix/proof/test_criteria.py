"""What is enough for a proof."""

from __future__ import annotations

import pytest

from tflint.fix.options import DEFAULT_TOLERANCE
from tflint.fix.proof.criteria import Meaning, caution, shortcoming
from tflint.fix.proof.interface import Port
from tflint.fix.proof.measures import Decisions
from tflint.model.schema import TensorType


@pytest.mark.parametrize(
    ("kept", "positives", "claimed", "fails", "doubts"),
    [
        (15, 15, 15, False, False),
        (14, 15, 14, False, True),
        (13, 15, 13, False, True),
        (10, 15, 10, True, False),
        (13, 13, 15, False, True),
        (10, 10, 15, True, False),
        (130, 150, 130, True, False),
        (143, 150, 143, False, False),
        (0, 3, 0, True, False),
        (2, 3, 2, True, False),
        (3, 4, 3, False, True),
    ],
)
def test_few_positives_fail_where_chance_does_not_explain_it(
    kept: int, positives: int, claimed: int, fails: bool, doubts: bool
) -> None:
    # That the agreement is too small is not what is asked here.
    found = Decisions(500, 500, positives, kept, claimed)
    meaning = Meaning(Port(0, "y", None, (1, 1), TensorType.FLOAT32), "LOGISTIC", 0.0)
    assert (shortcoming(None, found, meaning, DEFAULT_TOLERANCE) is not None) is fails
    assert (caution(found, DEFAULT_TOLERANCE) is not None) is doubts


@pytest.mark.parametrize(
    ("agreeing", "judged", "fails", "doubts"),
    [
        (196, 200, False, False),
        (193, 200, False, True),
        (192, 200, True, False),
        (972, 1000, False, True),
        (971, 1000, True, False),
        (9, 10, False, True),
    ],
)
def test_an_agreement_fails_where_the_samples_are_enough_to_tell(
    agreeing: int, judged: int, fails: bool, doubts: bool
) -> None:
    found = Decisions(judged, agreeing)
    meaning = Meaning(Port(0, "y", None, (1, 3), TensorType.FLOAT32), "SOFTMAX", 0.0)
    assert (shortcoming(None, found, meaning, DEFAULT_TOLERANCE) is not None) is fails
    assert (caution(found, DEFAULT_TOLERANCE) is not None) is doubts
