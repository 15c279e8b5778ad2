"""Whatever a model's names and path hold: every format of `tflint memory` stays valid and inert."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from tests.report.memory_reports import reported
from tests.report.test_hostile_documents import PIECES, hidden
from tests.report.test_memory_documents import check_page, needs_matplotlib
from tflint.model.builder import ModelBuilder
from tflint.report import memory_csv, memory_html, memory_json
from tflint.report.memory_formats import FORMATS
from tflint.report.memory_result import MemoryReport
from tflint.report.memory_text import render
from tflint.report.style import plain, styled


def named(text: str) -> MemoryReport:
    """A report in which everything that a file or a path can name has this name."""
    # What a file cannot say, its reader makes of bytes: the names are checked as they are read.
    text = text.encode("utf-8", "surrogateescape" if "\udcff" in text else "replace").decode(
        "utf-8", "surrogateescape"
    )
    model = ModelBuilder()
    x = model.input((1, 16), name=text)
    y = model.tensor((1, 16), name=text)
    model.operator(text.replace("\0", "") or "x", [x], [y])
    model.output(y)
    return reported(model.build(), path=f"{text}.tflite")


def check_text(report: MemoryReport) -> None:
    text = plain(render(report))
    assert hidden(text) == set()
    assert max(map(len, text.splitlines())) <= 100
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())
    assert hidden(styled(render(report))) <= {"\x1b"}


def check_json(report: MemoryReport) -> None:
    text = memory_json.render(report)
    assert text.isascii()
    assert json.loads(text)["tensors"]


def check_csv(report: MemoryReport) -> None:
    text = memory_csv.render(report)
    assert hidden(text) == set()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 2
    assert all(len(row) == len(memory_csv.HEADER) for row in rows)
    assert not any(value[:1] in tuple("=+@\t\r") for row in rows for value in row.values())
    assert text.count("\n") == 3


def check_html(report: MemoryReport) -> None:
    text = memory_html.render(report)
    assert hidden(text) == set()
    check_page(text)


CHECKS: dict[str, Callable[[MemoryReport], None]] = {
    "text": check_text,
    "json": check_json,
    "csv": check_csv,
    "html": check_html,
}


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("piece", PIECES, ids=ascii)
def test_one_thing_everywhere(name: str, piece: str) -> None:
    for text in (piece, f"{piece}{piece}", f"a {piece} b"):
        CHECKS[name](named(text))


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("piece", ["x", "\x1b", "`", "::", "<", "&", '"', "漢", "="])
def test_a_long_name(name: str, piece: str) -> None:
    report = named(piece * 50_000)

    CHECKS[name](report)
    if name != "json":  # There names are as the file has them.
        assert len(FORMATS[name].document(report)) < 40_000


@needs_matplotlib
@pytest.mark.parametrize(
    "piece", ["$x^2$", "\\", "</text><script>", "\x1b[31m", "\udcff", "%s", "漢字", "\0"]
)
def test_pictures_take_any_name(piece: str) -> None:
    report = named(f"a {piece} b")
    text = FORMATS["svg"].document(report)

    assert isinstance(text, str)
    assert ElementTree.fromstring(text) is not None
    assert "<script" not in text
    assert FORMATS["png"].document(report)
