"""The calls of a live Keras network in order, and the same network called again with changes.

`calls_of` writes a Sequential or functional model of Keras 3 or tf-keras down as a flat list of
calls: nested models are inlined, also where they are shared, and a layer that is called several
times is one object in several calls. Tensors are numbers, `Slot(7)` in the arguments of a call.

    graph = calls_of(model, keras)
    again = Rebuilding(graph)
    tensors = {slot: again.input(slot) for slot in graph.inputs}
    for call in graph.calls:
        found = again.same(call, [tensors[slot] for slot in call.inputs])
        tensors.update(zip(call.outputs, found))
    rebuilt = again.model(
        [tensors[slot] for slot in graph.inputs], [tensors[slot] for slot in graph.outputs]
    )

A client that changes a layer calls `again.changed` (same class, other configuration, weights
carried over) or `again.replaced` (any layer) instead of `again.same`, and may put `again.added`
layers between. Layers that are called again keep their weights as the same variables; the
original model stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Keras' own objects have no types that hold for both Keras 3 and tf-keras.
Layer = Any
Tensor = Any
Weights = list[NDArray[np.float32]]

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
    graph = _graph(model, keras)
    if graph is None:
        raise CannotRebuild(_why(model, keras))
    inputs = tuple(reading.slot(tensor) for tensor in graph.inputs)
    outputs = reading.inline(graph, dict(zip(map(id, graph.inputs), inputs, strict=True)), ())
    return Graph(model, keras, inputs, outputs, tuple(reading.calls), reading.specs)


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
        graph = _graph(layer, self.keras)
        # A call with training=True means what it says: dropout stays on.
        extra = {key: value for key, value in kwargs.items() if value is not None}
        if extra.pop("training", False) or extra or graph is None or len(args) != 1:
            return None
        given = args[0]
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


class Rebuilding:
    """A network that is made of another's calls."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.keras = graph.keras
        self._variants: dict[tuple[int, Hashable], Layer] = {}
        self._names: dict[str, Layer] = {}
        self._reserved = {str(call.layer.name) for call in graph.calls}
        self._reserved |= {_input_name(tensor) for tensor in graph.model.inputs}

    def input(self, slot: int, shape: Sequence[int | None] | None = None) -> Tensor:
        """A new input in place of an input of the original, with its name.

        `shape` has the batch first; without it the original's stands.
        """
        position = self.graph.inputs.index(slot)
        spec = self.graph.specs[slot]
        name = self._own(_input_name(self.graph.model.inputs[position]), object())
        shape = tuple(spec.shape if shape is None else shape)
        return self.keras.Input(batch_shape=shape, dtype=spec.dtype, name=name)

    def same(self, call: Call, tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Call the same layer with other tensors, which stand in the order of `call.inputs`."""
        return self.replaced(call, call.layer, tensors)

    def replaced(self, call: Call, layer: Layer, tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Call another layer with the arguments of a call."""
        return self.called(layer, call.args, call.kwargs, call.inputs, tensors)

    def called(
        self,
        layer: Layer,
        args: Any,
        kwargs: Any,
        inputs: Sequence[int],
        tensors: Sequence[Tensor],
    ) -> tuple[Tensor, ...]:
        """Call a layer with arguments in which `Slot`s stand for tensors; Raises `CannotRebuild`.

        `inputs` are the slots that `tensors` belong to.
        """
        # A slot may stand twice, with a tensor of its own at each place.
        left = list(zip(inputs, tensors, strict=True))

        def filled(each: Any) -> Any:
            if not isinstance(each, Slot):
                return each
            slot, tensor = left.pop(0)
            assert slot == each.index
            return tensor

        self._own(str(layer.name), layer)
        args, kwargs = mapped(filled, (args, kwargs), self.keras)
        try:
            found = layer(*args, **kwargs)
        except Exception as error:
            raise CannotRebuild(f"{layer.name} cannot be called again: {_first(error)}") from error
        return tuple(flatten(found, self.keras))

    def changed(
        self,
        call: Call,
        tensors: Sequence[Tensor],
        changes: Mapping[str, Any],
        weights: Callable[[Weights], Weights] = lambda weights: weights,
        key: Hashable = None,
    ) -> tuple[Tensor, ...]:
        """Call a layer of the same class with another configuration, its weights carried over.

        `changes` are put into its configuration, `weights` turns the original's into its own.
        A shared layer is changed once for each `key` (by default what is changed). Raises
        `CannotRebuild` where the class cannot be made from a configuration.
        """
        key = repr(sorted(changes.items(), key=lambda item: item[0])) if key is None else key
        layer = self.variant(call.layer, key, lambda name: remade(call.layer, changes, name))
        is_new = not layer.built
        found = self.replaced(call, layer, tensors)
        if is_new:
            carry(call.layer, layer, weights)
        return found

    def variant(self, layer: Layer, key: Hashable, make: Callable[[str], Layer]) -> Layer:
        """What takes the place of a layer: made once, with the layer's name where it is free."""
        known = self._variants.get((id(layer), key))
        if known is None:
            known = make(self.free_name(str(layer.name), layer))
            self._variants[id(layer), key] = known
            self._own(str(known.name), known)
        return known

    def added(self, layer: Layer, *tensors: Tensor) -> Tensor:
        """Call a layer that the original does not have; its name is made unique."""
        self._own(str(layer.name), layer)
        return layer(tensors[0] if len(tensors) == 1 else list(tensors))

    def free_name(self, base: str, instead: Layer = None) -> str:
        """A name that nothing has; `base` itself where the only one to have it is replaced."""
        if base not in self._names and (base not in self._reserved or instead is not None):
            return base
        number = 1
        while f"{base}_{number}" in self._names or f"{base}_{number}" in self._reserved:
            number += 1
        return f"{base}_{number}"

    def model(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Any:
        """The network between tensors, in the same structures as the original's."""
        graph = self.graph
        original = _graph(graph.model, graph.keras)
        if graph.is_legacy:
            before, after = original._nested_inputs, original._nested_outputs
        else:
            before, after = original._inputs_struct, original._outputs_struct
        return self.keras.Model(
            _packed(before, inputs, self.keras),
            _packed(after, outputs, self.keras),
            name=graph.model.name,
        )

    def _own(self, name: str, layer: Any) -> str:
        """Give a layer its name: Keras wants every name once in a network.

        Layers of two nested models may have the same one: the second is renamed.
        """
        if self._names.setdefault(name, layer) is layer:
            return name
        free = self.free_name(name)
        if hasattr(layer, "_name"):
            layer._name = free
        elif hasattr(layer, "name"):
            layer.name = free
        self._names[free] = layer
        return free


def remade(layer: Layer, changes: Mapping[str, Any], name: str | None = None) -> Layer:
    """A layer of the same class with another configuration. Raises `CannotRebuild`."""
    try:
        config = dict(layer.get_config())
        config.update(changes)
        if name is not None:
            config["name"] = name
        config.pop("batch_input_shape", None)
        return type(layer).from_config(config)
    except Exception as error:
        raise CannotRebuild(f"{layer.name} cannot be made again: {_first(error)}") from error


def carry(
    source: Layer, to: Layer, weights: Callable[[Weights], Weights] = lambda weights: weights
) -> None:
    """Put the weights of a layer into another that is built. Raises `CannotRebuild`."""
    try:
        to.set_weights(weights(source.get_weights()))
    except Exception as error:
        raise CannotRebuild(f"the weights of {source.name} do not fit: {_first(error)}") from error
    if hasattr(to, "finalize_state"):
        to.finalize_state()  # Normalization computes with what it derives from its weights.


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


def _packed(structure: Any, flat: Sequence[Any], keras: Any) -> Any:
    left = list(flat)
    if isinstance(structure, (list, tuple)) and len(structure) == 1 == len(left):
        structure = structure[0]  # Keras unpacks a list of one: the result answers alike.
    return mapped(lambda _: left.pop(0), structure, keras)


def _graph(model: Any, keras: Any) -> Any:
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


def _input_name(tensor: Tensor) -> str:
    history = tensor._keras_history
    layer = history.layer if hasattr(history, "layer") else history.operation
    return str(layer.name)


def _first(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
