"""The workbooks of `reference_models/analysis` are of the models that are there."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from measure_reference_models import FOLDER, ORIGINAL, OURS
from reference_models_page import reference_rows
from tflint.report.bench_wording import runtime_of
from tflint_reference_models.published import REDUCED

MOST_BYTES = 300_000
WORKBOOKS = (OURS, ORIGINAL)
# What would tell where they were made.
PLACES = (b"/work/", b"/tmp/", b"/home/", b"/root/", b"seed/")


def path_of(name: str) -> Path:
    path = FOLDER / f"{name}.xlsx"
    if not path.exists():
        pytest.skip(f"{path.name} is not written yet: make analysis")
    return path


def summary(name: str) -> list[dict[str, Any]]:
    """The rows of the first sheet by the heads above them."""
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.load_workbook(path_of(name), data_only=True)
    above, heads, *rows = [list(row) for row in book["Summary"].iter_rows(4, values_only=True)]
    names, group = [], ""
    for title, head in zip(above, heads, strict=True):
        group = title or (group if title is None else "")
        names.append(f"{group}: {head}" if head in ("Weights (KB)", "Accuracy (%)") else head)
    end = next(place for place, row in enumerate(rows) if row[0] == "Sum of the rows shown")
    return [dict(zip(names, row, strict=True)) for row in rows[:end]]


@pytest.mark.parametrize("name", WORKBOOKS)
def test_a_workbook_is_small_and_tells_no_place(name: str) -> None:
    path = path_of(name)
    assert path.stat().st_size < MOST_BYTES
    with zipfile.ZipFile(path) as archive:
        texts = b"".join(
            archive.read(one) for one in archive.namelist() if one.endswith("sharedStrings.xml")
        )
    assert len(texts) > 1000
    assert [place for place in PLACES if place in texts] == []


def test_ours_are_those_that_come_with_tflint() -> None:
    rows = summary(OURS)
    models = reference_rows()

    assert [row["Model"].split("/")[-1] for row in rows] == [
        model.path.split("/")[-1] for model in models
    ], "make analysis"
    for row, model in zip(rows, models, strict=True):
        use = runtime_of(model, "tflm")
        assert model.weights is not None
        assert use is not None
        assert (row["File (Bytes)"], row["Number of Weights"]) == (
            model.file_bytes,
            model.weights.count,
        )
        assert model.accuracy is not None
        assert model.accuracy.recorded is not None
        assert row["Accuracy Is"] == f"recorded {model.accuracy.recorded.date}"
        assert row["Measured"] == pytest.approx(100 * model.accuracy.value)


def test_the_original_has_23_models_and_what_it_published() -> None:
    rows = summary(ORIGINAL)

    assert len(rows) == 23
    found = {row["Model"]: row for row in rows}
    titles = {"motion_sense": "MotionSense", "car_sensor": "CarSensor"}
    for name, title in titles.items():
        (dynamic,) = [one for one in REDUCED[name] if one.form == "dynamic"]
        row = found[f"{title}/reduced_drange.tflite"]
        assert row["Published by the Original: Weights (KB)"] == dynamic.kilobytes
        assert row["Published by the Original: Accuracy (%)"] == pytest.approx(dynamic.accuracy)
        # Their sizes follow from the files.
        assert row["Size: Weights (KB)"] == pytest.approx(dynamic.kilobytes, rel=0.002)
    assert sum(row["Runs"] == "yes" for row in rows) == 7
