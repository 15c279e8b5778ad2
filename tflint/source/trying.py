"""`try`: a body that may end early, and what handles that."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from tflint.source.joins import join
from tflint.source.machine import Machine
from tflint.source.scopes import bound_names
from tflint.source.store import MISSING, OPAQUE, Thing

# What Keras never raises when it builds a layer.
_OTHER_EXCEPTIONS = frozenset(
    (
        "FileNotFoundError",
        "IOError",
        "ImportError",
        "KeyboardInterrupt",
        "ModuleNotFoundError",
        "OSError",
        "SystemExit",
    )
)


def try_(machine: Machine, node: Any) -> bool:
    """`try`: the body runs; handlers may, after any part of it."""
    names = bound_names(node.body) if node.handlers else ()
    earlier = {name: _bound(machine, name) for name in names}
    is_guarded = any(_catches_refusals(handler) for handler in node.handlers)
    machine.recorder.guards += is_guarded
    try:
        is_alive = machine.run(node.body)
    finally:
        machine.recorder.guards -= is_guarded
    ended = not is_alive and not _left_body(machine)
    if is_alive and node.orelse:
        is_alive = machine.run(node.orelse)

    def handle(handler: ast.ExceptHandler) -> Callable[[], bool]:
        def branch() -> bool:
            for name, thing in earlier.items():
                now = _bound(machine, name)
                if now is not thing:
                    machine.write_name(name, join((thing, now)))
            if handler.name:
                machine.write_name(handler.name, OPAQUE)
            return machine.run(handler.body)

        return branch

    if node.handlers:
        reached = is_alive
        branches = [handle(handler) for handler in node.handlers]
        if not ended:
            branches.insert(0, lambda: reached)
        before = machine.evidence
        is_alive = machine.fork(branches)
        # That a handler returns does not make what is behind the body less sure.
        if reached:
            machine.evidence = before
    if node.finalbody:
        is_alive = machine.run(node.finalbody) and is_alive
    return is_alive


def _catches_refusals(handler: ast.ExceptHandler) -> bool:
    """Whether it may be meant for layers that Keras refuses to build."""
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = (getattr(each, "attr", getattr(each, "id", None)) for each in caught)
    return not all(name in _OTHER_EXCEPTIONS for name in names)


def _bound(machine: Machine, name: str) -> Thing:
    return machine.scope.home(name).store.content.get(name, MISSING)


def _left_body(machine: Machine) -> bool:
    return bool(machine.frames) and any(frame.left_by is not None for frame in machine.frames[-2:])
