"""What a terminal shows for every bad example, word for word.

`UPDATE_GOLDEN=1 pytest tests/rules/test_golden.py` writes the files anew; read the diff.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tflint.lint.registry import all_rules
from tflint.lint.runner import check_example
from tflint.report.style import plain
from tflint.report.text import render_file
from tflint.rule import Bad, Rule
from tflint.target.target import find_target

GOLDEN = Path(__file__).parent / "golden"
UPDATE = os.environ.get("UPDATE_GOLDEN") == "1"


def golden_path(rule: type[Rule]) -> Path:
    return GOLDEN / f"{rule.meta.code}-{rule.meta.name}.txt"


def output(rule: type[Rule]) -> str:
    """The output for each bad example of the rule, under its title and target."""
    parts = []
    for example in rule.examples:
        if isinstance(example, Bad):
            target = find_target(example.target)
            report = check_example(example.build(), [rule], target)
            text = plain(render_file(report))
            parts.append(f"# {example.title} ({example.target})\n\n{text}")
    return "\n".join(parts)


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.meta.name)
def test_output_is_the_golden_one(rule: type[Rule]) -> None:
    path, text = golden_path(rule), output(rule)
    if UPDATE:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    assert path.exists(), f"no {path.name}: write it with UPDATE_GOLDEN=1"
    assert text.splitlines() == path.read_text(encoding="utf-8").splitlines()


@pytest.mark.skipif(UPDATE, reason="the files are being written")
def test_no_golden_file_of_a_rule_that_is_gone() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {
        golden_path(rule).name for rule in all_rules()
    }
