"""Operators whose results are known before the first inference."""

from __future__ import annotations

from dataclasses import dataclass

from tflint.analysis.dataflow import Dataflow
from tflint.analysis.evaluable import is_evaluable
from tflint.analysis.shapes_by_data import OpenShapes
from tflint.model.graph import Graph, Node, Value

# Operators that do something else than compute their outputs from their inputs, or do it
# differently each time. Custom operators, those that the schema does not know, and
# StableHLO's are not listed: see `is_pure`.
_IMPURE = frozenset(
    (
        "ASSIGN_VARIABLE",
        "BIDIRECTIONAL_SEQUENCE_LSTM",
        "BIDIRECTIONAL_SEQUENCE_RNN",
        "CALL",
        "CALL_ONCE",
        "CUSTOM",
        "DELEGATE",
        "HASHTABLE",
        "HASHTABLE_FIND",
        "HASHTABLE_IMPORT",
        "HASHTABLE_LOOKUP",
        "HASHTABLE_SIZE",
        "IF",
        "LSTM",
        "MULTINOMIAL",
        "RANDOM_STANDARD_NORMAL",
        "RANDOM_UNIFORM",
        "READ_VARIABLE",
        "RNN",
        "SVDF",
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
        "UNIDIRECTIONAL_SEQUENCE_RNN",
        "VAR_HANDLE",
        "WHILE",
    )
)
# What an operator and a tensor cost in TFLM's persistent arena on a Cortex-M at least:
# NodeAndRegistration and TfLiteEvalTensor, measured on the release of 2026-08-20.
_NODE_BYTES = 32
_TENSOR_BYTES = 12
# What a repair may add to the file for the RAM that it saves.
MAX_GROWTH_BYTES = 1024
_EXPANDING = frozenset(("DEQUANTIZE", "DENSIFY"))
# These know their result from the shape of what they read.
_OF_SHAPE = frozenset(("SHAPE", "RANK"))


@dataclass(frozen=True, slots=True)
class Folding:
    """Connected operators on constants alone, and what would take their place.

    `results` are what other operators read of them: these would be constants. `freed` are
    constants that nothing else reads. `of_shape` tells operators that start from the fixed
    shape of a tensor whose elements are not known.
    """

    nodes: tuple[Node, ...]
    results: tuple[Value, ...]
    freed: tuple[Value, ...]
    of_shape: bool

    @property
    def arena_bytes(self) -> int:
        """Bytes of the values that are computed now and need no place in the arena then."""
        return sum(value.bytes for node in self.nodes for value in node.outputs)

    @property
    def persistent_bytes(self) -> int:
        """Bytes of TFLM's persistent arena that the operators and their tensors take."""
        made = sum(len(node.outputs) for node in self.nodes)
        tensors = made + len(self.freed) - len(self.results)
        return _NODE_BYTES * len(self.nodes) + _TENSOR_BYTES * tensors

    @property
    def flash_bytes(self) -> int:
        """Bytes of constants that folding adds to the file; negative when it shrinks."""
        stored = {value.tensor.buffer: value.bytes for value in self.freed}
        return sum(value.bytes for value in self.results) - sum(stored.values())

    @property
    def is_repairable(self) -> bool:
        """Whether the results are known to the bit, and no large ones of small constants."""
        return self.flash_bytes <= MAX_GROWTH_BYTES and all(map(is_evaluable, self.nodes))


def evaluable_values(graph: Graph, dataflow: Dataflow, *, fixed_shapes: bool) -> dict[int, Node]:
    """The values that operators on constants make and whose elements are known to the bit.

    By their indices, each with its operator, in execution order. `fixed_shapes` as in `foldings`.
    """
    known: dict[int, Node] = {}
    shapes = OpenShapes(graph) if fixed_shapes else None
    for node in graph.nodes:
        if is_evaluable(node) and _is_foldable(node, known, dataflow, shapes):
            for value in node.outputs:
                known[value.index] = node
        if shapes is not None:
            shapes.follow(node, known)
    return known


