"""Dilated convolutions that a converter wrote as convolutions between rearranged batches.

Keras 2 runs a dilated Conv1D as SPACE_TO_BATCH_ND, a convolution and BATCH_TO_SPACE_ND, and where
the batch was left open the converter stores shapes of one sample for all three, though there are
as many as the dilation: TFLM then computes with a part of the numbers. Convolutions dilate by
themselves, on the shapes that hold.
Source: tensorflow/python/ops/nn_ops.py, _WithSpaceToBatch: the crops are what the pads added to
reach a multiple of the dilation.
"""

from __future__ import annotations

import dataclasses
import struct

from tflint.analysis.dataflow import Dataflow
from tflint.fix.model.model_edit import GraphEdit, ModelEdit
from tflint.model.graph import Graph, Node, Value, graphs
from tflint.model.schema import (
    Conv2DOptions,
    DepthwiseConv2DOptions,
    Padding,
    PadOptions,
    ReshapeOptions,
    TensorType,
)
from tflint.model.tables import Model
from tflint.model.types import MAX_ELEMENTS, elements

_CONVOLUTIONS = frozenset(("CONV_2D", "DEPTHWISE_CONV_2D"))
_RESHAPES = frozenset(("RESHAPE", "EXPAND_DIMS", "SQUEEZE"))
_DILATED_VERSION = 2  # Source: tensorflow/lite/tools/versioning/op_version.cc.
_MAX_SIZE = 1 << 20
Shape = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]


@dataclasses.dataclass(frozen=True, slots=True)
class _Dilated:
    """The operators of one, and what it computes.

    `source` and `result` are (batch, width, channels) where the convolution stands between
    reshapes, `opening` and `closing`, else (batch, height, width, channels). `dilation` and `pads`
    are those of each dimension between batch and channels.
    """

    spreading: Node
    opening: Node | None
    convolution: Node
    closing: Node | None
    gathering: Node
    source: Value
    result: Value
    dilation: tuple[int, ...]
    pads: Pairs

    @property
    def nodes(self) -> list[Node]:
        """All operators that it is made of."""
        parts = (self.spreading, self.opening, self.convolution, self.closing, self.gathering)
        return [node for node in parts if node is not None]


def with_dilated_convolutions(model: Model) -> Model:
    """The model with convolutions that dilate; the same model where there is none to change."""
    edit = ModelEdit(model)
    is_changed = False
    for graph in graphs(model):
        for found in _found(graph):
            _write(edit.graph(graph.index), found)
            is_changed = True
    return edit.finish() if is_changed else model


def _found(graph: Graph) -> list[_Dilated]:
    flow = Dataflow(graph)
    found = [_dilated(n, flow) for n in graph.nodes if n.name == "SPACE_TO_BATCH_ND"]
    return [one for one in found if one is not None]


def _dilated(spreading: Node, flow: Dataflow) -> _Dilated | None:
    source = spreading.input(0)
    if source is None or source.is_constant or not flow.is_stable(source):
        return None
    following: list[Node] = []
    node: Node | None = spreading
    while node is not None and node.name != "BATCH_TO_SPACE_ND" and len(following) < 4:
        if len(node.outputs) != 1 or (following and node.input(0) is not following[-1].outputs[0]):
            return None
        following.append(node)
        node = flow.sole_reader(node.outputs[0])
    if node is None or node.name != "BATCH_TO_SPACE_ND" or len(node.outputs) != 1:
        return None
    result = node.outputs[0]
    if node.input(0) is not following[-1].outputs[0] or not flow.is_stable(result):
        return None
    opening: Node | None = None
    closing: Node | None = None
    if len(following) == 4:
        _, opening, convolution, closing = following
        if not _is_between_reshapes(opening, convolution, closing):
            return None
    elif len(following) == 2:
        convolution = following[1]
    else:
        return None
    dilation, rows = _integers(spreading, 1), _pairs(spreading, 2)
    if dilation is None or rows is None or dilation != _integers(node, 1):
        return None
    crops = _pairs(node, 2)
    if crops is None or not len(dilation) == len(rows) == len(crops) == (1 if opening else 2):
        return None
    pads = tuple((p[0] - c[0], p[1] - c[1]) for p, c in zip(rows, crops, strict=True))
    if any(p[0] < 0 or p[1] < 0 or c[0] for p, c in zip(pads, crops, strict=True)):
        return None
    found = _Dilated(spreading, opening, convolution, closing, node, source, result, dilation, pads)
    return found if _holds(found) else None


