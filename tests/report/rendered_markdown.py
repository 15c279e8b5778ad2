"""Markdown as GitHub shows it: through its own cmark, then read as HTML."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import cmarkgfm  # type: ignore[import-untyped]
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]

# The elements that a report is made of, besides those of a table.
ALLOWED = {
    *("h2", "h3", "h4", "p", "ul", "li", "strong", "em", "code", "details", "summary"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
# What GitHub or GitLab turn into a link or a picture after Markdown has been rendered.
REFERENCES = re.compile(
    r"@\w|#\d|!\d|~\w|\$\d|:\w+:|\bGH-\d|\b[A-Z]+-\d+\b|\bhttps?:|\bwww\.|\b[0-9a-f]{7,40}\b"
)


@dataclass
class Page:
    """What a reader sees."""

    text: str = ""
    open_text: str = ""
    prose: str = ""
    code: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    summaries: list[str] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not [name for name, _ in attrs if name != "align"], (tag, attrs)
        self.page.tags.add(tag)
        self.open.append(tag)
        if tag == "tr":
            self.page.rows.append([])
        elif tag in ("td", "th"):
            self.page.rows[-1].append("")
        elif tag == "code":
            self.page.code.append("")
        elif tag in ("h2", "h3"):
            self.page.headings.append("")
        elif tag == "summary":
            self.page.summaries.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        page = self.page
        page.text += data
        if "details" not in self.open:
            page.open_text += data
        if "code" in self.open:
            page.code[-1] += data
            page.prose += "`"
        else:
            page.prose += data
        if {"td", "th"} & set(self.open):
            page.rows[-1][-1] += data
        if {"h2", "h3"} & set(self.open):
            page.headings[-1] += data
        if "summary" in self.open:
            page.summaries[-1] += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"a declaration: {decl}")


def render_page(markdown: str) -> Page:
    """The page; fails for HTML that is not well-formed, and for attributes that act."""
    html = cmarkgfm.github_flavored_markdown_to_html(markdown, Options.CMARK_OPT_UNSAFE)
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert not reader.open
    return reader.page


def assert_inert(markdown: str) -> None:
    """Nothing in there is live: no element but a report's own, nothing that becomes a link."""
    page = render_page(markdown)
    assert page.tags <= ALLOWED
    assert REFERENCES.search(page.prose) is None, page.prose
