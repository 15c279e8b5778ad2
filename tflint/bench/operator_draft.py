"""The tables of a model of some of a network's operators, as they are put together."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tflint.model.record import ABSENT
from tflint.model.schema import BUILTIN_OPERATORS, ReshapeOptions, SliceOptions, TensorType
from tflint.model.tables import (
    SCHEMA_VERSION,
    Buffer,
    Model,
    Operator,
    OperatorCode,
    SubGraph,
    Tensor,
)
from tflint.model.types import unpacked_bytes

Shape = tuple[int, ...]

# The runtime never shares the memory of tensors of this size or less.
_POINTER_BYTES = 8
# `TFLITE_RESHAPE_PARAMS_MAX_DIMENSION_COUNT` in tensorflow/lite/core/c/builtin_op_data.h.
_MAX_RESHAPE_RANK = 8
# What SLICE takes, with every set of kernels (tensorflow/lite/kernels/slice.cc).
_MAX_SLICE_RANK = 5
_SLICED = frozenset(
    (
        TensorType.FLOAT32,
        TensorType.INT8,
        TensorType.INT16,
        TensorType.INT32,
        TensorType.INT64,
        TensorType.UINT8,
        TensorType.BOOL,
    )
)
# Stand for the codes of operators that the network may not have.
_RESHAPE, _SLICE = -1, -2


def _code(name: str) -> OperatorCode:
    index = BUILTIN_OPERATORS.index(name)
    return OperatorCode(deprecated_builtin_code=index, builtin_code=index, version=1)


_OWN_CODES = {_RESHAPE: _code("RESHAPE"), _SLICE: _code("SLICE")}


@dataclass(slots=True)
class Draft:
    """The tables of a model as they are put together: what nothing uses does not get there."""

    whole: Model
    graph: SubGraph
    shapes: Mapping[int, Shape]
    tensors: list[Tensor] = field(default_factory=list)
    operators: list[Operator] = field(default_factory=list)
    codes: dict[int, int] = field(default_factory=dict)
    # Buffer 0 is empty by convention: activations refer to it.
    buffers: list[Buffer] = field(default_factory=lambda: [Buffer()])
    places: dict[int, int] = field(default_factory=dict)
    arguments: dict[Shape, int] = field(default_factory=dict)

    def tensor(self, index: int) -> int:
        """Enter a tensor of the network."""
        old = self.graph.tensors[index]
        shape = self.shapes.get(index, old.shape)
        quantization = old.quantization
        if quantization is not None:
            quantization = dataclasses.replace(quantization, min=ABSENT, max=ABSENT)
        self.tensors.append(
            dataclasses.replace(
                old,
                # Names may be of any length, and open shapes would be laid out in each run.
                name=None,
                shape=shape,
                shape_signature=ABSENT,
                buffer=self._buffer(old.buffer),
                quantization=quantization,
            )
        )
        return len(self.tensors) - 1

    def operator(
        self, old: Operator, shared: dict[int, int], own: dict[int, int]
    ) -> tuple[int, ...]:
        """Enter an operator; gives the places of its outputs. `shared` and `own` tell where
        tensors are that it shares with others and does not, and get those that it brings along.
        """
        inputs = [self._input(tensor, shared, own) for tensor in old.inputs]
        intermediates = [self._input(tensor, own, own) for tensor in old.intermediates]
        outputs = tuple(self._input(tensor, own, own) for tensor in old.outputs)
        self.operators.append(
            dataclasses.replace(
                self._renumbered(old),
                inputs=tuple(inputs),
                outputs=outputs,
                intermediates=tuple(intermediates) or old.intermediates,
            )
        )
        return outputs

    def can_hand_on(self, place: int) -> bool:
        """Whether a tensor of the model may be written over at all, and be copied by a RESHAPE."""
        tensor = self.tensors[place]
        size = unpacked_bytes(tensor.shape, tensor.type) or 0
        return size > _POINTER_BYTES and len(tensor.shape) <= _MAX_RESHAPE_RANK

    def hand_on(self, place: int) -> int:
        """Enter a copy of a tensor of the model, and the operator that makes it."""
        old = self.tensors[place]
        return self._add(_RESHAPE, (place,), old, ReshapeOptions(new_shape=old.shape))

    def can_take_from(self, place: int) -> bool:
        """Whether a SLICE takes a tensor of the model."""
        tensor = self.tensors[place]
        return (
            tensor.type in _SLICED
            and 0 < len(tensor.shape) <= _MAX_SLICE_RANK
            and min(tensor.shape) > 0
        )

    def take_from(self, place: int) -> int:
        """Enter the first element of a tensor of the model, and the operator that takes it."""
        old = self.tensors[place]
        rank = len(old.shape)
        first, one = (self._integers((number,) * rank) for number in (0, 1))
        new = dataclasses.replace(old, shape=(1,) * rank)
        return self._add(_SLICE, (place, first, one), new, SliceOptions())

    def _add(
        self,
        code: int,
        inputs: tuple[int, ...],
        made: Tensor,
        options: ReshapeOptions | SliceOptions,
    ) -> int:
        self.tensors.append(made)
        self.operators.append(
            Operator(
                opcode_index=self.codes.setdefault(code, len(self.codes)),
                inputs=inputs,
                outputs=(len(self.tensors) - 1,),
                builtin_options=options,
            )
        )
        return len(self.tensors) - 1

    def _integers(self, values: Shape) -> int:
        """A constant tensor."""
        if values not in self.arguments:
            self.buffers.append(Buffer(struct.pack(f"<{len(values)}i", *values)))
            buffer = len(self.buffers) - 1
            self.tensors.append(Tensor((len(values),), TensorType.INT32, buffer))
            self.arguments[values] = len(self.tensors) - 1
        return self.arguments[values]

    def finish(self, inputs: Sequence[int], outputs: Sequence[int], called: Sequence[int]) -> Model:
        """The model, with the subgraphs that its operators run where they were."""
        main = SubGraph(
            tensors=tuple(self.tensors),
            inputs=tuple(inputs),
            outputs=tuple(outputs),
            operators=tuple(self.operators),
        )
        others = [SubGraph((), (), (), ()) for _ in range(max(called, default=0))]
        for index in called:
            others[index - 1] = self._carried_over(self.whole.subgraphs[index])
        return Model(
            version=SCHEMA_VERSION,
            operator_codes=tuple(map(self._code, self.codes)),
            subgraphs=(main, *others),
            buffers=tuple(self.buffers),
        )

    def _input(self, tensor: int, shared: dict[int, int], own: dict[int, int]) -> int:
        if tensor < 0:
            return tensor
        is_own = tensor in own or self.graph.tensors[tensor].is_variable
        known = own if is_own else shared
        if tensor not in known:
            known[tensor] = self.tensor(tensor)
        return known[tensor]

    def _code(self, index: int) -> OperatorCode:
        return _OWN_CODES[index] if index < 0 else self.whole.operator_codes[index]

    def _renumbered(self, old: Operator) -> Operator:
        code = self.codes.setdefault(old.opcode_index, len(self.codes))
        return dataclasses.replace(old, opcode_index=code, debug_metadata_index=-1)

    def _carried_over(self, graph: SubGraph) -> SubGraph:
        tensors = tuple(
            dataclasses.replace(tensor, name=None, buffer=self._buffer(tensor.buffer))
            for tensor in graph.tensors
        )
        operators = tuple(map(self._renumbered, graph.operators))
        return dataclasses.replace(
            graph, tensors=tensors, operators=operators, debug_metadata_index=-1
        )

    def _buffer(self, index: int) -> int:
        buffers = self.whole.buffers
        if index >= len(buffers) or not buffers[index].data:
            return 0
        if index not in self.places:
            self.places[index] = len(self.buffers)
            self.buffers.append(Buffer(buffers[index].data))
        return self.places[index]
