"""TFL603: activations in the options of the operators before them."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Container
from typing import Any

from tflint.analysis.unfused_activations import UnfusedActivation, unfused_activations
from tflint.finding import FixSafety
from tflint.fix.model.choosing import within_arena
from tflint.fix.model.model_edit import GraphEdit, ModelEdit
from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext
from tflint.model.graph import Value


def _rewrite(context: RewriteContext) -> Rewrite | None:
    return within_arena(context, lambda wanted: _fused(context, wanted))


def _fused(context: RewriteContext, wanted: Container[int]) -> Rewrite | None:
    edit, places, safety = ModelEdit(context.model), 0, FixSafety.SAFE
    numbers = itertools.count()
    for graph, dataflow in zip(context.graphs, context.dataflows, strict=True):
        carriers: dict[int, _Carrier] = {}
        for found in unfused_activations(graph, dataflow):
            at = found.carrier.index
            if at not in carriers:
                carriers[at] = _Carrier(edit.graph(graph.index), found)
            carrier = carriers[at]
            allowed = found.is_exact or (context.unsafe and found.is_near)
            if not allowed or next(numbers) not in wanted:
                # Nor those behind it: the carrier's result does not get there.
                carrier.is_closed = True
            if not carrier.is_closed:
                carrier.take(found)
                places += 1
        for carrier in carriers.values():
            if carrier.requantise():
                safety = FixSafety.UNSAFE
    return Rewrite(edit.finish(), places, safety) if places else None


class _Carrier:
    """An operator that takes the activations behind it, one after the other."""

    def __init__(self, graph: GraphEdit, first: UnfusedActivation) -> None:
        self._graph = graph
        self._node = first.carrier
        self._is_exact = True
        self._last: Value = first.carrier.outputs[0]
        # The operators from the carrier up to the last activation.
        self._path = [first.carrier.index]
        self._writers: dict[int, int] = {}
        self.is_closed = False

    def take(self, found: UnfusedActivation) -> None:
        """Fuse one activation; reshapes between the two work on its result from now on."""
        x, y = found.node.inputs[0], found.node.outputs[0]
        assert x is not None
        value = x
        while value is not self._last:
            assert value.producer is not None
            self._path.append(value.producer.index)
            before = value.producer.inputs[0]
            assert before is not None
            value = before
        self._last = y
        self._is_exact &= found.is_exact
        writer = self._writer(x)
        self._writers[y.index] = writer
        outputs = self._graph.operator(writer).outputs
        self._graph.change_operator(
            writer, outputs=tuple(y.index if index == x.index else index for index in outputs)
        )
        self._graph.remove(found.node.index)
        # Options that an activation was found in can hold one.
        options: Any = self._node.options
        self._graph.change_operator(
            self._node.index,
            builtin_options=dataclasses.replace(options, fused_activation_function=found.after),
        )

    def _writer(self, value: Value) -> int:
        """The operator that writes a value by now."""
        assert value.producer is not None
        return self._writers.get(value.index, value.producer.index)

    def requantise(self) -> bool:
        """Give what is reshaped on the way the last activation's scale, if that is another."""
        if self._is_exact:
            return False
        quantization = self._last.tensor.quantization
        for operator in self._path:
            self._graph.change_tensor(
                self._graph.operator(operator).outputs[0], quantization=quantization
            )
        return True


FIX = ModelFix("TFL603", _rewrite)
