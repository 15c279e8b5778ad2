"""Reading the workbooks of `tflint bench` with what did not write them."""

from __future__ import annotations

import functools
import io
import re
import shutil
import statistics
import subprocess
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.report.bench_reports import BENCH_REPORTS
from tflint.report import bench_xlsx

openpyxl = pytest.importorskip("openpyxl", reason="openpyxl reads the workbooks")
pytest.importorskip("xlsxwriter", reason="XlsxWriter writes the workbooks")

SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")
_REFERENCE = r"(?:'((?:[^']|'')+)'!)?\$?([A-Z]{1,3})\$?([0-9]+)(?::\$?([A-Z]{1,3})\$?([0-9]+))?"
_CALL = re.compile(rf"(SUM\(|SUBTOTAL\(109,|AVERAGE\(|MAX\(){_REFERENCE}\)")
_FUNCTIONS = {"SUM(": sum, "SUBTOTAL(109,": sum, "AVERAGE(": statistics.fmean, "MAX(": max}
_CELL = re.compile(_REFERENCE)
_ARITHMETIC = re.compile(r"[0-9.e+\-*/() ]+")
# LibreOffice takes the values that it finds, unless it is told otherwise: 0 is "always".
_ALWAYS_COMPUTE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""


@dataclass(frozen=True)
class Read:
    """A workbook twice: its formulas, and the values that were written with them."""

    formulas: Any
    values: Any

    def sheet(self, name: str) -> Any:
        return self.formulas[name]

    def value(self, sheet: str, cell: str) -> Any:
        return self.values[sheet][cell].value

    def cells(self) -> Iterator[tuple[str, Any]]:
        """Every cell that has something, with the name of its sheet."""
        for sheet in self.formulas:
            for row in sheet.iter_rows():
                for cell in row:
                    if cell.value is not None:
                        yield sheet.title, cell

    def texts(self, sheet: str) -> list[str]:
        """The strings of a sheet, row by row."""
        rows = self.values[sheet].iter_rows(values_only=True)
        return [value for row in rows for value in row if isinstance(value, str)]

    def computed(self, sheet: str, formula: str) -> float:
        """What a formula comes to over the values of the cells that it names."""
        assert formula.startswith("=")

        def called(match: re.Match[str]) -> str:
            name, *reference = match.groups()
            return repr(float(_FUNCTIONS[name](self._area(sheet, reference))))

        text = _CALL.sub(called, formula[1:])
        text = _CELL.sub(lambda match: repr(float(sum(self._area(sheet, match.groups())))), text)
        assert _ARITHMETIC.fullmatch(text), formula
        return float(eval(text, {"__builtins__": {}}))

    def _area(self, sheet: str, reference: Sequence[str | None]) -> list[float]:
        name, column, row, last_column, last_row = reference
        page = self.values[name.replace("''", "'") if name else sheet]
        last = f"{last_column or column}{last_row or row}"
        rows = page[f"{column}{row}:{last}"]
        return [
            cell.value for line in rows for cell in line if isinstance(cell.value, (int, float))
        ]


def read(data: bytes) -> Read:
    """The workbook as openpyxl has it."""
    return Read(
        openpyxl.load_workbook(io.BytesIO(data)),
        openpyxl.load_workbook(io.BytesIO(data), data_only=True),
    )


@functools.cache
def written(name: str) -> bytes:
    """The workbook of a sample report."""
    return bench_xlsx.render(BENCH_REPORTS[name]())


@functools.cache
def sample(name: str) -> Read:
    """The workbook of a sample report, read."""
    return read(written(name))


def parts(data: bytes) -> dict[str, str]:
    """The XML files that a workbook is made of."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name).decode("utf-8") for name in archive.namelist()}


def converted(files: Sequence[Path], format: str, folder: Path) -> list[Path]:
    """The files as LibreOffice writes them, after it computed their formulas."""
    assert SOFFICE is not None
    profile = folder / "profile"
    (profile / "user").mkdir(parents=True, exist_ok=True)
    (profile / "user" / "registrymodifications.xcu").write_text(_ALWAYS_COMPUTE, encoding="utf-8")
    made = folder / format
    done = subprocess.run(
        [
            SOFFICE,
            f"-env:UserInstallation={profile.as_uri()}",
            *("--headless", "--norestore", "--convert-to", format, "--outdir", str(made)),
            *map(str, files),
        ],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    results = [made / f"{file.stem}.{format}" for file in files]
    assert all(result.exists() for result in results), done.stdout + done.stderr
    return results
