"""A subgraph as operators and the values between them, the view that rules work on.

Built only from models whose indices are all in range (`dangling_indices` says which are
not), so nothing here checks again.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from tflint.model.record import Record, UnknownTable
from tflint.model.schema import (
    CallOnceOptions,
    CallOptions,
    IfOptions,
    StableHLOCompositeOptions,
    TensorType,
    WhileOptions,
)
from tflint.model.tables import (
    Model,
    Operator,
    OperatorCode,
    QuantizationParameters,
    SubGraph,
    Tensor,
)
from tflint.model.types import FORMATS, elements, packed_bytes, unpacked_bytes

# Arguments that operators take as small constant tensors (shapes, axes, paddings) are far
# shorter; the cap keeps a hostile "shape" from becoming a list of millions.
MAX_ARGUMENT_ELEMENTS = 1024


class Value:
    """One tensor: who makes it, who reads it, and its constant data if it has any."""

    __slots__ = (
        "consumers",
        "data",
        "index",
        "is_input",
        "is_output",
        "producer",
        "subgraph",
        "tensor",
    )

    def __init__(self, subgraph: int, index: int, tensor: Tensor, data: memoryview | None) -> None:
        self.subgraph = subgraph
        self.index = index
        self.tensor = tensor
        self.data = data
        self.producer: Node | None = None
        self.consumers: list[Node] = []
        self.is_input = False
        self.is_output = False

    @property
    def type(self) -> TensorType:
        """Element type."""
        return self.tensor.type

    @property
    def shape(self) -> tuple[int, ...]:
        """Dimensions; () for a scalar."""
        return self.tensor.shape

    @property
    def name(self) -> str:
        """The tensor's name as it is in the file."""
        return self.tensor.name or ""

    @property
    def quantization(self) -> QuantizationParameters | None:
        """Quantisation parameters, when they have a scale."""
        found = self.tensor.quantization
        return found if found is not None and found.scale else None

    @property
    def is_constant(self) -> bool:
        """Whether the file holds its data."""
        return self.data is not None

    @property
    def elements(self) -> int:
        """Number of elements; 0 where the file claims a negative one."""
        return max(elements(self.shape), 0)

    @property
    def bytes(self) -> int:
        """Bytes in memory: the file's for a constant, unpacked for an activation."""
        if self.data is not None:
            return len(self.data)
        return max(unpacked_bytes(self.shape, self.type) or 0, 0)

    def integers(self) -> tuple[int, ...] | None:
        """The values of a small constant of an integer type, else None."""
        code = FORMATS.get(self.type)
        if self.data is None or code is None or code in "fd?":
            return None
        count = self.elements
        if count > MAX_ARGUMENT_ELEMENTS:
            return None
        if packed_bytes(self.shape, self.type) != len(self.data):
            return None
        return struct.unpack(f"<{count}{code}", self.data)


class Node:
    """One operator with its values; a left-out optional input is None.

    `name` is `CONV_2D`, or the custom code such as `FlexConv2D`; `options` are the builtin
    options, of whichever of the two unions is set.
    """

    __slots__ = ("code", "index", "inputs", "name", "operator", "options", "outputs", "subgraph")

    def __init__(
        self,
        subgraph: int,
        index: int,
        operator: Operator,
        code: OperatorCode,
        name: str,
        inputs: tuple[Value | None, ...],
        outputs: tuple[Value, ...],
    ) -> None:
        self.subgraph = subgraph
        self.index = index
        self.operator = operator
        self.code = code
        self.name = name
        self.inputs = inputs
        self.outputs = outputs
        self.options: Record | UnknownTable | None = (
            operator.builtin_options or operator.builtin_options2
        )

    def input(self, position: int) -> Value | None:
        """The input in this position, or None when it is left out or not there."""
        return self.inputs[position] if position < len(self.inputs) else None

    def predecessors(self) -> Iterator[Node]:
        """The operators that make its inputs, in input order."""
        for value in self.inputs:
            if value is not None and value.producer is not None:
                yield value.producer

    def successors(self) -> Iterator[Node]:
        """The operators that read its outputs."""
        for value in self.outputs:
            yield from value.consumers


class Graph:
    """One subgraph of a model."""

    __slots__ = ("index", "inputs", "nodes", "outputs", "values")

    def __init__(self, model: Model, index: int) -> None:
        subgraph = model.subgraphs[index]
        self.index = index
        self.values = tuple(
            Value(index, i, tensor, _constant_data(model, tensor))
            for i, tensor in enumerate(subgraph.tensors)
        )
        codes = [(code, code.name) for code in model.operator_codes]
        self.nodes = tuple(
            self._node(i, operator, *codes[operator.opcode_index])
            for i, operator in enumerate(subgraph.operators)
        )
        self.inputs = tuple(self.values[i] for i in subgraph.inputs if i >= 0)
        self.outputs = tuple(self.values[i] for i in subgraph.outputs if i >= 0)
        for value in self.inputs:
            value.is_input = True
        for value in self.outputs:
            value.is_output = True

    def _node(self, index: int, operator: Operator, code: OperatorCode, name: str) -> Node:
        node = Node(
            self.index,
            index,
            operator,
            code,
            name,
            tuple(self.values[i] if i >= 0 else None for i in operator.inputs),
            tuple(self.values[i] for i in operator.outputs if i >= 0),
        )
        for value in node.inputs:
            # An operator that reads a value twice in a row is one consumer.
            if value is not None and (not value.consumers or value.consumers[-1] is not node):
                value.consumers.append(node)
        for value in node.outputs:
            value.producer = node
        return node


def graphs(model: Model) -> tuple[Graph, ...]:
    """All subgraphs of a model without dangling indices."""
    return tuple(Graph(model, index) for index in range(len(model.subgraphs)))


