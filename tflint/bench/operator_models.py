"""Models of one operator, cut out of a network.

In such a model the operator stands a number of times: all copies read the same inputs, each has
outputs and state of its own. What it reads of the network's activations becomes an input of the
model. What is computed from constants alone (weights that a DEQUANTIZE unpacks, say) is computed
in the model too, once for all copies, so that kernels and delegates see where it comes from.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field

from tflint.fix.proof.interface import DTYPES
from tflint.model.graph import called_subgraphs
from tflint.model.record import ABSENT
from tflint.model.tables import SCHEMA_VERSION, Buffer, Model, Operator, SubGraph, Tensor
from tflint.model.types import unpacked_bytes

Shape = tuple[int, ...]

# Longer computations on constants are not repeated in each model that reads them.
MAX_FOUNDATION = 16
# A network with more subgraphs than this is no network of a device.
MAX_SUBGRAPHS = 64
# Operators whose outputs do not follow from their inputs.
_RANDOM = frozenset(
    ("MULTINOMIAL", "RANDOM_STANDARD_NORMAL", "RANDOM_UNIFORM", "STABLEHLO_RNG_BIT_GENERATOR")
)


class NotCut(ValueError):
    """An operator that cannot be run without its network; the text says why."""


@dataclass(frozen=True, slots=True)
class CutModel:
    """A model of `copies` of one operator. `inputs` are the tensors of the network whose values it
    takes, in the order of its own inputs. Its outputs are those of the first copy, in the order of
    `outputs`, then those of the second, and so on.
    """

    model: Model
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    copies: int


class Network:
    """A subgraph to cut operators out of. The model's indices must be sound."""

    def __init__(self, model: Model, subgraph: int) -> None:
        self._model = model
        self._graph = model.subgraphs[subgraph]
        # What makes a tensor out of constants: numbers of operators, in the order of execution.
        self._foundations: dict[int, tuple[int, ...]] = {}
        self._find_foundations()

    def cut(
        self, operator: int, copies: int, shapes: Mapping[int, Shape] | None = None
    ) -> CutModel:
        """The model of an operator. `shapes` are those that tensors have in a run, by the number
        of the tensor, where they are not those of the file.

        Raises `NotCut`.
        """
        wanted = self._graph.operators[operator]
        if not wanted.outputs:
            raise NotCut("it gives nothing")
        called = _called_by(wanted, self._model)
        foundation: set[int] = set()
        inputs: dict[int, None] = {}
        for tensor in wanted.inputs:
            if tensor in self._foundations:
                foundation.update(self._foundations[tensor])
            elif tensor >= 0 and not (self._is_constant(tensor) or self._is_state(tensor)):
                inputs[tensor] = None
        for tensor in (*inputs, *wanted.outputs):
            _check(self._graph.tensors[tensor])
        draft = _Draft(self._model, self._graph, shapes or {})
        shared = {tensor: draft.tensor(tensor) for tensor in inputs}
        for other in sorted(foundation):
            draft.operator(self._graph.operators[other], shared, shared)
        made: list[int] = []
        for _ in range(copies):
            made += draft.operator(wanted, shared, {})
        model = draft.finish([shared[tensor] for tensor in inputs], made, called)
        return CutModel(model, tuple(inputs), wanted.outputs, copies)

    def tensors(self, operator: int) -> tuple[int, ...]:
        """The activations that an operator reads and makes."""
        found = self._graph.operators[operator]
        used = (*found.inputs, *found.outputs)
        return tuple(t for t in dict.fromkeys(used) if t >= 0 and not self._is_constant(t))

    def own_bytes(self, operator: int) -> int:
        """The bytes that each copy may have of its own: outputs, state, and weights, which some
        kernels rearrange.
        """
        found = self._graph.operators[operator]
        read = {tensor for tensor in found.inputs if tensor >= 0}
        kept = [t for t in read if self._is_constant(t) or self._is_state(t)]
        kept += [t for t in read if t in self._foundations]
        tensors = (self._graph.tensors[tensor] for tensor in (*kept, *found.outputs))
        return sum(unpacked_bytes(tensor.shape, tensor.type) or 0 for tensor in tensors)

    def _is_constant(self, tensor: int) -> bool:
        """Whether the file holds its data."""
        found, buffers = self._graph.tensors[tensor], self._model.buffers
        return found.buffer < len(buffers) and bool(buffers[found.buffer].data)

    def _is_state(self, tensor: int) -> bool:
        return self._graph.tensors[tensor].is_variable

    def _find_foundations(self) -> None:
        for index, operator in enumerate(self._graph.operators):
            name = self._model.operator_codes[operator.opcode_index].name
            if not operator.inputs or name in _RANDOM or _calls(operator):
                continue
            needed: dict[int, None] = {}
            for tensor in operator.inputs:
                if tensor in self._foundations:
                    needed.update(dict.fromkeys(self._foundations[tensor]))
                elif tensor >= 0 and (self._is_state(tensor) or not self._is_constant(tensor)):
                    break
            else:
                if len(needed) < MAX_FOUNDATION:
                    made = (*needed, index)
                    self._foundations.update(dict.fromkeys(operator.outputs, made))


