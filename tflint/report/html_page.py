"""Pages that stand by themselves: their frame, style and tables.

No script, no font, nothing from anywhere else. Nothing in a page can act: its own policy forbids
scripts and requests, and everything that is given as text here is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from tflint.version import __version__

# What every page looks like; pages add rules for what only they have.
STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --faint: #5b6470; --ground: #ffffff;
  --line: #d9dde2; --block: #8ec7e8; --held: #e69f00; --scratch: #d6c3dd; --tail: #e4e7eb;
  --alarm: #b42318; --good: #1a7f37; --number: #1b1f24 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --faint: #9aa4b0;
  --ground: #14171b; --line: #323840; --block: #2f6f94; --held: #b87d00; --scratch: #6d5578;
  --tail: #2a2f36; --alarm: #ff8a80; --good: #57c76f; --number: #ffffff } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground);
  max-width: 76rem; margin: 2rem auto; padding: 0 1.25rem }
h1 { font-size: 1.5rem; margin: 0; overflow-wrap: anywhere }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
p { margin: .3rem 0 } p, li, summary, figcaption { overflow-wrap: anywhere }
.faint, .note { color: var(--faint) }
.error { color: var(--alarm) } .good { color: var(--good) } .warning { color: var(--alarm) }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .22rem .9rem .22rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; overflow-wrap: anywhere }
th { font-weight: 600; color: var(--faint) } td.figure, th.figure { text-align: right }
td.figure, .word, th { white-space: nowrap } td.name { min-width: 12rem }
code { font-size: .92em }
.scroll { overflow-x: auto } details summary { cursor: pointer; color: var(--faint) }
svg { display: block; max-width: none } svg text { font: 12px system-ui, sans-serif;
  fill: var(--ink) } svg .faint { fill: var(--faint) }
.key { display: inline-block; width: .9em; height: .9em; margin:
  0 .35em 0 1em; vertical-align: -.08em } .key:first-child { margin-left: 0 }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(title: str, style: str, body: Iterable[str]) -> str:
    """The document. `title` is text; `style` and `body` are CSS and HTML of the caller's own."""
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta name="generator" content="tflint {__version__}">',
        f"<title>{escape(title)}</title>",
        f"<style>{STYLE}{style}</style>",
        "</head>",
        "<body>",
        *body,
        "</body>",
        "</html>",
    ]
    return "\n".join(parts) + "\n"


def table(
    head: Sequence[str],
    body: Iterable[tuple[str, Sequence[str]]],
    figures: frozenset[int] = frozenset((1,)),
) -> Iterator[str]:
    """A table of text: a class and cells for each row; the columns `figures` are set right."""
    marked = (
        (role, "".join(cell(text, "figure" * (i in figures)) for i, text in enumerate(texts)))
        for role, texts in body
    )
    titles = "".join(
        cell(text, "figure" * (i in figures), "th") for i, text in enumerate(head) if any(head)
    )
    yield from table_of_cells(titles, marked)


def table_of_cells(head: str, body: Iterable[tuple[str, str]], kind: str = "") -> Iterator[str]:
    """A table of finished cells: those of its head, then a class and the cells of each row."""
    yield f'<div class="scroll"><table class="{kind}">' if kind else '<div class="scroll"><table>'
    if head:
        yield f"<thead><tr>{head}</tr></thead>"
    yield "<tbody>"
    for role, cells in body:
        yield f'<tr class="{role}">{cells}</tr>' if role else f"<tr>{cells}</tr>"
    yield "</tbody></table></div>"


def cell(text: str, kind: str = "", tag: str = "td") -> str:
    """A cell of text, of the class `kind` if there is one."""
    return marked_cell(escape(text), kind, tag)


def marked_cell(inner: str, kind: str = "", tag: str = "td") -> str:
    """A cell of HTML of the caller's own."""
    return f'<{tag} class="{kind}">{inner}</{tag}>' if kind else f"<{tag}>{inner}</{tag}>"


def bullets(texts: Iterable[str], role: str = "") -> Iterator[str]:
    """A list of texts, of the class `role` if there is one."""
    yield f'<ul class="{role}">' if role else "<ul>"
    for text in texts:
        yield f"<li>{escape(text)}</li>"
    yield "</ul>"
