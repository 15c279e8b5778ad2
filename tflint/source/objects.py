"""What names and expressions of a source stand for while it is interpreted.

Richer than `tflint.keras.values`: constants know where they are written, lists and models can
change. Whatever changes lies in a `Store`, so that branches can be undone and joined.
"""

from __future__ import annotations

import ast
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from tflint.finding import Location
from tflint.keras.network import Layer, Network, Tensor
from tflint.keras.values import Evidence
from tflint.source.scopes import Scope
from tflint.source.store import MISSING, OPAQUE, Store, Thing

Scalar: TypeAlias = bool | int | float | complex | str | bytes | None
FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True, slots=True, eq=False)
class Const(Thing):
    """A constant, and the expression that it is written as, if it is not computed."""

    value: Scalar
    origin: ast.expr | None = None


NONE: Final = Const(None)


@dataclass(frozen=True, slots=True, eq=False)
class Items(Thing):
    """The content of a sequence; `is_open` where more may follow, or all of it differ."""

    values: tuple[Thing, ...] = ()
    is_open: bool = False


ITEMS: Final = "items"


@dataclass(frozen=True, slots=True, eq=False)
class SequenceThing(Thing):
    """A list, tuple or set (`kind`), or the values that an iterator will give ("iterator")."""

    kind: str
    store: Store
    origin: ast.expr | None = None

    @property
    def items(self) -> Items | Either:
        """What is in it now."""
        found = self.store.content.get(ITEMS)
        return found if isinstance(found, Items | Either) else Items((), is_open=True)


# The key under which a dictionary remembers that it may have others.
OTHER_KEYS: Final = ("other keys",)


@dataclass(frozen=True, slots=True, eq=False)
class DictThing(Thing):
    """A dictionary: its store's keys are its own, when these are constants."""

    store: Store
    origin: ast.expr | None = None
    # Where its values are written, by key.
    nodes: dict[Hashable, ast.expr] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether there may be entries that are not known."""
        return self.store.content.get(OTHER_KEYS, MISSING) is not MISSING

    @property
    def entries(self) -> dict[Hashable, Thing]:
        """The entries that are known."""
        return {
            key: value
            for key, value in self.store.content.items()
            if key is not OTHER_KEYS and value is not MISSING
        }


@dataclass(frozen=True, slots=True, eq=False)
class Path(Thing):
    """Something outside the file, by its dotted path; Keras' home is called `keras`."""

    path: str


@dataclass(frozen=True, slots=True, eq=False)
class Outcome(Thing):
    """What something outside the file gives when it is called, or an attribute of that.

    `operands` are the arguments, and what a method was called on first.
    """

    path: str
    operands: tuple[Thing, ...] = ()
    is_attribute: bool = False
    # Of this and all in it, so that it stays small enough to be looked through.
    size: int = 1
    keywords: Mapping[str, Thing] = field(default_factory=dict)
    node: ast.expr | ast.stmt | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Either(Thing):
    """One of several; which of them is not decided."""

    options: tuple[Thing, ...]


@dataclass(frozen=True, slots=True, eq=False)
class FunctionThing(Thing):
    """A function of the file with the scope it was made in."""

    node: FunctionNode
    scope: Scope
    defaults: Mapping[str, Operand]
    name: str
    owner: ClassThing | None = None
    # "method", "static", "class" or "property", for functions in classes.
    binding: str = "method"


@dataclass(frozen=True, slots=True, eq=False)
class ClassThing(Thing):
    """A class of the file; `fields` are those of a dataclass."""

    node: ast.ClassDef
    store: Store
    bases: tuple[Thing, ...]
    scope: Scope
    fields: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Instance(Thing):
    """An object of a class of the file. `layer` says what it is to Keras, if anything."""

    type: ClassThing
    store: Store
    node: ast.expr | ast.stmt | None
    evidence: Evidence = Evidence.CERTAIN


@dataclass(frozen=True, slots=True, eq=False)
class Method(Thing):
    """A function of the file with the object it is called on."""

    function: FunctionThing
    receiver: Thing


@dataclass(frozen=True, slots=True, eq=False)
class NativeMethod(Thing):
    """A method of something that the interpreter knows: a list, a model, a converter."""

    receiver: Thing
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class SuperThing(Thing):
    """What `super()` gives: the receiver, and the class whose bases are meant."""

    owner: ClassThing
    receiver: Thing


