"""Products of matrices, and what is taken together over dimensions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tflint.fix.proof.tensorflow.elementwise import dtype_of
from tflint.fix.proof.tensorflow.kernel import KERNELS, Array, Call, bounded, feasible, kernel


def _product(a: Array, b: Array) -> Array:
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    shape = bounded(*batch, a.shape[-2], b.shape[-1])
    feasible(int(np.prod(shape, dtype=np.float64)) * a.shape[-1])
    return np.asarray(np.matmul(a, b))


@kernel("MatMul")
def _mat_mul(call: Call) -> Array:
    a = call[0].T if call.attribute("transpose_a", False) else call[0]
    b = call[1].T if call.attribute("transpose_b", False) else call[1]
    return _product(a, b)


@kernel("BatchMatMul", "BatchMatMulV2", "BatchMatMulV3")
def _batch_mat_mul(call: Call) -> Array:
    a = call[0].swapaxes(-1, -2) if call.attribute("adj_x", False) else call[0]
    b = call[1].swapaxes(-1, -2) if call.attribute("adj_y", False) else call[1]
    return _product(a, b)


@kernel("Einsum")
def _einsum(call: Call) -> Array:
    equation = str(call.attribute("equation"))
    terms = equation.partition("->")[0].split(",")
    sizes = {
        letter: size
        for term, array in zip(terms, call.inputs, strict=True)
        for letter, size in zip(term.strip(), array.shape, strict=True)
    }
    feasible(math.prod(sizes.values()))
    bounded(*(sizes[letter] for letter in equation.partition("->")[2].strip()))
    return np.asarray(np.einsum(equation, *call.inputs))


@kernel("Softmax")
def _softmax(call: Call) -> Array:
    powers = np.exp(call[0] - call[0].max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


@kernel("LogSoftmax")
def _log_softmax(call: Call) -> Array:
    shifted = call[0] - call[0].max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


@kernel("ArgMax", "ArgMin")
def _arg(call: Call) -> Array:
    function = np.argmax if call.name == "ArgMax" else np.argmin
    return np.asarray(function(call[0], axis=call.axis(1))).astype(
        dtype_of(call, "output_type", "int64")
    )


@kernel("TopKV2")
def _top_k(call: Call) -> list[Array]:
    order = np.argsort(-call[0], axis=-1, kind="stable")[..., : call.axis(1)]
    return [np.take_along_axis(call[0], order, axis=-1), order.astype(np.int32)]


@kernel("Cumsum")
def _cumsum(call: Call) -> Array:
    x, axis = call[0], call.axis(1)
    if call.attribute("reverse", False):
        x = np.flip(x, axis)
    total = np.cumsum(x, axis=axis, dtype=x.dtype)
    if call.attribute("exclusive", False):
        total = total - x
    return np.flip(total, axis) if call.attribute("reverse", False) else total


def _enter(name: str, function: Any) -> None:
    def run(call: Call) -> Array:
        found = function(
            call[0], axis=call.numbers(1), keepdims=bool(call.attribute("keep_dims", False))
        )
        return np.asarray(found, dtype=call[0].dtype)

    KERNELS[name] = run


for _name, _function in {
    "All": np.all,
    "Any": np.any,
    "Max": np.max,
    "Mean": np.mean,
    "Min": np.min,
    "Prod": np.prod,
    "Sum": np.sum,
}.items():
    _enter(_name, _function)
