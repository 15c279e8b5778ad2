"""What in a source makes networks, as far as that is seen without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tflint.errors import UsageError
from tflint.finding import NOWHERE
from tflint.source.module import SourceModule, read_source
from tflint.source.parsing import MAX_BYTES, SourceError

# What can bind names that are not written down.
_BINDERS = frozenset(("exec", "globals", "setattr", "vars", "__getattr__", "locals"))
_NAMED = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.ExceptHandler,
    ast.MatchAs,
    ast.MatchStar,
)
_NAME = ast.dump(ast.Name("__name__", ast.Load()))
_MAIN = ast.dump(ast.Constant("__main__"))


@dataclass(frozen=True, slots=True)
class Factories:
    """The top-level `names` that give a network, functions without arguments and variables.

    `bound` are all names that the source binds at the top, None where it may bind others too.
    """

    names: tuple[str, ...]
    bound: frozenset[str] | None

    def may_have(self, dotted: str) -> bool:
        """Whether the source may define this name."""
        return self.bound is None or dotted.partition(".")[0] in self.bound


def factories(path: Path, shown: str) -> Factories:
    """What a source has. Raises `UsageError` where it cannot be read or does not parse."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        module = read_source(data)
    except OSError as error:
        raise UsageError(f"`{shown}` cannot be read: {error.strerror or error}") from error
    except SourceError as error:
        where = f":{error.line}" if error.line else ""
        raise UsageError(f"`{shown}{where}` is no Python that parses: {error}") from error
    return Factories(tuple(_names(module)), _bound(module.tree))


def _names(module: SourceModule) -> list[str]:
    lines = {
        network.location.line
        for network in module.keras.networks
        if network.location is not NOWHERE and network.location.line is not None
    }
    statements = list(_top_level(module.tree.body))
    makers = {
        each.name: each
        for each in statements
        if isinstance(each, ast.FunctionDef) and _returns(each)
    }
    making = {name for name, each in makers.items() if _spans(each, lines)}
    # Functions that return what such a function gives.
    for _ in makers:
        more = {
            name
            for name, each in makers.items()
            if name not in making and _returns_call_of(each, making)
        }
        if not more:
            break
        making |= more
    found = [name for name in makers if name in making and not _needs_arguments(makers[name])]
    for statement in statements:
        for name, value in _assignments(statement):
            is_made = _spans(value, lines) and not isinstance(value, ast.Lambda)
            if (is_made or _calls(value, making)) and name not in found:
                found.append(name)
    return found


def _top_level(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run when the module is imported, in order."""
    waiting = list(reversed(body))
    while waiting:
        statement = waiting.pop()
        yield statement
        if isinstance(statement, ast.If) and _is_main(statement.test):
            waiting.extend(reversed(statement.orelse))
            continue
        if isinstance(statement, ast.If | ast.For | ast.While | ast.With | ast.Try):
            inner = [*statement.body, *getattr(statement, "orelse", ())]
            for handler in getattr(statement, "handlers", ()):
                inner += handler.body
            waiting.extend(reversed([*inner, *getattr(statement, "finalbody", ())]))


def _is_main(test: ast.expr) -> bool:
    """Whether it asks for `__name__ == "__main__"`, which a module that is imported is not."""
    if not (isinstance(test, ast.Compare) and [type(op) for op in test.ops] == [ast.Eq]):
        return False
    sides = [ast.dump(test.left), *map(ast.dump, test.comparators)]
    return sorted(sides) == sorted((_NAME, _MAIN))


def _assignments(statement: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    targets: list[ast.expr] = []
    value: ast.expr | None = None
    if isinstance(statement, ast.Assign):
        targets, value = statement.targets, statement.value
    elif isinstance(statement, ast.AnnAssign):
        targets, value = [statement.target], statement.value
    if value is not None:
        for target in targets:
            if isinstance(target, ast.Name):
                yield target.id, value


def _spans(node: ast.AST, lines: set[int]) -> bool:
    """Whether a network is made in it."""
    first, last = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0) or 0
    return any(first <= line <= last for line in lines)


def _returns(function: ast.FunctionDef) -> list[ast.expr]:
    """What it returns itself, not what functions in it do."""
    found: list[ast.expr] = []
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Return) and node.value is not None:
            found.append(node.value)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(node))
    return found


def _returns_call_of(function: ast.FunctionDef, names: set[str]) -> bool:
    """Whether it returns what a function of these names gives, directly or by a variable."""
    values = _returns(function)
    if any(_calls(value, names) for value in values):
        return True
    returned = {value.id for value in values if isinstance(value, ast.Name)}
    return any(
        name in returned and _calls(value, names)
        for statement in ast.walk(function)
        if isinstance(statement, ast.stmt)
        for name, value in _assignments(statement)
    )


def _calls(value: ast.expr, names: set[str]) -> bool:
    return isinstance(value, ast.Call) and (
        isinstance(value.func, ast.Name) and value.func.id in names
    )


def _needs_arguments(function: ast.FunctionDef) -> bool:
    arguments = function.args
    positional = len(arguments.posonlyargs) + len(arguments.args)
    return positional > len(arguments.defaults) or None in arguments.kw_defaults


def _bound(tree: ast.Module) -> frozenset[str] | None:
    """The names that are bound at the top; None where there may be others."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            return None
        if isinstance(node, ast.Name) and node.id in _BINDERS:
            return None
        if isinstance(node, ast.FunctionDef) and node.name in _BINDERS:
            return None
        if isinstance(node, ast.Global):
            found.update(node.names)
    for statement in _top_level(tree.body):
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(statement.name)
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            for alias in statement.names:
                found.add(alias.asname or alias.name.partition(".")[0])
        else:
            # More than is bound, but not less.
            found.update(
                node.id
                for node in ast.walk(statement)
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            )
            found.update(_patterns(statement))
    return frozenset(found)


def _patterns(statement: ast.stmt) -> Iterator[str]:
    """Names that are bound by `match`, `except ... as`, and definitions inside of branches."""
    for node in ast.walk(statement):
        name: str | None = None
        if isinstance(node, _NAMED):
            name = node.name
        elif isinstance(node, ast.alias):
            name = node.asname or node.name.partition(".")[0]
        if name is not None:
            yield name
