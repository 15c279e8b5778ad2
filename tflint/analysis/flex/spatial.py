"""Convolutions, pools, and what else knows of height, width and channels.

Source of the attributes: tensorflow/core/ops/nn_ops.cc and image_ops.cc; of the layouts that the
builtins take: tensorflow/lite/kernels/{conv,depthwise_conv,pooling,transpose_conv}.cc.
"""

from __future__ import annotations

import math
import struct

from tflint.analysis.flex.plan import (
    FLOAT32,
    INT32,
    ChannelsLast,
    ChannelsLastOutput,
    Constant,
    Given,
    Operand,
    Plan,
    Rearranged,
    Result,
    Shape,
    Steps,
    TensorFlowOperator,
    constant,
    require,
    scalar,
    zeros,
)
from tflint.model.record import Record
from tflint.model.schema import (
    AddOptions,
    Conv2DOptions,
    DepthToSpaceOptions,
    DepthwiseConv2DOptions,
    MulOptions,
    Padding,
    PadOptions,
    PadV2Options,
    Pool2DOptions,
    ResizeBilinearOptions,
    ResizeNearestNeighborOptions,
    SpaceToDepthOptions,
    TransposeConvOptions,
)

_LOWEST = struct.unpack("<f", b"\xff\xff\x7f\xff")[0]


class _Map:
    """An input that is a map of four dimensions in either layout, and the way in and out."""

    def __init__(self, op: TensorFlowOperator, position: int = 0) -> None:
        layout = op.text("data_format", "NHWC")
        require(layout in ("NHWC", "NCHW"))
        op.floats(position)
        self.op = op
        self.is_first = layout == "NCHW"
        shape = op.dimensions(position, 4)
        batch, *rest = shape
        channels, height, width = rest if self.is_first else (rest[2], rest[0], rest[1])
        self.batch, self.height, self.width, self.channels = batch, height, width, channels
        self.operand: Operand = ChannelsLast(position) if self.is_first else Given(position)

    @property
    def shape(self) -> Shape:
        """The shape with channels last."""
        return (self.batch, self.height, self.width, self.channels)

    def output(self, height: int, width: int, channels: int, batch: int | None = None) -> Result:
        """The operator's output, if it has these sizes."""
        batch = self.batch if batch is None else batch
        require(min(height, width, channels) > 0)
        if self.is_first:
            self.op.output((batch, channels, height, width), FLOAT32)
            return ChannelsLastOutput(0)
        return self.op.output((batch, height, width, channels), FLOAT32)

    def sides(self, name: str, default: Shape | None = None) -> tuple[int, int]:
        """An attribute with a number a dimension, which leaves batch and channels alone."""
        return self.of_sides(self.op.counts_of(name, default))

    def of_sides(self, numbers: Shape) -> tuple[int, int]:
        """Height's and width's of four numbers; batch's and channels' are 1."""
        require(len(numbers) == 4 and 0 < min(numbers) <= max(numbers) < 2**31)
        if self.is_first:
            batch, channels, height, width = numbers
        else:
            batch, height, width, channels = numbers
        require(batch == channels == 1)
        return height, width

    def padded(self, steps: Steps, fill: float | None = None) -> Padding:
        """The padding; explicit ones become an operator of their own in front."""
        padding = self.op.text("padding")
        if padding in ("SAME", "VALID"):
            return Padding[padding]
        require(padding == "EXPLICIT")
        numbers = self.op.counts_of("explicit_paddings")
        require(len(numbers) == 8 and min(numbers) >= 0 and max(numbers) < 2**31)
        rows = [numbers[at : at + 2] for at in range(0, 8, 2)]
        if self.is_first:
            rows = [rows[0], rows[2], rows[3], rows[1]]
        require(rows[0] == rows[3] == (0, 0))
        if any(map(any, rows)):
            self.height += sum(rows[1])
            self.width += sum(rows[2])
            inputs = [self.operand, constant([n for row in rows for n in row], INT32, (4, 2))]
            padded = steps.value(self.shape)
            if fill is None:
                steps.add("PAD", inputs, padded, PadOptions())
            else:
                steps.add("PADV2", [*inputs, scalar(fill)], padded, PadV2Options())
            self.operand = padded
        return Padding.VALID


