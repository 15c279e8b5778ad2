"""The report for people: what is said once, what is counted, what is left out."""

from __future__ import annotations

import dataclasses

import pytest

from tflint.finding import Confidence, Finding, Fix, FixSafety, Location, Severity
from tflint.lint.registry import all_rules
from tflint.report.result import FileReport, LintReport, ModelFacts
from tflint.report.rule_page import render_list, render_text
from tflint.report.style import line, plain, wrap
from tflint.report.target_table import render_text as render_targets
from tflint.report.text import SHOWN, render
from tflint.rule import Kind, Rule
from tflint.target.target import find_target, named_targets

FACTS = ModelFacts(2048, 3, 9, 1234, 4936, 56789)


def finding(i: int = 0, severity: Severity = Severity.ERROR, help: str = "do it") -> Finding:
    return Finding(
        code="TFL204",
        name="hybrid-kernel",
        severity=severity,
        confidence=Confidence.HIGH,
        message=f"message {i}",
        location=Location(subgraph=0, operator=i, context=f"[CONV_2D #{i}]"),
        fix=Fix(FixSafety.RECONVERT, "tflint fix m.tflite"),
        help=help,
    )


def text(*findings: Finding, readable: bool = True, notes: tuple[str, ...] = ()) -> str:
    facts = FACTS if readable else None
    target = find_target("tflm")
    file = FileReport("m.tflite", Kind.TFLITE, readable, facts, findings, target, notes)
    return plain(render(LintReport(target, (file,))))


def test_the_head_of_a_file_has_its_figures() -> None:
    assert text().splitlines()[:2] == [
        "m.tflite",
        "  2.0 KiB, 3 operators, 1,234 weights in 4.8 KiB, 56,789 MACs",
    ]


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        ((), "no findings for TFLM"),
        ((finding(),), "will not run on TFLM: 1 error"),
        ((finding(0), finding(1)), "will not run on TFLM: 2 errors"),
        (
            (finding(severity=Severity.WARNING),),
            "nothing found that keeps it from running on TFLM",
        ),
    ],
)
def test_the_verdict_comes_next(findings: tuple[Finding, ...], verdict: str) -> None:
    assert text(*findings).splitlines()[2] == f"  {verdict}"


def test_an_unreadable_file_is_no_verdict_on_the_runtime() -> None:
    assert "not a readable model" in text(finding(), readable=False)


def test_findings_of_a_rule_stand_together_the_first_few_in_full() -> None:
    shown = text(*(finding(i) for i in range(20)))

    assert shown.count("TFL204") == 2  # The head of the group, and what to do next.
    assert "(20 times)" in shown
    assert [f"message {i}" in shown for i in range(5)] == [True] * SHOWN + [False] * 2
    listed = ", ".join(f"#{i}" for i in range(SHOWN, SHOWN + 12))
    assert f"and 17 more: operators {listed}, ..." in shown


def test_the_same_repair_is_said_once() -> None:
    same = text(finding(0), finding(1))
    different = text(finding(0, help="do this"), finding(1, help="do that"))

    assert same.count("repair (reconvert): do it") == 1
    assert different.count("repair (reconvert):") == 2


def test_notes_are_shown() -> None:
    assert "  note: only some" in text(notes=("only some",))


def test_the_last_lines_count_and_say_what_next() -> None:
    lines = text(finding(0), finding(1, Severity.INFO)).splitlines()

    assert lines[-2] == "1 file checked for tflm: 1 error, 1 info"
    assert lines[-1] == "next: tflint rule TFL204 says what it means"
    assert text().splitlines()[-1] == "1 file checked for tflm: no findings"


