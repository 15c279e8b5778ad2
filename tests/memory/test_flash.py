"""The flash estimate: exact where an image was linked, bounded and within its error elsewhere."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tflint_mcu_runtime
from tests.conftest import SHARED_MODELS
from tflint.errors import UnknownName
from tflint.memory.flash import (
    CodeFacts,
    code_facts,
    has_code_sizes,
    int8_registrations,
    log_strings,
    operators_of,
    runtime_code,
)
from tflint.model.builder import ModelBuilder
from tflint.model.graph import graphs
from tflint.model.reader import read_model
from tflint.target.runtime import load_runtime

LIBRARIES = ("tflm", "tflm-cmsis-nn")
KERNELS = sorted(code_facts("tflm").kernels)
FACTS = Path(tflint_mcu_runtime.__file__).parent / "facts"

libraries = st.sampled_from(LIBRARIES)
sets_of_kernels = st.frozensets(st.sampled_from(KERNELS), max_size=12)
images = [
    pytest.param(name, image, id=f"{name}-{len(image)}-{'-'.join(sorted(image))[:40]}")
    for name in LIBRARIES
    for image in code_facts(name).images
]


def without(facts: CodeFacts, *left_out: frozenset[str]) -> CodeFacts:
    return dataclasses.replace(
        facts, images={k: size for k, size in facts.images.items() if k not in left_out}
    )


@pytest.mark.parametrize("name", LIBRARIES)
def test_one_kernel_is_what_was_linked(name: str) -> None:
    core = runtime_code([], name)
    assert (core.bytes, core.is_measured, core.kernels) == (11_448, True, ())
    for kernel, known in code_facts(name).kernels.items():
        code = runtime_code([kernel], name)
        assert code.is_measured
        assert code.bytes == code.core_bytes + known.bytes
        assert code.error_bytes == 0
        assert [k.freed_bytes for k in code.kernels] == [known.bytes]


@pytest.mark.parametrize(("name", "image"), images)
def test_a_combination_that_was_linked_is_exact(name: str, image: frozenset[str]) -> None:
    code = runtime_code(image, name)
    size = code_facts(name).images[image]
    assert (code.bytes, code.low, code.high, code.error_bytes) == (size, size, size, 0)
    assert code.is_measured


@pytest.mark.parametrize(("name", "image"), images)
def test_the_other_images_bound_what_was_linked(name: str, image: frozenset[str]) -> None:
    """That an image is the union of what its kernels need holds in everything measured."""
    facts = without(code_facts(name), image)
    low, high = facts.bounds(image)
    assert low <= code_facts(name).images[image] <= high


@pytest.mark.parametrize(("name", "image"), images)
def test_the_error_holds_with_the_images_of_this_size_left_out(
    name: str, image: frozenset[str]
) -> None:
    """What is shared alone, without any image to hold on to, is that good as well."""
    facts = code_facts(name)
    size = without(facts, *facts.images).size(image)
    assert abs(size - facts.images[image]) <= facts.error * facts.images[image]


@pytest.mark.parametrize(("name", "size"), [("tflm", 38_352), ("tflm-cmsis-nn", 80_632)])
def test_an_image_that_nothing_was_solved_from(name: str, size: int) -> None:
    """MLPerf Tiny's streaming wake word (`str_ww_ref_model`), a depthwise-separable network."""
    kernels = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "RESHAPE", "SOFTMAX")
    code = runtime_code(kernels, name)
    assert not code.is_measured
    assert abs(code.bytes - size) <= code.error_bytes < size // 40
    assert code.low <= size <= code.high


@given(libraries, sets_of_kernels)
def test_an_estimate_lies_in_its_bounds(name: str, kernels: frozenset[str]) -> None:
    code = runtime_code(kernels, name)
    assert code.low <= code.bytes <= code.high
    assert 0 <= code.error_bytes <= max(code.high - code.bytes, code.bytes - code.low)
    assert code.is_measured == (code.low == code.high)
    assert all(0 <= kernel.freed_bytes <= code.bytes for kernel in code.kernels)
    assert [kernel.operator for kernel in code.kernels] == sorted(kernels)


@given(libraries, sets_of_kernels, st.sampled_from(KERNELS))
def test_one_more_kernel_never_lowers_a_bound(
    name: str, kernels: frozenset[str], more: str
) -> None:
    facts = code_facts(name)
    before, after = facts.bounds(kernels), facts.bounds(kernels | {more})
    assert before[0] <= after[0]
    # From a measurement to an estimate the upper bound may only rise by what is added.
    assert after[1] <= before[1] + facts.kernels[more].bytes + 31 * (len(kernels) + 1)


@given(libraries, sets_of_kernels)
def test_no_kernel_shares_more_than_it_has(name: str, kernels: frozenset[str]) -> None:
    facts = code_facts(name)
    for kernel in kernels:
        shared = sum(facts.shared[piece] for piece in facts.kernels[kernel].shares)
        assert shared <= facts.kernels[kernel].bytes + 64  # as solved, in least squares


@given(libraries, st.lists(st.sampled_from(KERNELS), max_size=6))
def test_order_and_repetition_do_not_count(name: str, kernels: list[str]) -> None:
    assert runtime_code([*kernels, *reversed(kernels)], name) == runtime_code(set(kernels), name)


