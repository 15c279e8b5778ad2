"""What is known about runtimes: kernels, the types they take, and what is inherited."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tflint.errors import UnknownName
from tflint.model.schema import BUILTIN_OPERATORS, TensorType
from tflint.target import runtime as runtime_module
from tflint.target.runtime import RUNTIMES, Demand, Kernel, Runtime, Verdict, load_runtime

INT8, FLOAT32, INT32 = "INT8", "FLOAT32", "INT32"

BASE = {
    "source": "a runtime",
    "date": "2026-01-01",
    "ignores_versions": True,
    "custom_operators": ["Window"],
    "tensor_types": {"refused": ["COMPLEX64"], "says": "no such type"},
    "operators": {
        "ADD": {"accepts": ["INT8,INT8->INT8"]},
        "PAD": {"accepts": ["INT8,INT32->INT8"], "constant_inputs": [1]},
        "CONCATENATION": {"accepts": ["INT8->INT8"], "variadic": "inputs"},
    },
}
DERIVED = {
    "inherits": "tflm",
    "source": "another",
    "date": "2026-02-02",
    "operators": {
        "ADD": {"accepts": ["INT16,INT16->INT16"], "refuses": ["FLOAT32,FLOAT32->FLOAT32"]}
    },
}


@pytest.fixture
def facts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Runtime]]:
    """Load a runtime from these facts instead of the files."""

    def load(name: str, **files: dict[str, Any]) -> Runtime:
        by_name = {key.replace("_", "-"): value for key, value in files.items()}
        monkeypatch.setattr(runtime_module, "_facts", by_name.__getitem__)
        load_runtime.cache_clear()
        return load_runtime(name)

    yield load
    monkeypatch.undo()
    load_runtime.cache_clear()


# Signatures and verdicts


def test_a_signature_is_inputs_and_outputs_by_type() -> None:
    assert Kernel("ADD").signature([INT8, INT8], [INT8]) == "INT8,INT8->INT8"
    assert Kernel("VAR_HANDLE").signature([], ["RESOURCE"]) == "->RESOURCE"


def test_an_input_left_out_has_its_place() -> None:
    found = Kernel("SVDF").signature([INT8, None, INT8], [INT8])
    assert found == "INT8,none,INT8->INT8"


def test_a_last_input_left_out_may_as_well_not_be_there() -> None:
    kernel = Kernel("FULLY_CONNECTED", accepts=frozenset(["INT8,INT8,none->INT8"]))

    for inputs in ([INT8, INT8], [INT8, INT8, None]):
        assert kernel.verdict(kernel.signature(inputs, [INT8])) is Verdict.ACCEPTED
    assert kernel.verdict(kernel.signature([INT8, INT8, INT32], [INT8])) is Verdict.REFUSED


@pytest.mark.parametrize("count", [1, 2, 7])
def test_a_slot_that_repeats_stands_once(count: int) -> None:
    concat = Kernel("CONCATENATION", variadic="inputs")
    split = Kernel("SPLIT", variadic="outputs")

    assert concat.signature([INT8] * count, [INT8]) == "INT8->INT8"
    assert split.signature([INT32, INT8], [INT8] * count) == "INT32,INT8->INT8"
    assert concat.signature([INT8, FLOAT32], [INT8]) == "INT8,FLOAT32->INT8"


@pytest.mark.parametrize(
    ("kernel", "verdict"),
    [
        (Kernel("X", accepts=frozenset(["INT8->INT8"])), Verdict.ACCEPTED),
        (Kernel("X", accepts=frozenset(["INT16->INT16"])), Verdict.REFUSED),
        (Kernel("X", accepts=frozenset()), Verdict.REFUSED),
        (Kernel("X", accepts=frozenset(["INT16->INT16"]), complete=False), Verdict.UNKNOWN),
        (
            Kernel("X", accepts=frozenset(), refuses=frozenset(["INT8->INT8"]), complete=False),
            Verdict.REFUSED,
        ),
        (Kernel("X"), Verdict.UNKNOWN),
        (Kernel("X", refuses=frozenset(["INT8->INT8"])), Verdict.REFUSED),
    ],
)
def test_verdicts(kernel: Kernel, verdict: Verdict) -> None:
    assert kernel.verdict("INT8->INT8") is verdict


# Loading


def test_what_a_runtime_has(facts: Callable[..., Runtime]) -> None:
    runtime = facts("tflm", tflm=BASE)

    assert (runtime.title, runtime.is_mcu, runtime.source) == ("TFLM", True, "a runtime")
    assert runtime.kernel("GELU") is None
    assert runtime.custom_operators == {"Window"}
    assert runtime.refused_types == {"COMPLEX64"}
    assert runtime.ignores_versions
    pad = runtime.kernel("PAD")
    assert pad is not None
    assert pad.constant_inputs == (1,)


def test_a_runtime_inherits_what_it_does_not_say_itself(facts: Callable[..., Runtime]) -> None:
    runtime = facts("tflm-cmsis-nn", tflm=BASE, tflm_cmsis_nn=DERIVED)

    assert (runtime.source, runtime.date) == ("another", "2026-02-02")
    assert runtime.custom_operators == {"Window"}
    assert runtime.refused_types == {"COMPLEX64"}
    assert runtime.types_message == "no such type"
    assert runtime.ignores_versions
    assert set(runtime.kernels) == {"ADD", "PAD", "CONCATENATION"}
    assert runtime.kernel("PAD") == load_runtime("tflm").kernel("PAD")


def test_of_a_kernel_of_its_own_only_what_was_seen_is_known(facts: Callable[..., Runtime]) -> None:
    add = facts("tflm-cmsis-nn", tflm=BASE, tflm_cmsis_nn=DERIVED).kernel("ADD")

    assert add is not None
    assert add.verdict("INT16,INT16->INT16") is Verdict.ACCEPTED
    assert add.verdict("FLOAT32,FLOAT32->FLOAT32") is Verdict.REFUSED
    assert add.verdict("INT8,INT8->INT8") is Verdict.UNKNOWN


def test_an_operators_variadic_slot_is_inherited(facts: Callable[..., Runtime]) -> None:
    derived = {**DERIVED, "operators": {"CONCATENATION": {"accepts": ["INT16->INT16"]}}}
    concat = facts("tflm-cmsis-nn", tflm=BASE, tflm_cmsis_nn=derived).kernel("CONCATENATION")

    assert concat is not None
    assert concat.signature(["INT16"] * 3, ["INT16"]) == "INT16->INT16"


def test_an_unknown_runtime() -> None:
    with pytest.raises(UnknownName, match="did you mean `tflm`"):
        load_runtime("tflmm")


DEMANDS = [
    {
        "signatures": ["INT8,INT8->INT8", "INT16,INT16->INT16"],
        "demands": [
            {
                "operand": "1",
                "parameter": "scale",
                "outcome": "refused",
                "equals": "output",
                "tolerance": 1e-6,
                "says": "tensorflow/lite/micro/kernels/x.cc:7 scales differ",
            },
            {"operand": "output", "parameter": "zero_point", "outcome": "ignored", "value": 0},
        ],
    }
]


def test_demands_on_scales(facts: Callable[..., Runtime]) -> None:
    base = {**BASE, "operators": {"ADD": {"accepts": ["INT8,INT8->INT8"], "demands": DEMANDS}}}
    add = facts("tflm", tflm=base).kernel("ADD")

    assert add is not None
    first, second = add.demanded("INT8,INT8->INT8")
    assert first == Demand(1, "scale", True, tolerance=1e-6, says="scales differ")
    assert second == Demand(None, "zero_point", False, value=0)
    assert add.demanded("FLOAT32,FLOAT32->FLOAT32") == ()


def test_demands_are_inherited_where_a_table_says_so(facts: Callable[..., Runtime]) -> None:
    base = {**BASE, "operators": {"ADD": {"accepts": ["INT8,INT8->INT8"], "demands": DEMANDS}}}
    own = {"accepts": ["INT8,INT8->INT8"]}
    for more, count in (({}, 0), ({"demands": "inherited"}, 2)):
        derived = {**DERIVED, "operators": {"ADD": {**own, **more}}}
        add = facts("tflm-cmsis-nn", tflm=base, tflm_cmsis_nn=derived).kernel("ADD")
        assert add is not None
        assert len(add.demanded("INT8,INT8->INT8")) == count
        # What its own table does not list as accepted is not known of it.
        assert add.demanded("INT16,INT16->INT16") == ()


# The real tables


@pytest.mark.parametrize("name", RUNTIMES)
def test_the_facts_speak_the_schemas_language(name: str) -> None:
    runtime = load_runtime(name)
    types = {type.name for type in TensorType} | {"none", ""}

    assert runtime.kernels.keys() <= set(BUILTIN_OPERATORS)
    assert runtime.refused_types <= types
    for kernel in runtime.kernels.values():
        for signature in (kernel.accepts or frozenset()) | kernel.refuses:
            inputs, arrow, outputs = signature.partition("->")
            assert arrow, (kernel.name, signature)
            assert {*inputs.split(","), *outputs.split(",")} <= types, (kernel.name, signature)


@pytest.mark.parametrize("name", RUNTIMES)
def test_the_facts_contradict_neither_themselves_nor_the_code(name: str) -> None:
    for kernel in load_runtime(name).kernels.values():
        assert not (kernel.accepts or frozenset()) & kernel.refuses, kernel.name
        for rank in (kernel.max_rank, *getattr(kernel, "max_rank_for", {}).values()):
            assert rank is None or isinstance(rank, int), (kernel.name, rank)


@pytest.mark.parametrize("name", RUNTIMES)
def test_the_facts_carry_where_they_are_from(name: str) -> None:
    runtime = load_runtime(name)

    assert runtime.source not in ("", "stub")
    assert len(runtime.date) == len("2026-01-01")


# What every user of these runtimes relies on, and what the project's own models need.
@pytest.mark.parametrize(
    ("name", "operator", "signature", "verdict"),
    [
        ("tflm", "CONV_2D", "INT8,INT8,INT32->INT8", Verdict.ACCEPTED),
        ("tflm", "CONV_2D", "FLOAT32,FLOAT32,FLOAT32->FLOAT32", Verdict.ACCEPTED),
        ("tflm", "CONV_2D", "FLOAT32,INT8,FLOAT32->FLOAT32", Verdict.REFUSED),
        ("tflm", "DEPTHWISE_CONV_2D", "FLOAT32,INT8,FLOAT32->FLOAT32", Verdict.REFUSED),
        ("tflm", "FULLY_CONNECTED", "FLOAT32,INT8,FLOAT32->FLOAT32", Verdict.REFUSED),
        ("tflm", "DEQUANTIZE", "FLOAT16->FLOAT32", Verdict.REFUSED),
        ("tflm", "DEQUANTIZE", "INT8->FLOAT32", Verdict.ACCEPTED),
        ("tflm", "SOFTMAX", "UINT8->UINT8", Verdict.REFUSED),
        ("tflm-cmsis-nn", "CONV_2D", "FLOAT32,INT8,FLOAT32->FLOAT32", Verdict.REFUSED),
        ("tflm-cmsis-nn", "FULLY_CONNECTED", "FLOAT32,INT8,FLOAT32->FLOAT32", Verdict.REFUSED),
        ("tflm-cmsis-nn", "DEQUANTIZE", "FLOAT16->FLOAT32", Verdict.REFUSED),
    ],
)
def test_well_known_verdicts(name: str, operator: str, signature: str, verdict: Verdict) -> None:
    kernel = load_runtime(name).kernel(operator)

    assert kernel is not None
    assert kernel.verdict(signature) is verdict


@pytest.mark.parametrize("operator", ["GELU", "CONV_3D", "RFFT2D"])
def test_tflm_lacks_what_litert_has(operator: str) -> None:
    assert load_runtime("tflm").kernel(operator) is None
    assert load_runtime("tflm-cmsis-nn").kernel(operator) is None
    assert load_runtime("litert").kernel(operator) is not None


def test_tflm_has_kernels_of_its_own() -> None:
    assert {"SignalWindow", "CIRCULAR_BUFFER"} <= load_runtime("tflm").custom_operators


@pytest.mark.parametrize(
    ("name", "operator", "signature", "operand", "parameter", "refused", "value"),
    [
        ("tflm", "MAX_POOL_2D", "INT8->INT8", 0, "scale", True, None),
        ("tflm", "RESHAPE", "INT8,INT32->INT8", 0, "scale", False, None),
        ("tflm", "CONCATENATION", "INT8->INT8", 1, "zero_point", True, None),
        ("tflm", "SOFTMAX", "INT8->INT8", None, "scale", True, 1 / 256),
        ("tflm", "LOGISTIC", "INT8->INT8", None, "scale", False, 1 / 256),
        ("tflm", "CONV_2D", "INT8,INT8,INT32->INT8", 1, "zero_point", False, 0),
        ("tflm-cmsis-nn", "MAX_POOL_2D", "INT8->INT8", 0, "scale", True, None),
        ("tflm-cmsis-nn", "TANH", "INT8->INT8", None, "scale", False, 1 / 128),
        ("litert", "LOGISTIC", "INT8->INT8", None, "scale", True, 1 / 256),
        ("litert", "MAX_POOL_2D", "INT8->INT8", 0, "scale", False, None),
    ],
)
def test_well_known_demands(
    name: str,
    operator: str,
    signature: str,
    operand: int | None,
    parameter: str,
    refused: bool,
    value: float | None,
) -> None:
    kernel = load_runtime(name).kernel(operator)

    assert kernel is not None
    demands = kernel.demanded(signature)
    found = [d for d in demands if (d.operand, d.parameter) == (operand, parameter)]
    assert [(d.is_refused, d.value) for d in found] == [(refused, value)]


@pytest.mark.parametrize("operator", ["ADD", "MUL", "MEAN", "LEAKY_RELU", "QUANTIZE"])
def test_kernels_that_rescale_demand_nothing_of_int8(operator: str) -> None:
    kernel = load_runtime("tflm").kernel(operator)

    assert kernel is not None
    int8 = [signature for signature in kernel.accepts or () if "INT16" not in signature]
    assert int8
    assert not any(kernel.demanded(signature) for signature in int8)
