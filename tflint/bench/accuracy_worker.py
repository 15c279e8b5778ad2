"""The process that runs samples through a model on LiteRT, one inference each."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tflint.bench import session
from tflint.execution.frames import Array, Json
from tflint.execution.worker import take_log

# Outputs that are handed back at once, in bytes.
_MOST_BYTES = 64 << 20
_TELL_SECONDS = 0.5


def answer(request: Json, arrays: Sequence[Array]) -> Iterator[tuple[Json, Sequence[Array]]]:
    """The values of the tensor `output` for as many inferences as there is time for (one at least)
    and as may be handed back at once, in order; before that now and then how many are done.

    `arrays` are the model and the inputs, (inferences, *shape). The request has what
    `tflint.bench.session` reads.
    """
    take_log()
    found: list[Array] = []
    try:
        for done in _fill(found, request, arrays[0].tobytes(), arrays[1:]):
            yield {"done": done}, ()
        outputs = np.stack(found)
    except MemoryError:
        yield {"failed": "it has no memory left"}, ()
    except (RuntimeError, ValueError, TypeError, IndexError, KeyError) as error:
        yield {"refused": f"{error}\n{take_log()}"}, ()
    else:
        yield {}, (outputs,)


def _fill(
    found: list[Array], request: Json, model: bytes, inputs: Sequence[Array]
) -> Iterator[int]:
    """Add the outputs, and tell at times how many there are."""
    start = told = time.monotonic()
    loaded, ready = _load(model, request)
    for place in range(len(inputs[0])):
        if place and request["has_resources"]:
            loaded, ready = _load(model, request)
        elif place and request["has_variables"]:
            loaded.reset_all_variables()
        session.fill(ready, request, [values[place] for values in inputs])
        ready.invoke()
        found.append(ready.get_tensor(request["output"]))
        if found[-1].shape != found[0].shape:
            raise ValueError("the shape of the output depends on the values of the inputs")
        now = time.monotonic()
        if now - start > request["seconds"] or len(found) * found[0].nbytes >= _MOST_BYTES:
            break
        if now - told > _TELL_SECONDS:
            told = now
            yield len(found)


def _load(model: bytes, request: Json) -> tuple[Any, Any]:
    """The interpreter, and what of it is invoked."""
    loaded = session.interpreter(model, request)
    return loaded, session.lay_out(loaded, request)
