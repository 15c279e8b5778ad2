"""Layers, the calls that connect them, and networks: the same for sources and archives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from tflint.finding import NOWHERE, Location
from tflint.keras.values import (
    NO_ARGUMENTS,
    UNKNOWN,
    Argument,
    Evidence,
    KerasObject,
    Unknown,
    Value,
)

# A dimension: its size, None where Keras knows it only at run time (the batch, mostly), or
# UNKNOWN where this program does not know it.
Dim: TypeAlias = int | Unknown | None
# Dimensions, the batch first; UNKNOWN where not even their number is known.
Shape: TypeAlias = tuple[Dim, ...] | Unknown


@dataclass(frozen=True, slots=True, eq=False)
class Layer(KerasObject):
    """A layer object, by identity: what is called twice shares its weights.

    `kind` is the class in today's spelling (`Conv2D` for `Convolution2D`, `MaxPooling2D` for
    `MaxPool2D`), `path` the class as reached (`keras.layers.Conv2D`; a class of the file itself
    is its bare name). `arguments` has what was given, by today's parameter names (`filters` for
    Keras 1's `nb_filter`); `has_unknown_arguments` says that there may be more (`**kwargs`).
    `default_data_format` is what the global setting was when the layer was made.
    `network` is set for models that are used as layers, `inner` for the layers that wrappers
    such as `TimeDistributed` are given.
    """

    kind: str
    path: str
    arguments: Mapping[str, Argument] = field(default_factory=lambda: NO_ARGUMENTS)
    has_unknown_arguments: bool = False
    name: str | None = None
    location: Location = NOWHERE
    evidence: Evidence = Evidence.CERTAIN
    default_data_format: str | Unknown = "channels_last"
    network: Network | None = None

    def value(self, parameter: str) -> Value:
        """What the parameter is, given or by default; UNKNOWN where that is not known."""
        from tflint.keras.signatures import default

        given = self.arguments.get(parameter)
        if given is not None:
            return given.value
        return UNKNOWN if self.has_unknown_arguments else default(self.kind, parameter)

    @property
    def data_format(self) -> str | Unknown | None:
        """`channels_last`, `channels_first`, UNKNOWN, or None for layers that have none."""
        from tflint.keras.signatures import has_parameter, keras_2_is_channels_last

        if not has_parameter(self.kind, "data_format"):
            return None
        given = self.value("data_format")
        if given is None:
            if self.default_data_format != "channels_last" and keras_2_is_channels_last(self.kind):
                return UNKNOWN
            return self.default_data_format
        return given.lower() if isinstance(given, str) else UNKNOWN

    def locate(self, parameter: str) -> Location:
        """Where the argument stands, or else the layer."""
        given = self.arguments.get(parameter)
        return self.location if given is None or given.location is None else given.location


@dataclass(frozen=True, slots=True, eq=False)
class Tensor(KerasObject):
    """A symbolic tensor, by identity.

    `producer` is None for inputs and for what comes from code that is not known. `alternatives`
    are the tensors of which it is one, where branches that are not decided meet; its shape is
    then what they have in common.
    """

    shape: Shape = UNKNOWN
    # Shown, a network with branches would be as long as it has paths.
    producer: Call | None = field(default=None, repr=False)
    index: int = 0
    is_input: bool = False
    dtype: str | Unknown = UNKNOWN
    name: str | None = None
    location: Location = NOWHERE
    alternatives: tuple[Tensor, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Variable:
    """One of a layer's arrays of weights, by Keras' name for it: `kernel`, `bias`, `gamma`."""

    name: str
    shape: tuple[Dim, ...]
    is_trainable: bool = True

    @property
    def size(self) -> int | Unknown:
        """Its scalars."""
        size = 1
        for dim in self.shape:
            if not isinstance(dim, int):
                return UNKNOWN
            size *= dim
        return size


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A layer applied to tensors.

    `output_shapes` has a shape for each output (one, mostly). `fault` says why Keras refuses to
    build it, with figures, and only where that is provable; what follows has unknown shapes.
    `fault_versions` are the Keras versions that refuse, where not all do.
    `weights` counts scalars, trainable or not, and is 0 where the layer was called before;
    `variables` are what they are made of, UNKNOWN where not even their number is known.
    `location` is the call on tensors; in `Sequential` models that is the layer.
    """

    layer: Layer
    inputs: tuple[Tensor, ...]
    output_shapes: tuple[Shape, ...] = (UNKNOWN,)
    weights: int | Unknown = UNKNOWN
    fault: str | None = None
    location: Location = NOWHERE
    evidence: Evidence = Evidence.CERTAIN
    fault_versions: tuple[int, ...] = (2, 3)
    variables: tuple[Variable, ...] | Unknown = UNKNOWN


@dataclass(frozen=True, slots=True, eq=False)
class Network(KerasObject):
    """A model: `Sequential`, functional (`Model(inputs, outputs)`), or a subclass of `Model`.

    `calls` are in an order in which they can run, those of models used as layers included in
    their place. `is_complete` says that nothing in it is unknown: every layer and connection was
    seen, and none depends on an undecided branch. What a `Sequential` model without a known
    input comes to has unknown shapes.
    """

    kind: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    calls: tuple[Call, ...]
    is_complete: bool
    name: str | None = None
    location: Location = NOWHERE
    evidence: Evidence = Evidence.CERTAIN

    @property
    def weights(self) -> int | Unknown:
        """All scalars in its weights; UNKNOWN unless all of it is known."""
        total = 0
        for call in self.calls:
            if isinstance(call.weights, Unknown):
                return UNKNOWN
            total += call.weights
        return total if self.is_complete else UNKNOWN


def upstream(tensor: Tensor) -> Iterator[Call]:
    """The calls behind a tensor, nearest first, along the chain while it has no branches.

    Ends at inputs, at calls with several inputs (which still are given), and where undecided
    branches meet.
    """
    call = tensor.producer
    while call is not None:
        yield call
        call = call.inputs[0].producer if len(call.inputs) == 1 else None
