"""How messages show names, sizes, counts and shares.

Text from models is made safe to print: one line, no control over the terminal.
"""

from __future__ import annotations

import unicodedata

# Unicode categories that do not show what they are: controls, formats (bidi overrides,
# zero-width joiners), surrogates, private use, unassigned, line and paragraph separators.
_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
MAX_NAME = 120


def printable(text: str, limit: int = MAX_NAME) -> str:
    r"""The text with everything invisible or active as `\x1b`, `\u202e`...; cut at `limit`."""
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text
    cut = text[:limit]
    shown = "".join(_escape(c) if unicodedata.category(c) in _HIDDEN else c for c in cut)
    return shown + "..." if len(text) > limit else shown


def _escape(character: str) -> str:
    code = ord(character)
    # Bytes that were not UTF-8 arrive as lone surrogates, see `bytes.decode("surrogateescape")`.
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def size_text(size: int) -> str:
    """Bytes for people: `976 B`, `52.7 KiB`, `1.5 MiB`."""
    if size < 1024:
        return f"{size:,} B"
    if size < 1024 * 1024:
        return f"{size / 1024:,.1f} KiB"
    return f"{size / (1024 * 1024):,.1f} MiB"


def percent_text(share: float) -> str:
    """A share of 1 for people: `36 %`."""
    return f"{100 * share:.0f} %"


def counted(count: int, noun: str) -> str:
    """A number and its noun: `1 operator`, `2 operators`, `2 entries`; info has no plural."""
    if count == 1 or noun == "info":
        return f"{count:,} {noun}"
    return f"{count:,} {noun[:-1]}ies" if noun.endswith("ry") else f"{count:,} {noun}s"
