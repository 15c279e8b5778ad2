"""What a TensorFlow operator is in builtins: steps over its inputs, and what may be asked of it.

A plan names values by what they are to the operator that it stands for, not by the tensors of a
file: so the same plan tells a rule that there is one, and a repair what to put in.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tflint.model.flex import AttributeValue, FlexOperator
from tflint.model.graph import Node, Value
from tflint.model.record import Record
from tflint.model.schema import TensorType
from tflint.model.types import FORMATS, packed_bytes

Shape = tuple[int, ...]

FLOAT32, INT32, INT64, BOOL = (
    TensorType.FLOAT32,
    TensorType.INT32,
    TensorType.INT64,
    TensorType.BOOL,
)
# The types that kernels move, and those that they compute sums of.
MOVED = frozenset((FLOAT32, INT32, INT64, BOOL, TensorType.UINT8, TensorType.INT8))
SUMMED = frozenset((FLOAT32, INT32, INT64))
# The transpositions between channels behind the batch and channels last.
TO_CHANNELS_LAST = (0, 2, 3, 1)
TO_CHANNELS_FIRST = (0, 3, 1, 2)
# As many channels as a table of factors is computed for.
MAX_CHANNELS = 1 << 16


class Unequal(Exception):
    """No sequence of builtins is known to equal the operator as it stands here."""


@dataclass(frozen=True, slots=True)
class Given:
    """An input of the operator, as it is."""

    position: int


@dataclass(frozen=True, slots=True)
class ChannelsLast:
    """An input of the operator whose channels are behind its batch, with its channels last."""

    position: int


@dataclass(frozen=True, slots=True)
class Rearranged:
    """An input of the operator with its dimensions in another order, then seen as `shape`."""

    position: int
    order: Shape
    shape: Shape


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant. Its data are computed when they are wanted."""

    shape: Shape
    type: TensorType
    data: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Made:
    """What a step of the plan makes for another."""

    index: int
    shape: Shape
    type: TensorType


@dataclass(frozen=True, slots=True)
class Output:
    """An output of the operator, as it is."""

    position: int


@dataclass(frozen=True, slots=True)
class ChannelsLastOutput:
    """An output of the operator whose channels are behind its batch, with its channels last."""

    position: int


Operand = Given | ChannelsLast | Rearranged | Constant | Made
Result = Output | ChannelsLastOutput | Made


