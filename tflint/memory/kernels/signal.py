"""The custom operators of TFLM's signal library, and CIRCULAR_BUFFER.

Source: signal/micro/kernels and signal/src/circular_buffer.h of tflite-micro; kiss_fft.c and
tools/kiss_fftr.c of kissfft; circular_buffer_common.cc in tensorflow/lite/micro/kernels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from tflint.memory.abi import Abi, Struct, align_up
from tflint.memory.kernels.custom_options import fields, integer
from tflint.memory.kernels.plain import look_at, plain
from tflint.memory.requests import Kernel, Requests
from tflint.model.flexbuffer import FlexValue
from tflint.model.graph import Value
from tflint.model.schema import TensorType

# Capacity, where to read and write, whether it is empty, size of the buffer behind it.
CIRCULAR_BUFFER = Struct("size*3", "i32*2", "ptr")

# Frame size, delay and outer dimensions; states and circular buffers.
DELAY_DATA = Struct("i32*3", "ptr*2")
ENERGY_DATA = Struct("i32*2")
# Channels, five arrays, two numbers; the work area.
FILTER_BANK_DATA = Struct(Struct("i32", "ptr*5", "i32*2"), "ptr")
FILTER_BANK_LOG_DATA = Struct("i32*2")
# Seven numbers, a flag, a number; the noise estimate and its size.
SPECTRAL_SUBTRACTION_DATA = Struct(Struct("i32*7", "bool", "i32"), "ptr", "size")
# Frame size, step, outer dimensions, frames, a flag; states and circular buffers.
FRAMER_DATA = Struct("i32*4", "bool", "ptr*2")
# Length, sizes, type; the state.
IRFFT_DATA = Struct("i32*4", "enum", "ptr")
# Frame size, step, outer dimensions, frames, type; states.
OVERLAP_ADD_DATA = Struct("i32*4", "enum", "ptr")
PCAN_DATA = Struct("i32")
# Length, sizes, type, work area, a scratch buffer, the state.
RFFT_DATA = Struct("i32*4", "enum", "ptr", "i32", "ptr")
# Channels, contexts, step, sizes, a flag; state and circular buffer.
STACKER_DATA = Struct("i32*4", "size*2", "bool", "ptr*2")
WINDOW_DATA = Struct("i32*2")
CIRCULAR_BUFFER_DATA = Struct("i32*2")

# kissfft: substate, temporary buffer, twiddles.
_FFTR_STATE = Struct("ptr*3")
# What the inverse float transform keeps in front, to divide by the length.
_IRFFT_FLOAT_STATE = Struct("i32", "ptr")
# Of kiss_fft_state what comes before its twiddles: length, direction, factors.
_FFT_STATE_BYTES = 4 + 4 + 4 * 64
# Bytes of a real number by the type that a kernel was made for.
_REAL_BYTES = {int(TensorType.INT16): 2, int(TensorType.INT32): 4, int(TensorType.FLOAT32): 4}

Options: TypeAlias = Mapping["str | int", FlexValue]


def with_options(kernel: Callable[[Requests, Options], None], data: Struct) -> Kernel:
    """A kernel whose requests depend on its options."""

    def ask_or_doubt(ask: Requests) -> None:
        ask.init(data)
        options = fields(ask)
        if options is None:
            ask.doubt("its options cannot be read")
        else:
            kernel(ask, options)

    return ask_or_doubt


def delay(ask: Requests, options: Options) -> None:
    """SignalDelay: a circular buffer for each row of the input."""
    look_at(ask, (0,), (0,))
    rows, size = _rows(ask.input(0))
    _circular_buffers(ask, rows, size + integer(options, 0))


def framer(ask: Requests, options: Options) -> None:
    """SignalFramer: a circular buffer for each row, as long as whole steps cover a frame."""
    look_at(ask, (0,), (0, 1))
    frame, step = integer(options, 0), integer(options, 1)
    if step > 0:
        _circular_buffers(ask, _rows(ask.input(0))[0], align_up(frame, step))


def stacker(ask: Requests, options: Options) -> None:
    """SignalStacker: channels by the frames before and after."""
    channels, before, after = (integer(options, i) for i in range(3))
    capacity = max(channels * (before + after + 1), 0)
    ask.init(circular_buffer_bytes(capacity, ask.build.abi))
    look_at(ask, (0,), (0, 1))


def filter_bank(ask: Requests, options: Options) -> None:
    """SignalFilterBank: a 64-bit sum for each channel and one more."""
    ask.init(8 * max(integer(options, 0) + 1, 0))
    look_at(ask, range(6), (0,))


def spectral_subtraction(ask: Requests, options: Options) -> None:
    """SignalFilterBankSpectralSubtraction: a 32-bit estimate for each channel."""
    ask.init(4 * max(integer(options, 4), 0))
    look_at(ask, (0,), (0, 1))


def rfft(ask: Requests, options: Options) -> None:
    """SignalRfft: the state; the input, padded to the length."""
    length = _fft_state(ask, options)
    look_at(ask, (0,), (0,))
    ask.scratch(length * _REAL_BYTES.get(integer(options, "T"), 4))


def irfft(ask: Requests, options: Options) -> None:
    """SignalIrfft: the state."""
    of_floats = integer(options, "T") == TensorType.FLOAT32
    _fft_state(ask, options, _IRFFT_FLOAT_STATE.size(ask.build.abi) if of_floats else 0)
    look_at(ask, (0,), (0,))


def overlap_add(ask: Requests) -> None:
    """SignalOverlapAdd: a frame for each row, input (..., frames, frame size)."""
    ask.init(OVERLAP_ADD_DATA)
    look_at(ask, (0,), (0,))
    x = ask.input(0)
    if x is None or len(x.shape) < 2:
        return
    frames, size = x.shape[-2:]
    each = frames * size
    rows = x.elements // each if each > 0 else 0
    ask.persistent(ask.build.abi.pointer * rows)
    real = _REAL_BYTES.get(int(x.type), 4)
    ask.persistent(rows * align_up(max(size, 0) * real, 16))


def circular_buffer_bytes(capacity: int, abi: Abi) -> int:
    """A circular buffer of int16 and, behind it, room for twice its capacity."""
    return CIRCULAR_BUFFER.size(abi) + 2 * 2 * max(capacity, 0)


def kiss_fft_bytes(length: int, real_bytes: int, abi: Abi) -> int:
    """What kissfft needs for a real transform of this length.

    That is the state of a complex one of half the length, as many complex numbers again and
    half as many twiddles.
    """
    half = length // 2
    complex_bytes = 2 * real_bytes
    substate = _FFT_STATE_BYTES + complex_bytes * max(half, 1)
    return _FFTR_STATE.size(abi) + substate + complex_bytes * (half * 3 // 2)


def _fft_state(ask: Requests, options: Options, more: int = 0) -> int:
    """Ask for the state and so many bytes more; returns the length."""
    length = max(integer(options, 1), 0)
    real_bytes = _REAL_BYTES.get(integer(options, "T"))
    if real_bytes is None or length == 0:
        ask.doubt("its options name no type and length of a transform")
        return length
    ask.init(kiss_fft_bytes(length, real_bytes, ask.build.abi) + more)
    return length


def _circular_buffers(ask: Requests, rows: int, capacity: int) -> None:
    """Two arrays of pointers and a circular buffer a row, each at a multiple of 16."""
    abi = ask.build.abi
    ask.persistent(abi.pointer * rows)
    ask.persistent(abi.pointer * rows)
    ask.persistent(rows * align_up(circular_buffer_bytes(capacity, abi), 16))


def _rows(value: Value | None) -> tuple[int, int]:
    """How many rows a tensor has, and how long they are."""
    size = value.shape[-1] if value is not None and value.shape else 0
    return (value.elements // size, size) if value is not None and size > 0 else (0, 0)


REFERENCE: dict[str, Kernel] = {
    "CIRCULAR_BUFFER": plain((0,), (0, 1), CIRCULAR_BUFFER_DATA),
    "SignalDelay": with_options(delay, DELAY_DATA),
    "SignalEnergy": plain((0,), (0,), ENERGY_DATA),
    "SignalFftAutoScale": plain((0,), (0, 1)),
    "SignalFilterBank": with_options(filter_bank, FILTER_BANK_DATA),
    "SignalFilterBankLog": plain((0,), (0,), FILTER_BANK_LOG_DATA),
    "SignalFilterBankSpectralSubtraction": with_options(
        spectral_subtraction, SPECTRAL_SUBTRACTION_DATA
    ),
    "SignalFilterBankSquareRoot": plain((0, 1), (0,)),
    "SignalFramer": with_options(framer, FRAMER_DATA),
    "SignalIrfft": with_options(irfft, IRFFT_DATA),
    "SignalOverlapAdd": overlap_add,
    "SignalPCAN": plain((0, 1, 2), (0,), PCAN_DATA),
    "SignalRfft": with_options(rfft, RFFT_DATA),
    "SignalStacker": with_options(stacker, STACKER_DATA),
    "SignalWindow": plain((0, 1), (0,), WINDOW_DATA),
}
