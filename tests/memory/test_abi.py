"""Struct sizes from field lists, against those that compilers gave."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import SHARED_MODELS
from tflint.memory import core_structs as core
from tflint.memory.abi import CORTEX_M, ILP32, X86_64, Abi, Layout, Struct, align_up
from tflint.memory.builtin_params import builtin_params
from tflint.model.schema import BUILTIN_OPERATORS
from tflint.model.tables import OperatorCode

FACTS = SHARED_MODELS.parent / "facts" / "tflm-structs.json"
MEASURED = {
    CORTEX_M: "cortex_m_gcc_short_enums",
    ILP32: "ilp32_long_enums(riscv/xtensa-like)",
    X86_64: "x86_64",
}
CORE = {
    "AllocationInfo": core.ALLOCATION_INFO,
    "GreedyMemoryPlanner": core.GREEDY_MEMORY_PLANNER,
    "MicroAllocator": core.MICRO_ALLOCATOR,
    "NodeAndRegistration": core.NODE_AND_REGISTRATION,
    "RecordingMicroAllocator": core.RECORDING_MICRO_ALLOCATOR,
    "RecordingSingleArenaBufferAllocator": core.RECORDING_SINGLE_ARENA_BUFFER_ALLOCATOR,
    "ScratchBufferHandle": core.SCRATCH_BUFFER_HANDLE,
    "SingleArenaBufferAllocator": core.SINGLE_ARENA_BUFFER_ALLOCATOR,
    "SubgraphAllocations": core.SUBGRAPH_ALLOCATIONS,
    "TfLiteAffineQuantization": core.AFFINE_QUANTIZATION,
    "TfLiteEvalTensor": core.EVAL_TENSOR,
    "TfLiteNode": core.NODE,
    "TfLiteTensor": core.TENSOR,
    "internal::ScratchBufferRequest": core.SCRATCH_BUFFER_REQUEST,
}
# Where the struct is not called as the operator is.
NAMES = {
    "AVERAGE_POOL_2D": "Pool",
    "BATCH_MATMUL": "BatchMatMul",
    "CONV_2D": "Conv",
    "DEPTHWISE_CONV_2D": "DepthwiseConv",
    "L2_NORMALIZATION": "L2Norm",
    "L2_POOL_2D": "Pool",
    "MAX_POOL_2D": "Pool",
    "MEAN": "Reducer",
    "MIRROR_PAD": "MirrorPadding",
    "REDUCE_ALL": "Reducer",
    "REDUCE_MAX": "Reducer",
    "REDUCE_MIN": "Reducer",
    "SUM": "Reducer",
    "SVDF": "SVDF",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "UnidirectionalSequenceLSTM",
}


@pytest.mark.parametrize(
    ("fields", "layouts"),
    [
        (("i32", "u8"), (8, 8, 8)),
        (("u8", "enum"), (2, 8, 8)),
        (("ptr", "i32"), (8, 8, 16)),
        (("u8*3", "i16"), (6, 6, 6)),
        (("i32", "i64"), (16, 16, 16)),
        (("enum", Struct("ptr", "bool"), "bool"), (16, 16, 32)),
        ((), (1, 1, 1)),
    ],
)
def test_the_rules_of_c(fields: tuple[str | Struct, ...], layouts: tuple[int, int, int]) -> None:
    assert tuple(Struct(*fields).size(abi) for abi in MEASURED) == layouts


def test_align_up() -> None:
    assert [align_up(size, 16) for size in (0, 1, 16, 17)] == [0, 16, 16, 32]


def measured(abi: Abi) -> dict[str, Layout]:
    """The structs that a compiler for this ABI was asked for; skips where they are not there."""
    if not FACTS.exists():
        pytest.skip(f"needs {FACTS}")
    facts: dict[str, Any] = json.loads(FACTS.read_text(encoding="utf-8"))["structs"]
    return {name: Layout(**layout) for name, layout in facts[MEASURED[abi]].items()}


@pytest.mark.shared
@pytest.mark.parametrize("abi", MEASURED, ids=lambda abi: abi.name)
def test_the_structs_of_tflm(abi: Abi) -> None:
    truth = measured(abi)

    assert {name: struct.layout(abi) for name, struct in CORE.items()} == {
        name: truth[name] for name in CORE
    }


@pytest.mark.shared
@pytest.mark.parametrize("abi", MEASURED, ids=lambda abi: abi.name)
def test_the_options_of_operators(abi: Abi) -> None:
    truth = measured(abi)
    compared = 0
    for code, name in enumerate(BUILTIN_OPERATORS):
        struct = builtin_params(OperatorCode(builtin_code=code), is_wheel=False)
        if struct is not None:
            stem = NAMES.get(name, "".join(word.capitalize() for word in name.split("_")))
            assert struct.layout(abi) == truth[f"TfLite{stem}Params"], name
            compared += 1
    assert compared > 40
