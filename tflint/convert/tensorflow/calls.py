"""The calls of a live Keras network, of Keras 3 or tf-keras, as a flat list in order.

Nested models are inlined, also where they are shared, and so are models and layers of a user's
own that can be called with symbolic tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Keras' own objects have no types that hold for both Keras 3 and tf-keras.
Layer = Any
Tensor = Any

_MAX_CALLS = 20_000
_MAX_DEPTH = 50


class CannotRebuild(Exception):
    """The network is no list of calls that could be made again; the message says why."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A tensor among the arguments of a call."""

    index: int


@dataclass(frozen=True, slots=True)
class Spec:
    """What is known of a tensor: its shape with the batch first, None where a size is open."""

    shape: tuple[int | None, ...]
    dtype: str
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a layer, or of an operation such as `x + 1`.

    `args` and `kwargs` are the arguments with a `Slot` for every tensor, `inputs` their slots in
    order, `outputs` those of the result. `name` is the original's, behind those of the nested
    models around it: `encoder/conv2d`.
    """

    name: str
    layer: Layer
    args: Any
    kwargs: Any
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    @property
    def kind(self) -> str:
        """The class of what is called; empty for one that Keras itself does not define."""
        return kind_of(self.layer)


@dataclass(frozen=True, slots=True)
class Graph:
    """A network as calls, each after those that it needs; `keras` is the module it belongs to."""

    model: Any
    keras: Any
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    calls: tuple[Call, ...]
    specs: Mapping[int, Spec]

    @property
    def is_legacy(self) -> bool:
        """Whether it is of Keras 2 (tf-keras)."""
        return is_legacy(self.keras)

    def consumers(self) -> dict[int, list[Call]]:
        """The calls that take a tensor, by its slot."""
        found: dict[int, list[Call]] = {}
        for call in self.calls:
            for slot in dict.fromkeys(call.inputs):
                found.setdefault(slot, []).append(call)
        return found


def is_legacy(keras: Any) -> bool:
    """Whether a module is tf-keras rather than Keras 3."""
    return str(keras.__name__).startswith("tf_keras")


def kind_of(layer: Layer) -> str:
    """The class name of a layer of Keras itself; empty for what a user has derived."""
    kind = type(layer)
    return kind.__name__ if kind.__module__.startswith(("keras.src.", "tf_keras.src.")) else ""


def calls_of(model: Any, keras: Any) -> Graph:
    """Write a network down as calls. Raises `CannotRebuild` for one that is code, not a graph."""
    reading = _Reading(keras)
    graph = graph_of(model, keras)
    if graph is None:
        raise CannotRebuild(_why(model, keras))
    inputs = tuple(reading.slot(tensor) for tensor in graph.inputs)
    outputs = reading.inline(graph, dict(zip(map(id, graph.inputs), inputs, strict=True)), ())
    return Graph(model, keras, inputs, outputs, tuple(reading.calls), reading.specs)


def around(model: Any, keras: Any, specs: Sequence[Spec]) -> Any:
    """A functional model around one that is code, for inputs that it was called with.

    Raises `CannotRebuild`.
    """
    if graph_of(model, keras) is not None:
        return model
    if len(specs) != 1:
        raise CannotRebuild(_why(model, keras))
    (spec,) = specs
    try:
        start = keras.Input(batch_shape=spec.shape, dtype=spec.dtype, name=spec.name or None)
        return keras.Model(start, model(start), name=model.name)
    except Exception as error:
        raise CannotRebuild(_why(model, keras)) from error


class _Reading:
    """The list of calls as it grows."""

    def __init__(self, keras: Any) -> None:
        self.keras = keras
        self.calls: list[Call] = []
        self.specs: dict[int, Spec] = {}

    def slot(self, tensor: Tensor) -> int:
        index = len(self.specs)
        shape = tuple(None if size is None else int(size) for size in tensor.shape)
        dtype = getattr(tensor.dtype, "name", tensor.dtype)
        self.specs[index] = Spec(shape, str(dtype), str(getattr(tensor, "name", "")))
        return index

    def inline(self, graph: Any, known: dict[int, int], within: tuple[str, ...]) -> tuple[int, ...]:
        """Append the calls of a model whose inputs have slots; the slots of its outputs."""
        if len(within) > _MAX_DEPTH:
            raise CannotRebuild(f"models are nested more than {_MAX_DEPTH} deep")
        for node in _nodes(graph):
            layer, args, kwargs, outputs = _parts(node, self.keras)
            flat = flatten((args, kwargs), self.keras)
            tensors = [each for each in flat if _is_tensor(each)]
            if any(id(tensor) not in known for tensor in tensors):
                continue  # Keras skips it as well: it belongs to another network.
            slots = tuple(known[id(tensor)] for tensor in tensors)
            args, kwargs = mapped(
                lambda each: Slot(known[id(each)]) if _is_tensor(each) else each,
                (args, kwargs),
                self.keras,
            )
            inner = self._inner(layer, args, kwargs)
            if inner is None:
                made = tuple(self.slot(tensor) for tensor in outputs)
                name = "/".join((*within, str(layer.name)))
                self.calls.append(Call(name, layer, args, kwargs, slots, made))
                if len(self.calls) > _MAX_CALLS:
                    raise CannotRebuild(f"it has more than {_MAX_CALLS} calls")
            else:
                start = dict(zip(map(id, inner.inputs), slots, strict=True))
                made = self.inline(inner, start, (*within, str(layer.name)))
            known.update(zip(map(id, outputs), made, strict=True))
        try:
            return tuple(known[id(tensor)] for tensor in graph.outputs)
        except KeyError:
            raise CannotRebuild("an output does not depend on the inputs") from None

    def _inner(self, layer: Layer, args: Any, kwargs: Any) -> Any:
        """The graph of a nested model that may be inlined, None for anything else."""
        # A call with training=True means what it says: dropout stays on.
        extra = {key: value for key, value in kwargs.items() if value is not None}
        if extra.pop("training", False) or extra or len(args) != 1:
            return None
        given = args[0]
        graph = graph_of(layer, self.keras)
        if graph is None:
            graph = self._traced(layer, given)
        if graph is None:
            return None
        struct = graph._nested_inputs if is_legacy(self.keras) else graph._inputs_struct
        flat = flatten(given, self.keras)
        if isinstance(given, dict) and not (
            isinstance(struct, dict) and sorted(struct) == sorted(given)
        ):
            return None
        if len(flat) != len(graph.inputs) or not all(isinstance(each, Slot) for each in flat):
            return None
        for each, tensor in zip(flat, graph.inputs, strict=True):
            spec = self.specs[each.index]
            dtype = str(getattr(tensor.dtype, "name", tensor.dtype))
            if len(spec.shape) != len(tensor.shape) or spec.dtype != dtype:
                return None
        return graph

    def _traced(self, layer: Layer, given: Any) -> Any:
        """The graph that a user's own model or layer makes of symbolic tensors, if it makes one.

        Only of what holds layers and nothing but layers: weights of its own would be lost.
        """
        if kind_of(layer) or not _is_composed(layer, self.keras):
            return None
        if not all(isinstance(each, Slot) for each in flatten(given, self.keras)):
            return None

        def start(slot: Slot) -> Tensor:
            spec = self.specs[slot.index]
            return self.keras.Input(batch_shape=spec.shape, dtype=spec.dtype)

        inputs = mapped(start, given, self.keras)
        try:
            return graph_of(self.keras.Model(inputs, layer.call(inputs)), self.keras)
        except Exception:
            return None  # It is code that wants values: it stays one call.


def _is_composed(layer: Layer, keras: Any) -> bool:
    flatten_layers = getattr(layer, "_flatten_layers", None)
    if flatten_layers is None or not isinstance(layer, keras.layers.Layer):
        return False
    inside = list(flatten_layers(include_self=False, recursive=True))
    theirs = {id(weight) for each in inside for weight in each.weights}
    return bool(inside) and all(id(weight) in theirs for weight in layer.weights)


def mapped(function: Callable[[Any], Any], structure: Any, keras: Any) -> Any:
    """A structure of lists, tuples and dicts with every leaf put through a function, in order."""
    if is_legacy(keras):
        import tensorflow as tf

        return tf.nest.map_structure(function, structure)
    return keras.tree.map_structure(function, structure)


def flatten(structure: Any, keras: Any) -> list[Any]:
    """The leaves of a structure, in the order of `mapped`."""
    found: list[Any] = []
    mapped(found.append, structure, keras)
    return found


def graph_of(model: Any, keras: Any) -> Any:
    """The functional graph of a model, None where there is none or its call() is code."""
    if not isinstance(model, keras.Model):
        return None
    functional = _functional(keras)
    if is_legacy(keras):
        is_graph = isinstance(model, functional) and bool(model._is_graph_network)
        calls = (functional.call, keras.Sequential.call)
        return model if is_graph and type(model).call in calls else None
    if isinstance(model, keras.Sequential):
        return model._functional if type(model).call is keras.Sequential.call else None
    is_graph = isinstance(model, functional) and type(model).call is functional.call
    return model if is_graph else None


def _functional(keras: Any) -> Any:
    if is_legacy(keras):
        from tf_keras.src.engine.functional import Functional as Functional2

        return Functional2
    from keras.src.models.functional import Functional as Functional3

    return Functional3


def _why(model: Any, keras: Any) -> str:
    if isinstance(model, keras.Sequential) and type(model).call is keras.Sequential.call:
        return "it was never called, so its shapes are not known: give it an Input"
    if isinstance(model, keras.Model):
        return f"{type(model).__name__} is a class of its own, whose call() is code and no graph"
    return f"a {type(model).__name__} is no Keras model"


def _nodes(graph: Any) -> Iterator[Any]:
    """The nodes of a functional graph, each after those that it depends on."""
    for depth in sorted(graph._nodes_by_depth, reverse=True):
        for node in graph._nodes_by_depth[depth]:
            if not node.is_input:
                yield node


def _parts(node: Any, keras: Any) -> tuple[Layer, Any, Any, list[Tensor]]:
    """The layer of a node, the arguments of its call and its outputs."""
    if is_legacy(keras):
        args, kwargs = tuple(node.call_args), dict(node.call_kwargs)
        return node.layer, args, kwargs, flatten(node.outputs, keras)
    arguments = node.arguments
    return node.operation, tuple(arguments.args), dict(arguments.kwargs), list(node.outputs)


def _is_tensor(value: Any) -> bool:
    """Whether a value is a symbolic tensor of a functional graph."""
    return hasattr(value, "_keras_history")


def source(tensor: Tensor) -> Layer:
    """The layer that a symbolic tensor comes out of."""
    history = tensor._keras_history
    return history.layer if hasattr(history, "layer") else history.operation


def input_name(tensor: Tensor) -> str:
    """The name of an input."""
    return str(source(tensor).name)


def first_line(error: Exception) -> str:
    """What an error says, in one line."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
