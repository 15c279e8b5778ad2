"""Runs of operators that only move elements, taken out or made one (TFL601, TFL602)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Container, Sequence, Set
from dataclasses import dataclass
from typing import Protocol

from tflint.analysis.dataflow import Dataflow
from tflint.analysis.movement import Order, Run
from tflint.fix.model.aliases import Aliases
from tflint.fix.model.choosing import within_arena
from tflint.fix.model.model_edit import GraphEdit, ModelEdit
from tflint.fix.model.model_fix import Rewrite, RewriteContext
from tflint.model.graph import Graph, Node, Value, graphs
from tflint.model.record import Record, UnknownTable

# What one turn takes out may bring others together.
_MOST_TURNS = 8
Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Mover:
    """The one operator that does what a run did: its name, arguments behind the map, options."""

    name: str
    arguments: tuple[int, ...]
    options: Record | UnknownTable | None
    version: int


class Moving(Protocol):
    """What tells transposes from reshapes. Keys are those of `Run`."""

    def unmoved(self, run: Run, value: Value, key: Order) -> tuple[Shape, Shape]:
        """The shape and the shape signature that a value has when it is not moved."""

    def turn(self, edit: GraphEdit, constant: Value, key: Order) -> None:
        """Make a constant of several elements what it is beside the unmoved map."""

    def mover(self, edit: GraphEdit, run: Run, key: Order) -> Mover | None:
        """The operator that makes the result of the run's end from the unmoved map."""


def without_runs(
    context: RewriteContext, runs: Callable[[Graph, Dataflow], Sequence[Run]], moving: Moving
) -> Rewrite | None:
    """The model without what is redundant in its runs, or in those that make its arena smaller."""

    def rewrite(wanted: Container[int]) -> Rewrite | None:
        model, places = context.model, 0
        for turn in range(_MOST_TURNS):
            edit, found = ModelEdit(model), 0
            numbers = itertools.count()
            for graph in graphs(model) if turn else context.graphs:
                work = _Turn(graph, edit.graph(graph.index), moving)
                for run in runs(graph, Dataflow(graph)):
                    found += next(numbers) in wanted and work.take_out(run)
                work.aliases.apply(edit.graph(graph.index))
            if not found:
                break
            model, places = edit.finish(), places + found
            if isinstance(wanted, Set):
                break  # Numbers mean other runs in the next turn.
        return Rewrite(model, places) if places else None

    return within_arena(context, rewrite)


class _Turn:
    """One turn over the runs of a graph; those that share operators wait for the next."""

    def __init__(self, graph: Graph, edit: GraphEdit, moving: Moving) -> None:
        self.aliases = Aliases(graph)
        self._edit = edit
        self._moving = moving
        self._touched: set[int] = set()

    def take_out(self, run: Run) -> bool:
        """Whether the run is made what it comes to."""
        nodes = {node.index for node in (*run.movers, *run.passed)}
        if nodes & self._touched:
            return False
        if run.alone:
            first, last = run.movers
            done = self._bypass(last, first.inputs[0])
        elif run.cancel:
            done = self._cancel(run)
        else:
            done = self._merge(run)
        if done:
            self._touched |= nodes
        return done

    def _bypass(self, node: Node, source: Value | None) -> bool:
        if source is None or not self.aliases.bypass(source, node.outputs[0]):
            return False
        self._edit.remove(node.index)
        return True

    def _cancel(self, run: Run) -> bool:
        inside = {node.index for node in run.movers}
        source = run.last.inputs[0]
        while source is not None and source.producer is not None:
            if source.producer.index not in inside:
                break
            source = source.producer.inputs[0]
        # The only step that may not be possible comes first: an output has to be made.
        if not self._bypass(run.last, source):
            return False
        for node in run.movers:
            if node is not run.last:
                self._bypass(node, node.inputs[0])
        self._pass(run)
        return True

    def _merge(self, run: Run) -> bool:
        last, y = run.last, run.last.outputs[0]
        key = run.keys[last.index]
        mover = self._moving.mover(self._edit, run, key)
        if mover is None:
            return False
        self._pass(run)
        if last in run.movers:
            x = last.inputs[0]
            assert x is not None
            self._put(last, x.index, mover)
        else:
            shape, signature = self._moving.unmoved(run, y, key)
            unmoved = self._edit.add_tensor(shape, y.type, y.tensor.quantization)
            self._edit.change_tensor(unmoved, shape_signature=signature)
            self._edit.change_operator(last.index, outputs=(unmoved,))
            # What the passed operators had changed is the unmoved tensor's now.
            self._edit.change_tensor(
                y.index, shape=y.shape, shape_signature=y.tensor.shape_signature
            )
            self._edit.insert_after(
                last.index,
                mover.name,
                (unmoved, *mover.arguments),
                (y.index,),
                mover.options,
                version=mover.version,
            )
        for node in run.movers:
            if node is not last:
                self._bypass(node, node.inputs[0])
        return True

    def _put(self, node: Node, x: int, mover: Mover) -> None:
        inputs = (x, *mover.arguments)
        if mover.name == node.name:
            self._edit.change_operator(node.index, inputs=inputs)
            return
        outputs = [node.outputs[0].index]
        self._edit.replace(
            node.index, mover.name, inputs, outputs, mover.options, version=mover.version
        )

    def _pass(self, run: Run) -> None:
        """Let the elementwise operators work on the unmoved map."""
        for node in run.passed:
            key, y = run.keys[node.index], node.outputs[0]
            shape, signature = self._moving.unmoved(run, y, key)
            self._edit.change_tensor(y.index, shape=shape, shape_signature=signature)
            for constant in node.inputs:
                if constant is None or constant.data is None:
                    continue
                if constant.elements != 1:
                    self._moving.turn(self._edit, constant, key)
                elif len(constant.shape) > len(shape):
                    self._as_scalar(node, constant)

    def _as_scalar(self, node: Node, constant: Value) -> None:
        """One number with more dimensions than the map would give its result as many."""
        scalar = self._edit.add_tensor((1,), constant.type, constant.tensor.quantization)
        self._edit.change_tensor(scalar, buffer=constant.tensor.buffer)
        operator = self._edit.operator(node.index)
        inputs = [scalar if i == constant.index else i for i in operator.inputs]
        self._edit.change_operator(node.index, inputs=tuple(inputs))
