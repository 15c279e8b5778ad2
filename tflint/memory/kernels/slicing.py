"""Operators that cut tensors up, put them together or pad them.

Source: concatenation.cc, pack.cc, unpack.cc, split.cc, split_v.cc, slice.cc,
strided_slice_common.cc, gather.cc, gather_nd.cc, dynamic_update_slice.cc, pad_common.cc and
mirror_pad.cc in tensorflow/lite/micro/kernels.
"""

from __future__ import annotations

from tflint.memory.abi import Struct
from tflint.memory.kernels.plain import look_at, plain
from tflint.memory.kernels.rearrangement import writable_dims
from tflint.memory.requests import Kernel, Requests

# Axis, zero points and scales of the inputs, their number, the output's zero point and scale.
CONCATENATION_DATA = Struct("i8", "ptr*2", "u16", "i32", "f32")
# A scratch buffer for each of at most ten inputs.
_CONCATENATION_DATA_COMPRESSION = Struct(CONCATENATION_DATA, "i32*10")

# Padding in front and behind, each with a count, up to five dimensions; what is resized;
# the output's zero point.
PAD_DATA = Struct("i8", "i32*5", "i8", "i32*5", "u8", "i32")
# Rank, elements and offset; two scratch buffers.
MIRROR_PAD_DATA = Struct("i32*5")
# Starts, stops and strides of up to five dimensions, each with a count; masks; a flag.
STRIDED_SLICE_DATA = Struct("i8", "i32*5", "i8", "i32*5", "i8", "i32*5", "u16*5", "bool")


def concatenation(ask: Requests) -> None:
    """CONCATENATION: all types alike."""
    ask.init(_CONCATENATION_DATA_COMPRESSION if ask.build.is_wheel else CONCATENATION_DATA)
    look_at(ask, (0,), (0,))
    ask.temporary(*ask.node.inputs)


def gather(ask: Requests) -> None:
    """GATHER and GATHER_ND, which write the output's dimensions."""
    look_at(ask, (0, 1), (0,))
    writable_dims(ask)


def pad(ask: Requests) -> None:
    """PAD and PADV2."""
    ask.init(PAD_DATA)
    look_at(ask, (0, 1, 2), (0,))


def mirror_pad(ask: Requests) -> None:
    """MIRROR_PAD: for each dimension the elements that it strides over, output and input."""
    ask.init(MIRROR_PAD_DATA)
    look_at(ask, (0, 1), (0,))
    x = ask.input(0)
    if x is not None:
        ask.scratch(4 * len(x.shape))
        ask.scratch(4 * len(x.shape))


REFERENCE: dict[str, Kernel] = {
    "CONCATENATION": concatenation,
    "PACK": plain(),
    "UNPACK": plain(),
    "SPLIT": plain((0,)),
    "SPLIT_V": plain((2,)),
    "SLICE": plain((0, 1, 2), (0,)),
    "STRIDED_SLICE": plain((0, 1, 2, 3), (0,), STRIDED_SLICE_DATA),
    "GATHER": gather,
    "GATHER_ND": gather,
    "DYNAMIC_UPDATE_SLICE": plain((0, 1, 2), (0,)),
    "PAD": pad,
    "PADV2": pad,
    "MIRROR_PAD": mirror_pad,
}
