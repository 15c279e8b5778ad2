"""Operators that give a tensor another shape or order.

Source: reshape_common.cc, squeeze.cc, expand_dims.cc, transpose_common.cc, shape.cc,
broadcast_to.cc, broadcast_args.cc, reverse.cc, space_to_depth.cc, depth_to_space_common.cc,
space_to_batch_nd.cc, batch_to_space_nd_common.cc, resize_bilinear.cc and
resize_nearest_neighbor.cc in tensorflow/lite/micro/kernels.
"""

from __future__ import annotations

from tflint.memory.abi import Struct, align_up
from tflint.memory.kernels.plain import look_at, plain
from tflint.memory.requests import Kernel, Requests

# The zero point of the output.
SPACE_TO_BATCH_DATA = Struct("i32")


def reshape(ask: Requests) -> None:
    """RESHAPE: the output's dimensions are copied where one of them is to be worked out."""
    look_at(ask, (0,), (0,))
    x, y = ask.input(0), ask.output(0)
    if x is not None and y is not None and -1 in y.shape:
        writable_dims(ask)
        ask.doubt("the file leaves a dimension of its output open", align_up(x.bytes, 16))


def depth_and_space(ask: Requests) -> None:
    """SPACE_TO_DEPTH and DEPTH_TO_SPACE, which write the output's dimensions."""
    look_at(ask, (0,), (0,))
    writable_dims(ask)


def writable_dims(ask: Requests) -> None:
    """A copy of the output's dimensions, as those in the file cannot be written.

    Source: CreateWritableTensorDimsWithCopy, tensorflow/lite/micro/kernels/kernel_util.cc.
    """
    y = ask.output(0)
    if y is not None:
        # Small enough to reach no further than into the end of the last temporary tensor, which
        # nothing reads any more.
        ask.persistent(4 + 4 * len(y.shape), is_filled=False)


REFERENCE: dict[str, Kernel] = {
    "RESHAPE": reshape,
    "SQUEEZE": plain((0,), (0,)),
    "EXPAND_DIMS": plain((0, 1), (0,)),
    "TRANSPOSE": plain((0, 1), (0,)),
    "SHAPE": plain(),
    "BROADCAST_TO": plain((0, 1), (0,)),
    "BROADCAST_ARGS": plain((0, 1), (0,)),
    "REVERSE_V2": plain((0, 1), (0,)),
    "SPACE_TO_DEPTH": depth_and_space,
    "DEPTH_TO_SPACE": depth_and_space,
    "SPACE_TO_BATCH_ND": plain((0,), (0,), SPACE_TO_BATCH_DATA),
    "BATCH_TO_SPACE_ND": plain((0,), (0,)),
    "RESIZE_BILINEAR": plain((0, 1), (0,)),
    "RESIZE_NEAREST_NEIGHBOR": plain((0, 1), (0,)),
}
