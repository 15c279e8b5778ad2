"""Lists, tuples, sets and dictionaries: what is in them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from tflint.source.joins import join, same
from tflint.source.limits import MAX_LENGTH
from tflint.source.machine import Machine, Place
from tflint.source.objects import (
    ITEMS,
    OTHER_KEYS,
    Arguments,
    ClassThing,
    Const,
    DictThing,
    Either,
    FunctionThing,
    Instance,
    Items,
    LayerThing,
    Method,
    ModelThing,
    Outcome,
    Path,
    SequenceThing,
    SequentialThing,
    TensorThing,
    options,
    outcome,
)
from tflint.source.operations import operation
from tflint.source.store import MISSING, OPAQUE, Thing

_ONLY_FOR_CHECKERS = frozenset(("typing.TYPE_CHECKING", "typing_extensions.TYPE_CHECKING"))
# These are true whatever is in them.
_TRUE = (
    ClassThing,
    FunctionThing,
    Instance,
    LayerThing,
    ModelThing,
    SequentialThing,
)


def truth(thing: Thing) -> bool | None:
    """Whether a thing is true; None where that is not known."""
    if isinstance(thing, Const):
        return bool(thing.value)
    if isinstance(thing, Either):
        known = {truth(option) for option in options(thing)}
        return known.pop() if len(known) == 1 else None
    if isinstance(thing, SequenceThing) and thing.kind != "iterator":
        items = closed(thing)
        return True if items.values else (None if items.is_open else False)
    if isinstance(thing, DictThing):
        return True if thing.entries else (None if thing.is_open else False)
    if isinstance(thing, Path):
        if thing.path in _ONLY_FOR_CHECKERS:
            return False
        # A module or a function; constants of modules may be anything.
        return True if thing.path.startswith("keras.") else None
    return True if isinstance(thing, _TRUE) else None


def closed(sequence: SequenceThing) -> Items:
    """What is in a sequence now: of several contents, what they begin with."""
    items = sequence.items
    if isinstance(items, Items):
        return items
    contents = [option for option in options(items) if isinstance(option, Items)]
    if not contents or len(contents) < len(items.options):
        return Items((), is_open=True)
    return _common_items(contents)


def _common_items(contents: Sequence[Items]) -> Items:
    lengths = {len(content.values) for content in contents}
    if len(lengths) == 1 and not any(content.is_open for content in contents):
        columns = zip(*(content.values for content in contents), strict=True)
        return Items(tuple(join(column) for column in columns))
    common: list[Thing] = []
    for column in zip(*(content.values for content in contents), strict=False):
        if not all(same(column[0], other) for other in column):
            break
        common.append(column[0])
    return Items(tuple(common), is_open=True)


def iterate(machine: Machine, thing: Thing, node: Place) -> Items:
    """What comes out of a thing one after the other."""
    if isinstance(thing, SequenceThing):
        items = closed(thing)
        machine.budget.charge(len(items.values) // 8)
        return items
    if isinstance(thing, DictThing):
        return Items(tuple(Const(_scalar(key)) for key in thing.entries), thing.is_open)
    if isinstance(thing, Const) and isinstance(thing.value, str | bytes):
        machine.budget.charge(len(thing.value) // 8)
        return Items(tuple(Const(each) for each in thing.value))
    if isinstance(thing, Either):
        contents = [iterate(machine, option, node) for option in options(thing)]
        return _common_items(contents) if contents else Items((), is_open=True)
    if isinstance(thing, Instance):
        method = thing.type.store.content.get("__iter__", MISSING)
        if isinstance(method, FunctionThing):
            given = machine.call(Method(method, thing), Arguments(), node)
            if not isinstance(given, Instance):
                return iterate(machine, given, node)
    return Items((), is_open=True)


def one_of(machine: Machine, thing: Thing, node: Place) -> Thing:
    """Any of what comes out of a thing that is not wholly known."""
    if isinstance(thing, Outcome):
        return outcome("operator.getitem", (thing, OPAQUE))
    return OPAQUE


def _scalar(key: Hashable) -> bool | int | float | complex | str | bytes | None:
    return key if isinstance(key, bool | int | float | complex | str | bytes) else None


def spread_entries(thing: Thing) -> tuple[dict[Hashable, Thing], bool]:
    """The entries of `**thing`, and whether there may be others."""
    if isinstance(thing, DictThing):
        return _surely(thing), thing.is_open
    found = options(thing)
    if found and all(isinstance(each, DictThing) for each in found):
        dicts = [each for each in found if isinstance(each, DictThing)]
        keys = set(dicts[0].entries)
        for each in dicts[1:]:
            keys &= set(each.entries)
        entries = {
            key: join([each.entries[key] for each in dicts])
            for key in dicts[0].entries
            if key in keys
        }
        differ = any(set(each.entries) != keys for each in dicts)
        return entries, differ or any(each.is_open for each in dicts)
    return {}, True


def _surely(thing: DictThing) -> dict[Hashable, Thing]:
    return {
        key: join(options(value)) if isinstance(value, Either) else value
        for key, value in thing.entries.items()
    }


def membership(left: Thing, right: Thing) -> bool | None:
    """`left in right`."""
    if isinstance(right, Const) and isinstance(right.value, str):
        if isinstance(left, Const) and isinstance(left.value, str):
            return left.value in right.value
        return None
    if isinstance(right, DictThing):
        if not isinstance(left, Const):
            return None
        value = right.store.content.get(left.value, MISSING)
        if isinstance(value, Either) and MISSING in value.options:
            return None
        if value is not MISSING:
            return True
        return None if right.is_open else False
    if isinstance(right, SequenceThing) and right.kind != "iterator":
        items = closed(right)
        known: bool | None = None if items.is_open else False
        for value in items.values:
            if same(left, value) and not isinstance(left, Outcome):
                return True
            if not (isinstance(left, Const) and isinstance(value, Const)):
                known = None
            elif left.value == value.value:
                return True
        return known
    return None


def element(machine: Machine, thing: Thing, index: Thing, node: Place) -> Thing:
    """`thing[index]`."""
    if isinstance(thing, SequenceThing):
        items = closed(thing)
        if isinstance(index, Const) and isinstance(index.value, int):
            at = index.value
            if items.is_open and (at < 0 or at >= len(items.values)):
                return OPAQUE
            if -len(items.values) <= at < len(items.values):
                return items.values[at]
            return OPAQUE
        if not items.is_open and 0 < len(items.values) <= 16:
            return join(items.values)
        return OPAQUE
    if isinstance(thing, DictThing):
        if isinstance(index, Const):
            found = thing.store.content.get(index.value, MISSING)
            return OPAQUE if found is MISSING else join(options(found))
        entries = list(thing.entries.values())
        return join(entries) if entries and not thing.is_open and len(entries) <= 16 else OPAQUE
    if isinstance(thing, Const) and isinstance(thing.value, str | bytes):
        if isinstance(index, Const) and isinstance(index.value, int):
            if -len(thing.value) <= index.value < len(thing.value):
                return Const(thing.value[index.value])
        return OPAQUE
    if isinstance(thing, TensorThing):
        return operation(machine, "operator.getitem", (thing, index), node)
    if isinstance(thing, Outcome):
        return outcome("operator.getitem", (thing, index))
    return OPAQUE


def as_slice(machine: Machine, thing: Thing, parts: Sequence[Thing | None]) -> Thing:
    """`thing[a:b:c]`."""
    bounds: list[int | None] = []
    is_known = True
    for part in parts:
        value = None if part is None else part.value if isinstance(part, Const) else OPAQUE
        if value is None or isinstance(value, int):
            bounds.append(value)
        else:
            is_known = False
    if isinstance(thing, SequenceThing):
        items = closed(thing)
        if not is_known or items.is_open or (len(bounds) == 3 and bounds[2] == 0):
            return machine.sequence((), thing.kind, is_open=True)
        machine.budget.charge(len(items.values) // 8)
        return machine.sequence(items.values[slice(*bounds)], thing.kind)
    if isinstance(thing, Const) and isinstance(thing.value, str | bytes) and is_known:
        if len(bounds) == 3 and bounds[2] == 0:
            return OPAQUE
        return Const(thing.value[slice(*bounds)])
    return OPAQUE


def replace_items(machine: Machine, sequence: SequenceThing, items: Items) -> None:
    """Change what is in a list."""
    if len(items.values) > MAX_LENGTH:
        items = Items(items.values[:MAX_LENGTH], is_open=True)
    machine.budget.charge(len(items.values) // 32)
    machine.journal.write(sequence.store, ITEMS, items)


def append(machine: Machine, sequence: SequenceThing, values: Sequence[Thing]) -> None:
    """Put something at the end of a list, whichever of several contents it has."""
    found = sequence.items
    contents = options(found)
    changed = [
        Items(content.values + tuple(values))
        if isinstance(content, Items) and not content.is_open
        else content
        for content in contents
    ]
    if len(changed) == 1 and isinstance(changed[0], Items):
        replace_items(machine, sequence, changed[0])
    else:
        machine.journal.write(sequence.store, ITEMS, join(changed))


def forget_items(machine: Machine, sequence: SequenceThing) -> None:
    """Nothing is known any more of what is in a list."""
    machine.journal.write(sequence.store, ITEMS, Items((), is_open=True))


def store_element(machine: Machine, thing: Thing, index: Thing, value: Thing) -> None:
    """`thing[index] = value`."""
    if isinstance(thing, SequenceThing):
        items = closed(thing)
        at = index.value if isinstance(index, Const) else None
        if isinstance(at, int) and -len(items.values) <= at < len(items.values):
            if items.is_open and at < 0:
                forget_items(machine, thing)
                return
            values = list(items.values)
            values[at] = value
            replace_items(machine, thing, Items(tuple(values), items.is_open))
        else:
            forget_items(machine, thing)
    elif isinstance(thing, DictThing):
        if isinstance(index, Const):
            machine.journal.write(thing.store, index.value, value)
        else:
            machine.journal.write(thing.store, OTHER_KEYS, Const(None))
            for key in thing.entries:
                machine.journal.write(thing.store, key, OPAQUE)
