"""Convolutions, pools, resizing: what knows of height, width and channels.

Source: tensorflow/core/api_def/base_api, `GetWindowedOutputSize` in
tensorflow/core/framework/kernel_shape_util.cc, tensorflow/core/util/image_resizer_state.h.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tflint.errors import ModelRefused
from tflint.fix.proof.tensorflow.kernel import Array, Call, bounded, feasible, kernel

Pairs = list[tuple[int, int]]


def _layout(call: Call) -> str:
    layout = str(call.attribute("data_format", "NHWC"))
    if layout not in ("NHWC", "NCHW"):
        raise ModelRefused(f"TensorFlow's {call.name} in another layout than NHWC and NCHW")
    return layout


def _in(call: Call, x: Array) -> Array:
    """A map with its channels last."""
    return x.transpose(0, 2, 3, 1) if _layout(call) == "NCHW" else x


def _out(call: Call, y: Array) -> Array:
    """A map in the operator's own layout."""
    return y.transpose(0, 3, 1, 2) if _layout(call) == "NCHW" else y


def _sides(call: Call, numbers: tuple[int, ...]) -> tuple[int, int]:
    at = _layout(call).index("H")
    return numbers[at], numbers[at + 1]


def _edges(
    call: Call, sizes: tuple[int, int], kernel: tuple[int, int], strides: tuple[int, int]
) -> Pairs:
    """What is added before and behind height and width; `kernel` counts dilation in."""
    padding = call.attribute("padding")
    if padding == "VALID":
        return [(0, 0), (0, 0)]
    if padding == "EXPLICIT":
        at = 2 * _layout(call).index("H")
        a, b, c, d = call.attribute("explicit_paddings")[at : at + 4]
        return [(a, b), (c, d)]
    found = []
    for size, reach, stride in zip(sizes, kernel, strides, strict=True):
        total = max((math.ceil(size / stride) - 1) * stride + reach - size, 0)
        found.append((total // 2, total - total // 2))
    return found


def _windows(
    x: Array,
    kernel: tuple[int, int],
    strides: tuple[int, int],
    dilations: tuple[int, int],
    edges: Pairs,
    fill: float,
) -> Array:
    """(batch, height, width, channels, kernel height, kernel width) of a padded map."""
    bounded(x.shape[0], x.shape[1] + sum(edges[0]), x.shape[2] + sum(edges[1]), x.shape[3])
    x = np.pad(x, [(0, 0), *edges, (0, 0)], constant_values=fill)
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    views = sliding_window_view(x, reach, axis=(1, 2))
    found: Array = views[:, :: strides[0], :: strides[1], :, :: dilations[0], :: dilations[1]]
    feasible(found.size)
    return found


def _convolution_windows(call: Call) -> Array:
    x = _in(call, call[0])
    strides = _sides(call, call.attribute("strides"))
    dilations = _sides(call, call.attribute("dilations", (1, 1, 1, 1)))
    height, width = call[1].shape[:2]
    reach = ((height - 1) * dilations[0] + 1, (width - 1) * dilations[1] + 1)
    edges = _edges(call, x.shape[1:3], reach, strides)
    return _windows(x, (height, width), strides, dilations, edges, 0.0)


@kernel("Conv2D")
def _conv2d(call: Call) -> Array:
    windows, weights = _convolution_windows(call), call[1]
    depth, filters = weights.shape[2:]
    groups = windows.shape[3] // depth
    feasible(windows.size * filters // groups)
    bounded(*windows.shape[:3], filters)
    each = filters // groups
    parts = [
        np.tensordot(
            windows[:, :, :, g * depth : (g + 1) * depth],
            weights[..., g * each : (g + 1) * each],
            axes=([3, 4, 5], [2, 0, 1]),
        )
        for g in range(groups)
    ]
    return _out(call, np.concatenate(parts, axis=3))


@kernel("DepthwiseConv2dNative")
def _depthwise(call: Call) -> Array:
    windows, weights = _convolution_windows(call), call[1]
    depth, multiplier = weights.shape[2:]
    feasible(windows.size * multiplier)
    bounded(*windows.shape[:3], depth * multiplier)
    y = np.einsum("nhwckl,klcm->nhwcm", windows, weights)
    return _out(call, np.asarray(y).reshape(*y.shape[:3], depth * multiplier))


@kernel("Conv2DBackpropInput")
def _conv2d_backprop(call: Call) -> Array:
    """The gradient of a convolution: each input element times the filter, laid over the output."""
    x, weights = _in(call, call[2]), call[1]
    strides = _sides(call, call.attribute("strides"))
    height, width = _sides(call, call.numbers(0))
    edges = _edges(call, (height, width), weights.shape[:2], strides)
    (top, bottom), (left, right) = edges
    shape = bounded(x.shape[0], height + top + bottom, width + left + right, weights.shape[2])
    feasible(x.size * weights[..., 0].size)
    y = np.zeros(shape, np.float32)
    for i in range(weights.shape[0]):
        for j in range(weights.shape[1]):
            rows = slice(i, i + (x.shape[1] - 1) * strides[0] + 1, strides[0])
            columns = slice(j, j + (x.shape[2] - 1) * strides[1] + 1, strides[1])
            y[:, rows, columns] += np.tensordot(x, weights[i, j], axes=([3], [1]))
    return _out(call, y[:, top : top + height, left : left + width])


@kernel("MaxPool", "MaxPoolV2", "AvgPool")
def _pool(call: Call) -> Array:
    x = _in(call, call[0])
    if call.name == "MaxPoolV2":
        kernel, strides = _sides(call, call.numbers(1)), _sides(call, call.numbers(2))
    else:
        kernel = _sides(call, call.attribute("ksize"))
        strides = _sides(call, call.attribute("strides"))
    edges = _edges(call, x.shape[1:3], kernel, strides)
    if call.name != "AvgPool":
        windows = _windows(x, kernel, strides, (1, 1), edges, -np.inf)
        return _out(call, windows.max(axis=(4, 5)))
    total = _windows(x, kernel, strides, (1, 1), edges, 0.0).sum(axis=(4, 5))
    ones = np.ones((1, *x.shape[1:3], 1), np.float32)
    return _out(call, total / _windows(ones, kernel, strides, (1, 1), edges, 0.0).sum(axis=(4, 5)))


@kernel("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
def _batch_norm(call: Call) -> list[Array]:
    if call.attribute("is_training", True):
        raise ModelRefused(f"TensorFlow's {call.name} takes its statistics from the batch")
    x, scale, offset, mean, variance = call.inputs
    y = (_in(call, x) - mean) / np.sqrt(variance + np.float32(call.attribute("epsilon", 1e-4)))
    return [_out(call, y * scale + offset), mean, variance, mean, variance, mean[:0]]


@kernel("ResizeBilinear", "ResizeNearestNeighbor")
def _resize(call: Call) -> Array:
    x = call[0]
    bounded(x.shape[0], *call.numbers(1), x.shape[3])
    for axis, size in zip((1, 2), call.numbers(1), strict=True):
        x = _along(call, x, axis, size)
    return x


def _along(call: Call, x: Array, axis: int, size: int) -> Array:
    """A map resized in one dimension; both methods work on each by itself."""
    old = x.shape[axis]
    corners = call.attribute("align_corners", False)
    centers = call.attribute("half_pixel_centers", False)
    scale = np.float32((old - 1) / (size - 1) if corners and size > 1 else old / size)
    place = np.arange(size, dtype=np.float32)
    if call.name == "ResizeNearestNeighbor":
        at = (place + np.float32(0.5)) * scale if centers else place * scale
        at = np.floor(at + np.float32(0.5)) if corners else np.floor(at)
        return np.asarray(x.take(np.clip(at, 0, old - 1).astype(int), axis=axis))
    at = (place + np.float32(0.5)) * scale - np.float32(0.5) if centers else place * scale
    low = np.clip(np.floor(at), 0, old - 1).astype(int)
    high = np.clip(np.ceil(at), 0, old - 1).astype(int)
    weight = (at - np.floor(at)).reshape([-1 if i == axis else 1 for i in range(4)])
    left, right = x.take(low, axis=axis), x.take(high, axis=axis)
    return np.asarray(left + (right - left) * weight, np.float32)


@kernel("SpaceToDepth")
def _space_to_depth(call: Call) -> Array:
    x, b = _in(call, call[0]), call.attribute("block_size")
    n, h, w, c = x.shape
    split = x.reshape(n, h // b, b, w // b, b, c).transpose(0, 1, 3, 2, 4, 5)
    return _out(call, split.reshape(n, h // b, w // b, b * b * c))


@kernel("DepthToSpace")
def _depth_to_space(call: Call) -> Array:
    x, b = _in(call, call[0]), call.attribute("block_size")
    n, h, w, c = x.shape
    split = x.reshape(n, h, w, b, b, c // (b * b)).transpose(0, 1, 3, 2, 4, 5)
    return _out(call, split.reshape(n, h * b, w * b, c // (b * b)))


@kernel("LRN")
def _lrn(call: Call) -> Array:
    x, radius = call[0], call.attribute("depth_radius", 5)
    radius = min(radius, x.shape[3])
    padded = np.pad(np.square(x), [(0, 0)] * 3 + [(radius, radius)])
    sums = sliding_window_view(padded, 2 * radius + 1, axis=3).sum(axis=-1)
    scale = call.attribute("bias", 1.0) + call.attribute("alpha", 1.0) * sums
    return np.asarray(x / scale ** call.attribute("beta", 0.5), np.float32)
