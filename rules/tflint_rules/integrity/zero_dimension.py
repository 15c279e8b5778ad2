"""TFL005."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.finding import Finding, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.graph import Node, Value
from tflint.model.record import Record
from tflint.model.schema import (
    Conv2DOptions,
    Conv3DOptions,
    DepthToSpaceOptions,
    DepthwiseConv2DOptions,
    Pool2DOptions,
    SpaceToDepthOptions,
    SplitOptions,
    SplitVOptions,
    TransposeConvOptions,
)
from tflint.model.tables import Model
from tflint.printable import printable
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule

_STRIDES = ("stride_h", "stride_w")
_DILATIONS = ("dilation_h_factor", "dilation_w_factor")
_FILTER = ("filter_height", "filter_width")
# Options that a kernel divides by, by the operators that have them.
_DIVISORS: dict[str, tuple[type[Record], tuple[str, ...]]] = {
    "CONV_2D": (Conv2DOptions, _STRIDES + _DILATIONS),
    "DEPTHWISE_CONV_2D": (DepthwiseConv2DOptions, _STRIDES + _DILATIONS),
    "CONV_3D": (Conv3DOptions, ("stride_d", *_STRIDES)),
    "TRANSPOSE_CONV": (TransposeConvOptions, _STRIDES),
    "MAX_POOL_2D": (Pool2DOptions, _STRIDES + _FILTER),
    "AVERAGE_POOL_2D": (Pool2DOptions, _STRIDES + _FILTER),
    "L2_POOL_2D": (Pool2DOptions, _STRIDES + _FILTER),
    "SPACE_TO_DEPTH": (SpaceToDepthOptions, ("block_size",)),
    "DEPTH_TO_SPACE": (DepthToSpaceOptions, ("block_size",)),
    "SPLIT": (SplitOptions, ("num_splits",)),
    "SPLIT_V": (SplitVOptions, ("num_splits",)),
}
# Constant arguments that a kernel divides or steps by: input position and what it is.
_ARGUMENTS = {
    "SPACE_TO_BATCH_ND": (1, "block size"),
    "BATCH_TO_SPACE_ND": (1, "block size"),
    "STRIDED_SLICE": (3, "stride"),
}
_WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "CONV_3D", "TRANSPOSE_CONV", "FULLY_CONNECTED")


def _conv(stride: int = 1, kernel: int = 3) -> Model:
    model = ModelBuilder()
    x, y = model.input((1, 8, 8, 1)), model.tensor((1, 6, 6, 2))
    w = model.constant((2, kernel, kernel, 1))
    options = Conv2DOptions(stride_w=stride, stride_h=1)
    model.operator("CONV_2D", [x, w, model.constant((2,))], [y], options)
    model.output(y)
    return model.build()


def _pool(options: Pool2DOptions | None) -> Model:
    model = ModelBuilder()
    x, y = model.input((1, 8, 8, 1)), model.tensor((1, 4, 4, 1))
    model.operator("MAX_POOL_2D", [x], [y], options)
    model.output(y)
    return model.build()


def _blocks(size: int) -> Model:
    model = ModelBuilder()
    x, y = model.input((1, 8, 8, 1)), model.tensor((1, 4, 4, 4))
    model.operator("SPACE_TO_DEPTH", [x], [y], SpaceToDepthOptions(block_size=size))
    model.output(y)
    return model.build()


def _pooled(size: int) -> Model:
    model = ModelBuilder()
    model.output(model.pool_2d(model.input((1, size, size, 1))))
    return model.build()


class ZeroDimension(Rule):
    """A filter, stride, dilation or block of zero, or a map without elements.

    ## What it does
    Looks at the options and constant arguments that kernels divide or step by, and at the
    dimensions of filters. Options that are missing altogether count as zero, as they do in
    the runtime. For microcontrollers, also finds activations without any element, such as
    what a convolution leaves of a map that is smaller than its filter.

    ## Why it matters on a device
    The kernel computes output sizes and loop bounds with them. On a Cortex-M a division by
    zero gives 0 or traps, depending on a configuration bit; on a host it kills the process
    (CVE-2022-23557, CVE-2023-27579). TFLM takes an activation of no bytes for a dynamic
    tensor, which it does not support.

    ## Repair
    None in the file: no honest converter writes this. Convert again from the source.
    """

    meta = Metadata(
        "TFL005",
        "zero-dimension",
        Severity.ERROR,
        runtime_errors=(
            r"has dynamic tensor.* not supported",
            r"stride_\w+ (?:!=|>) 0 was not true",
        ),
    )
    examples = (
        Bad("A stride of zero", lambda: _conv(stride=0), says="stride_w is 0"),
        Bad("An empty filter", lambda: _conv(kernel=0), says="filter"),
        Bad("A pool without options", lambda: _pool(None), says="no options"),
        Bad("A block of zero", lambda: _blocks(0), says="block_size is 0"),
        Bad("Nothing left", lambda: _pooled(1), says="no elements"),
        Good("Something left", lambda: _pooled(2)),
        Good("A stride of one", lambda: _conv(stride=1)),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        for node in context.nodes:
            for problem in _problems(node):
                yield self.finding(
                    f"{node.name}: {problem}, and the kernel divides by it",
                    node=node,
                    help="convert the model again from its source",
                )
            empty = _empty_activation(node) if context.runtime.is_mcu else None
            if empty is not None:
                yield self.finding(
                    f"{node.name}: `{printable(empty.name)}` of shape {list(empty.shape)} has no "
                    f"elements; {context.runtime.title} takes it for a dynamic tensor",
                    node=node,
                    value=empty,
                    help="give the network a larger input, or take a pool or stride out",
                )


def _empty_activation(node: Node) -> Value | None:
    """The first input or output without elements that is not a constant."""
    for value in (*node.inputs, *node.outputs):
        if value is not None and 0 in value.shape and (value.is_input or value.producer):
            return value
    return None


def _problems(node: Node) -> Iterator[str]:
    if node.name in _DIVISORS:
        expected, divisors = _DIVISORS[node.name]
        # A runtime asks for the operator's own options: others are as good as none.
        if not isinstance(node.options, expected):
            yield f"no options, so {divisors[0]} is 0"
        else:
            for name in divisors:
                value = getattr(node.options, name)
                if value <= 0:
                    yield f"{name} is {value}"
    if node.name in _ARGUMENTS:
        position, what = _ARGUMENTS[node.name]
        argument = node.input(position)
        values = argument.integers() if argument is not None else None
        if values and any(v == 0 or (v < 0 and what != "stride") for v in values):
            yield f"{what} {min(values, key=abs)}"
    if node.name in _WEIGHTED:
        weights = node.input(1)
        if weights is not None and 0 in weights.shape:
            yield f"the filter's shape {list(weights.shape)} has a zero"
