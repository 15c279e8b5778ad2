"""From a repaired text to edits, and comments that accept a finding."""

from __future__ import annotations

import ast
import tokenize

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types

from tflint.finding import Confidence, Finding, Location, Severity
from tflint.server.edits import changes, ignoring
from tflint.server.positions import Text

texts = st.text(st.sampled_from("ab😀\n\r"), max_size=30)


def applied(text: str, edits: list[types.TextEdit]) -> str:
    places = Text(text)
    for edit in sorted(edits, key=lambda edit: places.offset(edit.range.start), reverse=True):
        start, end = places.offset(edit.range.start), places.offset(edit.range.end)
        text = text[:start] + edit.new_text + text[end:]
    return text


@given(texts, texts)
def test_the_edits_make_one_text_into_the_other(old: str, new: str) -> None:
    assert applied(old, changes(Text(old), new)) == new


def test_only_lines_that_differ_are_edited() -> None:
    old = "".join(f"line {i}\n" for i in range(9))
    new = old.replace("line 2\n", "line two\n").replace("line 7\n", "")
    found = [(e.range.start.line, e.range.end.line, e.new_text) for e in changes(Text(old), new)]

    assert found == [(2, 3, "line two\n"), (7, 8, "")]


def test_a_text_of_very_many_other_lines_is_one_edit() -> None:
    old, new = "".join(f"{i}\n" for i in range(30_000)), "".join(f"{i}!\n" for i in range(30_000))
    edits = changes(Text(old), new)

    assert len(edits) == 1
    assert applied(old, edits) == new


def finding(line: int | None) -> Finding:
    place = Location(line=line, column=1)
    return Finding("TFL101", "channels-first", Severity.WARNING, Confidence.HIGH, "", place)


IGNORE = "  # tflint: ignore[channels-first]"


@pytest.mark.parametrize(
    ("source", "line", "expected"),
    [
        ("x = 1\n", 1, f"x = 1{IGNORE}\n"),
        ("x = 1", 1, f"x = 1{IGNORE}"),
        ("x = 1  \r\ny = 2\r\n", 1, f"x = 1{IGNORE}\r\ny = 2\r\n"),
        ("x = 1\ry = 2\r", 2, f"x = 1\ry = 2{IGNORE}\r"),
        ("f(\n    1,\n    2,\n)\n", 2, f"f(\n    1,{IGNORE}\n    2,\n)\n"),
        ("f(1, \\\n    2)\n", 1, f"f(1, \\\n    2){IGNORE}\n"),
        ('f("""a\nb""", 1)\n', 1, f'f("""a\nb""", 1){IGNORE}\n'),
        ('f(1, """a\nb\n""")\n', 2, f'f(1, """a\nb\n"""){IGNORE}\n'),
        ("x = 1  # why\n", 1, f"x = 1  # why{IGNORE}\n"),
        (
            "x = 1  # tflint: ignore[TFL303] why\n",
            1,
            "x = 1  # tflint: ignore[TFL303, channels-first] why\n",
        ),
        ("x = '# tflint: ignore[TFL303]'\n", 1, f"x = '# tflint: ignore[TFL303]'{IGNORE}\n"),
        (
            "def f():\n    if x:\n        y = 1\n",
            3,
            f"def f():\n    if x:\n        y = 1{IGNORE}\n",
        ),
        ("s = '😀'  # tflint: ignore[]\n", 1, "s = '😀'  # tflint: ignore[channels-first]\n"),
    ],
)
def test_a_comment_stands_where_one_may(source: str, line: int, expected: str) -> None:
    edit = ignoring(finding(line), Text(source))

    assert edit is not None
    assert applied(source, [edit]) == expected
    assert ast.dump(ast.parse(expected)) == ast.dump(ast.parse(source))


@pytest.mark.parametrize("line", [None, 0, 99])
def test_there_is_no_comment_without_a_line(line: int | None) -> None:
    assert ignoring(finding(line), Text("x = 1\n")) is None


def test_there_is_no_comment_in_what_has_no_tokens() -> None:
    assert ignoring(finding(2), Text('x = """a\nb\n')) is None


# Programs of strings, continuations and brackets over several lines.
statements = st.sampled_from(
    [
        "x = 1",
        'x = """a\nb # c"""',
        "f(\n  1,\n)",
        "x = 1 + \\\n  2",
        "# alone",
        "",
        "x = '#'",
        'f("""\n""", [\n1])  # end',
        "if x:\n  y = f'{x}'",
    ]
)


@given(st.lists(statements, max_size=6), st.integers(1, 20))
def test_a_comment_changes_nothing_but_comments(parts: list[str], line: int) -> None:
    source = "\n".join(parts) + "\n"
    edit = ignoring(finding(line), Text(source))
    if edit is None:
        return
    text = applied(source, [edit])

    assert ast.dump(ast.parse(text)) == ast.dump(ast.parse(source))
    comments = [
        token.string
        for token in tokenize.generate_tokens(iter(text.splitlines(keepends=True)).__next__)
        if token.type == tokenize.COMMENT
    ]
    assert any("channels-first" in comment for comment in comments)
