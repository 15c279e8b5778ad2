"""How a functional model's configuration says what is called on what, in every version.

Keras 1 and 2 write a node as nested lists around `[layer, node, tensor]`, Keras 2 with the other
arguments of the call behind it; Keras 3 as `{"args": ..., "kwargs": ...}` with tensors in it.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, field

from tflint.archive.bounded_json import Json
from tflint.errors import MalformedArchive
from tflint.printable import printable

# Arguments of calls that are tensors, but not what is computed on.
_MASKS = frozenset(("mask", "training"))
_CONSTANT = "_CONSTANT_VALUE"


@dataclass(frozen=True, slots=True)
class TensorName:
    """A tensor in a configuration: which output of which call of which layer.

    `shape` is what it had when the model was saved, where that is written.
    """

    layer: str
    node: int
    tensor: int
    shape: tuple[int | None, ...] | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """A call of a layer: the tensors that it is given, in order, and its other arguments.

    `positional` are those without a name, by their position.
    """

    inputs: tuple[TensorName, ...]
    positional: dict[int, Json] = field(default_factory=dict)
    keywords: dict[str, Json] = field(default_factory=dict)
    is_legacy: bool = False


def read_nodes(inbound: Json, layer: str, known: Container[str]) -> list[Node]:
    """The calls of a layer; raises `MalformedArchive` for what no version of Keras writes.

    `known` are the names of the model's layers.
    """
    if inbound is None:
        return []
    if not isinstance(inbound, list):
        raise MalformedArchive(f"the `inbound_nodes` of layer `{printable(layer)}` are not a list")
    return [_node(item, layer, known) for item in inbound]


def _node(item: Json, layer: str, known: Container[str]) -> Node:
    if isinstance(item, dict):
        if "args" in item:
            return _keras_3(item)
        # Keras 2 with dictionaries as first arguments.
        item = _in_order(item)
    if isinstance(item, list):
        return _legacy(item, known)
    raise MalformedArchive(f"an inbound node of layer `{printable(layer)}` is not a list")


def _keras_3(item: dict[str, Json]) -> Node:
    args, kwargs = item.get("args"), item.get("kwargs")
    inputs: list[TensorName] = []
    positional: dict[int, Json] = {}
    for position, argument in enumerate(args if isinstance(args, list) else [args]):
        found = list(_tensors(argument))
        inputs += found
        if not found:
            positional[position] = argument
    keywords: dict[str, Json] = {}
    for name, argument in kwargs.items() if isinstance(kwargs, dict) else ():
        found = list(_tensors(argument))
        if not found:
            keywords[name] = argument
        elif name not in _MASKS:
            inputs += found
    return Node(tuple(inputs), positional, keywords)


def _tensors(value: Json) -> Iterator[TensorName]:
    """The tensors in an argument of Keras 3, in order."""
    if isinstance(value, list):
        for item in value:
            yield from _tensors(item)
    elif isinstance(value, dict):
        if value.get("class_name") != "__keras_tensor__":
            for item in _in_order(value):
                yield from _tensors(item)
            return
        config = value.get("config")
        history = config.get("keras_history") if isinstance(config, dict) else None
        found = _name(history)
        if found is None or not isinstance(config, dict):
            raise MalformedArchive("the configuration has a tensor without its `keras_history`")
        yield TensorName(found.layer, found.node, found.tensor, _shape(config.get("shape")))


def _in_order(values: dict[str, Json]) -> list[Json]:
    """What is in a dictionary of tensors, in the order in which Keras flattens it."""
    return [values[key] for key in sorted(values)]


def _shape(value: Json) -> tuple[int | None, ...] | None:
    if not isinstance(value, list):
        return None
    dims: list[int | None] = []
    for dim in value:
        if dim is not None and (not isinstance(dim, int) or isinstance(dim, bool) or dim < 0):
            return None
        dims.append(dim)
    return tuple(dims)


def _name(value: Json) -> TensorName | None:
    """The tensor that `[layer, node, tensor]` or `[layer, node, tensor, {...}]` is, if it is."""
    if not isinstance(value, list) or len(value) not in (3, 4):
        return None
    layer, node, tensor = value[:3]
    if not isinstance(layer, str) or not isinstance(node, int) or not isinstance(tensor, int):
        return None
    return TensorName(layer, node, tensor)


def _legacy(item: list[Json], known: Container[str]) -> Node:
    inputs: list[TensorName] = []
    positional: dict[int, Json] = {}
    keywords: dict[str, Json] = {}

    def visit(value: Json) -> None:
        name = _name(value)
        if name is None or not isinstance(value, list):
            parts = value if isinstance(value, list) else []
            for part in _in_order(value) if isinstance(value, dict) else parts:
                visit(part)
            return
        others = value[3] if len(value) == 4 else None
        if name.layer == _CONSTANT and name.node == -1:
            positional[0] = value[2]
        else:
            inputs.append(name)
        for key, argument in others.items() if isinstance(others, dict) else ():
            found = list(_legacy_tensors(argument, known))
            if not found:
                keywords[key] = argument
            elif key not in _MASKS:
                inputs.extend(found)

    visit(item)
    return Node(tuple(inputs), positional, keywords, is_legacy=True)


def _legacy_tensors(value: Json, known: Container[str]) -> Iterator[TensorName]:
    name = _name(value)
    if name is not None and name.layer in known:
        yield name
    elif isinstance(value, list):
        for item in value:
            yield from _legacy_tensors(item, known)


def read_ends(value: Json, what: str) -> list[TensorName]:
    """The tensors in `input_layers` or `output_layers`: one, a list, or a dictionary of them."""
    name = _name(value)
    if name is not None:
        return [name]
    if isinstance(value, dict):
        value = _in_order(value)
    if not isinstance(value, list):
        raise MalformedArchive(f"the configuration's `{what}` are not a list")
    return [tensor for item in value for tensor in read_ends(item, what)]
