"""What `docs/benchmarking.md` shows is what `tflint bench` prints."""

from __future__ import annotations

import os
import re
from pathlib import Path

from benchmarking_page import PAGE

GOLDEN = Path(__file__).parent / "golden"
UPDATE = bool(os.environ.get("UPDATE_GOLDEN"))
SHOWN = re.compile(r"(<!-- tests/report/golden/(\S+) -->\n```text\n)(.*?)```", re.DOTALL)


def test_the_page_shows_what_is_printed() -> None:
    text = PAGE.read_text(encoding="utf-8")
    current = SHOWN.sub(
        lambda found: f"{found[1]}{(GOLDEN / found[2]).read_text(encoding='utf-8')}```", text
    )
    if UPDATE:
        PAGE.write_text(current, encoding="utf-8")

    assert [name for _, name, _ in SHOWN.findall(text)] == [
        "bench-whole.txt",
        "bench-compare-faster.txt",
    ]
    assert PAGE.read_text(encoding="utf-8") == current
