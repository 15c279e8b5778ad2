"""Every operator of TFLM has a kernel; what kernels keep has the size that compilers gave it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.memory.one_operator import FACTS
from tflint.memory.abi import CORTEX_M, Struct
from tflint.memory.arena import plan_arena
from tflint.memory.kernels import (
    control_flow,
    detection,
    find_kernel,
    logic,
    quantisation,
    rearrangement,
    reduction,
    signal,
    slicing,
)
from tflint.memory.requests import Build, Library
from tflint.model.builder import ModelBuilder
from tflint.model.graph import graphs
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import TensorType

# Bytes on a Cortex-M4, by arm-none-eabi-gcc.
SIZES = {
    control_flow.CALL_ONCE_DATA: 8,
    control_flow.IF_DATA: 8,
    control_flow.VAR_HANDLE_DATA: 4,
    control_flow.WHILE_DATA: 8,
    detection.DETECTION_DATA: 112,
    logic.COMPARISON_DATA: 32,
    logic.SELECT_DATA: 1,
    quantisation.DEQUANTIZE_DATA: 32,
    rearrangement.SPACE_TO_BATCH_DATA: 4,
    reduction.REDUCE_DATA: 44,
    signal.CIRCULAR_BUFFER_DATA: 8,
    signal.DELAY_DATA: 20,
    signal.ENERGY_DATA: 8,
    signal.FILTER_BANK_DATA: 36,
    signal.FILTER_BANK_LOG_DATA: 8,
    signal.FRAMER_DATA: 28,
    signal.IRFFT_DATA: 24,
    signal.PCAN_DATA: 4,
    signal.RFFT_DATA: 32,
    signal.SPECTRAL_SUBTRACTION_DATA: 44,
    signal.STACKER_DATA: 36,
    signal.WINDOW_DATA: 8,
    slicing.CONCATENATION_DATA: 24,
    slicing.MIRROR_PAD_DATA: 20,
    slicing.PAD_DATA: 56,
    slicing.STRIDED_SLICE_DATA: 84,
}


@pytest.mark.parametrize(("struct", "size"), SIZES.items())
def test_sizes_on_a_cortex_m(struct: Struct, size: int) -> None:
    assert struct.size(CORTEX_M) == size


@pytest.mark.parametrize("library", Library)
def test_kernels_cover_what_tflm_registers(library: Library) -> None:
    facts = json.loads(FACTS.read_text(encoding="utf-8"))
    model = ModelBuilder()
    for name in (*facts["operators"], *facts["custom_operators"]):
        model.operator_code(name)
    codes = model.build().operator_codes
    assert len(codes) > 100
    assert not [code.name for code in codes if find_kernel(code, library) is None]


@st.composite
def hostile_operators(draw: st.DrawFn) -> ModelBuilder:
    """Any operator with any number of operands of any shape and type, and no options."""
    facts = json.loads(FACTS.read_text(encoding="utf-8"))
    names = sorted((*facts["operators"], *facts["custom_operators"], "ethos-u"))
    sizes = st.sampled_from((-(2**31), -1, 0, 1, 3, 2**31 - 1))
    model = ModelBuilder()
    operands = [-1]
    for _ in range(draw(st.integers(0, 6))):
        shape = tuple(draw(st.lists(sizes, max_size=6)))
        quantization = draw(st.sampled_from((None, per_tensor(0.5, 1))))
        operands.append(model.tensor(shape, draw(st.sampled_from(TensorType)), quantization))
    inputs = draw(st.lists(st.sampled_from(operands), max_size=6))
    outputs = draw(st.lists(st.sampled_from(operands), max_size=4))
    model.operator(draw(st.sampled_from(names)), inputs, outputs)
    return model


@given(hostile_operators(), st.sampled_from(Library))
def test_hostile_operators_raise_nothing(model: ModelBuilder, library: Library) -> None:
    built = model.build()
    arena = plan_arena(built, graphs(built), Build(CORTEX_M, library))
    assert arena.min_arena_bytes >= arena.arena_bytes > 0
