"""The process that runs models on LiteRT: no delegate, one thread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tflint.execution import runs
from tflint.execution.frames import Array, Json


def answer(request: Json, arrays: Sequence[Array]) -> Iterator[tuple[Json, Sequence[Array]]]:
    """Carry out the runs of a request."""
    return runs.answer(request, arrays, _load)


class _Session:
    """The first subgraph."""

    def __init__(self, interpreter: Any, inputs: Sequence[Array]) -> None:
        self._interpreter = interpreter
        self._inputs = [detail["index"] for detail in interpreter.get_input_details()]
        details = interpreter.get_input_details()
        for detail, value in zip(details, inputs, strict=True):
            if list(detail["shape"]) != list(value.shape[1:]):
                interpreter.resize_tensor_input(detail["index"], value.shape[1:])
        interpreter.allocate_tensors()
        self._outputs = [detail["index"] for detail in interpreter.get_output_details()]

    def reset(self) -> None:
        self._interpreter.reset_all_variables()

    def invoke(self, values: Sequence[Array]) -> list[Array]:
        for index, value in zip(self._inputs, values, strict=True):
            self._interpreter.set_tensor(index, value)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index) for index in self._outputs]


class _SignatureSession:
    """A signature, whose values come and go in the order of `run["names"]`."""

    def __init__(self, interpreter: Any, run: Json) -> None:
        self._interpreter = interpreter
        self._runner = interpreter.get_signature_runner(run["signature"])
        self._names, self._outputs = run["names"], run["outputs"]

    def reset(self) -> None:
        self._interpreter.reset_all_variables()

    def invoke(self, values: Sequence[Array]) -> list[Array]:
        found = self._runner(**dict(zip(self._names, values, strict=True)))
        return [found[name] for name in self._outputs]


def _load(model: bytes, run: Json, inputs: Sequence[Array]) -> runs.Session:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    kernels = OpResolverType.BUILTIN_REF
    if not run["is_reference"]:
        kernels = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(
        model_content=model,
        num_threads=1,
        experimental_op_resolver_type=kernels,
    )
    if run["signature"] is not None:
        return _SignatureSession(interpreter, run)
    return _Session(interpreter, inputs)
