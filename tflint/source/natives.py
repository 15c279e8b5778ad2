"""Python's own functions and methods, as far as networks are written with them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Final

from tflint.source.arithmetic import NotComputed
from tflint.source.container_methods import dict_method, sequence_method
from tflint.source.containers import (
    closed,
    iterate,
    replace_items,
    spread_entries,
    truth,
)
from tflint.source.converters import hand_over
from tflint.source.joins import join, same
from tflint.source.limits import MAX_ROUNDS
from tflint.source.machine import Machine, Place
from tflint.source.objects import (
    NONE,
    OTHER_KEYS,
    Arguments,
    ClassThing,
    Const,
    DictThing,
    Instance,
    Items,
    Operand,
    Outcome,
    Partial,
    Path,
    SequenceThing,
    SuperThing,
    called,
    options,
)
from tflint.source.paths import keras_path
from tflint.source.scalar_functions import (
    ERRORS,
    OF_SCALARS,
    OF_SEQUENCES,
    of_scalars,
    of_sequences,
    plain,
    string_method,
)
from tflint.source.store import OPAQUE, Thing
from tflint.source.targets import set_attribute

_MAKES_SEQUENCE = {
    "builtins.list": "list",
    "builtins.tuple": "tuple",
    "builtins.set": "set",
    "builtins.frozenset": "set",
    "builtins.iter": "iterator",
    "numpy.array": "list",
    "numpy.asarray": "list",
    "tensorflow.TensorShape": "tuple",
}


def call_builtin(machine: Machine, path: str, arguments: Arguments, node: Place) -> Thing | None:
    """What a function of Python gives; None where this is not one of those known here."""
    special = _SPECIAL.get(path)
    if special is not None:
        return special(machine, arguments, node)
    if path in _MAKES_SEQUENCE:
        return _make_sequence(machine, _MAKES_SEQUENCE[path], path, arguments, node)
    if path in OF_SCALARS:
        return of_scalars(machine, path, arguments, node)
    if path in OF_SEQUENCES:
        return of_sequences(machine, path, arguments, node)
    return None


def _make_sequence(
    machine: Machine, kind: str, path: str, arguments: Arguments, node: Place
) -> Thing:
    if arguments.has_unknown:
        return OPAQUE
    if not arguments.positional:
        return machine.sequence((), kind)
    given = arguments.positional[0].thing
    if path.startswith("numpy") and not isinstance(given, SequenceThing):
        return called(path, arguments, node) if isinstance(given, Outcome) else OPAQUE
    items = iterate(machine, given, node)
    if kind == "set" and not items.is_open:
        kept: list[Thing] = []
        for value in items.values[:200]:
            if not any(same(value, other) for other in kept):
                kept.append(value)
        return machine.sequence(kept, kind, is_open=len(items.values) > 200)
    return machine.sequence(items.values, kind, is_open=items.is_open)


def _range(machine: Machine, arguments: Arguments, node: Place) -> Thing:
    try:
        values = [plain(machine, each) for each in arguments.things]
        numbers = range(*values)
        size = len(numbers)
    except (*ERRORS, NotComputed):
        return machine.sequence((), "range", is_open=True)
    if size > MAX_ROUNDS:
        # More rounds than are run; the first stands for all.
        return machine.sequence((), "range", is_open=True)
    machine.budget.charge(size // 8)
    return machine.sequence([Const(number) for number in numbers], "range")


def _length(machine: Machine, arguments: Arguments, node: Place) -> Thing:
    if len(arguments.positional) != 1:
        return OPAQUE
    thing = arguments.positional[0].thing
    if isinstance(thing, Const) and isinstance(thing.value, str | bytes):
        return Const(len(thing.value))
    if isinstance(thing, SequenceThing | DictThing):
        items = iterate(machine, thing, node)
        return OPAQUE if items.is_open else Const(len(items.values))
    return OPAQUE


def _zip(machine: Machine, arguments: Arguments, node: Place) -> Thing:
    columns = [iterate(machine, each, node) for each in arguments.things]
    rows = zip(*(column.values for column in columns), strict=False)
    return machine.sequence(
        [machine.sequence(row, "tuple") for row in rows],
        "iterator",
        is_open=any(column.is_open for column in columns) or arguments.has_unknown,
    )


def _enumerate(machine: Machine, arguments: Arguments, node: Place) -> Thing:
    if not arguments.positional:
        return OPAQUE
    items = iterate(machine, arguments.positional[0].thing, node)
    start = arguments.get("start", 1)
    first = 0 if start is None else start.value if isinstance(start, Const) else None
    pairs = [
        machine.sequence(
            (Const(first + index) if isinstance(first, int) else OPAQUE, value), "tuple"
        )
        for index, value in enumerate(items.values)
    ]
    return machine.sequence(pairs, "iterator", is_open=items.is_open)


def _reversed(machine: Machine, arguments: Arguments, node: Place) -> Thing:
    if not arguments.positional:
        return OPAQUE
    items = iterate(machine, arguments.positional[0].thing, node)
    if items.is_open:
        return machine.sequence((), "iterator", is_open=True)
    return machine.sequence(items.values[::-1], "iterator")


def _sorted(machine: Machine, arguments: Arguments, node: Place) -> Thing:
    try:
        if "key" in arguments.keywords or len(arguments.positional) != 1:
            raise NotComputed
        items = iterate(machine, arguments.positional[0].thing, node)
        if items.is_open:
            raise NotComputed
        reverse = arguments.get("reverse")
        pairs = [(plain(machine, value), value) for value in items.values]
        pairs.sort(key=lambda pair: pair[0], reverse=bool(reverse is not None and truth(reverse)))
        return machine.sequence([value for _, value in pairs])
    except (*ERRORS, NotComputed):
        return machine.sequence((), is_open=True)


def _map(machine: Machine, arguments: Arguments, node: Place) -> Thing:
    if len(arguments.positional) < 2:
        return OPAQUE
    columns = [iterate(machine, operand.thing, node) for operand in arguments.positional[1:]]
    function = arguments.positional[0].thing
    results = [
        machine.call(function, Arguments(tuple(Operand(each, None) for each in row)), node)
        for row in zip(*(column.values[:MAX_ROUNDS] for column in columns), strict=False)
    ]
    return machine.sequence(results, "iterator", is_open=any(column.is_open for column in columns))


def _next(machine: Machine, arguments: Arguments, node: Place) -> Thing:
    if not arguments.positional:
        return OPAQUE
    thing = arguments.positional[0].thing
    if isinstance(thing, SequenceThing) and thing.kind == "iterator":
        items = closed(thing)
        if items.values:
            replace_items(machine, thing, Items(items.values[1:], items.is_open))
            return items.values[0]
        if not items.is_open and len(arguments.positional) > 1:
            return arguments.positional[1].thing
    return OPAQUE


def _dict(machine: Machine, arguments: Arguments, node: Place) -> Thing:
    content: dict[Hashable, Thing] = {}
    for operand in arguments.positional[:1]:
        _fill(machine, content, operand.thing, node)
    for name, operand in arguments.keywords.items():
        content[name] = operand.thing
    if arguments.has_unknown:
        content[OTHER_KEYS] = NONE
    return DictThing(machine.journal.store(content))


def _fill(machine: Machine, content: dict[Hashable, Thing], thing: Thing, node: Place) -> None:
    """Put the entries of a dictionary, or pairs, into one."""
    if isinstance(thing, SequenceThing):
        items = closed(thing)
        for pair in items.values:
            parts = closed(pair).values if isinstance(pair, SequenceThing) else ()
            if len(parts) == 2 and isinstance(parts[0], Const):
                content[parts[0].value] = parts[1]
            else:
                content[OTHER_KEYS] = NONE
        if items.is_open:
            content[OTHER_KEYS] = NONE
        return
    entries, is_open = spread_entries(thing)
    content.update(entries)
    if is_open:
        content[OTHER_KEYS] = NONE


def _partial(machine: Machine, arguments: Arguments, node: Place) -> Thing:
    if not arguments.positional:
        return OPAQUE
    rest = Arguments(arguments.positional[1:], arguments.keywords, arguments.has_unknown)
    return Partial(arguments.positional[0].thing, rest)


def _reduce(machine: Machine, arguments: Arguments, node: Place) -> Thing:
    if len(arguments.positional) < 2:
        return OPAQUE
    function, iterable, *start = (operand.thing for operand in arguments.positional)
    items = iterate(machine, iterable, node)
    values = [*start[:1], *items.values]
    if items.is_open or not values or len(values) > MAX_ROUNDS:
        return OPAQUE
    result = values[0]
    for value in values[1:]:
        given = (Operand(result, None), Operand(value, None))
        result = machine.call(function, Arguments(given), node)
    return result


def _import_module(machine: Machine, arguments: Arguments, node: Place) -> Thing:
    given = arguments.get("name", 0)
    if isinstance(given, Const) and isinstance(given.value, str):
        if given.value and not given.value.startswith("."):
            return Path(keras_path(given.value))
    return OPAQUE


def _getattr(machine: Machine, arguments: Arguments, node: Place) -> Thing:
    name = arguments.get("name", 1)
    if not arguments.positional or not isinstance(name, Const) or not isinstance(name.value, str):
        return OPAQUE
    thing = arguments.positional[0].thing
    return join([machine.attribute(each, name.value, node) for each in options(thing)])


def _setattr(machine: Machine, arguments: Arguments, node: Place) -> Thing:
    if len(arguments.positional) == 3:
        receiver, name, value = (operand.thing for operand in arguments.positional)
        if isinstance(name, Const) and isinstance(name.value, str):
            set_attribute(machine, receiver, name.value, value, node)
        else:
            hand_over(machine, receiver)
    return NONE


def _isinstance(machine: Machine, arguments: Arguments, node: Place) -> Thing:
    if len(arguments.positional) != 2:
        return OPAQUE
    thing, classes = (operand.thing for operand in arguments.positional)
    names = {
        "builtins.int": int,
        "builtins.str": str,
        "builtins.float": float,
        "builtins.bool": bool,
        "builtins.list": list,
        "builtins.tuple": tuple,
        "builtins.dict": dict,
    }
    wanted = closed(classes).values if isinstance(classes, SequenceThing) else (classes,)
    types = [names.get(each.path) if isinstance(each, Path) else None for each in wanted]
    if None in types or not types:
        return OPAQUE
    known = tuple(each for each in types if each is not None)
    if isinstance(thing, Const):
        return Const(isinstance(thing.value, known))
    if isinstance(thing, SequenceThing) and thing.kind in ("list", "tuple"):
        return Const((list if thing.kind == "list" else tuple) in known)
    if isinstance(thing, DictThing):
        return Const(dict in known)
    return OPAQUE


def _super(machine: Machine, arguments: Arguments, node: Place) -> Thing:
    if len(arguments.positional) == 2:
        owner, receiver = (operand.thing for operand in arguments.positional)
        if isinstance(owner, ClassThing):
            return SuperThing(owner, receiver)
        if isinstance(receiver, Instance):
            return SuperThing(receiver.type, receiver)
        return OPAQUE
    if machine.owners:
        owner, receiver = machine.owners[-1]
        if isinstance(owner, ClassThing):
            return SuperThing(owner, receiver)
    return OPAQUE


_Native = Callable[[Machine, Arguments, Place], Thing]
_SPECIAL: Final[Mapping[str, _Native]] = {
    "builtins.__import__": _import_module,
    "builtins.dict": _dict,
    "collections.OrderedDict": _dict,
    "builtins.enumerate": _enumerate,
    "builtins.getattr": _getattr,
    "builtins.isinstance": _isinstance,
    "builtins.len": _length,
    "builtins.map": _map,
    "builtins.next": _next,
    "builtins.range": _range,
    "builtins.reversed": _reversed,
    "builtins.setattr": _setattr,
    "builtins.sorted": _sorted,
    "builtins.super": _super,
    "builtins.zip": _zip,
    "builtins.reduce": _reduce,
    "functools.partial": _partial,
    "functools.reduce": _reduce,
    "six.moves.reduce": _reduce,
    "importlib.import_module": _import_module,
}


def native_method(
    machine: Machine,
    receiver: SequenceThing | DictThing | Const,
    name: str,
    arguments: Arguments,
    node: Place,
) -> Thing:
    """A method of a string, list, set or dictionary."""
    if isinstance(receiver, Const):
        return string_method(machine, receiver, name, arguments)
    if isinstance(receiver, DictThing):
        return dict_method(machine, receiver, name, arguments, node)
    return sequence_method(machine, receiver, name, arguments, node)
