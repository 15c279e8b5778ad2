"""What a name in a source file refers to, as far as imports and plain assignments tell.

A file is one scope here, and that errs on the safe side: a name that is bound twice to
different things, wherever, refers to nothing known. Unknown stays unknown.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

# Where Keras lives; longest first, because some contain others.
_KERAS_HOMES = (
    "tensorflow.compat.v1.keras",
    "tensorflow.compat.v2.keras",
    "tensorflow.python.keras",
    "tensorflow.keras",
    "tf_keras",
    "keras",
)

Constant = str | int | float | bool | None


class Names:
    """The names of one file: imported modules and members, aliases, constants."""

    def __init__(self, tree: ast.Module) -> None:
        self._paths: dict[str, str | None] = {}
        self._constants: dict[str, Constant] = {}
        # Where names without another home come from; None when there are several candidates.
        self._star_home: str | None = None
        star_homes: set[str] = set()
        self._local: frozenset[str] = frozenset()
        aliases: list[tuple[str, ast.expr]] = []
        bound: dict[str, int] = {}
        for node in ast.walk(tree):
            self._import(node, star_homes)
            for name, value in _bindings(node):
                bound[name] = bound.get(name, 0) + 1
                if value is not None:
                    aliases.append((name, value))
        for name in bound.keys() & self._paths.keys():
            self._paths[name] = None
        for name, value in aliases:
            if bound[name] != 1 or name in self._paths:
                continue
            if isinstance(value, ast.Constant) and isinstance(value.value, Constant):
                self._constants[name] = value.value
            else:
                path = self.path(value)
                if path is not None:
                    self._paths[name] = path
        self._local = frozenset(bound)
        self._star_home = star_homes.pop() if len(star_homes) == 1 else None

    def _import(self, node: ast.AST, star_homes: set[str]) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname:
                    self._bind(alias.asname, alias.name)
                else:
                    root = alias.name.partition(".")[0]
                    self._bind(root, root)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                if alias.name == "*":
                    star_homes.add(keras_path(node.module))
                else:
                    self._bind(alias.asname or alias.name, f"{node.module}.{alias.name}")

    def _bind(self, name: str, path: str) -> None:
        known = self._paths.setdefault(name, path)
        if known is not None and keras_path(known) != keras_path(path):
            self._paths[name] = None

    def path(self, expression: ast.expr) -> str | None:
        """The dotted path that a name or attribute refers to, such as `tensorflow.keras`."""
        parts: list[str] = []
        while isinstance(expression, ast.Attribute):
            parts.append(expression.attr)
            expression = expression.value
        if not isinstance(expression, ast.Name):
            return None
        root = self._root(expression.id, first=parts[-1] if parts else None)
        return None if root is None else ".".join([root, *reversed(parts)])

    def _root(self, name: str, first: str | None) -> str | None:
        if name in self._paths:
            return self._paths[name]
        if name in self._local or name in self._constants:
            return None
        # `from tensorflow.keras.layers import *`: whatever nobody else defines came with it.
        home = self._star_home
        return f"{home}.{name}" if home is not None and name[:1].isupper() else None

    def constant(self, expression: ast.expr) -> Constant:
        """The value of a literal or of a name bound once to one; None when unknown."""
        if isinstance(expression, ast.Constant) and isinstance(expression.value, Constant):
            return expression.value
        if isinstance(expression, ast.Name):
            return self._constants.get(expression.id)
        return None


def keras_path(path: str) -> str:
    """The path with Keras' home, whichever it is, called `keras`."""
    for home in _KERAS_HOMES:
        if path == home or path.startswith(home + "."):
            return "keras" + path[len(home) :]
    return path


def _bindings(node: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    """The names that a statement binds other than by import, with the value if it is plain."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name):
                yield target.id, node.value
            else:
                yield from ((name, None) for name in _stored(target))
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id, node.value
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name, None
    elif isinstance(node, ast.arg):
        yield node.arg, None
    elif isinstance(node, ast.AugAssign | ast.For | ast.AsyncFor | ast.comprehension):
        yield from ((name, None) for name in _stored(node.target))
    elif isinstance(node, ast.NamedExpr):
        yield node.target.id, None
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield from ((name, None) for name in _stored(node.optional_vars))
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name, None


def _stored(target: ast.expr) -> Iterator[str]:
    for node in ast.walk(target):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
