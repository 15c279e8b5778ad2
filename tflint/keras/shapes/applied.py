"""A layer with the shapes it is applied to: reading its arguments, refusing what Keras refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from tflint.keras.dimensions import integer, text
from tflint.keras.network import Dim, Layer, Shape, Tensor, Variable
from tflint.keras.values import UNKNOWN, Unknown, Value


class Refused(Exception):
    """Keras refuses to build this. The message is one sentence with figures, without a stop."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The shapes that come out, and the weights that are made."""

    shapes: tuple[Shape, ...]
    variables: tuple[Variable, ...] | Unknown = ()


NOTHING_KNOWN = Outcome((UNKNOWN,), UNKNOWN)


@dataclass(slots=True)
class Applied:
    """A layer, what it is applied to, and what only some versions of Keras refuse.

    `derive` gives the outcome of another layer, for wrappers.
    """

    layer: Layer
    shapes: tuple[Shape, ...]
    tensors: tuple[Tensor, ...]
    derive: Callable[[Layer, Sequence[Shape]], Outcome]
    refusals: dict[int, str] = field(default_factory=dict)

    @property
    def shape(self) -> Shape:
        """The shape of the first input."""
        return self.shapes[0] if self.shapes else UNKNOWN

    def refuse_in(self, version: int, message: str) -> None:
        """Note that one Keras version refuses this; raises `Refused` if the other does, too."""
        self.refusals.setdefault(version, message)
        if len(self.refusals) == 2:
            raise Refused(self.refusals[3])

    def value(self, parameter: str) -> Value:
        """What the parameter is, given or by default."""
        return self.layer.value(parameter)

    def integer(self, parameter: str) -> int | Unknown:
        """An integer; UNKNOWN for anything else."""
        return integer(self.value(parameter))

    def positive(self, parameter: str) -> int | Unknown:
        """An integer above 0; raises `Refused` where it is not."""
        size = self.integer(parameter)
        if isinstance(size, int) and size <= 0:
            raise Refused(f"{self.layer.kind} needs {parameter} above 0, gets {size:,}")
        return size

    def integers(self, parameter: str, count: int, *, least: int = 1) -> tuple[int | Unknown, ...]:
        """As many integers; one stands for all. Raises `Refused` for another number of them."""
        value = self.value(parameter)
        if not isinstance(value, tuple):
            sizes: tuple[int | Unknown, ...] = (integer(value),) * count
        elif len(value) != count:
            raise Refused(
                f"{self.layer.kind} needs {parameter} for {count} dimension"
                f"{'s' * (count > 1)}, gets {len(value)}"
            )
        else:
            sizes = tuple(map(integer, value))
        for size in sizes:
            if isinstance(size, int) and size < least:
                limit = f"above {least - 1}" if least else "not below 0"
                raise Refused(f"{self.layer.kind} needs {parameter} {limit}, gets {size:,}")
        return sizes

    def flag(self, parameter: str) -> bool | Unknown:
        """Whether it is set, as Python has it."""
        value = self.value(parameter)
        if isinstance(value, (bool, int, float, str)) or value is None:
            return bool(value)
        return UNKNOWN

    def choice(self, parameter: str) -> str | Unknown:
        """A word, in lower case."""
        value = self.value(parameter)
        return value.lower() if isinstance(value, str) else UNKNOWN

    def needs_rank(self, rank: int, shape: Shape | None = None) -> tuple[Dim, ...]:
        """The input, of that rank; all unknown where it is not known. Raises `Refused`."""
        given = self.shape if shape is None else shape
        if isinstance(given, Unknown):
            return (UNKNOWN,) * rank
        if len(given) != rank:
            raise Refused(self.rank_fault(str(rank), given))
        return given

    def rank_fault(self, needed: str, shape: tuple[Dim, ...]) -> str:
        """That the number of dimensions does not fit."""
        return f"{self.layer.kind} takes {needed} dimensions, gets {len(shape)} {text(shape)}"


def only_if(condition: bool | Unknown, *variables: Variable) -> tuple[Variable, ...] | Unknown:
    """The variables of a layer that are made on a condition."""
    if isinstance(condition, Unknown):
        return UNKNOWN
    return variables if condition else ()


def join(*parts: tuple[Variable, ...] | Unknown) -> tuple[Variable, ...] | Unknown:
    """All variables; UNKNOWN where a part is."""
    joined: list[Variable] = []
    for part in parts:
        if isinstance(part, Unknown):
            return UNKNOWN
        joined.extend(part)
    return tuple(joined)


Calculator: TypeAlias = Callable[[Applied], Outcome]
Calculators: TypeAlias = Mapping[str, Calculator]
