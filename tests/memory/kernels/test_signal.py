"""The signal library and CIRCULAR_BUFFER, against the wheel."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flatbuffers import flexbuffers
from hypothesis import given
from hypothesis import strategies as st

from tests.memory.against_wheel import differences, needs_wheel
from tests.memory.one_operator import custom
from tflint.memory.abi import CORTEX_M, X86_64
from tflint.memory.arena import plan_arena
from tflint.memory.kernels.signal import REFERENCE, circular_buffer_bytes, kiss_fft_bytes
from tflint.memory.requests import Build
from tflint.model.builder import ModelBuilder
from tflint.model.graph import graphs
from tflint.model.schema import TensorType
from tflint.model.tables import Model

BOOL, FLOAT32, INT8, INT16 = (
    TensorType.BOOL,
    TensorType.FLOAT32,
    TensorType.INT8,
    TensorType.INT16,
)
INT32, UINT32, UINT64 = TensorType.INT32, TensorType.UINT32, TensorType.UINT64
SUBTRACTION = (
    "alternate_one_minus_smoothing",
    "alternate_smoothing",
    "clamping",
    "min_signal_remaining",
    "num_channels",
    "one_minus_smoothing",
    "smoothing",
    "smoothing_bits",
    "spectral_subtraction_bits",
)


def transforms() -> list[Model]:
    found = []
    for type in (INT16, INT32, FLOAT32):
        for length in (2, 6, 16, 30, 512):
            options: dict[str, object] = {"T": int(type), "fft_length": length}
            time, spectrum = [((length,), type)], [((length + 2,), type)]
            found.append(custom("SignalRfft", time, spectrum, options))
            found.append(custom("SignalIrfft", spectrum, time, options))
    return found


def frames() -> list[Model]:
    found = []
    for size, step, rows in ((400, 160, 1), (32, 16, 3), (10, 10, 2)):
        options: dict[str, object] = {"frame_size": size, "frame_step": step, "prefill": True}
        y = [((rows, 2, size), INT16), ((), BOOL)]
        found.append(custom("SignalFramer", [((rows, 2 * step), INT16)], y, options))
    for size, delay in ((3, 5), (16, 7)):
        x = [((2, 3, size), INT16)]
        found.append(custom("SignalDelay", x, x, {"delay_length": delay}))
    for type in (INT16, FLOAT32):
        x, y = [((3, 2, 9), type)], [((3, 10), type)]
        found.append(custom("SignalOverlapAdd", x, y, {"T": int(type), "frame_step": 5}))
    for channels, before, after in ((40, 1, 1), (3, 0, 4)):
        options = {
            "num_channels": channels,
            "stacker_left_context": before,
            "stacker_right_context": after,
            "stacker_step": 2,
        }
        y = [((channels * (before + after + 1),), INT16), ((), BOOL)]
        found.append(custom("SignalStacker", [((channels,), INT16)], y, options))
    return found


def others() -> list[Model]:
    bank = [((257,), UINT32), *[((40,), INT16)] * 5]
    channels = [((33,), UINT32)]
    numbers: dict[str, object] = dict.fromkeys(SUBTRACTION, 1)
    numbers["num_channels"] = 33
    window = [((2, 16), INT16)]
    slot, slots = [((1, 1, 1, 8), INT8)], [((1, 5, 1, 8), INT8)]
    return [
        custom(
            "SignalEnergy", [((16,), INT16)], [((8,), UINT32)], {"end_index": 4, "start_index": 1}
        ),
        custom("SignalFftAutoScale", [((16,), INT16)], [((16,), INT16), ((), INT32)]),
        custom("SignalFilterBank", bank, [((32,), UINT64)], {"num_channels": 32}),
        custom(
            "SignalFilterBankLog",
            channels,
            [((33,), INT16)],
            {"input_correction_bits": 3, "output_scale": 64},
        ),
        custom("SignalFilterBankSquareRoot", [((32,), UINT64), ((), INT32)], [((32,), UINT32)]),
        custom("SignalFilterBankSpectralSubtraction", channels, channels * 2, numbers),
        custom("SignalPCAN", [*channels * 2, ((125,), INT16)], channels, {"snr_shift": 6}),
        custom("SignalWindow", [*window, ((16,), INT16)], window, {"shift": 4}),
        custom("CIRCULAR_BUFFER", slot, slots, {"cycles_max": 1}),
        custom("CIRCULAR_BUFFER", slot, slots),
        custom("CIRCULAR_BUFFER", slot, [*slots, ((1,), BOOL)], {"cycles_max": 1}),
    ]


@needs_wheel
@pytest.mark.parametrize("models", [transforms, frames, others])
def test_signal_library(models: Callable[[], list[Model]]) -> None:
    assert not differences(models())


def test_all_are_held_to_the_wheel() -> None:
    models = [*transforms(), *frames(), *others()]
    assert {code.name for model in models for code in model.operator_codes} == set(REFERENCE)


def test_sizes_on_a_cortex_m() -> None:
    # kissfft by hand: three pointers; 264 bytes and 256 complex numbers; 384 more.
    assert kiss_fft_bytes(512, 2, CORTEX_M) == 12 + 264 + 4 * 256 + 4 * 384
    assert kiss_fft_bytes(512, 2, X86_64) - kiss_fft_bytes(512, 2, CORTEX_M) == 12
    assert circular_buffer_bytes(480, CORTEX_M) == 24 + 4 * 480


def test_options_that_cannot_be_read_are_doubted() -> None:
    model = custom("SignalRfft", [((16,), INT16)], [((18,), INT16)])
    assert plan_arena(model, graphs(model), Build(CORTEX_M)).doubts


@given(
    st.sampled_from(sorted(REFERENCE)),
    st.lists(st.lists(st.integers(-(2**40), 2**40), max_size=5), max_size=3),
    st.one_of(
        st.binary(max_size=20),
        st.dictionaries(
            st.sampled_from(("T", "fft_length", "frame_size", "frame_step", "num_channels")),
            st.one_of(
                st.integers(-(2**62), 2**62),
                st.floats(width=32),
                st.text(max_size=3),
                st.booleans(),
            ),
        ).map(lambda options: bytes(flexbuffers.Dumps(options))),
    ),
)
def test_hostile_models_raise_nothing(
    operator: str, shapes: list[list[int]], options: bytes
) -> None:
    model = ModelBuilder()
    x = [model.tensor(tuple(shape), INT16) for shape in shapes]
    model.operator(operator, x, x[1:], custom_options=options)
    built = model.build()
    arena = plan_arena(built, graphs(built), Build(CORTEX_M))
    assert arena.persistent_bytes >= 0
