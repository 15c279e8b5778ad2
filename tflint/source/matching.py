"""`match` statements."""

from __future__ import annotations

import ast
from collections.abc import Callable

from tflint.source.arithmetic import NotComputed, compare
from tflint.source.containers import closed, truth
from tflint.source.machine import Machine
from tflint.source.objects import Const, SequenceThing
from tflint.source.store import OPAQUE, Thing


def match(machine: Machine, node: ast.Match) -> bool:
    """The case that is taken where that is known, else all that may be."""
    subject = machine.evaluate(node.subject)
    branches: list[Callable[[], bool]] = []
    for case in node.cases:
        fits = _fits(machine, case.pattern, subject)
        if fits is False:
            continue
        if fits and case.guard is not None:
            _capture(machine, case.pattern, subject)
            fits = truth(machine.evaluate(case.guard))
            if fits is False:
                continue

        def branch(case: ast.match_case = case) -> bool:
            _capture(machine, case.pattern, subject)
            return machine.run(case.body)

        if (fits and case.guard is None) or fits:
            if not branches:
                return branch()
            branches.append(branch)
            return machine.fork(branches)
        branches.append(branch)
    return machine.fork([*branches, lambda: True]) if branches else True


def _fits(machine: Machine, pattern: ast.pattern, subject: Thing) -> bool | None:
    if isinstance(pattern, ast.MatchAs):
        return True if pattern.pattern is None else _fits(machine, pattern.pattern, subject)
    if isinstance(pattern, ast.MatchOr):
        outcomes = [_fits(machine, each, subject) for each in pattern.patterns]
        if True in outcomes:
            return True
        return None if None in outcomes else False
    if isinstance(pattern, ast.MatchValue):
        value = machine.evaluate(pattern.value)
        if isinstance(value, Const) and isinstance(subject, Const):
            try:
                return compare(ast.Eq, subject.value, value.value)
            except NotComputed:
                return None
    if isinstance(pattern, ast.MatchSingleton) and isinstance(subject, Const):
        return subject.value is pattern.value
    if isinstance(pattern, ast.MatchSequence) and isinstance(subject, SequenceThing):
        items = closed(subject)
        if any(isinstance(each, ast.MatchStar) for each in pattern.patterns) or items.is_open:
            return None
        if len(items.values) != len(pattern.patterns):
            return False
        outcomes = [
            _fits(machine, each, value)
            for each, value in zip(pattern.patterns, items.values, strict=True)
        ]
        return False if False in outcomes else None if None in outcomes else True
    return None


def _capture(machine: Machine, pattern: ast.pattern, subject: Thing) -> None:
    """Bind the names of a pattern."""
    if isinstance(pattern, ast.MatchAs):
        if pattern.pattern is not None:
            _capture(machine, pattern.pattern, subject)
        if pattern.name is not None:
            machine.write_name(pattern.name, subject)
        return
    if isinstance(pattern, ast.MatchSequence) and isinstance(subject, SequenceThing):
        items = closed(subject)
        plain = not any(isinstance(each, ast.MatchStar) for each in pattern.patterns)
        if plain and not items.is_open and len(items.values) == len(pattern.patterns):
            for each, value in zip(pattern.patterns, items.values, strict=True):
                _capture(machine, each, value)
            return
    for inner in ast.walk(pattern):
        if isinstance(inner, ast.MatchAs | ast.MatchStar) and inner.name:
            machine.write_name(inner.name, OPAQUE)
        elif isinstance(inner, ast.MatchMapping) and inner.rest:
            machine.write_name(inner.rest, OPAQUE)
