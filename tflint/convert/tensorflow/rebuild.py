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

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflint.convert.tensorflow.calls import (
    Call,
    CannotRebuild,
    Graph,
    Layer,
    Slot,
    Spec,
    Tensor,
    calls_of,
    first_line,
    flatten,
    graph_of,
    input_name,
    is_legacy,
    kind_of,
    mapped,
    source,
)

__all__ = [
    "Call",
    "CannotRebuild",
    "Graph",
    "Layer",
    "Rebuilding",
    "Slot",
    "Spec",
    "Tensor",
    "Weights",
    "calls_of",
    "carry",
    "flatten",
    "is_legacy",
    "kind_of",
    "mapped",
    "remade",
]

Weights = list[NDArray[np.float32]]


class Rebuilding:
    """A network that is made of another's calls."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.keras = graph.keras
        self._variants: dict[tuple[int, Hashable], Layer] = {}
        self._names: dict[str, Layer] = {}
        self._reserved = {str(call.layer.name) for call in graph.calls}
        self._reserved |= {input_name(tensor) for tensor in graph.model.inputs}

    def input(self, slot: int, shape: Sequence[int | None] | None = None) -> Tensor:
        """A new input in place of an input of the original, with its name.

        `shape` has the batch first; without it the original's stands.
        """
        position = self.graph.inputs.index(slot)
        spec = self.graph.specs[slot]
        name = self._own(input_name(self.graph.model.inputs[position]), object())
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
            raise CannotRebuild(
                f"{layer.name} cannot be called again: {first_line(error)}"
            ) from error
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
        try:
            return layer(tensors[0] if len(tensors) == 1 else list(tensors))
        except Exception as error:
            raise CannotRebuild(f"{layer.name} cannot be added: {first_line(error)}") from error

    def adopted(self, tensor: Tensor) -> Tensor:
        """A tensor that a function of Keras or TensorFlow gave: its operation gets a free name."""
        layer = source(tensor)
        self._own(str(layer.name), layer)
        return tensor

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
        original = graph_of(graph.model, graph.keras)
        if graph.is_legacy:
            before, after = original._nested_inputs, original._nested_outputs
        else:
            before, after = original._inputs_struct, original._outputs_struct
        try:
            made = self.keras.Model(
                _packed(before, inputs, self.keras),
                _packed(after, outputs, self.keras),
                name=graph.model.name,
            )
        except Exception as error:
            raise CannotRebuild(f"the calls make no network: {first_line(error)}") from error
        # Outputs are called after the layers they come from, which may be others now.
        made.output_names = [
            str(name)
            for name in getattr(graph.model, "output_names", None)
            or [source(tensor).name for tensor in graph.model.outputs]
        ]
        return made

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
        raise CannotRebuild(f"{layer.name} cannot be made again: {first_line(error)}") from error


def carry(
    given: Layer, to: Layer, weights: Callable[[Weights], Weights] = lambda weights: weights
) -> None:
    """Put the weights of a layer into another that is built. Raises `CannotRebuild`."""
    try:
        to.set_weights(weights(given.get_weights()))
    except Exception as error:
        raise CannotRebuild(
            f"the weights of {given.name} do not fit: {first_line(error)}"
        ) from error
    if hasattr(to, "finalize_state"):
        to.finalize_state()  # Normalization computes with what it derives from its weights.


def _packed(structure: Any, flat: Sequence[Any], keras: Any) -> Any:
    left = list(flat)
    if isinstance(structure, (list, tuple)) and len(structure) == 1 == len(left):
        structure = structure[0]  # Keras unpacks a list of one: the result answers alike.
    return mapped(lambda _: left.pop(0), structure, keras)
