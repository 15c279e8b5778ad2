"""Two models side by side as a table, for spreadsheets and data frames: a row a figure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from tflint.report.bench_compare_result import BenchComparison, ComparedOperator, Ratio, figures
from tflint.report.bench_result import OperatorRow
from tflint.report.spreadsheet_text import spreadsheet_text

HEADER = (
    *("kind", "name", "change", "a", "b", "difference", "ratio", "low", "high", "verdict"),
    *("a_place", "b_place"),
)
Value = str | float | None


def render(comparison: BenchComparison) -> str:
    """The table with a header, as RFC 4180 has it but for lines that end in LF.

    Kinds are `path`, `latency_us`, `accuracy`, `figure`, `operator_us` and `failure`. `low` and
    `high` bound the ratio, or, of the accuracy, the difference. Operators have their place in A
    and in B as `SUBGRAPH:INDEX`. A figure that is not known is an empty cell.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(HEADER)
    for row in _rows(comparison):
        writer.writerow([row.get(column) for column in HEADER])
    return stream.getvalue()


def _rows(found: BenchComparison) -> Iterator[dict[str, Value]]:
    sides = (found.before, found.after)
    a, b = (spreadsheet_text(model.path) for model in sides)
    yield {"kind": "path", "name": "path", "a": a, "b": b}
    for name, ratio in (
        ("median", found.latency),
        ("first", found.first),
        ("init", found.init),
    ):
        if ratio is not None:
            yield {"kind": "latency_us", "name": name, **_ratio(ratio)}
    known = [model.accuracy.value if model.accuracy else None for model in sides]
    if any(value is not None for value in known):
        row: dict[str, Value] = {"kind": "accuracy", "name": "accuracy", "a": known[0]}
        row["b"] = known[1]
        if found.accuracy is not None:
            row.update(difference=found.accuracy.difference)
            row.update(low=found.accuracy.low, high=found.accuracy.high)
        yield row
    for figure in figures(found):
        yield {
            "kind": "figure",
            "name": spreadsheet_text(figure.key),
            "a": figure.before,
            "b": figure.after,
            "difference": figure.difference,
        }
    for one in found.operators:
        yield _operator(one)
    for name, model in zip("AB", sides, strict=True):
        for failure in model.failures:
            text = spreadsheet_text(failure.text, 4000)
            yield {"kind": "failure", "name": spreadsheet_text(failure.part), name.lower(): text}
    for failure in found.failures:
        text = spreadsheet_text(f"{failure.part}: {failure.text}", 4000)
        yield {"kind": "failure", "name": text}


def _ratio(ratio: Ratio) -> dict[str, Value]:
    return {
        "a": ratio.before_us,
        "b": ratio.after_us,
        "difference": ratio.after_us - ratio.before_us,
        "ratio": ratio.ratio,
        "low": ratio.low,
        "high": ratio.high,
        "verdict": ratio.verdict.value,
    }


def _operator(one: ComparedOperator) -> dict[str, Value]:
    row: dict[str, Value] = {
        "kind": "operator_us",
        "name": spreadsheet_text(one.name),
        "change": one.fate.value,
        "a": None if one.before is None else one.before.us_avg,
        "b": None if one.after is None else one.after.us_avg,
        "a_place": _place(one.before),
        "b_place": _place(one.after),
    }
    return row if one.ratio is None else {**row, **_ratio(one.ratio)}


def _place(row: OperatorRow | None) -> str | None:
    return None if row is None else f"{row.subgraph}:{row.index}"