def test_a_long_neighbourhood_is_wrapped() -> None:
    name = "BIDIRECTIONAL_SEQUENCE_LSTM #100"
    place = f"{name}, {name}, ... > [{name}] > {name}, {name}, ..."
    found = Finding(
        "TFL202", "x", Severity.ERROR, Confidence.HIGH, "m", Location(operator=1, context=place)
    )

    shown = text(found)
    assert max(map(len, shown.splitlines())) <= 100
    assert " ".join(shown.split()).count(name) == 5


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", [""]),
        ("a", ["  a"]),
        ("aa bb cc", ["  aa bb", "  cc"]),
        ("aaaaaaaaaaaa b", ["  aaaaaa", "  aaaaaa", "  b"]),
        ("b aaaaaaaaaaaa", ["  b", "  aaaaaa", "  aaaaaa"]),
    ],
)
def test_wrap_breaks_at_blanks_and_where_it_must_inside_words(
    words: str, expected: list[str]
) -> None:
    assert [part.rstrip() for part in wrap(words, 8, "  ")] == [part.rstrip() for part in expected]


def test_plain_text_is_the_spans_in_a_row() -> None:
    assert plain([line("a", "b"), line()]) == "ab\n\n"


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.meta.name)
def test_a_rules_page_fits_the_screen_and_has_all_parts(rule: type[Rule]) -> None:
    page = plain(render_text(rule))

    assert max(map(len, page.splitlines())) <= 100
    for part in (
        rule.meta.code,
        rule.meta.name,
        "What it does",
        "Why it matters on a device",
        "Repair",
        "Examples",
        *(example.title for example in rule.examples),
    ):
        assert part in page
    assert "##" not in page


def test_the_list_of_rules_has_a_line_for_each() -> None:
    lines = plain(render_list(all_rules())).splitlines()

    for rule in all_rules():
        assert sum(line.startswith(f"  {rule.meta.code} {rule.meta.name} ") for line in lines) == 1


def test_the_table_of_targets_has_a_line_for_each() -> None:
    lines = plain(render_targets(list(named_targets().values()))).splitlines()

    for name in named_targets():
        assert sum(line.startswith(f"{name} ") for line in lines) == 1


@pytest.mark.parametrize(
    ("commands", "said"),
    [
        ([("safe", "")], "tflint fix m.tflite repairs 1"),
        ([("unsafe", " --unsafe")], "tflint fix --unsafe m.tflite repairs 1"),
        (
            [("safe", ""), ("safe", ""), ("unsafe", " --unsafe")],
            "tflint fix m.tflite repairs 2, 1 more with --unsafe",
        ),
        (
            [("reconvert", " --quantize int8 --calibrate DATA")],
            "tflint fix m.tflite --quantize int8 --calibrate DATA repairs 1",
        ),
        ([("reconvert", " --reconvert")], "tflint fix m.tflite --reconvert repairs 1"),
        (
            [("unsafe", " --unsafe"), ("reconvert", " --reconvert")],
            "tflint fix --unsafe m.tflite repairs 1, 1 more with --reconvert",
        ),
        # What the user has to name a source for is not repaired by what is at hand.
        (
            [("safe", " --select TFL701"), ("reconvert", " --reconvert --source model.py:build")],
            None,
        ),
    ],
)
def test_what_repairs_a_model_comes_last(commands: list[tuple[str, str]], said: str | None) -> None:
    found = [
        dataclasses.replace(finding(i), fix=Fix(FixSafety(safety), f"tflint fix m.tflite{options}"))
        for i, (safety, options) in enumerate(commands)
    ]
    last = text(*found).splitlines()[-1]

    assert last == (f"      {said}" if said else "next: tflint rule TFL204 says what it means")


def test_a_long_path_does_not_push_the_counts_out() -> None:
    path = f"{'deep/' * 20}m.tflite"
    fix = Fix(FixSafety.SAFE, f"tflint fix {path}")
    file = FileReport(
        path,
        Kind.TFLITE,
        True,
        FACTS,
        (dataclasses.replace(finding(), fix=fix),),
        find_target("tflm"),
    )
    report = plain(render(LintReport(file.target, (file,)))).splitlines()

    assert report[-2:] == [f"      tflint fix {path}", "      repairs 1"]
