"""Edits of the user in an open text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types

from tflint.server.buffers import Buffer, Buffers
from tflint.server.positions import Text

URI = "file:///train.py"


def edited(text: str, *changes: types.TextDocumentContentChangeEvent) -> str:
    buffer = Buffer(URI, source=text, version=1)
    for change in changes:
        buffer.apply_change(change)
    return buffer.source


def change(
    start: tuple[int, int], end: tuple[int, int], text: str
) -> types.TextDocumentContentChangePartial:
    return types.TextDocumentContentChangePartial(
        types.Range(types.Position(*start), types.Position(*end)), text
    )


@pytest.mark.parametrize(
    ("text", "start", "end", "new", "expected"),
    [
        ("ab\ncd\n", (0, 1), (1, 1), "X", "aXd\n"),
        ("ab\ncd", (1, 99), (1, 99), "X", "ab\ncdX"),
        ("ab\r\ncd\r\n", (0, 2), (1, 0), "", "abcd\r\n"),
        ("a😀b", (0, 3), (0, 4), "X", "a😀X"),
        ("x\f\ny\u2028z\nw", (2, 0), (2, 1), "X", "x\f\ny\u2028z\nX"),
        ("", (0, 0), (0, 0), "X", "X"),
        ("ab\n", (1, 0), (1, 0), "X", "ab\nX"),
        ("ab", (5, 5), (6, 6), "X", "abX"),
    ],
)
def test_a_change_goes_to_its_place(
    text: str, start: tuple[int, int], end: tuple[int, int], new: str, expected: str
) -> None:
    assert edited(text, change(start, end, new)) == expected


def test_a_whole_text_replaces_the_text() -> None:
    assert edited("ab", types.TextDocumentContentChangeWholeDocument("cd")) == "cd"


texts = st.text(st.sampled_from("ab\n\f\u2028😀"), max_size=20)


@given(texts, texts, st.integers(0, 20), st.integers(0, 20))
def test_changes_are_those_of_a_string(text: str, new: str, a: int, b: int) -> None:
    start, end = sorted((min(a, len(text)), min(b, len(text))))
    places = Text(text)
    made = types.TextDocumentContentChangePartial(places.range(start, end), new)

    assert edited(text, made) == text[:start] + new + text[end:]


def test_a_text_is_found_however_its_address_is_written() -> None:
    buffers = Buffers(None)
    buffers.put_text_document(types.TextDocumentItem("file:///a%20b.py", "python", 1, "x"))

    assert buffers.find("file:///a b.py") is buffers.find("file:///a%20b.py") is not None
    assert buffers.find("file:///other.py") is None
