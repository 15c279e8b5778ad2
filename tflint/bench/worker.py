"""The process that measures on LiteRT."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tflint.execution.frames import Array, Json

_KERNELS = {
    "xnnpack": "AUTO",
    "builtin": "BUILTIN_WITHOUT_DEFAULT_DELEGATES",
    "reference": "BUILTIN_REF",
}


def answer(request: Json, arrays: Sequence[Array]) -> Iterator[tuple[Json, Sequence[Array]]]:
    """Time the model: its initialisation, its first inference, the warm-up, the runs."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    model, inputs = arrays[0].tobytes(), arrays[1:]
    try:
        start = time.perf_counter_ns()
        interpreter: Any = Interpreter(
            model_content=model,
            num_threads=request["threads"],
            experimental_op_resolver_type=getattr(OpResolverType, _KERNELS[request["kernels"]]),
        )
        interpreter.allocate_tensors()
        init = time.perf_counter_ns() - start
        for detail, value in zip(interpreter.get_input_details(), inputs, strict=True):
            interpreter.set_tensor(detail["index"], value[0])
        first = _times(interpreter.invoke, 1)
        warmup = _times(interpreter.invoke, request["warmup_runs"])
        runs = _times(interpreter.invoke, request["runs"])
    except (RuntimeError, ValueError, TypeError) as error:
        yield {"refused": str(error)}, ()
        return
    yield {"init_ns": init, "first_ns": int(first[0])}, (warmup, runs)


def _times(invoke: Any, runs: int) -> Array:
    """Nanoseconds of each run."""
    stamps = np.empty(runs + 1, np.int64)
    clock = time.perf_counter_ns
    stamps[0] = clock()
    for i in range(1, runs + 1):
        invoke()
        stamps[i] = clock()
    return np.diff(stamps)
