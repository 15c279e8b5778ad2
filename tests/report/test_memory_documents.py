"""The formats of `tflint memory` for programs and pages: complete, valid, the same every time."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.model.sample_models import multi_subgraph_model
from tests.report.browser import looks, needs_chromium
from tests.report.memory_reports import REPORTS, chain, classifier, on_host, reported
from tflint.cli.memory import FORMAT_NAMES
from tflint.errors import MissingExtra
from tflint.model.builder import ModelBuilder
from tflint.model.tables import Model
from tflint.report import memory_csv, memory_html, memory_json
from tflint.report.memory_chart import frame
from tflint.report.memory_formats import FORMATS
from tflint.report.memory_result import MemoryReport

GOLDEN = Path(__file__).parent / "golden"
UPDATE = os.environ.get("UPDATE_GOLDEN") == "1"
# The keys that INTERFACE.md promises, in its order.
PROMISED = (
    *("schema", "path", "runtime", "target", "runnable", "reason", "arena_bytes"),
    *("min_arena_bytes", "nonpersistent_bytes", "persistent_bytes", "persistent"),
    *("lower_bound_bytes", "peak_operator", "flash_bytes", "tensors", "scratch_buffers"),
)


def has_matplotlib() -> bool:
    import importlib.util

    return importlib.util.find_spec("matplotlib") is not None


needs_matplotlib = pytest.mark.skipif(not has_matplotlib(), reason="needs the extra `plot`")


def found(report: MemoryReport) -> dict[str, object]:
    document: dict[str, object] = json.loads(memory_json.render(report))
    return document


def test_the_command_names_the_formats_that_there_are() -> None:
    assert tuple(FORMATS) == FORMAT_NAMES


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("memory.json", lambda: memory_json.render(REPORTS["int8"]())),
        ("memory.csv", lambda: memory_csv.render(REPORTS["int8"]())),
    ],
)
def test_the_document_is_the_golden_one(name: str, text: object) -> None:
    path, document = GOLDEN / name, text()  # type: ignore[operator]
    if UPDATE:
        path.write_text(document, encoding="utf-8")

    assert document == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", REPORTS)
def test_the_json_has_what_is_promised_and_adds_up(name: str) -> None:
    report = REPORTS[name]()
    document = json.loads(memory_json.render(report))

    assert [key for key in document if key in PROMISED] == list(PROMISED)
    assert document["arena_bytes"] == document["nonpersistent_bytes"] + document["persistent_bytes"]
    assert document["persistent_bytes"] == sum(document["persistent"].values())
    assert document["min_arena_bytes"] % 16 == 0
    assert document["min_arena_bytes"] >= document["arena_bytes"]
    assert document["lower_bound_bytes"] <= document["nonpersistent_bytes"]
    ram, flash = document["ram_bytes"], document["flash_bytes"]
    assert ram["total"] == sum(ram[part] for part in ("arena", "interpreter", "resolver", "stack"))
    assert flash["total"] == flash["model"] + flash["runtime"]
    assert flash["runtime_low"] <= flash["runtime"] <= flash["runtime_high"]
    ends = [
        buffer["offset"] - -(-buffer["bytes"] // 16) * -16
        for buffer in (*document["tensors"], *document["scratch_buffers"])
    ]
    assert max(ends, default=0) == document["nonpersistent_bytes"]
    alive = [operator["alive_bytes"] for operator in document["operators"]]
    assert max(alive, default=0) <= document["lower_bound_bytes"]
    held = sum(t["reserved_bytes"] for t in document["peak"]["tensors"])
    assert held + document["peak"]["scratch_bytes"] == document["lower_bound_bytes"]


def test_only_models_of_several_subgraphs_tell_them_apart() -> None:
    one, several = found(REPORTS["int8"]()), found(reported(multi_subgraph_model()))

    for key in ("tensors", "operators"):
        assert all("subgraph" not in entry for entry in one[key])  # type: ignore[attr-defined]
        assert {entry["subgraph"] for entry in several[key]} == {0, 1, 2}  # type: ignore[attr-defined]


def test_the_target_is_as_given_and_a_core_by_default() -> None:
    assert found(REPORTS["int8"]())["target"] == "cortex-m4"
    assert found(REPORTS["over-budget"]())["target"] == "cortex-m55:ram=8K,flash=1M"


def test_what_was_measured_is_in_the_json_only_when_it_was() -> None:
    assert "measured" not in found(REPORTS["int8"]())
    assert found(on_host())["measured"]["agrees"] is True  # type: ignore[index]


def test_the_table_has_a_row_for_each_buffer() -> None:
    for build in REPORTS.values():
        report = build()
        rows = list(csv.DictReader(io.StringIO(memory_csv.render(report))))
        assert len(rows) == len(report.arena.buffers)
        peak = sum(-(-int(row["bytes"]) // 16) * 16 for row in rows if row["at_peak"] == "yes")
        assert peak == report.arena.lower_bound_bytes


class Page(HTMLParser):
    """Collects the elements of a page, and what does not close."""

    VOID = ("meta", "br", "img", "link")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


ELEMENTS = {
    *("html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "span", "div"),
    *("table", "thead", "tbody", "tr", "th", "td", "ul", "li", "details", "summary"),
    *("svg", "defs", "pattern", "rect", "line", "text", "polygon"),
}


def check_page(text: str) -> Page:
    page = Page(text)
    assert page.open == []
    assert set(page.elements) <= ELEMENTS
    for name, value in page.attributes:
        assert not name.startswith("on")
        assert name not in ("href", "src", "srcset", "action")
        assert "http" not in (value or "") or name == "http-equiv"
        assert "javascript:" not in (value or "")
    assert "@import" not in text
    return page


@pytest.mark.parametrize("name", REPORTS)
def test_the_page_stands_by_itself(name: str) -> None:
    report = REPORTS[name]()
    page = check_page(memory_html.render(report))

    text = " ".join(page.text)
    assert f"{report.arena.min_arena_bytes:,} B" in text
    # Every drawing is well-formed XML by itself.
    drawing = memory_html.render(report).partition("<svg")[2].partition("</svg>")[0]
    ElementTree.fromstring(f"<svg{drawing}</svg>")


def test_blocks_tell_their_tensor_without_a_script() -> None:
    page = memory_html.render(REPORTS["int8"]())

    assert "<title>tensor #0 INT8 [1,24,24,1] `image`: 576 bytes at" in page
    assert "made by CONV_2D #0, read until ADD #2</title>" in page


@needs_chromium
@pytest.mark.parametrize("name", ["int8", "unrunnable", "no-operators"])
def test_a_browser_shows_the_page(name: str, tmp_path: Path) -> None:
    (look,), console = looks(memory_html.render(REPORTS[name]()), tmp_path, (1200,))

    assert "svg" in look.elements
    assert look.requests == []
    assert look.outside == []
    assert console == ""


@needs_matplotlib
@pytest.mark.parametrize("name", ["int8", "unrunnable", "over-budget", "long", "subgraphs"])
def test_pictures_are_the_same_every_time(name: str) -> None:
    report = REPORTS[name]()
    for format in ("png", "svg"):
        first = FORMATS[format].document(report)
        assert first == FORMATS[format].document(report)
    assert isinstance(first, str)
    root = ElementTree.fromstring(first)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "<dc:date>" not in first
    assert "<script" not in first
    assert "<a " not in first


@needs_matplotlib
def test_pictures_are_pngs_of_a_size_that_can_be_looked_at() -> None:
    for name in ("int8", "two-operators", "no-operators", "nothing", "long"):
        data = FORMATS["png"].document(REPORTS[name]())
        assert isinstance(data, bytes)
        assert data.startswith(b"\x89PNG")
        width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
        assert 1000 <= width <= 3000
        assert 700 <= height <= 1200


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    with pytest.raises(MissingExtra, match=r"tflint\[plot\]"):
        FORMATS["png"].document(REPORTS["int8"]())
    FORMATS["html"].document(REPORTS["int8"]())


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"])
def test_a_name_is_no_formula(sign: str) -> None:
    model = ModelBuilder()
    model.output(model.unary("RELU", model.input((1, 4), name=f"{sign}1+1")))
    rows = list(csv.DictReader(io.StringIO(memory_csv.render(reported(model.build())))))

    assert rows[0]["name"].startswith("'")
    assert len(rows) == 2


@pytest.mark.parametrize("ram", [None, "2K", "2300", "3K", "4K", "8K", "14K", "16K", "1M"])
@pytest.mark.parametrize("model", [chain(6), classifier()], ids=["tail", "head"])
def test_a_budget_is_drawn_on_the_side_that_it_is_on(model: Model, ram: str | None) -> None:
    """Whether the persistent section is true to scale or not."""
    report = reported(model, f"cortex-m4:ram={ram}" if ram else "tflm")
    drawn = frame(report)
    fits = report.fits_ram

    assert drawn.is_to_scale is (report.arena.nonpersistent_bytes >= 1000)
    assert bool(drawn.limit_text) is (ram is not None)
    if drawn.limit is not None:
        assert (drawn.limit < drawn.top) is (fits is False)
    else:
        assert fits is not False
