"""Models of one operator, cut out of a network.

In such a model the operator stands a number of times, each copy with outputs and state of its own.
What it reads of the network's activations becomes an input of the model. What is computed from
constants alone (weights that a DEQUANTIZE unpacks, say) is computed in the model too, once for all
copies, so that kernels and delegates see where it comes from.

LiteRT lets an operator write over its input where nobody else needs that, which some kernels are
slower at (ADD of int8: two times), others have nothing left to do (RESHAPE). It does so in the
model where it does in the network: an activation with one reader is handed on to each copy by a
RESHAPE of its own, one with more by one for all, and only outputs of the network are outputs.
Source: `ArenaPlanner::IdentifyInPlaceTensors` in tensorflow/lite/arena_planner.cc.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tflint.bench.operator_draft import Draft, Shape
from tflint.fix.proof.interface import DTYPES
from tflint.model.graph import called_subgraphs
from tflint.model.tables import Model, Operator, Tensor
from tflint.model.types import unpacked_bytes

# Longer computations on constants are not repeated in each model that reads them.
MAX_FOUNDATION = 16
# A network with more subgraphs than this is no network of a device.
MAX_SUBGRAPHS = 64
# `kTfLiteMaxSharableOpInputs` in tensorflow/lite/core/c/common.h: no later input is written over.
_MOST_SHARED = 3
# Of this many outputs something is read; operators that nothing is read of may be left out.
_MOST_TAKEN = 2
# Operators whose outputs do not follow from their inputs.
_RANDOM = frozenset(
    ("MULTINOMIAL", "RANDOM_STANDARD_NORMAL", "RANDOM_UNIFORM", "STABLEHLO_RNG_BIT_GENERATOR")
)


class NotCut(Exception):
    """An operator that cannot be run without its network; the text says why."""


@dataclass(frozen=True, slots=True)
class CutModel:
    """A model of copies of one operator. `inputs` are the tensors of the network whose values it
    takes: its own tensors 0, 1, ... `made[i]` are its tensors that copy i writes, in the order of
    `outputs`, the network's.
    """

    model: Model
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    made: tuple[tuple[int, ...], ...]


class Network:
    """A subgraph to cut operators out of. The model's indices must be sound."""

    def __init__(self, model: Model, subgraph: int) -> None:
        self._model = model
        self._graph = model.subgraphs[subgraph]
        # What makes a tensor out of constants: numbers of operators, in the order of execution.
        self._foundations: dict[int, tuple[int, ...]] = {}
        self._find_foundations()
        self._inputs, self._outputs = set(self._graph.inputs), set(self._graph.outputs)
        self._readers = Counter(self._graph.outputs)
        for operator in self._graph.operators:
            self._readers.update(operator.inputs)

    def cut(
        self,
        operator: int,
        copies: int,
        room: int,
        shapes: Mapping[int, Shape] | None = None,
    ) -> CutModel:
        """The model of an operator. `room` is the number of copies that inputs are handed on to,
        at least those there are: models with the same room differ in nothing but the copies.
        `shapes` are those that tensors have in a run, by the number of the tensor, where they are
        not those of the file.

        Raises `NotCut`.
        """
        wanted = self._graph.operators[operator]
        if not wanted.outputs:
            raise NotCut("it gives nothing")
        called = _called_by(wanted, self._model)
        inputs = [t for t in dict.fromkeys(wanted.inputs) if t >= 0 and self._is_handed_over(t)]
        for tensor in (*inputs, *wanted.outputs):
            _check(self._graph.tensors[tensor])
        draft = Draft(self._model, self._graph, shapes or {})
        shared = {tensor: draft.tensor(tensor) for tensor in inputs}
        taken = tuple(shared.values())
        needed = {i for t in wanted.inputs for i in self._foundations.get(t, ())}
        for other in sorted(needed):
            draft.operator(self._graph.operators[other], shared, shared)
        first = set(wanted.inputs[:_MOST_SHARED])
        within = [t for t in inputs if t in first and t not in self._inputs]
        within = [tensor for tensor in within if draft.can_hand_on(shared[tensor])]
        for_all = [tensor for tensor in within if self._readers[tensor] > 1]
        for_one = [tensor for tensor in within if self._readers[tensor] == 1]
        shared.update({tensor: draft.hand_on(shared[tensor]) for tensor in for_all})
        # As outputs they have a reader more, also where there is but one copy.
        given = [shared[tensor] for tensor in for_all]
        made: list[tuple[int, ...]] = []
        for copy in range(room):
            own = {tensor: draft.hand_on(shared[tensor]) for tensor in for_one}
            if copy < copies:
                made.append(draft.operator(wanted, shared, own))
                read: Sequence[int] = made[-1]
            else:
                # What nobody reads a delegate may leave out.
                read = [*own.values()] or made[0]
            for place, tensor in enumerate(wanted.outputs):
                is_given = tensor in self._outputs or not draft.can_take_from(made[0][place])
                if is_given and copy < copies:
                    given.append(made[copy][place])
                if not is_given and place < _MOST_TAKEN:
                    given.append(draft.take_from(read[place % len(read)]))
        model = draft.finish(taken, given, called)
        return CutModel(model, tuple(inputs), wanted.outputs, tuple(made))

    def unpacks_constant(self, operator: int) -> bool:
        """Whether runtimes run an operator no more than once: what it gives is kept.

        Source: `Eval` in tensorflow/lite/kernels/dequantize.h and densify.cc, and the delegate's
        `static_unpack_nodes_` in tensorflow/lite/delegates/xnnpack/xnnpack_delegate.cc.
        """
        found = self._graph.operators[operator]
        name = self._model.operator_codes[found.opcode_index].name
        return name in ("DEQUANTIZE", "DENSIFY") and all(map(self._is_constant, found.inputs))

    def _is_handed_over(self, tensor: int) -> bool:
        """Whether it is an activation that a run must have left."""
        is_made_here = tensor in self._foundations or self._is_state(tensor)
        return not is_made_here and not self._is_constant(tensor)

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
