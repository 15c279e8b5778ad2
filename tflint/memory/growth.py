"""How much a model may grow: `5%`, or a number of bytes such as `2K`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tflint.errors import UsageError
from tflint.printable import printable
from tflint.target.target import parse_size

# More than a million percent is no limit; digits beyond a millionth of a percent are noise.
_PERCENT = re.compile(r"(\d{1,7})(?:\.(\d{1,6}))?\s*%", re.ASCII)
# Shares are counted in hundred-millionths, so that what is allowed is exact to the byte.
_WHOLE = 10**8


@dataclass(frozen=True, slots=True)
class GrowthLimit:
    """The most that a figure may grow: a share of what it was, or a number of bytes.

    `text` is the limit for people. Exactly one of `share`, in hundred-millionths, and `bytes`
    is not None.
    """

    text: str
    share: int | None = None
    bytes: int | None = None

    @property
    def ratio(self) -> float | None:
        """The share of 1, for those who compute with it."""
        return None if self.share is None else self.share / _WHOLE

    def most(self, before: int) -> int:
        """The most that a figure may become which was `before`."""
        if self.bytes is not None:
            return before + self.bytes
        return before + before * (self.share or 0) // _WHOLE


def parse_growth(text: str) -> GrowthLimit:
    """A limit from `5%`, `0.5 %`, `0%`, `2048` or `2K`; raises `UsageError`."""
    stripped = text.strip()
    match = _PERCENT.fullmatch(stripped)
    if match is not None:
        decimals = (match[2] or "").ljust(6, "0")
        share = int(match[1] + decimals)
        shown = (match[1].lstrip("0") or "0") + f".{decimals}".rstrip("0").rstrip(".")
        return GrowthLimit(f"{shown} %", share=share)
    try:
        size = parse_size(stripped)
    except UsageError:
        message = f"`{printable(text)}` is no limit of growth; write it like 5%, 0%, 2048 or 2K"
        raise UsageError(message) from None
    return GrowthLimit(f"{size:,} B", bytes=size)
