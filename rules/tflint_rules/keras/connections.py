"""How calls of layers follow on each other: what reads a tensor, what vanishes in between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tflint.keras.facts import KerasFacts
from tflint.keras.network import Call, Layer, Network, Tensor
from tflint_rules.keras.activations import LINEAR, activation, is_keras

# Layers that do something in training only.
_TRAINING = frozenset(
    (
        "ActivityRegularization",
        "AlphaDropout",
        "Dropout",
        "GaussianDropout",
        "GaussianNoise",
        "Identity",
        "SpatialDropout1D",
        "SpatialDropout2D",
        "SpatialDropout3D",
    )
)
_MOST_STEPS = 64


def vanishes(layer: Layer) -> bool:
    """Whether the converter leaves nothing of a layer, whatever it is given."""
    if not is_keras(layer):
        return False
    if layer.kind in _TRAINING or layer.kind.startswith("Random"):
        return True
    return layer.kind == "Activation" and activation(layer) == LINEAR


def keras_calls(facts: KerasFacts) -> Iterator[Call]:
    """The calls of Keras' own layers."""
    return (call for call in facts.calls if is_keras(call.layer))


def before(tensor: Tensor) -> Call | None:
    """The call that makes a tensor, past layers that vanish; None where that is not known."""
    call = tensor.producer
    for _ in range(_MOST_STEPS):
        if call is None or not vanishes(call.layer) or len(call.inputs) != 1:
            return call
        call = call.inputs[0].producer
    return None


def chain(call: Call, most: int) -> list[Call]:
    """A call and up to so many before it, along single inputs, in the order they run."""
    found = [call]
    while len(found) <= most and len(found[-1].inputs) == 1:
        producer = found[-1].inputs[0].producer
        if producer is None:
            break
        found.append(producer)
    return found[::-1]


class Connections:
    """What reads the tensors of a source or an archive."""

    def __init__(self, facts: KerasFacts) -> None:
        self._readers: dict[int, list[Call]] = {}
        self._ends: set[int] = set()
        for call in {id(call): call for call in facts.calls}.values():
            for tensor in call.inputs:
                for maker in _makers(tensor):
                    self._readers.setdefault(id(maker), []).append(call)
        for network in facts.networks:
            for tensor in network.outputs:
                self._ends.update(id(maker) for maker in _makers(tensor))

    def readers(self, call: Call) -> Sequence[Call]:
        """The calls that read what a call gives, or may read it."""
        return self._readers.get(id(call), ())

    def is_read_once(self, call: Call) -> bool:
        """Whether one layer reads what a call gives, and no model gives it out."""
        return len(self.readers(call)) == 1 and id(call) not in self._ends

    def after(self, call: Call) -> Call | None:
        """The call that alone reads what a call gives, past layers that vanish, or None."""
        for _ in range(_MOST_STEPS):
            if not self.is_read_once(call):
                return None
            call = self.readers(call)[0]
            if not vanishes(call.layer):
                return call
        return None


def _makers(tensor: Tensor) -> Iterator[Call]:
    """The calls that make a tensor: several where branches meet."""
    pending, seen = [tensor], {id(tensor)}
    while pending:
        tensor = pending.pop()
        if tensor.producer is not None:
            yield tensor.producer
        others = [other for other in tensor.alternatives if id(other) not in seen]
        seen.update(map(id, others))
        pending += others


def nested(facts: KerasFacts) -> frozenset[int]:
    """The `id` of each network that is used as a layer of another."""
    return frozenset(id(layer.network) for layer in facts.layers if layer.network is not None)


def outer_networks(facts: KerasFacts) -> Iterator[Network]:
    """The networks that no other uses as a layer.

    A `Sequential` model that was asked for its shape and then went on growing is one network.
    """
    inner = nested(facts)
    networks = [network for network in facts.networks if id(network) not in inner]
    grown = {
        (id(network.calls[0].layer), len(network.calls)): network
        for network in networks
        if network.kind == "Sequential" and network.calls
    }
    longest: dict[int, int] = {}
    for first, length in grown:
        longest[first] = max(longest.get(first, 0), length)
    for network in networks:
        if network.kind == "Sequential" and network.calls:
            first = id(network.calls[0].layer)
            later = grown[first, longest[first]]
            if later is not network and _begins(network, later):
                continue
        yield network


def _begins(network: Network, later: Network) -> bool:
    """Whether the layers of a network are the first ones of another, which has more."""
    return len(network.calls) < len(later.calls) and all(
        one.layer is other.layer for one, other in zip(network.calls, later.calls, strict=False)
    )
