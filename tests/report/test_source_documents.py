"""Each format's document for sources and notebooks, byte for byte, and what formats need of them.

`UPDATE_GOLDEN=1 pytest tests/report/test_source_documents.py` writes the files anew; read the diff.
"""

from __future__ import annotations

import json
import re
import unicodedata
from itertools import pairwise

import pytest

from tests.report.sample_sources import SOURCE, rules, sample
from tests.report.test_golden_documents import GOLDEN, SUFFIXES, UPDATE
from tests.source.notebooks import notebook
from tflint import __version__
from tflint.finding import Excerpt, Location
from tflint.lint.excerpts import excerpt
from tflint.lint.runner import check_code
from tflint.report.formats import FORMATS
from tflint.report.repository import GITHUB, GITLAB
from tflint.report.result import LintReport
from tflint.report.source_excerpt import excerpt_lines, printable_excerpt
from tflint.report.style import plain
from tflint.report.text import SHOWN_IN_SOURCES
from tflint.rule import Kind
from tflint.target.target import find_target


@pytest.fixture(autouse=True)
def _no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (GITHUB, GITLAB):
        monkeypatch.delenv(variable, raising=False)


@pytest.mark.parametrize("name", FORMATS)
def test_the_document_is_the_golden_one(name: str) -> None:
    path = GOLDEN / f"sources-{name}.{SUFFIXES[name]}"
    text = FORMATS[name].document(sample()).replace(f'"{__version__}"', '"VERSION"')
    if UPDATE:
        path.write_bytes(text.encode("utf-8"))

    assert path.exists(), f"no {path.name}: write it with UPDATE_GOLDEN=1"
    assert text == path.read_bytes().decode("utf-8").replace("\r\n", "\n")


def columns(text: str) -> int:
    """The columns that a text takes in a terminal."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.category(c) in ("Mn", "Me") for c in text)


def test_the_marks_stand_below_what_is_meant() -> None:
    lines = FORMATS["text"].document(sample()).split("\n")
    marked = []
    for line, below in pairwise(lines):
        gutter = re.match(r" +(\d+) \| ", line)
        if gutter is None:
            continue
        assert below.index("|") == line.index("|")
        start = columns(below[: below.index("^")])
        end = columns(below)
        shown = "".join(c for i, c in enumerate(line) if start <= columns(line[:i]) < end)
        marked.append(shown)

    assert 'layout("channels_first")' in marked
    assert 'activation=wrong("softmax")' in marked
    # The accent takes no column of its own.
    assert "keras.layers.Dense(  # e" in marked
    assert {"layout(1)", "layout(2)", "layout(3)"} <= set(marked)


@pytest.mark.parametrize(
    ("text", "start", "end", "line", "marks"),
    [
        ("x = f(1)", 4, 8, "1 | x = f(1)", "  |     ^^^^"),
        ("\tf()", 1, 4, "1 |     f()", "  |     ^^^"),
        ("日 = f", 4, 5, "1 | 日 = f", "  |      ^"),
        ("\u202e\x1b[f]", 3, 4, "1 | \\u202e\\x1b[f]", "  |            ^"),
        ("f(日)", 0, 4, "1 | f(日)", "  | ^^^^^"),
        ("e\u0301 = f", 5, 6, "1 | e\u0301 = f", "  |     ^"),
        ("f(", 2, 3, "1 | f(", "  |   ^"),
    ],
)
def test_widths_and_hidden_characters(
    text: str, start: int, end: int, line: str, marks: str
) -> None:
    at = Location(line=1, excerpt=printable_excerpt(Excerpt(text, start, end)))

    assert plain(excerpt_lines(at, "error", "")).split("\n")[:2] == [line, marks]


def test_of_a_very_long_line_a_part_is_shown() -> None:
    text = "a" * 1_000_000 + "MARK" + "b" * 1_000_000
    found = excerpt(text, Location(line=1, column=1_000_001, end_line=1, end_column=1_000_005))

    assert found is not None
    assert len(found.text) < 200
    assert found.text[found.start : found.end] == "MARK"
    assert found.text.startswith("...a")
    assert found.text.endswith("b...")


def test_github_and_gitlab_get_lines_of_the_file() -> None:
    book = notebook("import keras\n", "a = 1\nlayout(1)\n")
    lines = book.decode().split("\n")
    line = 1 + next(i for i, text in enumerate(lines) if "layout" in text)
    report = check_code(book, rules(), find_target("tflm"), "x.ipynb", Kind.NOTEBOOK)
    whole = LintReport(find_target("tflm"), (report,))

    assert f"file=x.ipynb,line={line},endLine={line},title=" in FORMATS["github"].document(whole)
    assert "::cell 2:2:1: layout 1" in FORMATS["github"].document(whole)
    (issue,) = json.loads(FORMATS["gitlab"].document(whole))
    assert issue["location"]["lines"] == {"begin": line, "end": line}
    (run,) = json.loads(FORMATS["sarif"].document(whole))["runs"]
    (place,) = run["results"][0]["locations"]
    assert place["physicalLocation"]["region"] == {"startLine": line, "endLine": line}
    (finding,) = json.loads(FORMATS["json"].document(whole))["findings"]
    assert (finding["cell"], finding["line"], finding["column"]) == (2, 2, 1)


def test_all_places_of_a_rule_can_be_found() -> None:
    text = FORMATS["text"].document(sample())

    assert text.count("train/net.ipynb:cell 5:") == SHOWN_IN_SOURCES - 2
    assert "and 4 more: cell 5:9:1, cell 5:10:1, cell 5:11:1, cell 5:12:1" in text


def test_a_fingerprint_follows_its_line() -> None:
    def prints(text: str) -> set[str]:
        report = check_code(text.encode(), rules(), find_target("tflm"))
        return {finding.fingerprint for finding in report.findings}

    moved = SOURCE.replace("import keras\n", "import keras\n\n\n# more\nimport os\n")
    assert prints(SOURCE) == prints(moved)
    assert prints(SOURCE) - prints(SOURCE.replace("first = ", "other = "))
