"""The plan of the arena as an SVG."""

from __future__ import annotations

from tflint.report.memory_figure import draw
from tflint.report.memory_result import MemoryReport


def render(report: MemoryReport) -> str:
    """The picture; raises `MissingExtra` without Matplotlib."""
    return draw(report, "svg").decode("utf-8")
