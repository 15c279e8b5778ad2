"""Operators that have no integer kernel, in terms of those that have."""

from __future__ import annotations

import struct

from tflint.fix.model.model_edit import GraphEdit, ModelEdit
from tflint.model.graph import Node, graphs
from tflint.model.schema import MulOptions, Padding, Pool2DOptions, ReshapeOptions, TensorType
from tflint.model.tables import Model
from tflint.model.types import elements

FLOAT32 = TensorType.FLOAT32
# That keep something from step to step, in variables with types and scales of their own: neither
# tflint nor ai-edge-quantizer makes integers of them, TensorFlow's own quantiser does.
KEEPING_STATE = frozenset(("SVDF", "UNIDIRECTIONAL_SEQUENCE_LSTM"))
_NEGATION, _SQUARE = "NEG", "SQUARE"


def with_pools_for_maxima(model: Model) -> Model:
    """The model with REDUCE_MAX over height and width as a pool, which has kernels for int16."""
    edit = ModelEdit(model)
    count = 0
    for graph in graphs(model):
        for node in graph.nodes:
            count += node.name == "REDUCE_MAX" and _pooled(edit.graph(graph.index), node)
    return edit.finish() if count else model


def _pooled(changed: GraphEdit, node: Node) -> bool:
    source, axes = node.input(0), node.input(1)
    numbers = axes.integers() if axes is not None else None
    if source is None or numbers is None or source.type is not FLOAT32 or len(node.outputs) != 1:
        return False
    shape, result = source.shape, node.outputs[0]
    if len(shape) != 4 or min(shape) < 1 or not all(-4 <= axis < 4 for axis in numbers):
        return False
    reduced = {axis % 4 for axis in numbers}
    if not reduced <= {1, 2}:
        return False
    height, width = (shape[axis] if axis in reduced else 1 for axis in (1, 2))
    pooled = (shape[0], shape[1] // height, shape[2] // width, shape[3])
    if elements(result.shape) != elements(pooled) or min(result.shape, default=0) < 1:
        return False
    middle = changed.add_tensor(pooled, FLOAT32, name=result.tensor.name)
    options = Pool2DOptions(
        padding=Padding.VALID,
        stride_h=height,
        stride_w=width,
        filter_height=height,
        filter_width=width,
    )
    changed.replace(node.index, "MAX_POOL_2D", [source.index], [middle], options)
    rank = len(result.shape)
    to = changed.add_tensor((rank,), TensorType.INT32, data=struct.pack(f"<{rank}i", *result.shape))
    behind = ReshapeOptions(new_shape=result.shape)
    changed.insert_after(node.index, "RESHAPE", [middle, to], [result.index], behind)
    return True


def with_known_operators(model: Model) -> Model:
    """The model with NEG as a product with -1 and SQUARE as one of a value with itself.

    Both give the same numbers in float; the same model where there are none.
    """
    edit = ModelEdit(model)
    count = 0
    for graph in graphs(model):
        changed = edit.graph(graph.index)
        for node in graph.nodes:
            source = node.input(0)
            if node.name not in (_NEGATION, _SQUARE) or source is None or len(node.outputs) != 1:
                continue
            if source.type is not FLOAT32 or source.is_constant or len(node.inputs) != 1:
                continue
            other = source.index
            if node.name == _NEGATION:
                other = changed.add_tensor((1,), FLOAT32, data=struct.pack("<f", -1.0))
            result = node.outputs[0].index
            changed.replace(node.index, "MUL", [source.index, other], [result], MulOptions())
            count += 1
    return edit.finish() if count else model
