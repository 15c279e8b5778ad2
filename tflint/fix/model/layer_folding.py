"""Taking affine runs out of a model and into the layers next to them."""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Set
from typing import TYPE_CHECKING, Any

from tflint.analysis.affine_folding import Fold
from tflint.analysis.constant_ranges import ConstantRanges
from tflint.analysis.dataflow import Dataflow
from tflint.analysis.fusion import LINEAR
from tflint.analysis.stored_constants import stored
from tflint.finding import FixSafety
from tflint.fix.model.choosing import within_arena
from tflint.fix.model.model_edit import GraphEdit, ModelEdit
from tflint.fix.model.model_fix import Rewrite, RewriteContext
from tflint.model.graph import Graph, Value
from tflint.model.record import ABSENT
from tflint.model.schema import ActivationFunctionType
from tflint.model.tables import Model, QuantizationParameters

if TYPE_CHECKING:
    from tflint.fix.model.affine_weights import LayerNumbers

# A layer takes what stands behind it and what stands in front of it one after the other.
_MOST_TURNS = 4
_SLACK = 1 << 20
# The versions of TRANSPOSE_CONV from which it has a bias, and an activation.
# Source: tensorflow/lite/tools/versioning/op_version.cc.
_TRANSPOSE_CONV, _WITH_BIAS, _WITH_ACTIVATION = "TRANSPOSE_CONV", 3, 4

Folds = Callable[[Graph, Dataflow, ConstantRanges], Iterable[Fold]]


def fold_all(context: RewriteContext, folds: Folds) -> Rewrite | None:
    """The model with every one of these folds carried out, None where there is none.

    Where that takes a larger arena, those are carried out that do not.
    """
    if not context.unsafe:
        return None
    return within_arena(context, lambda wanted: _fold(context, folds, wanted))


def _fold(context: RewriteContext, folds: Folds, wanted: Container[int]) -> Rewrite | None:
    places = 0
    for _ in range(_MOST_TURNS):
        edit = ModelEdit(context.model)
        ranges, room = ConstantRanges(), room_for_copies(context.model)
        done, numbers = 0, itertools.count()
        for graph, dataflow in zip(context.graphs, context.dataflows, strict=True):
            folding = _Folding(edit, edit.graph(graph.index), dataflow, room)
            done += folding.carry_out(folds(graph, dataflow, ranges), numbers, wanted)
            room = folding.room
        if not done:
            break
        places += done
        context = RewriteContext(
            edit.finish(), context.target, unsafe=True, requested=context.requested
        )
        if isinstance(wanted, Set):
            break  # Numbers mean other folds in the next turn.
    return Rewrite(context.model, places, FixSafety.UNSAFE) if places else None


def room_for_copies(model: Model) -> int:
    """How many bytes of constants a rewrite may write.

    Constants may share their data, which a file of a few bytes can use to make many of them;
    a model whose weights are its own needs no more than it has.
    """
    return sum(len(buffer.data) for buffer in model.buffers if buffer.data) + _SLACK