def test_twins_are_nearly_one_kernel() -> None:
    """PADV2 is the kernel of PAD with another registration, LESS and GREATER have their own."""
    freed = {k.operator: k.freed_bytes for k in runtime_code(["PAD", "PADV2"], "tflm").kernels}
    assert max(freed.values()) < code_facts("tflm").kernels["PAD"].bytes // 10
    compared = runtime_code(["LESS", "GREATER"], "tflm").kernels
    assert min(kernel.freed_bytes for kernel in compared) > 5000


def test_operators_without_a_kernel_are_named_and_cost_nothing() -> None:
    names = ["FlexConv2D", "CONV_2D", "SELECT", "CUSTOM:CONV_2D", "", "\x1b[31m"]
    code = runtime_code(names, "tflm")
    assert code.unknown == tuple(sorted(set(names) - {"CONV_2D"}))
    assert code.bytes == runtime_code(["CONV_2D"], "tflm").bytes


def test_every_kernel_of_the_runtime_was_linked() -> None:
    runtime = load_runtime("tflm")
    assert runtime.kernels.keys() | runtime.custom_operators <= set(KERNELS)


def test_calls_are_those_of_the_resolver() -> None:
    resolver = json.loads((FACTS / "tflm-resolver.json").read_text(encoding="utf-8"))
    calls = {**resolver["builtin"], **resolver["custom"]}
    ours = {name: kernel.resolver_call for name, kernel in code_facts("tflm").kernels.items()}
    assert ours == calls


def test_the_libraries_differ_only_where_cmsis_nn_has_a_kernel() -> None:
    reference, cmsis = code_facts("tflm").kernels, code_facts("tflm-cmsis-nn").kernels
    assert reference.keys() == cmsis.keys()
    changed = {name for name in cmsis if cmsis[name].bytes != reference[name].bytes}
    assert (
        changed
        <= json.loads((FACTS / "tflm-cmsis-nn.json").read_text(encoding="utf-8"))[
            "operators"
        ].keys()
    )
    assert {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"} <= changed


def test_a_runtime_that_was_not_linked() -> None:
    assert not has_code_sizes("litert")
    for function in (runtime_code, log_strings, int8_registrations):
        with pytest.raises(UnknownName, match="litert"):
            function([], "litert")


def test_another_core_is_noted() -> None:
    for core in (None, "cortex-m4", "cortex-m7", "cortex-m33"):
        assert runtime_code([], "tflm", core).note is None
    for core in ("cortex-m0plus", "esp32", "riscv32"):
        assert core in (runtime_code([], "tflm", core).note or "")
    assert "MVE" in (runtime_code([], "tflm-cmsis-nn", "cortex-m55").note or "")


def test_log_strings() -> None:
    measured = log_strings(["FULLY_CONNECTED"], "tflm")
    assert (measured.bytes, measured.low, measured.high) == (12_324, 12_324, 12_324)
    assert log_strings([], "tflm").bytes == 22_216 - 11_448
    estimate = log_strings(["TANH", "PAD"], "tflm")
    assert 10_768 < estimate.low < estimate.bytes < estimate.high


def test_int8_registrations() -> None:
    kws = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "AVERAGE_POOL_2D", "SOFTMAX")
    found = int8_registrations([*kws, "RESHAPE"], "tflm-cmsis-nn")
    assert found is not None
    assert found.saved_bytes == 83_744 - 52_960
    assert "AddConv2D(Register_CONV_2D_INT8())" in found.calls
    assert found.measured == tuple(sorted(kws))
    dense = int8_registrations(["FULLY_CONNECTED", "MUL"], "tflm-cmsis-nn")
    assert dense is not None
    assert (dense.saved_bytes, dense.measured) == (31_368 - 27_624, ("FULLY_CONNECTED",))
    unmeasured = int8_registrations(["MUL"], "tflm-cmsis-nn")
    assert unmeasured is not None
    assert unmeasured.saved_bytes is None
    assert int8_registrations(["RESHAPE"], "tflm-cmsis-nn") is None
    assert int8_registrations(kws, "tflm") is None


def test_operators_of_all_subgraphs() -> None:
    model = ModelBuilder()
    model.output(model.softmax(model.fully_connected(model.input((1, 8)), units=4)))
    assert operators_of(graphs(model.build())) == {"FULLY_CONNECTED", "SOFTMAX"}


@pytest.mark.shared
@pytest.mark.parametrize(
    ("file", "sizes"),
    [
        ("kws_ref_model", (40_888, 83_744)),
        ("pretrainedResnet_quant", (45_300, 78_604)),
        ("person_detect", (36_712, 70_256)),
        ("ad01_int8", (19_816, 31_368)),
        ("micro_speech_quantized", (32_944, 57_140)),
    ],
)
def test_models_that_were_linked(file: str, sizes: tuple[int, int]) -> None:
    path = SHARED_MODELS / "tiny" / f"{file}.tflite"
    if not path.exists():
        pytest.skip(f"{file} is not in {SHARED_MODELS} (set TFLITE_LINT_SHARED)")
    needed = operators_of(graphs(read_model(path)))
    assert tuple(runtime_code(needed, name).bytes for name in LIBRARIES) == sizes
