"""LibreOffice opens the workbook, computes what was written into it, and prints it."""

from __future__ import annotations

import io
import math
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.report.bench_reports import BENCH_REPORTS, HOSTILE_NAMES
from tests.report.workbooks import SOFFICE, Read, converted, read, sample, written
from tflint.report.bench_xlsx_book import foreign_text

pytestmark = pytest.mark.skipif(SOFFICE is None, reason="LibreOffice (soffice) is not installed")
NAMES = [name for name in BENCH_REPORTS if name != "none"]
WRONG = 123_456_789


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("office")


@pytest.fixture(scope="module")
def computed(folder: Path) -> dict[str, Read]:
    """The samples as LibreOffice saves them, and one whose values were wrong."""
    files = []
    for name in NAMES:
        files.append(folder / f"{name}.xlsx")
        files[-1].write_bytes(written(name))
    files.append(folder / "falsified.xlsx")
    files[-1].write_bytes(falsified(written("whole")))
    saved = converted(files, "xlsx", folder)
    return {path.stem: read(path.read_bytes()) for path in saved}


@pytest.fixture(scope="module")
def printed(folder: Path) -> dict[str, Path]:
    """The samples as PDF."""
    files = [folder / f"{name}.xlsx" for name in NAMES]
    for name, file in zip(NAMES, files, strict=True):
        file.write_bytes(written(name))
    return {path.stem: path for path in converted(files, "pdf", folder)}


def falsified(data: bytes) -> bytes:
    """The workbook with one wrong value for all of its formulas."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name.startswith("xl/worksheets/sheet"):
                text = re.sub(rb"(</f>)<v>[^<]*</v>", rb"\1<v>%d</v>" % WRONG, text)
            new.writestr(name, text)
    return made.getvalue()


@pytest.mark.parametrize("name", NAMES)
def test_every_formula_comes_to_what_was_written(name: str, computed: dict[str, Read]) -> None:
    ours, theirs = sample(name), computed[name]
    formulas = [(sheet, cell.coordinate) for sheet, cell in ours.cells() if cell.data_type == "f"]

    assert formulas
    for sheet, cell in formulas:
        found = theirs.value(sheet, cell)
        assert isinstance(found, (int, float)), (sheet, cell, found)
        assert math.isclose(found, ours.value(sheet, cell), rel_tol=1e-9, abs_tol=1e-9), (
            sheet,
            cell,
        )


def test_it_does_compute(computed: dict[str, Read]) -> None:
    """Else the test above would hold what was written against itself."""
    wrong = read(falsified(written("whole")))
    ours, theirs = sample("whole"), computed["falsified"]
    formulas = [(sheet, cell.coordinate) for sheet, cell in ours.cells() if cell.data_type == "f"]

    assert {wrong.value(sheet, cell) for sheet, cell in formulas} == {WRONG}
    for sheet, cell in formulas:
        assert math.isclose(
            theirs.value(sheet, cell), ours.value(sheet, cell), rel_tol=1e-9, abs_tol=1e-9
        )


def test_hostile_names_are_texts_there_too(computed: dict[str, Read]) -> None:
    theirs = computed["hostile"]
    shown = {foreign_text(name) for name in HOSTILE_NAMES.values()}
    texts = {cell.value for sheet, cell in theirs.cells() if sheet == "Tensors"}

    assert {name for name in shown if name.strip()} <= texts
    ours = [
        (at, cell.coordinate) for at, cell in sample("hostile").cells() if cell.data_type == "f"
    ]
    found = [(at, cell.coordinate) for at, cell in theirs.cells() if cell.data_type == "f"]
    assert found == ours


def test_the_sheets_keep_their_names_and_charts(computed: dict[str, Read]) -> None:
    for name, theirs in computed.items():
        original = "whole" if name == "falsified" else name
        assert theirs.formulas.sheetnames == sample(original).formulas.sheetnames
    assert len(computed["whole"].formulas["Charts"]._charts) == 4


@pytest.mark.parametrize("name", NAMES)
def test_it_prints(name: str, printed: dict[str, Path]) -> None:
    data = printed[name].read_bytes()

    assert data.startswith(b"%PDF-")
    # A page a sheet at least.
    pages = len(re.findall(rb"/Type\s*/Page\b", data))
    assert pages >= len(sample(name).formulas.sheetnames)


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
def test_the_printed_page_has_headers_figures_and_notes(printed: dict[str, Path]) -> None:
    done = subprocess.run(
        ["pdftotext", "-layout", str(printed["whole"]), "-"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    for said in (
        *("Latency (us)", "Tensor Name", "TFLite WITHOUT Optimization", "172.80", "97.44"),
        *("sequential/max_pooling2d/MaxPool", "Does not run on TFLM", "Confusion matrix"),
        "Accuracy by size, with intervals of 95 %",
    ):
        assert said in done.stdout
    assert "Err:" not in done.stdout
    assert "#REF!" not in done.stdout
