"""Bases of the schema's classes: enums that keep unknown values, frozen records, unknown fields."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self, dataclass_transform
else:

    def dataclass_transform(**_: object) -> Any:
        """Stand in for the type checker's marker: Python 3.10 does not have it."""
        return lambda cls: cls


class SchemaEnum(IntEnum):
    """An enum of the schema. A number that the schema does not know becomes `UNKNOWN_<n>`."""

    @classmethod
    def _missing_(cls, value: object) -> SchemaEnum | None:
        if not isinstance(value, int):
            return None
        member = int.__new__(cls, value)
        member._name_ = f"UNKNOWN_{value}"
        member._value_ = value
        return member


class Absent(tuple[Any, ...]):
    """The type of `ABSENT`: an empty tuple that remembers it was not in the file at all."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ABSENT"

    def __reduce__(self) -> str:
        # Copies and pickles are the one object too: by its name in this module.
        return "ABSENT"


# Runtimes tell a missing vector from an empty one, so a faithful writer must as well;
# everyone else may treat it as the empty tuple that it is.
ABSENT: tuple[Any, ...] = Absent()


@dataclass(frozen=True, slots=True)
class UnknownField:
    """A field of a newer schema: kept as it is, so that rewriting a model loses nothing.

    `data` is the field's inline bytes. When these are an offset to a part of the file that
    nothing else accounts for, `child` holds that part, which began `child_phase` bytes past
    a multiple of 16, and `data` means nothing.
    """

    slot: int
    data: bytes
    child: bytes | None = None
    child_phase: int = 0


@dataclass(frozen=True, slots=True)
class UnknownTable:
    """A union member of a newer schema: its type code and raw fields."""

    type_code: int
    unknown_fields: tuple[UnknownField, ...] = ()


@dataclass_transform(frozen_default=True)
class Record:
    """A frozen dataclass whose fields are its class's annotations, and `unknown_fields`.

    It becomes one when it is first instantiated: compiling the `__init__` and so on of all
    hundred and fifty options classes would cost `tflint check` 50 ms at every start, and a
    model uses a dozen of them.
    """

    unknown_fields: tuple[UnknownField, ...] = ()

    def __new__(cls, *_: object, **__: object) -> Self:
        """Make the class a dataclass before its `__init__` is looked up."""
        if "__dataclass_fields__" not in cls.__dict__:
            cls.__annotations__ = inspect.get_annotations(cls) | inspect.get_annotations(Record)
            dataclass(frozen=True)(cls)
        return super().__new__(cls)
