"""The RAM that TFLM takes outside the arena: interpreter, resolver and stack.

Sizes in bytes, read off a build of tflite-micro 90b983c (2026-08-20) for each ABI. These three
count against a budget. Not among them, because they are an application's or a few bytes: the
104 bytes that libm keeps (errno), once a kernel needs `expf` or the like; 32 bytes for each
kernel of the signal library, which keeps its registration in a variable; and whatever the
application has beside the model.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tflint.errors import UnknownName
from tflint.memory.flash import code_facts

# The deepest that AllocateTensors went in any of the models measured, without log strings, on a
# Cortex-M4 (Invoke: 1,192). A build that logs errors needs about 700 more.
STACK_BYTES = 1232


@dataclass(frozen=True, slots=True)
class StaticRam:
    """Bytes of `MicroInterpreter`, `MicroMutableOpResolver<N>` and the stack of its calls."""

    interpreter: int
    resolver: int
    stack: int

    @property
    def total(self) -> int:
        """What comes on top of the arena."""
        return self.interpreter + self.resolver + self.stack


@dataclass(frozen=True, slots=True)
class _Layout:
    """Sizes in an ABI: a pointer, `MicroInterpreter` and `BuiltinOperator`, an enum."""

    pointer: int
    interpreter: int
    builtin_operator: int = 4

    def resolver(self, kernels: int) -> int:
        """Bytes of `MicroMutableOpResolver<kernels>` (micro_mutable_op_resolver.h).

        Its vtable, then seven pointers a registration (the enum among them takes the place of
        one), a count, the builtin codes, their parsers, and a count.
        """
        size = self.pointer + 7 * self.pointer * kernels + 4 + self.builtin_operator * kernels
        size = -(-size // self.pointer) * self.pointer + self.pointer * kernels + 4
        return -(-size // self.pointer) * self.pointer


# `BuiltinOperator` is declared as int32_t, so -fshort-enums leaves it at four bytes.
_LAYOUTS = {
    "cortex-m": _Layout(pointer=4, interpreter=208),
    "ilp32": _Layout(pointer=4, interpreter=212),
    "x86-64": _Layout(pointer=8, interpreter=408),
}


def static_ram(operators: Iterable[str], runtime_name: str, abi_name: str) -> StaticRam:
    """The RAM outside the arena for a model with these operators, named any number of times.

    The resolver has room for exactly the kernels that the model needs, custom ones included.
    An operator without a kernel counts as well: whoever brings one has to register it.

    `abi_name` is `cortex-m` (gcc with short enums), `ilp32` (32 bits with long enums, such as
    RISC-V and Xtensa) or `x86-64`. Raises `UnknownName` for another, and for a runtime that is
    not TFLM.
    """
    code_facts(runtime_name)
    if abi_name not in _LAYOUTS:
        raise UnknownName("ABI", abi_name, _LAYOUTS, f"ABIs are {', '.join(_LAYOUTS)}")
    layout = _LAYOUTS[abi_name]
    # Even an empty resolver has room for one: C++ has no arrays of no elements.
    kernels = max(len(frozenset(operators)), 1)
    return StaticRam(layout.interpreter, layout.resolver(kernels), STACK_BYTES)
