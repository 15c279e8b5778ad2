"""Text for the cells of spreadsheets, which take what begins like a formula for one."""

from __future__ import annotations

import re

from tflint.printable import printable

MAX_TEXT = 1000
# The last four are what a keyboard for Japanese or Chinese types, and those editions take.
_FORMULA = re.compile(r"\s*[=+\-@\t\r＝＋－＠]")  # noqa: RUF001


def spreadsheet_text(text: str, limit: int = MAX_TEXT) -> str:
    """The text on one line, cut at `limit`, with a ' before what would be a formula."""
    shown = printable(text, limit)
    return f"'{shown}" if _FORMULA.match(text) else shown
