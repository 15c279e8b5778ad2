"""What `tflint bench` measured, for scripts: one JSON document, its keys fixed."""

from __future__ import annotations

from typing import Any

from tflint.report.bench_result import (
    Accuracy,
    BenchedModel,
    BenchReport,
    Latency,
    OperatorRow,
    RuntimeUse,
    TensorRow,
)
from tflint.report.json_text import json_text
from tflint.version import __version__

SCHEMA = 1


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
            "interrupted": report.is_interrupted,
        }
    )


def _model(model: BenchedModel) -> dict[str, Any]:
    weights, noise = model.weights, model.noise
    return {
        "path": model.path,
        "application": model.application,
        "quantization": model.quantization,
        "file_bytes": model.file_bytes,
        "latency_us": None if model.latency is None else _latency(model.latency),
        "noise": None
        if noise is None
        else {
            "spread": noise.spread,
            "load_before": noise.load_before,
            "load_after": noise.load_after,
            "interruptions": noise.interruptions,
            "waiting": noise.waiting,
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
        "runtimes": [_runtime(use) for use in model.runtimes],
        "failures": [{"part": one.part, "text": one.text} for one in model.failures],
        "notes": list(model.notes),
    }


def _latency(latency: Latency) -> dict[str, Any]:
    return {
        "init": latency.init,
        "first": latency.first,
        "warmup_avg": latency.warmup_avg,
        "avg": latency.avg,
        "p50": latency.p50,
        "p95": latency.p95,
        "runs": latency.runs,
        "warmup_runs": latency.warmup_runs,
        "min": latency.least,
        "max": latency.most,
        "stddev": latency.deviation,
    }


def _accuracy(accuracy: Accuracy) -> dict[str, Any]:
    return {
        "value": accuracy.value,
        "n": accuracy.n,
        "correct": accuracy.correct,
        "interval": [accuracy.low, accuracy.high],
        "dataset": accuracy.dataset,
        "split": accuracy.split,
        "sha256": accuracy.sha256,
        "majority": accuracy.majority,
        "balanced": accuracy.balanced,
        "undecided": accuracy.undecided,
        "decision": accuracy.decision,
        "classes": [
            {
                "label": score.label,
                "n": score.n,
                "correct": score.correct,
                "predicted": score.predicted,
                "recall": score.recall,
                "precision": score.precision,
                "f1": score.f1,
                "interval": [score.low, score.high],
                "precision_interval": [score.precision_low, score.precision_high],
            }
            for score in accuracy.classes
        ],
        "confusion": [list(row) for row in accuracy.confusion],
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
        "us_avg": operator.us_avg,
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
    }
