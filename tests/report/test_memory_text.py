"""`tflint memory` for people: word for word, within its width, true to the plan.

`UPDATE_GOLDEN=1 pytest tests/report/test_memory_text.py` writes the golden files; read the diff.
"""

from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import ROOT
from tests.memory.against_wheel import needs_wheel
from tests.report.memory_reports import REPORTS, chain, classifier, on_host, reported
from tflint.lint.memory_report import measured as with_host
from tflint.memory.requests import Doubt
from tflint.memory.wheel import Measurement
from tflint.model.schema import TensorType
from tflint.model.writer import write_model
from tflint.report.memory_columns import columns, owners
from tflint.report.memory_text import render
from tflint.report.memory_timeline import ASCII, UNICODE, timeline
from tflint.report.style import plain, styled

GOLDEN = Path(__file__).parent / "golden"
UPDATE = os.environ.get("UPDATE_GOLDEN") == "1"


@pytest.mark.parametrize("name", REPORTS)
def test_output_is_the_golden_one(name: str) -> None:
    path, text = GOLDEN / f"memory-{name}.txt", plain(render(REPORTS[name]()))
    if UPDATE:
        path.write_text(text, encoding="utf-8")

    assert path.exists(), f"no {path.name}: write it with UPDATE_GOLDEN=1"
    assert text == path.read_text(encoding="utf-8")


def test_in_ascii_on_a_narrow_terminal() -> None:
    text = plain(render(REPORTS["int8"](), 80, ASCII))
    path = GOLDEN / "memory-ascii.txt"
    if UPDATE:
        path.write_text(text, encoding="utf-8")

    assert text.isascii()
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("width", [80, 100, 137, 200])
@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_lines_fit_the_width(name: str, width: int, glyphs: object) -> None:
    report = REPORTS[name]()
    text = plain(render(report, width, glyphs))  # type: ignore[arg-type]

    assert max(map(len, text.splitlines())) <= width
    assert not any(line != line.rstrip() for line in text.splitlines())
    # Colours change nothing of the text.
    assert re.sub(r"\x1b\[[0-9;]*m", "", styled(render(report, width, glyphs))) == text  # type: ignore[arg-type]


SHOWN = re.compile(r"(<!-- tests/report/golden/(\S+) -->\n```text\n)(.*?)```", re.DOTALL)


def test_the_page_shows_what_is_printed() -> None:
    page = ROOT / "docs" / "memory.md"
    text = page.read_text(encoding="utf-8")
    current = SHOWN.sub(
        lambda found: f"{found[1]}{(GOLDEN / found[2]).read_text(encoding='utf-8')}```", text
    )
    if UPDATE:
        page.write_text(current, encoding="utf-8")

    assert len(SHOWN.findall(text)) == 3
    assert page.read_text(encoding="utf-8") == current


@needs_wheel
def test_the_measurement_that_is_shown_is_one() -> None:
    measured = with_host(reported(classifier()), write_model(classifier()))

    assert measured.host is not None
    assert measured.host.agrees
    assert plain(render(measured)) == (GOLDEN / "memory-measured.txt").read_text(encoding="utf-8")


def test_columns_show_the_fullest_moment() -> None:
    arena = reported(chain(500)).arena
    for most in (1, 7, 90, 501, 1000):
        found = columns(arena, most)
        assert len(found) <= most
        assert [c.first for c in found] == [0, *(c.last + 1 for c in found[:-1])]
        assert found[-1].last == len(arena.scopes) - 1
        alive = [sum(b.reserved for b in arena.alive_at(c.shown)) for c in found]
        assert max(alive) == arena.lower_bound_bytes


@settings(max_examples=30)
@given(st.integers(0, 40), st.integers(1, 60), st.integers(1, 40))
def test_a_cell_belongs_to_the_buffer_that_has_most_of_it(
    operators: int, width: int, rows: int
) -> None:
    arena = reported(chain(operators)).arena
    size = max(-(-arena.nonpersistent_bytes // rows), 1)
    drawn = columns(arena, width)
    for column, cells in zip(drawn, owners(arena, drawn, rows, size), strict=True):
        for row, owner in enumerate(cells):
            share = {
                i: min(b.offset + b.reserved, (row + 1) * size) - max(b.offset, row * size)
                for i, b in enumerate(arena.buffers)
                if b.first <= column.shown <= b.last
            }
            most = max(share.values(), default=0)
            assert (owner is None) == (most <= 0)
            assert owner is None or share[owner] == most


def test_neighbours_look_different() -> None:
    """Of two buffers that touch, in a graph of ordinary shape."""
    report = reported(classifier())
    lines = [plain([line]) for line in timeline(report, 100)]
    fills = {c for line in lines for c in line if c in UNICODE.fills}

    assert len(fills) >= 3


@pytest.mark.parametrize(
    ("measured", "says"),
    [
        (None, "computed and measured are the same, to the byte"),
        (Measurement(True, 1, 2, None, 16), "a bug in tflint: please report it"),
        (Measurement(False, log="Hybrid models\nare\x1b not"), r"Hybrid models are\x1b not"),
    ],
)
def test_what_is_said_of_a_measurement(measured: Measurement | None, says: str) -> None:
    assert says in plain(render(on_host(measured), 200))


def test_a_difference_where_something_is_not_known_is_no_bug() -> None:
    report = on_host(Measurement(True, 1, 2, None, 16))
    assert report.host is not None
    node = report.graphs[0].nodes[0]
    doubted = dataclasses.replace(report.host.computed, doubts=((node, Doubt("who knows")),))
    changed = dataclasses.replace(report, host=dataclasses.replace(report.host, computed=doubted))

    assert "are not known" in plain(render(changed, 200))
    assert "bug" not in plain(render(changed, 200))


def test_what_is_not_known_is_said_with_its_size() -> None:
    report = reported(classifier())
    first, second = report.graphs[0].nodes[:2]
    doubts = ((first, Doubt("a table", 64)), (second, Doubt("a\x1btable")))
    changed = dataclasses.replace(
        report,
        use=dataclasses.replace(report.use, arena=dataclasses.replace(report.arena, doubts=doubts)),
    )
    text = plain(render(changed))

    assert "CONV_2D #0: a table; off by 64 B each at most" in text
    assert r"a\x1btable; off by how much is not known" in text


def test_float_activations_are_worth_a_line() -> None:
    text = plain(render(reported(classifier(TensorType.FLOAT32))))

    assert "int8 instead of float32" in text
    assert "int8 instead of float32" not in plain(render(reported(classifier())))


def test_no_golden_file_of_a_report_that_is_gone() -> None:
    known = {f"memory-{name}.txt" for name in (*REPORTS, "ascii")}
    found = {path.name for path in GOLDEN.glob("memory-*.txt")}

    assert {name for name in found if not name.startswith("memory-diff-")} == known
