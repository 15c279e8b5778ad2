"""Models with Flex operators, run on the host without TensorFlow.

Its operators are computed in NumPy (`tflint.fix.proof.tensorflow`), one sample at a time; the
builtins between them run on LiteRT's reference kernels, as models of their own. What a rewrite of
the Flex operators has to equal comes from here, so nothing here knows of the rewrite.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tflint.errors import HostFailed, ModelRefused
from tflint.execution.process import Limits
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
_LIMITS = Limits(seconds=600.0)
# What the values of all samples that are run at once may take.
_MOST_BYTES = 256 << 20
# As many times as a runtime is started for the builtins between.
_MOST_PARTS = 64
# Operators whose state one part of a model would have to hand to the next.
_STATEFUL = frozenset(("VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE", "HASHTABLE"))


def has_flex(model: Model) -> bool:
    """Whether the model runs operators of TensorFlow."""
    return any(code.is_custom and code.name.startswith("Flex") for code in model.operator_codes)


def run_with_flex(
    model: bytes, inputs: Sequence[Array], limits: Limits = _LIMITS
) -> tuple[Array, ...]:
    """The outputs of a model's first subgraph, (samples, *shape of the output).

    `inputs[i]` has the shape (samples, *shape of input i). Raises `ModelRefused` for TensorFlow
    operators that are not known here, `HostFailed` when `limits.seconds` are up, and what
    `execute` raises for the builtins between.
    """
    import numpy as np

    read = parse_model(model)
    views = graphs(read)
    if any(is_flex(node) for graph in views[1:] for node in graph.nodes):
        raise ModelRefused("operators of TensorFlow inside of control flow cannot be compared")
    graph = views[0]
    if any(node.name in _STATEFUL or _is_stateful(node) for node in graph.nodes):
        raise ModelRefused("a model with variables and operators of TensorFlow cannot be compared")
    samples = max((len(array) for array in inputs), default=1)
    each = sum(value.bytes for value in graph.values if value.data is None)
    chunk = max(_MOST_BYTES // max(each, 1), 1)
    deadline = time.monotonic() + limits.seconds
    parts = []
    for start in range(0, samples, chunk):
        some = [array[start : start + chunk] for array in inputs]
        parts.append(_Run(read, graph, deadline).outputs(some))
    if len(parts) == 1:
        return parts[0]
    return tuple(np.concatenate(arrays) for arrays in zip(*parts, strict=True))


def _is_stateful(node: Node) -> bool:
    return any(value is not None and value.tensor.is_variable for value in node.inputs)


class _Run:
    """The values of a graph so far, each with its samples in front."""

    def __init__(self, model: Model, graph: Graph, deadline: float) -> None:
        self.values: dict[int, Array] = {}
        self._model = model
        self._graph = graph
        self._deadline = deadline
        self._samples = 1
        # The builtins that wait, and what they read and make.
        self._waiting: list[Node] = []
        self._touched: set[int] = set()
        self._parts = 0

    def outputs(self, inputs: Sequence[Array]) -> tuple[Array, ...]:
        """The outputs for these inputs."""
        self._samples = max((len(array) for array in inputs), default=1)
        for value, array in zip(self._graph.inputs, inputs, strict=True):
            self.values[value.index] = array
        for node in self._graph.nodes:
            around = {value.index for value in (*node.inputs, *node.outputs) if value is not None}
            if not is_flex(node):
                if not self._is_stored(node):
                    self._waiting.append(node)
                    self._touched |= around
                continue
            if not self._touched.isdisjoint(around):
                self.builtins()
            self.tensorflow(node)
        self.builtins()
        return tuple(_repeated(self.value(value), self._samples) for value in self._graph.outputs)

    def _is_stored(self, node: Node) -> bool:
        """Widen weights of float16, which takes no runtime to do."""
        value = node.input(0)
        if node.name != "DEQUANTIZE" or value is None or value.type is not TensorType.FLOAT16:
            return False
        stored = _constant(value)
        if stored is None or len(node.outputs) != 1:
            return False
        self.values[node.outputs[0].index] = stored[None].astype("f4")
        return True

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
        if any(len(array) not in (1, samples) for array in given):
            raise ModelRefused("the inputs have different numbers of samples")
        found: list[list[Array]] = []
        for sample in range(samples):
            if time.monotonic() > self._deadline:
                raise HostFailed("the reference for operators of TensorFlow took too long")
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

    def builtins(self) -> None:
        """Run the builtins that wait as a model of their own."""
        from tflint.execution.hosts import Host, execute

        segment, self._waiting, self._touched = self._waiting, [], set()
        if not segment:
            return
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise ModelRefused("operators of TensorFlow and builtins take turns too often")
        made = {value.index for node in segment for value in node.outputs}
        reads = dict.fromkeys(
            value.index
            for node in segment
            for value in node.inputs
            if value is not None
            and value.index not in made
            and not value.is_constant
            and (value.elements or value.producer is not None or value.is_input)
        )
        inputs = [self.value(self._graph.values[index]) for index in reads]
        behind = {value.index for value in self._graph.outputs}
        for node in self._graph.nodes[segment[-1].index + 1 :]:
            behind.update(value.index for value in node.inputs if value is not None)
        wanted = [index for index in sorted(made) if index in behind]
        if not wanted:
            return
        part = self._part(segment, list(reads), inputs, wanted)
        given = [_repeated(array, self._samples) for array in inputs]
        left = max(self._deadline - time.monotonic(), 0.1)
        limits = Limits(seconds=left)
        try:
            outputs = execute(part, given, Host.LITERT, limits)
        except ModelRefused as refused:
            try:  # There is not a reference kernel for each operator.
                outputs = execute(part, given, Host.LITERT_OPTIMISED, limits)
            except ModelRefused:
                raise refused from None
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
    if dtype is not None and value.elements == 0 and value.producer is None:
        # The shape of a scalar, say: what has no elements has no data.
        return np.zeros([max(size, 0) for size in value.shape], dtype)
    if value.data is None or dtype is None or value.tensor.sparsity is not None:
        return None
    if min(value.shape, default=0) < 0 or packed_bytes(value.shape, value.type) != len(value.data):
        return None
    return np.frombuffer(value.data, dtype=f"<{dtype}".replace("<?", "?")).reshape(value.shape)