@dataclass(frozen=True, slots=True)
class Step:
    """One builtin operator."""

    name: str
    inputs: tuple[Operand, ...]
    outputs: tuple[Result, ...]
    options: Record | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps that equal an operator, in order.

    With no steps, the operator passes its inputs on as its outputs. `is_elementwise` says that
    each element of the output is made of the elements in the same place of the inputs, or of
    those that broadcasting puts there: so it may be carried out in any order of dimensions.
    """

    steps: tuple[Step, ...]
    is_elementwise: bool = False

    @property
    def is_turned(self) -> bool:
        """Whether it is carried out with the channels last of what has them behind the batch."""
        return any(isinstance(x, ChannelsLast) for step in self.steps for x in step.inputs)


@dataclass(slots=True)
class Steps:
    """A plan under construction."""

    steps: list[Step] = field(default_factory=list)
    made: int = 0

    def value(self, shape: Sequence[int], type: TensorType = FLOAT32) -> Made:
        """A value between two steps."""
        self.made += 1
        return Made(self.made - 1, tuple(shape), type)

    def add(
        self,
        name: str,
        inputs: Sequence[Operand],
        output: Result,
        options: Record | None = None,
        version: int = 1,
    ) -> Result:
        """One more step; returns its output."""
        self.steps.append(Step(name, tuple(inputs), (output,), options, version))
        return output


class TensorFlowOperator:
    """A Flex operator with what plans ask of it. Each question raises `Unequal` for an answer
    that no plan can do with.

    `channels_last` are the positions of the inputs that are at hand with their channels last.
    """

    def __init__(
        self, node: Node, operator: FlexOperator, channels_last: frozenset[int] = frozenset()
    ) -> None:
        self.node = node
        self.name = operator.name
        self.attributes = operator.attributes
        self.channels_last = channels_last

    # Values

    def value(self, position: int) -> Value:
        """An input."""
        found = self.node.input(position)
        if found is None:
            raise Unequal
        return found

    def output(self, shape: Sequence[int], type: TensorType, position: int = 0) -> Output:
        """An output, if it has this shape and type in the file."""
        require(position < len(self.node.outputs))
        found = self.node.outputs[position]
        require(found.shape == tuple(shape) and found.type is type)
        return Output(position)

    def floats(self, *positions: int) -> None:
        """Whether these inputs are of float32."""
        require(all(self.value(position).type is FLOAT32 for position in positions))

    def counts(self, inputs: int, outputs: int = 1) -> None:
        """Whether the operator has as many inputs, and outputs that are looked at."""
        require(len(self.node.inputs) == inputs and len(self.node.outputs) == outputs)

    def dimensions(self, position: int, rank: int | None = None) -> Shape:
        """The shape of an input, without zero or negative dimensions."""
        shape = self.value(position).shape
        require((rank is None or len(shape) == rank) and min(shape, default=1) > 0)
        return shape

    def weights(self, position: int, rank: int) -> Shape:
        """The shape of an input that may have to be stored in another order."""
        shape = self.dimensions(position, rank)
        self.floats(position)
        require(not self.value(position).is_constant or is_whole(self.value(position)))
        return shape

    def is_fixed(self, position: int) -> bool:
        """Whether the shape in the file is the one that the input always has."""
        return -1 not in self.value(position).tensor.shape_signature

    def integers(self, position: int) -> Shape:
        """The values of a constant input of integers, which are few."""
        found = self.value(position).integers()
        if found is None:
            raise Unequal
        return found

    def integer(self, position: int) -> int:
        """The value of a constant scalar."""
        found = self.integers(position)
        require(len(found) == 1)
        return found[0]

    def reals(self, position: int) -> Callable[[], tuple[float, ...]]:
        """What gives the values of a constant input of float32."""
        value = self.value(position)
        require(is_whole(value) and value.type is FLOAT32 and value.elements <= MAX_CHANNELS)
        data = value.data
        assert data is not None
        return lambda: struct.unpack(f"<{len(data) // 4}f", data)

    # Attributes

    def text(self, name: str, default: str | None = None) -> str:
        """An attribute that is a string."""
        found = self.attributes.get(name, default)
        if not isinstance(found, str):
            raise Unequal
        return found

    def flag(self, name: str, default: bool = False) -> bool:
        """An attribute that is yes or no."""
        found = self.attributes.get(name, default)
        if not isinstance(found, bool):
            raise Unequal
        return found

    def number(self, name: str, default: float | None = None) -> float:
        """An attribute that is a number."""
        found = self.attributes.get(name, default)
        if isinstance(found, bool) or not isinstance(found, int | float):
            raise Unequal
        return found

    def count(self, name: str, default: int | None = None) -> int:
        """An attribute that is an integer."""
        found = self.number(name, default)
        if not isinstance(found, int):
            raise Unequal
        return found

    def counts_of(self, name: str, default: Shape | None = None) -> Shape:
        """An attribute that is a list of integers."""
        found: AttributeValue | None = self.attributes.get(name, default)
        if not isinstance(found, tuple):
            raise Unequal
        numbers = tuple(item for item in found if isinstance(item, int))
        require(len(numbers) == len(found))
        return numbers


def require(fact: bool) -> None:
    """Raise `Unequal` unless this is so."""
    if not fact:
        raise Unequal


def is_whole(value: Value) -> bool:
    """Whether a constant's data are what its shape says."""
    return (
        value.data is not None
        and value.tensor.sparsity is None
        and min(value.shape, default=1) > 0
        and packed_bytes(value.shape, value.type) == len(value.data)
    )


def constant(
    values: Sequence[float], type: TensorType = INT32, shape: Sequence[int] | None = None
) -> Constant:
    """A constant of a few numbers, by default a vector of int32."""
    form = f"<{len(values)}{FORMATS[type]}"
    if type in (INT32, INT64):
        low, high = (-(2**31), 2**31) if type is INT32 else (-(2**63), 2**63)
        require(all(low <= value < high for value in values))
    return Constant(
        (len(values),) if shape is None else tuple(shape), type, lambda: struct.pack(form, *values)
    )


def scalar(value: float, type: TensorType = FLOAT32) -> Constant:
    """A constant of one number."""
    return constant((value,), type, ())


def zeros(count: int) -> Constant:
    """A vector of float32 zeros, for no more channels than there may be."""
    require(count <= MAX_CHANNELS)
    return Constant((count,), FLOAT32, lambda: bytes(4 * count))


def broadcast(*shapes: Shape) -> Shape:
    """The shape that these come to together. Raises `Unequal` where they do not fit."""
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    result = []
    for sizes in zip(*padded, strict=True):
        size = max(sizes)
        require(min(sizes) > 0 and all(other in (1, size) for other in sizes))
        result.append(size)
    return tuple(result)


def axis_of(axis: int, rank: int) -> int:
    """An axis counted from the front. Raises `Unequal` for one that is not there."""
    require(-rank <= axis < rank)
    return axis % rank
