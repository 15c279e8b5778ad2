"""TFLite converters: their settings, and what is in force at each `.convert()`."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from tflint.finding import Location
from tflint.keras.facts import Conversion
from tflint.keras.values import UNKNOWN, Argument, Evidence, Setting, Value
from tflint.source.classes import find_member
from tflint.source.escapes import HANDED_OVER, was_handed_over
from tflint.source.exposing import argument, expose, origin
from tflint.source.exposing import arguments as all_arguments
from tflint.source.machine import Machine, Place
from tflint.source.models import sequential_network
from tflint.source.objects import (
    NONE,
    Arguments,
    ConverterThing,
    Either,
    FunctionThing,
    Instance,
    Method,
    NativeMethod,
    Operand,
    Path,
    SequentialThing,
    SettingThing,
    Written,
    options,
)
from tflint.source.results import results_of
from tflint.source.store import MISSING, OPAQUE, Thing

_CONVERTER: Final = re.compile(
    r"tensorflow\.(?:\w+\.)*?lite\.(?:\w+\.)*?(?:TFLiteConverter\w*|TocoConverter)(?:\.from_\w+)?"
)
_AT_ONCE: Final = re.compile(r"tensorflow\.(?:\w+\.)*?lite\.(?:\w+\.)*?toco_convert\w*")
_TARGET_SPEC: Final = re.compile(r"tensorflow\.(?:\w+\.)*?lite\.(?:\w+\.)*?TargetSpec")
# Settings that have parts.
_NESTED = frozenset(("target_spec",))
_LISTS = {
    "optimizations": (),
    "target_spec.supported_ops": ("tensorflow.lite.OpsSet.TFLITE_BUILTINS",),
    "target_spec.supported_types": (),
}


def is_converter_path(path: str) -> bool:
    """Whether calling it makes a converter, converts at once, or makes a target's settings."""
    return any(
        pattern.fullmatch(path) is not None for pattern in (_CONVERTER, _AT_ONCE, _TARGET_SPEC)
    )


def make_converter(machine: Machine, path: str, given: Arguments, node: Place) -> Thing:
    """A converter, fresh; `toco_convert` gives a model at once."""
    location = machine.locate(node)
    converter = ConverterThing(machine.journal.store(), path, location, given)
    if _TARGET_SPEC.fullmatch(path) is not None:
        for name, operand in given.keywords.items():
            machine.journal.write(converter.store, name, Written(operand.thing, node))
        return converter
    if _AT_ONCE.fullmatch(path) is not None:
        return convert(machine, converter, Arguments(), node)
    if not machine.recorder.is_silent:
        machine.recorder.converters.append(converter)
    return converter


def setting(machine: Machine, receiver: Thing, name: str, node: Place) -> Thing:
    """An attribute of a converter, or of a part of its settings."""
    if isinstance(receiver, SettingThing):
        converter, key = receiver.converter, f"{receiver.name}.{name}"
    elif isinstance(receiver, ConverterThing):
        converter, key = receiver, name
        if name in _NESTED:
            return SettingThing(receiver, name)
    else:
        return OPAQUE
    found = converter.store.content.get(key, MISSING)
    if found is MISSING:
        if key not in _LISTS:
            return NativeMethod(receiver, name)
        kind = "list" if key == "target_spec.supported_types" else "set"
        value = machine.sequence([Path(path) for path in _LISTS[key]], kind)
        machine.journal.write(converter.store, key, Written(value, machine.statement or node))
        return value
    things = [each.thing if isinstance(each, Written) else each for each in options(found)]
    return things[0] if len(things) == 1 else Either(tuple(things))


def write_setting(machine: Machine, receiver: Thing, name: str, thing: Thing, node: Place) -> None:
    """Assign to an attribute of a converter, or of a part of its settings."""
    written_at = machine.statement or node
    if isinstance(receiver, SettingThing):
        key = f"{receiver.name}.{name}"
        machine.journal.write(receiver.converter.store, key, Written(thing, written_at))
    elif isinstance(receiver, ConverterThing):
        if isinstance(thing, ConverterThing) and name in _NESTED:
            for key_, value in thing.store.content.items():
                machine.journal.write(receiver.store, f"{name}.{key_}", value)
            return
        if name in _NESTED:
            machine.journal.write(receiver.store, HANDED_OVER, NONE)
        machine.journal.write(receiver.store, name, Written(thing, written_at))


def convert(machine: Machine, converter: ConverterThing, given: Arguments, node: Place) -> Thing:
    """`.convert()`: notes the settings in force."""
    machine.recorder.converted.add(id(converter))
    if not machine.recorder.is_silent:
        found = _conversion(machine, converter, machine.locate(node))
        machine.recorder.conversions.append(found)
    return OPAQUE


def note_unconverted(machine: Machine) -> None:
    """Note what is set on converters that the file makes, and leaves to others to convert."""
    recorder = machine.recorder
    for converter in recorder.converters:
        if id(converter) not in recorder.converted:
            found = _conversion(machine, converter, converter.location)
            recorder.conversions.append(
                replace(
                    found,
                    may_have_other_settings=True,
                    is_in_view=False,
                    evidence=Evidence.POSSIBLE,
                )
            )


def _conversion(machine: Machine, converter: ConverterThing, location: Location) -> Conversion:
    content = converter.store.content
    settings = {
        key: _setting(machine, value)
        for key, value in content.items()
        if isinstance(key, str) and value is not MISSING
    }
    made_with = converter.arguments
    subject = made_with.positional[0] if made_with.positional else None
    if subject is None and made_with.keywords:
        subject = next(iter(made_with.keywords.values()))
    return Conversion(
        constructor=converter.constructor,
        constructor_location=converter.location,
        settings=settings,
        subject=None if subject is None else _subject(machine, subject),
        arguments=all_arguments(machine, made_with.keywords),
        may_have_other_settings=was_handed_over(converter.store),
        location=location,
        evidence=machine.evidence,
    )


def _subject(machine: Machine, operand: Operand) -> Argument:
    """What is converted; a Sequential model is the network that it is by now."""
    found = argument(machine, operand)
    if isinstance(operand.thing, SequentialThing):
        return replace(found, value=sequential_network(machine, operand.thing))
    return found


def _setting(machine: Machine, value: Thing) -> Setting:
    values: list[Value] = []
    locations: list[Location] = []
    origins: list[Location | None] = []
    for option in options(value):
        if not isinstance(option, Written):
            values.append(UNKNOWN)
            continue
        for thing in options(option.thing):
            exposed = _value(machine, thing)
            if not any(type(exposed) is type(other) and exposed == other for other in values):
                values.append(exposed)
            node = origin(thing)
            origins.append(None if node is None else machine.locate(node))
            locations.append(machine.locate(option.node))
    is_surely_set = not (isinstance(value, Either) and MISSING in value.options)
    return Setting(tuple(values), is_surely_set, tuple(locations), tuple(origins))


def _value(machine: Machine, thing: Thing) -> Value:
    if isinstance(thing, Instance):
        member = find_member(thing.type, "__call__")
        if isinstance(member, FunctionThing):
            thing = Method(member, thing)
    if isinstance(thing, FunctionThing | Method):
        return results_of(machine, thing)
    return expose(machine, thing)
