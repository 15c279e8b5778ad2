"""Runs of max pools, and the one pool that gives what a run gives."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from tflint.analysis.dataflow import Dataflow
from tflint.analysis.quantization_match import same_quantization
from tflint.analysis.windows import Window, window, windows
from tflint.model.graph import Graph, Node
from tflint.model.schema import ActivationFunctionType, Padding, Pool2DOptions

# Activations clamp to a range; one after another clamps to what is left of it.
_RANGES: dict[ActivationFunctionType, tuple[float, float]] = {
    ActivationFunctionType.NONE: (float("-inf"), float("inf")),
    ActivationFunctionType.RELU: (0, float("inf")),
    ActivationFunctionType.RELU6: (0, 6),
    ActivationFunctionType.RELU_N1_TO_1: (-1, 1),
}
# One pool may compare more than a run does, for the memory that it saves; not many times more.
_MOST_COMPARISONS = 2
# The options of an operator hold 32-bit numbers.
_LARGEST = 2**31 - 1
_ACTIVATIONS = {bounds: activation for activation, bounds in _RANGES.items()}


@dataclass(frozen=True, slots=True)
class MaxPool:
    """A max pool over height and width, and the activation behind it."""

    rows: Window
    columns: Window
    padding: Padding
    activation: ActivationFunctionType

    def options(self, like: Pool2DOptions) -> Pool2DOptions:
        """The builtin options of such a pool; what else there is, is as in `like`."""
        return dataclasses.replace(
            like,
            padding=self.padding,
            stride_w=self.columns.stride,
            stride_h=self.rows.stride,
            filter_width=self.columns.kernel,
            filter_height=self.rows.kernel,
            fused_activation_function=self.activation,
        )

    @property
    def comparisons(self) -> int:
        """Elements that it looks at in each channel; padding counts as if it were there."""
        rows, columns = self.rows, self.columns
        return rows.outputs * columns.outputs * rows.kernel * columns.kernel

    def __str__(self) -> str:
        rows, columns = self.rows, self.columns
        stride = str(rows.stride)
        if rows.stride != columns.stride:
            stride = f"({rows.stride}, {columns.stride})"
        kernel = f"{rows.kernel}x{columns.kernel}"
        return f"{kernel} max pool with stride {stride}, padding {self.padding.name}"


@dataclass(slots=True)
class PoolRun:
    """Operators one behind the other, what one pool in their place would be.

    `comparisons` are those of the run, in each channel.
    """

    nodes: list[Node]
    merged: MaxPool
    comparisons: int

    @property
    def is_repairable(self) -> bool:
        """Whether the one pool is worth its time."""
        return self.merged.comparisons <= _MOST_COMPARISONS * self.comparisons


def mergeable_pools(graph: Graph, dataflow: Dataflow) -> Iterator[PoolRun]:
    """The runs of two or more max pools that one pool equals, in execution order."""
    runs: dict[int, PoolRun] = {}
    for node in graph.nodes:
        pool, x = _max_pool(node), node.input(0)
        if pool is None or x is None:
            continue
        run, merged = runs.get(x.index), None
        # Any other reader needs the map between, and a later writer changes what is read.
        if (
            run is not None
            and dataflow.sole_reader(x) is node
            and dataflow.is_stable(node.outputs[0])
        ):
            merged = _merge(run.merged, pool)
        if run is None or merged is None:
            run = PoolRun([node], pool, pool.comparisons)
        else:
            del runs[x.index]
            run.nodes.append(node)
            run.merged = merged
            run.comparisons += pool.comparisons
        runs[node.outputs[0].index] = run
    return (run for run in runs.values() if len(run.nodes) > 1)


def _max_pool(node: Node) -> MaxPool | None:
    """What a max pool does; None for what is not one, or does nothing (see TFL305)."""
    if (
        node.name != "MAX_POOL_2D"
        or len(node.outputs) != 1
        or not isinstance(node.options, Pool2DOptions)
    ):
        return None
    found, x = windows(node), node.input(0)
    if found is None or x is None or not same_quantization(x, node.outputs[0]):
        return None
    if all(w.kernel == w.stride == 1 for w in found):
        return None
    activation = node.options.fused_activation_function
    if activation not in _RANGES:
        return None
    return MaxPool(*found, node.options.padding, activation)


def _merge(first: MaxPool, second: MaxPool) -> MaxPool | None:
    """The pool that equals two in a row, or None. Clamping commutes with the maximum."""
    low, high = _RANGES[first.activation]
    lowest, highest = _RANGES[second.activation]
    # Clamped to [0, 6] after [-1, 1] is [0, 1], which no activation is.
    activation = _ACTIVATIONS.get((max(low, lowest), min(high, highest)))
    if activation is None:
        return None
    for padding in (Padding.VALID, Padding.SAME):
        rows = composed(first.rows, second.rows, padding)
        columns = composed(first.columns, second.columns, padding)
        if rows is not None and columns is not None:
            return MaxPool(rows, columns, padding, activation)
    return None


def composed(first: Window, second: Window, padding: Padding) -> Window | None:
    """The window of one pool with this padding that reads what two in a row do, or None."""
    if first.stride > first.kernel and second.kernel > 1:
        return None  # The windows of the first leave gaps.
    kernel = first.kernel + (second.kernel - 1) * first.stride
    if max(kernel, first.stride * second.stride) > _LARGEST:
        return None
    merged = window(first.inputs, kernel, first.stride * second.stride, padding)
    if merged is None or merged.outputs != second.outputs:
        return None
    # Both ends of a window are linear in its index with one slope, up to a bound; so they
    # agree everywhere when they agree for the first and the last.
    for index in (0, merged.outputs - 1):
        begin, end = _extent(second, index)
        read = _extent(first, begin)[0], _extent(first, end - 1)[1]
        if read != _extent(merged, index):
            return None
    return merged


def _extent(window: Window, index: int) -> tuple[int, int]:
    """The first input position that an output reads, and the one behind the last."""
    begin = index * window.stride - window.before
    return max(begin, 0), min(begin + window.kernel, window.inputs)
