"""The transposes that a converter puts around spatial operators of channels_first networks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice

from tflint.model.graph import Graph, Node

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


def layout_transposes(graph: Graph, others: frozenset[int]) -> Iterator[Node]:
    """The transposes that lead from NCHW into a spatial operator, or from one back.

    All but those whose indices are in `others`.
    """
    for node in graph.nodes:
        x, perm = node.input(0), node.input(1)
        if (
            node.name != "TRANSPOSE"
            or node.index in others
            or x is None
            or perm is None
            or not node.outputs
        ):
            continue
        order, rank = perm.integers(), len(x.shape)
        if x.is_constant or rank not in (4, 5) or order is None or node.index in others:
            continue
        to_last = (0, *range(2, rank), 1)
        to_first = (0, rank - 1, *range(1, rank - 1))
        if (order == to_last and _meets_spatial(node, forward=True)) or (
            order == to_first and _meets_spatial(node, forward=False)
        ):
            yield node


def _meets_spatial(node: Node, *, forward: bool) -> bool:
    """Whether a spatial operator follows (or precedes), past operators that pass layout on."""
    around: Iterable[Node] = [node]
    for _ in range(_MOST_STEPS):
        step = chain.from_iterable(m.successors() if forward else m.predecessors() for m in around)
        near = list(islice(step, _MOST_NEIGHBOURS))
        if any(n.name in _SPATIAL for n in near):
            return True
        around = [n for n in near if n.name in _PASSING]
    return False
