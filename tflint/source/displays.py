"""Displays of lists and dictionaries, and f-strings."""

from __future__ import annotations

import ast
from collections.abc import Callable, Hashable, Mapping

from tflint.source.arithmetic import (
    NotComputed,
    bounded,
)
from tflint.source.containers import (
    iterate,
    spread_entries,
)
from tflint.source.limits import MAX_LENGTH
from tflint.source.machine import Machine
from tflint.source.objects import (
    NONE,
    OTHER_KEYS,
    Const,
    DictThing,
    Scalar,
)
from tflint.source.store import OPAQUE, Thing


def display(machine: Machine, node: ast.List | ast.Tuple | ast.Set) -> Thing:
    """A display of a list, tuple or set."""
    values: list[Thing] = []
    is_open = False
    for expression in node.elts:
        if isinstance(expression, ast.Starred):
            items = iterate(machine, machine.evaluate(expression.value), expression.value)
            values += items.values
            if items.is_open:
                is_open = True
                break
        else:
            values.append(machine.evaluate(expression))
    kind = type(node).__name__.lower()
    return machine.sequence(values[:MAX_LENGTH], kind, node, is_open=is_open)


def dictionary(machine: Machine, node: ast.Dict) -> Thing:
    """A display of a dictionary."""
    content: dict[Hashable, Thing] = {}
    nodes: dict[Hashable, ast.expr] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        thing = machine.evaluate(value)
        if key is None:
            entries, is_open = spread_entries(thing)
            content.update(entries)
            if is_open:
                content[OTHER_KEYS] = NONE
            continue
        evaluated = machine.evaluate(key)
        if isinstance(evaluated, Const):
            content[evaluated.value] = thing
            nodes[evaluated.value] = value
        else:
            content[OTHER_KEYS] = NONE
    return DictThing(machine.journal.store(content), node, nodes)


def formatted(machine: Machine, node: ast.JoinedStr) -> Thing:
    """An f-string, where all of it is known."""
    parts: list[str] = []
    is_known = True
    for piece in node.values:
        thing = machine.evaluate(piece.value if isinstance(piece, ast.FormattedValue) else piece)
        if not isinstance(thing, Const):
            is_known = False
            continue
        if isinstance(piece, ast.FormattedValue):
            text = _format(machine, piece, thing.value)
            is_known &= text is not None
            parts.append(text or "")
        else:
            parts.append(str(thing.value))
    if not is_known:
        return OPAQUE
    try:
        # An f-string is as good as a literal to look at, but no one can edit it as one.
        return Const(bounded("".join(parts)))
    except NotComputed:
        return OPAQUE


def _format(machine: Machine, piece: ast.FormattedValue, value: Scalar) -> str | None:
    convert: Mapping[int, Callable[[object], str]] = {115: str, 114: repr, 97: ascii}
    converted: object = convert[piece.conversion](value) if piece.conversion in convert else value
    spec = ""
    if piece.format_spec is not None:
        thing = machine.evaluate(piece.format_spec)
        if not isinstance(thing, Const) or not isinstance(thing.value, str):
            return None
        spec = thing.value
    if len(spec) > 8 or sum(character.isdigit() for character in spec) > 3:
        return None
    try:
        return format(converted, spec)
    except (ValueError, TypeError):
        return None
