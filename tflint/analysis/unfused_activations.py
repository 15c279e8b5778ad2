"""Activations that run as operators of their own, and the operators that could carry them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tflint.analysis.clipping import reaches_past
from tflint.analysis.dataflow import Dataflow
from tflint.analysis.fusion import BOUNDS, CARRIERS, fused_activation, in_turn
from tflint.analysis.operator_kinds import POOLS, RESHAPES
from tflint.analysis.quantization_match import same_per_tensor_quantization
from tflint.model.graph import Graph, Node
from tflint.model.schema import ActivationFunctionType

_FUSABLE = {name: ActivationFunctionType[name] for name in ("RELU", "RELU6", "RELU_N1_TO_1")}
# Operators whose output must keep the scale of their input, so it cannot take another one.
_KEEPS_SCALE = POOLS | {"SVDF"}


@dataclass(frozen=True, slots=True)
class UnfusedActivation:
    """An activation `node`, whose `carrier` has `before` fused and could have `after`.

    Between them are reshapes at most, and other such activations of the same carrier. Fused, the
    result `is_exact` to the bit, or else rounded once instead of twice; that `is_near` where the
    activation rescales, and the carrier's result is not cut off where the activation's is not.
    """

    node: Node
    carrier: Node
    before: ActivationFunctionType
    after: ActivationFunctionType
    is_exact: bool
    is_near: bool


def unfused_activations(graph: Graph, dataflow: Dataflow) -> Iterator[UnfusedActivation]:
    """The activations that the operators before them could carry, in execution order."""
    # Where the result of an operator that carries activations has got to, and the one it has.
    ends: dict[int, tuple[Node, ActivationFunctionType]] = {}
    for node in graph.nodes:
        name = node.name
        if name in CARRIERS:
            has = fused_activation(node)
            if has in BOUNDS and node.outputs and node.outputs[0].type in CARRIERS[name]:
                ends[node.outputs[0].index] = node, has
            continue
        if (name not in RESHAPES and name not in _FUSABLE) or not node.inputs or not node.outputs:
            continue
        x, y = node.inputs[0], node.outputs[0]
        if x is None or x.index not in ends or dataflow.sole_reader(x) is not node:
            continue
        carrier, has = ends[x.index]
        is_exact = same_per_tensor_quantization(x, y)
        if name in RESHAPES:
            if is_exact:
                ends[y.index] = carrier, has
            continue
        then = in_turn(has, _FUSABLE[name])
        if then is None or x.type != y.type or y.shape != x.shape:
            continue
        if carrier.name in _KEEPS_SCALE and not is_exact:
            continue
        # Of the others TFLM's kernels do not rescale: they make something else of it.
        is_near = is_exact or (name == "RELU" and reaches_past(x, y, then))
        yield UnfusedActivation(node, carrier, has, then, is_exact, is_near)
        if is_near:
            ends[y.index] = carrier, then
