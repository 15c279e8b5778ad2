"""The Markdown report, rendered with GitHub's own cmark and read as HTML."""

from __future__ import annotations

from tests.report.rendered_markdown import Page, render_page
from tests.report.sample_report import MODEL, file, finding, report, sample
from tflint.finding import Location, Severity
from tflint.report.markdown import MAX_CHARACTERS, render
from tflint.report.result import FileReport, LintReport


def page(found: LintReport) -> Page:
    return render_page(render(found))


def test_the_table_has_a_row_for_each_file_the_worst_first() -> None:
    head, *rows = page(sample()).rows

    assert head[0] == "file"
    assert head[-2:] == ["verdict", "findings"]
    assert [row[0] for row in rows] == [
        MODEL,
        "odd name, #1.tflite",
        "train/net.py",
        "models/clean.tflite",
    ]
    assert all(len(row) == len(head) for row in rows)


def test_the_target_is_a_column_where_it_differs() -> None:
    assert "target" in page(sample()).rows[0]
    assert "target" not in page(report(file())).rows[0]


def test_warnings_are_folded_and_errors_are_not() -> None:
    found = page(sample())

    assert "TFL204" in found.open_text
    assert "TFL101" not in found.open_text
    assert "TFL101" in found.text
    assert found.summaries == [
        "1 info",
        "1 suppressed, 1 baselined",
        "1 warning",
        "1 suppressed",
    ]


def test_findings_of_a_rule_are_counted_and_the_repair_is_said_once() -> None:
    text = page(sample()).text

    assert "(5 times)" in text
    assert "and 2 more: operators #8, #9" in text
    assert text.count("quantise activations too") == 1


def test_without_findings_there_is_the_table_alone() -> None:
    found = page(report(file()))

    assert found.headings == ["tflint"]
    assert found.text.startswith("tflint\n1 file checked for tflm: no findings")


def test_what_is_too_long_for_a_comment_is_cut_with_a_note() -> None:
    def clutter(i: int) -> FileReport:
        path = f"models/{i}-{'x' * 300}.tflite"
        return file(path, finding(path, severity=Severity.WARNING, message="word " * 700))

    worst = file(MODEL, finding())
    text = render(report(*(clutter(i) for i in range(500)), worst))

    assert len(text) <= MAX_CHARACTERS
    assert "501 findings in all" in text
    found = render_page(text)
    assert found.rows[1][0] == MODEL
    # What is cut is cut between two parts: everything that was opened is closed.
    assert text.count("<details>") == text.count("</details>")


def test_a_rule_that_fires_everywhere_does_not_fill_the_page() -> None:
    many = [finding(at=Location(subgraph=0, operator=i)) for i in range(200)]

    assert len(render(report(file(MODEL, *many)))) < 2500
