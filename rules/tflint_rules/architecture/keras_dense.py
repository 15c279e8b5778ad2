"""Dense layers over flattened maps in Keras networks: what TFL301 and TFL303 start from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import prod

from tflint.keras.network import Call, Tensor
from tflint.keras.values import Unknown
from tflint_rules.keras.activations import is_activation_layer, is_keras
from tflint_rules.keras.connections import vanishes
from tflint_rules.keras.sizes import CONVOLUTIONS, elements, is_pool, output_shape, spatial

# Layers that give out as many values as they get, each for one.
_KEEPS_ELEMENTS = frozenset(
    (
        "Flatten",
        "Reshape",
        "Permute",
        "BatchNormalization",
        "LayerNormalization",
        "GroupNormalization",
        "Rescaling",
        "Normalization",
    )
)
# What makes one map of several, in the layout that these have.
_MERGES = frozenset(
    (
        "Add",
        "Average",
        "Concatenate",
        "Maximum",
        "Minimum",
        "Multiply",
        "Subtract",
        "add",
        "mul",
        "sub",
    )
)
# Of these it is known whether they make maps smaller; of others, nothing is.
_KEEPS_SIZE = frozenset((*_KEEPS_ELEMENTS, *_MERGES, "Dense", "InputLayer"))
_GROWS = ("UpSampling", "ZeroPadding")
_RESIZES = (*_GROWS, "Cropping")
_REDUCES = ("Global", "Adaptive", "Cropping", "Resizing", "CenterCrop")
_MOST_STEPS = 64


@dataclass(frozen=True, slots=True)
class KerasDense:
    """A Dense layer that reads a whole map: `sizes` are its spatial ones.

    `weights` are those of its kernel, features x units. `is_reduced` tells whether anything in
    front pools or strides, and is None where that is not known.
    """

    call: Call
    maker: Call
    sizes: tuple[int, ...]
    channels: int
    units: int
    is_reduced: bool | None

    @property
    def weights(self) -> int:
        """The weights of its kernel."""
        return prod(self.sizes) * self.channels * self.units

    @property
    def map_text(self) -> str:
        """The map in words: rows, columns and channels."""
        return " x ".join(map(str, (*self.sizes, self.channels)))

    @property
    def halved(self) -> tuple[int, ...]:
        """The sizes behind a pool of 2."""
        return tuple(max(size // 2, 1) for size in self.sizes)

    def saved_by_pooling(self, sizes: Iterable[int]) -> int:
        """Weights that a map of these sizes would save."""
        return self.weights - prod(sizes) * self.channels * self.units

    def layer(self, name: str) -> str:
        """A layer for as many dimensions: `MaxPooling2D`."""
        return f"{name}{len(self.sizes)}D"


def keras_dense(calls: Iterable[Call]) -> Iterator[KerasDense]:
    """The dense layers among the calls that read a map larger than one position."""
    calls = list({id(call): call for call in calls}.values())
    reduced: dict[int, bool | None] = {}
    for call in calls:
        reduced[id(call)] = _reduces(call, reduced)
        if call.layer.kind != "Dense" or not is_keras(call.layer) or len(call.inputs) != 1:
            continue
        units = call.layer.value("units")
        shape = call.inputs[0].shape
        if isinstance(shape, Unknown) or len(shape) != 2 or isinstance(units, bool):
            continue
        maker = _map_behind(call.inputs[0])
        if not isinstance(units, int) or units < 1 or maker is None:
            continue
        sized = spatial(output_shape(maker), _data_format(maker))
        if sized is None or prod(sized[0]) < 2 or elements(shape) != prod(sized[0]) * sized[1]:
            continue
        yield KerasDense(call, maker, *sized, units, reduced.get(id(maker)))


def _map_behind(tensor: Tensor) -> Call | None:
    """The convolution, pool or merge of several whose map a tensor holds the elements of."""
    for _ in range(_MOST_STEPS):
        call = tensor.producer
        if call is None:
            return None
        layer = call.layer
        if not is_keras(layer):
            return None
        if _makes_map(call) or layer.kind in _MERGES or layer.kind.startswith(_RESIZES):
            return call
        keeps = layer.kind in _KEEPS_ELEMENTS or vanishes(layer) or is_activation_layer(layer)
        if not keeps or len(call.inputs) != 1:
            return None
        tensor = call.inputs[0]
    return None


def _makes_map(call: Call) -> bool:
    return call.layer.kind in CONVOLUTIONS or is_pool(call.layer.kind)


def _data_format(maker: Call) -> str | Unknown | None:
    """The layout of a map; that of the nearest convolution or pool where several are merged."""
    waiting, seen = [maker], {id(maker)}
    for _ in range(_MOST_STEPS):
        if not waiting:
            break
        call = waiting.pop(0)
        if _makes_map(call) or call.layer.kind.startswith(_RESIZES):
            return call.layer.data_format
        for tensor in call.inputs:
            before = tensor.producer
            if before is not None and id(before) not in seen and is_keras(before.layer):
                seen.add(id(before))
                waiting.append(before)
    return None


def _reduces(call: Call, reduced: dict[int, bool | None]) -> bool | None:
    """Whether anything up to and with a call makes maps smaller than its convolutions do."""
    before: bool | None = False
    for tensor in call.inputs:
        if tensor.producer is None:
            behind = False if tensor.is_input and not tensor.alternatives else None
        else:
            behind = reduced.get(id(tensor.producer))
        if behind:
            return True
        if behind is None:
            before = None
    layer = call.layer
    kind = layer.kind
    if not is_keras(layer):
        return None
    if kind.startswith(_REDUCES):
        return True
    if is_pool(kind) or kind in CONVOLUTIONS:
        steps = layer.value("strides")
        if steps is None and is_pool(kind):
            steps = layer.value("pool_size")
        each = steps if isinstance(steps, tuple) else (steps,)
        if any(isinstance(step, int) and step > 1 for step in each):
            return True
        return before if all(isinstance(step, int) for step in each) else None
    keeps = kind in _KEEPS_SIZE or kind.startswith(_GROWS) or vanishes(layer)
    return before if keeps or is_activation_layer(layer) else None
