"""Which branches of a source a place stands in: two places in one branch are run together."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tflint.finding import Location
from tflint.source.module import SourceModule

# None of the branches that a statement has: an `if` without `else`, a loop that runs no time.
NO_BRANCH = -1


@dataclass(frozen=True, slots=True)
class Branch:
    """One branch of a branching statement, which is known by the line it begins on, or a name.

    An `if` with all its `elif` is one statement. `alternatives` are all of its branches,
    `NO_BRANCH` among them unless one of the others is always taken.
    """

    statement: int | str
    index: int
    alternatives: tuple[int, ...]


class Branches:
    """The branches of one source, by line."""

    def __init__(self, module: SourceModule) -> None:
        self._before = {cell.number: cell.first_line - 1 for cell in module.cells}
        # Each branch with the one around it, and for each line the innermost it stands in.
        self._branches: list[tuple[Branch, int | None]] = []
        self._innermost: dict[int, int] = {}
        for first, last, branch in sorted(
            _spans(module.tree), key=lambda span: (span[0], -span[1])
        ):
            self._branches.append((branch, self._innermost.get(first)))
            for line in range(first, last + 1):
                self._innermost[line] = len(self._branches) - 1

    def around(self, location: Location) -> tuple[Branch, ...]:
        """The branches that a place stands in, the outermost first."""
        if location.line is None:
            return ()
        index = self._innermost.get(location.line + self._before.get(location.cell or 0, 0))
        found: list[Branch] = []
        while index is not None:
            branch, index = self._branches[index]
            found.append(branch)
        return tuple(reversed(found))


def _spans(tree: ast.Module) -> Iterator[tuple[int, int, Branch]]:
    """First line, last line and branch, of all branches there are."""
    chained: set[ast.stmt] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.stmt) or node in chained:
            continue
        bodies, is_exhaustive = _bodies(node, chained)
        alternatives = (*range(len(bodies)), *(() if is_exhaustive else (NO_BRANCH,)))
        for index, body in enumerate(bodies):
            end = body[-1].end_lineno or body[-1].lineno
            yield body[0].lineno, end, Branch(node.lineno, index, alternatives)


def _bodies(node: ast.stmt, chained: set[ast.stmt]) -> tuple[list[Sequence[ast.stmt]], bool]:
    """The bodies of which one is run, and whether one of them always is."""
    if isinstance(node, ast.If):
        bodies: list[Sequence[ast.stmt]] = [node.body]
        while len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
            node = node.orelse[0]
            chained.add(node)
            bodies.append(node.body)
        return ([*bodies, node.orelse], True) if node.orelse else (bodies, False)
    if isinstance(node, ast.For | ast.AsyncFor | ast.While):
        return [node.body], False
    if isinstance(node, ast.Try):
        return [node.body, *(handler.body for handler in node.handlers)], True
    if isinstance(node, ast.Match):
        last = node.cases[-1]
        is_default = isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None
        return [case.body for case in node.cases], is_default and last.guard is None
    return [], True
