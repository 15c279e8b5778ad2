"""TRANSPOSE operators that a converter puts around convolutions to turn NCHW into NHWC."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from itertools import chain, islice

from tflint.analysis.dataflow import Dataflow
from tflint.analysis.movement import Run, transpose_runs
from tflint.analysis.operator_kinds import RESHAPES
from tflint.model.graph import Graph, Node, Value

# What a convolution or pool may be separated from its TRANSPOSE by.
_PASSING = frozenset(
    (
        "PAD",
        "PADV2",
        "MIRROR_PAD",
        "QUANTIZE",
        "DEQUANTIZE",
        "RELU",
        "RELU6",
        "HARD_SWISH",
        "LEAKY_RELU",
        "LOGISTIC",
        "TANH",
        "ELU",
        "PRELU",
        "ADD",
        "SUB",
        "MUL",
        "DIV",
        "MAXIMUM",
        "MINIMUM",
        "GELU",
        "CONCATENATION",
    )
)
_SPATIAL = frozenset(
    (
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "TRANSPOSE_CONV",
        "CONV_3D",
        "MAX_POOL_2D",
        "AVERAGE_POOL_2D",
        "L2_POOL_2D",
        "RESIZE_BILINEAR",
        "RESIZE_NEAREST_NEIGHBOR",
    )
)
# How far and how wide to look: a network has a few branches, a hostile file thousands.
_MOST_STEPS = 4
_MOST_NEIGHBOURS = 16


def layout_transposes(graph: Graph, others: frozenset[int] = frozenset()) -> list[Node]:
    """The transposes that lead from NCHW into a spatial operator, or from one back.

    Those of sequences (NCW and NWC are one exchange) only where one leads into a convolution:
    behind one, it may as well be attention. Those whose indices are in `others` are left out.
    """
    found: list[Node] = []
    behind: list[Node] = []
    into_sequence = False
    # Many transposes may read or write one value: what is around it is looked at once.
    meets_spatial = functools.cache(_meets_spatial)
    for node in graph.nodes:
        if node.name != "TRANSPOSE" or node.index in others:
            continue
        order = _order(node)
        if order is None:
            continue
        x, y, rank = node.inputs[0], node.outputs[0], len(order)
        if rank == 3:
            if order == (0, 2, 1) and meets_spatial(y, True):
                into_sequence = True
                found.append(node)
            elif order == (0, 2, 1) and meets_spatial(x, False):
                behind.append(node)
        elif (order == (0, *range(2, rank), 1) and meets_spatial(y, True)) or (
            order == (0, rank - 1, *range(1, rank - 1)) and meets_spatial(x, False)
        ):
            found.append(node)
    return sorted(found + behind, key=lambda node: node.index) if into_sequence else found


def redundant_transposes(graph: Graph, dataflow: Dataflow) -> list[Run]:
    """Runs of transposes that come to less, but for those that only their layout asks for."""
    runs = transpose_runs(graph, dataflow)
    if all(run.cancel for run in runs):
        return runs
    of_layout = {node.index for node in layout_transposes(graph)}
    return [run for run in runs if run.cancel or not any(n.index in of_layout for n in run.movers)]


def _order(node: Node) -> tuple[int, ...] | None:
    """A transpose's permutation of a map or sequence that is computed, else None."""
    x, perm = node.input(0), node.input(1)
    if x is None or perm is None or x.is_constant or not node.outputs:
        return None
    order = perm.integers() if len(x.shape) in (3, 4, 5) else None
    return order if order is not None and len(order) == len(x.shape) else None


def _meets_spatial(value: Value, forward: bool) -> bool:
    """Whether a spatial operator reads (or makes) a value, past operators that pass layout on."""
    sequence = len(value.shape) == 3
    around: Iterable[Node] = value.consumers
    if not forward:
        around = [] if value.producer is None else [value.producer]
    for _ in range(_MOST_STEPS):
        near = list(islice(around, _MOST_NEIGHBOURS))
        if any(n.name in _SPATIAL for n in near):
            return True
        passing = [n for n in near if n.name in _PASSING or (sequence and _keeps_last(n))]
        around = chain.from_iterable(
            n.successors() if forward else n.predecessors() for n in passing
        )
    return False


def _keeps_last(node: Node) -> bool:
    """Whether this is a reshape that leaves the last dimension, the channels, as it is."""
    x = node.input(0)
    return (
        node.name in RESHAPES
        and x is not None
        and bool(node.outputs)
        and x.shape[-1:] == node.outputs[0].shape[-1:]
    )
