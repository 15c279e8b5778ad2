"""The step that a proof fails with is found, in few proofs."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from tflint.errors import HostFailed
from tflint.fix.proof.bisection import first_failing
from tflint.report.fix_result import Proof


def proof(holds: bool) -> Proof:
    return Proof("litert-reference", 1, holds, 0, 0, 0, failure=None if holds else "differs")


@given(st.integers(1, 200), st.data())
def test_the_first_of_the_failing_steps_is_found(count: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, count - 1))
    asked: list[int] = []

    def proved(step: int) -> Proof:
        asked.append(step)
        return proof(step < first)

    assert first_failing(count, proved) == first
    assert len(asked) <= math.ceil(math.log2(count)) if count > 1 else not asked


@given(st.lists(st.booleans(), min_size=1, max_size=30))
def test_what_is_found_is_a_culprit_where_later_steps_hide_it(holds: list[bool]) -> None:
    holds[-1] = False
    found = first_failing(len(holds), lambda step: proof(holds[step]))
    assert not holds[found]
    assert found == 0 or holds[found - 1]


def test_a_crash_is_a_failure() -> None:
    def proved(step: int) -> Proof:
        if step >= 2:
            raise HostFailed("crashed")
        return proof(True)

    assert first_failing(5, proved) == 2
