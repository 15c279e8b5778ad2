"""What a runtime's kernels demand of scales and zero points, and where that is not met."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from tflint.analysis.operand_types import node_signature
from tflint.model.graph import Graph, Node, Value
from tflint.model.types import QUANTIZED_RANGES
from tflint.target.runtime import Demand, Kernel, Runtime, Verdict

# Off by less than this share of the type's range, a value is as good as right.
NOTICEABLE = 1 / 256

Breach = tuple[Demand, Value]


def unmet_demands(kernel: Kernel, node: Node) -> list[Breach]:
    """The demands that are not met, with the tensors that do not meet them.

    None where the kernel refuses the operator's types anyway.
    """
    return [breach for breach in _demands(kernel, node) if not _meets(*breach, node)]


def is_near(demand: Demand, value: Value, node: Node) -> bool:
    """Whether a tensor's scale is so close to the one demanded that the difference rounds away."""
    found = value.quantization
    if demand.parameter != "scale" or found is None or len(found.scale) != 1:
        return False
    has, wanted = parameter(value, demand), wanted_number(demand, node)
    if has is None or wanted is None or not (math.isfinite(wanted) and wanted > 0):
        return False
    return abs(has - wanted) <= NOTICEABLE * wanted


def equal_scales(graph: Graph, runtime: Runtime) -> dict[int, float]:
    """The scales that near ones can be made equal to, where a demand is not met, by tensor.

    Tensors that kernels want to have one scale get one, all of them: the one that a kernel
    computes for, or else that of most.
    """
    links: dict[int, list[int]] = {}
    fixed: dict[int, set[float]] = {}
    starts: list[int] = []
    for node in graph.nodes:
        kernel = runtime.kernel(node.name)
        if kernel is None or not kernel.demands:
            continue
        for demand, value in _demands(kernel, node):
            if not is_near(demand, value, node):
                continue
            if not _meets(demand, value, node):
                starts.append(value.index)
            if demand.value is not None:
                fixed.setdefault(value.index, set()).add(demand.value)
                continue
            like = node.outputs[0] if demand.like is None else node.input(demand.like)
            if like is not None and like is not value:
                links.setdefault(value.index, []).append(like.index)
                links.setdefault(like.index, []).append(value.index)
    found: dict[int, float] = {}
    seen: set[int] = set()
    for start in starts:
        if start not in seen:
            group = _reached(start, links, seen)
            scale = _one_scale(graph, group, fixed)
            if scale is not None:
                found.update(dict.fromkeys(group, scale))
    return found


def _reached(start: int, links: dict[int, list[int]], seen: set[int]) -> list[int]:
    """The tensors that are linked to one, directly or not."""
    seen.add(start)
    group = [start]
    for index in group:
        for other in links.get(index, ()):
            if other not in seen:
                seen.add(other)
                group.append(other)
    return group


def _one_scale(graph: Graph, group: list[int], fixed: dict[int, set[float]]) -> float | None:
    """The scale for tensors that shall have one; None where they are too far apart."""
    scales: Counter[float] = Counter()
    for index in group:
        found = graph.values[index].quantization
        if found is None or len(found.scale) != 1:
            return None
        scales[found.scale[0]] += 1
    demanded = set().union(*(fixed.get(index, set()) for index in group))
    if len(demanded) > 1:
        return None
    scale = demanded.pop() if demanded else max(scales, key=lambda s: (scales[s], s))
    near = all(abs(other - scale) <= NOTICEABLE * scale for other in scales)
    return scale if near else None


def _demands(kernel: Kernel, node: Node) -> Iterator[Breach]:
    """What the kernel demands of the operator's tensors, one by one."""
    if not kernel.demands or not node.outputs:
        return
    signature = node_signature(kernel, node)
    if kernel.verdict(signature) is Verdict.REFUSED:
        return
    last = len(node.inputs) - 1
    for demand in kernel.demanded(signature):
        place = demand.operand
        if place is None:
            operands = list(dict.fromkeys(node.outputs))
        elif place == 1 and kernel.variadic == "inputs":
            # What is demanded of the second holds for all that follow.
            operands = list(dict.fromkeys(v for v in node.inputs[1:] if v is not None))
        else:
            found = node.inputs[place] if place <= last else None
            operands = [] if found is None else [found]
        yield from ((demand, value) for value in operands)


def _meets(demand: Demand, value: Value, node: Node) -> bool:
    has, wanted = parameter(value, demand), wanted_number(demand, node)
    if has is None or wanted is None:
        # A runtime that compares takes a missing scale for 0; without one, there is nothing
        # that the numbers would be wrong by.
        return not demand.is_refused or (has or 0.0) == (wanted or 0.0)
    if demand.parameter == "zero_point":
        low, high = QUANTIZED_RANGES.get(value.type, (0, 0))
        slack = 0.0 if demand.is_refused else (high - low + 1) * NOTICEABLE - 1
        return abs(has - wanted) <= slack
    if not (math.isfinite(has) and has > 0 and math.isfinite(wanted) and wanted > 0):
        # TFL006 says so.
        return True
    share = demand.share if demand.is_refused else NOTICEABLE
    return abs(has - wanted) <= max(demand.tolerance, share * wanted)


def parameter(value: Value, demand: Demand) -> float | None:
    """The tensor's scale or zero point, None when it is not quantised.

    Where each channel has one, that is the zero point furthest from 0: weights, which are the
    only tensors to have channels, are meant to have none but 0.
    """
    quantization = value.quantization
    if quantization is None or not quantization.zero_point:
        return None
    if demand.parameter == "scale":
        return quantization.scale[0]
    if len(quantization.zero_point) == 1:
        return quantization.zero_point[0]
    return max(quantization.zero_point, key=abs)


def wanted_number(demand: Demand, node: Node) -> float | None:
    """The number that the demand compares with."""
    if demand.value is not None:
        return demand.value
    like = node.outputs[0] if demand.like is None else node.input(demand.like)
    return None if like is None else parameter(like, demand)
