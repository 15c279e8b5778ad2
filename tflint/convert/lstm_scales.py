"""Quantised LSTMs whose state and output are stored on one scale, as their kernels take them to be.

TensorFlow's quantiser gives the output another scale where an operator behind it wants one, as
CONCATENATION does of both halves of a Bidirectional. The kernels write the same integers to both:
LiteRT on the scale of the hidden state's intermediate tensor, TFLM on that of the output, so that
each is wrong by the quotient somewhere (measured: 26 dB where 48 are to be had).
"""

from __future__ import annotations

import dataclasses

from tflint.model.schema import TensorType
from tflint.model.tables import Model, Operator, SubGraph, Tensor

_LSTM = "UNIDIRECTIONAL_SEQUENCE_LSTM"
_PROJECTION, _STATE, _HIDDEN = 16, 18, 4
_INTEGERS = frozenset((TensorType.INT8, TensorType.INT16))


def with_one_scale(model: Model) -> Model:
    """The model with the output's scale for the hidden state, which fits into it."""
    found = tuple(_with_one_scale(model, graph) for graph in model.subgraphs)
    if all(new is old for new, old in zip(found, model.subgraphs, strict=True)):
        return model
    return dataclasses.replace(model, subgraphs=found)


def _with_one_scale(model: Model, graph: SubGraph) -> SubGraph:
    tensors = list(graph.tensors)
    for operator in graph.operators:
        if model.operator_codes[operator.opcode_index].name != _LSTM:
            continue
        output = tensors[operator.outputs[0]]
        if output.type not in _INTEGERS or output.quantization is None:
            continue
        for index in _same_as_output(operator):
            held: Tensor = tensors[index]
            if held.type is output.type and held.quantization != output.quantization:
                tensors[index] = dataclasses.replace(held, quantization=output.quantization)
    if all(new is old for new, old in zip(tensors, graph.tensors, strict=True)):
        return graph
    return dataclasses.replace(graph, tensors=tuple(tensors))


def _same_as_output(operator: Operator) -> list[int]:
    """The hidden state and its intermediate; with a projection the latter is another value."""
    found = [operator.inputs[_STATE]]
    has_projection = operator.inputs[_PROJECTION] >= 0
    if not has_projection and len(operator.intermediates) > _HIDDEN:
        found.append(operator.intermediates[_HIDDEN])
    return found
