"""What a float model holds of a network's weights: one unit for each operator that has some.

The same layer becomes different operators: a convolution of one dimension is reshaped before or
behind, a bias is added by the convolution, by an ADD or by a BiasAdd that became one, a batch
normalisation is folded or stays as MUL and ADD. So a unit is what they come to: a linear map, its
kernel in one order of dimensions, and what its result is multiplied by and what is added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from tflint.convert.unit import VECTOR, Array, Unit
from tflint.fix.model.evaluation import evaluated, stored_array
from tflint.model.graph import Graph, Node, Value, called_subgraphs, graphs
from tflint.model.tables import Model
from tflint.printable import printable

# Operators that move values and change none; what comes behind one works on the same channels.
_MOVING = frozenset(
    ("RESHAPE", "TRANSPOSE", "EXPAND_DIMS", "SQUEEZE", "BATCH_TO_SPACE_ND", "DEPTH_TO_SPACE")
)
_AFFINE = frozenset(("ADD", "MUL", "SUB", "DIV"))
_ELEMENTWISE = _AFFINE | {
    "RELU",
    "RELU6",
    "LOGISTIC",
    "TANH",
    "ELU",
    "LEAKY_RELU",
    "HARD_SWISH",
    "PRELU",
    "GELU",
}
# How far a constant is looked for behind operators that compute it, and a map before a RESHAPE.
_DEPTH = 8


def units(model: Model, *, by_outputs: bool = True) -> list[Unit]:
    """The units of a float model, each behind those that feed it.

    They are found from the outputs back, operand by operand, which does not depend on the order
    in which a file lists its operators; or, not `by_outputs`, in that order.
    """
    return _Search(model, by_outputs).run()


class _Search:
    """One walk over a model."""

    def __init__(self, model: Model, by_outputs: bool) -> None:
        self._graphs = graphs(model)
        self._by_outputs = by_outputs
        self._given: dict[tuple[int, int], Array] = {}
        self._known: dict[tuple[int, int], Array | None] = {}
        # Operators that belong to the unit of another.
        self._taken: set[tuple[int, int]] = set()
        self._found: list[Unit] = []

    def run(self) -> list[Unit]:
        """All units."""
        if self._graphs:
            self._walk(self._graphs[0], 0)
        return self._found

    def _walk(self, graph: Graph, depth: int) -> None:
        for node in self._order(graph):
            called = called_subgraphs(node.options)
            if called and depth < _DEPTH:
                body = called[-1]
                if body < len(self._graphs) and body != graph.index:
                    self._bind(node, self._graphs[body])
                    self._walk(self._graphs[body], depth + 1)
                continue
            if (graph.index, node.index) in self._taken or self._is_computed(node):
                continue
            self._found.extend(self._units(node))

    def _bind(self, node: Node, body: Graph) -> None:
        """Constants that are handed to a subgraph are its constants."""
        skipped = len(node.inputs) - len(body.inputs)
        for value, inner in zip(node.inputs[max(skipped, 0) :], body.inputs, strict=False):
            held = None if value is None else self.constant(value)
            if held is not None:
                self._given[body.index, inner.index] = held
        for index in [key for key in self._known if key[0] == body.index]:
            del self._known[index]

    def _order(self, graph: Graph) -> Sequence[Node]:
        if not self._by_outputs:
            return graph.nodes
        order: list[Node] = []
        entered: set[int] = set()
        waiting: list[tuple[Node, bool]] = [
            (value.producer, False)
            for value in reversed(graph.outputs)
            if value.producer is not None
        ]
        while waiting:
            node, is_done = waiting.pop()
            if is_done:
                order.append(node)
            elif node.index not in entered:
                entered.add(node.index)
                waiting.append((node, True))
                waiting += [(before, False) for before in reversed(list(node.predecessors()))]
        return order

    def _is_computed(self, node: Node) -> bool:
        """Whether all that an operator makes is constant: no weights are used in it."""
        return bool(node.outputs) and self.constant(node.outputs[0]) is not None

    def constant(self, value: Value, depth: int = 0) -> Array | None:
        """The float32 or integer constant that a value is, None where it is none."""
        key = (value.subgraph, value.index)
        if key in self._given:
            return self._given[key]
        if key in self._known:
            return self._known[key]
        found = stored_array(value)
        maker = value.producer
        if found is None and maker is not None and not value.is_constant and depth < _DEPTH:
            given = [
                None if each is None else self.constant(each, depth + 1) for each in maker.inputs
            ]
            if given and all(each is not None for each in given):
                made = evaluated(maker, given)
                if made is not None:
                    found = made[maker.outputs.index(value)]
        self._known[key] = found
        return found

    def weights(self, node: Node, position: int) -> Array | None:
        """The float32 constant that an operator is given."""
        value = node.input(position)
        found = None if value is None else self.constant(value)
        return found if found is not None and found.dtype == np.float32 else None

    def _units(self, node: Node) -> Iterator[Unit]:
        name = f"{printable(node.name, 40)} #{node.index}"
        if node.name == "UNIDIRECTIONAL_SEQUENCE_LSTM":
            yield from self._lstm(node, name)
            return
        reader = _READERS.get(node.name)
        if reader is not None:
            found = reader(self, node)
            if found is not None and node.outputs:
                unit, bias = found
                yield self._with_tail(replace(unit, operator=name, offset=bias), node)
            return
        if node.name in _AFFINE:
            yield from self._vector(node, name)
        elif node.name == "PRELU":
            alpha = self.weights(node, 1)
            if alpha is not None:
                yield Unit(VECTOR, None, np.squeeze(alpha), None, None, name)

    def _vector(self, node: Node, name: str) -> Iterator[Unit]:
        step = self._affine(node)
        if step is None:
            return
        scale, offset = step
        held = scale if scale is not None else offset
        assert held is not None
        unit = Unit(VECTOR, None, scale, offset, None, name)
        if held.ndim == 1:
            value = node.outputs[0]
            unit = replace(unit, flattened=self._flattened(value, held.size))
            if not _is_activated(node):
                unit = self._with_tail(unit, node)
        yield unit

    def _affine(self, node: Node) -> tuple[Array | None, Array | None] | None:
        """What an elementwise operator with one constant multiplies by and adds, squeezed."""
        left, right = self.weights(node, 0), self.weights(node, 1)
        if (left is None) == (right is None) or not node.outputs:
            return None
        constant = left if left is not None else right
        assert constant is not None
        held: Array = np.squeeze(constant)
        if node.name == "ADD":
            return None, held
        if node.name == "MUL":
            return held, None
        if node.name == "SUB":
            return (None, -held) if right is not None else (np.full_like(held, -1), held)
        if right is None or not held.all():
            return None
        inverse: Array = (1 / held).astype(np.float32)
        return inverse, None

    def _with_tail(self, unit: Unit, node: Node) -> Unit:
        """A unit with the multiplications and additions of constants that follow at once."""
        channels = unit.shape[unit.output_axis] if unit.shape else 1
        scale, offset = unit.scale, unit.offset
        while not _is_activated(node) and len(node.outputs) == 1:
            value = node.outputs[0]
            if value.is_output or len(value.consumers) != 1:
                break
            node = value.consumers[0]
            if node.name in _MOVING:
                if node.input(0) is not value:
                    break
                continue
            step = self._affine(node) if node.name in _AFFINE else None
            if step is None or any(held is not None and held.size != channels for held in step):
                break
            times, plus = (None if held is None else held.reshape(-1) for held in step)
            if times is not None:
                scale = times if scale is None else scale * times
                offset = None if offset is None else offset * times
            if plus is not None:
                offset = plus if offset is None else offset + plus
            self._taken.add((value.subgraph, node.index))
        return replace(unit, scale=scale, offset=offset)

    def _flattened(self, value: Value, size: int) -> tuple[int, ...] | None:
        """The map of several dimensions whose elements a dense layer is given as one row."""
        for _ in range(_DEPTH):
            maker = value.producer
            if maker is None:
                return None
            source = maker.input(0)
            if maker.name in _AFFINE and source is not None and self.constant(source) is not None:
                source = maker.input(1)
            if source is None:
                return None
            if maker.name == "RESHAPE":
                inner = source.shape[1:]
                if len(inner) > 1 and int(np.prod(inner)) == size:
                    return inner
            elif maker.name not in _ELEMENTWISE:
                return None
            value = source
        return None

    def _lstm(self, node: Node, name: str) -> Iterator[Unit]:
        """The gates side by side, as Keras has them: input, forget, cell, output."""
        parts: list[Array] = []
        for first in (1, 5, 12):
            gates = [self.weights(node, first + gate) for gate in range(4)]
            held = [gate for gate in gates if gate is not None]
            if len(held) < 4:
                return
            parts.append(np.concatenate(held, axis=0))
        for kernel in parts[:2]:
            yield Unit("dense", np.ascontiguousarray(kernel.T), None, None, None, name)
        yield Unit(VECTOR, None, None, parts[2], None, name)

    # What an operator's constants come to: the unit without its place, and the bias.

    def convolution(self, node: Node) -> tuple[Unit, Array | None] | None:
        """CONV_2D: (out, height, width, in)."""
        kernel = self.weights(node, 1)
        if kernel is None or kernel.ndim != 4:
            return None
        return _convolution(np.moveaxis(kernel, 0, -1)), self.weights(node, 2)

    def depthwise(self, node: Node) -> tuple[Unit, Array | None] | None:
        """DEPTHWISE_CONV_2D: (1, height, width, out)."""
        kernel = self.weights(node, 1)
        if kernel is None or kernel.ndim != 4:
            return None
        return _unit("depthwise", _window(kernel[0], 1)), self.weights(node, 2)

    def volume(self, node: Node) -> tuple[Unit, Array | None] | None:
        """CONV_3D: (depth, height, width, in, out)."""
        kernel = self.weights(node, 1)
        if kernel is None or kernel.ndim != 5:
            return None
        return _convolution(kernel), self.weights(node, 2)

    def transposed(self, node: Node) -> tuple[Unit, Array | None] | None:
        """TRANSPOSE_CONV: (out, height, width, in)."""
        kernel = self.weights(node, 1)
        if kernel is None or kernel.ndim != 4:
            return None
        unit = _unit("transposed", _window(np.moveaxis(kernel, 0, -2), 2))
        return unit, self.weights(node, 3)

    def transposed_volume(self, node: Node) -> tuple[Unit, Array | None] | None:
        """CONV_3D_TRANSPOSE: (depth, height, width, out, in)."""
        kernel = self.weights(node, 1)
        if kernel is None or kernel.ndim != 5:
            return None
        return _unit("transposed", _window(kernel, 2)), self.weights(node, 3)

    def dense(self, node: Node) -> tuple[Unit, Array | None] | None:
        """FULLY_CONNECTED: (out, in)."""
        kernel, source = self.weights(node, 1), node.input(0)
        if kernel is None or kernel.ndim != 2 or source is None:
            return None
        flattened = self._flattened(source, kernel.shape[1])
        if flattened is None and len(source.shape) > 2:
            # Reads a map of several dimensions as rows of its own.
            inner = source.shape[1:]
            flattened = inner if int(np.prod(inner)) == kernel.shape[1] else None
        return replace(_convolution(kernel.T), flattened=flattened), self.weights(node, 2)

    def product(self, node: Node) -> tuple[Unit, Array | None] | None:
        """BATCH_MATMUL with a constant on its right: (in, out), or turned."""
        kernel, source = self.weights(node, 1), node.input(0)
        if kernel is None or source is None:
            return None
        kernel = _window(kernel, 2)
        if kernel.ndim != 2:
            return _unit("product", kernel), None
        if getattr(node.options, "adj_y", False):
            kernel = kernel.T
        flattened = self._flattened(source, kernel.shape[0])
        return replace(_convolution(kernel), flattened=flattened), None

    def table(self, node: Node) -> tuple[Unit, Array | None] | None:
        """GATHER of the rows of a constant, or EMBEDDING_LOOKUP."""
        held = self.weights(node, 0 if node.name == "GATHER" else 1)
        if held is None or held.ndim < 2:
            return None
        return _unit("table", held), None


_Reader = Callable[[_Search, Node], tuple[Unit, Array | None] | None]
_READERS: Mapping[str, _Reader] = {
    "CONV_2D": _Search.convolution,
    "DEPTHWISE_CONV_2D": _Search.depthwise,
    "CONV_3D": _Search.volume,
    "CONV_3D_TRANSPOSE": _Search.transposed_volume,
    "TRANSPOSE_CONV": _Search.transposed,
    "FULLY_CONNECTED": _Search.dense,
    "BATCH_MATMUL": _Search.product,
    "GATHER": _Search.table,
    "EMBEDDING_LOOKUP": _Search.table,
}


def _unit(kind: str, kernel: Array) -> Unit:
    return Unit(kind, np.ascontiguousarray(kernel), None, None, None, "")


def _convolution(kernel: Array) -> Unit:
    """A convolution of (..., in, out): dense without a window, depthwise of one channel."""
    kernel = _window(kernel, 2)
    if kernel.shape[-2] == 1:
        return _unit("depthwise", kernel.reshape(*kernel.shape[:-2], kernel.shape[-1]))
    return _unit("dense" if kernel.ndim == 2 else "convolution", kernel)


def _window(kernel: Array, channels: int) -> Array:
    """A kernel without those sizes of its window that are one."""
    sizes = [size for size in kernel.shape[: kernel.ndim - channels] if size != 1]
    bare: Array = kernel.reshape(*sizes, *kernel.shape[kernel.ndim - channels :])
    return bare


def _is_activated(node: Node) -> bool:
    return bool(getattr(node.options, "fused_activation_function", 0))
