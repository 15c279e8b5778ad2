"""A layer with the shapes it is applied to: reading its arguments, refusing what Keras refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from tflint.keras.dimensions import integer, text
from tflint.keras.network import Dim, Layer, Shape, Tensor, Variable
from tflint.keras.signatures import keras_2_is_channels_last
from tflint.keras.values import UNKNOWN, Unknown, Value


class Refused(Exception):
    """Keras refuses to build this. The message is one sentence with figures, without a stop."""


class WrongRank(Refused):
    """The input has another number of dimensions than the layer is for.

    Keras 3's wrappers call layers without looking at that.
    """


@dataclass(frozen=True, slots=True)
class Outcome:
    """The shapes that come out, and the weights that are made."""

    shapes: tuple[Shape, ...]
    variables: tuple[Variable, ...] | Unknown = ()


NOTHING_KNOWN = Outcome((UNKNOWN,), UNKNOWN)


@dataclass(slots=True)
class Applied:
    """A layer and what it is applied to, in one version of Keras.

    `derive` gives the outcome of another layer in the same version, for wrappers. Whoever looks
    at `version` says by that that the outcome may differ between versions.
    """

    layer: Layer
    shapes: tuple[Shape, ...]
    tensors: tuple[Tensor, ...]
    in_version: int
    derive: Callable[[Layer, Sequence[Shape]], Outcome]
    # Empty until somebody looks at the version; layers inside share it.
    version_reads: list[int] = field(default_factory=list)

    @property
    def version(self) -> int:
        """3 for Keras 3, 2 for tf-keras and what came before."""
        if not self.version_reads:
            self.version_reads.append(self.in_version)
        return self.in_version

    @property
    def shape(self) -> Shape:
        """The shape of the first input."""
        return self.shapes[0] if self.shapes else UNKNOWN

    @property
    def data_format(self) -> str | Unknown:
        """The data format, `channels_last` for layers that know no other."""
        layer = self.layer
        if keras_2_is_channels_last(layer.kind) and layer.value("data_format") is None:
            return "channels_last" if self.version == 2 else layer.default_data_format
        return layer.data_format or "channels_last"

    def of(self, layer: Layer) -> Applied:
        """Another layer, applied to the same in the same version."""
        return replace(self, layer=layer)

    def refuse_in(self, version: int, message: str) -> None:
        """Raise `Refused` in one version of Keras only."""
        if self.version == version:
            raise Refused(message)

    def needs_tensors(self, *counts: int) -> None:
        """Raise `Refused` for another number of tensors.

        What has no shape may be a list of tensors that is not known.
        """
        if len(self.shapes) not in counts and UNKNOWN not in self.shapes:
            needed = " or ".join(map(str, counts))
            raise Refused(f"{self.layer.kind} takes {needed} tensors, gets {len(self.shapes)}")

    def value(self, parameter: str) -> Value:
        """What the parameter is, given or by default."""
        return self.layer.value(parameter)

    def integer(self, parameter: str) -> int | Unknown:
        """An integer; UNKNOWN for anything else."""
        return integer(self.value(parameter))

    def positive(self, parameter: str, *, zero_in: int | None = None) -> int | Unknown:
        """An integer above 0; raises `Refused` where it is not.

        `zero_in` is the version of Keras that lets 0 pass.
        """
        size = self.integer(parameter)
        if isinstance(size, int) and size <= 0:
            message = f"{self.layer.kind} needs {parameter} above 0, gets {size:,}"
            if size or zero_in is None:
                raise Refused(message)
            self.refuse_in(5 - zero_in, message)
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
            raise WrongRank(self.rank_fault(str(rank), given))
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


def agreed(one: Outcome, other: Outcome) -> Outcome:
    """What two versions of Keras agree on; UNKNOWN for the rest."""
    if len(one.shapes) != len(other.shapes):
        return NOTHING_KNOWN
    shapes = tuple(_same_shape(*pair) for pair in zip(one.shapes, other.shapes, strict=True))
    if isinstance(one.variables, Unknown) or isinstance(other.variables, Unknown):
        return Outcome(shapes, UNKNOWN)
    if len(one.variables) != len(other.variables):
        return Outcome(shapes, UNKNOWN)
    variables: list[Variable] = []
    for first, second in zip(one.variables, other.variables, strict=True):
        size = _same_shape(first.shape, second.shape)
        if isinstance(size, Unknown) or first.is_trainable != second.is_trainable:
            return Outcome(shapes, UNKNOWN)
        variables.append(Variable(first.name, size, first.is_trainable))
    return Outcome(shapes, tuple(variables))


def _same_shape(one: Shape, other: Shape) -> Shape:
    if isinstance(one, Unknown) or isinstance(other, Unknown) or len(one) != len(other):
        return UNKNOWN
    return tuple(
        first if first == second else UNKNOWN for first, second in zip(one, other, strict=True)
    )
