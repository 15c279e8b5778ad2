"""Timing two models against each other, by a worker in which they take turns."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tflint.bench.comparison_plan import PROCESSES, order
from tflint.bench.latency import worker_request
from tflint.bench.options import BenchOptions
from tflint.bench.refusals import failure_of, refusal_of
from tflint.bench.signed_rank import FEWEST, signed_rank_interval
from tflint.execution.frames import Array
from tflint.execution.process import Ended, Frame, Limits, run_worker
from tflint.fix.proof.interface import Entry
from tflint.model.tables import Model
from tflint.report.bench_compare_result import Ratio

_WORKER = "tflint.bench.comparison_worker"
NAMES = ("A", "B")
# The part of the time that the plans of all processes may fill: the machine may turn slower.
_PLANNED = 0.5


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model to run, the way into it, and a value for each input, as LiteRT takes it."""

    data: bytes
    model: Model
    entry: Entry
    inputs: Sequence[Array]


@dataclass(frozen=True, slots=True)
class Timed:
    """What came of running two models in turns. `failure` says what ended it where it ended early:
    the ratios are then from the loads before that, or None.
    """

    latency: Ratio | None = None
    init: Ratio | None = None
    first: Ratio | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """What was measured after both had been loaded, in nanoseconds, A first: the medians of the
    blocks of each, (turns, 2), where a turn is A B B A or B A A B, the initialisations, the first
    inferences.
    """

    blocks: tuple[Array, Array]
    init: tuple[float, float]
    first: tuple[float, float]


def timed_in_turns(before: Candidate, after: Candidate, options: BenchOptions) -> Timed:
    """Run two models in turns. Raises `HostFailed` where no process can be started.

    In several processes, every other one with the names of the two exchanged: what is always
    loaded or run in one place gets other memory than the other, a fraction of a percent.
    """
    loads: list[Load] = []
    runs = [0, 0]
    failure = None
    for number in range(PROCESSES):
        is_swapped = number % 2 == 1
        pair = (after, before) if is_swapped else (before, after)
        ended = _run(pair, number, options)
        frames = [frame for frame in ended.frames if "loads" in frame[0]]
        for place, (head, arrays) in enumerate(frames):
            loads.append(_load(place, arrays, is_swapped=is_swapped))
            for which, count in enumerate(reversed(head["runs"]) if is_swapped else head["runs"]):
                runs[which] += count
        failure = _failure(ended, frames, pair, NAMES[::-1] if is_swapped else NAMES)
        if failure is not None:
            break
    return Timed(
        latency=latency_ratio([load.blocks for load in loads], (runs[0], runs[1])),
        init=single_ratio([load.init for load in loads]),
        first=single_ratio([load.first for load in loads]),
        failure=failure,
    )


def _run(pair: tuple[Candidate, Candidate], number: int, options: BenchOptions) -> Ended:
    request = {
        "models": [worker_request(one.model, one.entry, options, one.inputs) for one in pair],
        "cores": None if options.cores is None else list(options.cores),
        "runs": -(-options.runs // PROCESSES),
        "seed": options.seed + number,
        "seconds": options.seconds * _PLANNED / PROCESSES,
    }
    arrays = [np.frombuffer(one.data, np.uint8) for one in pair]
    for one in pair:
        arrays += one.inputs
    return run_worker(_WORKER, request, arrays, Limits(options.seconds, options.memory_bytes))


def _load(number: int, arrays: Sequence[Array], *, is_swapped: bool) -> Load:
    places = np.array(order(number))
    first, second = (arrays[0][:, places == which].reshape(-1, 2) for which in (0, 1))
    init, runs = ((float(found[0]), float(found[1])) for found in arrays[1:])
    if is_swapped:
        return Load((second, first), init[::-1], runs[::-1])
    return Load((first, second), init, runs)


def latency_ratio(loads: Sequence[tuple[Array, Array]], runs: tuple[int, int]) -> Ratio | None:
    """The ratio from the medians of blocks of A and of B, (turns, 2) each for each load; None
    where there are too few loads. `runs` is how many inferences of A and B they are from.

    A turn, A B B A or B A A B, has the mean of the logarithms of B less that of A, a load the
    median of its turns, which a disturbed one does not move. Two loads make one measurement, as
    for `single_ratio`: the place in memory of what is loaded first may be better by half a percent.
    Where there are too few for that, each load is one, and such a difference widens the interval.
    """
    each = [
        float(np.median((np.log(after) - np.log(before)).mean(axis=1))) for before, after in loads
    ]
    pairs = [(each[i] + each[i + 1]) / 2 for i in range(0, len(each) - 1, 2)]
    times = [[float(np.median(load[which])) for load in loads] for which in (0, 1)]
    found = ratio_of(pairs if len(pairs) >= FEWEST else each, (times[0], times[1]), runs)
    return found and dataclasses.replace(found, loads=len(loads))


def single_ratio(loads: Sequence[tuple[float, float]]) -> Ratio | None:
    """The ratio of what is measured once in a load, A first.

    What is loaded first takes twice as long: it finds less in the caches. So two loads count as
    one measurement, in which each was the first once.
    """
    pairs = [loads[i : i + 2] for i in range(0, len(loads) - 1, 2)]
    times = [[math.sqrt(one[which] * two[which]) for one, two in pairs] for which in (0, 1)]
    logs = [math.log(after / before) for before, after in zip(*times, strict=True)]
    count = 2 * len(pairs)
    found = ratio_of(logs, (times[0], times[1]), (count, count))
    return found and dataclasses.replace(found, loads=count)


def ratio_of(
    logs: Sequence[float], times: tuple[Sequence[float], Sequence[float]], runs: tuple[int, int]
) -> Ratio | None:
    """The ratio from the logarithms of independent ratios, and the nanoseconds of A and of B; None
    where there are too few.
    """
    found = signed_rank_interval(logs)
    if found is None:
        return None
    # The median ratio is not quite the ratio of medians: what is shown shall not contradict itself.
    level = math.sqrt(float(np.median(times[0])) * float(np.median(times[1]))) / 1000
    return Ratio(
        ratio=math.exp(found.middle),
        low=math.exp(found.low),
        high=math.exp(found.high),
        before_us=level / math.exp(found.middle / 2),
        after_us=level * math.exp(found.middle / 2),
        loads=len(logs),
        runs=runs,
    )


def _failure(
    ended: Ended, loads: Sequence[Frame], pair: Sequence[Candidate], names: Sequence[str]
) -> str | None:
    """What ended it before all loads were measured, and with which of the two."""
    last = ended.frames[-1][0] if ended.frames else {}
    if "refused" in last:
        which = last["model"]
        return f"{names[which]}: {refusal_of(pair[which].model, last['refused'])}"
    if "failed" in last:
        return f"{names[last['model']]}: LiteRT failed: {last['failed']}"
    if loads and len(loads) == loads[0][0]["loads"]:
        return None
    where = f"while it tried {names[last['trying']]}" if "trying" in last else "in the runs"
    return str(failure_of(ended, where))
