"""What `tflint bench` measured, for people: a table of at most 100 columns."""

from __future__ import annotations

from tflint.report.bench_result import BenchReport
from tflint.report.style import Line, line
from tflint.report.wording import path_text


def render(report: BenchReport) -> list[Line]:
    """A line a model."""
    return [line(path_text(model.path)) for model in report.models]
