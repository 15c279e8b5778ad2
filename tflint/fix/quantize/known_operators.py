"""Operators that have no integer kernel, in terms of those that have."""

from __future__ import annotations

import struct

from tflint.fix.model.model_edit import ModelEdit
from tflint.model.graph import graphs
from tflint.model.schema import MulOptions, TensorType
from tflint.model.tables import Model

FLOAT32 = TensorType.FLOAT32
_NEGATION, _SQUARE = "NEG", "SQUARE"


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
