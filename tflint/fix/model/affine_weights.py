"""The numbers of a linear layer that takes over an affine run: weights, bias and their scales.

Everything is computed in float64 and rounded once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflint.analysis.affine import Affine
from tflint.analysis.affine_folding import INPUT_CHANNELS, Fold
from tflint.analysis.fusion import LINEAR
from tflint.analysis.stored_constants import stored
from tflint.model.graph import Value
from tflint.model.schema import TensorType
from tflint.model.tables import QuantizationParameters

Reals = NDArray[np.float64]
Numbers = NDArray[Any]
_DTYPES = {
    TensorType.FLOAT32: "<f4",
    TensorType.FLOAT16: "<f2",
    TensorType.INT8: "<i1",
    TensorType.UINT8: "<u1",
    TensorType.INT16: "<i2",
    TensorType.INT32: "<i4",
    TensorType.INT64: "<i8",
}
# Of 64 bits of a bias the kernels use fewer, and float64 holds 53.
_LIMITS = {TensorType.INT8: 128, TensorType.INT32: 2**31 - 1, TensorType.INT64: 2**47}


@dataclass(frozen=True, slots=True)
class LayerNumbers:
    """What a layer's weights and bias come to, in the types they are stored in.

    `weights_scales` are new scales of integer weights, `bias_scales` those of an integer bias.
    Without a bias there is nothing to add.
    """

    weights: bytes
    bias: bytes | None
    bias_type: TensorType
    weights_scales: tuple[float, ...] | None = None
    bias_scales: tuple[float, ...] | None = None


def folded(fold: Fold) -> LayerNumbers | None:
    """The numbers of the layer with the run in them; None where they leave their types' ranges."""
    with np.errstate(all="ignore"):
        return _folded(fold)


def coefficients(run: Affine) -> tuple[Reals, Reals]:
    """Factor and summand of a run: one number, or one for each channel."""
    factor, summand = np.ones(1), np.zeros(1)
    for node, constant in zip(run.nodes, run.constants, strict=True):
        c = _reals(constant).reshape(-1)
        if node.name == "MUL":
            factor, summand = factor * c, summand * c
        elif node.name == "DIV":
            factor, summand = factor / c, summand / c
        elif node.name == "ADD":
            summand = summand + c
        elif node.inputs[0] is constant:
            factor, summand = -factor, c - summand
        else:
            summand = summand - c
    return factor, summand


def _folded(fold: Fold) -> LayerNumbers | None:
    run, layer = fold.run, fold.layer
    at_weights, at_bias, axis = LINEAR[layer.name]
    weights, bias = stored(layer.input(at_weights)), stored(layer.input(at_bias))
    assert weights is not None
    factor, summand = coefficients(run)
    is_float = weights.type in (TensorType.FLOAT32, TensorType.FLOAT16)
    w = _numbers(weights).astype(np.float64)
    count = w.shape[axis]
    # The others have a place for each output channel.
    along = tuple(-1 if d == axis else 1 for d in range(w.ndim))
    scales = np.ones(1) if is_float else np.asarray(_quantization(weights).scale, np.float64)
    before = _input_scale(fold, is_after=False) * scales
    b = np.zeros(count)
    if bias is not None:
        b = _numbers(bias).reshape(-1).astype(np.float64)
        if bias.type not in (TensorType.FLOAT32, TensorType.FLOAT16):
            b = b * before
    if fold.is_behind:
        by, b = factor, b * factor + summand
        w, by = (w * by.reshape(along), by) if is_float else (w, by)
    else:
        each, added = _by_input(fold, factor, w.shape), _by_input(fold, summand, w.shape)
        rest = tuple(d for d in range(w.ndim) if d != axis)
        shifts = w * scales.reshape(along) * added
        if is_float:
            w = _rounded(w * each, weights.type)
            # The summand goes through the weights as they are rounded, so that what rounding
            # costs depends on what they read before, not on how far that was shifted.
            shifts = np.where(np.isfinite(added / each), w * (added / each), shifts)
        b = b + shifts.sum(axis=rest)
        by = factor if factor.size == 1 else each.reshape(-1)
    b = np.broadcast_to(b, (count,))
    needs_bias = bias is not None or bool(b.any())
    if is_float:
        return _as_floats(w, b if needs_bias else None, weights)
    if np.any(w[np.broadcast_to(by.reshape(along) < 0, w.shape)] == -128):
        return None
    w = w * np.sign(by).reshape(along)
    size = np.abs(by)
    scales = _rounded(np.where(size > 0, size, 1) * scales, TensorType.FLOAT32)
    if not (np.isfinite(scales).all() and (scales > 0).all()):
        return None
    type = TensorType.FLOAT32
    steps: Reals | None = None
    if run.input.type is not TensorType.FLOAT32:
        steps = _rounded(_input_scale(fold, is_after=True) * scales, TensorType.FLOAT32)
        wide = run.input.type is TensorType.INT16
        type = bias.type if bias else TensorType.INT64 if wide else TensorType.INT32
    return _as_integers(w, b if needs_bias else None, scales, steps, type)


