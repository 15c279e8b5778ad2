"""The runs that a worker is asked for, as both runtimes answer them.

A request holds a list of runs, each with the number of its model among the arrays, the numbers of
its inputs, and what `Run` says; each is answered by one frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from tflint.execution.frames import Array, Json
from tflint.execution.worker import take_log


class Session(Protocol):
    """A model that is loaded and ready."""

    def reset(self) -> None:
        """Forget what earlier samples left behind."""

    def invoke(self, values: Sequence[Array]) -> list[Array]:
        """The outputs for one sample."""


# Loads a model: its bytes, and what the request says of the run. Raises what the runtime raises.
Load = Callable[[bytes, Json, Sequence[Array]], Session]


def answer(
    request: Json, arrays: Sequence[Array], load: Load
) -> Iterator[tuple[Json, Sequence[Array]]]:
    """Carry out all runs, in order."""
    for number, run in enumerate(request["runs"]):
        take_log()
        model = arrays[run["model"]].tobytes()
        inputs = [arrays[index] for index in run["inputs"]]
        try:
            outputs = _carry_out(model, run, inputs, load)
        except MemoryError:
            yield {"run": number, "failed": "it has no memory left"}, ()
        except (RuntimeError, ValueError, TypeError, IndexError, KeyError) as error:
            yield {"run": number, "refused": f"{error}\n{take_log()}"}, ()
        else:
            yield {"run": number}, outputs


def _carry_out(model: bytes, run: Json, inputs: Sequence[Array], load: Load) -> list[Array]:
    session = load(model, run, inputs)
    found: list[list[Array]] = []
    for sample in range(run["samples"]):
        if sample and not run["keeps_state"]:
            if run["has_resources"]:
                session = load(model, run, inputs)
            else:
                session.reset()
        # A sample of an array is contiguous, as the first axis counts them.
        values = [value[sample] for value in inputs]
        found.append(session.invoke(values))
    return [_stacked(outputs) for outputs in zip(*found, strict=True)]


def _stacked(outputs: Sequence[Any]) -> Array:
    if len({output.shape for output in outputs}) > 1:
        raise ValueError("the shape of an output depends on the values of the inputs")
    return np.stack(outputs)
