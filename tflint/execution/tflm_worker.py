"""The process that runs models on TFLM, as the PyPI wheel `tflite-micro` brings it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tflint.execution import runs
from tflint.execution.frames import Array, Json

# Only what is used of it takes memory; the wheel counts in an int.
ARENA_BYTES = 1 << 30


def answer(request: Json, arrays: Sequence[Array]) -> Iterator[tuple[Json, Sequence[Array]]]:
    """Carry out the runs of a request."""
    return runs.answer(request, arrays, _load)


class _Session:
    def __init__(self, interpreter: Any, outputs: int) -> None:
        self._interpreter = interpreter
        self._outputs = outputs

    def reset(self) -> None:
        self._interpreter.reset()

    def invoke(self, values: Sequence[Array]) -> list[Array]:
        for position, value in enumerate(values):
            self._interpreter.set_input(value, position)
        self._interpreter.invoke()
        return [self._interpreter.get_output(index).copy() for index in range(self._outputs)]


def _load(model: bytes, run: Json, inputs: Sequence[Array]) -> runs.Session:
    from tflite_micro import runtime

    if run["signature"] is not None:
        raise ValueError("TFLM runs the first subgraph only")
    interpreter = runtime.Interpreter.from_bytes(model, arena_size=ARENA_BYTES)
    return _Session(interpreter, len(run["outputs"]))
