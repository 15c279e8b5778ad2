"""The JSON of `tflint bench`: its keys fixed, every figure one that JSON knows.

`UPDATE_GOLDEN=1 pytest tests/report/test_bench_json.py` writes the golden file; read the diff.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
from pathlib import Path
from typing import Any

import pytest

from tests.report.bench_reports import BENCH_REPORTS, MACHINE, STARTED, latency, model, whole
from tflint import __version__
from tflint.report.bench_json import render
from tflint.report.bench_result import BenchReport, Noise, OperatorTotal

GOLDEN = Path(__file__).parent / "golden" / "bench.json"
UPDATE = os.environ.get("UPDATE_GOLDEN") == "1"


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def document(report: BenchReport) -> Any:
    text = render(report)
    assert text.isascii()
    assert text.endswith("}\n")
    return json.loads(text, parse_constant=refuse)


def test_output_is_the_golden_one() -> None:
    found = whole()
    total = OperatorTotal(us=11.2, whole_us=12.4, timed=4, operators=4)
    first = dataclasses.replace(found.models[0], operator_total=total)
    found = dataclasses.replace(found, models=(first, found.models[-1]), asked=2)
    text = render(found).replace(f'"{__version__}"', '"VERSION"')
    if UPDATE:
        GOLDEN.write_text(text, encoding="utf-8")

    assert GOLDEN.exists(), "no bench.json: write it with UPDATE_GOLDEN=1"
    assert text == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", BENCH_REPORTS)
def test_it_is_json_with_the_documented_keys(name: str) -> None:
    found = document(BENCH_REPORTS[name]())

    assert found["schema"] == 1
    assert found["asked"] >= len(found["models"])
    for row in found["models"]:
        assert set(row) >= {
            *("path", "application", "quantization", "latency_us", "accuracy", "weights"),
            *("tensors", "dynamic_bytes", "operators"),
        }
        if row["latency_us"] is not None:
            named = {"init", "first", "warmup_avg", "avg", "p50", "p95", "runs"}
            assert set(row["latency_us"]) >= named
        if row["accuracy"] is not None:
            assert set(row["accuracy"]) >= {"value", "n", "dataset", "split"}
            assert 0 <= row["accuracy"]["value"] <= 1
        if row["weights"] is not None:
            assert set(row["weights"]) >= {"count", "bytes"}
        for tensor in row["tensors"]:
            assert set(tensor) >= {"name", "shape", "dtype", "bytes", "kind"}
            assert tensor["kind"] in ("constant", "activation")
        for operator in row["operators"]:
            assert set(operator) >= {"index", "name", "us_avg", "macs"}


@pytest.mark.parametrize("figure", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_null(figure: float) -> None:
    row = model("m.tflite", "int8")
    times = dataclasses.replace(latency(1.0), avg=figure, init=figure, deviation=figure)
    operators = tuple(dataclasses.replace(one, us_avg=figure) for one in row.operators)
    row = dataclasses.replace(
        row, latency=times, noise=Noise(figure, figure, figure), operators=operators
    )
    (found,) = document(BenchReport((row,), MACHINE, STARTED))["models"]

    assert found["latency_us"]["avg"] is None
    assert found["noise"]["spread"] is None
    assert {operator["us_avg"] for operator in found["operators"]} == {None}


def test_times_have_no_more_digits_than_a_clock() -> None:
    row = dataclasses.replace(model("m.tflite", "int8"), latency=latency(1 / 3))
    (found,) = document(BenchReport((row,), MACHINE, STARTED))["models"]

    assert all(round(time, 3) == time for time in found["latency_us"].values())


def test_what_could_not_be_read_is_null_and_says_why() -> None:
    found = document(BENCH_REPORTS["nothing-read"]())["models"]

    assert [row["failures"][0]["part"] for row in found] == ["reading", "reading"]
    for row in found:
        assert row["latency_us"] is row["weights"] is row["dynamic_bytes"] is None
        assert row["tensors"] == row["operators"] == []
