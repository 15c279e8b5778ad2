"""The plan of the arena as a PNG."""

from __future__ import annotations

from tflint.report.memory_figure import draw
from tflint.report.memory_result import MemoryReport


def render(report: MemoryReport) -> bytes:
    """The picture; raises `MissingExtra` without Matplotlib."""
    return draw(report, "png")
