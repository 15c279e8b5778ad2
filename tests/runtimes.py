"""Outputs of models on the runtimes themselves: LiteRT's reference kernels, and TFLM's.

TFLM runs in this process: what may take that down goes through `tests.tflm_worker`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from tflint.model.reader import parse_model
from tflint.model.tables import Model
from tflint.model.writer import write_model

ARENA_BYTES = 1 << 20
RUNTIMES = ("litert", "tflm")
Array = np.ndarray[Any, Any]


def run(model: Model | bytes, inputs: Sequence[Array], runtime: str) -> list[Array]:
    """The outputs of a model for these inputs; skips when the runtime is not installed.

    Raises what the runtime raises for a model that it refuses: `RuntimeError`, mostly.
    """
    data = write_model(model) if isinstance(model, Model) else model
    return _run_on_tflm(data, inputs) if runtime == "tflm" else _run_on_litert(data, inputs)


def random_inputs(model: Model, seed: int = 0) -> list[Array]:
    """Random values for the inputs of the first subgraph: reals around zero, whole ranges."""
    rng = np.random.default_rng(seed)
    graph = model.subgraphs[0]
    found = []
    for index in graph.inputs:
        tensor = graph.tensors[index]
        shape, name = tensor.shape, tensor.type.name.lower()
        if name == "float32":
            found.append((rng.standard_normal(shape) * 4).astype(np.float32))
        else:
            bounds = np.iinfo(name)
            found.append(rng.integers(bounds.min, bounds.max + 1, shape).astype(name))
    return found


def assert_bit_equal(before: Model, after: Model, runtime: str, seed: int = 0) -> None:
    """Both models give the same bytes for the same random inputs."""
    inputs = random_inputs(before, seed)
    left, right = run(before, inputs, runtime), run(after, inputs, runtime)
    assert len(left) == len(right)
    for a, b in zip(left, right, strict=True):
        assert a.dtype == b.dtype
        assert a.tobytes() == b.reshape(a.shape).tobytes()


def _run_on_litert(data: bytes, inputs: Sequence[Array]) -> list[Array]:
    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="needs the extra `quantize`")
    interpreter = litert.Interpreter(
        model_content=data,
        experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF,
    )
    interpreter.allocate_tensors()
    for detail, value in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(detail["index"], value)
    interpreter.invoke()
    return [interpreter.get_tensor(d["index"]).copy() for d in interpreter.get_output_details()]


def _run_on_tflm(data: bytes, inputs: Sequence[Array]) -> list[Array]:
    tflm = pytest.importorskip("tflite_micro", reason="needs the extra `tflm`")
    interpreter = tflm.runtime.Interpreter.from_bytes(data, arena_size=ARENA_BYTES)
    for position, value in enumerate(inputs):
        interpreter.set_input(value, position)
    interpreter.invoke()
    count = len(parse_model(data).subgraphs[0].outputs)
    return [interpreter.get_output(position).copy() for position in range(count)]
