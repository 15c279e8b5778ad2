"""The page of `tflint bench`: it stands by itself, shows every figure, and nothing in it acts."""

from __future__ import annotations

import dataclasses
import re
import sys
from collections import Counter
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.report.bench_reports import BENCH_REPORTS, HOSTILE_NAMES, LABELS, accuracy, model
from tests.report.browser import looks, needs_chromium
from tests.report.test_hostile_documents import PIECES, hidden
from tests.report.test_memory_documents import ELEMENTS as MEMORY_ELEMENTS
from tests.report.test_memory_documents import needs_matplotlib
from tflint.errors import MissingExtra
from tflint.report import bench_html
from tflint.report.bench_charts import MAX_ROWS
from tflint.report.bench_result import BenchedModel, BenchReport, Failure
from tflint.report.memory_drawing import drawing

pytestmark = needs_matplotlib

ELEMENTS = MEMORY_ELEMENTS | {
    *("a", "figure", "figcaption", "strong", "h3", "i", "code"),
    *("g", "path", "use", "clippath"),
}


class Page(HTMLParser):
    """Elements, attributes and text of a page, and the cells of its tables."""

    VOID = ("meta",)

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.rows: list[list[str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


def check_page(text: str) -> Page:
    """The page; fails for anything that could act, ask for something or lead anywhere else."""
    page = Page(text)
    assert page.elements <= ELEMENTS
    for name, value in page.attributes:
        assert not name.startswith("on")
        assert name not in ("src", "srcset", "action", "xlink:href")
        assert not name.startswith("xmlns")
        assert name != "href" or re.fullmatch(r"#[\w-]+", value)
        assert "http" not in value or name in ("http-equiv", "aria-label")
        assert "url(" not in value or re.fullmatch(r"url\(#[\w-]+\)", value)
    ids = Counter(value for name, value in page.attributes if name == "id")
    assert max(ids.values(), default=1) == 1
    links = {value[1:] for name, value in page.attributes if name == "href"}
    links |= {value[5:-1] for name, value in page.attributes if value.startswith("url(#")}
    assert links <= ids.keys()
    assert "@import" not in text
    assert hidden(text) == set()
    return page


def rendered(*models: BenchedModel) -> str:
    return bench_html.render(dataclasses.replace(BENCH_REPORTS["one"](), models=models))


@pytest.mark.parametrize("name", BENCH_REPORTS)
def test_the_page_stands_by_itself(name: str) -> None:
    report = BENCH_REPORTS[name]()
    text = bench_html.render(report)
    page = check_page(text)

    assert "default-src 'none'" in text
    assert len(text) < 1_000_000
    for svg in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        ElementTree.fromstring(svg)
    linked = [value for name, value in page.attributes if name == "href" and value.startswith("#m")]
    assert linked == [f"#m{i}" for i in range(1, len(report.models) + 1)]


@pytest.mark.parametrize("name", ["whole", "failures"])
def test_the_page_is_the_same_every_time(name: str) -> None:
    assert bench_html.render(BENCH_REPORTS[name]()) == bench_html.render(BENCH_REPORTS[name]())


@pytest.mark.parametrize("name", ["whole", "failures", "one"])
def test_every_figure_is_there(name: str) -> None:
    report = BENCH_REPORTS[name]()
    rows = check_page(bench_html.render(report)).rows

    for one in report.models:
        if one.weights is None or one.latency is None:
            continue
        for what, figure in (
            ("file", f"{one.file_bytes:,} B"),
            ("weights", f"{one.weights.count:,}"),
            ("weights, bytes", f"{one.weights.bytes:,} B"),
            ("dynamic tensors", f"{one.dynamic_bytes:,} B"),
            ("initialisation", f"{one.latency.init:,.{1 if one.latency.init < 1000 else 0}f} µs"),
            ("average", f"{one.latency.avg:.2f} µs"),
            ("p95", f"{one.latency.p95:.2f} µs"),
        ):
            assert [what, figure] in rows
        for tensor in one.tensors:
            cells = [str(tensor.index), tensor.name, " x ".join(map(str, tensor.shape))]
            assert any(row[:3] == cells and row[4] == f"{tensor.bytes:,}" for row in rows)
        for operator in one.operators:
            macs = f"{operator.macs:,}"
            assert any(row[1:2] == [operator.name] and macs in row for row in rows)
        for use in one.runtimes:
            size = f"{use.min_arena_bytes:,}"
            assert any(row[0] == use.runtime and size in row for row in rows)


def test_what_failed_is_told_first_and_with_its_model() -> None:
    report = BENCH_REPORTS["failures"]()
    text = bench_html.render(report)
    rows = Page(text).rows

    for one in report.models:
        for failure in one.failures:
            assert any(row[1:] == [failure.part, failure.text] for row in rows)
            assert text.count(failure.text.partition("(")[0].rstrip()) >= 2
    assert text.index("Not measured") < text.index("Charts")


def test_the_best_are_marked_where_there_is_a_choice() -> None:
    rows = Page(bench_html.render(BENCH_REPORTS["whole"]())).rows
    table = rows[1:5]

    assert "97.44 % (86.8–99.5 %)most accurate" in table[0]
    assert "7,820smallest" in table[3]
    assert "3.10fastest" in table[3]
    assert "13,292smallest here" in table[1]
    assert "6.19fastest here" in table[2]
    assert 'class="badge"' not in bench_html.render(BENCH_REPORTS["one"]())


def test_each_model_has_the_plan_of_its_arena() -> None:
    report = BENCH_REPORTS["whole"]()
    text = bench_html.render(report)

    assert text.count('id="hatch"') == 1
    for one in report.models:
        assert one.memory is not None
        assert drawing(one.memory, is_alone=False) in text


def test_classes_and_mistakes_are_shown() -> None:
    rows = Page(bench_html.render(BENCH_REPORTS["whole"]())).rows

    assert ["is \\ taken for", *LABELS] in rows
    assert ["in a car", "1", "0", "12"] in rows
    assert any(row[:4] == ["in a car", "13", "12", "92.31"] for row in rows)


def test_of_many_classes_the_most_frequent_mistakes_are_told() -> None:
    n = 60
    confusion = [[5 * (i == j) for j in range(n)] for i in range(n)]
    confusion[7][9], confusion[8][2] = 4, 3
    many = accuracy(tuple(map(tuple, confusion)), tuple(f"class {i}" for i in range(n)))
    rows = Page(rendered(model("m.tflite", "int8", accuracy=many))).rows
    at = rows.index(["is", "samples", "taken for"])

    assert rows[at + 1 : at + 3] == [["class 7", "4", "class 9"], ["class 8", "3", "class 2"]]
    assert not any("is \\ taken for" in row for row in rows)


def test_the_page_of_very_many_models_stays_one_that_can_be_read() -> None:
    some = [model("x.tflite", "int8", 8 + i, 3 + i) for i in range(5)]
    models = [
        dataclasses.replace(some[i // 60], path=f"folder/model-{i}.tflite") for i in range(300)
    ]
    text = rendered(*models)
    page = check_page(text)

    assert len(text) < 8_000_000
    assert sum(row[1:2] == [f"model-{i}.tflite"] for i in (0, 299) for row in page.rows) == 2
    assert f"The {MAX_ROWS} of 300 models with the least; the table has all." in "".join(page.text)
    chart = text.partition("Latency of 40 models")[2].partition("</svg>")[0]
    assert "model-39" in chart
    assert "model-40" not in chart


def test_a_large_network_is_cut_in_the_tables_and_not_in_its_figures() -> None:
    one = model("m.tflite", "int8")
    operators = tuple(dataclasses.replace(one.operators[0], index=i) for i in range(20_000))
    text = rendered(dataclasses.replace(one, operators=operators))

    assert "and 19,700 more operators; the JSON has all" in text
    assert ["operators", "20,000"] in Page(text).rows
    assert len(text) < 300_000


def test_charts_are_in_the_colours_of_the_page() -> None:
    text = bench_html.render(BENCH_REPORTS["whole"]())
    charts = re.findall(r'<svg class="chart".*?</svg>', text, re.DOTALL)

    assert len(charts) == 5
    for chart in charts:
        assert not re.search(r"#[0-9a-f]{6}\b", chart)
        assert "font-family" not in chart
        assert "DejaVu" not in chart
    assert not re.search(r"20\d\d-\d\d-\d\d", text.replace(BENCH_REPORTS["whole"]().started, ""))


@pytest.mark.parametrize("name", ["$x^2$", "\\frac{1}{2}", "%d", "漢字", "a" * 3000, "\x1b[31m"])
def test_charts_take_any_name(name: str) -> None:
    text = rendered(model(f"{name}.tflite", "int8"), model("other.tflite", "int8"))
    chart = text.partition('<svg class="chart"')[2].partition("</svg>")[0]

    check_page(text)
    assert name[:8].replace("\x1b", "\\x1b") in chart


def named(piece: str) -> BenchedModel:
    """A row in which everything that a file, a path or a data set can name has this name."""
    base = model(f"a {piece} b.tflite", "int8")
    scores = accuracy(((3, 1), (0, 4)), (piece, "other"))
    return dataclasses.replace(
        base,
        tensors=tuple(dataclasses.replace(one, name=piece) for one in base.tensors),
        operators=tuple(
            dataclasses.replace(one, name=piece, note=piece, output=piece) for one in base.operators
        ),
        accuracy=dataclasses.replace(scores, dataset=piece, split=piece, decision=piece),
        runtimes=tuple(
            dataclasses.replace(one, runtime=piece, target=piece, reason=piece)
            for one in base.runtimes
        ),
        application=piece,
        quantization=piece,
        failures=(Failure(piece, piece),),
        notes=(piece,),
    )


HOSTILE = (*PIECES, *HOSTILE_NAMES.values())


@pytest.mark.parametrize("start", range(0, len(HOSTILE), 20))
def test_whatever_names_hold_it_is_text(start: int) -> None:
    pieces = HOSTILE[start : start + 20]
    machine = dataclasses.replace(BENCH_REPORTS["one"]().machine, processor=pieces[0], notes=pieces)
    text = bench_html.render(BenchReport(tuple(map(named, pieces)), machine, pieces[-1]))

    check_page(text)
    assert len(text) < 1_000_000


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    with pytest.raises(MissingExtra, match=r"tflint\[report\]"):
        bench_html.render(BENCH_REPORTS["one"]())


@needs_chromium
@pytest.mark.parametrize("name", ["whole", "failures", "hostile", "none"])
def test_a_browser_shows_the_page(name: str, tmp_path: Path) -> None:
    report = BENCH_REPORTS[name]()
    text = bench_html.render(report)
    seen, console = looks(text, tmp_path, (400, 1200))

    assert console == ""
    for look in seen:
        assert look.requests == []
        assert look.outside == []
        assert look.scroll_width <= look.width
        # What the browser made of the text is what was written: no element came of a name.
        assert {element.lower() for element in look.elements} <= ELEMENTS
        assert look.rows == Page(text).rows
        if name == "whole":
            assert look.drawn > 40
            assert "MotionSense/no_quant" in look.texts
            assert any("24.68 µs on average" in title for title in look.titles)


@needs_chromium
@pytest.mark.parametrize(("fragment", "opened"), [("", 0), ("#m2", 1)])
def test_a_link_in_the_table_opens_the_section(fragment: str, opened: int, tmp_path: Path) -> None:
    [look], _ = looks(bench_html.render(BENCH_REPORTS["whole"]()), tmp_path, (1200,), fragment)

    assert look.opened == opened


@needs_chromium
def test_a_browser_shows_the_page_of_very_many_models(tmp_path: Path) -> None:
    one = model("x.tflite", "int8", 8)
    models = [dataclasses.replace(one, path=f"folder/{'x' * 300}-{i}.tflite") for i in range(120)]
    [look], console = looks(rendered(*models), tmp_path, (400,))

    assert console == ""
    assert look.scroll_width <= look.width
    assert sum(row[:1] == [str(i)] and len(row) > 8 for i in (1, 120) for row in look.rows) >= 2
