"""How often a model decides right."""

from __future__ import annotations

from tflint.bench.options import BenchOptions
from tflint.fix.proof.interface import Entry
from tflint.model.tables import Model
from tflint.report.bench_result import Accuracy


def measure_accuracy(
    data: bytes, model: Model, entry: Entry, path: str, options: BenchOptions
) -> Accuracy | None:
    """The accuracy on the data set that is meant for this model; None where there is none."""
    return None
