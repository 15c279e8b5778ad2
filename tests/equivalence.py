"""Run a model before and after a repair on real runtimes, and compare the outputs bit by bit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from tflint.model.tables import Model
from tflint.model.writer import write_model

ARENA_BYTES = 1 << 20
RUNTIMES = ("litert", "tflm")
Arrays = list[np.ndarray[Any, Any]]


def run(data: bytes, inputs: Sequence[np.ndarray[Any, Any]], runtime: str) -> Arrays:
    """The outputs of a model for these inputs. Skips when the runtime is not installed."""
    return _run_on_tflm(data, inputs) if runtime == "tflm" else _run_on_litert(data, inputs)


def random_inputs(model: Model, seed: int) -> Arrays:
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
    left = run(write_model(before), inputs, runtime)
    right = run(write_model(after), inputs, runtime)
    assert len(left) == len(right)
    for a, b in zip(left, right, strict=True):
        assert a.dtype == b.dtype
        assert a.tobytes() == b.reshape(a.shape).tobytes()


def _run_on_litert(data: bytes, inputs: Sequence[np.ndarray[Any, Any]]) -> Arrays:
    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="needs extra `quantize`")
    interpreter = litert.Interpreter(
        model_content=data,
        experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF,
    )
    interpreter.allocate_tensors()
    for detail, value in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(detail["index"], value)
    interpreter.invoke()
    return [interpreter.get_tensor(d["index"]).copy() for d in interpreter.get_output_details()]


def _run_on_tflm(data: bytes, inputs: Sequence[np.ndarray[Any, Any]]) -> Arrays:
    tflm = pytest.importorskip("tflite_micro", reason="needs the extra `tflm`")
    interpreter = tflm.runtime.Interpreter.from_bytes(data, arena_size=ARENA_BYTES)
    for position, value in enumerate(inputs):
        interpreter.set_input(value, position)
    interpreter.invoke()
    count = len(_outputs(data))
    return [interpreter.get_output(position).copy() for position in range(count)]


def _outputs(data: bytes) -> tuple[int, ...]:
    from tflint.model.reader import parse_model

    return parse_model(data).subgraphs[0].outputs
