"""What GitHub shows of the report of `tflint bench`."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from tests.report.bench_reports import BENCH_REPORTS, HOSTILE_NAMES, model
from tests.report.rendered_markdown import assert_inert, render_page
from tests.report.test_hostile_documents import PIECES, hidden
from tflint.report import bench_markdown
from tflint.report.bench_result import BenchReport, Failure

GOLDEN = Path(__file__).parent / "golden" / "bench.md"


def shown(name: str) -> str:
    return bench_markdown.render(BENCH_REPORTS[name]())


def test_the_document_is_the_golden_one() -> None:
    document = shown("failures")
    if os.environ.get("UPDATE_GOLDEN") == "1":
        GOLDEN.write_text(document, encoding="utf-8")

    assert document == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", BENCH_REPORTS)
def test_it_is_inert_and_fits_a_comment(name: str) -> None:
    text = shown(name)

    assert_inert(text)
    assert hidden(text) == set()
    assert len(text) <= 65_536
    assert text.endswith("\n")


@pytest.mark.parametrize("name", ["whole", "failures", "one", "nothing-read"])
def test_the_first_table_has_every_model(name: str) -> None:
    report = BENCH_REPORTS[name]()
    page = render_page(bench_markdown.render(report))
    head, *rows = page.rows[: len(report.models) + 1]

    assert head[0] == "model"
    assert all(len(row) == len(head) for row in rows)
    for row, one in zip(rows, report.models, strict=True):
        assert one.path.endswith(row[0])
        assert row[head.index("file (bytes)")] == f"{one.file_bytes:,}"


def test_a_column_that_nobody_has_a_figure_for_is_left_out() -> None:
    head = render_page(shown("one")).rows[0]

    assert "avg (µs)" in head
    assert "accuracy" not in head
    assert render_page(shown("nothing-read")).rows[0] == ["model", "file (bytes)"]


def test_the_best_figures_are_bold() -> None:
    text = shown("whole")
    told = "\nBold: smallest, fastest, most accurate of all; in italics, of its application.\n"
    table, found, _ = text.partition(told)

    assert found
    assert table.count("_13,292_") == 2
    assert "_6.19_" in table

    assert table.count("**") == 2 * 3
    assert "**7,820**" in table
    assert "**97.44 % (86.8–99.5 %)**" in table
    # Of one model nothing is the best.
    assert "Bold" not in shown("one")


def test_what_failed_stands_open_and_details_are_folded() -> None:
    page = render_page(shown("failures"))

    assert "Verification of the flatbuffer failed" in page.open_text
    assert "LiteRT crashed" in page.open_text
    assert "FULLY_CONNECTED" not in page.open_text
    assert "FULLY_CONNECTED" in page.text
    assert "Latency, accuracy, 4 operators, runtimes" in page.summaries


def test_classes_and_what_they_are_taken_for_are_there() -> None:
    rows = render_page(shown("whole")).rows

    assert ["in a car", "13", "12", "92.31", "66.7–98.6 %", "100.00"] in rows
    assert ["in a car", "1", "0", "12"] in rows


def test_many_models_are_cut_where_a_comment_ends() -> None:
    one = model("x.tflite", "int8")
    rows = tuple(dataclasses.replace(one, path=f"folder/model-{i}.tflite") for i in range(600))
    text = bench_markdown.render(dataclasses.replace(BENCH_REPORTS["one"](), models=rows))

    assert 40_000 < len(text) <= 65_536
    assert "more models\n" in text
    assert text.endswith("has everything._\n")
    assert_inert(text)


@pytest.mark.parametrize("piece", [*PIECES, *HOSTILE_NAMES.values()], ids=lambda p: ascii(p)[:30])
def test_whatever_names_hold_it_is_text(piece: str) -> None:
    row = dataclasses.replace(
        model(f"a {piece} b.tflite", "int8"), failures=(Failure(piece, piece),), notes=(piece,)
    )
    base = BENCH_REPORTS["one"]()
    machine = dataclasses.replace(base.machine, processor=piece, notes=(piece,))
    text = bench_markdown.render(BenchReport((row, row), machine, piece))

    assert_inert(text)
    assert hidden(text) == set()
    assert text.count("\n## ") == 0
