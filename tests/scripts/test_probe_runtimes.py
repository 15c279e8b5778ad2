"""The committed runtime tables: sound in themselves, and what the runtimes still say."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tflint.model.schema import BUILTIN_OPERATORS, TensorType

ROOT = Path(__file__).resolve().parents[2]
FACTS = ROOT / "mcu_runtime" / "tflint_mcu_runtime" / "facts"
RUNTIMES = ("litert", "tflm", "tflm-cmsis-nn")
TYPES = {*TensorType.__members__, "none"}
# Quick to probe, and between them: weights, an argument, a variadic output, a variable.
PROBED = ("DEQUANTIZE", "READ_VARIABLE", "SOFTMAX", "SPLIT")


def table(runtime: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FACTS / f"{runtime}.json").read_text(encoding="utf-8"))
    return loaded


def accepts(runtime: str, operator: str) -> list[str]:
    found: list[str] = table(runtime)["operators"][operator]["accepts"]
    return found


def types_of(signature: str) -> list[str]:
    assert signature.count("->") == 1
    return [name for name in re.split(",|->", signature) if name]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_names_its_source_and_its_operators(runtime: str) -> None:
    facts = table(runtime)
    assert facts["schema"] == 1
    assert facts["runtime"] == runtime
    assert facts["source"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", facts["date"])
    assert facts["operators"].keys() <= set(BUILTIN_OPERATORS)


@pytest.mark.parametrize("runtime", ["tflm", "tflm-cmsis-nn"])
def test_signatures_are_sorted_and_of_known_types(runtime: str) -> None:
    for name, entry in table(runtime)["operators"].items():
        for key in ("accepts", "refuses"):
            signatures = entry.get(key, [])
            assert signatures == sorted(set(signatures)), name
            for signature in signatures:
                assert set(types_of(signature)) <= TYPES, (name, signature)
        assert not set(entry.get("accepts", [])) & set(entry.get("refuses", [])), name
        assert not set(entry.get("accepts", [])) & set(entry.get("says", {})), name


def test_every_tflm_operator_accepts_something() -> None:
    for name, entry in table("tflm")["operators"].items():
        assert entry.get("accepts") or entry.get("tensor_types"), name


def test_constant_inputs_are_slots() -> None:
    for name, entry in table("tflm")["operators"].items():
        slots = {signature.partition("->")[0].count(",") for signature in entry.get("accepts", [])}
        for position in entry.get("constant_inputs", []):
            assert 0 <= position <= max(slots), name


@pytest.mark.parametrize(
    ("operator", "signature"),
    [
        ("CONV_2D", "FLOAT32,FLOAT32,FLOAT32->FLOAT32"),
        ("CONV_2D", "INT8,INT8,INT32->INT8"),
        ("CONV_2D", "INT8,INT8,none->INT8"),
        ("CONV_2D", "INT16,INT8,INT64->INT16"),
        ("DEPTHWISE_CONV_2D", "INT8,INT4,INT32->INT8"),
        ("FULLY_CONNECTED", "INT8,INT8,INT32->INT8"),
        ("DEQUANTIZE", "INT8->FLOAT32"),
        ("QUANTIZE", "FLOAT32->INT8"),
        ("SVDF", "INT8,INT8,INT16,INT32,INT16->INT8"),
        ("RESHAPE", "INT8,INT32->INT8"),
        ("SPLIT", "INT32,INT8->INT8"),
        ("CALL_ONCE", "->"),
        ("READ_VARIABLE", "RESOURCE->INT8"),
    ],
)
def test_tflm_accepts(operator: str, signature: str) -> None:
    assert signature in accepts("tflm", operator)


@pytest.mark.parametrize(
    ("operator", "signature"),
    [
        ("CONV_2D", "FLOAT32,INT8,FLOAT32->FLOAT32"),
        ("CONV_2D", "UINT8,UINT8,INT32->UINT8"),
        ("CONV_2D", "INT8,INT8,FLOAT32->INT8"),  # runs, on the bits of the floats
        ("FULLY_CONNECTED", "FLOAT32,INT8,FLOAT32->FLOAT32"),
        ("DEQUANTIZE", "FLOAT16->FLOAT32"),
        ("GREATER", "INT16,INT16->BOOL"),  # runs, with scales that nothing has set
        ("ADD", "INT64,INT64->INT64"),
    ],
)
def test_tflm_does_not_accept(operator: str, signature: str) -> None:
    assert signature not in accepts("tflm", operator)


@pytest.mark.parametrize("runtime", ["tflm", "litert"])
def test_demands_name_operands_and_what_they_are_compared_with(runtime: str) -> None:
    seen = 0
    for name, entry in table(runtime)["operators"].items():
        for group in entry.get("demands", []):
            assert group["signatures"] == sorted(set(group["signatures"])), name
            assert group["demands"], name
            for demand in group["demands"]:
                seen += 1
                assert demand["outcome"] in ("refused", "ignored", "crashes"), name
                assert demand["parameter"] in ("scale", "zero_point"), name
                assert ("value" in demand) != ("equals" in demand), name
                assert bool(demand.get("says")) == (demand["outcome"] == "refused"), name
    assert seen > 50


def test_cmsis_nn_inherits_demands_only_with_a_reason() -> None:
    for name, entry in table("tflm-cmsis-nn")["operators"].items():
        assert ("demands" in entry) == ("; demands: " in entry.get("source", "")), name


def test_tflm_says_why() -> None:
    says = table("tflm")["operators"]["CONV_2D"]["says"]
    assert "Hybrid models are not supported" in says["FLOAT32,INT8,FLOAT32->FLOAT32"]


def test_tflm_facts_beyond_operators() -> None:
    facts = table("tflm")
    assert facts["ignores_versions"] is True
    assert "STRING" in facts["tensor_types"]["refused"]
    assert "SignalRfft" in facts["custom_operators"]
    assert facts["storage"]["sparsity"]["outcome"] == "ignored"


def test_cmsis_nn_differences_are_sourced_or_unknown() -> None:
    base = table("tflm")["operators"]
    for name, entry in table("tflm-cmsis-nn")["operators"].items():
        assert name in base
        if entry != {"unknown": True}:
            assert "@" in entry["source"] or "measured" in entry["source"], name
            unheard = set(entry["accepts"]) - set(base[name]["accepts"])
            assert not unheard, (name, unheard)


def test_litert_versions_are_ranges() -> None:
    for name, entry in table("litert")["operators"].items():
        first, last = entry["versions"]
        assert 1 <= first <= last, name
        assert all(first < gap < last for gap in entry.get("gaps", [])), name


@pytest.mark.slow
def test_tflm_still_says_so() -> None:
    if importlib.util.find_spec("tflite_micro") is None:
        pytest.skip("needs the package tflite-micro (extra `tflm`)")
    committed = table("tflm")
    version = importlib.metadata.version("tflite-micro")
    if f"tflite-micro {version} " not in committed["source"]:
        pytest.skip(f"tflite-micro {version} is not the version of the table: run `make probe`")
    command = [sys.executable, str(ROOT / "scripts" / "probe_runtimes.py"), "--jobs", "1"]
    for name in PROBED:
        command += ["--only", name]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {name: committed["operators"][name] for name in PROBED}
