"""Text that a model or a path brought along, made literal in GitHub-flavoured Markdown.

Nothing of it may become markup, HTML, a table cell, a link, a mention of a person or of an
issue: reports are posted as comments by accounts that have rights.
"""

from __future__ import annotations

import re

from tflint.printable import printable

# What has a meaning to Markdown or HTML somewhere in a line, `$` that of a formula. As a character
# reference it is text, by CommonMark 0.31, "Entity and numeric character references".
_ACTIVE = re.compile(r"[\\`*\[\]<>|~&$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
# Where a list, a heading, the line below one, or a table could begin.
_AT_START = re.compile(r"^(\s*)([-+#=:]|\d+(?=[.)]))")
# GitHub looks for people, issues, links and emoji in the finished text, in which references are no
# longer to be seen. It does so piece by piece of text, and a comment makes two pieces of one.
_LINKED = re.compile(r"@(?=\w)|#(?=\d)|\bGH-(?=\d)|www(?=\.)|:(?=//|[\w+-]+:)", re.IGNORECASE)
_BREAK = "<!-- -->"
_MOST = 2000


def escape(text: str) -> str:
    """The text as it stands, in a paragraph, a list or a table, on one line."""
    pieces = []
    end = 0
    shown = printable(text, _MOST)
    for match in _LINKED.finditer(shown):
        pieces.append(_referenced(shown[end : match.end()]) + _BREAK)
        end = match.end()
    pieces.append(_referenced(shown[end:]))
    return _AT_START.sub(lambda m: f"{m[1]}{_reference(m[2][0])}{m[2][1:]}", "".join(pieces))


def code(text: str) -> str:
    """The text in the type of code, in which GitHub looks for no names and numbers."""
    shown = printable(text, _MOST)
    if not shown:
        return ""
    if not re.search(r"[`|\\]", shown) and shown == shown.strip():
        return f"`{shown}`"
    return f"<code>{_referenced(shown)}</code>"


def _referenced(text: str) -> str:
    return _ACTIVE.sub(lambda match: _reference(match[0]), text)


def _reference(character: str) -> str:
    return f"&#{ord(character)};"
