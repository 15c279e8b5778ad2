"""`--statistics`: counts instead of findings."""

from __future__ import annotations

import json

from tests.report.sample_report import MODEL, file, finding, report, sample
from tflint.finding import Severity
from tflint.report import json_document
from tflint.report.statistics import render_json, render_text, statistics
from tflint.report.style import plain


def test_the_worst_and_most_frequent_come_first() -> None:
    found = [
        *(finding(code="C", severity=Severity.INFO) for _ in range(9)),
        finding(code="B"),
        *(finding(code="A", severity=Severity.WARNING) for _ in range(2)),
        *(finding(code="A") for _ in range(3)),
        finding("other.tflite", code="A"),
    ]
    counted = statistics(report(file(MODEL, *found)))

    assert [(s.code, s.severity.value, s.count, len(s.files)) for s in counted] == [
        ("A", "error", 4, 2),
        ("B", "error", 1, 1),
        ("A", "warning", 2, 1),
        ("C", "info", 9, 1),
    ]


def test_the_counts_add_up_to_the_summary() -> None:
    found = sample()
    document = json.loads(render_json(found))

    for severity in Severity:
        listed = [s["count"] for s in document["statistics"] if s["severity"] == severity.value]
        assert sum(listed) == document["summary"][severity.value]


def test_they_stand_where_the_findings_would() -> None:
    found = sample()
    usual = json.loads(json_document.render(found))
    document = json.loads(render_json(found))

    keys = [key if key != "findings" else "statistics" for key in usual]
    assert list(document) == keys
    assert {k: v for k, v in document.items() if k != "statistics"} == {
        k: v for k, v in usual.items() if k != "findings"
    }


def test_columns_are_aligned() -> None:
    found = [finding(code="TFL204"), *(finding(code="ACME1000") for _ in range(1200))]
    lines = plain(render_text(report(file(MODEL, *found)))).splitlines()

    assert lines[0] == "1,200  error    ACME1000  of-a-plug-in   in 1 file"
    assert lines[1] == "    1  error    TFL204    hybrid-kernel  in 1 file"


def test_without_findings_there_is_the_summary() -> None:
    assert plain(render_text(report(file()))) == "1 file checked for tflm: no findings\n"
