"""A model of a configuration before it is applied to tensors: its layers and what feeds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tflint.finding import Location
from tflint.keras import building
from tflint.keras.network import Call, Layer, Network, Shape, Tensor
from tflint.keras.values import UNKNOWN, Unknown

# Models in models, each called several times, multiply; no archive has as many calls in all.
MAX_CALLS = 30_000
# Where functions on tensors are, which have no weights.
OPERATIONS = ("keras.ops.", "tensorflow.")
# Index of the step that stands for the model's inputs.
INPUTS = -1


@dataclass(frozen=True, slots=True)
class Source:
    """Where a tensor comes from: an output of a step, or an input of the model."""

    step: int
    index: int


@dataclass(frozen=True, slots=True)
class Input:
    """An input of a model, with its shape, the batch first."""

    shape: Shape
    dtype: str | Unknown = UNKNOWN
    name: str | None = None
    location: Location = field(default_factory=Location)


@dataclass(frozen=True, slots=True)
class Step:
    """A call: the layer, the plan of it where it is a model, and where its inputs come from.

    `saved_shapes` are shapes of its outputs that were written when the model was saved.
    """

    layer: Layer
    inputs: tuple[Source, ...]
    model: Plan | None = None
    saved_shapes: dict[int, Shape] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """A model: what it is made of, in an order in which it can run."""

    kind: str
    name: str | None
    location: Location
    inputs: tuple[Input, ...]
    steps: tuple[Step, ...]
    outputs: tuple[Source, ...]
    is_complete: bool


class TooManyCalls(Exception):
    """The models in models come to more calls than can be followed."""


class Run:
    """Applies plans to tensors; the calls of models used as layers are in their place."""

    def __init__(self, most: int) -> None:
        self.calls: list[Call] = []
        self._most = most
        self._called: set[int] = set()

    def apply(self, plan: Plan, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """The outputs of a model; raises `TooManyCalls`."""
        results: list[tuple[Tensor, ...]] = []
        # What was saved holds for the shapes that the model was saved with.
        as_saved = len(inputs) == len(plan.inputs) and all(
            given.shape == own.shape for given, own in zip(inputs, plan.inputs, strict=True)
        )

        def tensor(source: Source) -> Tensor:
            found = inputs if source.step == INPUTS else results[source.step]
            return found[source.index] if source.index < len(found) else Tensor()

        for step in plan.steps:
            given = [tensor(source) for source in step.inputs]
            if step.model is None:
                results.append(self._call(step, given, step.saved_shapes if as_saved else {}))
            else:
                results.append(self.apply(step.model, given))
        return tuple(tensor(source) for source in plan.outputs)

    def _call(
        self, step: Step, given: Sequence[Tensor], saved: Mapping[int, Shape]
    ) -> tuple[Tensor, ...]:
        if len(self.calls) >= self._most:
            raise TooManyCalls
        layer = step.layer
        call = building.apply(layer, given, is_first=id(layer) not in self._called)
        self._called.add(id(layer))
        if isinstance(call.weights, Unknown) and layer.path.startswith(OPERATIONS):
            call = replace(call, weights=0, variables=())
        if saved and call.fault is None:
            call = replace(call, output_shapes=_completed(call.output_shapes, saved))
        self.calls.append(call)
        return building.outputs(call)


def _completed(shapes: tuple[Shape, ...], saved: Mapping[int, Shape]) -> tuple[Shape, ...]:
    """The shapes, with what was saved in the place of what is not known."""
    most = max(len(shapes), max(saved) + 1)
    known = (*shapes, *(UNKNOWN,) * (most - len(shapes)))
    return tuple(_merged(shape, saved.get(index, UNKNOWN)) for index, shape in enumerate(known))


def _merged(shape: Shape, saved: Shape) -> Shape:
    if isinstance(shape, Unknown) or isinstance(saved, Unknown) or len(shape) != len(saved):
        return saved if isinstance(shape, Unknown) else shape
    return tuple(
        other if isinstance(dim, Unknown) else dim for dim, other in zip(shape, saved, strict=True)
    )


def network_of(plan: Plan, most: int) -> Network:
    """The model applied to its own inputs; raises `TooManyCalls` for more than `most`."""
    inputs = tuple(
        Tensor(each.shape, is_input=True, dtype=each.dtype, name=each.name, location=each.location)
        for each in plan.inputs
    )
    run = Run(most)
    outputs = run.apply(plan, inputs)
    return Network(
        plan.kind,
        inputs,
        outputs,
        tuple(run.calls),
        plan.is_complete,
        name=plan.name,
        location=plan.location,
    )
