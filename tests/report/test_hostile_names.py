"""Names from a model are data: no format lets them act, hide or break a line."""

from __future__ import annotations

import functools
import io
import json
import re
import unicodedata
from collections.abc import Callable

import pytest

from tests.report.test_hostile_documents import CHECKS
from tflint.lint.registry import all_rules
from tflint.lint.runner import check_bytes
from tflint.model.builder import ModelBuilder
from tflint.model.schema import TensorType
from tflint.model.writer import write_model
from tflint.report import json_document
from tflint.report.result import LintReport
from tflint.report.style import plain, styled
from tflint.report.text import render
from tflint.target.target import find_target

TFLM = find_target("tflm")
WIDTH = 100

NAMES = {
    "escape sequence": "\x1b[2J\x1b]0;title\x07\x9b31m",
    "new lines": "a\nb\r\nc\x0bd\x0ce\x85f\u2028g\u2029h",
    "bidi overrides": "\u202e\u2066right to left\u2069\u200f",
    "invisible": "\u200b\u200d\ufeff\u00ad\U000e0041",
    "markup": "[bold red]no[/bold red] [link=file:///etc]x[/] :smile: \\[x]",
    "percent and braces": "%s %(x)s {0} {path} {x!r}",
    "html and json": '<script>"\\"</script> ]]>',
    "nul": "a\0b",
    "not UTF-8": "\udc80\udcff",
    "wide": "漢字" * 200,
    "combining": "e" + "\u0301" * 300,
    "a megabyte": "x" * 1_000_000,
    "a megabyte of controls": "\x1b" * 1_000_000,
    "blanks": " " * 500,
    "empty": "",
}


def hostile(name: str) -> bytes:
    """A model with this name wherever a name can be, and a finding at each of them."""
    model = ModelBuilder(description=name)
    x = model.input((1, 4), name=name)
    y = model.tensor((1, 4), name=name)
    model.operator(name or "Custom", [x], [y])
    z = model.tensor((1, 4), name=name)
    model.operator(f"Flex{name}", [y], [z])
    model.operator("ADD", [z, model.constant((1, 4), TensorType.FLOAT32, b"abc", name=name)], [y])
    model.output(y)
    model.signature({name: x}, {name: y}, key=name)
    model.metadata(name, b"")
    return write_model(model.build())


@functools.cache
def report(name: str, path: str = "m.tflite") -> LintReport:
    return LintReport(TFLM, (check_bytes(hostile(name), all_rules(), TFLM, path),))


def as_text(report: LintReport) -> str:
    return plain(render(report))


def as_json(report: LintReport) -> str:
    return json_document.render(report)


def in_colour(report: LintReport) -> str:
    stream = io.StringIO()
    stream.write(styled(render(report)))
    return stream.getvalue()


every_name = pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)


def hidden(text: str) -> set[str]:
    """What a reader cannot see: controls, formats, separators, surrogates, unassigned."""
    return {c for c in text if c != "\n" and unicodedata.category(c)[0] in "CZ" and c != " "}


@every_name
def test_the_model_gives_findings_at_its_names(name: str) -> None:
    found = {finding.code for finding in report(name).findings}

    assert {"TFL201", "TFL202", "TFL004"} <= found


@every_name
def test_text_has_no_control_but_its_own_line_ends(name: str) -> None:
    text = as_text(report(name))

    assert hidden(text) == set()
    text.encode("utf-8")


@every_name
def test_text_stays_in_its_width_and_a_size_people_can_read(name: str) -> None:
    text = as_text(report(name))

    assert len(text) < 20_000
    assert max(map(len, text.splitlines())) <= WIDTH


@every_name
def test_a_name_cannot_add_lines_that_look_like_findings(name: str) -> None:
    lines = as_text(report(name)).splitlines()

    heads = [line for line in lines if line.startswith(("  error ", "  warning ", "  info "))]
    assert len(heads) == len({(f.severity, f.code) for f in report(name).findings})


@every_name
def test_coloured_text_says_the_same_as_plain_text(name: str) -> None:
    found = report(name)
    coloured = in_colour(found)

    assert strip_styles(coloured) == as_text(found)
    assert hidden(coloured) == {"\x1b"}


def strip_styles(text: str) -> str:
    """The text without the sequences that select colours, and only those."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@every_name
def test_json_is_ascii_and_parses_whatever_the_name(name: str) -> None:
    text = as_json(report(name))

    assert text.isascii()
    assert hidden(text) == set()
    messages = [finding["message"] for finding in json.loads(text)["findings"]]
    assert all(len(message) < 5000 for message in messages)


@every_name
@pytest.mark.parametrize("format", CHECKS)
def test_every_format_stays_valid_and_inert(format: str, name: str) -> None:
    CHECKS[format](report(name))


@pytest.mark.parametrize("to", [as_text, in_colour, as_json], ids=lambda to: to.__name__)
@pytest.mark.parametrize("path", ["\x1b[31mm.tflite", "a\nb.tflite", "\udcff.tflite", "[red]m"])
def test_file_names_are_as_harmless(to: Callable[[LintReport], str], path: str) -> None:
    text = to(report("x", path))

    text.encode("utf-8")
    assert "\x1b[31mm" not in text
    assert "a\nb" not in text
    assert "\udcff" not in text


def test_markup_is_shown_as_it_is_written() -> None:
    name = "[bold]x[/bold]"

    assert name in strip_styles(in_colour(report(name)))
    assert name in as_text(report(name))
