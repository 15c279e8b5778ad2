"""The process that runs samples through a model on LiteRT, one inference each."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tflint.execution.frames import Array, Json
from tflint.execution.worker import take_log

_KERNELS = {
    "xnnpack": "AUTO",
    "builtin": "BUILTIN_WITHOUT_DEFAULT_DELEGATES",
    "reference": "BUILTIN_REF",
}


def answer(request: Json, arrays: Sequence[Array]) -> Iterator[tuple[Json, Sequence[Array]]]:
    """The output `request["output"]` of as many samples as there is time for, in order.

    `arrays` are the model and the inputs, (samples, *shape).
    """
    try:
        found = _outputs(request, arrays[0].tobytes(), arrays[1:])
    except MemoryError:
        yield {"failed": "it has no memory left"}, ()
    except (RuntimeError, ValueError, TypeError, IndexError, KeyError) as error:
        yield {"refused": f"{error}\n{take_log()}"}, ()
    else:
        yield {}, (found,)


def _outputs(request: Json, model: bytes, inputs: Sequence[Array]) -> Array:
    end = time.monotonic() + request["seconds"]
    session = _Session(model, request, inputs)
    found = []
    for sample in range(request["samples"]):
        if sample and request["has_resources"]:
            session = _Session(model, request, inputs)
        elif sample and request["has_variables"]:
            session.reset()
        found.append(session.output([values[sample] for values in inputs]))
        if time.monotonic() > end:
            break
    if len({output.shape for output in found}) > 1:
        raise ValueError("the shape of the output depends on the values of the inputs")
    return np.stack(found)


class _Session:
    """The model, loaded: the first subgraph, or a signature of another one."""

    def __init__(self, model: bytes, request: Json, inputs: Sequence[Array]) -> None:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        self._interpreter: Any = Interpreter(
            model_content=model,
            num_threads=request["threads"],
            experimental_op_resolver_type=getattr(OpResolverType, _KERNELS[request["kernels"]]),
        )
        self._runner: Any = None
        if request["signature"] is not None:
            self._runner = self._interpreter.get_signature_runner(request["signature"])
            self._names, self._key = request["names"], request["key"]
            return
        details = self._interpreter.get_input_details()
        for detail, values in zip(details, inputs, strict=True):
            if list(detail["shape"]) != list(values.shape[1:]):
                self._interpreter.resize_tensor_input(detail["index"], values.shape[1:])
        self._interpreter.allocate_tensors()
        self._inputs = [detail["index"] for detail in details]
        self._output = self._interpreter.get_output_details()[request["output"]]["index"]

    def reset(self) -> None:
        """Forget what earlier samples left in variables."""
        self._interpreter.reset_all_variables()

    def output(self, values: Sequence[Array]) -> Array:
        """The output for one sample."""
        if self._runner is not None:
            found = self._runner(**dict(zip(self._names, values, strict=True)))
            return np.asarray(found[self._key])
        for index, value in zip(self._inputs, values, strict=True):
            self._interpreter.set_tensor(index, value)
        self._interpreter.invoke()
        return np.asarray(self._interpreter.get_tensor(self._output))
