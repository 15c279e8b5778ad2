"""Each rule does on its own examples what it says, and its file has the agreed form."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import SHARED_MODELS
from tflint.lint.registry import all_rules
from tflint.lint.runner import check_example
from tflint.rule import GROUPS, HEADINGS, Bad, Example, Good, Rule
from tflint.target.target import find_target

CATALOGUE = SHARED_MODELS.parent / "RULES.md"
# The folder under `tflint_rules` that each family lives in.
FOLDERS = {
    "TFL0": "integrity",
    "TFL1": "layout",
    "TFL2": "operators",
    "TFL3": "architecture",
    "TFL4": "quantization",
    "TFL5": "memory",
    "TFL6": "graph",
    "TFL7": "interface",
    "TFL9": "itself",
}

RULES = all_rules()
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.meta.name)


def examples(kind: type[Example]) -> list[object]:
    """The examples of this kind with their rules, named for the test report."""
    return [
        pytest.param(rule, example, id=f"{rule.meta.name}-{example.title}")
        for rule in RULES
        for example in rule.examples
        if isinstance(example, kind)
    ]


@pytest.mark.parametrize(("rule", "example"), examples(Bad))
def test_rule_fires_on_a_bad_example(rule: type[Rule], example: Bad) -> None:
    report = check_example(example.build(), [rule], find_target(example.target))

    assert len(report.findings) == example.findings, [f.message for f in report.findings]
    for finding in report.findings:
        assert finding.code == rule.meta.code
        assert finding.severity is (example.severity or rule.meta.severity)
    assert any(example.says in finding.message for finding in report.findings), report.findings


@pytest.mark.parametrize(("rule", "example"), examples(Good))
def test_rule_lets_a_good_example_pass(rule: type[Rule], example: Good) -> None:
    report = check_example(example.build(), [rule], find_target(example.target))

    assert report.findings == ()


@pytest.mark.parametrize(("rule", "example"), examples(Bad))
def test_findings_are_phrases_with_every_placeholder_filled_in(
    rule: type[Rule], example: Bad
) -> None:
    report = check_example(example.build(), [rule], find_target(example.target))

    for finding in report.findings:
        assert finding.message == finding.message.strip()
        assert not finding.message.endswith(".")
        assert finding.fix is None or "{" not in finding.fix.command


@every_rule
def test_rule_has_a_bad_and_a_good_example(rule: type[Rule]) -> None:
    kinds = {type(example) for example in rule.examples}

    assert kinds == {Bad, Good}


@every_rule
def test_example_titles_are_unique(rule: type[Rule]) -> None:
    titles = Counter(example.title for example in rule.examples)

    assert [title for title, count in titles.items() if count > 1] == []


@every_rule
def test_code_and_name_have_the_agreed_form(rule: type[Rule]) -> None:
    assert re.fullmatch(r"TFL\d{3}", rule.meta.code)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.meta.name)
    assert rule.meta.code[:4] in GROUPS


def test_codes_names_and_aliases_are_unique() -> None:
    words = Counter(
        word.lower()
        for rule in RULES
        for word in (rule.meta.code, rule.meta.name, *rule.meta.aliases)
    )

    assert [word for word, count in words.items() if count > 1] == []


@every_rule
def test_docstring_is_a_sentence_and_the_three_headings_in_order(rule: type[Rule]) -> None:
    page = inspect.cleandoc(rule.__doc__ or "")
    found = re.findall(r"^## (.+)$", page, re.MULTILINE)

    assert tuple(found) == HEADINGS
    assert rule.summary().endswith(".")
    sections = re.split(r"^## .+$", page, flags=re.MULTILINE)
    assert all(section.strip() for section in sections)


@every_rule
def test_file_is_named_after_the_rule_in_its_familys_folder(rule: type[Rule]) -> None:
    path = Path(inspect.getfile(rule))

    assert path.stem == rule.meta.name.replace("-", "_")
    assert path.parent.name == FOLDERS[rule.meta.code[:4]]
    assert (inspect.getmodule(rule) or path).__doc__ == f"{rule.meta.code}."


@every_rule
def test_runtime_errors_are_regular_expressions_that_need_some_text(rule: type[Rule]) -> None:
    for pattern in rule.meta.runtime_errors:
        assert re.search(pattern, "") is None


@pytest.mark.shared
@every_rule
def test_code_and_name_are_those_of_the_catalogue(rule: type[Rule]) -> None:
    if not CATALOGUE.exists():
        pytest.skip("needs ../shared/RULES.md")
    rows = dict(
        re.findall(
            r"^\| (TFL\d{3}) \| ([a-z0-9-]+) \|", CATALOGUE.read_text(encoding="utf-8"), re.M
        )
    )

    assert len(rows) > 50
    # Rules that the catalogue does not have take neither a code nor a name of one that it has.
    assert rows.get(rule.meta.code, rule.meta.name) == rule.meta.name
    taken = {name: code for code, name in rows.items()}
    assert taken.get(rule.meta.name, rule.meta.code) == rule.meta.code
