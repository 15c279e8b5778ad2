"""Names in the workbook are data: no cell computes them, no link leads out, no sheet breaks."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.report.bench_reports import HOSTILE_NAMES, MACHINE, STARTED, model
from tests.report.workbooks import parts, read, sample, written
from tflint.report import bench_xlsx
from tflint.report.bench_result import BenchReport, Failure
from tflint.report.bench_xlsx_book import Book, fitting, foreign_text, line_count, sheet_name

# What this program writes; a name of a sheet is the only foreign text in it.
_CELL = r"(?:'(?:[^']|'')+'!)?\$?[A-Z]+\$?\d+"
_VALUE = rf"(?:(?:SUM\(|SUBTOTAL\(109,|AVERAGE\(|MAX\(){_CELL}:{_CELL}\)|{_CELL}|\d+)"
OURS = re.compile(rf"=(?:[12]00\*)?{_VALUE}(?:[-/](?:{_VALUE}|\({_CELL}\+{_CELL}\)))?")
NOT_IN_SHEET_NAMES = set("[]:*?/\\")

every_name = pytest.mark.parametrize("name", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES)


def test_formulas_are_ours_alone() -> None:
    formulas = [cell.value for _, cell in sample("hostile").cells() if cell.data_type == "f"]

    assert formulas
    assert [formula for formula in formulas if not OURS.fullmatch(formula)] == []


@every_name
def test_a_name_is_there_as_text(name: str) -> None:
    shown = foreign_text(name)
    cells = [cell for sheet, cell in sample("hostile").cells() if sheet == "Tensors"]

    if shown.strip():
        found = [cell for cell in cells if cell.value == shown]
        assert found
        assert {cell.data_type for cell in found} == {"s"}


def test_what_looks_like_a_formula_stays_text_when_it_is_edited() -> None:
    book = sample("hostile")
    active = [
        (sheet, cell)
        for sheet, cell in book.cells()
        if isinstance(cell.value, str)
        and cell.data_type == "s"
        and cell.value.startswith(tuple("=+-@"))
    ]

    assert {"Summary", "Operators", "Tensors", "Accuracy", "Charts", "About"} <= {
        sheet for sheet, _ in active
    }
    assert [cell.value for _, cell in active if not cell.quotePrefix] == []


def test_texts_show_all_they_have() -> None:
    for _, cell in sample("hostile").cells():
        if isinstance(cell.value, str):
            hidden = {c for c in cell.value if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Cn")}
            assert hidden <= {"\n"}
            assert len(cell.value.encode("utf-16-le")) // 2 <= 32_767


def test_the_parts_are_well_formed_and_lead_nowhere() -> None:
    for name, text in parts(written("hostile")).items():
        ElementTree.fromstring(text)
        assert "External" not in text, name
        assert not name.startswith(("xl/externalLinks", "xl/vba"))


def test_links_lead_to_sheets_of_the_workbook() -> None:
    book = sample("hostile")
    links = [cell.hyperlink for _, cell in book.cells() if cell.hyperlink]

    assert len(links) == len(HOSTILE_NAMES)
    for link in links:
        assert link.target is None
        name = link.location.rsplit("!", 1)[0][1:-1].replace("''", "'")
        assert name in book.formulas.sheetnames


def test_an_escape_of_the_format_is_not_one() -> None:
    assert "_x005F_x000D_=1+1" in parts(written("hostile"))["xl/sharedStrings.xml"]


def test_no_label_of_a_chart_is_a_formula() -> None:
    for name, text in parts(written("hostile")).items():
        if "/chart" in name:
            assert re.findall(r"<c:f>(?!(?:\()?(?:'(?:[^']|'')+'|\w+)!\$[A-Z]+\$\d+)", text) == []


def test_every_sheet_has_a_name_that_the_format_takes() -> None:
    names = sample("hostile").formulas.sheetnames

    assert len({name.casefold() for name in names}) == len(names)
    for name in names:
        assert 0 < len(name.encode("utf-16-le")) // 2 <= 31
        assert not NOT_IN_SHEET_NAMES & set(name)
        assert not name.startswith("'")
        assert not name.endswith("'")


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("plain", "plain"),
        ("a[b]:c*d?e/f\\g", "a_b__c_d_e_f_g"),
        ("'quoted'", "quoted"),
        ("", "Model"),
        ("''", "Model"),
        ("History", "History_"),
        ("hISTORY", "hISTORY_"),
        ("net(1)", "net (1)"),
        ("SORT(x)", "SORT (x)"),
        ("x" * 40, "x" * 31),
        ("\U0001f600" * 20, "\U0001f600" * 15),
        ("\u202e", "_u202e"),
        ("_x000D_x000D_=1", "-x000D-x000D_=1"),
        ("\xa0' \xa0", "Model"),
    ],
)
def test_the_name_of_a_sheet(stem: str, expected: str) -> None:
    assert sheet_name(stem) == expected


def test_names_that_differ_in_case_or_form_only_are_told_apart() -> None:
    book = Book()

    wanted = ("Model", "MODEL", "model", "\uff2dodel", "x" * 31, "X" * 40, "Stra\u00dfe", "STRASSE")
    names = [book.free_name(name) for name in wanted]

    assert names == [
        *("Model", "MODEL (2)", "model (3)", "\uff2dodel (4)"),
        *("x" * 31, "X" * 27 + " (2)", "Stra\u00dfe", "STRASSE (2)"),
    ]


def test_a_model_may_be_called_as_a_sheet_of_ours() -> None:
    rows = [model(f"{name}.tflite", "int8") for name in ("Summary", "about", "History", "SUMMARY")]

    book = read(bench_xlsx.render(BenchReport(tuple(rows), MACHINE, STARTED)))

    assert book.formulas.sheetnames[:5] == [
        *("Summary", "Summary (2)", "about (2)", "History_", "SUMMARY (3)")
    ]


def test_functions_in_the_name_of_a_sheet_stay_a_name() -> None:
    rows = (model("FILTER(SORT(A1)).tflite", "int8"), model("LET(x,1,x).tflite", "int8"))

    book = read(bench_xlsx.render(BenchReport(rows, MACHINE, STARTED)))

    assert book.sheet("Summary")["E6"].value == "='FILTER (SORT (A1))'!P3"
    assert book.sheet("Summary")["E7"].value == "='LET (x,1,x)'!P3"


@settings(max_examples=12, deadline=None)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=5))
def test_any_names_make_a_workbook(names: list[str]) -> None:
    rows = tuple(
        dataclasses.replace(
            model(name, "int8"),
            application=name if len(name) % 3 == 2 else None,
            quantization=name,
            failures=(Failure(name, name),),
            notes=(name,),
        )
        for name in names
    )

    data = bench_xlsx.render(BenchReport(rows, MACHINE, name_of_time(names)))

    book = read(data)
    for text in parts(data).values():
        ElementTree.fromstring(text)
    formulas = [(sheet, cell) for sheet, cell in book.cells() if cell.data_type == "f"]
    for sheet, cell in formulas:
        assert OURS.fullmatch(cell.value)
        computed = book.computed(sheet, cell.value)
        assert book.value(sheet, cell.coordinate) == pytest.approx(computed)


def name_of_time(names: list[str]) -> str:
    return names[0] or STARTED


@given(st.text())
def test_the_name_of_a_sheet_is_always_one(text: str) -> None:
    name = sheet_name(text)

    assert 0 < len(name.encode("utf-16-le", "surrogatepass")) // 2 <= 31
    assert not NOT_IN_SHEET_NAMES & set(name)
    assert name == name.strip().strip("'")
    assert not re.search(r"_x[0-9A-Fa-f]{4}_", name)
    assert name.casefold() != "history"
    assert not any(unicodedata.category(c).startswith("C") for c in name)


@given(st.text(max_size=80), st.floats(1, 90))
def test_lines_are_at_least_those_that_are_broken(text: str, width: float) -> None:
    assert line_count(text, width) >= text.count("\n") + 1


def test_a_cell_takes_as_much_as_the_format_does() -> None:
    assert len(fitting("x" * 40_000)) == 32_767
    assert len(fitting("\U0001f600" * 20_000)) == 16_383
    assert fitting("x" * 32_767) == "x" * 32_767
