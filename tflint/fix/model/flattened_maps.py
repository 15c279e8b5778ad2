"""Dense layers over a flattened map: its order is that of their weights' columns.

What is flattened with its channels last gives the same to a layer whose columns are in that order
too: so the map needs no turning back.
"""

from __future__ import annotations

from dataclasses import dataclass

from tflint.analysis.dataflow import Dataflow
from tflint.analysis.flex.plan import TO_CHANNELS_LAST
from tflint.fix.model.model_edit import GraphEdit, ModelEdit
from tflint.fix.model.rearranged import RearrangedConstants
from tflint.model.graph import Node, Value
from tflint.model.schema import FullyConnectedOptions
from tflint.model.types import BITS, elements, packed_bytes

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Flattened:
    """A map that one reshape flattens for one dense layer; `columns` is the map of a row."""

    map: Value
    reshape: Node
    columns: Shape


def flattened_map(node: Node, dataflow: Dataflow) -> Flattened | None:
    """The map that a layer reads flattened, if nothing else reads it on the way."""
    flat = node.input(0)
    reshape = None if flat is None else dataflow.maker(flat)
    reader = None if flat is None else dataflow.sole_reader(flat)
    if flat is None or reshape is None or reader is None or reader.index != node.index:
        return None
    if reshape.name not in ("RESHAPE", "FlexReshape") or len(reshape.outputs) != 1:
        return None
    found = reshape.input(0)
    if found is None or dataflow.sole_reader(found) is not reshape or len(found.shape) != 4:
        return None
    batch, *columns = found.shape
    if flat.shape != (batch, elements(columns)):
        return None
    return Flattened(found, reshape, tuple(columns))


def stored_weights(node: Node, dataflow: Dataflow) -> tuple[Node, int] | None:
    """Where the weights of a dense layer that stays are read from the file: the operator and the
    position, the layer's own or that of the DEQUANTIZE which is there for it alone.
    """
    weights, options = node.input(1), node.options
    if isinstance(options, FullyConnectedOptions) and options.weights_format != 0:
        return None
    if weights is None or not dataflow.is_stable(weights):
        return None
    if weights.is_constant:
        return node, 1
    maker = dataflow.maker(weights)
    if maker is None or maker.name != "DEQUANTIZE" or dataflow.sole_reader(weights) is not node:
        return None
    stored = maker.input(0)
    return (maker, 0) if stored is not None and stored.is_constant else None


def turned_columns(
    model: ModelEdit, graph: GraphEdit, weights: int, columns: Shape, budget: RearrangedConstants
) -> int | None:
    """A copy of constant weights whose columns are of a map with its channels last.

    None where they are no matrix of such columns, their scales are a column each, or too much was
    made already.
    """
    tensor = graph.tensor(weights)
    data = model.buffers[tensor.buffer].data
    bits = BITS.get(tensor.type, 0)
    if not data or not bits or bits % 8 or len(tensor.shape) != 2 or tensor.is_variable:
        return None
    rows, depth = tensor.shape
    if (
        rows < 1
        or depth != elements(columns)
        or packed_bytes(tensor.shape, tensor.type) != len(data)
    ):
        return None
    quantization = tensor.quantization
    if quantization is not None and len(quantization.scale) > 1:
        if quantization.quantized_dimension != 0 or quantization.details is not None:
            return None
    if tensor.sparsity is not None or not budget.may_make(len(data)):
        return None
    import numpy as np

    order = (0, *(axis for axis in TO_CHANNELS_LAST if axis))
    maps = np.frombuffer(data, dtype=f"V{bits // 8}").reshape(rows, *columns)
    turned = np.ascontiguousarray(maps.transpose(order)).tobytes()
    return graph.add_tensor(tensor.shape, tensor.type, quantization, name=tensor.name, data=turned)
