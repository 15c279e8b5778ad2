"""Two models side by side, for scripts: the document of `tflint bench` with both models, A first,
and `comparison` beside them.
"""

from __future__ import annotations

import json
from typing import Any

from tflint.report import bench_json
from tflint.report.bench_compare_result import (
    LEVEL,
    AccuracyDifference,
    BenchComparison,
    ComparedOperator,
    Ratio,
    figures,
)
from tflint.report.bench_compare_wording import ratio_sentence
from tflint.report.bench_result import OperatorRow
from tflint.report.json_text import json_text


def render(comparison: BenchComparison) -> str:
    """The document, ASCII only, ending in a newline."""
    document: dict[str, Any] = json.loads(bench_json.render(comparison.report))
    return json_text({**document, "comparison": _comparison(comparison)})


def _comparison(found: BenchComparison) -> dict[str, Any]:
    return {
        "a": found.before.path,
        "b": found.after.path,
        "same_file": found.is_same_file,
        "latency": _ratio(found.latency),
        "first": _ratio(found.first),
        "init": _ratio(found.init),
        "accuracy": None if found.accuracy is None else _accuracy(found.accuracy),
        "figures": [
            {
                "name": figure.key,
                "a": figure.before,
                "b": figure.after,
                "difference": figure.difference,
            }
            for figure in figures(found)
        ],
        "operators": [_operator(one) for one in found.operators],
        "failures": [{"part": one.part, "text": one.text} for one in found.failures],
        "notes": list(found.notes),
    }


def _ratio(ratio: Ratio | None) -> dict[str, Any] | None:
    if ratio is None:
        return None
    return {
        "ratio": ratio.ratio,
        "interval": [ratio.low, ratio.high],
        "level": LEVEL,
        "verdict": ratio.verdict.value,
        "text": ratio_sentence(ratio),
        "a_us": ratio.before_us,
        "b_us": ratio.after_us,
        "loads": ratio.loads,
        "runs": list(ratio.runs),
    }


def _accuracy(found: AccuracyDifference) -> dict[str, Any]:
    return {
        "n": found.n,
        "both_right": found.both,
        "only_a_right": found.only_before,
        "only_b_right": found.only_after,
        "both_wrong": found.neither,
        "difference": found.difference,
        "interval": [found.low, found.high],
        "level": LEVEL,
        "p": found.p,
    }


def _operator(one: ComparedOperator) -> dict[str, Any]:
    return {
        "change": one.fate.value,
        "name": one.name,
        "a": _side(one.before),
        "b": _side(one.after),
        "latency": _ratio(one.ratio),
        "fields": [
            {
                "slot": change.slot or None,
                "field": change.field,
                "a": change.before,
                "b": change.after,
            }
            for change in one.fields
        ],
    }


def _side(row: OperatorRow | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "subgraph": row.subgraph,
        "index": row.index,
        "us_avg": row.us_avg,
        "macs": row.macs,
        "note": row.note or None,
    }