class _Folding:
    """The folds of one subgraph, of which each layer takes one at a time.

    `room` is how many bytes of weights may be written yet.
    """

    def __init__(self, edit: ModelEdit, graph: GraphEdit, dataflow: Dataflow, room: int) -> None:
        self.room = room
        self._edit = edit
        self._graph = graph
        self._dataflow = dataflow
        # How often fewer than before dequantised constants are read.
        self._unread: Counter[int] = Counter()

    def carry_out(
        self, folds: Iterable[Fold], numbers: Iterator[int], wanted: Container[int]
    ) -> int:
        """Carry out those that can be and are wanted, one for each layer; how many that were."""
        from tflint.fix.model.affine_weights import folded

        taken: set[int] = set()
        done = 0
        for fold in folds:
            if not fold.is_repairable or fold.layer.index in taken:
                continue
            weights = stored(fold.layer.input(LINEAR[fold.layer.name][0]))
            if weights is None or weights.bytes > self.room:
                continue
            self.room -= weights.bytes
            found = folded(fold)
            if found is None:
                continue
            taken.add(fold.layer.index)
            if next(numbers) not in wanted:
                continue
            done += 1
            self._store(fold, found)
            (self._lead_past_behind if fold.is_behind else self._lead_past_before)(fold)
            for node, constant in zip(fold.run.nodes, fold.run.constants, strict=True):
                self._graph.remove(node.index)
                self._no_longer_reads(constant)
        return done

    # Weights and bias

    def _store(self, fold: Fold, numbers: LayerNumbers) -> None:
        layer = fold.layer
        at_weights, at_bias, axis = LINEAR[layer.name]
        weights = stored(layer.input(at_weights))
        assert weights is not None
        quantization = weights.tensor.quantization
        if numbers.weights_scales is not None:
            quantization = _scaled(quantization, numbers.weights_scales, axis)
        if fold.run.multiplies:
            self._graph.set_data(weights.index, numbers.weights, quantization=quantization)
        if numbers.bias is not None:
            self._store_bias(fold, numbers, at_bias, weights.shape[axis])

    def _store_bias(self, fold: Fold, numbers: LayerNumbers, at: int, channels: int) -> None:
        layer, data = fold.layer, numbers.bias
        assert data is not None
        bias = layer.input(at)
        quantization = None
        if numbers.bias_scales is not None:
            quantization = _scaled(
                None if bias is None else bias.tensor.quantization, numbers.bias_scales, 0
            )
        if bias is not None and stored(bias) is bias and self._is_own(bias):
            self._graph.set_data(bias.index, data, quantization=quantization)
            return
        index = self._graph.add_tensor(
            (channels,),
            numbers.bias_type,
            quantization,
            name=f"folded_bias_{len(self._graph.tensors)}",
            data=data,
        )
        if bias is not None:
            self._no_longer_reads(bias)
        inputs = list(self._graph.operator(layer.index).inputs)
        inputs[at : at + 1] = [index]
        self._graph.change_operator(layer.index, inputs=tuple(inputs))
        self._raise_version(fold, _WITH_BIAS)

    def _is_own(self, value: Value) -> bool:
        return self._dataflow.reads(value) == 1 and not value.is_output

    def _raise_version(self, fold: Fold, version: int) -> None:
        if fold.layer.name == _TRANSPOSE_CONV and fold.layer.code.version < version:
            code = self._edit.operator_code(_TRANSPOSE_CONV, version)
            self._graph.change_operator(fold.layer.index, opcode_index=code)

    def _no_longer_reads(self, constant: Value) -> None:
        """Take the DEQUANTIZE of a constant out when nothing reads its result any more."""
        if stored(constant) is constant:
            return
        self._unread[constant.index] += 1
        if self._unread[constant.index] == self._dataflow.reads(constant):
            if not constant.is_output and constant.producer is not None:
                self._graph.remove(constant.producer.index)

    # Values around the run

    def _lead_past_behind(self, fold: Fold) -> None:
        """What the layer makes, or what stands between, is what the run made, its activation
        included.
        """
        run, layer = fold.run, fold.layer
        old, new = run.input.index, run.output.index
        value = run.input
        while not fold.is_past_activation:
            maker = value.producer
            assert maker is not None
            if value is not run.input:
                self._graph.change_tensor(value.index, quantization=run.output.tensor.quantization)
            if maker is layer:
                break
            before = maker.inputs[0]
            assert before is not None
            value = before
        maker = run.input.producer
        assert maker is not None
        outputs = self._graph.operator(maker.index).outputs
        self._graph.change_operator(
            maker.index, outputs=tuple(new if index == old else index for index in outputs)
        )
        if run.activation is not ActivationFunctionType.NONE:
            # A layer whose options cannot hold an activation is not found.
            options: Any = self._graph.operator(layer.index).builtin_options
            self._graph.change_operator(
                layer.index,
                builtin_options=dataclasses.replace(
                    options, fused_activation_function=run.activation
                ),
            )
            self._raise_version(fold, _WITH_ACTIVATION)

    def _lead_past_before(self, fold: Fold) -> None:
        """What the layer reads, or what stands between, is what the run read."""
        run, layer = fold.run, fold.layer
        old, new = run.output.index, run.input.index
        value = run.output
        while True:
            (reader,) = value.consumers
            if value is not run.output:
                self._graph.change_tensor(value.index, quantization=run.input.tensor.quantization)
            if reader is layer:
                break
            value = reader.outputs[0]
        (reader,) = run.output.consumers
        inputs = self._graph.operator(reader.index).inputs
        self._graph.change_operator(
            reader.index, inputs=tuple(new if index == old else index for index in inputs)
        )


def _scaled(
    quantization: QuantizationParameters | None, scales: tuple[float, ...], axis: int
) -> QuantizationParameters:
    """Quantisation with these scales and zero points of 0."""
    return dataclasses.replace(
        quantization or QuantizationParameters(),
        scale=scales,
        zero_point=(0,) * len(scales),
        quantized_dimension=axis if len(scales) > 1 else 0,
        min=ABSENT,
        max=ABSENT,
    )
