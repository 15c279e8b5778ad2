"""What keeps operators in order besides the values between them, and graphs with no safe order."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.model.graph import Graph, Node, Value
from tflint.printable import printable

# Builtin operators with state outside their tensors, or that run subgraphs which may have some.
_STATEFUL = frozenset(
    (
        "ASSIGN_VARIABLE",
        "CALL",
        "CALL_ONCE",
        "DELEGATE",
        "HASHTABLE",
        "HASHTABLE_FIND",
        "HASHTABLE_IMPORT",
        "HASHTABLE_SIZE",
        "IF",
        "MULTINOMIAL",
        "RANDOM_STANDARD_NORMAL",
        "RANDOM_UNIFORM",
        "READ_VARIABLE",
        "STABLEHLO_CASE",
        "STABLEHLO_COMPOSITE",
        "STABLEHLO_CUSTOM_CALL",
        "STABLEHLO_RNG_BIT_GENERATOR",
        "STABLEHLO_WHILE",
        "VAR_HANDLE",
        "WHILE",
    )
)


def has_unknown_effects(node: Node) -> bool:
    """Whether an operator may change, or depend on, more than its inputs and outputs.

    Resource variables, hash tables, random numbers, control flow (its subgraphs may use any of
    those), custom operators, and builtin ones that are newer than the schema.
    """
    return node.code.is_custom or node.name in _STATEFUL or node.name.startswith("UNKNOWN_")


def kept_sequences(graph: Graph) -> Iterator[tuple[int, int]]:
    """Pairs (earlier, later) of operators whose order their effects fix; linear time.

    Operators with effects that are not known keep their order among themselves; so do the
    operators that touch one variable tensor, which keeps its content between invocations.
    """
    last: int | None = None
    for node in graph.nodes:
        if has_unknown_effects(node):
            if last is not None:
                yield last, node.index
            last = node.index
    touched: dict[int, int] = {}
    for node in graph.nodes:
        for index in dict.fromkeys(v.index for v in _values(node) if v.tensor.is_variable):
            if index in touched:
                yield touched[index], node.index
            touched[index] = node.index


def unorderable(graph: Graph) -> str | None:
    """Why the operators of a graph cannot be reordered, None when they can; linear time.

    The given order has to work by itself, and each value must have one maker at most.
    """
    makers: dict[int, int] = {}
    for node in graph.nodes:
        for value in node.outputs:
            if value.tensor.is_variable:
                continue
            if value.is_constant or value.is_input:
                what = "a constant" if value.is_constant else "an input of the graph"
                return f"{_operator(node)} writes {what}, {_tensor(value)}"
            if value.index in makers:
                return (
                    f"{_tensor(value)} is made by operators {makers[value.index]} and {node.index}"
                )
            makers[value.index] = node.index
    for node in graph.nodes:
        for read in node.inputs:
            if read is None or read.is_constant or read.is_input or read.tensor.is_variable:
                continue
            maker = makers.get(read.index)
            if maker is None:
                return f"{_operator(node)} reads {_tensor(read)}, which nothing makes"
            if maker >= node.index:
                return f"{_operator(node)} reads {_tensor(read)} before it is made"
    return None


def _values(node: Node) -> Iterator[Value]:
    for value in node.inputs:
        if value is not None:
            yield value
    yield from node.outputs


def _operator(node: Node) -> str:
    return f"operator {node.index} ({printable(node.name)})"


def _tensor(value: Value) -> str:
    return (
        f"tensor {value.index} ({printable(value.name)})" if value.name else f"tensor {value.index}"
    )
