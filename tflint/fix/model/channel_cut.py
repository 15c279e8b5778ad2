"""Taking channels out of a layer, out of what handles them, and out of what reads them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflint.analysis.channel_groups import Step
from tflint.analysis.dataflow import Dataflow
from tflint.analysis.dead_channels import DeadGroup
from tflint.analysis.operator_kinds import RESHAPES
from tflint.analysis.stored_constants import stored
from tflint.analysis.weighted_layers import WeightedLayer
from tflint.fix.model.model_edit import GraphEdit
from tflint.model.graph import Value
from tflint.model.schema import DepthwiseConv2DOptions, ReshapeOptions, TensorType
from tflint.model.tables import QuantizationParameters

Numbers = NDArray[Any]
Reals = NDArray[np.float64]
_DTYPES = {
    TensorType.FLOAT32: "<f4",
    TensorType.FLOAT16: "<f2",
    TensorType.INT8: "<i1",
    TensorType.UINT8: "<u1",
    TensorType.INT16: "<i2",
    TensorType.INT32: "<i4",
    TensorType.INT64: "<i8",
}
_FLOATS = frozenset((TensorType.FLOAT32, TensorType.FLOAT16))
_LIMITS = {TensorType.INT32: 2**31 - 1, TensorType.INT64: 2**47}


class ChannelCut:
    """The removal of a group's channels, as far as they are removable."""

    def __init__(self, found: DeadGroup, graph: GraphEdit, dataflow: Dataflow) -> None:
        self._found = found
        self._group = found.group
        self._graph = graph
        self._dataflow = dataflow
        gone = set(found.removable)
        self._kept = np.array([c for c in range(found.group.count) if c not in gone], np.int64)

    def carry_out(self) -> bool:
        """Do it; false, and nothing done, where a bias cannot hold what the channels gave."""
        biases = [
            (step.layer, self._bias_without(step.layer, step.x))
            for step in self._group.steps
            if step.layer is not None and step.y is None
        ]
        if any(bias is None for _, bias in biases):
            return False
        maker = self._group.maker
        self._cut_rows(maker)
        self._cut_values((maker.output,))
        for step in self._group.steps:
            if step.y is None:
                assert step.layer is not None
                self._cut_columns(step.layer)
                continue
            self._cut_values((step.y,))
            if step.layer is not None:
                self._cut_rows(step.layer)
            else:
                self._cut_constants(step)
        for layer, bias in biases:
            assert bias is not None
            self._store_bias(layer, bias)
        return True

    # Layers

    def _cut_rows(self, layer: WeightedLayer) -> None:
        """Take the channels out of the weights and the bias of a layer that makes them."""
        node, axis = layer.node, 3 if layer.is_depthwise else 0
        self._cut_weights(layer, axis, self._kept)
        options = node.options
        if isinstance(options, DepthwiseConv2DOptions) and layer.x.shape[-1:] == (1,):
            self._change(node.index, options, depth_multiplier=len(self._kept))
        if node.name == "TRANSPOSE_CONV":
            to = node.input(0)
            shape = None if to is None else to.integers()
            assert shape is not None
            self._set_input(node.index, 0, self._integers((*shape[:-1], len(self._kept))))
        bias = layer.bias
        if bias is not None:
            behind = stored(bias)
            assert behind is not None
            numbers = _numbers(behind).reshape(-1)[self._kept]
            self._replace_constant(layer, bias, numbers, 0, self._kept)

    def _cut_columns(self, layer: WeightedLayer) -> None:
        """Take the channels out of the weights of a layer that reads them."""
        axis = len(layer.weights.shape) - 1
        self._cut_weights(layer, axis, self._places(layer.weights.shape[axis]))

    def _cut_weights(self, layer: WeightedLayer, axis: int, kept: Numbers) -> None:
        weights, read = layer.weights, layer.node.input(1)
        assert read is not None
        numbers = np.take(_numbers(weights), kept, axis)
        shape = numbers.shape
        self._graph.set_data(
            weights.index,
            numbers.tobytes(),
            shape=shape,
            quantization=_cut_scales(weights.tensor.quantization, axis, kept, weights.shape),
        )
        if read is not weights:
            self._graph.change_tensor(read.index, shape=shape, **_signature(read, shape))

    # What layers that read constant channels add for them

    def _bias_without(self, layer: WeightedLayer, x: Value) -> Numbers | None:
        """The bias of a layer when the removed channels are gone from what it reads."""
        count, bias = layer.channels.channels, layer.bias
        behind = stored(bias)
        is_float = layer.x.type is TensorType.FLOAT32
        dtype = "<f4" if is_float else "<i4" if layer.x.type is not TensorType.INT16 else "<i8"
        if behind is not None and not is_float:
            dtype = _DTYPES[behind.type]
        total = np.zeros(count) if behind is None else _numbers(behind).reshape(-1).astype(float)
        held = self._found.held[x.index]
        for c in self._found.removable:
            number = held.get(c)
            if number:
                total = total + self._given(layer, c, number)
        if is_float:
            found = total.astype(dtype)
            return found if np.isfinite(found).all() else None
        limit = _LIMITS[TensorType.INT64 if dtype == "<i8" else TensorType.INT32]
        return np.rint(total).astype(dtype) if (np.abs(total) <= limit).all() else None

    def _given(self, layer: WeightedLayer, c: int, number: float) -> Reals:
        """What one channel of this number adds to each output, in the bias's own steps."""
        weights = layer.weights
        axis = len(weights.shape) - 1
        columns = np.arange(c, weights.shape[axis], self._group.count)
        w = np.take(_numbers(weights), columns, axis).astype(np.float64)
        found = weights.quantization
        if weights.type not in _FLOATS and found is not None:
            points = np.asarray(found.zero_point or (0,), np.float64)
            w = w - points.reshape((-1,) + (1,) * (w.ndim - 1))
        total: Reals = w.reshape(len(w), -1).sum(axis=1)
        if layer.x.type is not TensorType.FLOAT32:
            assert layer.x.quantization is not None
            total *= np.rint(number / layer.x.quantization.scale[0])
            return total
        if weights.type not in _FLOATS and found is not None:
            total = total * np.asarray(found.scale, np.float64)
        total *= number
        return total

    def _store_bias(self, layer: WeightedLayer, numbers: Numbers) -> None:
        bias = layer.bias
        if bias is None and not numbers.any():
            return
        behind = stored(bias)
        if behind is not None and np.array_equal(
            _numbers(behind).reshape(-1).astype(np.float64), numbers.astype(np.float64)
        ):
            return
        type = next(t for t, code in _DTYPES.items() if code == numbers.dtype.str)
        quantization = None
        if bias is not None:
            if behind is bias:
                quantization = bias.tensor.quantization
        elif type is not TensorType.FLOAT32:
            quantization = _bias_scales(layer)
        index = self._graph.add_tensor(
            (numbers.size,),
            type,
            quantization,
            name=_name(self._graph, bias),
            data=numbers.tobytes(),
        )
        self._set_input(layer.node.index, 3 if layer.node.name == "TRANSPOSE_CONV" else 2, index)
        self._drop_dequantize(bias)

    def _drop_dequantize(self, value: Value | None) -> None:
        """Take the DEQUANTIZE of a constant out that only one layer read."""
        if value is None or value.data is not None or value.is_output:
            return
        if self._dataflow.reads(value) == 1 and value.producer is not None:
            self._graph.remove(value.producer.index)

    # Values and the constants of operators in between

    def _cut_values(self, values: Sequence[Value]) -> None:
        for value in values:
            shape = self._cut_shape(value.shape)
            self._graph.change_tensor(value.index, shape=shape, **_signature(value, shape))

    def _cut_constants(self, step: Step) -> None:
        node = step.node
        assert step.y is not None
        if node.name in RESHAPES:
            self._cut_reshape(step)
            return
        for place, value in enumerate(node.inputs):
            if place == 0 or value is None or value is step.x or not value.shape:
                continue
            if value.data is None or node.name not in _PER_CHANNEL:
                continue
            if value.shape[-1] == 1 or value.shape[-1] % self._group.count:
                continue
            kept = self._places(value.shape[-1])
            axis = len(value.shape) - 1
            numbers = np.take(_numbers(value), kept, axis)
            index = self._graph.add_tensor(
                numbers.shape,
                value.type,
                _cut_scales(value.tensor.quantization, axis, kept, value.shape),
                name=value.tensor.name,
                data=numbers.tobytes(),
            )
            self._set_input(node.index, place, index)

    def _cut_reshape(self, step: Step) -> None:
        node, y = step.node, step.y
        assert y is not None
        if node.name != "RESHAPE":
            return
        shape = self._cut_shape(y.shape)
        if isinstance(node.options, ReshapeOptions) and node.options.new_shape:
            self._change(
                node.index,
                node.options,
                new_shape=self._cut_target(node.options.new_shape, shape),
            )
        argument = node.input(1)
        if argument is not None:
            target = argument.integers()
            assert target is not None
            self._set_input(node.index, 1, self._integers(self._cut_target(target, shape)))

    def _cut_target(self, target: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
        """What a reshape is to make now; a dimension left to it stays so."""
        return (*target[:-1], shape[-1] if target[-1] != -1 else -1)

    def _cut_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (*shape[:-1], shape[-1] // self._group.count * len(self._kept))

    def _places(self, size: int) -> Numbers:
        """The positions along a dimension that hold channels that stay."""
        starts = np.arange(0, size, self._group.count)
        return (starts[:, None] + self._kept[None, :]).reshape(-1)

    # The graph

    def _integers(self, values: tuple[int, ...]) -> int:
        data = np.asarray(values, "<i4").tobytes()
        name = f"shape_{len(self._graph.tensors)}"
        return self._graph.add_tensor((len(values),), TensorType.INT32, name=name, data=data)

    def _replace_constant(
        self, layer: WeightedLayer, value: Value, numbers: Numbers, axis: int, kept: Numbers
    ) -> None:
        """Give a layer another constant for one of its own, behind its DEQUANTIZE if it has one."""
        behind = stored(value)
        assert behind is not None
        quantization = _cut_scales(behind.tensor.quantization, axis, kept, behind.shape)
        is_own = all(self._dataflow.reads(v) == 1 and not v.is_output for v in (value, behind))
        if is_own:
            self._graph.set_data(
                behind.index, numbers.tobytes(), shape=numbers.shape, quantization=quantization
            )
            if value is not behind:
                self._graph.change_tensor(value.index, shape=numbers.shape)
            return
        if behind.type is TensorType.FLOAT16:
            numbers = numbers.astype("<f4")
        index = self._graph.add_tensor(
            numbers.shape,
            TensorType.FLOAT32 if behind.type is TensorType.FLOAT16 else behind.type,
            quantization,
            name=_name(self._graph, value),
            data=numbers.tobytes(),
        )
        self._set_input(layer.node.index, layer.node.inputs.index(value), index)
        self._drop_dequantize(value)

    def _set_input(self, operator: int, place: int, index: int) -> None:
        inputs = list(self._graph.operator(operator).inputs)
        inputs[place : place + 1] = [index]
        self._graph.change_operator(operator, inputs=tuple(inputs))

    def _change(self, operator: int, options: Any, **fields: Any) -> None:
        self._graph.change_operator(
            operator, builtin_options=dataclasses.replace(options, **fields)
        )


_PER_CHANNEL = frozenset(("ADD", "DIV", "MAXIMUM", "MINIMUM", "MUL", "PRELU", "SUB"))


def _numbers(constant: Value) -> Numbers:
    assert constant.data is not None
    return np.frombuffer(constant.data, _DTYPES[constant.type]).reshape(constant.shape)


def _signature(value: Value, shape: tuple[int, ...]) -> dict[str, Any]:
    """The shape with what is unknown in it, where there is one."""
    known = value.tensor.shape_signature
    return {"shape_signature": (*known[:-1], shape[-1])} if known else {}


def _cut_scales(
    quantization: QuantizationParameters | None,
    axis: int,
    kept: Numbers,
    shape: tuple[int, ...],
) -> QuantizationParameters | None:
    """Quantisation of what is left along an axis."""
    if quantization is None or len(quantization.scale) <= 1:
        return quantization
    if quantization.quantized_dimension != axis or len(quantization.scale) != shape[axis]:
        return quantization
    indices = kept.tolist()
    changed: dict[str, Any] = {
        name: tuple(found[i] for i in indices)
        for name in ("scale", "zero_point", "min", "max")
        if len(found := getattr(quantization, name)) == shape[axis]
    }
    return dataclasses.replace(quantization, **changed)


def _bias_scales(layer: WeightedLayer) -> QuantizationParameters | None:
    x, weights = layer.x.quantization, layer.weights.quantization
    if x is None or weights is None:
        return None
    scale = tuple(x.scale[0] * s for s in weights.scale)
    return QuantizationParameters(scale=scale, zero_point=(0,) * len(scale))


def _name(graph: GraphEdit, value: Value | None) -> str:
    """A name for what takes a constant's place."""
    found = None if value is None else value.tensor.name
    return found or f"bias_{len(graph.tensors)}"
