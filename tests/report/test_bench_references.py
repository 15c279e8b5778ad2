"""Every format tells what a reference model is held against, and when its accuracy was measured."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from tests.report.bench_reports import BENCH_REPORTS, whole
from tflint.report import bench_csv, bench_html, bench_json, bench_markdown
from tflint.report.accuracy_result import Accuracy, Recorded
from tflint.report.bench_result import BenchReport
from tflint.report.reference_result import PublishedFigures
from tflint.report.reference_wording import (
    files_text,
    published_text,
    recorded_text,
    two_class_text,
)

REPORT = BENCH_REPORTS["references"]()
HEARD = next(model for model in REPORT.models if "spotting_int8" in model.path)


def heard() -> Accuracy:
    assert HEARD.accuracy is not None
    return HEARD.accuracy


def rows(report: BenchReport) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(bench_csv.render(report))))


def test_the_json_document_has_all_of_it() -> None:
    models = {one["path"]: one for one in json.loads(bench_json.render(REPORT))["models"]}
    found = models[HEARD.path]

    assert found["accuracy"]["recorded"] == {"date": "2026-11-20", "version": "0.1.0"}
    assert found["accuracy"]["files"] == [{"name": "motion.npz", "sha256": "3fa9" * 16}]
    reference = found["reference"]
    assert (reference["form"], reference["grouping"]) == ("int8", "by speaker")
    assert reference["published"] == {
        **{"form": "dynamic", "kilobytes": 6.01, "accuracy": 0.9821, "note": ""}
    }
    same = reference["same_data"]
    assert (same["weight_bytes"], same["min_arena_bytes"]) == (5_379, 22_192)
    assert same["accuracy"]["correct"] == 981
    (further,) = reference["further"]
    assert (further["name"], further["accuracy"]["n"]) == ("unheard words", 1250)
    measured = [one for one in models.values() if one["latency_us"] is not None]
    assert [one["accuracy"]["recorded"] for one in measured] == [None, None, None]


def test_other_models_have_none_of_it() -> None:
    for one in json.loads(bench_json.render(whole()))["models"]:
        assert one["reference"] is None
    (first, *_) = rows(whole())
    assert {value for key, value in first.items() if "published" in key} == {""}
    for text in (bench_markdown.render(whole()), bench_html.render(whole())):
        assert "published" not in text
        assert "recorded" not in text


def test_the_table_for_programs_has_columns_of_it() -> None:
    found = next(row for row in rows(REPORT) if row["path"] == HEARD.path)

    assert found["recorded"] == "2026-11-20"
    assert (found["published_form"], found["published_kilobytes"]) == ("dynamic", "6.01")
    assert float(found["published_accuracy"]) == 0.9821
    assert found["same_data_weights_bytes"] == "5379"
    assert found["same_data_min_arena_bytes"] == "22192"
    assert float(found["same_data_accuracy"]) == pytest.approx(981 / 1042, abs=1e-6)
    assert float(found["same_data_balanced_accuracy"]) < float(found["same_data_accuracy"])


@pytest.mark.parametrize("render", [bench_markdown.render, bench_html.render])
def test_people_are_told(render: Any) -> None:
    text = " ".join(render(REPORT).replace("&#x27;", "'").replace("\\", "").split())

    assert "recorded on 2026-11-20 with tflint 0.1.0" in text
    assert "6.01" in text
    assert "98.21 %" in text
    assert "94.15 %" in text
    assert "inds 87.06 % of on, takes 3.34 % of the others for it" in text
    assert "nheard words: 1,203 of 1,250 samples right" in text


def test_a_workbook_has_columns_of_it() -> None:
    openpyxl = pytest.importorskip("openpyxl")
    pytest.importorskip("xlsxwriter")
    from tflint.report.bench_xlsx import render

    book = openpyxl.load_workbook(io.BytesIO(render(REPORT)), data_only=True)
    sheet = [list(row) for row in book["Summary"].iter_rows(values_only=True)]
    heads = next(row for row in sheet if "Accuracy Is" in row)
    place = heads.index("Accuracy Is")
    name = HEARD.path.split("/")[-1]
    found = next(row for row in sheet if row[0] and row[0].endswith(name))
    assert found[place] == "recorded 2026-11-20"
    assert found[place + 1 : place + 4] == [6.01, pytest.approx(98.21), 5379]
    assert found[place + 4] == pytest.approx(100 * 981 / 1042)
    (last, *_) = [row for row in sheet if row[0] and row[0].endswith("motion_sense_int8.tflite")]
    assert last[place] == "measured in this run"
    # The same on the sheet of the application, which the summary refers to.
    heads, *own = [list(row) for row in book["KeywordSpotting"].iter_rows(2, values_only=True)]
    place = heads.index("Published Weights (KB)")
    assert [6.01, pytest.approx(98.21), pytest.approx(100 * 981 / 1042)] in [
        row[place : place + 3] for row in own
    ]


def test_a_workbook_of_other_models_has_no_such_columns() -> None:
    openpyxl = pytest.importorskip("openpyxl")
    pytest.importorskip("xlsxwriter")
    from tflint.report.bench_xlsx import render

    book = openpyxl.load_workbook(io.BytesIO(render(whole())))
    texts = {
        value
        for sheet in book.worksheets
        if sheet.title != "About"
        for row in sheet.iter_rows(values_only=True)
        for value in row
        if isinstance(value, str)
    }
    assert not [text for text in texts if "Published" in text or "Accuracy Is" in text]


def test_wording() -> None:
    assert published_text(PublishedFigures("dynamic", 6.02, 0.9231, "36 of 39 plots")) == (
        "6.02 KB of weights, 92.31 % in dynamic range (36 of 39 plots)"
    )
    assert published_text(PublishedFigures("float16", 79.5, None)) == (
        "79.5 KB of weights in float16"
    )
    assert recorded_text(heard()) == "recorded on 2026-11-20 with tflint 0.1.0"
    assert files_text(heard()) == "motion.npz (3fa93fa93fa9)"
    assert isinstance(heard().recorded, Recorded)
    three = next(model.accuracy for model in REPORT.models if model.accuracy)
    assert recorded_text(three) == ""
    assert two_class_text(three) == ""
