"""Interpreter, resolver and stack: the sizes that compilers gave, and how they grow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tflint.errors import UnknownName
from tflint.memory.static_ram import static_ram

ABIS = ("cortex-m", "ilp32", "x86-64")


@pytest.mark.parametrize(
    ("abi", "kernels", "interpreter", "resolver"),
    [
        ("cortex-m", 1, 208, 48),
        ("cortex-m", 2, 208, 84),
        ("cortex-m", 10, 208, 372),
        ("ilp32", 1, 212, 48),
        ("ilp32", 2, 212, 84),
        ("ilp32", 10, 212, 372),
        ("x86-64", 1, 408, 88),
        ("x86-64", 2, 408, 160),
        ("x86-64", 10, 408, 704),
    ],
)
def test_what_compilers_gave(abi: str, kernels: int, interpreter: int, resolver: int) -> None:
    ram = static_ram(map(str, range(kernels)), "tflm", abi)
    assert (ram.interpreter, ram.resolver, ram.stack) == (interpreter, resolver, 1232)
    assert ram.total == interpreter + resolver + 1232


@given(st.sets(st.text(), min_size=1, max_size=200), st.sampled_from(("cortex-m", "ilp32")))
def test_on_32_bits_each_kernel_takes_36_bytes(operators: set[str], abi: str) -> None:
    """The published formula, 12 + 36 N."""
    repeated = [*operators, *operators]
    assert static_ram(repeated, "tflm", abi).resolver == 12 + 36 * len(operators)


def test_a_model_without_operators_has_a_resolver_all_the_same() -> None:
    for abi in ABIS:
        assert static_ram([], "tflm", abi) == static_ram(["ADD"], "tflm", abi)


def test_unknown_names() -> None:
    with pytest.raises(UnknownName, match="ABI"):
        static_ram([], "tflm", "vax")
    with pytest.raises(UnknownName, match="litert"):
        static_ram([], "litert", "cortex-m")
