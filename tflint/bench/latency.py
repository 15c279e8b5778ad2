"""How long an inference takes: measured by a worker, told in microseconds."""

from __future__ import annotations

import os

import numpy as np

from tflint.bench.options import BenchOptions
from tflint.errors import HostFailed, ModelRefused
from tflint.execution.frames import Array
from tflint.execution.process import Limits, run_worker
from tflint.fix.proof.interface import Entry
from tflint.fix.proof.samples import random_samples
from tflint.model.tables import Model
from tflint.printable import printable
from tflint.report.bench_result import Latency, Noise

_WORKER = "tflint.bench.worker"


def measure_latency(
    data: bytes, model: Model, entry: Entry, options: BenchOptions
) -> tuple[Latency, Noise]:
    """Time inferences of a model on random inputs.

    Raises `ModelRefused` with what LiteRT says, `HostFailed` where it crashed or hung.
    """
    samples = random_samples(model, 1, options.seed, entry=entry)
    inputs = [
        port.quantised(values) if port.is_real else values
        for port, values in zip(entry.inputs, samples.inputs, strict=True)
    ]
    request = {
        "runs": options.runs,
        "warmup_runs": options.warmup_runs,
        "threads": options.threads,
        "kernels": options.kernels.value,
        "signature": entry.signature,
    }
    load = _load()
    ended = run_worker(
        _WORKER,
        request,
        [np.frombuffer(data, np.uint8), *inputs],
        Limits(options.seconds, options.memory_bytes),
    )
    if not ended.frames:
        raise HostFailed(f"LiteRT failed: {ended.fault or 'it ended early'}")
    head, arrays = ended.frames[0]
    if "refused" in head:
        raise ModelRefused(f"LiteRT does not run the model: {printable(head['refused'], 400)}")
    return _latency(head["init_ns"], head["first_ns"], arrays), _noise(arrays[1], load, _load())


def _latency(init: int, first: int, arrays: list[Array]) -> Latency:
    warmup, runs = (array / 1000 for array in arrays)
    return Latency(
        init=init / 1000,
        first=first / 1000,
        warmup_avg=float(np.mean(warmup)) if len(warmup) else None,
        avg=float(np.mean(runs)),
        p50=float(np.quantile(runs, 0.5)),
        p95=float(np.quantile(runs, 0.95)),
        runs=len(runs),
        warmup_runs=len(warmup),
        least=float(np.min(runs)),
        most=float(np.max(runs)),
        deviation=float(np.std(runs)),
        each=tuple(float(run) for run in runs),
    )


def _noise(runs: Array, before: float | None, after: float | None) -> Noise:
    low, middle, high = (float(np.quantile(runs, share)) for share in (0.25, 0.5, 0.75))
    return Noise((high - low) / middle if middle else 0.0, before, after)


def _load() -> float | None:
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None
