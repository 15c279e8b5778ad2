"""The process that runs two models in turns, see `comparison_plan`."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tflint.bench import session
from tflint.bench.comparison_plan import Plan, loading_order, order, plan
from tflint.bench.stopwatch import stamped
from tflint.execution.frames import Array, Json

# Loads before the ones that count: what they find out is how long things take.
_TRIALS = 2
# Bytes that are taken between loads, so that the next pair comes to lie elsewhere.
_MOST_PADDING = 1 << 16


def answer(request: Json, arrays: Sequence[Array]) -> Iterator[tuple[Json, Sequence[Array]]]:
    """A frame with what is being tried, then one for each load: the medians of its blocks,
    (rounds, 4), in the order in which they ran; initialisations and first inferences, (2,) each,
    A first. All in nanoseconds.
    """
    models = [array.tobytes() for array in arrays[:2]]
    split = 2 + request["inputs"]
    inputs = arrays[2:split], arrays[split:]
    noise = random.Random(request["seed"])
    padding: list[bytearray] = []
    pair: list[Any] = [None, None]
    init, first, usual = (np.zeros(2, np.int64) for _ in range(3))
    todo = plan(1.0, (1.0, 1.0), 0, request["seconds"])
    load = -_TRIALS
    while load < todo.loads:
        for which in loading_order(load):
            if load < 0:
                yield {"trying": which}, ()
            pair[which] = None
            padding = [*padding[-3:], bytearray(noise.randrange(_MOST_PADDING))]
            try:
                init[which], pair[which] = _loaded(models[which], inputs[which], request)
                first[which] = stamped(pair[which], 1)[0]
                if load < 0:
                    usual[which] = _usual(pair[which])
            except (RuntimeError, ValueError, TypeError) as error:
                yield {"refused": str(error), "model": which}, ()
                return
        if load >= 0:
            yield _head(todo), (_blocks(pair, load, todo), init, first)
        elif load == -1:
            total = float(init.sum())
            todo = plan(
                total, (float(usual[0]), float(usual[1])), request["runs"], request["seconds"]
            )
        load += 1


def _head(todo: Plan) -> Json:
    return {"loads": todo.loads, "runs": [todo.rounds * 2 * runs for runs in todo.runs]}


def _loaded(model: bytes, inputs: Sequence[Array], request: Json) -> tuple[int, Any]:
    start = time.perf_counter_ns()
    interpreter = session.interpreter(model, request)
    interpreter.allocate_tensors()
    init = time.perf_counter_ns() - start
    for detail, value in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(detail["index"], value[0])
    return init, interpreter


def _usual(timed: Any) -> int:
    """About how long an inference takes when it is not the first."""
    found = stamped(timed, 1)
    if found[0] < 10_000_000:
        found = stamped(timed, 9)
    return int(np.median(found))


def _blocks(pair: Sequence[Any], load: int, todo: Plan) -> Array:
    medians = np.empty((todo.rounds, 4))
    gc.collect()
    gc.disable()
    for number in range(todo.rounds):
        for block, which in enumerate(order(load, number)):
            timed = pair[which]
            if todo.warm[which]:
                stamped(timed, todo.warm[which])
            medians[number, block] = np.median(stamped(timed, todo.runs[which]))
    gc.enable()
    return medians
