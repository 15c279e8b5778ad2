"""How a compiler lays out C structs: what a runtime's data take in RAM depends on it.

A struct is written down once, as its fields; its size follows for each ABI by the rules of C:
every field at a multiple of its alignment, the whole rounded up to the largest alignment.
"""

from __future__ import annotations

from dataclasses import dataclass

# Source: "Procedure Call Standard for the Arm Architecture" (AAPCS32), the RISC-V ELF psABI
# and the System V ABI for x86-64: fixed-width types have their size as alignment in all three.
_FIXED = {"i8": 1, "u8": 1, "bool": 1, "i16": 2, "u16": 2, "i32": 4, "f32": 4, "i64": 8, "f64": 8}


@dataclass(frozen=True, slots=True)
class Abi:
    """What of an ABI the size of a struct depends on.

    `pointer` is the bytes of a pointer and of `size_t`; `enum` those of an enumeration with
    small values: 1 where the compiler picks the smallest type that fits (`-fshort-enums`, the
    rule on bare-metal Arm), else 4.
    """

    name: str
    pointer: int
    enum: int

    def size(self, type: str) -> int:
        """Bytes, and alignment, of a scalar type: `i32`, `f64`, `bool`, `enum`, `ptr`, `size`."""
        if type in ("ptr", "size"):
            return self.pointer
        return self.enum if type == "enum" else _FIXED[type]


CORTEX_M = Abi("cortex-m", pointer=4, enum=1)
ILP32 = Abi("ilp32", pointer=4, enum=4)
X86_64 = Abi("x86-64", pointer=8, enum=4)
ABIS = {abi.name: abi for abi in (CORTEX_M, ILP32, X86_64)}


def align_up(size: int, alignment: int) -> int:
    """The next multiple of `alignment` that is not below `size`."""
    return -(-size // alignment) * alignment


@dataclass(frozen=True, slots=True)
class Layout:
    """Size and alignment of a struct in bytes."""

    size: int
    align: int


class Struct:
    """A C struct: its fields in order.

    A field is a scalar type with an optional count, `"i32*4"`, or another struct. A class with
    virtual functions begins with a `ptr` for each base that has them.
    """

    def __init__(self, *fields: str | Struct) -> None:
        self.fields = fields
        self._layouts: dict[str, Layout] = {}

    def layout(self, abi: Abi) -> Layout:
        """Its size and alignment."""
        found = self._layouts.get(abi.name)
        if found is None:
            found = self._layouts[abi.name] = _layout(self, abi)
        return found

    def size(self, abi: Abi) -> int:
        """Its size in bytes."""
        return self.layout(abi).size


def _layout(struct: Struct, abi: Abi) -> Layout:
    offset, alignment = 0, 1
    for field in struct.fields:
        if isinstance(field, Struct):
            inner, count = field.layout(abi), 1
        else:
            type, _, times = field.partition("*")
            inner, count = Layout(abi.size(type), abi.size(type)), int(times or 1)
        offset = align_up(offset, inner.align) + inner.size * count
        alignment = max(alignment, inner.align)
    return Layout(align_up(max(offset, 1), alignment), alignment)
