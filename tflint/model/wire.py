"""The schema's wire layouts (`schema.WIRE`) as objects that reader and writer share."""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from tflint.model import schema
from tflint.model.record import SchemaEnum
from tflint.model.tables import STRUCTURE

SCALAR_FORMATS = {
    "bool": "?",
    "u8": "B",
    "i8": "b",
    "u16": "H",
    "i16": "h",
    "u32": "I",
    "i32": "i",
    "u64": "Q",
    "i64": "q",
    "f32": "f",
    "f64": "d",
}


class Shape(Enum):
    """How a field is laid out."""

    SCALAR = auto()
    STRING = auto()
    TABLE = auto()
    UNION = auto()
    BYTES = auto()
    SCALARS = auto()
    STRINGS = auto()
    TABLES = auto()


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a table.

    `format` is its `struct` code and `width` its size in bytes, of one element for vectors;
    `inline_bytes` is what it takes inside its table. `refers_to` names the table or union.
    A union's type code lives in the slot before.
    """

    name: str
    slot: int
    shape: Shape
    format: str
    width: int
    inline_bytes: int
    enum: type[SchemaEnum] | None
    refers_to: str
    default: bool | int | float


@dataclass(frozen=True, slots=True)
class Layout:
    """A table of the schema; slots from `slot_count` on belong to a newer one."""

    name: str
    fields: tuple[Field, ...]
    slot_count: int


@functools.cache
def layout(table: str) -> Layout:
    """The layout of a table of the schema."""
    fields = tuple(_field(text) for text in schema.WIRE[table].split())
    return Layout(table, fields, max((field.slot + 1 for field in fields), default=0))


def class_of(table: str) -> Callable[..., object]:
    """The class of a table: a dataclass of `tables`, or a record of `schema`."""
    found: Callable[..., object] = STRUCTURE.get(table) or getattr(schema, table)
    return found


def _field(text: str) -> Field:
    name, _, rest = text.partition(":")
    kind, _, rest = rest.partition("@")
    slot, _, default = rest.partition("=")
    element = kind.strip("[]")
    in_vector = kind != element
    enum: type[SchemaEnum] | None = None
    scalar = SCALAR_FORMATS.get(element, "")
    if kind == "[u8]":
        shape = Shape.BYTES
    elif scalar:
        shape = Shape.SCALARS if in_vector else Shape.SCALAR
    elif element == "str":
        shape = Shape.STRINGS if in_vector else Shape.STRING
    elif element in schema.UNIONS:
        shape = Shape.UNION
    elif element in schema.WIRE:
        shape = Shape.TABLES if in_vector else Shape.TABLE
    else:
        # Enums of the schema are all one signed byte.
        shape, scalar, enum = Shape.SCALAR, "b", getattr(schema, element)
    width = struct.calcsize(f"<{scalar}") if scalar else 4
    return Field(
        name=name,
        slot=int(slot),
        shape=shape,
        format=f"<{scalar}",
        width=width,
        inline_bytes=width if shape is Shape.SCALAR else 4,
        enum=enum,
        refers_to=element,
        default=_default(default, scalar),
    )


def _default(text: str, scalar: str) -> bool | int | float:
    if scalar == "?":
        return text == "True"
    if scalar in ("f", "d"):
        return float(text or 0)
    return int(text or 0)
