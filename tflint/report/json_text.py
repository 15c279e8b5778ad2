"""JSON that every parser takes."""

from __future__ import annotations

import json
import re
from typing import Any

# What Python makes of bytes that are no UTF-8, and what models may say in so many words.
# Written as `\udcff`, strict parsers refuse the whole document.
_SURROGATES = re.compile("[\ud800-\udfff]")


def json_text(document: object) -> str:
    r"""The document, ASCII only, ending in a newline; bytes that are no UTF-8 as `\xff`."""
    return json.dumps(_valid(document), indent=2, allow_nan=False) + "\n"


def _valid(part: Any) -> Any:
    """The same document, its texts without lone surrogates."""
    if isinstance(part, str):
        return part if part.isascii() else _SURROGATES.sub(_shown, part)
    if isinstance(part, dict):
        return {_valid(key): _valid(value) for key, value in part.items()}
    if isinstance(part, (list, tuple)):
        return [_valid(item) for item in part]
    return part


def _shown(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"
