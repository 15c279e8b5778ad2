"""Which scope of a graph belongs to which layer.

Keras 3 opens the scopes of layers that are built in numbers of its own: those of `conv` and
`conv_1` are called `conv_1` and `conv_1_2`, so that the names alone tell the wrong layer.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

# Scopes in a name that are looked at: layers are not nested deeper.
_MAX_SCOPES = 64


@contextlib.contextmanager
def scopes_noted(keras: Any) -> Iterator[dict[str, str]]:
    """While a network is traced, note for each scope the names of the layers it belongs to.

    The dictionary grows as layers are called: `net_1/conv_1` is that of `net/conv`. It stays
    empty without a Keras.
    """
    found: dict[str, str] = {}
    if keras is None:
        yield found
        return
    import tensorflow as tf

    layer_class = keras.layers.Layer
    original = layer_class.__call__
    around: list[str] = []

    def noting_call(self: Any, *args: Any, **kwargs: Any) -> Any:
        graph = tf.compat.v1.get_default_graph()
        scope, before = graph.get_name_scope(), graph.version
        around.append(str(self.name))
        try:
            return original(self, *args, **kwargs)
        finally:
            path = "/".join(around)
            around.pop()
            for opened in _opened(graph, scope, before):
                found.setdefault(opened, path)

    layer_class.__call__ = noting_call
    try:
        yield found
    finally:
        layer_class.__call__ = original


def canonical(name: str, scopes: Mapping[str, str]) -> str:
    """A name with the names of layers in place of their scopes; parts joined by `;` each."""
    return ";".join(_canonical(part, scopes) for part in name.split(";"))


def _canonical(name: str, scopes: Mapping[str, str]) -> str:
    parts = name.split("/")
    for length in range(min(len(parts) - 1, _MAX_SCOPES), 0, -1):
        path = scopes.get("/".join(parts[:length]))
        if path is not None:
            return "/".join((path, *parts[length:]))
    return name


def _opened(graph: Any, scope: str, before: int) -> set[str]:
    """The scopes directly in this one that operations have been added in."""
    start = f"{scope}/" if scope else ""
    found = set()
    for operation in graph.get_operations()[before:]:
        if operation.name.startswith(start):
            first, slash, _ = operation.name[len(start) :].partition("/")
            if slash:
                found.add(start + first)
    return found
