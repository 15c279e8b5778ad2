"""One-dimensional layers without the reshapes around them.

A Conv1D or a pool over time becomes EXPAND_DIMS, a two-dimensional operator and SQUEEZE. Neither of
the two has a kernel in every quantiser, each copies a tensor, and what stands between an operator
and its bias or activation keeps them apart. So: EXPAND_DIMS and SQUEEZE become RESHAPE; a RESHAPE
moves behind elementwise operators; one that only swaps height and width where one of them is 1
moves behind convolutions and pools, whose windows turn with it; RESHAPEs that meet become one; and
a reduction reads what was reshaped, along other axes. All of that leaves every number as it is.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Callable, Sequence

import numpy as np

from tflint.analysis.dataflow import Dataflow
from tflint.fix.model.model_edit import GraphEdit, ModelEdit
from tflint.fix.quantize.float_model import stored_numbers
from tflint.model.graph import Graph, Node, Value, graphs
from tflint.model.schema import (
    Conv2DOptions,
    DepthwiseConv2DOptions,
    FullyConnectedOptions,
    Pool2DOptions,
    ReducerOptions,
    ReshapeOptions,
    TensorType,
)
from tflint.model.tables import Model
from tflint.model.types import MAX_ELEMENTS, elements

# Each round moves every RESHAPE behind one more operator.
MAX_ROUNDS = 400
Shape = tuple[int, ...]
_RESHAPES = frozenset(("RESHAPE", "EXPAND_DIMS", "SQUEEZE"))
_UNARY = frozenset(
    [
        "ABS",
        "CEIL",
        "COS",
        "ELU",
        "EXP",
        "FLOOR",
        "GELU",
        "HARD_SWISH",
        "LEAKY_RELU",
        "LOG",
        "LOGISTIC",
        "NEG",
        "RELU",
        "RELU6",
        "RELU_0_TO_1",
        "RELU_N1_TO_1",
        "ROUND",
        "RSQRT",
        "SIN",
        "SQRT",
        "SQUARE",
        "TANH",
    ]
)
_BINARY = frozenset(("ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM"))
_POOLS = frozenset(("MAX_POOL_2D", "AVERAGE_POOL_2D", "L2_POOL_2D"))
_CONVOLUTIONS = frozenset(("CONV_2D", "DEPTHWISE_CONV_2D"))
_REDUCTIONS = frozenset(("REDUCE_MAX", "REDUCE_MIN", "MEAN", "SUM"))


def without_reshapes(model: Model) -> Model:
    """The model with fewer of them; the same model where there is nothing to do."""
    for _ in range(MAX_ROUNDS):
        edit = ModelEdit(model)
        changes = sum(
            _round(edit, graph, Dataflow(graph)) for graph in graphs(model) if graph.nodes
        )
        if not changes:
            return model
        model = edit.finish()
    return model


def _round(edit: ModelEdit, graph: Graph, flow: Dataflow) -> int:
    """Every change that does not touch the operators of another one; how many there were."""
    changed = edit.graph(graph.index)
    touched: set[Node] = set()
    count = 0
    for node in graph.nodes:
        if node.name not in _RESHAPES or node in touched:
            continue
        move = _Reshape.of(node, flow)
        if move is None:
            continue
        if node.name != "RESHAPE":
            _write_reshape(changed, node.index, move.source.index, move.result.index, move.after)
            touched.add(node)
            count += 1
            continue
        reader = flow.sole_reader(move.result)
        if reader is None or reader in touched:
            continue
        if any(rewrite(changed, move, reader, flow) for rewrite in _REWRITES):
            # Those behind are known by tensors that may not be there any more.
            touched |= {node, reader, *reader.successors()}
            count += 1
    return count


@dataclasses.dataclass(frozen=True, slots=True)
class _Reshape:
    """An operator that gives its input another shape, and both shapes."""

    node: Node
    source: Value
    result: Value

    @classmethod
    def of(cls, node: Node, flow: Dataflow) -> _Reshape | None:
        """None for one whose shapes are not known or do not hold the same elements."""
        source = node.input(0)
        if source is None or len(node.outputs) != 1 or source.is_constant:
            return None
        result = node.outputs[0]
        shapes = (source.shape, result.shape)
        if not all(_is_known(value) for value in (source, result)):
            return None
        if elements(shapes[0]) != elements(shapes[1]) or source.type is not result.type:
            return None
        if not flow.is_stable(source) or not flow.is_stable(result):
            return None
        return cls(node, source, result)

    @property
    def before(self) -> Shape:
        """The shape that comes in."""
        return self.source.shape

    @property
    def after(self) -> Shape:
        """The shape that goes out."""
        return self.result.shape


def _is_known(value: Value) -> bool:
    signature = value.tensor.shape_signature
    return (
        1 <= len(value.shape) <= 6
        and min(value.shape) > 0
        and elements(value.shape) <= MAX_ELEMENTS
        and (not signature or min(signature) >= 0)
    )


def _write_reshape(
    changed: GraphEdit, index: int, source: int, result: int, shape: Sequence[int]
) -> None:
    """Put a RESHAPE in the place of an operator."""
    to = changed.add_tensor(
        (len(shape),), TensorType.INT32, data=struct.pack(f"<{len(shape)}i", *shape)
    )
    options = ReshapeOptions(new_shape=tuple(shape))
    changed.replace(index, "RESHAPE", [source, to], [result], options)


def _joins(changed: GraphEdit, move: _Reshape, reader: Node, flow: Dataflow) -> bool:
    """Two RESHAPEs in a row: the second reads what the first does."""
    second = _Reshape.of(reader, flow) if reader.name in _RESHAPES else None
    if second is None or any(n.index <= reader.index for n in reader.successors()):
        return False
    changed.remove(move.node.index)
    if second.after == move.before and not second.result.is_output:
        changed.remove(reader.index)
        changed.read_instead(second.result.index, move.source.index)
    else:
        _write_reshape(changed, reader.index, move.source.index, second.result.index, second.after)
    return True


def _passes_elementwise(changed: GraphEdit, move: _Reshape, reader: Node, flow: Dataflow) -> bool:
    """An operator that treats every element alike, or alike along the last dimension."""
    result = _only_result(reader, move.after)
    if result is None:
        return False
    inputs = [move.source.index]
    if reader.name in _BINARY:
        position = next((n for n, v in enumerate(reader.inputs[:2]) if v is move.result), None)
        other = reader.input(1 - position) if position is not None else None
        if other is None or not other.is_constant or len(reader.inputs) != 2:
            return False
        channels = other.elements
        if channels != 1 and not (other.shape[-1] == channels == move.before[-1] == move.after[-1]):
            return False
        flat = other.index
        if len(other.shape) > 1:
            flat = changed.add_tensor(
                (channels,),
                other.type,
                other.tensor.quantization,
                name=other.tensor.name,
                data=other.data,
            )
        inputs.insert(1 - (position or 0), flat)
    elif reader.name not in _UNARY or len(reader.inputs) != 1:
        return False
    _swap(changed, move, reader, inputs, result, move.before)
    return True


def _passes_window(changed: GraphEdit, move: _Reshape, reader: Node, flow: Dataflow) -> bool:
    """A convolution or pool over one of height and width, turned to be over the other."""
    before, after = move.before, move.after
    if len(before) != 4 or len(after) != 4 or 1 not in before[1:3]:
        return False
    if (before[0], before[2], before[1], before[3]) != after or reader.input(0) is not move.result:
        return False
    result = _only_result(reader, None)
    if result is None or len(result.shape) != 4 or 1 not in result.shape[1:3]:
        return False
    options = _turned(reader)
    if options is None:
        return False
    inputs = [move.source.index, *(index for index in reader.operator.inputs[1:])]
    if reader.name in _CONVOLUTIONS:
        weights = reader.input(1)
        numbers = stored_numbers(weights) if weights is not None else None
        if weights is None or numbers is None or numbers.ndim != 4:
            return False
        turned = np.ascontiguousarray(numbers.transpose(0, 2, 1, 3))
        inputs[1] = changed.add_tensor(
            turned.shape,
            weights.type,
            weights.tensor.quantization,
            name=weights.tensor.name,
            data=turned.tobytes(),
        )
    batch, height, width, channels = result.shape
    _swap(changed, move, reader, inputs, result, (batch, width, height, channels), options)
    return True


def _turned(
    node: Node,
) -> Conv2DOptions | DepthwiseConv2DOptions | Pool2DOptions | None:
    options = node.options
    if isinstance(options, Pool2DOptions) and node.name in _POOLS:
        return dataclasses.replace(
            options,
            stride_h=options.stride_w,
            stride_w=options.stride_h,
            filter_height=options.filter_width,
            filter_width=options.filter_height,
        )
    if isinstance(options, Conv2DOptions | DepthwiseConv2DOptions) and node.name in _CONVOLUTIONS:
        return dataclasses.replace(
            options,
            stride_h=options.stride_w,
            stride_w=options.stride_h,
            dilation_h_factor=options.dilation_w_factor,
            dilation_w_factor=options.dilation_h_factor,
        )
    return None


def _passes_reduction(changed: GraphEdit, move: _Reshape, reader: Node, flow: Dataflow) -> bool:
    """A reduction over some dimensions: the same ones where they are in the other shape."""
    if reader.name not in _REDUCTIONS or reader.input(0) is not move.result:
        return False
    axis, options = reader.input(1), reader.options
    axes = axis.integers() if axis is not None else None
    result = _only_result(reader, None)
    if axes is None or result is None or not isinstance(options, ReducerOptions):
        return False
    if options.keep_dims or not all(-len(move.after) <= a < len(move.after) for a in axes):
        return False
    reduced = {a % len(move.after) for a in axes}
    moved = _moved_axes(move.before, move.after, reduced)
    if moved is None:
        return False
    to = changed.add_tensor(
        (len(moved),), TensorType.INT32, data=struct.pack(f"<{len(moved)}i", *moved)
    )
    changed.remove(move.node.index)
    changed.change_operator(reader.index, inputs=(move.source.index, to))
    return True


def _moved_axes(before: Shape, after: Shape, reduced: set[int]) -> list[int] | None:
    """The dimensions of `before` to reduce so that the same elements meet and the same shape
    is left; None where the two differ in more than ones.
    """
    wide_before = [n for n, size in enumerate(before) if size != 1]
    wide_after = [n for n, size in enumerate(after) if size != 1]
    if [before[n] for n in wide_before] != [after[n] for n in wide_after]:
        return None
    gone = {b for b, a in zip(wide_before, wide_after, strict=True) if a in reduced}
    left = [size for n, size in enumerate(after) if n not in reduced]
    kept: list[int] = []
    # Ones are kept as early as they fit.
    for n, size in enumerate(before):
        if n in gone:
            continue
        if len(kept) < len(left) and left[len(kept)] == size:
            kept.append(n)
        elif size != 1:
            return None
    if len(kept) != len(left) or len(kept) == len(before):
        return None
    return [n for n in range(len(before)) if n not in kept]


def _only_result(node: Node, shape: Shape | None) -> Value | None:
    """The one output of a float operator, of this shape where one is given."""
    if len(node.outputs) != 1 or node.outputs[0].type is not TensorType.FLOAT32:
        return None
    result = node.outputs[0]
    if not _is_known(result) or (shape is not None and result.shape != shape):
        return None
    return result


def _swap(
    changed: GraphEdit,
    move: _Reshape,
    reader: Node,
    inputs: Sequence[int],
    result: Value,
    shape: Shape,
    options: object = None,
) -> None:
    """Run the reader first, on what the RESHAPE reads, and the RESHAPE behind it."""
    middle = changed.add_tensor(shape, result.type, name=move.result.tensor.name)
    changed.remove(move.node.index)
    fields: dict[str, object] = {"inputs": tuple(inputs), "outputs": (middle,)}
    if options is not None:
        fields["builtin_options"] = options
    changed.change_operator(reader.index, **fields)
    to = changed.add_tensor(
        (len(result.shape),),
        TensorType.INT32,
        data=struct.pack(f"<{len(result.shape)}i", *result.shape),
    )
    behind = ReshapeOptions(new_shape=result.shape)
    changed.insert_after(reader.index, "RESHAPE", [middle, to], [result.index], behind)


def _is_flattened_anyway(changed: GraphEdit, move: _Reshape, reader: Node, flow: Dataflow) -> bool:
    """A dense layer, which reads rows of its weights' depth out of any shape."""
    options, weights = reader.options, reader.input(1)
    result = _only_result(reader, None)
    if reader.name != "FULLY_CONNECTED" or reader.input(0) is not move.result or result is None:
        return False
    if not isinstance(options, FullyConnectedOptions) or options.keep_num_dims:
        return False
    if weights is None or not weights.is_constant or len(weights.shape) != 2:
        return False
    units, depth = weights.shape
    rows = elements(move.before) // depth if depth > 0 else 0
    if rows * depth != elements(move.before) or result.shape != (rows, units):
        return False
    # Kernels take the rows from the first dimension, or from what the depth leaves of all.
    if move.before[0] != rows:
        return False
    changed.remove(move.node.index)
    inputs = (move.source.index, *reader.operator.inputs[1:])
    changed.change_operator(reader.index, inputs=inputs)
    return True


_REWRITES: tuple[Callable[[GraphEdit, _Reshape, Node, Dataflow], bool], ...] = (
    _joins,
    _passes_elementwise,
    _passes_window,
    _passes_reduction,
    _is_flattened_anyway,
)
