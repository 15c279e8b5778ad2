"""Which positions of each value are ever read, worked out backwards from the outputs.

Positions along a dimension are kept as a progression (`Span`). Where what is read is no
progression, one around it stands in: more may count as read than is, never less.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tflint.analysis.operator_kinds import RESHAPES
from tflint.analysis.windows import Window, windows
from tflint.model.graph import Graph, Node, Value


class Span(NamedTuple):
    """`size` positions from `first` on, each `step` from the one before."""

    first: int
    size: int
    step: int

    @property
    def last(self) -> int:
        """The last position."""
        return self.first + (self.size - 1) * self.step


# A span for each dimension; None stands for all of a value.
Need = tuple[Span, ...] | None


def needed(graph: Graph) -> dict[int, Need]:
    """What is read of each value of a graph, by the value's index.

    One walk against the execution order. A value that no one reads is not in there. What is
    read before it is made (in a cycle) counts as read altogether.
    """
    needs: dict[int, Need] = {value.index: None for value in graph.outputs}
    for node in reversed(graph.nodes):
        through = _THROUGH.get(node.name) if len(node.outputs) == 1 else None
        need = needs.get(node.outputs[0].index) if node.outputs else None
        for value in node.inputs:
            if value is None or value.data is not None:
                continue
            index = value.index
            if index in needs and needs[index] is None:
                continue
            if through is None or (
                value.producer is not None and value.producer.index >= node.index
            ):
                needs[index] = None
                continue
            read = through(node, value, need)
            needs[index] = _union(needs[index], read, value) if index in needs else read
    return needs


def kept(need: Need, value: Value) -> int:
    """How many elements of a value are read."""
    if need is None:
        return value.elements
    total = 1
    for span in need:
        total *= span.size
    return total


def read_by(window: Window, outputs: Span) -> Span:
    """The input positions that a window reads for some of its outputs."""
    step = outputs.step * window.stride
    first = outputs.first * window.stride - window.before
    last = outputs.last * window.stride - window.before + window.reach - 1
    if window.kernel > 1:
        # Windows may leave gaps; then more than what is read is taken for it.
        step = 1
    if first < 0:
        first += -(first // step) * step
    if last >= window.inputs:
        last -= -((window.inputs - 1 - last) // step) * step
    return _span(first, last, step)


def _span(first: int, last: int, step: int) -> Span:
    size = max((last - first) // step + 1, 0)
    return Span(first, size, step if size > 1 else 1)


def whole(size: int) -> Span:
    """Every position of a dimension."""
    return Span(0, size, 1)


def _partial(spans: list[Span], value: Value) -> Need:
    """The spans, or None when they cover all of a value."""
    if all(map(_covers, spans, value.shape)):
        return None
    return tuple(spans)


def _covers(span: Span, size: int) -> bool:
    return span.size >= size


def _union(a: Need, b: Need, value: Value) -> Need:
    if a is None or b is None:
        return None
    return a if a == b else _partial(list(map(_around, a, b)), value)


def _around(a: Span, b: Span) -> Span:
    """A progression that holds two others."""
    if a.size == 0 or b.size == 0:
        return b if a.size == 0 else a
    in_phase = a.step == b.step and (a.first - b.first) % a.step == 0
    return _span(min(a.first, b.first), max(a.last, b.last), a.step if in_phase else 1)


def _windowed(node: Node, x: Value, need: Need) -> Need:
    found = windows(node)
    if found is None or x is not node.input(0) or min(x.shape) < 1:
        return None
    if x.shape[0] != node.outputs[0].shape[0]:
        return None
    batch, *of = need or map(whole, node.outputs[0].shape)
    spans = [read_by(window, span) for window, span in zip(found, of, strict=False)]
    return _partial([batch, *spans, whole(x.shape[3])], x)


def _elementwise(node: Node, x: Value, need: Need) -> Need:
    return need if x.shape == node.outputs[0].shape else None


def _reshaped(node: Node, x: Value, need: Need) -> Need:
    """Dimensions of 1 may come and go; where others change, all is read."""
    y = node.outputs[0]
    if need is None or min((*x.shape, *y.shape), default=1) < 1:
        return None
    spans = [span for span, size in zip(need, y.shape, strict=True) if size != 1]
    if [size for size in x.shape if size != 1] != [size for size in y.shape if size != 1]:
        return None
    rest = iter(spans)
    return tuple(whole(1) if size == 1 else next(rest) for size in x.shape)


def _padded(node: Node, x: Value, need: Need) -> Need:
    argument = node.input(1)
    paddings = None if argument is None else argument.integers()
    if need is None or paddings is None or min(x.shape, default=1) < 1:
        return None
    if not len(need) == len(x.shape) == len(paddings) / 2:
        return None
    spans = []
    for span, size, before in zip(need, x.shape, paddings[::2], strict=True):
        first, last = max(span.first - before, 0), min(span.last - before, size - 1)
        spans.append(_span(first, last, 1))
    return _partial(spans, x)


def _transposed(node: Node, x: Value, need: Need) -> Need:
    argument = node.input(1)
    perm = None if argument is None else argument.integers()
    if need is None or perm is None or sorted(perm) != list(range(len(x.shape))):
        return None
    if [x.shape[p] for p in perm] != list(node.outputs[0].shape):
        return None
    spans = list(need)
    for span, p in zip(need, perm, strict=True):
        spans[p] = span
    return tuple(spans)


def _concatenated(node: Node, x: Value, need: Need) -> Need:
    """Along the axis all counts as read; along the others, what is read of the whole."""
    axis, y = getattr(node.options, "axis", None), node.outputs[0]
    rank = len(y.shape)
    if need is None or axis is None or len(x.shape) != rank or not -rank <= axis < rank:
        return None
    axis %= rank
    for d in range(rank):
        if d != axis and x.shape[d] != y.shape[d]:
            return None
    spans = list(need)
    spans[axis] = whole(x.shape[axis])
    return _partial(spans, x)


ELEMENTWISE = frozenset(
    (
        "ABS",
        "ADD",
        "ADD_N",
        "CAST",
        "DEQUANTIZE",
        "DIV",
        "ELU",
        "EXP",
        "GELU",
        "HARD_SWISH",
        "LEAKY_RELU",
        "LOGISTIC",
        "MAXIMUM",
        "MINIMUM",
        "MUL",
        "NEG",
        "PRELU",
        "QUANTIZE",
        "RELU",
        "RELU6",
        "RELU_0_TO_1",
        "RELU_N1_TO_1",
        "RSQRT",
        "SQRT",
        "SQUARE",
        "SQUARED_DIFFERENCE",
        "SUB",
        "TANH",
        "FlexBiasAdd",
    )
)
_THROUGH: dict[str, Callable[[Node, Value, Need], Need]] = {
    **dict.fromkeys(ELEMENTWISE, _elementwise),
    **dict.fromkeys(RESHAPES, _reshaped),
    **dict.fromkeys(("PAD", "PADV2"), _padded),
    **dict.fromkeys(
        ("CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D", "AVERAGE_POOL_2D", "L2_POOL_2D"),
        _windowed,
    ),
    "TRANSPOSE": _transposed,
    "CONCATENATION": _concatenated,
}
