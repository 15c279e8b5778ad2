"""Functions and methods of numbers and strings, where all they are given is known."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from tflint.source.arithmetic import NotComputed, bounded
from tflint.source.containers import (
    closed,
    iterate,
    truth,
)
from tflint.source.joins import join
from tflint.source.limits import MAX_LENGTH
from tflint.source.machine import Machine, Place
from tflint.source.objects import (
    Arguments,
    Const,
    Outcome,
    SequenceThing,
    called,
    options,
)
from tflint.source.store import OPAQUE, Thing

ERRORS = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, MemoryError)
# Functions of numbers and strings, with nothing to keep in bounds but what comes out.
OF_SCALARS: Final[Mapping[str, Callable[..., Any]]] = {
    "builtins.abs": abs,
    "builtins.bool": bool,
    "builtins.chr": chr,
    "builtins.divmod": divmod,
    "builtins.float": float,
    "builtins.int": int,
    "builtins.ord": ord,
    "builtins.repr": repr,
    "builtins.round": round,
    "builtins.str": str,
    "math.ceil": math.ceil,
    "math.exp": math.exp,
    "math.floor": math.floor,
    "math.gcd": math.gcd,
    "math.log": math.log,
    "math.log10": math.log10,
    "math.log2": math.log2,
    "math.sqrt": math.sqrt,
    "numpy.ceil": math.ceil,
    "numpy.floor": math.floor,
    "numpy.int32": int,
    "numpy.int64": int,
    "numpy.float32": float,
    "numpy.float64": float,
    "numpy.log2": math.log2,
    "numpy.sqrt": math.sqrt,
}
OF_SEQUENCES: Final[Mapping[str, Callable[..., Any]]] = {
    "builtins.max": max,
    "builtins.min": min,
    "builtins.sum": sum,
    "math.prod": math.prod,
    "numpy.max": max,
    "numpy.min": min,
    "numpy.prod": math.prod,
    "numpy.product": math.prod,
    "numpy.sum": sum,
    "builtins.any": any,
    "builtins.all": all,
}
_STRING_METHODS = frozenset(
    (
        "capitalize",
        "casefold",
        "count",
        "decode",
        "encode",
        "endswith",
        "find",
        "format",
        "index",
        "isalnum",
        "isalpha",
        "isdigit",
        "islower",
        "isnumeric",
        "isspace",
        "isupper",
        "join",
        "lower",
        "lstrip",
        "partition",
        "removeprefix",
        "removesuffix",
        "replace",
        "rfind",
        "rpartition",
        "rsplit",
        "rstrip",
        "split",
        "splitlines",
        "startswith",
        "strip",
        "swapcase",
        "title",
        "upper",
    )
)
_WIDE_FORMAT = re.compile(r"\{[^{}]*:[^{}]*(?:\d{3,}|\{)")


def plain(machine: Machine, thing: Thing, deep: int = 0) -> Any:
    """A thing as Python's own value; raises `NotComputed`."""
    if isinstance(thing, Const):
        return thing.value
    if isinstance(thing, SequenceThing) and deep < 4:
        items = closed(thing)
        if items.is_open:
            raise NotComputed
        machine.budget.charge(len(items.values) // 8)
        values = [plain(machine, value, deep + 1) for value in items.values]
        try:
            return {"tuple": tuple, "set": set}.get(thing.kind, list)(values)
        except TypeError as error:
            raise NotComputed from error
    raise NotComputed


def lifted(machine: Machine, value: Any, deep: int = 0) -> Thing:
    """Python's own value as a thing; raises `NotComputed`."""
    if isinstance(value, list | tuple | set) and deep < 4:
        kind = "list" if isinstance(value, list) else "tuple"
        if len(value) > MAX_LENGTH:
            raise NotComputed
        return machine.sequence([lifted(machine, each, deep + 1) for each in value], kind)
    return Const(bounded(value))


def of_scalars(machine: Machine, path: str, arguments: Arguments, node: Place) -> Thing:
    """A call of one of `OF_SCALARS`."""
    if path == "builtins.bool" and len(arguments.positional) == 1:
        known = truth(arguments.positional[0].thing)
        return OPAQUE if known is None else Const(known)
    if arguments.has_unknown or not all(isinstance(each, Const) for each in arguments.things):
        if len(arguments.positional) == 1 and not arguments.keywords:
            found = options(arguments.positional[0].thing)
            if len(found) > 1 and all(isinstance(each, Const) for each in found):
                return join([_compute(machine, path, (each,), {}) for each in found])
        # What is computed of a random number stays findable in it.
        if any(isinstance(each, Outcome) for each in arguments.things):
            return called(path, arguments, node)
        return OPAQUE
    positional = tuple(operand.thing for operand in arguments.positional)
    keywords = {name: operand.thing for name, operand in arguments.keywords.items()}
    return _compute(machine, path, positional, keywords)


def _compute(
    machine: Machine, path: str, positional: Sequence[Thing], keywords: Mapping[str, Thing]
) -> Thing:
    try:
        values = [plain(machine, each) for each in positional]
        named = {name: plain(machine, each) for name, each in keywords.items()}
        return lifted(machine, OF_SCALARS[path](*values, **named))
    except (*ERRORS, NotComputed):
        return OPAQUE


def of_sequences(machine: Machine, path: str, arguments: Arguments, node: Place) -> Thing:
    """A call of one of `OF_SEQUENCES`."""
    try:
        values = []
        for operand in arguments.positional:
            items = (
                iterate(machine, operand.thing, node)
                if not isinstance(operand.thing, Const)
                else None
            )
            if items is None:
                values.append(plain(machine, operand.thing))
            elif items.is_open:
                raise NotComputed
            elif path in ("builtins.any", "builtins.all"):
                known = [truth(value) for value in items.values]
                if None in known:
                    raise NotComputed
                values.append(known)
            else:
                values.append([plain(machine, value) for value in items.values])
        named = {name: plain(machine, each.thing) for name, each in arguments.keywords.items()}
        if arguments.has_unknown:
            raise NotComputed
        return lifted(machine, OF_SEQUENCES[path](*values, **named))
    except (*ERRORS, NotComputed):
        if any(isinstance(each, Outcome) for each in arguments.things):
            return called(path, arguments, node)
        return OPAQUE


def string_method(machine: Machine, receiver: Const, name: str, arguments: Arguments) -> Thing:
    """A method of a string, where what it gives is bounded."""
    text = receiver.value
    if not isinstance(text, str | bytes) or name not in _STRING_METHODS or arguments.has_unknown:
        return OPAQUE
    try:
        values = [plain(machine, operand.thing) for operand in arguments.positional]
        named = {key: plain(machine, each.thing) for key, each in arguments.keywords.items()}
        if name == "format" and _WIDE_FORMAT.search(str(text)):
            return OPAQUE
        if name == "replace" and values and len(text) * (len(values[-1]) + 1) > 64 * MAX_LENGTH:
            return OPAQUE
        if name == "join" and sum(map(len, values[0])) + len(text) * len(values[0]) > MAX_LENGTH:
            return OPAQUE
        machine.budget.charge(len(text) // 64)
        return lifted(machine, getattr(text, name)(*values, **named))
    except (*ERRORS, NotComputed):
        return OPAQUE
