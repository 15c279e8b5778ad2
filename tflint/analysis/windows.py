"""How convolutions and pools step over a map: kernel, stride and padding along each axis."""

from __future__ import annotations

from dataclasses import dataclass

from tflint.model.graph import Node
from tflint.model.schema import (
    Conv2DOptions,
    DepthwiseConv2DOptions,
    Padding,
    Pool2DOptions,
)

_PADDINGS = frozenset((Padding.SAME, Padding.VALID))


@dataclass(frozen=True, slots=True)
class Window:
    """A kernel's steps along one axis. Sizes in positions of the map; `before` is padding.

    Output `i` reads the input positions `i * stride - before + tap * dilation`, those of
    them that exist, for each tap below `kernel`.
    """

    inputs: int
    outputs: int
    kernel: int
    stride: int
    dilation: int
    before: int

    @property
    def reach(self) -> int:
        """Positions from the first to the last tap."""
        return (self.kernel - 1) * self.dilation + 1

    @property
    def is_padded(self) -> bool:
        """Whether any output reads a position that does not exist."""
        last = (self.outputs - 1) * self.stride - self.before + self.reach
        return self.before > 0 or last > self.inputs


def window(
    inputs: int, kernel: int, stride: int, padding: Padding, dilation: int = 1
) -> Window | None:
    """The window that a kernel with this padding makes, or None where there is none.

    Source: `ComputeOutSize` and `ComputePaddingWithOffset` in tensorflow/lite/kernels/padding.h.
    """
    if min(inputs, kernel, stride, dilation) < 1 or padding not in _PADDINGS:
        return None
    reach = (kernel - 1) * dilation + 1
    if padding is Padding.SAME:
        outputs = -(-inputs // stride)
        before = max((outputs - 1) * stride + reach - inputs, 0) // 2
    else:
        outputs, before = (inputs - reach) // stride + 1, 0
    return Window(inputs, outputs, kernel, stride, dilation, before) if outputs > 0 else None


def windows(node: Node) -> tuple[Window, Window] | None:
    """The windows over height and width of a pool or a convolution of (N, H, W, C) maps.

    None for other operators, and where the file's shapes are not those that the kernel makes.
    """
    options, x = node.options, node.input(0)
    if x is None or not node.outputs or len(x.shape) != 4 or len(node.outputs[0].shape) != 4:
        return None
    dilation = (1, 1)
    if isinstance(options, Pool2DOptions):
        kernel = (options.filter_height, options.filter_width)
    elif isinstance(options, Conv2DOptions | DepthwiseConv2DOptions):
        weights = node.input(1)
        if weights is None or len(weights.shape) != 4:
            return None
        kernel = (weights.shape[1], weights.shape[2])
        dilation = (options.dilation_h_factor, options.dilation_w_factor)
    else:
        return None
    rows = window(x.shape[1], kernel[0], options.stride_h, options.padding, dilation[0])
    columns = window(x.shape[2], kernel[1], options.stride_w, options.padding, dilation[1])
    made = node.outputs[0].shape[1:3]
    if rows is None or columns is None or (rows.outputs, columns.outputs) != made:
        return None
    return rows, columns