def foldings(graph: Graph, dataflow: Dataflow, *, fixed_shapes: bool) -> list[Folding]:
    """The largest groups of connected operators that could be computed beforehand.

    With `fixed_shapes` that is also known of what starts from a tensor's shape, unless that
    depends on data. DEQUANTIZE and DENSIFY of constants are left alone: weights are stored
    narrow, or sparse, on purpose, and LiteRT expands them once. See `dequantized`; TFLM has no
    DENSIFY.
    """
    group_of: dict[int, int] = {}  # by node index
    parents: list[int] = []
    nodes: list[Node] = []
    known: dict[int, Node] = {}  # by value index
    shapes = OpenShapes(graph) if fixed_shapes else None
    for node in graph.nodes:
        if not _is_foldable(node, known, dataflow, shapes):
            if shapes is not None:
                shapes.follow(node, known)
            continue
        group = len(parents)
        parents.append(group)
        if node.name not in _OF_SHAPE:
            for value in node.inputs:
                maker = None if value is None else known.get(value.index)
                if maker is not None:
                    group = _join(parents, group, group_of[maker.index])
        group_of[node.index] = group
        nodes.append(node)
        for value in node.outputs:
            known[value.index] = node
    members: dict[int, list[Node]] = {}
    for node in nodes:
        members.setdefault(_root(parents, group_of[node.index]), []).append(node)
    found = (_folding(group, group_of, dataflow) for group in members.values())
    return [folding for folding in found if folding.results]


def dequantized(graph: Graph) -> list[tuple[Node, Value]]:
    """The DEQUANTIZE operators that expand constants, with these constants."""
    found = []
    for node in graph.nodes:
        x = node.inputs[0] if node.name == "DEQUANTIZE" and node.inputs else None
        if x is not None and x.data is not None and node.outputs:
            found.append((node, x))
    return found


def has_fixed_shapes(graph: Graph, *, is_mcu: bool) -> bool:
    """Whether every tensor keeps the shape in the file: no input may be resized.

    TFLM plans its arena once, by the shapes in the file, whatever their signatures allow.
    """
    return is_mcu or all(-1 not in value.tensor.shape_signature for value in graph.inputs)


def _is_foldable(
    node: Node, known: dict[int, Node], dataflow: Dataflow, shapes: OpenShapes | None
) -> bool:
    if not is_pure(node) or not node.outputs or not node.inputs:
        return False
    for value in node.outputs:
        if value.is_input or not dataflow.is_stable(value):
            return False
    if node.name in _OF_SHAPE:
        x = node.inputs[0]
        if shapes is None or x is None or x.index in shapes:
            return False
        return bool(x.shape) and min(x.shape) > 0
    if node.name in _EXPANDING:
        return False
    some = False
    for read in node.inputs:
        if read is None:
            continue
        if read.data is None or not dataflow.is_stable(read):
            maker = known.get(read.index)
            if maker is None or maker.index >= node.index:
                return False
        some = True
    return some


def is_pure(node: Node) -> bool:
    """Whether an operator does nothing but compute its outputs, the same each time."""
    name = node.name
    return not (
        node.code.is_custom
        or name in _IMPURE
        or name.startswith(("STABLEHLO_", "UNKNOWN_", "PLACEHOLDER"))
    )


def _root(parents: list[int], group: int) -> int:
    while parents[group] != group:
        parents[group] = parents[parents[group]]
        group = parents[group]
    return group


def _join(parents: list[int], one: int, other: int) -> int:
    one, other = _root(parents, one), _root(parents, other)
    first, second = min(one, other), max(one, other)
    parents[second] = first
    return first


def _folding(nodes: list[Node], group_of: dict[int, int], dataflow: Dataflow) -> Folding:
    results: list[Value] = []
    constants: dict[int, list[Value]] = {}
    for node in nodes:
        for value in node.outputs:
            # An output of the graph must be made by an operator.
            if value.is_output:
                return Folding(tuple(nodes), (), (), of_shape=False)
            if any(reader.index not in group_of for reader in value.consumers):
                results.append(value)
        for read in node.inputs:
            if read is not None and read.data is not None and node.name not in _OF_SHAPE:
                constants.setdefault(read.index, []).append(read)
    freed = [reads[0] for reads in constants.values() if dataflow.reads(reads[0]) == len(reads)]
    return Folding(
        tuple(nodes),
        tuple(results),
        tuple(freed),
        of_shape=any(node.name in _OF_SHAPE for node in nodes),
    )
