"""Timing two models against each other, by a worker in which they take turns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tflint.bench.comparison_plan import order
from tflint.bench.options import BenchOptions
from tflint.bench.signed_rank import signed_rank_interval
from tflint.execution.frames import Array
from tflint.execution.process import Ended, Frame, Limits, run_worker
from tflint.printable import printable
from tflint.report.bench_compare_result import Ratio

_WORKER = "tflint.bench.comparison_worker"
NAMES = ("A", "B")
# The part of a worker's time that its plan may fill; the rest is for starting it, and for a
# machine that turns slower.
_PLANNED = 0.5


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model to run, and a value for each of its inputs, as it takes them: (1, *shape)."""

    model: bytes
    inputs: tuple[Array, ...]
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class Timed:
    """What came of running two models in turns. `failure` says what ended it where it ended early:
    the ratios are then from the loads before that, or None.
    """

    latency: Ratio | None = None
    init: Ratio | None = None
    first: Ratio | None = None
    failure: str | None = None


def timed_in_turns(before: Candidate, after: Candidate, options: BenchOptions) -> Timed:
    """Run two models in turns. Raises `HostFailed` where no process can be started."""
    request = {
        "runs": options.runs,
        "threads": options.threads,
        "kernels": options.kernels.value,
        "signatures": [before.signature, after.signature],
        "inputs": len(before.inputs),
        "seed": options.seed,
        "seconds": options.seconds * _PLANNED,
    }
    models = [np.frombuffer(one.model, np.uint8) for one in (before, after)]
    limits = Limits(options.seconds, options.memory_bytes)
    ended = run_worker(_WORKER, request, [*models, *before.inputs, *after.inputs], limits)
    loads = [frame for frame in ended.frames if "loads" in frame[0]]
    return Timed(
        latency=latency_ratio([arrays[0] for _, arrays in loads], _runs(loads)),
        init=_plain_ratio([arrays[1] for _, arrays in loads]),
        first=_plain_ratio([arrays[2] for _, arrays in loads]),
        failure=_failure(ended, loads),
    )


def latency_ratio(loads: Sequence[Array], runs: tuple[int, int]) -> Ratio | None:
    """The ratio from the medians of blocks, (rounds, 4) for each load in the order in which they
    ran; None where there are too few loads. `runs` is how many inferences of A and B are in a load.

    A round has the mean of the logarithms of B less that of A; a load, which is what counts as
    one measurement, has the median of its rounds. That does not move when a round is disturbed.
    """
    logs: list[float] = []
    times: tuple[list[float], list[float]] = ([], [])
    for load, blocks in enumerate(loads):
        rounds = []
        for number, found in enumerate(blocks):
            which = np.array(order(load, number))
            after, before = found[which == 1], found[which == 0]
            rounds.append(float(np.log(after).mean() - np.log(before).mean()))
            times[0].extend(before)
            times[1].extend(after)
        logs.append(float(np.median(rounds)))
    total = len(loads)
    return _ratio(logs, times, (runs[0] * total, runs[1] * total))


def _plain_ratio(loads: Sequence[Array]) -> Ratio | None:
    """The ratio of what is measured once in a load, (2,), A first."""
    logs = [math.log(after / before) for before, after in loads]
    times = [float(before) for before, _ in loads], [float(after) for _, after in loads]
    return _ratio(logs, times, (len(loads), len(loads)))


def _ratio(
    logs: Sequence[float], times: tuple[Sequence[float], Sequence[float]], runs: tuple[int, int]
) -> Ratio | None:
    found = signed_rank_interval(logs)
    if found is None:
        return None
    return Ratio(
        ratio=math.exp(found.middle),
        low=math.exp(found.low),
        high=math.exp(found.high),
        before_us=float(np.median(times[0])) / 1000,
        after_us=float(np.median(times[1])) / 1000,
        loads=len(logs),
        runs=runs,
    )


def _runs(loads: Sequence[Frame]) -> tuple[int, int]:
    if not loads:
        return 0, 0
    before, after = loads[0][0]["runs"]
    return before, after


def _failure(ended: Ended, loads: Sequence[Frame]) -> str | None:
    last = ended.frames[-1][0] if ended.frames else {}
    if "refused" in last:
        return f"LiteRT does not run {NAMES[last['model']]}: {printable(last['refused'], 400)}"
    if loads and len(loads) == loads[0][0]["loads"]:
        return None
    who = f" with {NAMES[last['trying']]}" if "trying" in last else ""
    return f"LiteRT failed{who}: {ended.fault or 'it ended early'}"
