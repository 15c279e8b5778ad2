"""What is known of the arguments of Keras code, without running it.

A value is a constant where all of it is known (lists are tuples here: Keras takes both alike), or
one of the classes below. `UNKNOWN` is never guessed at: no finding rests on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Final, TypeAlias, Union

from tflint.finding import Location


class Unknown(Enum):
    """The one value about which nothing is known."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown.UNKNOWN


class KerasObject:
    """Base of `Layer`, `Tensor` and `Network`, which are values as well."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """Something that is named through an import and not called: `keras.activations.relu`.

    `path` is the dotted path, with Keras' home, whichever it is, called `keras`.
    """

    path: str


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What a call of something outside the file gives: `numpy.random.rand(1, 32)`.

    A method of such a result is named behind its path: `numpy.random.rand().astype`.
    `operands` are the arguments, and what the method was called on first; `keywords` those that
    were given by name: `from_logits` of `keras.losses.BinaryCrossentropy(from_logits=True)`.
    `location` is the call.
    """

    path: str
    operands: tuple[Value, ...] = ()
    keywords: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    location: Location | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A function of the file, or a lambda: where it is defined, and what its body comes to.

    `results` are the values it returns or, for a generator, yields, as far as they are known when
    it is called without arguments (representative data sets) or with unknown ones; None when
    that was not looked at.
    """

    name: str
    location: Location
    is_generator: bool = False
    results: tuple[Value, ...] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """One of several values, which of them depends on what is not known."""

    values: tuple[Value, ...]


# Lists and tuples are tuples, dictionaries are mappings.
Value: TypeAlias = Union[
    bool,
    int,
    float,
    complex,
    str,
    bytes,
    "tuple[Value, ...]",
    "Mapping[Value, Value]",
    Reference,
    Result,
    Function,
    Choice,
    Unknown,
    KerasObject,
    None,
]


class Evidence(Enum):
    """How sure it is that code runs, once what it stands in is run.

    `CERTAIN`: it does. `POSSIBLE`: it stands in a branch that what is known does not decide.
    `ASSUMED`: it does with the defaults of a function that nothing in the file calls.
    """

    CERTAIN = "certain"
    POSSIBLE = "possible"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True, eq=False)
class Argument:
    """An argument of a call: its value and where that stands.

    `location` is the expression in the call, `origin` the literal or the display of a list or
    tuple that gives the value, wherever that is: `FORMAT` in `Conv2D(8, 3, data_format=FORMAT)`
    has its origin where `FORMAT = "channels_first"` stands. Both are None in archives, and
    `origin` where the value is computed.
    """

    value: Value
    location: Location | None = None
    origin: Location | None = None


NO_ARGUMENTS: Final[Mapping[str, Argument]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What an attribute of an object may hold at one point of the code.

    `values` has one value where that is certain; `UNKNOWN` among them says that it may be
    anything else. `is_surely_set` tells whether it was written on every way to that point.
    `locations` are the assignments that may have written it, `origins` the literals behind them.
    """

    values: tuple[Value, ...]
    is_surely_set: bool = True
    locations: tuple[Location, ...] = ()
    origins: tuple[Location | None, ...] = field(default=())
