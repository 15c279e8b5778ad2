"""How long an inference takes: measured by a worker, told in microseconds."""

from __future__ import annotations

import dataclasses
import math
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tflint.bench.inputs import timing_inputs
from tflint.bench.options import BenchOptions
from tflint.bench.refusals import failure_of, refusal_of
from tflint.bench.session_request import session_request
from tflint.errors import HostFailed, ModelRefused
from tflint.execution.frames import Array
from tflint.execution.process import Ended, Limits, run_worker
from tflint.fix.proof.interface import Entry
from tflint.model.tables import Model
from tflint.printable import counted
from tflint.report.bench_result import NOISY_WAITING, Latency, Noise

_WORKER = "tflint.bench.worker"
_STAGES = {
    "loading": "while it loaded the model",
    "first": "in the first inference",
    "runs": "in the runs",
}
_OPEN = "samples given with --data have sizes of their own"
# So often a model is timed at most whose core was taken away, unless that takes as many seconds.
_MOST_TIMES, _TOO_LONG = 3, 4.0
# As many of the runs are kept one by one, evenly spread.
MOST_KEPT = 2000
# A run counts as an outlier from that many interquartile ranges above the upper quartile on.
_FAR = 3.0
# From this part of the median on a note tells by how much the average lies above it.
_SKEWED = 0.05


@dataclass(frozen=True, slots=True)
class Timing:
    """Times, how far they are to be trusted, and in words what should be known of them."""

    latency: Latency
    noise: Noise
    notes: tuple[str, ...] = ()


def measure_latency(
    data: bytes,
    model: Model,
    entry: Entry,
    options: BenchOptions,
    samples: Sequence[Array] | None = None,
) -> Timing:
    """Time inferences of a model, on the first of the samples or on random inputs.

    Where other programs took the core meanwhile it is done again, twice at most, and the quietest
    counts. Variables keep what earlier runs left in them, as on a device. Raises `ModelRefused`
    with what LiteRT says, `HostFailed` where it crashed or hung.
    """
    inputs = timing_inputs(model, entry, options.seed, samples)
    found: list[Timing] = []
    while len(found) < _MOST_TIMES:
        started = time.monotonic()
        found.append(_measured(data, model, entry, options, inputs, samples is not None))
        if _waiting(found[-1]) < NOISY_WAITING or time.monotonic() - started > _TOO_LONG:
            break
    quietest = min(found, key=_waiting)
    if len(found) == 1:
        return quietest
    note = f"measured {len(found)} times, as other programs took the core: the quietest counts"
    return dataclasses.replace(quietest, notes=(*quietest.notes, note))


def _waiting(timing: Timing) -> float:
    return timing.noise.waiting or 0.0


