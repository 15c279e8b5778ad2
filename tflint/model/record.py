"""Bases of the schema's classes: enums that keep unknown values, frozen records, unknown fields."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, ClassVar

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
    """A frozen record whose fields are its class's annotations, defaults included.

    What `@dataclass(frozen=True)` gives, without compiling an `__init__` for each of the
    hundred and fifty options classes: that alone would cost `tflint check` 50 ms a start.
    """

    unknown_fields: tuple[UnknownField, ...]

    def __init_subclass__(cls) -> None:
        cls._fields = tuple(getattr(cls, "__annotations__", ()))

    _fields: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *args: object, **values: object) -> None:
        positional = dict(zip(self._fields, args, strict=False))
        known = {*self._fields, "unknown_fields"} - positional.keys()
        if len(args) > len(self._fields) or not values.keys() <= known:
            raise TypeError(f"{type(self).__name__} takes {', '.join(self._fields)}, each once")
        values.update(positional)
        values.setdefault("unknown_fields", ())
        self.__dict__.update(values)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def _values(self) -> tuple[object, ...]:
        return (*(getattr(self, name) for name in self._fields), self.unknown_fields)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash((type(self), self._values()))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._fields)
        return f"{type(self).__name__}({fields})"

    def replace(self, **changes: object) -> Self:
        """A copy with these fields changed."""
        return type(self)(**{**self.__dict__, **changes})
