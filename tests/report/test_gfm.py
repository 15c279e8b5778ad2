"""Text from anywhere is, for a reader of Markdown, the text, and nothing that GitHub acts on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.rendered_markdown import REFERENCES, render_page
from tflint.printable import printable
from tflint.report.gfm import cell, code, prose

NASTY = st.text(
    st.sampled_from("ab1 `*_{}[]()<>#+-.!|~&:;/\\$\"'^=@%,") | st.characters(codec="utf-8"),
    max_size=40,
)
CONTEXTS = ("x {}", "- x {}", "| a |\n|---|\n| x {} |", "### x {}")


@given(NASTY)
@pytest.mark.parametrize("to", [prose, code])
@pytest.mark.parametrize("context", CONTEXTS)
def test_it_is_seen_as_it_is(context: str, to: Callable[[str], str], text: str) -> None:
    shown = printable(text)
    inert = to(shown)
    page = render_page(context.format(cell(inert) if "|" in context else inert)).text
    around = render_page(context.format("Q")).text
    if to is prose:
        # Backticks in prose say what is code, and do not show.
        page, shown = page.replace("`", ""), shown.replace("`", "")

    assert page.split() == around.replace("Q", shown).split()


@pytest.mark.parametrize(
    "text",
    [
        "@octocat did it",
        "(@octocat)",
        "CONV_2D #12",
        "see GH-12",
        "https://example.org/x",
        "www.example.org",
        ":tada:",
        "<img src=x>",
        "$x$",
        "commit 0123456789abcdef",
    ],
)
def test_what_github_would_look_for_is_code(text: str) -> None:
    page = render_page(f"x {prose(text)}")

    assert page.tags <= {"p", "code"}
    assert REFERENCES.search(page.prose) is None
    assert page.text.strip() == f"x {text}"


@pytest.mark.parametrize(
    "name", ["FULLY_CONNECTED", "conv2d/Relu;x, 1x3 (2)", "sequential/dense-1"]
)
def test_names_are_readable_in_the_source(name: str) -> None:
    assert code(name) == f"`{name}`"


def test_words_stay_words_and_names_become_code() -> None:
    assert prose("tensor 3 `conv/bias`: its shape [1 x 4], 75 %.") == (
        "tensor 3 `conv/bias`: its shape `[1 x 4]`, 75 %."
    )
    assert prose("CONV_2D (see #5)") == "`CONV_2D` (see `#5`)"
    assert prose('use data_format="channels_last" there') == (
        'use `data_format="channels_last"` there'
    )


def test_code_holds_whatever_backticks_there_are() -> None:
    for text in ("a", "`", "``", "`a", "a`", "a``b`c", " a", "a ", "<b>", "a|b", "\\"):
        for markdown in (code(text), f"| x |\n|---|\n| {cell(code(text))} |\n"):
            found = render_page(markdown)
            assert found.code == [text]
    assert code("") == code("  ") == ""
