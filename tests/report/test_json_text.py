"""JSON that every parser takes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tflint.report.json_text import json_text

TEXTS = st.text(st.characters())
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("m.tflite", "m.tflite"),
        ("b\udcff.tflite", "b\\xff.tflite"),
        ("\ud800", "\\ud800"),
        ("caf\u00e9 \U0001f600", "caf\u00e9 \U0001f600"),
        ("\x1b[31m\u202e", "\x1b[31m\u202e"),
    ],
)
def test_what_is_no_utf8_is_shown_as_such(text: str, shown: str) -> None:
    assert json.loads(json_text({"path": [text]})) == {"path": [shown]}


@given(DOCUMENTS)
def test_every_text_can_be_encoded(document: object) -> None:
    """As strict parsers ask, and as whoever prints it needs."""
    text = json_text(document)

    assert text.isascii()
    json.dumps(json.loads(text), ensure_ascii=False).encode("utf-8")


@given(st.recursive(TEXTS.filter(lambda t: t.isprintable()), st.lists))
def test_a_document_without_such_texts_is_kept(document: object) -> None:
    assert json.loads(json_text(document)) == document
