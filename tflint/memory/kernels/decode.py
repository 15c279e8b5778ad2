"""The custom operator TFLM_DECODE, which unpacks compressed constants.

Source: decode.cc and decode_state*.h in tensorflow/lite/micro/kernels.
"""

from __future__ import annotations

from tflint.memory.abi import Struct
from tflint.memory.requests import Kernel, Requests
from tflint.model.graph import Value

# A virtual table, the context, a profiler.
_STATE = ("ptr*3",)
# Indices, three counts, the table of values; stride, bits, the axis.
LOOK_UP_STATE = Struct(*_STATE, "ptr", "size*3", "ptr", "u8*2", "bool")
# Code words, their number, the tables; two settings.
HUFFMAN_STATE = Struct(*_STATE, "ptr", "size", "ptr", "bool", "u8")
# Indices, three counts, values, zero points; a zero point, the axis.
PRUNE_STATE = Struct(*_STATE, "ptr", "size*3", "ptr*2", "i8", "bool")

# By the first byte of the ancillary tensor.
LOOK_UP, HUFFMAN, PRUNE = 0, 1, 2
_STATES = {LOOK_UP: LOOK_UP_STATE, HUFFMAN: HUFFMAN_STATE, PRUNE: PRUNE_STATE}


def decode(ask: Requests) -> None:
    """Inputs come in pairs of codes and ancillary data, a pair for each output."""
    ask.persistent(ask.build.abi.pointer * len(ask.node.outputs))
    for position, y in enumerate(ask.node.outputs):
        codes, ancillary = ask.input(2 * position), ask.input(2 * position + 1)
        ask.temporary(codes, ancillary)
        kind = ancillary.data[0] if ancillary is not None and ancillary.data else None
        state = _STATES.get(kind) if kind is not None else None
        if state is None:
            ask.temporary(y)
            ask.doubt("how it decodes is not known")
            continue
        # The state is allocated last, but its setup reads the output's tensor to the end, which
        # has to be out of its way.
        ask.persistent(state)
        ask.temporary(y)
        if kind == PRUNE:
            _zero_points(ask, y)


def _zero_points(ask: Requests, y: Value) -> None:
    """A byte for each channel, unless all of them are 0."""
    if y.quantization is not None:
        channels = len(y.quantization.scale)
        if channels > 1 and any(y.quantization.zero_point):
            ask.persistent(channels)


REFERENCE: dict[str, Kernel] = {"TFLM_DECODE": decode}
