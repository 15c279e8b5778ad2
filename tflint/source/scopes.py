"""Where names are looked for: scopes as Python has them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tflint.source.store import Store

_SCOPES = frozenset((ast.Lambda, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
_TRIFLES = frozenset((ast.Load, ast.Store, ast.Del, ast.Constant))


@dataclass(frozen=True, slots=True)
class Bindings:
    """The names that a block binds itself, and those it declares to be others'."""

    local: frozenset[str]
    global_: frozenset[str]
    nonlocal_: frozenset[str]
    is_generator: bool


class Scope:
    """The names of a module, a class body, a function call or a comprehension."""

    __slots__ = ("bindings", "is_class", "module", "parent", "star_homes", "store")

    def __init__(
        self,
        store: Store,
        parent: Scope | None = None,
        bindings: Bindings | None = None,
        *,
        is_class: bool = False,
    ) -> None:
        self.store = store
        self.parent = parent
        self.module: Scope = self if parent is None else parent.module
        self.bindings = bindings
        self.is_class = is_class
        # Modules that everything was imported from, in order.
        self.star_homes: list[str] = [] if parent is None else self.module.star_homes

    def home(self, name: str) -> Scope:
        """The scope in which an assignment to the name writes it."""
        if self.bindings is None:
            return self
        if name in self.bindings.global_:
            return self.module
        if name in self.bindings.nonlocal_:
            scope = self.parent
            while scope is not None:
                if not scope.is_class and scope.bindings and name in scope.bindings.local:
                    return scope
                scope = scope.parent
            return self.module
        return self

    def search(self, name: str) -> Iterator[Scope]:
        """The scopes in which the name is looked for, in order."""
        if self.bindings is not None and name in self.bindings.global_:
            yield self.module
            return
        yield self
        if self.bindings is not None and name in self.bindings.local and not self.is_class:
            return
        scope = self.parent
        while scope is not None:
            if not scope.is_class:
                yield scope
                if scope.bindings is not None and name in scope.bindings.local:
                    return
            scope = scope.parent


def bindings_of(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Bindings:
    """What a function binds, its parameters included."""
    names: set[str] = set()
    declared: dict[type, set[str]] = {ast.Global: set(), ast.Nonlocal: set()}
    is_generator = False
    arguments = node.args
    for each in (
        *arguments.posonlyargs,
        *arguments.args,
        *arguments.kwonlyargs,
        arguments.vararg,
        arguments.kwarg,
    ):
        if each is not None:
            names.add(each.arg)
    body: Iterable[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else node.body
    for inner in own_nodes(body):
        if isinstance(inner, ast.Global | ast.Nonlocal):
            declared[type(inner)].update(inner.names)
        elif isinstance(inner, ast.Yield | ast.YieldFrom):
            is_generator = True
        else:
            names.update(_bound(inner))
    apart = declared[ast.Global] | declared[ast.Nonlocal]
    return Bindings(
        frozenset(names - apart),
        frozenset(declared[ast.Global]),
        frozenset(declared[ast.Nonlocal]),
        is_generator,
    )


def own_nodes(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """All nodes of a block, without those of the functions and classes inside it."""
    pending = list(body)
    while pending:
        node = pending.pop()
        yield node
        if type(node) not in _SCOPES:
            pending += children(node)


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes in a node, as `ast.iter_child_nodes` gives them, without the trifles."""
    found: list[ast.AST] = []
    for value in vars(node).values():
        if isinstance(value, list):
            found += [each for each in value if isinstance(each, ast.AST)]
        elif isinstance(value, ast.AST) and type(value) not in _TRIFLES:
            found.append(value)
    return found


def bound_names(body: Iterable[ast.AST]) -> set[str]:
    """The names that a block binds, whatever scope they are of."""
    names: set[str] = set()
    for node in own_nodes(body):
        names.update(_bound(node))
    return names


def _bound(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        if not isinstance(node.ctx, ast.Load):
            yield node.id
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        for alias in node.names:
            yield alias.asname or alias.name.partition(".")[0]
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest
