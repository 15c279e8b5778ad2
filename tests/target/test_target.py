"""Targets by name and inline, and sizes as people write them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tflint.errors import UnknownName, UsageError
from tflint.target.runtime import RUNTIMES
from tflint.target.target import DEFAULT_TARGET, Target, find_target, named_targets, parse_size

# INTERFACE.md, "Targets".
GENERIC_CORES = (
    *("cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55"),
    *("esp32", "riscv32"),
)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("20480", 20480),
        ("20480B", 20480),
        ("20K", 20480),
        ("20k", 20480),
        ("20KB", 20480),
        ("64KiB", 65536),
        ("64 KiB", 65536),
        (" 1M ", 1048576),
        ("1MiB", 1048576),
        ("2G", 2 * 1024**3),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text",
    [
        "",
        "K",
        "-1",
        "+1",
        "1.5K",
        "1e3",
        "0x10",
        "20 K K",
        "1T",
        "20Ki",
        "1_000",
        "9" * 5000,
        "K20",
    ],
)
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(UsageError, match="is not a size"):
        parse_size(text)


@given(st.integers(0, 10**12), st.sampled_from(["", "K", "M", "G"]))
def test_every_number_with_a_unit_is_a_size(number: int, unit: str) -> None:
    factor = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}[unit]
    assert parse_size(f"{number}{unit}") == number * factor


@given(st.text(max_size=20))
def test_any_text_is_a_size_or_a_usage_error(text: str) -> None:
    with contextlib.suppress(UsageError):
        assert parse_size(text) >= 0


def test_the_default_has_no_budget() -> None:
    target = find_target(DEFAULT_TARGET)

    assert (target.name, target.runtime_name, target.core) == ("tflm", "tflm", "cortex-m4")
    assert (target.flash_bytes, target.ram_bytes) == (None, None)


@pytest.mark.parametrize("core", GENERIC_CORES)
def test_generic_cores_have_no_budget(core: str) -> None:
    target = find_target(core)

    assert (target.core, target.flash_bytes, target.ram_bytes) == (core, None, None)


@pytest.mark.parametrize("target", named_targets().values(), ids=lambda target: target.name)
def test_every_target_has_a_description_and_a_runtime(target: Target) -> None:
    assert target.description
    assert target.runtime_name in RUNTIMES
    assert target.runtime.name == target.runtime_name
    assert find_target(target.name) is target


@pytest.mark.parametrize(
    ("text", "flash", "ram", "runtime"),
    [
        ("cortex-m4:flash=256K,ram=64K", 262144, 65536, "tflm"),
        ("cortex-m4:ram=64K", None, 65536, "tflm"),
        ("cortex-m4:flash=1M,runtime=tflm-cmsis-nn", 1048576, None, "tflm-cmsis-nn"),
        ("cortex-m4: flash = 256K , ram = 64K", 262144, 65536, "tflm"),
        ("litert:flash=0", 0, None, "litert"),
    ],
)
def test_inline_targets(text: str, flash: int | None, ram: int | None, runtime: str) -> None:
    target = find_target(text)

    assert (target.name, target.flash_bytes, target.ram_bytes) == (text, flash, ram)
    assert target.runtime_name == runtime


def test_an_inline_target_leaves_the_named_one_as_it_is() -> None:
    find_target("cortex-m4:flash=1K")

    assert find_target("cortex-m4").flash_bytes is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "unknown target ``"),
        ("cortex-m8", "did you mean `cortex-m"),
        ("Cortex-M4", "did you mean `cortex-m4`?"),
        ("TFLM", "did you mean `tflm`?"),
        (":flash=1K", "unknown target ``"),
        ("cortex-m4:", "expected KEY=VALUE"),
        ("cortex-m4:flash", "expected KEY=VALUE"),
        ("cortex-m4:flash=1K,", "expected KEY=VALUE"),
        ("cortex-m4:flash=1K;ram=1K", "is not a size"),
        ("cortex-m4:rom=1K", "unknown target setting `rom`"),
        ("cortex-m4:runtime=litter", "did you mean `litert`?"),
    ],
)
def test_what_is_no_target(text: str, says: str) -> None:
    with pytest.raises(UsageError) as raised:
        find_target(text)
    assert says in str(raised.value)


def test_the_same_setting_twice_is_a_contradiction() -> None:
    with pytest.raises(UsageError, match="flash"):
        find_target("cortex-m4:flash=1K,flash=2K")


def test_an_unknown_name_suggests_only_what_is_near() -> None:
    assert "did you mean" not in str(UnknownName("target", "zzz", ["tflm"], "see the list"))
    assert str(UnknownName("target", "tflx", ["tflm"])) == (
        "unknown target `tflx`; did you mean `tflm`?"
    )
    assert str(UnknownName("target", "zzz", ["tflm"])) == "unknown target `zzz`"