@dataclass(frozen=True, slots=True, eq=False)
class Partial(Thing):
    """`functools.partial` of something, with what it was given."""

    callee: Thing
    arguments: Arguments


@dataclass(frozen=True, slots=True, eq=False)
class LayerThing(Thing):
    """A Keras layer object."""

    layer: Layer


@dataclass(frozen=True, slots=True, eq=False)
class TensorThing(Thing):
    """A symbolic tensor."""

    tensor: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class ModelThing(Thing):
    """A functional model: its network, and the layer that it is inside others."""

    network: Network
    layer: Layer


@dataclass(frozen=True, slots=True, eq=False)
class Stage(Thing):
    """A place in a Sequential model's chain, behind `previous` (None: the first)."""

    previous: Thing | None
    item: Thing
    node: ast.expr | ast.stmt
    evidence: Evidence


@dataclass(frozen=True, slots=True, eq=False)
class SequentialThing(Thing):
    """A Sequential model; its store has the last stage of its chain, and its input."""

    store: Store
    name: str | None
    location: Location
    evidence: Evidence


@dataclass(frozen=True, slots=True, eq=False)
class ConverterThing(Thing):
    """A TFLiteConverter; its store has the settings by dotted name."""

    store: Store
    constructor: str
    location: Location
    arguments: Arguments


@dataclass(frozen=True, slots=True, eq=False)
class SettingThing(Thing):
    """A part of a converter's settings that has parts of its own: `target_spec`."""

    converter: ConverterThing
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Written(Thing):
    """What a converter's attribute was set to, and where."""

    thing: Thing
    node: ast.expr | ast.stmt


@dataclass(frozen=True, slots=True, eq=False)
class Operand:
    """An argument of a call: what it is, and the expression it stands as."""

    thing: Thing
    node: ast.expr | None


@dataclass(frozen=True, slots=True, eq=False)
class Arguments:
    """What a call is given; `has_unknown` where `*x` or `**x` are not known."""

    positional: tuple[Operand, ...] = ()
    keywords: Mapping[str, Operand] = field(default_factory=dict)
    has_unknown: bool = False

    def get(self, name: str, position: int | None = None) -> Thing | None:
        """The argument for a parameter; None where it is not given."""
        operand = self.operand(name, position)
        return None if operand is None else operand.thing

    def operand(self, name: str, position: int | None = None) -> Operand | None:
        """The argument for a parameter with its expression; None where it is not given."""
        if name in self.keywords:
            return self.keywords[name]
        if position is not None and position < len(self.positional):
            return self.positional[position]
        return None

    @property
    def things(self) -> tuple[Thing, ...]:
        """All arguments, those by name last."""
        operands: Sequence[Operand] = (*self.positional, *self.keywords.values())
        return tuple(operand.thing for operand in operands)


_MAX_OUTCOME = 100


def outcome(
    path: str,
    operands: Sequence[Thing] = (),
    *,
    keywords: Mapping[str, Thing] | None = None,
    node: ast.expr | ast.stmt | None = None,
    is_attribute: bool = False,
) -> Outcome:
    """What comes of a call; what would make it too large is left out of the operands."""
    kept: list[Thing] = []
    size = 1
    for operand in operands:
        more = operand.size if isinstance(operand, Outcome) else 1
        if size + more > _MAX_OUTCOME:
            operand, more = OPAQUE, 1
        if len(kept) < _MAX_OUTCOME:
            kept.append(operand)
            size += more
    named: dict[str, Thing] = {}
    for name, thing in (keywords or {}).items():
        more = thing.size if isinstance(thing, Outcome) else 1
        named[name] = thing if size + more <= _MAX_OUTCOME else OPAQUE
        size += more
    return Outcome(path, tuple(kept), is_attribute, min(size, _MAX_OUTCOME), named, node)


def called(path: str, arguments: Arguments, node: ast.expr | ast.stmt) -> Outcome:
    """What comes of calling something outside the file."""
    positional = [operand.thing for operand in arguments.positional]
    keywords = {name: operand.thing for name, operand in arguments.keywords.items()}
    return outcome(path, positional, keywords=keywords, node=node)


def options(thing: Thing) -> tuple[Thing, ...]:
    """What a thing may be, without what is not there."""
    if isinstance(thing, Either):
        return tuple(option for option in thing.options if option is not MISSING)
    return () if thing is MISSING else (thing,)
