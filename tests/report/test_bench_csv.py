"""The table of `tflint bench`: a row a model, the figures of the JSON, nothing that acts."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.report.bench_reports import BENCH_REPORTS
from tests.report.test_hostile_documents import hidden
from tflint.report import bench_csv, bench_json
from tflint.report.bench_result import BenchReport, RuntimeUse

GOLDEN = Path(__file__).parent / "golden" / "bench.csv"


def rows(report: BenchReport) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(bench_csv.render(report)), strict=True))


def test_the_document_is_the_golden_one() -> None:
    document = bench_csv.render(BENCH_REPORTS["failures"]())
    if os.environ.get("UPDATE_GOLDEN") == "1":
        GOLDEN.write_text(document, encoding="utf-8")

    assert document == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", BENCH_REPORTS)
def test_there_is_a_row_for_each_model_and_no_other(name: str) -> None:
    report = BENCH_REPORTS[name]()
    text = bench_csv.render(report)
    found = rows(report)

    assert len(found) == len(report.models)
    assert text.count("\n") == len(report.models) + 1
    assert all(None not in row and None not in row.values() for row in found)


@pytest.mark.parametrize("name", ["none", "nothing-read", "one"])
def test_every_table_has_the_same_columns(name: str) -> None:
    header = bench_csv.render(BENCH_REPORTS[name]()).partition("\n")[0]
    columns = header.split(",")

    assert header == bench_csv.render(BENCH_REPORTS["whole"]()).partition("\n")[0]
    assert len(set(columns)) == len(columns)


def test_a_runtime_that_is_new_has_columns_behind_the_others() -> None:
    model = BENCH_REPORTS["one"]().models[0]
    use = RuntimeUse("tflint", "cortex-m4", True, None, 10, 16, 20, 30)
    report = dataclasses.replace(
        BENCH_REPORTS["one"](), models=(dataclasses.replace(model, runtimes=(use,)),)
    )
    [row] = rows(report)

    assert row["tflint_min_arena_bytes"] == "16"
    assert row["tflm_min_arena_bytes"] == ""


# Columns of the table, and where the JSON has them.
SAME = {
    "path": ("path",),
    "application": ("application",),
    "quantization": ("quantization",),
    "file_bytes": ("file_bytes",),
    "weights_count": ("weights", "count"),
    "weights_bytes": ("weights", "bytes"),
    "dynamic_bytes": ("dynamic_bytes",),
    "macs": ("macs",),
    **{f"{key}_us": ("latency_us", key) for key in ("init", "first", "warmup_avg", "avg")},
    **{f"{key}_us": ("latency_us", key) for key in ("p50", "p95", "min", "max", "stddev")},
    "runs": ("latency_us", "runs"),
    "spread": ("noise", "spread"),
    "load_after": ("noise", "load_after"),
    "interruptions": ("noise", "interruptions"),
    "accuracy": ("accuracy", "value"),
    "accuracy_low": ("accuracy", "interval", 0),
    "accuracy_high": ("accuracy", "interval", 1),
    "balanced_accuracy": ("accuracy", "balanced"),
    "correct": ("accuracy", "correct"),
    "samples": ("accuracy", "n"),
    "dataset": ("accuracy", "dataset"),
    "split": ("accuracy", "split"),
    "tflm_min_arena_bytes": ("runtimes", 0, "min_arena_bytes"),
    "tflm_ram_bytes": ("runtimes", 0, "ram_bytes"),
    "tflm_cmsis_nn_flash_bytes": ("runtimes", 1, "flash_bytes"),
}


def at(document: Any, way: tuple[str | int, ...]) -> Any:
    for key in way:
        if document is None or document == []:
            return None
        document = document[key]
    return document


@pytest.mark.parametrize("name", ["whole", "failures", "nothing-read"])
def test_its_figures_are_those_of_the_json(name: str) -> None:
    report = BENCH_REPORTS[name]()
    models = json.loads(bench_json.render(report))["models"]

    for row, model in zip(rows(report), models, strict=True):
        for column, way in SAME.items():
            expected = at(model, way)
            if expected is None:
                assert row[column] == "", column
            elif isinstance(expected, str):
                assert row[column] == expected, column
            else:
                assert float(row[column]) == pytest.approx(expected, abs=1e-3), column


def test_what_is_no_number_is_an_empty_cell() -> None:
    model = BENCH_REPORTS["one"]().models[0]
    assert model.latency is not None
    broken = dataclasses.replace(model.latency, avg=float("nan"), most=float("inf"))
    report = dataclasses.replace(
        BENCH_REPORTS["one"](), models=(dataclasses.replace(model, latency=broken),)
    )
    [row] = rows(report)

    assert row["avg_us"] == row["max_us"] == ""
    assert float(row["p50_us"]) > 0


def test_failures_notes_and_marks_are_told() -> None:
    found = rows(BENCH_REPORTS["failures"]())

    assert "reading: Verification of the flatbuffer" in found[3]["failures"]
    assert "operators: LiteRT crashed (signal 11); accuracy: " in found[6]["failures"]
    assert found[6]["notes"].startswith("measured with")
    assert [row["best"] for row in found[:3]] == ["most accurate", "smallest", "smallest; fastest"]


def test_no_text_is_a_formula_or_hides_anything() -> None:
    report = BENCH_REPORTS["hostile"]()
    text = bench_csv.render(report)

    assert hidden(text) == set()
    for row in rows(report):
        for column, value in row.items():
            assert value.lstrip()[:1] not in tuple("=+-@"), (column, value[:40])
            assert len(value) < 5000
