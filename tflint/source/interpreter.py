"""The interpreter: a module run, then what nothing in it calls."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from tflint.finding import Location
from tflint.keras.facts import KerasFacts
from tflint.source import attributes, calls, statements
from tflint.source.converters import note_unconverted
from tflint.source.expressions import EXPRESSIONS
from tflint.source.limits import MAX_DEPTH, OutOfSteps
from tflint.source.machine import Machine, Node, Place
from tflint.source.objects import Arguments, Const
from tflint.source.remains import ENDED_EARLY, run_what_nothing_calls
from tflint.source.scopes import Scope
from tflint.source.store import OPAQUE, Store, Thing


class Interpreter(Machine):
    """Puts the parts together: each node goes to the function that knows it."""

    def evaluate(self, node: ast.expr) -> Thing:
        """What an expression stands for."""
        budget = self.budget
        budget.charge(1)
        if budget.depth >= MAX_DEPTH:
            return OPAQUE
        handler = EXPRESSIONS.get(type(node))
        if handler is None:
            return OPAQUE
        budget.depth += 1
        try:
            return handler(self, node)
        finally:
            budget.depth -= 1

    def run(self, body: Sequence[ast.stmt]) -> bool:
        """Run statements; whether what is behind them is reached."""
        budget = self.budget
        if budget.depth >= MAX_DEPTH:
            return True
        budget.depth += 1
        try:
            return statements.run(self, body)
        finally:
            budget.depth -= 1

    def call(self, callee: Thing, arguments: Arguments, node: Place) -> Thing:
        """Call something."""
        budget = self.budget
        budget.charge(1)
        if budget.depth >= MAX_DEPTH:
            return OPAQUE
        budget.depth += 1
        try:
            return calls.call(self, callee, arguments, node)
        finally:
            budget.depth -= 1

    def attribute(self, thing: Thing, name: str, node: Place) -> Thing:
        """An attribute of something."""
        return attributes.attribute(self, thing, name, node)


def interpret(tree: ast.Module, locate: Callable[[Node], Location]) -> KerasFacts:
    """What a module says about Keras. Nothing of it is run, and nothing raised."""
    machine = Interpreter(locate)
    machine.scope = Scope(Store(0, {"__name__": Const("__main__")}))
    try:
        machine.run(tree.body)
        run_what_nothing_calls(machine, tree)
        note_unconverted(machine)
    except (OutOfSteps, RecursionError):
        machine.recorder.unseen.append(ENDED_EARLY)
    return machine.recorder.facts()