def _measured(
    data: bytes,
    model: Model,
    entry: Entry,
    options: BenchOptions,
    inputs: Sequence[Array],
    is_real: bool,
) -> Timing:
    load = _load()
    ended = run_worker(
        _WORKER,
        worker_request(model, entry, options, inputs),
        [np.frombuffer(data, np.uint8), *inputs],
        Limits(options.seconds, options.memory_bytes),
    )
    try:
        head, arrays = _last_frame(ended, model, options)
    except ModelRefused as error:
        if any(None in port.shape[1:] for port in entry.inputs) and not is_real:
            raise ModelRefused(f"{error} (its inputs leave sizes open, here 1: {_OPEN})") from error
        raise
    try:
        return _timing(head, arrays, options, (load, _load()))
    except (KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        raise HostFailed("LiteRT failed: what its process answered makes no sense") from error


def worker_request(
    model: Model, entry: Entry, options: BenchOptions, inputs: Sequence[Array]
) -> dict[str, Any]:
    """What `tflint.bench.session` needs to know to load a model, and a worker to time it."""
    return {
        **session_request(model, entry, options, [value.shape for value in inputs]),
        "runs": options.runs,
        "min_seconds": options.min_seconds,
        "warmup_runs": options.warmup_runs,
        "cores": None if options.cores is None else list(options.cores),
        "seconds": options.seconds,
    }


def _last_frame(
    ended: Ended, model: Model, options: BenchOptions
) -> tuple[dict[str, Any], list[Array]]:
    """The frame with the times. Raises what `measure_latency` does."""
    head, arrays = ended.frames[-1] if ended.frames else ({}, [])
    if "refused" in head:
        raise refusal_of(model, str(head["refused"]), options.kernels)
    if "failed" in head:
        raise HostFailed(f"LiteRT failed: {head['failed']}")
    stage = head.get("stage")
    if stage != "times":
        raise failure_of(ended, _STAGES.get(stage, "") if isinstance(stage, str) else "")
    return head, arrays


def _timing(
    head: dict[str, Any],
    arrays: list[Array],
    options: BenchOptions,
    load: tuple[float | None, float | None],
) -> Timing:
    cost = float(head["stamp_ns"])
    warmup, runs = (np.maximum(array.astype(np.float64) - cost, 0) / 1000 for array in arrays)
    times = [float(head["init_ns"]), float(head["first_ns"]), cost, *runs, *warmup]
    if not len(runs) or not all(math.isfinite(one) and one >= 0 for one in times):
        raise ValueError("no times")
    low, middle, high = (float(np.quantile(runs, share)) for share in (0.25, 0.5, 0.75))
    # The mean of what is left of the times, not of the times cut off at none.
    average = max(float(np.mean(arrays[1])) - cost, 0.0) / 1000
    latency = Latency(
        init=float(head["init_ns"]) / 1000,
        first=float(head["first_ns"]) / 1000,
        warmup_avg=float(np.mean(warmup)) if len(warmup) else None,
        avg=average,
        p50=middle,
        p95=float(np.quantile(runs, 0.95)),
        runs=len(runs),
        warmup_runs=len(warmup),
        least=float(np.min(runs)),
        most=float(np.max(runs)),
        deviation=float(np.std(runs)),
        each=tuple(float(run) for run in runs[:: -(-len(runs) // MOST_KEPT)]),
    )
    interruptions, waiting = head["interruptions"], head["waiting"]
    noise = Noise(
        spread=(high - low) / middle if middle else 0.0,
        load_before=load[0],
        load_after=load[1],
        interruptions=None if interruptions is None else int(interruptions),
        waiting=None if waiting is None or options.threads > 1 else float(waiting),
        outliers=int(np.count_nonzero(runs > high + _FAR * max(high - low, middle / 100))),
    )
    return Timing(latency, noise, tuple(_notes(latency, noise, head, options)))


def _notes(
    latency: Latency, noise: Noise, head: dict[str, Any], options: BenchOptions
) -> list[str]:
    notes = []
    if latency.runs < options.runs:
        notes.append(
            f"{latency.runs:,} of {options.runs:,} runs: no more fit into the"
            f" {float(head['most_seconds']):.3g} s that runs may take"
        )
    if noise.waiting is not None and noise.waiting >= NOISY_WAITING:
        notes.append(
            f"other programs took the core for {100 * noise.waiting:.0f} % of the time of the runs:"
            " times are too long, p50 the least; end them, or repeat the measurement"
        )
    elif noise.is_noisy:
        notes.append(
            f"noisy: the middle half of the runs lies {100 * noise.spread:.0f} % of the median"
            " apart; smaller differences between models mean nothing"
        )
    elif latency.p50 and latency.avg / latency.p50 - 1 >= _SKEWED and noise.outliers:
        notes.append(
            f"the average lies {100 * (latency.avg / latency.p50 - 1):,.0f} % above p50:"
            f" {counted(noise.outliers, 'run')} of {latency.runs:,} took far longer than the others"
        )
    if head["throttled"]:
        notes.append(
            f"the control group's processor quota was used up"
            f" {counted(int(head['throttled']), 'time')} during the runs"
        )
    if options.cores is not None and head["cores"] != list(options.cores):
        notes.append("its process could not be kept to its cores: it may have moved between them")
    return notes


def _load() -> float | None:
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None