def _is_between_reshapes(opening: Node, convolution: Node, closing: Node) -> bool:
    """Whether a dimension of 1 comes in behind the batch, and goes again."""
    if opening.name not in _RESHAPES or closing.name not in _RESHAPES:
        return False
    narrow, wide = opening.inputs[0], opening.outputs[0]
    made, left = convolution.outputs[0], closing.outputs[0]
    return (
        narrow is not None
        and len(narrow.shape) == len(left.shape) == 3
        and wide.shape == (narrow.shape[0], 1, *narrow.shape[1:])
        and made.shape == (left.shape[0], 1, *left.shape[1:])
    )


def _holds(found: _Dilated) -> bool:
    """Whether the shapes at both ends are those of the dilated convolution."""
    node, weights = found.convolution, found.convolution.input(1)
    options = node.options
    if node.name not in _CONVOLUTIONS or weights is None or len(weights.shape) != 4:
        return False
    if not isinstance(options, Conv2DOptions | DepthwiseConv2DOptions):
        return False
    if options.padding is not Padding.VALID or (options.stride_h, options.stride_w) != (1, 1):
        return False
    if max(options.dilation_h_factor, options.dilation_w_factor) > 1:
        return False
    before, after = found.source.shape, found.result.shape
    rank = len(found.dilation) + 2
    if not len(before) == len(after) == rank or before[0] != after[0]:
        return False
    if min(before) < 1 or elements(before) > MAX_ELEMENTS or min(found.dilation) < 1:
        return False
    if max(*before, *found.dilation, *(n for pair in found.pads for n in pair)) > _MAX_SIZE:
        return False
    kernel = weights.shape[1:3]
    if found.opening is not None and kernel[0] != 1:
        return False
    spans = (
        (k - 1) * d for k, d in zip(kernel[-len(found.dilation) :], found.dilation, strict=True)
    )
    sizes = zip(before[1:-1], found.pads, spans, strict=True)
    return after[1:-1] == tuple(size + sum(pads) - span for size, pads, span in sizes)


def _write(edit: GraphEdit, found: _Dilated) -> None:
    options = found.convolution.options
    if not isinstance(options, Conv2DOptions | DepthwiseConv2DOptions):
        raise AssertionError("it was looked at before")
    source, result, convolution = found.source, found.result, found.convolution
    read, shape = source.index, source.shape
    at = found.spreading.index
    for node in found.nodes:
        if node is not convolution:
            edit.remove(node.index)
    if any(map(sum, found.pads)):
        pads = ((0, 0), *found.pads, (0, 0))
        shape = tuple(size + sum(pair) for size, pair in zip(shape, pads, strict=True))
        to = edit.add_tensor(
            (len(pads), 2), TensorType.INT32, data=_packed(*(n for p in pads for n in p))
        )
        read = edit.add_tensor(shape, source.type)
        edit.insert_before(at, "PAD", [source.index, to], [read], PadOptions())
    made = result.index
    if found.opening is not None:
        read = _reshaped(edit, at, read, _widened(shape), source.type)
        made = edit.add_tensor(_widened(result.shape), result.type)
        to = edit.add_tensor((3,), TensorType.INT32, data=_packed(*result.shape))
        behind = ReshapeOptions(new_shape=result.shape)
        edit.insert_after(convolution.index, "RESHAPE", [made, to], [result.index], behind)
    height, width = (1, *found.dilation)[-2:]
    edit.change_operator(
        convolution.index,
        inputs=(read, *convolution.operator.inputs[1:]),
        outputs=(made,),
        builtin_options=dataclasses.replace(
            options, dilation_h_factor=height, dilation_w_factor=width
        ),
    )
    edit.change_version(convolution.index, max(convolution.code.version, _DILATED_VERSION))


def _reshaped(edit: GraphEdit, at: int, source: int, shape: Shape, type: TensorType) -> int:
    """A RESHAPE before operator `at`; its result."""
    to = edit.add_tensor((len(shape),), TensorType.INT32, data=_packed(*shape))
    result = edit.add_tensor(shape, type)
    edit.insert_before(at, "RESHAPE", [source, to], [result], ReshapeOptions(new_shape=shape))
    return result


def _widened(shape: Shape) -> Shape:
    return (shape[0], 1, *shape[1:])


def _packed(*numbers: int) -> bytes:
    return struct.pack(f"<{len(numbers)}i", *numbers)


def _integers(node: Node, position: int) -> tuple[int, ...] | None:
    value = node.input(position)
    return value.integers() if value is not None else None


def _pairs(node: Node, position: int) -> Pairs | None:
    flat = _integers(node, position)
    if flat is None or len(flat) % 2 or min(flat, default=0) < 0:
        return None
    return tuple(zip(flat[::2], flat[1::2], strict=True))
