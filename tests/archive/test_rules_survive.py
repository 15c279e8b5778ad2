"""All rules over archives that somebody changed: findings, and never an exception."""

from __future__ import annotations

import copy

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.archive.mutations import mutate
from tests.archive.recorded_networks import Recorded, recorded_networks
from tflint.lint.registry import all_rules
from tflint.lint.runner import check_example
from tflint.report.json_document import render
from tflint.report.result import LintReport
from tflint.target.target import find_target

TFLM = find_target("tflm")


@settings(max_examples=100)
@given(st.sampled_from(recorded_networks()), st.data())
def test_rules_find_things_in_changed_configurations(
    recorded: Recorded, data: st.DataObject
) -> None:
    config = copy.deepcopy(recorded.config)
    for _ in range(data.draw(st.integers(1, 3))):
        mutate(config, data)
    report = check_example(config, all_rules(), TFLM)

    assert "keras-archive" in render(LintReport(TFLM, (report,)))
