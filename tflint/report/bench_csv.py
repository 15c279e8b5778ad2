"""What `tflint bench` measured as a table, for spreadsheets and data frames: a row a model.

Tensors, operators and classes are in the JSON: rows of another kind would make columns of
another kind, which no reader of tables takes without a word of its own.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Sequence
from typing import TypeVar

from tflint.report.accuracy_result import Accuracy
from tflint.report.bench_result import (
    BenchedModel,
    BenchReport,
    Latency,
    Machine,
    Noise,
    OperatorTotal,
    RuntimeUse,
)
from tflint.report.bench_wording import marks, marks_of_application, runtime_names, runtime_of
from tflint.report.reference_result import Reference
from tflint.report.spreadsheet_text import spreadsheet_text

Value = str | float | None
_Part = TypeVar("_Part")
# The runtimes that every table has columns for, so that tables of several runs have the same.
RUNTIMES = ("tflm", "tflm-cmsis-nn")

_MODEL: dict[str, Callable[[BenchedModel], Value]] = {
    "path": lambda model: _text(model.path),
    "application": lambda model: _text(model.application),
    "quantization": lambda model: _text(model.quantization),
    "file_bytes": lambda model: model.file_bytes,
    "weights_count": lambda model: None if model.weights is None else model.weights.count,
    "weights_bytes": lambda model: None if model.weights is None else model.weights.bytes,
    "stored_weights_bytes": lambda model: (
        None if model.weights is None else model.weights.stored_bytes
    ),
    "tensors_used": lambda model: (
        None if model.weights is None else sum(tensor.is_used for tensor in model.tensors)
    ),
    "operators": lambda model: None if model.weights is None else len(model.operators),
    "dynamic_bytes": lambda model: model.dynamic_bytes,
    "macs": lambda model: model.macs,
}
_LATENCY: dict[str, Callable[[Latency], Value]] = {
    "init_us": lambda latency: _time(latency.init),
    "first_us": lambda latency: _time(latency.first),
    "warmup_avg_us": lambda latency: _time(latency.warmup_avg),
    "avg_us": lambda latency: _time(latency.avg),
    "p50_us": lambda latency: _time(latency.p50),
    "p95_us": lambda latency: _time(latency.p95),
    "min_us": lambda latency: _time(latency.least),
    "max_us": lambda latency: _time(latency.most),
    "stddev_us": lambda latency: _time(latency.deviation),
    "runs": lambda latency: latency.runs,
    "warmup_runs": lambda latency: latency.warmup_runs,
}
_NOISE: dict[str, Callable[[Noise], Value]] = {
    "spread": lambda noise: _share(noise.spread),
    "load_before": lambda noise: _time(noise.load_before),
    "load_after": lambda noise: _time(noise.load_after),
    "interruptions": lambda noise: noise.interruptions,
    "waiting": lambda noise: _share(noise.waiting),
    "outliers": lambda noise: noise.outliers,
    "noisy": lambda noise: _answer(noise.is_noisy),
}
_ACCURACY: dict[str, Callable[[Accuracy], Value]] = {
    "accuracy": lambda accuracy: _share(accuracy.value),
    "accuracy_low": lambda accuracy: _share(accuracy.low),
    "accuracy_high": lambda accuracy: _share(accuracy.high),
    "balanced_accuracy": lambda accuracy: _share(accuracy.balanced),
    "majority": lambda accuracy: _share(accuracy.majority),
    "correct": lambda accuracy: accuracy.correct,
    "samples": lambda accuracy: accuracy.n,
    "undecided": lambda accuracy: accuracy.undecided,
    "dataset": lambda accuracy: _text(accuracy.dataset),
    "split": lambda accuracy: _text(accuracy.split),
    "sha256": lambda accuracy: accuracy.sha256,
    "decision": lambda accuracy: _text(accuracy.decision),
    "recorded": lambda accuracy: _text(accuracy.recorded.date) if accuracy.recorded else None,
}
# The original's network, as it was published and on the same recordings.
_REFERENCE: dict[str, Callable[[Reference], Value]] = {
    "published_form": lambda of: _text(of.published.form) if of.published else None,
    "published_kilobytes": lambda of: of.published.kilobytes if of.published else None,
    "published_accuracy": lambda of: _share(of.published.accuracy) if of.published else None,
    "same_data_weights_bytes": lambda of: of.baseline.weight_bytes if of.baseline else None,
    "same_data_min_arena_bytes": lambda of: of.baseline.min_arena_bytes if of.baseline else None,
    "same_data_accuracy": lambda of: _share(of.baseline.accuracy.value) if of.baseline else None,
    "same_data_balanced_accuracy": lambda of: (
        _share(of.baseline.accuracy.balanced) if of.baseline else None
    ),
}
_TOTAL: dict[str, Callable[[OperatorTotal], Value]] = {
    "operators_us": lambda total: _time(total.us),
    "call_us": lambda total: _time(total.call_us),
    "operators_timed": lambda total: total.timed,
}
# Columns of each runtime, behind its name.
_RUNTIME: dict[str, Callable[[RuntimeUse], Value]] = {
    "target": lambda use: _text(use.target),
    "runnable": lambda use: _answer(use.runnable),
    "reason": lambda use: _text(use.reason),
    "arena_bytes": lambda use: use.arena_bytes,
    "min_arena_bytes": lambda use: use.min_arena_bytes,
    "ram_bytes": lambda use: use.ram_bytes,
    "flash_bytes": lambda use: use.flash_bytes,
}
_MACHINE: dict[str, Callable[[Machine], Value]] = {
    "processor": lambda machine: _text(machine.processor),
    "cores": lambda machine: machine.cores,
    "system": lambda machine: _text(machine.system),
    "runtime": lambda machine: _text(machine.runtime),
    "kernels": lambda machine: _text(machine.kernels),
    "threads": lambda machine: machine.threads,
}


def render(report: BenchReport) -> str:
    """The table with a header, as RFC 4180 has it but for lines that end in LF.

    Times are microseconds, accuracies parts of 1, with the digits that the JSON has; a figure that
    is not known is an empty cell. Texts are printable, and no formulas.
    """
    runtimes = [*RUNTIMES, *(name for name in runtime_names(report.models) if name not in RUNTIMES)]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(
        (
            *(*_MODEL, *_LATENCY, *_NOISE, *_TOTAL, *_ACCURACY, *_REFERENCE),
            *(f"{name.replace('-', '_')}_{column}" for name in runtimes for column in _RUNTIME),
            *(*_MACHINE, "started", "best", "best_of_application", "failures", "notes"),
        )
    )
    best, here = marks(report.models), marks_of_application(report.models)
    for place, model in enumerate(report.models):
        uses = [runtime_of(model, name) for name in runtimes]
        writer.writerow(
            (
                *(column(model) for column in _MODEL.values()),
                *_values(_LATENCY, model.latency),
                *_values(_NOISE, model.noise),
                *_values(_TOTAL, model.operator_total),
                *_values(_ACCURACY, model.accuracy),
                *_values(_REFERENCE, model.reference),
                *(value for use in uses for value in _values(_RUNTIME, use)),
                *_values(_MACHINE, report.machine),
                _text(report.started),
                "; ".join(best[place]),
                "; ".join(here[place]),
                _texts([f"{one.part}: {one.text}" for one in model.failures]),
                _texts(model.notes),
            )
        )
    return stream.getvalue()


def _values(columns: dict[str, Callable[[_Part], Value]], part: _Part | None) -> list[Value]:
    return [None if part is None else column(part) for column in columns.values()]


def _answer(holds: bool) -> str:
    return "yes" if holds else "no"


def _time(figure: float | None) -> float | None:
    return _rounded(figure, 3)


def _share(figure: float | None) -> float | None:
    return _rounded(figure, 6)


def _rounded(figure: float | None, digits: int) -> float | None:
    """As the JSON has it: what is no number is not known."""
    return round(figure, digits) if figure is not None and math.isfinite(figure) else None


def _text(text: str | None) -> str | None:
    return None if text is None else spreadsheet_text(text)


def _texts(texts: Sequence[str]) -> str:
    return spreadsheet_text("; ".join(texts), 4000)
