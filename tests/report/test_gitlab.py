"""GitLab's Code Quality report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from tests.report.sample_report import MODEL, file, finding, report, sample
from tflint.finding import Location, Severity
from tflint.report.gitlab import render
from tflint.report.repository import GITLAB
from tflint.report.result import LintReport

# What GitLab's documentation requires of an entry.
SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1, "pattern": "^[^\n]+$"},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": "^(?!\\./)"},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}


def issues(found: LintReport) -> list[dict[str, Any]]:
    parsed: list[dict[str, Any]] = json.loads(render(found))
    jsonschema.validate(parsed, SCHEMA)
    assert len({issue["fingerprint"] for issue in parsed}) == len(parsed)
    return parsed


@pytest.fixture(autouse=True)
def _no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(GITLAB, raising=False)


def test_there_is_an_issue_for_each_finding_that_counts() -> None:
    found = sample()

    assert [issue["check_name"] for issue in issues(found)] == [f.code for f in found.findings]


def test_no_findings_are_an_empty_list() -> None:
    assert issues(report(file())) == issues(report()) == []


def test_severities_keep_their_order() -> None:
    levels = [
        issues(report(file(MODEL, finding(severity=severity))))[0]["severity"]
        for severity in Severity
    ]

    assert levels == ["critical", "major", "info"]


def test_fingerprints_are_those_of_the_findings_as_far_as_they_differ() -> None:
    same = [finding(fingerprint="f" * 32), finding(fingerprint="f" * 32), finding(fingerprint="")]
    found = [issue["fingerprint"] for issue in issues(report(file(MODEL, *same)))]

    assert found[0] == "f" * 32
    assert found == [issue["fingerprint"] for issue in issues(report(file(MODEL, *same)))]


def test_lines_are_those_of_a_source() -> None:
    at = Location(line=5, column=1, end_line=9, end_column=2)
    [issue] = issues(report(file("net.py", finding("net.py", at=at))))

    assert issue["location"] == {"path": "net.py", "lines": {"begin": 5, "end": 9}}


def test_the_place_in_a_model_is_said_once() -> None:
    at = Location(subgraph=0, tensor=3)
    messages = ["tensor 3 `x` has no scale", "tensor 33 is there", "no scale"]
    found = issues(report(file(MODEL, *(finding(at=at, message=m) for m in messages))))

    assert [issue["description"] for issue in found] == [
        "hybrid-kernel: tensor 3 `x` has no scale",
        "hybrid-kernel: tensor #3: tensor 33 is there",
        "hybrid-kernel: tensor #3: no scale",
    ]


def test_paths_are_from_the_root_of_the_project(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "firmware").mkdir()
    monkeypatch.chdir(tmp_path / "firmware")
    monkeypatch.setenv(GITLAB, str(tmp_path))
    [issue] = issues(report(file("m.tflite", finding("m.tflite"))))

    assert issue["location"]["path"] == "firmware/m.tflite"
