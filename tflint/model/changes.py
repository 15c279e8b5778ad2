"""What differs between two models, as data. Every text in here is safe to print."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

# A subgraph, and an operator or a tensor in it.
Place = tuple[int, int]


class Change(Enum):
    """What became of something. `MOVED` operators run in another order; they may differ too."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One property that differs, both values as text: `type`, FLOAT32, INT8.

    `slot` says of which input or output of an operator, as `input 1`, unless it is its own.
    """

    field: str
    before: str
    after: str
    slot: str = ""


@dataclass(frozen=True, slots=True)
class OperatorPlace:
    """An operator of one of the models. `outputs` says their shapes and types."""

    subgraph: int
    index: int
    outputs: str
    macs: int


@dataclass(frozen=True, slots=True)
class OperatorChange:
    """An operator that is only in one model, or differs between them."""

    change: Change
    name: str
    before: OperatorPlace | None
    after: OperatorPlace | None
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class EndPoint:
    """An input or output tensor as an application sees it.

    `scale` and `zero_point` are None unless there is exactly one of each, and it is finite.
    """

    tensor: int
    name: str
    shape: tuple[int, ...]
    type: str
    scale: float | None
    zero_point: int | None


@dataclass(frozen=True, slots=True)
class InterfaceChange:
    """An input or output of a subgraph that differs.

    `breaking` says that an application which calls the model must change with it: so it is
    for everything but a name, in the subgraph that runs first.
    """

    kind: str
    subgraph: int
    position: int
    change: Change
    breaking: bool
    before: EndPoint | None
    after: EndPoint | None
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class ConstantPlace:
    """A constant tensor of one of the models."""

    subgraph: int
    index: int
    name: str
    shape: str
    type: str
    bytes: int


@dataclass(frozen=True, slots=True)
class ConstantChange:
    """A constant that is only in one model, or holds other values of the same shape and type."""

    change: Change
    before: ConstantPlace | None
    after: ConstantPlace | None

    @property
    def bytes(self) -> int:
        """Its size, in the model that has it."""
        place = self.after or self.before
        return place.bytes if place else 0


@dataclass(frozen=True, slots=True)
class CountChange:
    """How many operators of one name there are."""

    name: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class ModelChanges:
    """Everything that differs. Constants are in order of size, the rest in that of the models.

    `properties` are those of the model as a whole: version, description, signatures, metadata.
    `renamed` counts tensors that are the same but for their name. `operators_before` leads from
    an operator of the later model to what it was in the earlier one.
    """

    interface: tuple[InterfaceChange, ...] = ()
    operators: tuple[OperatorChange, ...] = ()
    counts: tuple[CountChange, ...] = ()
    constants: tuple[ConstantChange, ...] = ()
    properties: tuple[FieldChange, ...] = ()
    renamed: int = 0
    operators_before: Mapping[Place, Place] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        parts = (self.interface, self.operators, self.counts, self.constants, self.properties)
        return not any(parts) and not self.renamed

    @property
    def is_breaking(self) -> bool:
        """Whether applications have to change with the model."""
        return any(change.breaking for change in self.interface)