@dataclass(slots=True)
class _Draft:
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

    def tensor(self, index: int) -> int:
        """Enter a tensor of the network."""
        old = self.graph.tensors[index]
        shape = self.shapes.get(index, old.shape)
        # Names may be of any length, and open shapes would be laid out in each run.
        new = dataclasses.replace(old, name=None, shape=shape, shape_signature=ABSENT)
        self.tensors.append(dataclasses.replace(new, buffer=self._buffer(old.buffer)))
        return len(self.tensors) - 1

    def operator(self, old: Operator, shared: dict[int, int], own: dict[int, int]) -> list[int]:
        """Enter an operator; gives the places of its outputs. `shared` and `own` tell where
        tensors are that it shares with others and does not, and get those that it brings along.
        """
        inputs = [self._input(tensor, shared, own) for tensor in old.inputs]
        intermediates = [self._input(tensor, own, own) for tensor in old.intermediates]
        outputs = [self._input(tensor, own, own) for tensor in old.outputs]
        self.operators.append(
            dataclasses.replace(
                self._renumbered(old),
                inputs=tuple(inputs),
                outputs=tuple(outputs),
                intermediates=tuple(intermediates) or old.intermediates,
            )
        )
        return outputs

    def finish(self, inputs: list[int], outputs: list[int], called: tuple[int, ...]) -> Model:
        """The model, with the subgraphs that its operators run where they were."""
        main = SubGraph(
            tensors=tuple(self.tensors),
            inputs=tuple(inputs),
            outputs=tuple(outputs),
            operators=tuple(self.operators),
        )
        others = [SubGraph() for _ in range(max(called, default=0))]
        for index in called:
            others[index - 1] = self._carried_over(self.whole.subgraphs[index])
        return Model(
            version=SCHEMA_VERSION,
            operator_codes=tuple(self.whole.operator_codes[index] for index in self.codes),
            subgraphs=(main, *others),
            buffers=tuple(self.buffers),
        )

    def _input(self, tensor: int, shared: dict[int, int], own: dict[int, int]) -> int:
        if tensor < 0:
            return tensor
        known = own if self.graph.tensors[tensor].is_variable else shared
        if tensor not in known:
            known[tensor] = self.tensor(tensor)
        return known[tensor]

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


def _check(tensor: Tensor) -> None:
    """Raises `NotCut` for a tensor whose values cannot be handed over."""
    if tensor.type not in DTYPES:
        raise NotCut(f"values of type {tensor.type.name.lower()} stay within their network")
    if tensor.external_buffer:
        raise NotCut("its data are in another file")


def _calls(operator: Operator) -> tuple[int, ...]:
    return called_subgraphs(operator.builtin_options or operator.builtin_options2)


def _called_by(operator: Operator, model: Model) -> tuple[int, ...]:
    """The subgraphs that an operator runs, and those that these run.

    Raises `NotCut` where they cannot be carried over.
    """
    found: set[int] = set()
    waiting = list(_calls(operator))
    while waiting:
        index = waiting.pop()
        if index in found:
            continue
        if index == 0:
            raise NotCut("it runs the network's first subgraph")
        if index >= MAX_SUBGRAPHS:
            raise NotCut(f"it runs one of more than {MAX_SUBGRAPHS} subgraphs")
        found.add(index)
        for inner in model.subgraphs[index].operators:
            waiting += _calls(inner)
    return tuple(sorted(found))