def _constant_data(model: Model, tensor: Tensor) -> memoryview | None:
    """The tensor's data, if its buffer has any. Variables start from nothing."""
    data = model.buffers[tensor.buffer].data if tensor.buffer < len(model.buffers) else None
    return memoryview(data) if data and not tensor.is_variable else None


class DanglingIndex:
    """An index that leads outside its table: what holds it, what it should lead to."""

    __slots__ = ("holder", "index", "kind", "operator", "subgraph", "table_size")

    def __init__(
        self,
        holder: str,
        kind: str,
        index: int,
        table_size: int,
        subgraph: int | None = None,
        operator: int | None = None,
    ) -> None:
        self.holder = holder
        self.kind = kind
        self.index = index
        self.table_size = table_size
        self.subgraph = subgraph
        self.operator = operator


def dangling_indices(model: Model) -> Iterator[DanglingIndex]:
    """Every index in the model that leads outside its table or is negative without leave."""
    buffers, graphs_ = len(model.buffers), len(model.subgraphs)
    for g, subgraph in enumerate(model.subgraphs):
        tensors = len(subgraph.tensors)
        for name, indices in (("input", subgraph.inputs), ("output", subgraph.outputs)):
            for i in indices:
                if not 0 <= i < tensors:
                    yield DanglingIndex(f"subgraph {name}", "tensor", i, tensors, g)
        for t, tensor in enumerate(subgraph.tensors):
            # Buffer 0 means "no data", also where a writer left the table empty.
            if tensor.buffer and tensor.buffer >= buffers:
                yield DanglingIndex(f"tensor {t}", "buffer", tensor.buffer, buffers, g)
        yield from _dangling_in_operators(model, g, subgraph)
    for metadata in model.metadata:
        if metadata.buffer >= buffers:
            yield DanglingIndex("metadata", "buffer", metadata.buffer, buffers)
    for signature in model.signature_defs:
        if signature.subgraph_index >= graphs_:
            yield DanglingIndex("signature", "subgraph", signature.subgraph_index, graphs_)
            continue
        tensors = len(model.subgraphs[signature.subgraph_index].tensors)
        for entry in (*signature.inputs, *signature.outputs):
            if entry.tensor_index >= tensors:
                yield DanglingIndex("signature", "tensor", entry.tensor_index, tensors)


def _dangling_in_operators(model: Model, g: int, subgraph: SubGraph) -> Iterator[DanglingIndex]:
    codes, tensors, graphs_ = (
        len(model.operator_codes),
        len(subgraph.tensors),
        len(model.subgraphs),
    )
    for o, operator in enumerate(subgraph.operators):
        if operator.opcode_index >= codes:
            yield DanglingIndex("operator", "operator code", operator.opcode_index, codes, g, o)
            continue
        code = model.operator_codes[operator.opcode_index]
        for position, i in enumerate(operator.inputs):
            if not (0 <= i < tensors or (i == -1 and may_be_left_out(code, position))):
                yield DanglingIndex(f"input {position}", "tensor", i, tensors, g, o)
        for position, i in enumerate(operator.outputs):
            if not 0 <= i < tensors:
                yield DanglingIndex(f"output {position}", "tensor", i, tensors, g, o)
        for i in operator.intermediates:
            if not -1 <= i < tensors:
                yield DanglingIndex("intermediate", "tensor", i, tensors, g, o)
        for i in called_subgraphs(operator.builtin_options or operator.builtin_options2):
            if not 0 <= i < graphs_:
                yield DanglingIndex("called subgraph", "subgraph", i, graphs_, g, o)


# Inputs that a builtin operator can do without, by position; no operator can without others.
# Source: the `GetOptionalInputTensor` uses of TFLite's kernels.
_LSTM = frozenset((1, 5, 9, 10, 11, 12, 16, 17, 20, 21, 22, 23))
_OPTIONAL_INPUTS = {
    "CONV_2D": frozenset((2,)),
    "CONV_3D": frozenset((2,)),
    "CONV_3D_TRANSPOSE": frozenset((3,)),
    "DEPTHWISE_CONV_2D": frozenset((2,)),
    "FULLY_CONNECTED": frozenset((2,)),
    "LSTM": _LSTM,
    "RESHAPE": frozenset((1,)),
    "SVDF": frozenset((3,)),
    "TRANSPOSE_CONV": frozenset((3,)),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _LSTM,
}
# Control flow passes its inputs on, so what they may leave out is not theirs to say; nor is it
# known of custom operators, and of those that came after the kernels that were looked at.
_UNKNOWN_INPUTS = frozenset(("IF", "WHILE", "CALL", "CALL_ONCE"))
_UNKNOWN_PREFIXES = ("BIDIRECTIONAL_SEQUENCE_", "STABLEHLO_", "UNKNOWN_")


def may_be_left_out(code: OperatorCode, position: int) -> bool:
    """Whether -1 may stand for an operator's input in this position, as far as is known."""
    name = code.name
    if code.is_custom or name in _UNKNOWN_INPUTS or name.startswith(_UNKNOWN_PREFIXES):
        return True
    return position in _OPTIONAL_INPUTS.get(name, ())


def called_subgraphs(options: Record | UnknownTable | None) -> tuple[int, ...]:
    """The indices of the subgraphs that an operator with these options runs."""
    if isinstance(options, IfOptions):
        return options.then_subgraph_index, options.else_subgraph_index
    if isinstance(options, WhileOptions):
        return options.cond_subgraph_index, options.body_subgraph_index
    if isinstance(options, CallOptions):
        return (options.subgraph,)
    if isinstance(options, CallOnceOptions):
        return (options.init_subgraph_index,)
    if isinstance(options, StableHLOCompositeOptions):
        return (options.decomposition_subgraph_index,)
    return ()
