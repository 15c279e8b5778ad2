"""What one rule finds in a model."""

from __future__ import annotations

from tflint.finding import Finding
from tflint.lint.registry import find_rule
from tflint.lint.runner import check_example
from tflint.model.tables import Model
from tflint.target.target import find_target


def findings(code: str, model: Model | bytes | str, target: str = "tflm") -> tuple[Finding, ...]:
    """The findings of the rule with this code in a model, or in a source."""
    rule = find_rule(code)
    assert rule is not None
    return check_example(model, [rule], find_target(target)).findings
