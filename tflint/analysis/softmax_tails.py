"""SOFTMAX at the end of a model, where only the order of its classes counts."""

from __future__ import annotations

from dataclasses import dataclass

from tflint.analysis.dataflow import Dataflow
from tflint.analysis.integer_grids import INT8, UINT8, Grid, covering, grid_of
from tflint.model.graph import Node, Value
from tflint.model.schema import SoftmaxOptions, TensorType

# What only passes the probabilities on to the output.
_PASSING = frozenset(("QUANTIZE", "DEQUANTIZE", "RESHAPE", "SQUEEZE"))
_MOST_STEPS = 4


@dataclass(frozen=True, slots=True)
class SoftmaxTail:
    """A SOFTMAX over logits that nothing else reads, and what its probabilities go through.

    They end in `arg_max`, or where that is None as an output of the model.
    """

    node: Node
    logits: Value
    passing: tuple[Node, ...]
    arg_max: Node | None

    @property
    def end(self) -> Value:
        """The value that is the output, or that ARG_MAX reads."""
        return self.passing[-1].outputs[0] if self.passing else self.node.outputs[0]


def softmax_tail(node: Node) -> SoftmaxTail | None:
    """The tail that a SOFTMAX makes; None where its probabilities are used."""
    x = node.input(0)
    if node.name != "SOFTMAX" or x is None or not _are_logits(x):
        return None
    passing: list[Node] = []
    for _ in range(_MOST_STEPS):
        last = passing[-1] if passing else node
        if len(last.outputs) != 1:
            return None
        y = last.outputs[0]
        if y.shape[-1:] != x.shape[-1:] or y.elements != x.elements:
            # Classes of several softmaxes side by side are not to be compared.
            return None
        if y.is_output:
            ends = not y.consumers and node.subgraph == 0
            return SoftmaxTail(node, x, tuple(passing), None) if ends else None
        if len(y.consumers) != 1:
            return None
        reader = y.consumers[0]
        if reader.name == "ARG_MAX":
            is_best = _takes_the_best(reader, y)
            return SoftmaxTail(node, x, tuple(passing), reader) if is_best else None
        if reader.name not in _PASSING or reader.input(0) is not y:
            return None
        passing.append(reader)
    return None


def _are_logits(x: Value) -> bool:
    """Whether an operator makes them for the softmax alone, of more classes than one."""
    alone = len(x.consumers) == 1 and not x.is_output
    return alone and x.producer is not None and len(x.shape) > 1 and x.shape[-1] > 1


def _takes_the_best(node: Node, y: Value) -> bool:
    axis = node.input(1)
    given = None if axis is None else axis.integers()
    return bool(given) and given is not None and given[0] in (-1, len(y.shape) - 1)


@dataclass(frozen=True, slots=True)
class Onward:
    """The type of a value behind the SOFTMAX when there is none, and its quantisation if any."""

    value: Value
    type: TensorType
    grid: Grid | None


def logits_onward(tail: SoftmaxTail, dataflow: Dataflow) -> tuple[Onward, ...] | None:
    """What the tail's values are as logits; None where these cannot take the probabilities' place.

    That is so where the scale of logits is not known, and where SOFTMAX scales or turns them.
    """
    node, x = tail.node, tail.logits
    options = node.options
    if not isinstance(options, SoftmaxOptions) or not options.beta > 0:
        return None
    if tail.arg_max is None and options.beta != 1:
        return None
    values = (node.outputs[0], *(step.outputs[0] for step in tail.passing))
    if x.shape != node.outputs[0].shape or dataflow.sole_reader(x) is not node:
        return None
    if any(dataflow.maker(value) is None for value in values) or len(node.inputs) != 1:
        return None
    type, grid = x.type, grid_of(x)
    if grid is None and x.quantization is not None:
        return None
    made = dataflow.maker(x)
    if grid is None and made is not None and made.name == "DEQUANTIZE":
        source = made.input(0)
        grid = None if source is None else grid_of(source)
    onward = [Onward(node.outputs[0], type, grid if x.quantization is not None else None)]
    for step in tail.passing:
        value = step.outputs[0]
        if step.name == "DEQUANTIZE":
            type = value.type
        elif step.name == "QUANTIZE":
            grid = _requantised(grid, value.type)
            type = value.type
            if grid is None:
                return None
        is_real = type in (TensorType.FLOAT32, TensorType.FLOAT16)
        onward.append(Onward(value, type, None if is_real else grid))
    return tuple(onward)


def _requantised(grid: Grid | None, type: TensorType) -> Grid | None:
    """The grid of the same reals in another type."""
    if grid is None or grid.type is type:
        return grid
    if {grid.type, type} == {INT8, UINT8}:
        return grid.as_type(type)
    return covering(grid.bounds, type) if type in (INT8, UINT8, TensorType.INT16) else None
