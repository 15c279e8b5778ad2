"""Text made inert in GitHub-flavoured Markdown: no markup, link, mention or reference.

GitHub and GitLab look for `@user`, `#12`, hashes and addresses after Markdown has been
rendered, so escaping does not help: an escaped `@user` still calls that user. In code they look
for nothing. So what could be more than a plain word becomes code, which is also what a tensor's
or an operator's name should look like.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# What is one thing: text in backticks, a shape in brackets.
_PIECES = re.compile(r"(`[^`]*`|\[[^\[\]`]*\])")
# Punctuation before and after a word.
_BEFORE, _AFTER = '("', ')".,:;!?'
# Words and figures.
_PLAIN = re.compile(r"[A-Za-z0-9]+(?:[.,'/–-][A-Za-z0-9]+)*%?|[%×–]|", re.ASCII)
# What is plain to look at, but an address, an issue (`GH-1`, `JIRA-12`) or a commit's hash.
_REFERENCE = re.compile(r"(?:www\.|[A-Za-z]+-\d+\b|[0-9a-f]{7,40}\b)", re.ASCII | re.IGNORECASE)
_BACKTICKS = re.compile("`+")


def prose(text: str) -> str:
    """A sentence, its words as they are and everything else as code.

    The text has to be printable, and something of the caller's own has to stand before it on
    the line.
    """
    return "".join(_joined(_pieces(text)))


def code(text: str) -> str:
    """A code span of a printable text."""
    if not text.strip():
        return ""
    longest = max(map(len, _BACKTICKS.findall(text)), default=0)
    fence = "`" * (longest + 1)
    # A blank on either side is taken off again where there is one on both.
    edged = text[0] in "` " or text[-1] in "` "
    return f"{fence} {text} {fence}" if edged else f"{fence}{text}{fence}"


def cell(text: str) -> str:
    """Markdown as the cell of a table, where a bar ends a cell even in code."""
    return text.replace("|", "\\|")


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """Words, blanks and code, each with whether it is code."""
    for i, piece in enumerate(_PIECES.split(text)):
        if i % 2:
            yield piece.strip("`") if piece.startswith("`") else piece, True
            continue
        for word in re.split(r"(\s+)", piece):
            before, core, after = ("", "", word) if word.isspace() else _parts(word)
            yield from ((part, False) for part in (before,) if part)
            if core:
                yield core, _PLAIN.fullmatch(core) is None or _REFERENCE.match(core) is not None
            yield from ((part, False) for part in (after,) if part)


def _parts(word: str) -> tuple[str, str, str]:
    """The word without the punctuation around it, which stays where it closes something."""
    inner = word.lstrip(_BEFORE)
    core = inner.rstrip(_AFTER)
    if '"' in core:
        core = inner.rstrip(_AFTER.replace('"', ""))
    elif "(" in core:
        core = inner.rstrip(_AFTER.replace(")", ""))
    return word[: len(word) - len(inner)], core, inner[len(core) :]


def _joined(pieces: Iterator[tuple[str, bool]]) -> Iterator[str]:
    """The pieces as Markdown, neighbours in code made one span."""
    span, gap = "", ""
    for text, is_code in pieces:
        if is_code:
            span += gap + text
            gap = ""
        elif span and text.isspace():
            gap += text
        else:
            if span:
                yield code(span) + gap
            yield gap * (not span) + text
            span = gap = ""
    if span:
        yield code(span)
