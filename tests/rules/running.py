"""Outputs of a model on the runtimes themselves: LiteRT's reference kernels, and TFLM's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.model.writer import write_model

ARENA_BYTES = 1 << 18


def on_litert(model: Model, inputs: Sequence[np.ndarray[Any, Any]]) -> list[np.ndarray[Any, Any]]:
    """What LiteRT's reference kernels make of these inputs."""
    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="needs the extra `quantize`")
    interpreter = litert.Interpreter(
        model_content=write_model(model),
        experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF,
    )
    interpreter.allocate_tensors()
    for detail, value in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(detail["index"], value)
    interpreter.invoke()
    return [
        interpreter.get_tensor(detail["index"]).copy()
        for detail in interpreter.get_output_details()
    ]


def on_tflm(model: Model, inputs: Sequence[np.ndarray[Any, Any]]) -> list[np.ndarray[Any, Any]]:
    """What TFLM makes of these inputs."""
    tflm = pytest.importorskip("tflite_micro", reason="needs the extra `tflm`")
    interpreter = tflm.runtime.Interpreter.from_bytes(write_model(model), arena_size=ARENA_BYTES)
    for index, value in enumerate(inputs):
        interpreter.set_input(value, index)
    interpreter.invoke()
    return [interpreter.get_output(i).copy() for i in range(len(model.subgraphs[0].outputs))]


def random_input(model: Model, seed: int = 0) -> list[np.ndarray[Any, Any]]:
    """Pseudo-random values for every input, over the whole range of what is quantised."""
    rng = np.random.default_rng(seed)
    graph = model.subgraphs[0]
    made = []
    for index in graph.inputs:
        tensor = graph.tensors[index]
        if tensor.type is TensorType.FLOAT32:
            made.append(rng.standard_normal(tensor.shape).astype(np.float32) * 4)
        else:
            made.append(rng.integers(-128, 128, tensor.shape).astype(np.int8))
    return made
