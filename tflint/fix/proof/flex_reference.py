"""Models with Flex operators, run on the host without TensorFlow.

Its operators are computed in NumPy (`tflint.fix.proof.tensorflow`), one sample at a time; the
builtins between them run on LiteRT's reference kernels, as models of their own. What a rewrite of
the Flex operators has to equal comes from here, so nothing here knows of the rewrite.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tflint.errors import ModelRefused
from tflint.model.flex import flex_operator, is_flex
from tflint.model.graph import Graph, Node, Value, called_subgraphs, graphs
from tflint.model.reader import parse_model
from tflint.model.record import ABSENT
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.model.types import packed_bytes
from tflint.model.writer import write_model
from tflint.printable import printable

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

_NUMPY_TYPES = {
    TensorType.FLOAT32: "f4",
    TensorType.FLOAT16: "f2",
    TensorType.FLOAT64: "f8",
    TensorType.INT8: "i1",
    TensorType.UINT8: "u1",
    TensorType.INT16: "i2",
    TensorType.UINT16: "u2",
    TensorType.INT32: "i4",
    TensorType.UINT32: "u4",
    TensorType.INT64: "i8",
    TensorType.UINT64: "u8",
    TensorType.BOOL: "?",
}
# Operators whose state one part of a model would have to hand to the next.
_STATEFUL = frozenset(("VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE", "HASHTABLE"))


def has_flex(model: Model) -> bool:
    """Whether the model runs operators of TensorFlow."""
    return any(code.is_custom and code.name.startswith("Flex") for code in model.operator_codes)


def run_with_flex(model: bytes, inputs: Sequence[Array]) -> tuple[Array, ...]:
    """The outputs of a model's first subgraph, (samples, *shape of the output).

    `inputs[i]` has the shape (samples, *shape of input i). Raises `ModelRefused` for TensorFlow
    operators that are not known here, and what `execute` raises for the builtins between.
    """
    read = parse_model(model)
    views = graphs(read)
    if any(is_flex(node) for graph in views[1:] for node in graph.nodes):
        raise ModelRefused("operators of TensorFlow inside of control flow cannot be compared")
    graph = views[0]
    if any(node.name in _STATEFUL or _is_stateful(node) for node in graph.nodes):
        raise ModelRefused("a model with variables and operators of TensorFlow cannot be compared")
    work = _Run(read, graph)
    for value, array in zip(graph.inputs, inputs, strict=True):
        work.values[value.index] = array
    segment: list[Node] = []
    for node in graph.nodes:
        if not is_flex(node):
            segment.append(node)
            continue
        work.builtins(segment)
        segment = []
        work.tensorflow(node)
    work.builtins(segment)
    samples = max((len(array) for array in inputs), default=1)
    return tuple(_repeated(work.value(value), samples) for value in graph.outputs)


def _is_stateful(node: Node) -> bool:
    return any(value is not None and value.tensor.is_variable for value in node.inputs)


class _Run:
    """The values of a graph so far, each with its samples in front."""

    def __init__(self, model: Model, graph: Graph) -> None:
        self.values: dict[int, Array] = {}
        self._model = model
        self._graph = graph

    def value(self, value: Value) -> Array:
        """A value with its samples in front; of a constant, one sample."""
        found = self.values.get(value.index)
        if found is not None:
            return found
        constant = _constant(value)
        if constant is None:
            raise ModelRefused(f"nothing makes tensor #{value.index} before it is read")
        return constant[None]

    def tensorflow(self, node: Node) -> None:
        """Run one operator of TensorFlow."""
        import numpy as np

        from tflint.fix.proof.tensorflow import table
        from tflint.fix.proof.tensorflow.kernel import Call

        operator = flex_operator(node)
        kernel = table.KERNELS.get(operator.name)
        if kernel is None:
            raise ModelRefused(f"TensorFlow's {printable(operator.name, 60)} is not known here")
        given = []
        for value in node.inputs:
            if value is None:
                raise ModelRefused(f"TensorFlow's {printable(operator.name, 60)} lacks an input")
            given.append(self.value(value))
        samples = max((len(array) for array in given), default=1)
        found: list[list[Array]] = []
        for sample in range(samples):
            values = [array[sample if len(array) > 1 else 0] for array in given]
            try:
                with np.errstate(all="ignore"):
                    outputs = kernel(Call(operator.name, operator.attributes, values))
            except (ValueError, TypeError, IndexError, ZeroDivisionError, OverflowError) as error:
                raise ModelRefused(
                    f"TensorFlow's {printable(operator.name, 60)} does not take what it is given: "
                    f"{printable(str(error), 200)}"
                ) from error
            found.append(outputs if isinstance(outputs, list) else [outputs])
        for value, arrays in zip(node.outputs, zip(*found, strict=True), strict=False):
            if len({array.shape for array in arrays}) > 1:
                raise ModelRefused("the shape of a value depends on the values of the inputs")
            stacked = np.stack(arrays)
            dtype = _NUMPY_TYPES.get(value.type)
            if dtype is None:
                raise ModelRefused(f"values of type {value.type.name.lower()} cannot be compared")
            self.values[value.index] = stacked.astype(dtype, copy=False)

    def builtins(self, segment: Sequence[Node]) -> None:
        """Run consecutive builtins as a model of their own."""
        from tflint.execution.hosts import Host, execute

        if not segment:
            return
        made = {value.index for node in segment for value in node.outputs}
        reads = dict.fromkeys(
            value.index
            for node in segment
            for value in node.inputs
            if value is not None and value.index not in made and not value.is_constant
        )
        inputs = [self.value(self._graph.values[index]) for index in reads]
        samples = max((len(array) for array in self.values.values()), default=1)
        behind = {value.index for value in self._graph.outputs}
        for node in self._graph.nodes[segment[-1].index + 1 :]:
            behind.update(value.index for value in node.inputs if value is not None)
        wanted = [index for index in sorted(made) if index in behind]
        if not wanted:
            return
        part = self._part(segment, list(reads), inputs, wanted)
        given = [_repeated(array, samples) for array in inputs]
        outputs = execute(part, given, Host.LITERT)
        self.values.update(zip(wanted, outputs, strict=True))

    def _part(
        self, segment: Sequence[Node], reads: list[int], inputs: list[Array], wanted: list[int]
    ) -> bytes:
        """The model of a segment, its inputs of the shapes that came out."""
        subgraph = self._model.subgraphs[0]
        tensors = list(subgraph.tensors)
        for index, array in zip(reads, inputs, strict=True):
            tensors[index] = dataclasses.replace(
                tensors[index], shape=array.shape[1:], shape_signature=ABSENT
            )
        part = dataclasses.replace(
            subgraph,
            tensors=tuple(tensors),
            inputs=tuple(reads),
            outputs=tuple(wanted),
            operators=tuple(node.operator for node in segment),
        )
        called = any(called_subgraphs(node.options) for node in segment)
        rest = self._model.subgraphs[1:] if called else ()
        return write_model(
            dataclasses.replace(
                self._model,
                subgraphs=(part, *rest),
                signature_defs=ABSENT,
                metadata=ABSENT,
                metadata_buffer=ABSENT,
            )
        )


def _repeated(array: Array, samples: int) -> Array:
    """A value with all samples, which may be the same in all."""
    import numpy as np

    if len(array) != 1 or samples == 1:
        return array
    return np.ascontiguousarray(np.broadcast_to(array, (samples, *array.shape[1:])))


def _constant(value: Value) -> Array | None:
    import numpy as np

    dtype = _NUMPY_TYPES.get(value.type)
    if value.data is None or dtype is None or value.tensor.sparsity is not None:
        return None
    if min(value.shape, default=0) < 0 or packed_bytes(value.shape, value.type) != len(value.data):
        return None
    return np.frombuffer(value.data, dtype=f"<{dtype}".replace("<?", "?")).reshape(value.shape)
