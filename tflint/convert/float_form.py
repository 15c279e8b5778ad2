"""The float network that any .tflite stands for: the same graph with every value a float32.

Weights stored small, integer activations and TensorFlow's own operators all go. What is left has
the constants that the file's numbers stand for, and gives its answers but for the rounding of
the activations.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tflint.errors import TflintError
from tflint.fix.model.model_edit import GraphEdit, ModelEdit
from tflint.fix.model.repair import repair, start
from tflint.fix.quantize.float_model import dequantized, stored_numbers, with_float_weights
from tflint.model.graph import Graph, Value, graphs
from tflint.model.schema import ReshapeOptions, TensorType
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint.printable import printable
from tflint.target.target import Target

# TensorFlow's operators become builtins, and what they are given as constants is computed.
_LOWERING = frozenset(("TFL010", "TFL201", "TFL605"))
_INTEGERS = frozenset((TensorType.INT8, TensorType.UINT8, TensorType.INT16))
_WIDE = frozenset((TensorType.INT32, TensorType.INT64, TensorType.INT4))
# Operators whose biases are wide integers.
_BIASED = frozenset(
    (
        "CONV_2D",
        "CONV_3D",
        "DEPTHWISE_CONV_2D",
        "FULLY_CONNECTED",
        "TRANSPOSE_CONV",
        "BATCH_MATMUL",
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
        "SVDF",
    )
)
_CONVERSIONS = frozenset(("QUANTIZE", "DEQUANTIZE"))


# What rounding to a type moves a weight by at most, as a share of the greatest: half a step, and
# float16 by half of its last place; a little more for what was computed with it since.
_ROUNDING = {
    TensorType.FLOAT16: 0.51 * 2**-10,
    TensorType.INT16: 0.51 / 32767,
    TensorType.INT8: 0.51 / 127,
    TensorType.UINT8: 0.51 / 127,
    TensorType.INT4: 0.51 / 7,
}
_NO_ROUNDING = 1e-5


class NoFloatForm(TflintError):
    """What a model's numbers stand for cannot be told."""


def float_form(model: Model, target: Target) -> Model:
    """A sound model in float32 throughout, with builtin operators where these are known.

    Raises `NoFloatForm` for constants whose quantisation does not say what they stand for.
    """
    model = _without_integers(with_float_weights(model))
    if any(code.is_custom for code in model.operator_codes):
        work = start(write_model(model), target)
        repair(work, target, is_wanted=lambda code: code in _LOWERING, unsafe=True)
        model = work.model
    return model


def rounding(model: Model) -> float:
    """What weights of a sound model are off by at most, as a share of the greatest of a kernel."""
    kinds = {
        value.type
        for graph in graphs(model)
        for value in graph.values
        if value.is_constant
        and (value.quantization is not None or value.type is TensorType.FLOAT16)
    }
    return max((_ROUNDING.get(kind, 0.0) for kind in kinds), default=0.0) + _NO_ROUNDING


def _without_integers(model: Model) -> Model:
    """The model with every integer that stands for a real as that real."""
    views = graphs(model)
    if not any(_stands_for_a_real(value) for graph in views for value in graph.values):
        return model
    edit = ModelEdit(model)
    for graph in views:
        changed = edit.graph(graph.index)
        for value in graph.values:
            if not _stands_for_a_real(value):
                continue
            if value.is_constant:
                real = _real(value)
                if real is None:
                    raise NoFloatForm(
                        f"the quantisation of `{printable(value.name, 80)}` does not fit its data"
                    )
                changed.set_data(
                    value.index, real.tobytes(), type=TensorType.FLOAT32, quantization=None
                )
            else:
                changed.change_tensor(value.index, type=TensorType.FLOAT32, quantization=None)
        for node in graph.nodes:
            if node.operator.intermediates:
                changed.change_operator(node.index, intermediates=())
        _without_conversions(changed, graph)
    return edit.finish()


def _real(value: Value) -> NDArray[np.float32] | None:
    """The real values of a constant; also of a bias that names the dimension of its weights."""
    real = dequantized(value)
    found = value.quantization
    if real is None and found is not None and value.shape == (len(found.scale),):
        numbers = stored_numbers(value)
        points = np.asarray(found.zero_point or (0,), np.int64)
        if numbers is not None and len(points) in (1, len(numbers)):
            shifted = (numbers.astype(np.int64) - points).astype(np.float32)
            real = shifted * np.asarray(found.scale, np.float32)
    return real


def _stands_for_a_real(value: Value) -> bool:
    if value.quantization is None:
        return False
    if value.type in _INTEGERS:
        return True
    is_read = value.is_constant and value.type in _WIDE
    return is_read and any(node.name in _BIASED for node in value.consumers)


def _without_conversions(changed: GraphEdit, graph: Graph) -> None:
    """Let what QUANTIZE and DEQUANTIZE made be what they were given."""
    for node in graph.nodes:
        source = node.input(0)
        if node.name not in _CONVERSIONS or source is None or len(node.outputs) != 1:
            continue
        made = node.outputs[0]
        operator = changed.operator(node.index)
        before, after = operator.inputs[0], operator.outputs[0]
        if not made.is_output:
            changed.read_instead(after, before)
            changed.remove(node.index)
        elif source.producer is not None and not source.is_output:
            changed.write_instead(before, after)
            changed.remove(node.index)
        elif math.prod(made.shape) == math.prod(source.shape):
            shape = np.asarray(made.shape, "<i4")
            to = changed.add_tensor((len(shape),), TensorType.INT32, data=shape.tobytes())
            changed.replace(
                node.index, "RESHAPE", (before, to), (after,), ReshapeOptions(new_shape=made.shape)
            )


def is_float(model: Model) -> bool:
    """Whether a model stores and computes all that stands for reals in float32."""
    return not any(
        value.type is TensorType.FLOAT16 or _stands_for_a_real(value)
        for graph in graphs(model)
        for value in graph.values
    )
