"""A line a finding: what editors and grep read."""

from __future__ import annotations

import re

from tests.report.sample_report import MODEL, SOURCE, file, finding, report, sample
from tflint.finding import Location, Severity
from tflint.report.concise import render
from tflint.report.result import LintReport
from tflint.report.style import plain

# Vim's errorformat `%f:%l:%c: %t%*[^ ] %m`, as a regular expression.
EDITOR = re.compile(
    r"^(?P<path>.+?):(?P<line>\d+):(?P<column>\d+): (?P<severity>\w+) (?P<text>.+)$"
)


def lines(found: LintReport) -> list[str]:
    return plain(render(found)).splitlines()


def test_there_are_as_many_lines_as_findings_and_none_for_silenced_ones() -> None:
    found = sample()

    assert len(lines(found)) == sum(1 for _ in found.findings)
    assert lines(report(file())) == []


def test_an_editor_finds_path_line_and_column() -> None:
    [line] = [line for line in lines(sample()) if line.startswith(SOURCE)]
    match = EDITOR.match(line)

    assert match is not None
    assert match.group("path", "line", "column", "severity") == (SOURCE, "5", "47", "warning")
    assert match["text"].startswith("TFL101 channels-first FULLY_CONNECTED has")


def test_a_place_in_a_model_is_said_by_operator_or_tensor() -> None:
    places = [
        Location(subgraph=0, operator=3, operator_name="ADD", tensor=4),
        Location(subgraph=2, operator=3, operator_name="ADD"),
        Location(subgraph=0, tensor=4),
        Location(subgraph=2),
        Location(),
    ]
    found = lines(report(file(MODEL, *(finding(at=at, message="m") for at in places))))

    assert [line.removesuffix(" error TFL204 hybrid-kernel m") for line in found] == [
        f"{MODEL}: operator #3 ADD:",
        f"{MODEL}: subgraph 2, operator #3 ADD:",
        f"{MODEL}: tensor #4:",
        f"{MODEL}: subgraph 2:",
        f"{MODEL}:",
    ]


def test_a_file_name_cannot_begin_a_workflow_command() -> None:
    path = "::error file=x::y.tflite"
    [line] = lines(report(file(path, finding(path, severity=Severity.INFO))))

    assert line.startswith("./::error")
