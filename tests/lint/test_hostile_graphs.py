"""Rules take time in proportion to a model's size, however it is laid out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType

import pytest

from tests.lint.hostile_graphs import GRAPHS
from tflint.lint.registry import all_rules
from tflint.lint.runner import check_model
from tflint.model.tables import Model
from tflint.target.target import find_target

# Python function calls that an operator or input may cost all rules together. The costliest
# layout needs about 840 (two operators an item, their arena included); a rule that walks the
# graph from each operator needs thousands.
CALLS_PER_ITEM = 1000


def calls_of(function: Callable[[], object]) -> int:
    """The number of Python function calls that running a function makes."""
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(before)
    return calls


@pytest.mark.parametrize("build", GRAPHS, ids=lambda build: build.__name__)
def test_work_is_proportional_to_size(build: Callable[[int], Model]) -> None:
    count = min(GRAPHS[build], 2000)
    model = build(count)
    rules, target = all_rules(), find_target("tflm")
    check_model(build(2), rules, target, "warm-up")
    calls = calls_of(lambda: check_model(model, rules, target, "model.tflite"))
    assert calls < CALLS_PER_ITEM * count
