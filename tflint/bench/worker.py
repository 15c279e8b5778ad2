"""The process that measures on LiteRT.

It answers with a frame for each stage, so that of a model that takes it down it is known where:
`loading`, `first`, `runs` (the warm-up among them), and at the end `times`.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Sequence

import numpy as np

from tflint.bench import session
from tflint.bench.cores import keep_to
from tflint.bench.stopwatch import Invocable, Nanoseconds, Plan, stamp_cost, stamped, timed_runs
from tflint.bench.upheaval import Watch
from tflint.execution.frames import Array, Json
from tflint.execution.worker import take_log
from tflint.model.builder import ModelBuilder
from tflint.model.writer import write_model

# Of the time limit: what the warm-up, and what the runs may take at most.
_WARMUP_SHARE, _RUNS_SHARE = 0.05, 0.5
# As a benchmark of LiteRT's own warms up for a time too: a core takes long to reach its clock rate.
_LEAST_WARMUP_NS = 50_000_000
_AGAIN_NS = 1_000_000


def answer(request: Json, arrays: Sequence[Array]) -> Iterator[tuple[Json, Sequence[Array]]]:
    """Time the model: its initialisation, its first inference, the warm-up, the runs."""
    started = time.perf_counter_ns()
    cores = keep_to(request["cores"])
    cost = warmed_up(request)
    gc.collect()
    gc.disable()
    take_log()
    try:
        yield from _measured(request, arrays, started, cost, cores)
    except MemoryError:
        yield {"failed": "it has no memory left"}, ()
    except (RuntimeError, ValueError, TypeError, IndexError, KeyError) as error:
        yield {"refused": f"{error}"}, ()


def _measured(
    request: Json, arrays: Sequence[Array], started: int, cost: float, cores: Sequence[int] | None
) -> Iterator[tuple[Json, Sequence[Array]]]:
    limit = request["seconds"] * 1e9
    model, inputs = arrays[0].tobytes(), arrays[1:]
    yield {"stage": "loading"}, ()
    start = time.perf_counter_ns()
    loaded = session.interpreter(model, request)
    timed = session.lay_out(loaded, request)
    init = time.perf_counter_ns() - start
    session.fill(timed, request, inputs)
    yield {"stage": "first"}, ()
    first = float(stamped(timed, 1)[0])
    yield {"stage": "runs"}, ()
    # From here on nothing but runs: what else is done leaves the caches to be filled anew.
    warmup = np.zeros(0, np.int64)
    # Where one inference takes a good part of the limit, the first has to do for a warm-up.
    if request["warmup_runs"] and time.perf_counter_ns() - started + 2.5 * first < limit:
        plan = Plan(request["warmup_runs"], _LEAST_WARMUP_NS, int(limit * _WARMUP_SHARE))
        warmup = timed_runs(timed, plan, first)
    left = limit - (time.perf_counter_ns() - started)
    most = min(limit * _RUNS_SHARE, left - first)
    expected = float(np.median(warmup)) if len(warmup) else first
    plan = Plan(request["runs"], int(request["min_seconds"] * 1e9), int(most))
    watch = Watch()
    if len(warmup):
        warmup = np.concatenate((warmup, _warm_again(timed, expected)))
    watch.start()
    runs = timed_runs(timed, plan, expected)
    head = {
        "stage": "times",
        "init_ns": init,
        "first_ns": max(first - cost, 0.0),
        "stamp_ns": cost,
        "cores": None if cores is None else list(cores),
        "most_seconds": most / 1e9,
        **watch.seen(),
    }
    yield head, (warmup, runs)


def _warm_again(timed: Invocable, expected_ns: float) -> Nanoseconds:
    """A few more runs, for what happened since the last of the warm-up. None of long ones."""
    return stamped(timed, int(_AGAIN_NS / expected_ns))


def warmed_up(request: Json) -> float:
    """What a stamp costs, found on a model of one operator.

    LiteRT and its delegate are then set up, which is done once in a process, whatever the model:
    without this the first model would pay for it, two thirds of what small ones take to load.
    """
    tiny = session.interpreter(_tiny_model(), request)
    tiny.allocate_tensors()
    return stamp_cost(tiny)


def _tiny_model() -> bytes:
    model = ModelBuilder()
    model.output(model.fully_connected(model.input((1, 4)), units=4))
    return write_model(model.build())
