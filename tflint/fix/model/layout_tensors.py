"""Tensors for what is put in: values with their channels last, constants, weights rearranged."""

from __future__ import annotations

from dataclasses import dataclass

from tflint.analysis.dataflow import Dataflow
from tflint.analysis.flex.plan import (
    TO_CHANNELS_LAST,
    Constant,
    Rearranged,
    constant,
)
from tflint.analysis.operator_kinds import BINARY, UNARY
from tflint.fix.model.model_edit import GraphEdit
from tflint.fix.model.rearranged import RearrangedConstants
from tflint.model.graph import Graph, Node, Value
from tflint.model.record import Record, UnknownTable
from tflint.model.schema import ReshapeOptions, TransposeOptions
from tflint.model.types import elements

Shape = tuple[int, ...]


# Operators whose outputs are made element by element, in whatever order the dimensions are.
ELEMENTWISE = UNARY | BINARY


@dataclass(slots=True)
class New:
    """An operator that is put in."""

    name: str
    inputs: list[int]
    outputs: list[int]
    options: Record | UnknownTable | None = None
    version: int = 1


class TooMuch(Exception):
    """A constant could not be made."""


class LayoutTensors:
    """The tensors of one subgraph under change, and which stand for which."""

    def __init__(
        self, edit: GraphEdit, graph: Graph, dataflow: Dataflow, constants: RearrangedConstants
    ) -> None:
        self.dataflow = dataflow
        # By the indices of values: the tensor with channels last; the tensor that is read instead.
        self.twins: dict[int, int] = {}
        self.instead: dict[int, int] = {}
        # The operators past which weights were rearranged.
        self.bypassed: set[int] = set()
        self._edit = edit
        self._graph = graph
        self._constants = constants

    def constant_twin(self, value: Value) -> int | None:
        """A constant as it goes with values whose channels are last."""
        if not value.is_constant or not self.may_turn(value):
            return None
        if value.elements == 1 and len(value.shape) <= 4:
            return value.index
        rank = len(value.shape)
        if not 1 <= rank <= 4:
            return None
        # Broadcasting counts dimensions from the last: height and width without channels stay.
        shape = (1,) * (4 - rank) + value.shape
        turned = tuple(shape[axis] for axis in TO_CHANNELS_LAST)
        order = tuple(axis - (4 - rank) for axis in TO_CHANNELS_LAST if axis >= 4 - rank)
        return self._constants.tensor(self._edit, value, order, turned)

    def read(self, value: Value) -> int:
        """The tensor to read for a value."""
        return self.instead.get(value.index, value.index)

    def has_twin(self, value: Value) -> bool:
        """Whether a value is at hand with its channels last."""
        return self.read(value) in self.twins

    def is_stable(self, index: int) -> bool:
        """Whether a tensor is the same wherever it is read; new ones are written once."""
        values = self._graph.values
        return index >= len(values) or self.dataflow.is_stable(values[index])

    def constant(self, operand: Constant) -> int:
        """A constant of a plan, as a tensor."""
        return self._edit.add_tensor(operand.shape, operand.type, data=operand.data())

    def stored(self, operand: Constant) -> int:
        """A constant of a plan that may be large. Raises `TooMuch`."""
        index = self.constant(operand)
        if not self._constants.may_make(elements(operand.shape) * 8):
            raise TooMuch
        return index

    def twin(self, value: Value, new: list[New]) -> int:
        """The value with its channels last, made where it is not at hand."""
        index = self.read(value)
        if index in self.twins:
            return self.twins[index]
        twin = self.new_twin(value)
        new.append(self.turned(index, twin, TO_CHANNELS_LAST, value))
        if self.is_stable(index):
            self.twins[index] = twin
        return twin

    def new_twin(self, value: Value) -> int:
        """A tensor like a value's, with its channels last."""
        tensor = value.tensor
        shape = tuple(value.shape[axis] for axis in TO_CHANNELS_LAST)
        twin = self._edit.add_tensor(shape, value.type, tensor.quantization)
        if len(tensor.shape_signature) == 4:
            signature = tuple(tensor.shape_signature[axis] for axis in TO_CHANNELS_LAST)
            self._edit.change_tensor(twin, shape_signature=signature)
        return twin

    def may_turn(self, value: Value) -> bool:
        """Whether nothing is said of a value's dimensions by their numbers."""
        found = value.tensor.quantization
        return value.is_constant or found is None or len(found.scale) <= 1

    def is_reshaped(self, value: Value) -> bool:
        """Whether a reshape is enough to have a value with its channels last."""
        return (
            len(value.shape) == 4
            and self.may_turn(value)
            and keeps_order(value.shape, TO_CHANNELS_LAST)
            and -1 not in value.tensor.shape_signature
        )

    def turned(self, x: int, y: int, order: Shape, value: Value) -> New:
        """What turns a value; where only dimensions of size 1 move, its elements stay."""
        tensor = self._edit.tensor(y)
        if order is TO_CHANNELS_LAST:
            moving = value.shape
        else:
            moving = tuple(value.shape[axis] for axis in TO_CHANNELS_LAST)
        if keeps_order(moving, order) and -1 not in value.tensor.shape_signature:
            to = self.constant(constant(tensor.shape))
            return New("RESHAPE", [x, to], [y], ReshapeOptions(new_shape=tuple(tensor.shape)))
        return New("TRANSPOSE", [x, self.constant(constant(order))], [y], TransposeOptions())

    def rearranged(self, node: Node, operand: Rearranged, new: list[New]) -> int:
        """An input with its dimensions in another order: stored so where it is stored, behind a
        DEQUANTIZE too, else brought into that order.
        """
        value = node.inputs[operand.position]
        assert value is not None
        order, shape = operand.order, operand.shape
        is_ordered = order == tuple(range(len(order)))
        if is_ordered and shape == value.shape:
            return self.read(value)
        if value.is_constant:
            found = self._constants.tensor(self._edit, value, order, shape)
            if found is None:
                raise TooMuch
            return found
        maker = self.dataflow.maker(value)
        stored = maker.input(0) if maker is not None and maker.name == "DEQUANTIZE" else None
        if maker is not None and stored is not None and stored.shape == value.shape:
            found = self._constants.tensor(self._edit, stored, order, shape)
            if found is not None:
                self.bypassed.add(maker.index)
                real = self._edit.add_tensor(shape, value.type)
                version = self._graph.nodes[maker.index].code.version
                new.append(New("DEQUANTIZE", [found], [real], maker.options, version))
                return real
        index = self.read(value)
        turned = tuple(value.shape[axis] for axis in order)
        if not is_ordered:
            result = self._edit.add_tensor(turned, value.type)
            to = self.constant(constant(order))
            new.append(New("TRANSPOSE", [index, to], [result], TransposeOptions()))
            index = result
        if turned != shape:
            result = self._edit.add_tensor(shape, value.type)
            to = self.constant(constant(shape))
            new.append(New("RESHAPE", [index, to], [result], ReshapeOptions(new_shape=shape)))
            index = result
        return index


def keeps_order(shape: Shape, order: Shape) -> bool:
    """Whether only dimensions of size 1 move, so that the elements stay where they are."""
    sized = [axis for axis in order if shape[axis] != 1]
    return sized == sorted(sized)
