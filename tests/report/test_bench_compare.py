"""`tflint bench --compare` in all its formats: word for word, in bounds, inert.

`UPDATE_GOLDEN=1 pytest tests/report/test_bench_compare.py` writes the golden files; read the diff.
"""

from __future__ import annotations

import csv
import dataclasses
import importlib
import io
import json
import os
import re
import unicodedata
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.report.bench_comparisons import COMPARISONS, faster, hostile, ratio, same
from tests.report.bench_reports import HOSTILE_NAMES, model
from tests.report.browser import looks, needs_chromium
from tests.report.rendered_markdown import assert_inert, render_page
from tests.report.test_hostile_documents import hidden
from tests.report.test_hostile_names import NAMES
from tflint.cli.bench_compare import document as document_of
from tflint.report import bench_formats, bench_json
from tflint.report.bench_compare_csv import HEADER
from tflint.report.bench_compare_result import BenchComparison, figures
from tflint.report.bench_compare_text import SHOWN, WIDTH, render
from tflint.report.bench_compare_wording import accuracy_sentence, ratio_sentence
from tflint.report.style import plain, styled

GOLDEN = Path(__file__).parent / "golden"
UPDATE = os.environ.get("UPDATE_GOLDEN") == "1"
FORMATS = ("json", "csv", "markdown", "html")
SUFFIXES = {"text": "txt", "json": "json", "csv": "csv", "markdown": "md", "html": "html"}
WORDED = ("faster", "same", "broken", "interrupted")
ALL_NAMES = {**HOSTILE_NAMES, **NAMES, "command": "::error::x", "command, blanks": "  ::x::y"}


def document(found: BenchComparison, format: str) -> str:
    text = document_of(found, format)
    assert isinstance(text, str)
    return text


def made(found: BenchComparison, format: str) -> str:
    return plain(render(found)) if format == "text" else document(found, format)


def columns(text: str) -> int:
    """What a line takes in a terminal, counted here once more."""
    wide = {"W": 2, "F": 2}
    return sum(
        0
        if unicodedata.category(c) in ("Mn", "Me")
        else wide.get(unicodedata.east_asian_width(c), 1)
        for c in text
    )


@pytest.mark.parametrize(
    ("name", "format"),
    [*((name, "text") for name in WORDED), *(("faster", format) for format in FORMATS)],
)
def test_documents_are_the_golden_ones(name: str, format: str) -> None:
    text = re.sub(r"tflint \d[^\"<]*", "VERSION", made(COMPARISONS[name](), format))
    if format == "json":
        # What both models have is held by their own tests.
        text = json.dumps(json.loads(text)["comparison"], indent=2) + "\n"
    path = GOLDEN / f"bench-compare-{name}.{SUFFIXES[format]}"
    if UPDATE:
        path.write_text(text, encoding="utf-8")

    assert path.exists(), f"no {path.name}: write it with UPDATE_GOLDEN=1"
    assert text == path.read_text(encoding="utf-8")


def test_every_format_has_a_renderer() -> None:
    for format in bench_formats.FORMATS:
        assert callable(importlib.import_module(f"tflint.report.bench_compare_{format}").render)


@pytest.mark.parametrize("details", [None, False, True])
@pytest.mark.parametrize("name", COMPARISONS)
def test_lines_fit_the_width(name: str, details: bool | None) -> None:
    found = COMPARISONS[name]()
    text = plain(render(found, details=details))

    assert max(map(columns, text.splitlines())) <= WIDTH == 100
    assert not any(line != line.rstrip() for line in text.splitlines())
    # Colours change nothing of the text.
    assert re.sub(r"\x1b\[[0-9;]*m", "", styled(render(found, details=details))) == text


def test_details_are_all_operators_or_none() -> None:
    found = faster()
    many = dataclasses.replace(found, operators=found.operators * 20)

    assert "QUANTIZE" not in plain(render(many, details=False))
    assert plain(render(many)).count("QUANTIZE") < 20
    assert f"and {len(many.operators) - SHOWN:,} more" in plain(render(many))
    assert plain(render(many, details=True)).count("QUANTIZE") == 20


@pytest.mark.parametrize("name", ALL_NAMES)
def test_names_neither_act_nor_leave_their_place(name: str) -> None:
    found = hostile(ALL_NAMES[name])
    text = made(found, "text")
    assert hidden(text) == set()
    assert max(map(columns, text.splitlines())) <= WIDTH
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())
    for shown in (text, made(found, "markdown"), made(found, "html"), made(found, "csv")):
        assert hidden(shown) == set()
        assert len(shown) < 200_000

    assert_inert(made(found, "markdown"))
    _Strict().feed(made(found, "html"))
    json.loads(made(found, "json"))
    rows = list(csv.DictReader(io.StringIO(made(found, "csv"), newline="")))
    assert {len(row) for row in rows} == {len(HEADER)}
    for row in rows:
        assert not any(re.match(r"\s*[=+@\t\r]|\s*-[^0-9]", cell) for cell in row.values())


