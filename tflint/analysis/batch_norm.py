"""Batch normalisation that a converter left as MUL and ADD, and what kept it from folding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tflint.analysis.fusion import fused_activation
from tflint.analysis.operator_kinds import ACTIVATIONS, POOLS
from tflint.analysis.stored_constants import stored
from tflint.model.graph import Graph, Node, Value
from tflint.model.schema import ActivationFunctionType

# Global pooling; what it leaves is small, and of any layout.
_REDUCTIONS = frozenset(("MEAN", "REDUCE_MAX"))
# Layers whose weights a batch normalisation behind them folds into.
_LAYERS = frozenset(
    (
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "TRANSPOSE_CONV",
        "CONV_3D",
        "FULLY_CONNECTED",
        "FlexConv2D",
    )
)
# Where branches meet: there are no weights to fold into.
_JOINS = frozenset(("ADD", "CONCATENATION"))
# Those whose channels are last in any file; past an activation of its own operator, or one of
# TensorFlow's operators, a map may as well be channels_first.
_CHANNELS_LAST = _LAYERS - {"FlexConv2D", "FULLY_CONNECTED"}
# What may stand between a layer and its normalisation: elements stay what they are.
_PASSING = frozenset(("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "QUANTIZE", "DEQUANTIZE"))
_MAKERS = ACTIVATIONS | POOLS | _REDUCTIONS | _LAYERS
_MOST_STEPS = 4


@dataclass(frozen=True, slots=True)
class LeftNorm:
    """A MUL and an ADD by one constant for each index of dimension `axis` of a map.

    `behind` is the operator that kept them from folding into the layer before it.
    """

    mul: Node
    add: Node
    axis: int
    behind: Node

    @property
    def map(self) -> Value:
        """What the pair makes; what it makes in between is as large."""
        return self.add.outputs[0]

    @property
    def is_per_channel(self) -> bool:
        """Whether it normalises along the last dimension, as TFLite's layers have channels."""
        return self.axis == len(self.map.shape) - 1

    @property
    def is_behind_pool(self) -> bool:
        """Whether it is a pool, rather than an activation, that it stands behind."""
        return self.behind.name in POOLS or self.behind.name in _REDUCTIONS

    @property
    def is_behind_join(self) -> bool:
        """Whether branches meet in what it stands behind."""
        return self.behind.name in _JOINS and _is_linear(self.behind)

    @property
    def is_behind_shared_layer(self) -> bool:
        """Whether it is a linear layer, which others read too: a residual block's shortcut."""
        linear = self.behind.name in _LAYERS and _is_linear(self.behind)
        return linear and _only_reader(self.behind) is None


def left_norms(graph: Graph) -> Iterator[LeftNorm]:
    """Batch normalisations that could not fold, in execution order.

    Those behind a linear layer are another matter: they can still be folded (TFL604), unless
    others read the layer's result as it is, or they normalise along another dimension than
    the layer's channels.
    """
    for mul in graph.nodes:
        if mul.name != "MUL" or fused_activation(mul):
            continue
        x, axis = _scaled(mul)
        add = _only_reader(mul)
        if x is None or axis is None or add is None or add.name not in ("ADD", "SUB"):
            continue
        if not _shifts_along(add, mul.outputs[0], axis):
            continue
        behind = _behind(x)
        if behind is None:
            continue
        norm = LeftNorm(mul, add, axis, behind)
        linear = behind.name in _LAYERS and not fused_activation(behind)
        if norm.is_per_channel:
            if not linear or norm.is_behind_shared_layer:
                yield norm
        elif behind.name in _CHANNELS_LAST or behind.name in POOLS:
            yield norm


def _scaled(node: Node) -> tuple[Value | None, int | None]:
    """The map that MUL, ADD or SUB works on, and the dimension that its constant runs along."""
    if len(node.inputs) != 2 or len(node.outputs) != 1:
        return None, None
    x, constant = node.inputs
    if x is not None and node.name != "SUB" and stored(x) is not None:
        x, constant = constant, x
    y = node.outputs[0]
    if x is None or constant is None or stored(x) is not None or stored(constant) is None:
        return None, None
    return (x, _axis(constant, y)) if x.shape == y.shape else (None, None)


def _shifts_along(add: Node, x: Value, axis: int) -> bool:
    """Whether an ADD or SUB shifts a map by a constant for each index of a dimension.

    Along another dimension than the channels, the constant may have these as well: the
    converter moves the bias of the layer before into it.
    """
    if len(add.inputs) != 2 or len(add.outputs) != 1 or add.outputs[0].shape != x.shape:
        return False
    left, right = add.inputs
    constant = right if left is x else left if add.name != "SUB" and right is x else None
    if constant is None or constant is x or stored(constant) is None:
        return False
    if _axis(constant, x) == axis:
        return True
    rank = len(x.shape)
    padded = (1,) * (rank - len(constant.shape)) + constant.shape
    both = tuple(size if d in (axis, rank - 1) else 1 for d, size in enumerate(x.shape))
    return axis != rank - 1 and padded == both


def _axis(constant: Value, y: Value) -> int | None:
    """The one dimension of `y` that a constant runs along in full, else None."""
    long = [d for d, size in enumerate(constant.shape) if size != 1]
    if len(long) != 1 or len(constant.shape) > len(y.shape) or len(y.shape) < 2:
        return None
    axis = long[0] + len(y.shape) - len(constant.shape)
    return axis if y.shape[axis] == constant.shape[long[0]] > 1 else None


def _behind(x: Value) -> Node | None:
    """The layer, activation or pool that makes a map, past operators that pass it on."""
    for _ in range(_MOST_STEPS):
        node = x.producer
        if node is None:
            return None
        if node.name in _MAKERS or fused_activation(node):
            return node
        if (
            node.name in _JOINS
            and sum(v is not None and stored(v) is None for v in node.inputs) > 1
        ):
            return node
        before = node.input(0)
        # A reshape that moves elements between channels makes another map of it.
        if node.name not in _PASSING or before is None or before.shape[-1:] != x.shape[-1:]:
            return None
        x = before
    return None


def _is_linear(node: Node) -> bool:
    """Whether no activation is fused into an operator."""
    return fused_activation(node) in (None, ActivationFunctionType.NONE)


def _only_reader(node: Node) -> Node | None:
    """The operator that alone reads an operator's one output, which is no output of the model."""
    if len(node.outputs) != 1:
        return None
    y = node.outputs[0]
    return y.consumers[0] if len(y.consumers) == 1 and not y.is_output else None
