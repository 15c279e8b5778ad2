"""The columns of the table of all models, for formats that show people one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tflint.report.bench_result import BenchedModel, BenchReport
from tflint.report.bench_wording import (
    accuracy_text,
    number_text,
    percent_figure,
    runtime_names,
    runtime_of,
    us_text,
)
from tflint.report.reference_wording import kilobytes_text, recorded_text


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `text` is what its cell says, nothing where nothing is known.

    `of` is the name of what the title is about, if it has one, as it was given. `best` is the mark
    (see `marks`) of the best figure in it.
    """

    title: str
    text: Callable[[BenchedModel], str]
    is_figure: bool = True
    best: str = ""
    of: str = ""


def columns(report: BenchReport) -> list[Column]:
    """The columns behind the models' names in which anything is known."""
    found = (*_COLUMNS, *map(_arena, runtime_names(report.models)))
    return [column for column in found if any(map(column.text, report.models))]


def _arena(runtime: str) -> Column:
    def text(model: BenchedModel) -> str:
        use = runtime_of(model, runtime)
        if use is None:
            return ""
        return number_text(use.min_arena_bytes) if use.runnable else "does not run"

    return Column("arena (bytes)", text, of=runtime)


def _share_of(share: float | None) -> str:
    return "" if share is None else f"{percent_figure(share)} %"


_COLUMNS = (
    Column("quantisation", lambda model: model.quantization or "", is_figure=False),
    Column("file (bytes)", lambda model: number_text(model.file_bytes), best="smallest"),
    Column("weights", lambda model: number_text(model.weights.count) if model.weights else ""),
    Column(
        "weights (bytes)", lambda model: number_text(model.weights.bytes) if model.weights else ""
    ),
    Column(
        "dynamic (bytes)",
        lambda model: "" if model.dynamic_bytes is None else number_text(model.dynamic_bytes),
    ),
    Column("MACs", lambda model: "" if model.macs is None else number_text(model.macs)),
    Column(
        "avg (µs)",
        lambda model: us_text(model.latency.avg) if model.latency else "",
        best="fastest",
    ),
    Column("p95 (µs)", lambda model: us_text(model.latency.p95) if model.latency else ""),
    Column(
        "accuracy",
        lambda model: accuracy_text(model.accuracy) if model.accuracy else "",
        best="most accurate",
    ),
    Column(
        "balanced",
        lambda model: (
            _share_of(model.accuracy.balanced) if model.reference and model.accuracy else ""
        ),
    ),
    Column(
        "accuracy is",
        lambda model: recorded_text(model.accuracy) if model.accuracy else "",
        is_figure=False,
    ),
    Column(
        "published weights (KB)",
        lambda model: (
            kilobytes_text(model.reference.published)
            if model.reference and model.reference.published
            else ""
        ),
    ),
    Column(
        "published accuracy",
        lambda model: (
            _share_of(model.reference.published.accuracy)
            if model.reference and model.reference.published
            else ""
        ),
    ),
    Column(
        "the original's on the same data",
        lambda model: (
            accuracy_text(model.reference.baseline.accuracy)
            if model.reference and model.reference.baseline
            else ""
        ),
    ),
)