def _reach(size: int, kernel: int, stride: int, dilation: int, padding: Padding) -> int:
    """How long an output is. Source: `ComputeOutSize` in tensorflow/lite/kernels/padding.h."""
    if padding is Padding.SAME:
        return -(-size // stride)
    return (size - (kernel - 1) * dilation - 1) // stride + 1


def convolution(op: TensorFlowOperator) -> Plan:
    """Conv2D: filters are height x width x in x out there, out x height x width x in here."""
    op.counts(2)
    op.floats(1)
    image, steps = _Map(op), Steps()
    height, width, depth, filters = op.weights(1, 4)
    require(image.channels % depth == 0 and filters % (image.channels // depth) == 0)
    stride_h, stride_w = image.sides("strides")
    dilation_h, dilation_w = image.sides("dilations", (1, 1, 1, 1))
    padding = image.padded(steps)
    output = image.output(
        _reach(image.height, height, stride_h, dilation_h, padding),
        _reach(image.width, width, stride_w, dilation_w, padding),
        filters,
    )
    weights = Rearranged(1, (3, 0, 1, 2), (filters, height, width, depth))
    options = Conv2DOptions(
        padding=padding,
        stride_w=stride_w,
        stride_h=stride_h,
        dilation_w_factor=dilation_w,
        dilation_h_factor=dilation_h,
    )
    steps.add("CONV_2D", [image.operand, weights, zeros(filters)], output, options)
    return Plan(tuple(steps.steps))


def depthwise_convolution(op: TensorFlowOperator) -> Plan:
    """DepthwiseConv2dNative: height x width x in x multiplier there, in and multiplier one
    dimension here.
    """
    op.counts(2)
    op.floats(1)
    image, steps = _Map(op), Steps()
    height, width, depth, multiplier = op.weights(1, 4)
    require(image.channels == depth)
    stride_h, stride_w = image.sides("strides")
    dilation_h, dilation_w = image.sides("dilations", (1, 1, 1, 1))
    padding = image.padded(steps)
    filters = depth * multiplier
    output = image.output(
        _reach(image.height, height, stride_h, dilation_h, padding),
        _reach(image.width, width, stride_w, dilation_w, padding),
        filters,
    )
    weights = Rearranged(1, (0, 1, 2, 3), (1, height, width, filters))
    options = DepthwiseConv2DOptions(
        padding=padding,
        stride_w=stride_w,
        stride_h=stride_h,
        depth_multiplier=multiplier,
        dilation_w_factor=dilation_w,
        dilation_h_factor=dilation_h,
    )
    # Dilation came with version 2.
    version = 1 if dilation_h == dilation_w == 1 else 2
    inputs = [image.operand, weights, zeros(filters)]
    steps.add("DEPTHWISE_CONV_2D", inputs, output, options, version)
    return Plan(tuple(steps.steps))


def transposed_convolution(op: TensorFlowOperator) -> Plan:
    """Conv2DBackpropInput: output shape, filters (height x width x out x in), input."""
    op.counts(3)
    op.floats(1)
    image = _Map(op, 2)
    height, width, filters, depth = op.weights(1, 4)
    require(image.channels == depth)
    require(image.sides("dilations", (1, 1, 1, 1)) == (1, 1))
    stride_h, stride_w = image.sides("strides")
    padding = op.text("padding")
    require(padding in ("SAME", "VALID"))
    size = op.integers(0)
    require(len(size) == 4)
    if image.is_first:
        size = (size[0], size[2], size[3], size[1])
    require(size[0] == image.batch and size[3] == filters)
    output = image.output(size[1], size[2], filters)
    # What the convolution that it is the gradient of would make of the output.
    require(image.height == _reach(size[1], height, stride_h, 1, Padding[padding]))
    require(image.width == _reach(size[2], width, stride_w, 1, Padding[padding]))
    weights = Rearranged(1, (2, 0, 1, 3), (filters, height, width, depth))
    options = TransposeConvOptions(padding=Padding[padding], stride_w=stride_w, stride_h=stride_h)
    steps = Steps()
    steps.add("TRANSPOSE_CONV", [constant(size), weights, image.operand], output, options)
    return Plan(tuple(steps.steps))


def pool(op: TensorFlowOperator) -> Plan:
    """MaxPool, MaxPoolV2 (whose sizes are inputs) and AvgPool."""
    image, steps = _Map(op), Steps()
    if op.name == "MaxPoolV2":
        op.counts(3)
        height, width = image.of_sides(op.integers(1))
        stride_h, stride_w = image.of_sides(op.integers(2))
    else:
        op.counts(1)
        height, width = image.sides("ksize")
        stride_h, stride_w = image.sides("strides")
    is_mean = op.name == "AvgPool"
    # Explicit paddings of a mean would have to be left out of it.
    require(not is_mean or op.text("padding") != "EXPLICIT")
    padding = image.padded(steps, _LOWEST)
    output = image.output(
        _reach(image.height, height, stride_h, 1, padding),
        _reach(image.width, width, stride_w, 1, padding),
        image.channels,
    )
    options = Pool2DOptions(
        padding=padding,
        stride_w=stride_w,
        stride_h=stride_h,
        filter_width=width,
        filter_height=height,
    )
    name = "AVERAGE_POOL_2D" if is_mean else "MAX_POOL_2D"
    steps.add(name, [image.operand], output, options)
    return Plan(tuple(steps.steps))


def bias(op: TensorFlowOperator) -> Plan:
    """BiasAdd, whose bias goes along the channels wherever they are."""
    op.counts(2)
    layout = op.text("data_format", "NHWC")
    require(layout in ("NHWC", "NCHW"))
    op.floats(0, 1)
    shape, (channels,) = op.dimensions(0), op.weights(1, 1)
    require(2 <= len(shape) <= 4)
    steps = Steps()
    output = op.output(shape, FLOAT32)
    is_first = layout == "NCHW" and len(shape) > 2
    require(channels == (shape[1] if is_first else shape[-1]))
    if not is_first:
        steps.add("ADD", [Given(0), Given(1)], output, AddOptions())
    elif len(shape) == 4 and 0 in op.channels_last:
        steps.add("ADD", [ChannelsLast(0), Given(1)], ChannelsLastOutput(0), AddOptions())
    else:
        along = Rearranged(1, (0,), (channels, *(1,) * (len(shape) - 2)))
        steps.add("ADD", [Given(0), along], output, AddOptions())
    return Plan(tuple(steps.steps))


def batch_normalisation(op: TensorFlowOperator) -> Plan:
    """FusedBatchNorm at inference, whose statistics are known: a factor and an offset a channel."""
    require(len(op.node.inputs) == 5 and not op.flag("is_training", True))
    # The statistics that it passes on are for training.
    require(not any(value.consumers or value.is_output for value in op.node.outputs[1:]))
    image = _Map(op)
    require(all(op.dimensions(position) == (image.channels,) for position in (1, 2, 3, 4)))
    scale, offset, mean, variance = (op.reals(position) for position in (1, 2, 3, 4))
    epsilon = op.number("epsilon", 0.0001)

    def factors() -> list[float]:
        pairs = zip(scale(), variance(), strict=True)
        return [s / (v + epsilon) ** 0.5 if v + epsilon > 0 else float("nan") for s, v in pairs]

    def offsets() -> list[float]:
        return [o - m * f for o, m, f in zip(offset(), mean(), factors(), strict=True)]

    steps, shape = Steps(), op.dimensions(0)
    x: Operand = Given(0)
    output: Result = op.output(shape, FLOAT32)
    along: Shape = (image.channels,)
    if image.is_first and 0 in op.channels_last:
        x, output, shape = ChannelsLast(0), ChannelsLastOutput(0), image.shape
    elif image.is_first:
        along = (image.channels, 1, 1)
    scaled = steps.value(shape)
    steps.add(
        "MUL", [x, Constant(along, FLOAT32, lambda: _packed(factors()))], scaled, MulOptions()
    )
    added = Constant(along, FLOAT32, lambda: _packed(offsets()))
    steps.add("ADD", [scaled, added], output, AddOptions())
    return Plan(tuple(steps.steps))


def resize(op: TensorFlowOperator) -> Plan:
    """ResizeBilinear and ResizeNearestNeighbor."""
    op.counts(2)
    op.floats(0)
    batch, _, _, channels = op.dimensions(0, 4)
    size = op.integers(1)
    require(len(size) == 2 and min(size) > 0)
    corners, centers = op.flag("align_corners"), op.flag("half_pixel_centers")
    require(not (corners and centers))
    output = op.output((batch, *size, channels), FLOAT32)
    options: Record
    if op.name == "ResizeBilinear":
        name, options = "RESIZE_BILINEAR", ResizeBilinearOptions(corners, centers)
    else:
        name = "RESIZE_NEAREST_NEIGHBOR"
        options = ResizeNearestNeighborOptions(corners, centers)
    version = 3 if centers else 1
    steps = Steps()
    steps.add(name, [Given(0), constant(size)], output, options, version)
    return Plan(tuple(steps.steps))


def depth_and_space(op: TensorFlowOperator) -> Plan:
    """SpaceToDepth and DepthToSpace."""
    op.counts(1)
    image, steps, block = _Map(op), Steps(), op.count("block_size")
    require(1 < block < 2**31)
    options: Record
    if op.name == "SpaceToDepth":
        require(image.height % block == 0 and image.width % block == 0)
        sizes = (image.height // block, image.width // block, image.channels * block * block)
        name, options = "SPACE_TO_DEPTH", SpaceToDepthOptions(block)
    else:
        require(image.channels % (block * block) == 0)
        sizes = (image.height * block, image.width * block, image.channels // (block * block))
        name, options = "DEPTH_TO_SPACE", DepthToSpaceOptions(block)
    steps.add(name, [image.operand], image.output(*sizes), options)
    return Plan(tuple(steps.steps))


def _packed(values: list[float]) -> bytes:
    """Numbers as float32, infinite where they are too large for it."""
    return b"".join(map(_float32, values))


def _float32(value: float) -> bytes:
    try:
        return struct.pack("<f", value)
    except OverflowError:
        return struct.pack("<f", math.copysign(math.inf, value))
