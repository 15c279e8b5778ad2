"""Append Markdown from stdin to the job's summary, as far as there is room.

The runner takes 1 MiB from each step and shows nothing at all of a longer one.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

LIMIT = 1024 * 1024
NOTE = b"\n\n**Cut here**: a step's summary holds 1 MiB. The whole report is in the step's log.\n"


def main() -> None:
    """Append."""
    path = Path(os.environ["GITHUB_STEP_SUMMARY"])
    room = LIMIT - (path.stat().st_size if path.exists() else 0)
    text = sys.stdin.buffer.read()
    if len(text) > room:
        cut = text[: max(room - len(NOTE), 0)]
        cut = cut[: cut.rfind(b"\n") + 1]  # between two lines, so between two characters
        text = (cut + NOTE)[: max(room, 0)]
    with path.open("ab") as file:
        file.write(text)


if __name__ == "__main__":
    main()
