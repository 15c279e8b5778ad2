"""MUL, ADD, SUB and DIV by constants, which batch normalisation and rescaling are made of."""

from __future__ import annotations

from dataclasses import dataclass

from tflint.analysis.dataflow import Dataflow
from tflint.analysis.fusion import BOUNDS, fused_activation
from tflint.analysis.stored_constants import stored
from tflint.model.graph import Graph, Node, Value
from tflint.model.schema import ActivationFunctionType, TensorType

_FACTORS = frozenset(("MUL", "DIV"))
_SUMMANDS = frozenset(("ADD", "SUB"))
_TYPES = frozenset((TensorType.FLOAT32, TensorType.INT8, TensorType.INT16, TensorType.UINT8))


@dataclass(frozen=True, slots=True)
class Affine:
    """A run of operators that come to `output = input * factor + summand`.

    Factor and summand are constants: one number, or one for each index of the last dimension
    (`per_channel`). `constants` are what the operators read, which float16 models dequantise
    first. Values between the operators have no other reader; only the last operator may have
    a fused activation.
    """

    nodes: tuple[Node, ...]
    input: Value
    output: Value
    constants: tuple[Value, ...]
    multiplies: bool
    adds: bool
    per_channel: bool

    @property
    def scales_by_channel(self) -> bool:
        """Whether channels differ in their factors."""
        return any(
            node.name in _FACTORS and constant.elements > 1
            for node, constant in zip(self.nodes, self.constants, strict=True)
        )

    @property
    def activation(self) -> ActivationFunctionType:
        """The activation that the last operator has fused."""
        return _activation(self.nodes[-1]) or ActivationFunctionType.NONE


def affine_runs(graph: Graph, dataflow: Dataflow) -> list[Affine]:
    """The longest runs of affine operators in a graph, in execution order."""
    runs: list[list[tuple[Node, Value, Value]]] = []
    ending: dict[int, list[tuple[Node, Value, Value]]] = {}
    for node in graph.nodes:
        operands = affine_operands(node)
        if operands is None:
            continue
        x = operands[0]
        run = ending.get(x.index)
        if run is None or dataflow.sole_reader(x) is not node or not _is_plain(run[-1][0]):
            run = []
            runs.append(run)
        run.append((node, *operands))
        ending[node.outputs[0].index] = run
    return [_affine(run) for run in runs]


def affine_operands(node: Node) -> tuple[Value, Value] | None:
    """What an operator scales or shifts and the constant it does that by; None for others.

    The constant is a scalar or has one number for each index of the last dimension. A
    constant less the map (SUB) counts, a constant divided by it does not.
    """
    name = node.name
    if name not in _FACTORS and name not in _SUMMANDS:
        return None
    if len(node.inputs) != 2 or len(node.outputs) != 1 or _activation(node) is None:
        return None
    left, right = node.inputs
    if left is None or right is None:
        return None
    y = node.outputs[0]
    for x, other in ((left, right), (right, left)):
        if x.type not in _TYPES or x.type != y.type or x.shape != y.shape:
            continue
        if other.type == x.type and is_scalar_or_per_channel(other, x) and stored(x) is None:
            if stored(other) is not None and (name != "DIV" or other is right):
                return x, other
    return None


def is_scalar_or_per_channel(constant: Value, x: Value) -> bool:
    """Whether a value has one element, or one for each index of the last dimension of `x`."""
    if len(constant.shape) > len(x.shape):
        return False
    count = constant.elements
    if count == 1:
        return True
    return bool(constant.shape) and constant.shape[-1] == count == x.shape[-1]


def _activation(node: Node) -> ActivationFunctionType | None:
    """What an operator clamps its result to, by default nothing; None where that is not known."""
    if node.options is None:
        return ActivationFunctionType.NONE
    found = fused_activation(node)
    return found if found in BOUNDS else None


def _is_plain(node: Node) -> bool:
    return _activation(node) is ActivationFunctionType.NONE


def _affine(run: list[tuple[Node, Value, Value]]) -> Affine:
    names = {node.name for node, _, _ in run}
    return Affine(
        nodes=tuple(node for node, _, _ in run),
        input=run[0][1],
        output=run[-1][0].outputs[0],
        constants=tuple(constant for _, _, constant in run),
        # A constant less the map is the map times -1 and a summand.
        multiplies=bool(names & _FACTORS)
        or any(node.name == "SUB" and node.inputs[0] is c for node, _, c in run),
        adds=bool(names & _SUMMANDS),
        per_channel=any(constant.elements > 1 for _, _, constant in run),
    )
