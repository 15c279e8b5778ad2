"""Which TensorFlow operators equal builtins, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tflint.analysis.dataflow import Dataflow
from tflint.analysis.flex import dense, einsum, elementwise, movement, parts, reductions, spatial
from tflint.analysis.flex.plan import Plan, TensorFlowOperator, Unequal
from tflint.model.flex import flex_operator, is_flex
from tflint.model.graph import Graph, Node, Value

_PASSING = (
    "CheckNumerics",
    "EnsureShape",
    "Identity",
    "IdentityN",
    "PreventGradient",
    "Snapshot",
    "StopGradient",
)

PLANS: dict[str, Callable[[TensorFlowOperator], Plan]] = {
    **dict.fromkeys(elementwise.UNARY, elementwise.unary),
    **dict.fromkeys(elementwise.BINARY, elementwise.binary),
    **dict.fromkeys(elementwise.COMPARISONS, elementwise.binary),
    **dict.fromkeys(reductions.REDUCTIONS, reductions.reduction),
    **dict.fromkeys(_PASSING, movement.pass_on),
    "AddN": elementwise.sum_of_all,
    "ArgMax": dense.extreme,
    "ArgMin": dense.extreme,
    "AvgPool": spatial.pool,
    "BatchMatMul": dense.batch_product,
    "BatchMatMulV2": dense.batch_product,
    "BatchMatMulV3": dense.batch_product,
    "BatchToSpaceND": movement.blocks,
    "BiasAdd": spatial.bias,
    "BroadcastTo": movement.broadcast_to,
    "Cast": elementwise.cast,
    "Concat": parts.concatenation,
    "ConcatV2": parts.concatenation,
    "Conv2D": spatial.convolution,
    "Conv2DBackpropInput": spatial.transposed_convolution,
    "Cumsum": dense.running_sum,
    "DepthToSpace": spatial.depth_and_space,
    "DepthwiseConv2dNative": spatial.depthwise_convolution,
    "DivNoNan": elementwise.division_without_nan,
    "Einsum": einsum.einsum,
    "ExpandDims": movement.expand,
    "Expm1": elementwise.expm1,
    "Fill": movement.fill,
    "FusedBatchNorm": spatial.batch_normalisation,
    "FusedBatchNormV2": spatial.batch_normalisation,
    "FusedBatchNormV3": spatial.batch_normalisation,
    "Gather": parts.gather,
    "GatherNd": parts.gather_nd,
    "GatherV2": parts.gather,
    "Inv": elementwise.reciprocal,
    "IsNan": elementwise.is_nan,
    "LeakyRelu": elementwise.leaky_relu,
    "Log1p": elementwise.log1p,
    "LogSoftmax": dense.softmax,
    "MatMul": dense.matrix_product,
    "MaxPool": spatial.pool,
    "MaxPoolV2": spatial.pool,
    "MirrorPad": movement.pad,
    "OneHot": movement.one_hot,
    "Pack": parts.pack,
    "Pad": movement.pad,
    "PadV2": movement.pad,
    "Pow": elementwise.power,
    "Range": movement.range_,
    "Reciprocal": elementwise.reciprocal,
    "Reshape": movement.reshape,
    "ResizeBilinear": spatial.resize,
    "ResizeNearestNeighbor": spatial.resize,
    "ReverseV2": movement.reverse,
    "Select": elementwise.choice,
    "SelectV2": elementwise.choice,
    "Selu": elementwise.selu,
    "Shape": movement.shape_of,
    "Slice": parts.slice_,
    "Softmax": dense.softmax,
    "Softplus": elementwise.softplus,
    "Softsign": elementwise.softsign,
    "SpaceToBatchND": movement.blocks,
    "SpaceToDepth": spatial.depth_and_space,
    "Split": parts.split,
    "SplitV": parts.split,
    "Squeeze": movement.squeeze,
    "StridedSlice": parts.strided_slice,
    "Tan": elementwise.tangent,
    "Tile": movement.tile,
    "TopKV2": dense.largest,
    "Transpose": movement.transpose,
    "Unpack": parts.unpack,
    "ZerosLike": elementwise.zeros_like,
}


_PASSING_NODES = frozenset(f"Flex{name}" for name in _PASSING)


def passed_on(graph: Graph, dataflow: Dataflow) -> dict[int, Value]:
    """What each value is that Flex operators only pass on, such as weights in frozen graphs."""
    sources: dict[int, Value] = {}
    for node in graph.nodes:
        if node.name not in _PASSING_NODES or equal_builtins(node) is None:
            continue
        for value, given in zip(node.outputs, node.inputs, strict=True):
            if given is None or not dataflow.is_stable(value):
                continue
            source = sources.get(given.index, given)
            if dataflow.is_stable(source):
                sources[value.index] = source
    return sources


def with_sources(node: Node, sources: Mapping[int, Value]) -> Node:
    """The operator as it reads what is passed on to it from where that comes from."""
    if not any(value is not None and value.index in sources for value in node.inputs):
        return node
    inputs = tuple(
        None if value is None else sources.get(value.index, value) for value in node.inputs
    )
    return Node(
        node.subgraph, node.index, node.operator, node.code, node.name, inputs, node.outputs
    )


def equal_builtins(node: Node, channels_last: frozenset[int] = frozenset()) -> Plan | None:
    """The builtins that equal a Flex operator; None where none are known, and for others.

    `channels_last` are the positions of inputs that are at hand with their channels last.
    """
    if not is_flex(node) or not node.outputs:
        return None
    operator = flex_operator(node)
    plan = PLANS.get(operator.name)
    # The delegate runs the operator that the options name; a file may call it another.
    if plan is None or node.name != f"Flex{operator.name}":
        return None
    try:
        return plan(TensorFlowOperator(node, operator, channels_last))
    except Unequal:
        return None
