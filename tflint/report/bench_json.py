"""What `tflint bench` measured, for scripts: one JSON document, its keys fixed."""

from __future__ import annotations

import math
from typing import Any

from tflint.report.accuracy_result import Accuracy
from tflint.report.bench_result import (
    BenchedModel,
    BenchReport,
    Latency,
    OperatorRow,
    RuntimeUse,
    TensorRow,
)
from tflint.report.json_text import json_text
from tflint.report.reference_result import Reference
from tflint.version import __version__

SCHEMA = 1
# Digits behind the point: of microseconds, and of parts of 1.
_TIME_DIGITS = 3
_SHARE_DIGITS = 12


def render(report: BenchReport) -> str:
    """The document, ASCII only, ending in a newline."""
    machine = report.machine
    return json_text(
        {
            "schema": SCHEMA,
            "tool": {"name": "tflint", "version": __version__},
            "started": report.started,
            "machine": {
                "processor": machine.processor,
                "cores": machine.cores,
                "system": machine.system,
                "runtime": machine.runtime,
                "kernels": machine.kernels,
                "threads": machine.threads,
                "cpus": None if machine.cpus is None else list(machine.cpus),
                "notes": list(machine.notes),
            },
            "models": [_model(model) for model in report.models],
            "seconds": round(report.seconds, 3),
            "asked": report.asked or len(report.models),
            "interrupted": report.is_interrupted,
        }
    )


def _model(model: BenchedModel) -> dict[str, Any]:
    weights, noise, total = model.weights, model.noise, model.operator_total
    return {
        "path": model.path,
        "application": model.application,
        "quantization": model.quantization,
        "file_bytes": model.file_bytes,
        "latency_us": None if model.latency is None else _latency(model.latency),
        "noise": None
        if noise is None
        else {
            "spread": _share(noise.spread),
            "load_before": _time(noise.load_before),
            "load_after": _time(noise.load_after),
            "interruptions": noise.interruptions,
            "waiting": _share(noise.waiting),
            "outliers": noise.outliers,
            "noisy": noise.is_noisy,
        },
        "accuracy": None if model.accuracy is None else _accuracy(model.accuracy),
        "weights": None
        if weights is None
        else {
            "count": weights.count,
            "bytes": weights.bytes,
            "stored_bytes": weights.stored_bytes,
        },
        "tensors": [_tensor(tensor) for tensor in model.tensors],
        "dynamic_bytes": model.dynamic_bytes,
        "macs": model.macs,
        "operators": [_operator(operator) for operator in model.operators],
        "operator_total": None
        if total is None
        else {
            "us": _time(total.us),
            "whole_us": _time(total.whole_us),
            "call_us": _time(total.call_us),
            "timed": total.timed,
            "operators": total.operators,
        },
        "runtimes": [_runtime(use) for use in model.runtimes],
        "reference": None if model.reference is None else _reference(model.reference),
        "failures": [{"part": one.part, "text": one.text} for one in model.failures],
        "notes": list(model.notes),
    }


def _latency(latency: Latency) -> dict[str, Any]:
    return {
        "init": _time(latency.init),
        "first": _time(latency.first),
        "warmup_avg": _time(latency.warmup_avg),
        "avg": _time(latency.avg),
        "p50": _time(latency.p50),
        "p95": _time(latency.p95),
        "runs": latency.runs,
        "warmup_runs": latency.warmup_runs,
        "min": _time(latency.least),
        "max": _time(latency.most),
        "stddev": _time(latency.deviation),
    }


def _accuracy(accuracy: Accuracy) -> dict[str, Any]:
    return {
        "value": _share(accuracy.value),
        "n": accuracy.n,
        "correct": accuracy.correct,
        "interval": [_share(accuracy.low), _share(accuracy.high)],
        "dataset": accuracy.dataset,
        "split": accuracy.split,
        "sha256": accuracy.sha256,
        "files": [{"name": name, "sha256": digest} for name, digest in accuracy.files],
        "recorded": None
        if accuracy.recorded is None
        else {"date": accuracy.recorded.date, "version": accuracy.recorded.version},
        "majority": _share(accuracy.majority),
        "balanced": _share(accuracy.balanced),
        "undecided": accuracy.undecided,
        "decision": accuracy.decision,
        "classes": [
            {
                "label": score.label,
                "n": score.n,
                "correct": score.correct,
                "predicted": score.predicted,
                "recall": _share(score.recall),
                "precision": _share(score.precision),
                "f1": _share(score.f1),
                "interval": [_share(score.low), _share(score.high)],
                "precision_interval": [_share(score.precision_low), _share(score.precision_high)],
            }
            for score in accuracy.classes
        ],
        "confusion": [list(row) for row in accuracy.confusion],
    }


def _reference(of: Reference) -> dict[str, Any]:
    published, baseline = of.published, of.baseline
    return {
        "title": of.title,
        "summary": of.summary,
        "form": of.form,
        "grouping": of.split,
        "published": None
        if published is None
        else {
            "form": published.form,
            "kilobytes": published.kilobytes,
            "accuracy": _share(published.accuracy),
            "note": published.note,
        },
        "same_data": None
        if baseline is None
        else {
            "weight_bytes": baseline.weight_bytes,
            "min_arena_bytes": baseline.min_arena_bytes,
            "accuracy": _accuracy(baseline.accuracy),
        },
        "further": [
            {"name": name, "accuracy": _accuracy(accuracy)} for name, accuracy in of.further
        ],
    }


def _tensor(tensor: TensorRow) -> dict[str, Any]:
    return {
        "subgraph": tensor.subgraph,
        "index": tensor.index,
        "name": tensor.name,
        "shape": list(tensor.shape),
        "dtype": tensor.dtype,
        "bytes": tensor.bytes,
        "kind": tensor.kind,
        "input": tensor.is_input,
        "output": tensor.is_output,
        "variable": tensor.is_variable,
        "used": tensor.is_used,
        "dynamic": tensor.is_dynamic,
    }


def _operator(operator: OperatorRow) -> dict[str, Any]:
    return {
        "subgraph": operator.subgraph,
        "index": operator.index,
        "name": operator.name,
        "us_avg": _time(operator.us_avg),
        "macs": operator.macs,
        "weight_bytes": operator.weight_bytes,
        "input_bytes": operator.input_bytes,
        "output_bytes": operator.output_bytes,
        "note": operator.note or None,
    }


def _runtime(use: RuntimeUse) -> dict[str, Any]:
    return {
        "runtime": use.runtime,
        "target": use.target,
        "runnable": use.runnable,
        "reason": use.reason,
        "arena_bytes": use.arena_bytes,
        "min_arena_bytes": use.min_arena_bytes,
        "ram_bytes": use.ram_bytes,
        "flash_bytes": use.flash_bytes,
        "fits": use.fits,
    }


def _time(figure: float | None) -> float | None:
    return _rounded(figure, _TIME_DIGITS)


def _share(figure: float | None) -> float | None:
    return _rounded(figure, _SHARE_DIGITS)


def _rounded(figure: float | None, digits: int) -> float | None:
    """The figure as JSON has it, which knows no NaN and no infinity."""
    return round(figure, digits) if figure is not None and math.isfinite(figure) else None
