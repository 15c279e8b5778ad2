"""The parameters of Keras layers: names in order, defaults, today's names for old ones.

Read from `layers.json`, which `scripts/generate_keras_layers.py` writes from Keras 3 and tf-keras.
Where the two differ in order or defaults, what they do not agree on is not known.
"""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import cast

from tflint.keras import legacy
from tflint.keras.values import UNKNOWN, Argument, Value

# Kinds come from what is read: nothing grows with it.
_REMEMBERED = 4096
# Taken by every layer, whatever its kind, and what they are when they are not given.
COMMON: dict[str, Value] = {
    "activity_regularizer": None,
    "autocast": True,
    "batch_input_shape": None,
    "batch_size": None,
    "dtype": None,
    "dynamic": False,
    "input_dim": None,
    "input_length": None,
    "input_shape": None,
    "name": None,
    "trainable": True,
    "weights": None,
}


@dataclass(frozen=True, slots=True)
class _Signature:
    """Parameters in order, and the defaults of those that have one."""

    names: tuple[str, ...]
    defaults: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class _Table:
    aliases: Mapping[str, str]
    # By kind: Keras 3's signature and Keras 2's, where it has the layer.
    layers: Mapping[str, tuple[_Signature | None, _Signature | None]]


def canonical(kind: str) -> str:
    """Today's name of a layer's class: `Conv2D` for `Convolution2D`; others unchanged."""
    return _table().aliases.get(kind) or legacy.CLASSES.get(kind, kind)


def is_known(kind: str) -> bool:
    """Whether it is a layer of Keras, by today's name or an older one."""
    return canonical(kind) in _table().layers


@lru_cache(maxsize=_REMEMBERED)
def parameters(kind: str) -> tuple[str, ...] | None:
    """The parameters in the order of positions; None for kinds that are not known.

    A position that means different things in Keras 2 and 3 has the name "".
    """
    kind = canonical(kind)
    both = [signature for signature in _signatures(kind) if signature is not None]
    if not both:
        return None
    orders = [tuple(legacy.today(kind, name) for name in each.names) for each in both]
    longest = max(orders, key=len)
    return tuple(
        name if all(position >= len(order) or order[position] == name for order in orders) else ""
        for position, name in enumerate(longest)
    )


@lru_cache(maxsize=_REMEMBERED)
def has_parameter(kind: str, parameter: str) -> bool:
    """Whether a layer of this kind has the parameter, not counting what all layers take."""
    kind = canonical(kind)
    return any(
        signature is not None
        and any(legacy.today(kind, name) == parameter for name in signature.names)
        for signature in _signatures(kind)
    )


@lru_cache(maxsize=_REMEMBERED)
def default(kind: str, parameter: str) -> Value:
    """The parameter's default; UNKNOWN for kinds and parameters that are not known.

    UNKNOWN as well where Keras 2 and 3 differ, but for the `data_format` of layers over one
    spatial dimension: that is None here, and see `keras_2_is_channels_last`.
    """
    kind = canonical(kind)
    found: list[Value] = []
    for signature in _signatures(kind):
        if signature is not None:
            for name, value in signature.defaults.items():
                if legacy.today(kind, name) == parameter:
                    found.append(value)
    if not found:
        if is_known(kind) and not has_parameter(kind, parameter):
            return COMMON.get(parameter, UNKNOWN)
        return UNKNOWN
    if parameter == "data_format":
        return found[0]
    return found[0] if _alike(found[0], found[-1]) else UNKNOWN


@lru_cache(maxsize=_REMEMBERED)
def keras_2_is_channels_last(kind: str) -> bool:
    """Whether Keras 2 disregards the global data format in layers of this kind, unlike Keras 3."""
    keras_3, keras_2 = _signatures(canonical(kind))
    if keras_3 is None or keras_2 is None or "data_format" not in keras_3.names:
        return False
    return keras_2.defaults.get("data_format", "channels_last") == "channels_last"


def canonical_arguments(kind: str, given: Mapping[str, Argument]) -> Mapping[str, Argument]:
    """The arguments by today's names and with today's values, whichever Keras they are for.

    `nb_row` and `nb_col` become `kernel_size`, `dim_ordering="th"` `data_format="channels_first"`.
    Names that are not known stay as they are.
    """
    return legacy.translate(canonical(kind), given, has_parameter)


def bind_arguments(
    kind: str, positional: Sequence[Argument], keywords: Mapping[str, Argument]
) -> Mapping[str, Argument]:
    """The arguments of a call by today's names; `kind` is the class as it is written.

    Positions are those of Keras 1 where a keyword shows that it is meant, and unknown where
    they mean different things and nothing shows which.
    """
    order = legacy.positions(kind, positional, keywords)
    if order is None:
        order = parameters(kind) or ()
    bound = {name: argument for name, argument in zip(order, positional, strict=False) if name}
    for name in legacy.ambiguous(kind, positional, keywords):
        if name in bound:
            bound[name] = replace(bound[name], value=UNKNOWN)
    for name in _doubtful(kind, order, len(positional)):
        bound.setdefault(name, Argument(UNKNOWN))
    return canonical_arguments(kind, {**bound, **keywords})


def _doubtful(kind: str, order: tuple[str, ...], given: int) -> set[str]:
    """What the given positions without one meaning may be."""
    doubtful: set[str] = set()
    for position in range(min(given, len(order))):
        if not order[position]:
            for signature in _signatures(canonical(kind)):
                if signature is not None and position < len(signature.names):
                    doubtful.add(signature.names[position])
    return doubtful


def _alike(one: Value, other: Value) -> bool:
    """Whether two defaults mean the same: 1 and (1, 1), "Zeros" and "zeros"."""
    if one == other:
        return True
    if isinstance(one, str) and isinstance(other, str):
        return one.lower() == other.lower()
    if isinstance(other, tuple) and not isinstance(one, tuple):
        one, other = other, one
    if isinstance(one, tuple):
        rest = other if isinstance(other, tuple) else (other,) * len(one)
        return len(rest) == len(one) and all(map(_alike, one, rest))
    return False


def _signatures(kind: str) -> tuple[_Signature | None, _Signature | None]:
    return _table().layers.get(kind, (None, None))


def _constant(value: object) -> Value:
    if isinstance(value, list):
        return tuple(map(_constant, value))
    if value == "<callable>":
        return UNKNOWN
    return cast("Value", value)


def _signature(rows: list[object] | None) -> _Signature | None:
    if rows is None:
        return None
    names: list[str] = []
    defaults: dict[str, Value] = {}
    for row in rows:
        name = str(row[0] if isinstance(row, list) else row)
        names.append(name)
        if isinstance(row, list):
            defaults[name] = _constant(row[1])
    return _Signature(tuple(names), defaults)


@cache
def _table() -> _Table:
    path = importlib.resources.files("tflint.keras") / "layers.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    layers: dict[str, tuple[_Signature | None, _Signature | None]] = {}
    for kind, rows in content["layers"].items():
        both = _signature(rows.get("both"))
        layers[kind] = (both or _signature(rows.get("3")), both or _signature(rows.get("2")))
    for kind, names in legacy.LAYERS.items():
        layers[kind] = (None, _signature(list(names)))
    return _Table(content["aliases"], layers)


def known_kinds() -> tuple[str, ...]:
    """All layers of Keras, by today's names."""
    return tuple(_table().layers)
