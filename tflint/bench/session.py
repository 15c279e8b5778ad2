"""A model that LiteRT has loaded, in a worker: the same for all that is measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tflint.execution.frames import Array, Json

_KERNELS = {
    "xnnpack": "AUTO",
    "builtin": "BUILTIN_WITHOUT_DEFAULT_DELEGATES",
    "reference": "BUILTIN_REF",
}


class SignatureCall:
    """A subgraph other than the first, invoked as `Interpreter.invoke` does the first.

    LiteRT's own signature runner lays out all tensors anew and copies all outputs each time: on
    small models that takes a multiple of the inference. So what it calls is called directly.
    """

    def __init__(self, loaded: Any, subgraph: int) -> None:
        self._native = loaded._interpreter
        self._subgraph = subgraph

    def resize_tensor_input(self, tensor: int, shape: Sequence[int]) -> None:
        """Give an input another shape."""
        self._native.ResizeInputTensor(tensor, np.array(shape, np.int32), False, self._subgraph)

    def allocate_tensors(self) -> None:
        """Lay out the tensors."""
        self._native.AllocateTensors(self._subgraph)

    def set_tensor(self, tensor: int, value: Array) -> None:
        """Fill an input."""
        self._native.SetTensor(tensor, value, self._subgraph)

    def invoke(self) -> None:
        """Run once."""
        self._native.Invoke(self._subgraph)

    def get_tensor(self, tensor: int) -> Array:
        """A copy of an output."""
        found: Array = self._native.GetTensor(tensor, self._subgraph)
        return found


def interpreter(model: bytes, request: Json, **options: Any) -> Any:
    """LiteRT's interpreter for a model, tensors not laid out. `request` has its `threads` and
    `kernels`; `options` are further ones of its constructor.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    return Interpreter(
        model_content=model,
        num_threads=request["threads"],
        experimental_op_resolver_type=getattr(OpResolverType, _KERNELS[request["kernels"]]),
        **options,
    )


def lay_out(loaded: Any, request: Json) -> Any:
    """Lay out the tensors of what is to be run, and what then runs it with `invoke`.

    `request` has the `subgraph`, and the inputs that take another shape than the file has, in
    `resized`: pairs of tensor and shape.
    """
    timed = loaded
    if request["subgraph"]:
        # Delegates are given all subgraphs when the first is laid out, not before; and that is
        # refused as soon as anything else refers to what `SignatureCall` calls.
        loaded.allocate_tensors()
        timed = SignatureCall(loaded, request["subgraph"])
    for tensor, shape in request["resized"]:
        timed.resize_tensor_input(tensor, shape)
    timed.allocate_tensors()
    return timed


def fill(timed: Any, request: Json, inputs: Sequence[Array]) -> None:
    """Give the inputs, `tensors` of the request, their values; runs do not change them."""
    for tensor, value in zip(request["tensors"], inputs, strict=True):
        timed.set_tensor(tensor, value)
