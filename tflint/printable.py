"""Text from models made safe to print: one line, no control over the terminal."""

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
