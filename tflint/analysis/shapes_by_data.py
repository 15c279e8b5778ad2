"""Values whose shape depends on what is computed, so that the one in the file is a guess.

Also where no input can be resized: WHERE gives as many rows as it finds, and a RESHAPE to what
an operator computes gives what comes out.
"""

from __future__ import annotations

from collections.abc import Container

from tflint.model.graph import Graph, Node

# Operators whose outputs are as long as data make them, or that run something else.
_BY_DATA = frozenset(
    (
        "CALL",
        "CUSTOM",
        "DELEGATE",
        "HASHTABLE_FIND",
        "HASHTABLE_LOOKUP",
        "HASHTABLE_SIZE",
        "IF",
        "NON_MAX_SUPPRESSION_V4",
        "NON_MAX_SUPPRESSION_V5",
        "READ_VARIABLE",
        "SEGMENT_SUM",
        "SKIP_GRAM",
        "SPARSE_TO_DENSE",
        "UNIQUE",
        "UNSORTED_SEGMENT_MAX",
        "UNSORTED_SEGMENT_MIN",
        "UNSORTED_SEGMENT_PROD",
        "UNSORTED_SEGMENT_SUM",
        "WHERE",
        "WHILE",
    )
)
# Arguments that say what shape the output has, by the positions where they stand.
_ARGUMENTS: dict[str, tuple[int, ...]] = {
    "ARG_MAX": (1,),
    "ARG_MIN": (1,),
    "BATCH_TO_SPACE_ND": (1, 2),
    "BROADCAST_TO": (1,),
    "EXPAND_DIMS": (1,),
    "FILL": (0,),
    "IRFFT2D": (1,),
    "MEAN": (1,),
    "MIRROR_PAD": (1,),
    "MULTINOMIAL": (1,),
    "ONE_HOT": (1,),
    "PAD": (1,),
    "PADV2": (1,),
    "RANDOM_STANDARD_NORMAL": (0,),
    "RANDOM_UNIFORM": (0,),
    "RANGE": (0, 1, 2),
    "REDUCE_ALL": (1,),
    "REDUCE_ANY": (1,),
    "REDUCE_MAX": (1,),
    "REDUCE_MIN": (1,),
    "REDUCE_PROD": (1,),
    "RESHAPE": (1,),
    "RESIZE_BILINEAR": (1,),
    "RESIZE_NEAREST_NEIGHBOR": (1,),
    "RFFT2D": (1,),
    "SLICE": (1, 2),
    "SPACE_TO_BATCH_ND": (1, 2),
    "SPLIT": (0,),
    "SPLIT_V": (1, 2),
    "STRIDED_SLICE": (1, 2, 3),
    "SUM": (1,),
    "TILE": (1,),
    "TOPK_V2": (1,),
    "TRANSPOSE": (1,),
    "TRANSPOSE_CONV": (0,),
}
# The shape of a shape is the rank, which is known.
_OF_SHAPE = frozenset(("SHAPE", "RANK"))


class OpenShapes:
    """The values of a graph whose shapes depend on data, gathered in execution order."""

    def __init__(self, graph: Graph) -> None:
        # What calls a subgraph gives it what it has.
        self._open = {
            value.index
            for value in graph.inputs
            if graph.index > 0 and -1 in value.tensor.shape_signature
        }

    def __contains__(self, index: int) -> bool:
        return index in self._open

    def follow(self, node: Node, known: Container[int]) -> None:
        """Take in an operator; `known` has the values that are computed of constants."""
        if self._is_open(node, known):
            self._open.update(value.index for value in node.outputs)

    def _is_open(self, node: Node, known: Container[int]) -> bool:
        name = node.name
        if name in _OF_SHAPE:
            return False
        if (
            name in _BY_DATA
            or node.code.is_custom
            or name.startswith(("STABLEHLO_", "UNKNOWN_", "PLACEHOLDER"))
        ):
            return True
        if any(value is not None and value.index in self._open for value in node.inputs):
            return True
        arguments = (node.input(position) for position in _ARGUMENTS.get(name, ()))
        return any(
            value is not None and value.data is None and value.index not in known
            for value in arguments
        )
