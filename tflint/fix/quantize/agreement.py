"""How well a quantised model does what its float original does, to choose among several.

The proof of a result is `tflint.fix.proof`'s; here a number is wanted that tells candidates apart,
also where the answer that matters is rare.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tflint.errors import HostFailed
from tflint.execution.hosts import Host, Run, execute_all
from tflint.execution.process import Limits
from tflint.model.reader import parse_model
from tflint.model.tables import QuantizationParameters, Tensor
from tflint.model.types import QUANTIZED_RANGES

Real = NDArray[np.float32]
# (mean share of agreeing decisions over the answers of the original, signal to noise in dB)
Score = tuple[float, float]
_DTYPES = {"INT8": np.int8, "UINT8": np.uint8, "INT16": np.int16}
_MOST_DB = 300.0


def real_outputs(
    models: Sequence[bytes], inputs: Sequence[Real], limits: Limits
) -> list[tuple[Real, ...] | None]:
    """Each model's outputs as reals, for real-valued inputs of the shape (samples, ...).

    None for a model that LiteRT refuses. Raises `HostFailed` where it crashes.
    """
    runs = [Run(model, quantized_inputs(model, inputs)) for model in models]
    found: list[tuple[Real, ...] | None] = []
    for model, outcome in zip(models, execute_all(runs, Host.LITERT, limits), strict=True):
        if isinstance(outcome, HostFailed):
            raise outcome
        if not isinstance(outcome, tuple):
            found.append(None)
            continue
        graph = parse_model(model).subgraphs[0]
        found.append(
            tuple(
                _real(values, graph.tensors[index])
                for values, index in zip(outcome, graph.outputs, strict=True)
            )
        )
    return found


def quantized_inputs(model: bytes, inputs: Sequence[Real]) -> tuple[NDArray[np.generic], ...]:
    """Real-valued inputs as the model takes them."""
    graph = parse_model(model).subgraphs[0]
    found: list[NDArray[np.generic]] = []
    for values, index in zip(inputs, graph.inputs, strict=True):
        tensor = graph.tensors[index]
        dtype, quantization = _DTYPES.get(tensor.type.name), tensor.quantization
        if dtype is None or quantization is None or not quantization.scale:
            found.append(values)
            continue
        scale, zero_point = _parameters(quantization)
        levels = np.rint(values.astype(np.float64) / scale) + zero_point
        found.append(np.clip(levels, *QUANTIZED_RANGES[tensor.type]).astype(dtype))
    return tuple(found)


def score(original: Sequence[Real], candidate: Sequence[Real]) -> Score:
    """How well outputs agree; larger is better."""
    shares, noise, signal = [], 0.0, 0.0
    for before, after in zip(original, candidate, strict=True):
        shares.append(_balanced(_decisions(before), _decisions(after)))
        noise += float(np.square(before.astype(np.float64) - after).sum())
        signal += float(np.square(before.astype(np.float64)).sum())
    decibels = _MOST_DB if noise == 0 else 10 * float(np.log10(max(signal, 1e-30) / noise))
    return float(np.mean(shares)) if shares else 1.0, min(decibels, _MOST_DB)


def _decisions(values: Real) -> NDArray[np.int64] | None:
    """The index of the largest value, or which side of 1/2 a single probability is on."""
    if values.shape[-1:] == (1,) or values.ndim == 1:
        if values.size and (values.min() < 0 or values.max() > 1.0001):
            return None
        return (values.reshape(-1) > 0.5).astype(np.int64)
    return values.reshape(-1, values.shape[-1]).argmax(axis=1)


def _balanced(before: NDArray[np.int64] | None, after: NDArray[np.int64] | None) -> float:
    """The share of agreement for each answer of the original, averaged over its answers."""
    if before is None or after is None or len(before) == 0:
        return 1.0
    same = before == after
    return float(np.mean([same[before == answer].mean() for answer in np.unique(before)]))


def _real(values: NDArray[np.generic], tensor: Tensor) -> Real:
    quantization = tensor.quantization
    if quantization is None or not quantization.scale or tensor.type.name not in _DTYPES:
        return values.astype(np.float32)
    scale, zero_point = _parameters(quantization)
    return ((values.astype(np.float64) - zero_point) * scale).astype(np.float32)


def _parameters(found: QuantizationParameters) -> tuple[float, int]:
    return found.scale[0], found.zero_point[0] if found.zero_point else 0
