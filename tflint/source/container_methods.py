"""Methods of lists, sets and dictionaries."""

from __future__ import annotations

from collections.abc import Hashable

from tflint.source.containers import (
    append,
    closed,
    forget_items,
    iterate,
    replace_items,
    spread_entries,
)
from tflint.source.joins import join, same
from tflint.source.machine import Machine, Place
from tflint.source.objects import (
    NONE,
    OTHER_KEYS,
    Arguments,
    Const,
    DictThing,
    Either,
    Items,
    SequenceThing,
    options,
)
from tflint.source.store import MISSING, OPAQUE, Thing

# Methods that change nothing and whose results matter to no network.
_READING = frozenset(("count", "index", "isdisjoint", "issubset", "issuperset", "__len__"))


def sequence_method(
    machine: Machine, receiver: SequenceThing, name: str, arguments: Arguments, node: Place
) -> Thing:
    """A method of a list, tuple, set or iterator."""
    first = arguments.positional[0].thing if arguments.positional else None
    if name in ("append", "add") and first is not None:
        append(machine, receiver, (first,))
        return NONE
    if name in ("extend", "update") and first is not None:
        items = iterate(machine, first, node)
        append(machine, receiver, items.values)
        if items.is_open:
            known = closed(receiver)
            replace_items(machine, receiver, Items(known.values, is_open=True))
        return NONE
    items = closed(receiver)
    if name == "copy":
        return machine.sequence(items.values, receiver.kind, is_open=items.is_open)
    if name in ("union", "__add__") and first is not None:
        others = iterate(machine, first, node)
        return machine.sequence(
            items.values + others.values,
            receiver.kind,
            is_open=items.is_open or others.is_open,
        )
    if name == "index" and isinstance(first, Const) and not items.is_open:
        for at, value in enumerate(items.values):
            if same(value, first):
                return Const(at)
        return OPAQUE
    if name in _READING:
        return OPAQUE
    if items.is_open and name != "clear":
        forget_items(machine, receiver)
        return OPAQUE
    if name == "pop":
        return _pop(machine, receiver, items, first)
    if name == "insert" and isinstance(first, Const) and isinstance(first.value, int):
        if len(arguments.positional) == 2:
            values = list(items.values)
            values.insert(first.value, arguments.positional[1].thing)
            replace_items(machine, receiver, Items(tuple(values)))
            return NONE
    if name == "reverse":
        replace_items(machine, receiver, Items(items.values[::-1]))
        return NONE
    if name == "clear":
        replace_items(machine, receiver, Items())
        return NONE
    if name in ("remove", "discard") and first is not None:
        for at, value in enumerate(items.values):
            if same(value, first):
                replace_items(machine, receiver, Items(items.values[:at] + items.values[at + 1 :]))
                return NONE
    forget_items(machine, receiver)
    return OPAQUE


def _pop(machine: Machine, receiver: SequenceThing, items: Items, at: Thing | None) -> Thing:
    index = -1 if at is None else at.value if isinstance(at, Const) else None
    if receiver.kind == "set" or not isinstance(index, int):
        forget_items(machine, receiver)
        return OPAQUE
    values = list(items.values)
    if not -len(values) <= index < len(values):
        return OPAQUE
    popped = values.pop(index)
    replace_items(machine, receiver, Items(tuple(values)))
    return popped


def dict_method(
    machine: Machine, receiver: DictThing, name: str, arguments: Arguments, node: Place
) -> Thing:
    """A method of a dictionary."""
    first = arguments.positional[0].thing if arguments.positional else None
    if name in ("get", "pop", "setdefault"):
        return _get(machine, receiver, name, arguments)
    entries, is_open = spread_entries(receiver)
    if name == "copy":
        content: dict[Hashable, Thing] = dict(receiver.store.content)
        return DictThing(machine.journal.store(content), receiver.origin, receiver.nodes)
    if name == "update":
        given = [first] if first is not None else []
        for thing in given:
            added, others = _pairs(machine, thing, node)
            for key, value in added.items():
                machine.journal.write(receiver.store, key, value)
            if others:
                _open(machine, receiver)
        for key_, operand in arguments.keywords.items():
            machine.journal.write(receiver.store, key_, operand.thing)
        if arguments.has_unknown:
            _open(machine, receiver)
        return NONE
    keys: list[Thing] = [
        Const(key) for key in entries if isinstance(key, bool | int | float | str | bytes | None)
    ]
    if name == "keys":
        return machine.sequence(keys, "iterator", is_open=is_open)
    if name == "values":
        return machine.sequence(list(entries.values()), "iterator", is_open=is_open)
    if name == "items":
        pairs = [
            machine.sequence(pair, "tuple") for pair in zip(keys, entries.values(), strict=False)
        ]
        return machine.sequence(pairs, "iterator", is_open=is_open)
    if name in ("clear", "popitem"):
        for key in list(entries):
            machine.journal.write(receiver.store, key, MISSING)
        if name == "popitem":
            _open(machine, receiver)
        return OPAQUE
    return OPAQUE


def _pairs(machine: Machine, thing: Thing, node: Place) -> tuple[dict[Hashable, Thing], bool]:
    if isinstance(thing, SequenceThing):
        found: dict[Hashable, Thing] = {}
        items = closed(thing)
        is_open = items.is_open
        for pair in items.values:
            parts = closed(pair).values if isinstance(pair, SequenceThing) else ()
            if len(parts) == 2 and isinstance(parts[0], Const):
                found[parts[0].value] = parts[1]
            else:
                is_open = True
        return found, is_open
    return spread_entries(thing)


def _open(machine: Machine, receiver: DictThing) -> None:
    """Entries that are not known were put in: any may have changed."""
    for key in list(receiver.entries):
        machine.journal.write(receiver.store, key, OPAQUE)
    machine.journal.write(receiver.store, OTHER_KEYS, NONE)


def _get(machine: Machine, receiver: DictThing, name: str, arguments: Arguments) -> Thing:
    key = arguments.get("key", 0)
    default = arguments.get("default", 1) or NONE
    if not isinstance(key, Const):
        return OPAQUE
    found = receiver.store.content.get(key.value, MISSING)
    may_miss = found is MISSING or (isinstance(found, Either) and MISSING in found.options)
    if name == "pop" and found is not MISSING:
        machine.journal.write(receiver.store, key.value, MISSING)
    if found is MISSING:
        if receiver.is_open:
            return OPAQUE
        if name == "setdefault":
            machine.journal.write(receiver.store, key.value, default)
        return default
    return join([*options(found), default]) if may_miss else found
