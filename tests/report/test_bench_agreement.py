"""One report in five formats: whoever reads whichever of them reads the same figures."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.report.bench_reports import BENCH_REPORTS
from tests.report.rendered_markdown import render_page
from tests.report.test_bench_html import Page
from tests.report.test_memory_documents import needs_matplotlib
from tflint.report.bench_formats import FORMATS
from tflint.report.bench_result import BenchReport

# What a row comes to: the part of its path that all formats show, and its figures. Those that are
# not known are not there.
Figures = dict[str, dict[str, float]]
# Figures, and how near those for people come: percentages have two digits, times at least three.
NEAR = {"accuracy": 0.006, "low": 0.06, "high": 0.06, "avg": 6e-3, "p95": 6e-3}


def from_json(report: BenchReport) -> Figures:
    found: Figures = {}
    for model in json.loads(text_of("json", report))["models"]:
        latency, accuracy = model["latency_us"] or {}, model["accuracy"] or {}
        low, high = accuracy.get("interval", (None, None))
        arena = model["runtimes"][0] if model["runtimes"] else {}
        weights = model["weights"] or {}
        found[model["path"]] = known(
            {
                "file": model["file_bytes"],
                "weights": weights.get("count"),
                "weight_bytes": weights.get("bytes"),
                "dynamic": model["dynamic_bytes"],
                "macs": model["macs"],
                "avg": latency.get("avg"),
                "p95": latency.get("p95"),
                "accuracy": percent(accuracy.get("value")),
                "low": percent(low),
                "high": percent(high),
                "arena": arena.get("min_arena_bytes") if arena.get("runnable") else None,
            }
        )
    return found


def from_csv(report: BenchReport) -> Figures:
    found: Figures = {}
    for row in csv.DictReader(io.StringIO(text_of("csv", report))):
        cells = {column: float(text) for column, text in row.items() if is_number(text)}
        found[row["path"]] = known(
            {
                "file": cells.get("file_bytes"),
                "weights": cells.get("weights_count"),
                "weight_bytes": cells.get("weights_bytes"),
                "dynamic": cells.get("dynamic_bytes"),
                "macs": cells.get("macs"),
                "avg": cells.get("avg_us"),
                "p95": cells.get("p95_us"),
                "accuracy": percent(cells.get("accuracy")),
                "low": percent(cells.get("accuracy_low")),
                "high": percent(cells.get("accuracy_high")),
                "arena": cells.get("tflm_min_arena_bytes")
                if row["tflm_runnable"] == "yes"
                else None,
            }
        )
    return found


COLUMNS = {
    "file": "file (bytes)",
    "weights": "weights",
    "weight_bytes": "weights (bytes)",
    "dynamic": "dynamic (bytes)",
    "macs": "MACs",
    "avg": "avg (µs)",
    "p95": "p95 (µs)",
    "arena": "arena (bytes) tflm",
}


def from_table(rows: list[list[str]], place: int) -> Figures:
    """The table of all models as people read it; their names are in the column `place`."""
    head, found = rows[0], Figures()
    for row in rows[1:]:
        cells = dict(zip(head, row, strict=True))
        figures = {what: number(cells.get(title, "")) for what, title in COLUMNS.items()}
        share = re.match(r"([\d.]+) % \(([\d.]+)–([\d.]+) %\)", cells.get("accuracy", ""))
        if share:
            figures |= dict(
                zip(("accuracy", "low", "high"), map(float, share.groups()), strict=True)
            )
        found[row[place]] = known(figures)
    return found


def from_markdown(report: BenchReport) -> Figures:
    return from_table(render_page(text_of("markdown", report)).rows[: len(report.models) + 1], 0)


def from_html(report: BenchReport) -> Figures:
    return from_table(Page(text_of("html", report)).rows[: len(report.models) + 1], 1)


def from_workbook(report: BenchReport) -> Figures:
    import openpyxl

    document = FORMATS["xlsx"].document(report)
    assert isinstance(document, bytes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = openpyxl.load_workbook(io.BytesIO(document), data_only=True)
    rows = list(book.worksheets[0].iter_rows(values_only=True))
    at = next(i for i, row in enumerate(rows) if row[0] == "Model")
    head = [str(title) for title in rows[at]]
    columns = {
        "file": ("File (Bytes)", 1.0),
        "weights": ("Number of Weights", 1.0),
        "weight_bytes": ("Weights (KB)", 1024.0),
        "dynamic": ("Dynamic Tensors (KB)", 1000.0),
        "macs": ("MACs", 1.0),
        "avg": ("Avg Inference", 1.0),
        "p95": ("p95", 1.0),
        "accuracy": ("Measured", 1.0),
        "low": ("from", 1.0),
        "high": ("to", 1.0),
        "arena": ("Arena (Bytes)", 1.0),
    }
    found: Figures = {}
    for row in rows[at + 1 : at + 1 + len(report.models)]:
        figures: dict[str, float | None] = {}
        for what, (title, unit) in columns.items():
            cell: Any = row[head.index(title)] if title in head else None
            figures[what] = cell * unit if isinstance(cell, int | float) else None
        if "Runs" in head and row[head.index("Runs")] != "yes":
            figures["arena"] = None
        found[str(row[0])] = known(figures)
    return found


def text_of(name: str, report: BenchReport) -> str:
    document = FORMATS[name].document(report)
    assert isinstance(document, str)
    return document


def known(figures: Mapping[str, float | None]) -> dict[str, float]:
    return {what: figure for what, figure in figures.items() if figure is not None}


def percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def number(text: str) -> float | None:
    """The figure that a cell begins with, which a mark may follow."""
    found = re.match(r"[\d,]+(?:\.\d+)?", text)
    return float(found[0].replace(",", "")) if found else None


def is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", text) is not None


has_openpyxl = all(map(importlib.util.find_spec, ("openpyxl", "xlsxwriter")))
needs_workbook = pytest.mark.skipif(not has_openpyxl, reason="needs openpyxl and xlsxwriter")


@pytest.mark.parametrize(
    "read",
    [
        from_csv,
        from_markdown,
        pytest.param(from_html, marks=needs_matplotlib),
        pytest.param(from_workbook, marks=needs_workbook),
    ],
)
@pytest.mark.parametrize("name", ["whole", "failures", "nothing-read", "interrupted"])
def test_every_format_has_the_figures_of_the_json(
    name: str, read: Callable[[BenchReport], Figures]
) -> None:
    report = BENCH_REPORTS[name]()
    expected, found = from_json(report), read(report)

    assert len(found) == len(expected) == len(report.models)
    for (path, figures), (shown, others) in zip(expected.items(), found.items(), strict=True):
        assert path.endswith(shown)
        assert others.keys() == figures.keys(), shown
        for what, figure in figures.items():
            assert others[what] == pytest.approx(figure, abs=NEAR.get(what, 1e-6)), (shown, what)
