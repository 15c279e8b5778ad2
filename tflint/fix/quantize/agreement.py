"""How well a quantised model does what its float original does, to choose among several.

The proof of a result is `tflint.fix.proof`'s; here a number is wanted that tells candidates apart,
also where the answer that matters is rare.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflint.fix.quantize import worker_process
from tflint.model.reader import parse_model
from tflint.model.tables import QuantizationParameters, Tensor
from tflint.model.types import QUANTIZED_RANGES

Real = NDArray[np.float32]

_DTYPES = {"INT8": np.int8, "UINT8": np.uint8, "INT16": np.int16}
_MOST_DB = 300.0


@dataclass(frozen=True, slots=True)
class Score:
    """How well a candidate does: `error` is the mean distance of its outputs, with more weight for
    rare answers than there are of them, and None where outputs are no answers;
    `agreement` the share of equal answers, `decibels` signal to noise.
    """

    error: float | None
    agreement: float | None
    decibels: float

    @property
    def value(self) -> tuple[float, float]:
        """Larger is better. The error tells more than agreement does of a hundred samples."""
        return -(self.error or 0.0), self.decibels

    @property
    def text(self) -> str:
        """For people: `98.9 % agreement, 31.2 dB`."""
        share = "" if self.agreement is None else f"{100 * self.agreement:.1f} % agreement, "
        return f"{share}{self.decibels:.1f} dB"


def real_outputs(models: Sequence[bytes], inputs: Sequence[Real]) -> list[tuple[Real, ...]]:
    """Each model's outputs as reals, for real-valued inputs of the shape (samples, ...).

    Raises what `worker_process.outputs` does.
    """
    runs = [(model, quantized_inputs(model, inputs)) for model in models]
    found = []
    for model, values in zip(models, worker_process.outputs(runs), strict=True):
        graph = parse_model(model).subgraphs[0]
        pairs = zip(values, graph.outputs, strict=True)
        found.append(tuple(real(array, graph.tensors[index]) for array, index in pairs))
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
    agreed, errors, noise, signal = [], [], 0.0, 0.0
    for before, after in zip(original, candidate, strict=True):
        answers, shares = decisions(before), decisions(after)
        apart = before.astype(np.float64) - after
        noise += float(np.square(apart).sum())
        signal += float(np.square(before.astype(np.float64)).sum())
        if answers is None or shares is None:
            continue
        agreed.append(float((answers == shares).mean()))
        distances = _distances(before, after, len(answers))
        found, counts = np.unique(answers, return_counts=True)
        means = [distances[answers == answer].mean() for answer in found]
        # By counts alone a rare answer would say nothing, without them a single sample too much.
        errors.append(float(np.average(means, weights=np.sqrt(counts))))
    decibels = _MOST_DB if noise == 0 else 10 * float(np.log10(max(signal, 1e-30) / noise))
    return Score(
        float(np.mean(errors)) if errors else None,
        float(np.mean(agreed)) if agreed else None,
        min(decibels, _MOST_DB),
    )


def _distances(before: Real, after: Real, rows: int) -> NDArray[np.float64]:
    """How far apart each row's outputs are: probabilities by Hellinger's distance, which sees how
    doubt moves wherever it is; others by the largest difference.
    """
    left = before.reshape(rows, -1).astype(np.float64)
    right = after.reshape(rows, -1).astype(np.float64)
    if np.min(left, initial=0) < 0 or np.max(left, initial=0) > 1.0001:
        worst: NDArray[np.float64] = np.abs(left - right).max(axis=1)
        return worst
    if left.shape[1] == 1:
        left, right = np.hstack((left, 1 - left)), np.hstack((right, 1 - right))
    roots = np.sqrt(np.clip(left, 0, 1)) - np.sqrt(np.clip(right, 0, 1))
    found: NDArray[np.float64] = np.sqrt(np.square(roots).sum(axis=1) / 2)
    return found


def decisions(values: Real) -> NDArray[np.int64] | None:
    """The index of the largest value along the last axis, or which side of 1/2 a single probability
    is on; None for outputs that are neither.
    """
    if values.ndim < 2 or values.shape[-1] == 1:
        if values.size == 0 or np.min(values) < 0 or np.max(values) > 1.0001:
            return None
        found: NDArray[np.int64] = (values.reshape(-1) > 0.5).astype(np.int64)
        return found
    rows = values.reshape(-1, values.shape[-1])
    return rows.argmax(axis=1).astype(np.int64) if rows.size else None


def real(values: NDArray[Any], tensor: Tensor) -> Real:
    """What a tensor's stored values stand for."""
    quantization = tensor.quantization
    if quantization is None or not quantization.scale or tensor.type.name not in _DTYPES:
        return values.astype(np.float32)
    scale, zero_point = _parameters(quantization)
    return ((values.astype(np.float64) - zero_point) * scale).astype(np.float32)


def _parameters(found: QuantizationParameters) -> tuple[float, int]:
    return found.scale[0], found.zero_point[0] if found.zero_point else 0