class _Strict(HTMLParser):
    """Fails for an element or attribute that a page of ours has not."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "img", "a", "link", "iframe", "form", "object")
        assert not [name for name, _ in attrs if name.startswith("on") or name in ("href", "src")]


@settings(max_examples=30)
@given(
    st.text(max_size=60),
    st.floats(1e-9, 1e9),
    st.floats(1, 3),
    st.floats(1e-3, 1e12),
    st.integers(0, 10**40),
)
def test_whatever_the_figures(
    name: str, middle: float, spread: float, before: float, size: int
) -> None:
    found = hostile(name)
    rows = tuple(
        dataclasses.replace(row, file_bytes=size, macs=size) for row in found.report.models
    )
    found = dataclasses.replace(
        found,
        report=dataclasses.replace(found.report, models=rows),
        latency=ratio(middle / spread, middle, middle * spread, before),
    )
    for format in ("text", *FORMATS):
        text = made(found, format)
        assert text.endswith("\n")
        if format == "text":
            assert max(map(columns, text.splitlines())) <= WIDTH


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        ((0.787, 0.806, 0.826), "B is 1.24 times as fast as A (1.21 to 1.27)"),
        ((1.21, 1.24, 1.27), "B takes 1.24 times as long as A (1.21 to 1.27)"),
        ((0.7687, 0.7692, 0.7704), "B is 1.300 times as fast as A (1.298 to 1.301)"),
        ((0.997, 0.999, 1.002), "B is as fast as A: it takes 0.997 to 1.002 times as long"),
        ((0.98, 1.0, 1.02), "no difference can be told: B takes 0.98 to 1.02 times as long as A"),
        ((0.0004, 0.0005, 0.0006), "B is 2,000 times as fast as A (1,667 to 2,500)"),
    ],
)
def test_the_verdict_in_words(interval: tuple[float, float, float], text: str) -> None:
    assert ratio_sentence(ratio(*interval)) == text


def test_accuracies_in_words() -> None:
    found = faster().accuracy
    assert found is not None

    assert accuracy_sentence(found) == (
        "of 39 samples, A alone decides 1 right, B alone 2: no difference can be told (p-value 1)"
    )
    better = dataclasses.replace(found, only_before=0, only_after=20, p=2e-6)
    assert accuracy_sentence(better).endswith("B decides better (p-value below 0.0001)")
    equal = dataclasses.replace(found, only_before=0, only_after=0, p=1.0)
    assert accuracy_sentence(equal) == "of 36 samples, both decide the same 35 right"


def test_json_is_that_of_both_models_and_more() -> None:
    found = faster()
    whole = json.loads(document(found, "json"))
    comparison = whole.pop("comparison")

    assert whole == json.loads(bench_json.render(found.report))
    assert [row["path"] for row in whole["models"]] == [comparison["a"], comparison["b"]]
    assert comparison["latency"] == {
        "ratio": 0.705,
        "interval": [0.701, 0.709],
        "level": 0.95,
        "verdict": "faster",
        "text": "B is 1.418 times as fast as A (1.410 to 1.427)",
        "a_us": 8.8,
        "b_us": pytest.approx(8.8 * 0.705),
        "loads": 24,
        "runs": [7956, 8100],
    }
    assert comparison["accuracy"]["only_b_right"] == 2
    differences = {row["name"]: row["difference"] for row in comparison["figures"]}
    assert differences["file_bytes"] == found.after.file_bytes - found.before.file_bytes
    assert len(differences) == len(list(figures(found)))
    assert [one["change"] for one in comparison["operators"]] == [
        *("changed", "moved", "kept", "kept", "added", "removed"),
    ]


def test_the_table_has_a_row_for_each_figure() -> None:
    found = faster()
    rows = list(csv.DictReader(io.StringIO(document(found, "csv"))))
    kinds = [row["kind"] for row in rows]

    assert tuple(rows[0]) == HEADER
    assert kinds.count("operator_us") == len(found.operators)
    assert kinds.count("figure") == len(list(figures(found)))
    (latency,) = [row for row in rows if (row["kind"], row["name"]) == ("latency_us", "median")]
    assert (latency["ratio"], latency["low"], latency["high"]) == ("0.705", "0.701", "0.709")
    assert latency["verdict"] == "faster"


def test_markdown_shows_what_matters_first() -> None:
    page = render_page(document(faster(), "markdown"))

    assert "B is 1.418 times as fast as A" in page.open_text
    assert page.summaries == ["Operators: 2 kept, 1 changed, 1 moved, 1 added, 1 removed"]
    assert ["runs on tflm", "no", "yes", "", ""] in page.rows


def test_what_is_not_known_is_not_made_up() -> None:
    text = made(COMPARISONS["broken"](), "text")

    assert "which is faster could not be measured" in text
    assert "A, latency: LiteRT does not run the model: Select TensorFlow op(s)" in text
    assert "B, reading: Verification of the flatbuffer failed (at byte 12)" in text
    found = json.loads(document(COMPARISONS["broken"](), "json"))["comparison"]
    assert found["latency"] is found["accuracy"] is None
    assert {row["b"] for row in found["figures"] if row["name"] == "macs"} == {None}


def test_sizes_that_are_equal_have_no_share() -> None:
    text = made(same(), "text")

    assert re.search(r"file \(bytes\) +([\d,]+) +\1 +=\n", text)
    assert "byte for byte" in text


def test_a_model_without_operators_is_no_problem() -> None:
    row = model("m.tflite", "int8", operators=(), tensors=())
    found = dataclasses.replace(
        same(), report=dataclasses.replace(same().report, models=(row, row)), operators=()
    )

    for format in ("text", *FORMATS):
        assert made(found, format)


# The workbook


def opened(found: BenchComparison, *, computed: bool) -> Any:
    openpyxl = pytest.importorskip("openpyxl")
    pytest.importorskip("xlsxwriter")
    data = document_of(found, "xlsx")
    assert isinstance(data, bytes)
    assert data == document_of(found, "xlsx"), "the same for the same comparison"
    return openpyxl.load_workbook(io.BytesIO(data), data_only=computed)


def test_the_workbook_has_formulas_and_what_they_come_to() -> None:
    found = faster()
    formulas, values = (opened(found, computed=computed) for computed in (False, True))

    assert values.sheetnames == ["Comparison", "Operators"]
    page = values["Comparison"]
    rows = {row[0].value: [one.value for one in row] for row in page.iter_rows(min_row=8)}
    (place,) = [row[0].row for row in page.iter_rows() if row[0].value == "dynamic tensors (bytes)"]
    assert formulas["Comparison"].cell(place, 4).value == f"=C{place}-B{place}"
    assert rows["dynamic tensors (bytes)"][1:5] == [86_400, 21_600, -64_800, -75]
    assert rows["Inference (us)"][5:8] == [0.705, 0.701, 0.709]
    sums = [cell.value for cell in values["Operators"][len(found.operators) + 2]][4:6]
    for total, side in zip(sums, ("before", "after"), strict=True):
        ends = [getattr(one, side) for one in found.operators]
        assert total == pytest.approx(sum(row.us_avg for row in ends if row))


@pytest.mark.parametrize("name", ALL_NAMES)
def test_names_do_not_act_in_the_workbook(name: str) -> None:
    book = opened(hostile(ALL_NAMES[name]), computed=False)

    for page in book:
        for cell in (cell for row in page.iter_rows() for cell in row):
            if cell.data_type == "f":
                assert re.fullmatch(
                    r"=(SUM\([A-Z]+\d+:[A-Z]+\d+\)|(100\*)?\(?C\d+-B\d+\)?(/B\d+)?)", cell.value
                )
            assert cell.hyperlink is None


@pytest.mark.parametrize("name", COMPARISONS)
def test_there_is_a_workbook_of_every_outcome(name: str) -> None:
    assert opened(COMPARISONS[name](), computed=True).sheetnames[0] == "Comparison"


@needs_chromium
@pytest.mark.parametrize("name", ["faster", "broken", "hostile"])
def test_a_browser_shows_the_page_and_asks_for_nothing(name: str, tmp_path: Path) -> None:
    found = COMPARISONS[name]()
    looked, console = looks(document(found, "html"), tmp_path, (400, 1200))

    assert console == ""
    for look in looked:
        assert look.scroll_width <= look.width
        assert look.outside == []
        assert look.requests == []
        assert not {"script", "img", "iframe", "a"} & set(look.elements)
        titles = [row[0] for row in look.rows]
        assert "file (bytes)" in titles
        ratios = [found.latency, found.first, found.init]
        assert len(look.titles) == sum(ratio is not None for ratio in ratios)