def _as_floats(w: Reals, b: Reals | None, weights: Value) -> LayerNumbers | None:
    stored_w = _stored(w, weights.type)
    stored_b = None if b is None else _stored(b, TensorType.FLOAT32)
    if stored_w is None or (stored_b is None) is not (b is None):
        return None
    return LayerNumbers(stored_w, stored_b, TensorType.FLOAT32)


def _as_integers(
    w: Reals, b: Reals | None, scales: Reals, steps: Reals | None, type: TensorType
) -> LayerNumbers | None:
    stored_w = _stored(w, TensorType.INT8)
    stored_b = None if b is None else _stored(b if steps is None else np.rint(b / steps), type)
    if stored_w is None or (stored_b is None) is not (b is None):
        return None
    return LayerNumbers(
        stored_w,
        stored_b,
        type,
        tuple(scales.tolist()),
        None if steps is None else tuple(steps.tolist()),
    )


def _stored(numbers: Reals, type: TensorType) -> bytes | None:
    """Numbers as they are stored; None where they do not fit."""
    if type in _LIMITS:
        fits = np.abs(numbers) <= _LIMITS[type]
        return numbers.astype(_DTYPES[type]).tobytes() if fits.all() else None
    found = numbers.astype(_DTYPES[type])
    return found.tobytes() if np.isfinite(found).all() else None


def _by_input(fold: Fold, values: Reals, shape: tuple[int, ...]) -> Reals:
    """Numbers of the input's channels, laid along the weights' dimension that meets them."""
    if values.size == 1:
        return values.reshape((1,) * len(shape))
    at = INPUT_CHANNELS[fold.layer.name]
    times = shape[at] // values.size
    depthwise = fold.layer.name == "DEPTHWISE_CONV_2D"
    long = np.repeat(values, times) if depthwise else np.tile(values, times)
    return long.reshape(tuple(-1 if d == at else 1 for d in range(len(shape))))


def _input_scale(fold: Fold, *, is_after: bool) -> float:
    """The scale of the layer's input, before or after the run in front of it is gone."""
    value = fold.run.input
    if fold.is_behind:
        found = fold.layer.input(2 if fold.layer.name == "TRANSPOSE_CONV" else 0)
        value = value if found is None else found
    elif not is_after:
        value = fold.run.output
    found_scale = value.quantization
    return found_scale.scale[0] if found_scale else 1.0


def _quantization(value: Value) -> QuantizationParameters:
    found = value.quantization
    assert found is not None
    return found


def _numbers(constant: Value) -> Numbers:
    assert constant.data is not None
    return np.frombuffer(constant.data, _DTYPES[constant.type]).reshape(constant.shape)


def _reals(constant: Value) -> Reals:
    """What a constant of a run stands for."""
    behind = stored(constant)
    assert behind is not None
    numbers = _numbers(behind).astype(np.float64)
    if behind.type in (TensorType.FLOAT32, TensorType.FLOAT16):
        return numbers
    found = _quantization(behind)
    return (numbers - (found.zero_point or (0,))[0]) * found.scale[0]


def _rounded(values: Reals, type: TensorType) -> Reals:
    return values.astype(_DTYPES[type]).astype(np.float64)
