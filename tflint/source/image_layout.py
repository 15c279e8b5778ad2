"""Which tensors of a network have their channels first, and what follows for its layers.

Tensors whose dimensions mean the same are put together: what goes in and out of a convolution, of
an activation, of an addition. Of operations outside layers a function tells what they do. Such a
set is channels_first when a layer in it is; it is `mixed` when another one in it is
channels_last, and then that one is taken to be right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from tflint.keras.facts import KerasFacts
from tflint.keras.network import Call, Layer, Tensor
from tflint.keras.values import Unknown
from tflint.source.tensor_operations import Operation, is_elementwise

FIRST: Final = "channels_first"
LAST: Final = "channels_last"

# What leaves dimensions as they are, and does the same to all of them.
ELEMENTWISE = frozenset(
    (
        "Activation",
        "ActivityRegularization",
        "AlphaDropout",
        "Dropout",
        "ELU",
        "GaussianDropout",
        "GaussianNoise",
        "Identity",
        "LeakyReLU",
        "ReLU",
        "Rescaling",
        "ThresholdedReLU",
    )
)
MERGES = frozenset(("Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract"))
# What leaves dimensions as they are and tells them apart, with the parameter that says which.
WITH_AXIS = {
    "BatchNormalization": "axis",
    "Concatenate": "axis",
    "GroupNormalization": "axis",
    "LayerNormalization": "axis",
    "Normalization": "axis",
    "PReLU": "shared_axes",
    "Softmax": "axis",
    "UnitNormalization": "axis",
}
# What takes dimensions apart: each side has a meaning of its own.
BETWEEN = frozenset(("Permute", "Reshape"))
_WITHOUT_FORMAT = frozenset(("Flatten",))
_SPATIAL = re.compile(r"([123])D")

Key = tuple[int, int]


@dataclass(slots=True, eq=False)
class Maps:
    """Tensors whose dimensions mean the same.

    `rank` counts the batch; `channels` is the axis of the channels where they are first.
    `unknown` are layers whose format is not known, `strangers` those that work on the dimensions
    in a way that is not known.
    """

    tensors: list[Tensor] = field(default_factory=list)
    first: list[Layer] = field(default_factory=list)
    last: list[Layer] = field(default_factory=list)
    ranks: set[int] = field(default_factory=set)
    channels: set[int] = field(default_factory=set)
    unknown: list[Layer] = field(default_factory=list)
    strangers: list[Call] = field(default_factory=list)

    @property
    def is_first(self) -> bool:
        """Whether these tensors are channels_first."""
        return bool(self.first)

    @property
    def is_mixed(self) -> bool:
        """Whether the layers on them do not agree."""
        return bool(self.first) and bool(self.last)

    @property
    def rank(self) -> int | None:
        """The number of dimensions, where all agree."""
        return next(iter(self.ranks)) if len(self.ranks) == 1 else None

    @property
    def channel_axis(self) -> int:
        """The axis of the channels."""
        return min(self.channels, default=1)


class ImageLayout:
    """The sets of tensors in the calls of a source."""

    def __init__(
        self, facts: KerasFacts, operation: Callable[[Call], Operation | None] = lambda call: None
    ) -> None:
        self._operation = operation
        self.calls = [call for call in facts.calls if call.layer.network is None]
        self._parents: dict[Key, Key] = {}
        self._maps: dict[Key, Maps] = {}
        self._outputs: dict[int, dict[int, Tensor]] = {}
        tensors = {key_of(tensor): tensor for tensor in _tensors(facts)}
        for call in facts.calls:
            if call.layer.network is not None:
                self._join_network(call)
            else:
                self._join(call)
        for key, tensor in tensors.items():
            maps = self._set(key)
            maps.tensors.append(tensor)
            if not isinstance(tensor.shape, Unknown):
                maps.ranks.add(len(tensor.shape))
        for call in self.calls:
            self._classify(call)

    @property
    def sets(self) -> list[Maps]:
        """All sets of tensors, in the order of the calls."""
        found: dict[int, Maps] = {}
        for key in self._parents:
            maps = self._set(key)
            found[id(maps)] = maps
        return list(found.values())

    def before(self, call: Call) -> Maps | None:
        """The set of what goes into a call."""
        return self._set(key_of(call.inputs[0])) if call.inputs else None

    def behind(self, call: Call) -> Maps:
        """The set of what comes out of a call."""
        return self._set((id(call), 0))

    def of(self, tensor: Tensor) -> Maps:
        """The set that a tensor is in."""
        return self._set(key_of(tensor))

    def _join(self, call: Call) -> None:
        out = (id(call), 0)
        self._find(out)
        for tensor in call.inputs:
            self._find(key_of(tensor))
            for each in tensor.alternatives:
                self._unite(key_of(tensor), key_of(each))
            if self._keeps(call):
                self._unite(out, key_of(tensor))

    def _keeps(self, call: Call) -> bool:
        operation = self._operation(call)
        if operation is not None:
            return operation.keeps and not operation.is_transpose
        return is_elementwise(call) or keeps_dimensions(call.layer)

    def _join_network(self, call: Call) -> None:
        """A model used as a layer: its calls are there themselves, only its ends are tied."""
        network = call.layer.network
        assert network is not None
        for tensor, inner in zip(call.inputs, network.inputs, strict=False):
            self._unite(key_of(inner), key_of(tensor))
        for index, tensor in enumerate(network.outputs):
            self._unite((id(call), index), key_of(tensor))

    def _classify(self, call: Call) -> None:
        layer = call.layer
        spatial, lead = spatial_rank(layer)
        form = format_of(layer)
        known = (
            spatial is not None
            or is_elementwise(call)
            or self._operation(call) is not None
            or layer.kind in ELEMENTWISE | MERGES | BETWEEN
            or layer.kind in WITH_AXIS
            or (inner(layer) or layer).kind in _WITHOUT_FORMAT
            or layer.kind in ("Input", "InputLayer")
        )
        for maps in {id(m): m for m in (self.before(call), self.behind(call)) if m}.values():
            if not known:
                maps.strangers.append(call)
        maps_in = self.before(call)
        if spatial is None or maps_in is None:
            return
        maps_in.ranks.add(spatial + 2 + lead)
        _by_format(maps_in, form).append(layer)
        if form == FIRST:
            maps_in.channels.add(1 + lead)
        out = self.behind(call)
        if out is not maps_in and gives_maps(layer):
            # A recurrent convolution that gives its last state: the same without the time.
            out.ranks.add(spatial + 1 + lead)
            _by_format(out, form).append(layer)
            if form == FIRST:
                out.channels.add(lead)

    def _find(self, key: Key) -> Key:
        parent = self._parents.setdefault(key, key)
        while parent != self._parents[parent]:
            self._parents[parent] = self._parents[self._parents[parent]]
            parent = self._parents[parent]
        self._parents[key] = parent
        return parent

    def _unite(self, one: Key, other: Key) -> None:
        self._parents[self._find(one)] = self._find(other)

    def _set(self, key: Key) -> Maps:
        return self._maps.setdefault(self._find(key), Maps())


def _by_format(maps: Maps, form: str | None) -> list[Layer]:
    if form == FIRST:
        return maps.first
    return maps.last if form == LAST else maps.unknown


def key_of(tensor: Tensor) -> Key:
    """What tells tensors apart: what gives them, or themselves."""
    if tensor.producer is None:
        return id(tensor), -1
    return id(tensor.producer), tensor.index


def inner(layer: Layer) -> Layer | None:
    """The layer that a `TimeDistributed` applies at each step."""
    given = layer.arguments.get("layer")
    if layer.kind != "TimeDistributed" or given is None or not isinstance(given.value, Layer):
        return None
    return given.value


def spatial_rank(layer: Layer) -> tuple[int | None, int]:
    """The dimensions that a layer with a data format slides over, and those of time before."""
    wrapped = inner(layer)
    if wrapped is not None:
        rank, lead = spatial_rank(wrapped)
        return rank, lead + 1
    match = _SPATIAL.search(layer.kind)
    if match is None or layer.data_format is None:
        return None, 0
    return int(match[1]), 1 if layer.kind.startswith("ConvLSTM") else 0


def format_of(layer: Layer) -> str | None:
    """The data format of a layer, or of the one that it wraps, where it is known."""
    wrapped = inner(layer)
    found = (wrapped or layer).data_format
    return found if isinstance(found, str) else None


def gives_maps(layer: Layer) -> bool:
    """Whether a layer with a data format gives something that has one."""
    if layer.kind.startswith("Global"):
        return layer.value("keepdims") is True
    return inner(layer) is None or not (inner(layer) or layer).kind.startswith("Global")


def keeps_dimensions(layer: Layer) -> bool:
    """Whether dimensions mean the same before and behind a layer."""
    kind = layer.kind
    if kind in ELEMENTWISE or kind in MERGES or kind in WITH_AXIS:
        return True
    if spatial_rank(layer)[0] is None:
        return False
    if kind.startswith("ConvLSTM"):
        return layer.value("return_sequences") is True
    return gives_maps(layer)


def _tensors(facts: KerasFacts) -> Iterator[Tensor]:
    """All tensors that anything is known of, in the order of the calls."""
    for network in facts.networks:
        yield from network.inputs
    for call in facts.calls:
        yield from call.inputs
        for index, shape in enumerate(call.output_shapes):
            yield Tensor(shape, call, index)
    for network in facts.networks:
        yield from network.outputs


def moved_last(rank: int, channels: int) -> tuple[int, ...]:
    """The order of the dimensions, from 0, in which the one of the channels comes last."""
    others = [axis for axis in range(rank) if axis != channels]
    return (*others, channels)


def axis_moved(axis: int, rank: int, channels: int) -> int:
    """Where an axis is once the channels are last; -1 for the channels."""
    position = axis + rank if axis < 0 else axis
    where = moved_last(rank, channels).index(position)
    return -1 if where == rank - 1 else where
