"""No cell of a spreadsheet is taken for a formula."""

from __future__ import annotations

import pytest

from tflint.report.spreadsheet_text import spreadsheet_text


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d"])
def test_what_begins_like_a_formula_is_quoted(sign: str) -> None:
    for text in (f"{sign}1", f" {sign}1", f"\n{sign}1", f"\u00a0{sign}1"):
        assert spreadsheet_text(text).startswith("'")


@pytest.mark.parametrize("text", ["", "dense/MatMul", "a=1", "1-2", "'=1", "x@y", "(=1)"])
def test_other_text_is_as_it_is(text: str) -> None:
    assert spreadsheet_text(text) == text


def test_it_is_one_line_of_limited_length() -> None:
    assert spreadsheet_text("a\nb\x1b") == "a\\x0ab\\x1b"
    assert len(spreadsheet_text("=" * 10**6)) == 1 + 1000 + 3
