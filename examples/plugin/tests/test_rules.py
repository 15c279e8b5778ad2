"""Each rule of the package does on its own examples what it says."""

from __future__ import annotations

import pytest
from acme_tflint_rules.large_input import LargeInput

from tflint.lint.runner import check_example
from tflint.rule import Bad, Example, Rule
from tflint.target.target import find_target

EXAMPLES = [(rule, example) for rule in (LargeInput,) for example in rule.examples]


@pytest.mark.parametrize(("rule", "example"), EXAMPLES, ids=lambda item: getattr(item, "title", ""))
def test_example(rule: type[Rule], example: Example) -> None:
    report = check_example(example.build(), [rule], find_target(example.target))

    if isinstance(example, Bad):
        assert [example.says in finding.message for finding in report.findings] == [True]
    else:
        assert report.findings == ()
