"""The process that runs two models in turns, see `comparison_plan`."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tflint.bench import session
from tflint.bench.comparison_plan import BLOCKS, Plan, loading_order, order, plan
from tflint.bench.cores import keep_to
from tflint.bench.stopwatch import stamped
from tflint.bench.worker import warmed_up
from tflint.execution.frames import Array, Json
from tflint.execution.worker import take_log

# Bytes that are taken before each load, so that the next pair comes to lie elsewhere.
_MOST_PADDING = 1 << 16
_KEPT_PADDINGS = 8
# How often a model runs in a trial, unless it is slow.
_TRIAL_RUNS, _SLOW_NS = 9, 10_000_000


def answer(request: Json, arrays: Sequence[Array]) -> Iterator[tuple[Json, Sequence[Array]]]:
    """A frame before each model is tried, then one for each load: the medians of its blocks,
    (rounds, 8), in the order in which they ran, initialisations and first inferences, (2,) each,
    A first. All in nanoseconds.
    """
    keep_to(request["cores"])
    pair = _Pair(request, arrays, warmed_up(request["models"][0]))
    gc.collect()
    gc.disable()
    try:
        for which in loading_order(0):
            yield {"trying": which}, ()
            pair.load(which)
            pair.try_out(which)
        planned = pair.plan()
        for load in range(planned.loads):
            pair.release()
            for which in loading_order(load):
                pair.load(which)
            head = {
                "loads": planned.loads,
                "runs": [planned.rounds * BLOCKS // 2 * runs for runs in planned.runs],
            }
            yield head, (pair.blocks(load, planned), pair.init.copy(), pair.first.copy())
            gc.collect()
    except MemoryError:
        yield {"failed": "it has no memory left", "model": pair.at}, ()
    except (RuntimeError, ValueError, TypeError, IndexError, KeyError) as error:
        yield {"refused": f"{error}\n{take_log()}", "model": pair.at}, ()


class _Pair:
    """Both models; `at` is the one that something was last done with."""

    def __init__(self, request: Json, arrays: Sequence[Array], stamp_ns: float) -> None:
        self._requests = request["models"]
        self._runs, self._seconds = request["runs"], request["seconds"]
        self._models = arrays[:2]
        split = 2 + len(self._requests[0]["tensors"])
        self._inputs = arrays[2:split], arrays[split:]
        self._stamp_ns = stamp_ns
        self._noise = random.Random(request["seed"])
        self._paddings: list[bytearray] = []
        self._interpreters: list[Any] = [None, None]
        self._timed: list[Any] = [None, None]
        self.at = 0
        self.init, self.first, self._usual = np.zeros(2), np.zeros(2), np.zeros(2)

    def release(self) -> None:
        """Give back the memory of both: each gets that of the other as often as its own."""
        self._timed, self._interpreters = [None, None], [None, None]

    def load(self, which: int) -> None:
        """Load one of them anew, and run it once."""
        self.at = which
        self._pad()
        # The interpreter reads weights where they lie: a copy for each load lies elsewhere.
        model = self._models[which].tobytes()
        self._pad()
        request = self._requests[which]
        start = time.perf_counter_ns()
        # Both are kept: what runs a signature does not keep the interpreter that it is of.
        self._interpreters[which] = session.interpreter(model, request)
        self._timed[which] = session.lay_out(self._interpreters[which], request)
        self.init[which] = time.perf_counter_ns() - start
        session.fill(self._timed[which], request, self._inputs[which])
        self.first[which] = self._run(which, 1)

    def _pad(self) -> None:
        """Take some memory, so that what comes next lies elsewhere than the last time."""
        padding = bytearray(self._noise.randrange(_MOST_PADDING))
        self._paddings = [*self._paddings[1 - _KEPT_PADDINGS :], padding]

    def try_out(self, which: int) -> None:
        """Find out about how long it takes when it is not the first time."""
        usual = self._run(which, 1)
        if usual < _SLOW_NS:
            usual = self._run(which, _TRIAL_RUNS)
        self._usual[which] = usual

    def plan(self) -> Plan:
        """What to do, by what was found out."""
        usual = float(self._usual[0]), float(self._usual[1])
        return plan(float(self.init.sum()), usual, self._runs, self._seconds)

    def blocks(self, load: int, planned: Plan) -> Array:
        """Run both in turns: the median of each block."""
        medians = np.empty((planned.rounds, BLOCKS))
        for number in range(planned.rounds):
            for block, which in enumerate(order(load)):
                self.at = which
                if planned.warm[which]:
                    stamped(self._timed[which], planned.warm[which])
                medians[number, block] = self._run(which, planned.runs[which])
        return medians

    def _run(self, which: int, runs: int) -> float:
        """The median of some runs, without what the stamps cost; never nothing."""
        median = float(np.median(stamped(self._timed[which], runs)))
        return max(median - self._stamp_ns, 1.0)
