"""Escaped text is, for a Markdown reader, the text."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tflint.printable import printable
from tflint.report.markdown_escape import code, escape

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
NASTY = st.text(
    st.sampled_from("ab1 `*_{}[]()<>#+-.!|~&:;/\\$\"'^=@%,") | st.characters(codec="utf-8"),
    max_size=40,
)
# Where nothing looks for anything: what a reader sees of text that is kept in one.
CONTEXTS = ("{}", "x {}", "- {}", "| a |\n|---|\n| {} |", "### {}")


def seen(markdown: str) -> str:
    """The text of a page, without tags, blanks counted once."""
    page = re.sub(r"<!-- -->", "", READER.render(markdown))
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", page)).split())


@given(NASTY)
@pytest.mark.parametrize("to", [escape, code], ids=["text", "code"])
@pytest.mark.parametrize("context", CONTEXTS)
def test_it_is_seen_as_it_is(context: str, to: object, text: str) -> None:
    around = seen(context.format("Q"))
    shown = " ".join(printable(text).split())
    if not shown:
        return
    page = seen(context.format(to(f"{text}")))  # type: ignore[operator]

    assert page == " ".join(around.replace("Q", shown).split())


@pytest.mark.parametrize(
    ("text", "never"),
    [
        ("@octocat did it", "@octocat"),
        ("(@octocat)", "@octocat"),
        ("CONV_2D #12", "#12"),
        ("see GH-12", "GH-12"),
        ("https://example.org/x", "https://"),
        ("www.example.org", "www.example"),
        (":tada:", ":tada:"),
        ("<img src=x>", "<img"),
        ("$x$", "$x"),
        ("a | b", "|"),
    ],
)
def test_what_github_would_look_for_is_broken_up(text: str, never: str) -> None:
    assert never not in escape(text)


@pytest.mark.parametrize(
    "name", ["FULLY_CONNECTED", "conv2d/Relu;x, 1x3 (2)", "sequential/dense-1"]
)
def test_what_is_harmless_stays_readable(name: str) -> None:
    assert escape(name) == name
    assert code(name) == f"`{name}`"
