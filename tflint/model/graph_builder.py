"""One subgraph under construction: tensors, operators, and layers that compute their shapes.

Tensors are their indices in the subgraph. Layers follow their input's type: int8 in gives the
int8 kernel with per-channel weights, int32 bias and quantisation on every tensor, unless
`weights` says otherwise.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Protocol

from tflint.model.record import ABSENT, Record
from tflint.model.schema import (
    ActivationFunctionType,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    FullyConnectedOptions,
    Padding,
    Pool2DOptions,
    ReshapeOptions,
    SoftmaxOptions,
    TensorType,
)
from tflint.model.tables import (
    Operator,
    QuantizationParameters,
    SubGraph,
    Tensor,
)
from tflint.model.types import FORMATS, QUANTIZED_RANGES, elements

Shape = Sequence[int]
FLOAT32 = TensorType.FLOAT32
INT8 = TensorType.INT8


def float32(value: float) -> float:
    """The nearest number that a file can hold."""
    rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return rounded


def per_tensor(scale: float, zero_point: int = 0) -> QuantizationParameters:
    """One scale and zero point for a whole tensor."""
    return QuantizationParameters(scale=(float32(scale),), zero_point=(zero_point,))


def per_channel(scales: Iterable[float], axis: int) -> QuantizationParameters:
    """Symmetric quantisation with a scale for each index of dimension `axis`."""
    scales = tuple(float32(scale) for scale in scales)
    return QuantizationParameters(
        scale=scales, zero_point=(0,) * len(scales), quantized_dimension=axis
    )


def output_size(size: int, kernel: int, stride: int, padding: Padding, dilation: int = 1) -> int:
    """The output's length along one dimension of a convolution or pool.

    Source: `ComputeOutSize` in tensorflow/lite/kernels/padding.h.
    """
    if padding is Padding.SAME:
        return -(-size // stride)
    return (size + stride - (kernel - 1) * dilation - 1) // stride


class Owner(Protocol):
    """The model that a subgraph belongs to, as far as the subgraph needs it."""

    def buffer(self, data: bytes) -> int:
        """Store constant data; returns the buffer's index."""

    def operator_code(self, name: str, version: int = 1) -> int:
        """The index of an operator's code."""

    def random_data(self, shape: Shape, type: TensorType) -> bytes:
        """Pseudo-random constant data."""


class GraphBuilder:
    """One subgraph under construction; `ModelBuilder` is the first of a model's."""

    def __init__(self, model: Owner, name: str) -> None:
        self._model = model
        self._name = name
        self.tensors: list[Tensor] = []
        self.operators: list[Operator] = []
        self.inputs: list[int] = []
        self.outputs: list[int] = []

    # Tensors

    def tensor(
        self,
        shape: Shape,
        type: TensorType = FLOAT32,
        quantization: QuantizationParameters | None = None,
        *,
        name: str | None = None,
        buffer: int = 0,
        shape_signature: Shape = (),
        is_variable: bool = False,
    ) -> int:
        """An activation (or, with `buffer`, a constant). int8 and int16 get a default scale."""
        if quantization is None and type in (INT8, TensorType.INT16, TensorType.UINT8):
            quantization = per_tensor(0.05, 128 if type is TensorType.UINT8 else 0)
        index = len(self.tensors)
        self.tensors.append(
            Tensor(
                shape=tuple(shape),
                type=type,
                buffer=buffer,
                name=f"{self._name}/tensor_{index}" if name is None else name,
                quantization=quantization,
                is_variable=is_variable,
                shape_signature=tuple(shape_signature) or ABSENT,
            )
        )
        return index

    def input(
        self,
        shape: Shape,
        type: TensorType = FLOAT32,
        quantization: QuantizationParameters | None = None,
        *,
        name: str | None = None,
        shape_signature: Shape = (),
    ) -> int:
        """An input of the subgraph."""
        index = self.tensor(shape, type, quantization, name=name, shape_signature=shape_signature)
        self.inputs.append(index)
        return index

    def constant(
        self,
        shape: Shape,
        type: TensorType = FLOAT32,
        values: bytes | Sequence[float] | None = None,
        quantization: QuantizationParameters | None = None,
        *,
        name: str | None = None,
    ) -> int:
        """A constant: raw bytes, numbers, or (without `values`) pseudo-random ones."""
        if values is None:
            data = self._model.random_data(shape, type)
        elif isinstance(values, bytes):
            data = values
        else:
            data = struct.pack(f"<{len(values)}{FORMATS[type]}", *values)
        buffer = self._model.buffer(data)
        return self.tensor(shape, type, quantization, name=name, buffer=buffer)

    def output(self, *tensors: int) -> None:
        """Make these tensors outputs of the subgraph."""
        self.outputs.extend(tensors)

    def shape(self, tensor: int) -> tuple[int, ...]:
        """The shape of a tensor."""
        return self.tensors[tensor].shape

    def type(self, tensor: int) -> TensorType:
        """The type of a tensor."""
        return self.tensors[tensor].type

    # Operators

    def operator(
        self,
        name: str,
        inputs: Sequence[int],
        outputs: Sequence[int],
        options: Record | None = None,
        *,
        version: int = 1,
        custom_options: bytes | None = None,
        intermediates: Sequence[int] = (),
    ) -> None:
        """Any operator by its schema name; a name that the schema lacks is a custom operator."""
        self.operators.append(
            Operator(
                opcode_index=self._model.operator_code(name, version),
                inputs=tuple(inputs),
                outputs=tuple(outputs),
                builtin_options=options,
                custom_options=custom_options,
                intermediates=tuple(intermediates) or ABSENT,
            )
        )

    def unary(self, name: str, x: int, options: Record | None = None) -> int:
        """An operator whose output looks like its input, such as RELU or LOGISTIC."""
        y = self.tensor(self.shape(x), self.type(x), self.tensors[x].quantization)
        self.operator(name, [x], [y], options)
        return y

    def conv_2d(
        self,
        x: int,
        filters: int,
        kernel: int | tuple[int, int],
        *,
        stride: int = 1,
        dilation: int = 1,
        padding: Padding = Padding.VALID,
        activation: ActivationFunctionType = ActivationFunctionType.RELU,
        weights: TensorType | None = None,
    ) -> int:
        """CONV_2D over (N, H, W, C) with (filters, kernel, kernel, C) weights and a bias."""
        batch, height, width, channels = self.shape(x)
        kernel_h, kernel_w = (kernel, kernel) if isinstance(kernel, int) else kernel
        w, b = self._weights(x, (filters, kernel_h, kernel_w, channels), 0, weights)
        y = self.tensor(
            (
                batch,
                output_size(height, kernel_h, stride, padding, dilation),
                output_size(width, kernel_w, stride, padding, dilation),
                filters,
            ),
            self.type(x),
        )
        options = Conv2DOptions(
            padding=padding,
            stride_w=stride,
            stride_h=stride,
            fused_activation_function=activation,
            dilation_w_factor=dilation,
            dilation_h_factor=dilation,
        )
        self.operator("CONV_2D", [x, w, b], [y], options, version=3 if self.type(x) == INT8 else 1)
        return y

    def depthwise_conv_2d(
        self,
        x: int,
        kernel: int,
        *,
        multiplier: int = 1,
        stride: int = 1,
        padding: Padding = Padding.SAME,
        activation: ActivationFunctionType = ActivationFunctionType.RELU,
        weights: TensorType | None = None,
    ) -> int:
        """DEPTHWISE_CONV_2D with (1, kernel, kernel, C * multiplier) weights and a bias."""
        batch, height, width, channels = self.shape(x)
        out = channels * multiplier
        w, b = self._weights(x, (1, kernel, kernel, out), 3, weights)
        y = self.tensor(
            (
                batch,
                output_size(height, kernel, stride, padding),
                output_size(width, kernel, stride, padding),
                out,
            ),
            self.type(x),
        )
        options = DepthwiseConv2DOptions(
            padding=padding,
            stride_w=stride,
            stride_h=stride,
            depth_multiplier=multiplier,
            fused_activation_function=activation,
        )
        version = 3 if self.type(x) == INT8 else 1
        self.operator("DEPTHWISE_CONV_2D", [x, w, b], [y], options, version=version)
        return y

    def fully_connected(
        self,
        x: int,
        units: int,
        *,
        activation: ActivationFunctionType = ActivationFunctionType.NONE,
        weights: TensorType | None = None,
    ) -> int:
        """FULLY_CONNECTED over the flattened input with (units, depth) weights and a bias."""
        batch, *rest = self.shape(x)
        w, b = self._weights(x, (units, elements(rest)), None, weights)
        y = self.tensor((batch, units), self.type(x))
        options = FullyConnectedOptions(fused_activation_function=activation)
        version = 4 if self.type(x) == INT8 else 1
        self.operator("FULLY_CONNECTED", [x, w, b], [y], options, version=version)
        return y

    def pool_2d(
        self,
        x: int,
        kind: str = "MAX_POOL_2D",
        *,
        size: int = 2,
        stride: int | None = None,
        padding: Padding = Padding.VALID,
    ) -> int:
        """MAX_POOL_2D, AVERAGE_POOL_2D or L2_POOL_2D; the stride is the size unless given."""
        batch, height, width, channels = self.shape(x)
        stride = size if stride is None else stride
        y = self.tensor(
            (
                batch,
                output_size(height, size, stride, padding),
                output_size(width, size, stride, padding),
                channels,
            ),
            self.type(x),
            self.tensors[x].quantization,
        )
        options = Pool2DOptions(
            padding=padding,
            stride_w=stride,
            stride_h=stride,
            filter_width=size,
            filter_height=size,
        )
        self.operator(kind, [x], [y], options, version=2 if self.type(x) == INT8 else 1)
        return y

    def reshape(self, x: int, shape: Shape) -> int:
        """RESHAPE to a constant shape."""
        y = self.tensor(shape, self.type(x), self.tensors[x].quantization)
        to = self.constant((len(shape),), TensorType.INT32, tuple(shape))
        self.operator("RESHAPE", [x, to], [y], ReshapeOptions(new_shape=tuple(shape)))
        return y

    def flatten(self, x: int) -> int:
        """RESHAPE to (batch, everything else), as Keras' Flatten becomes."""
        batch, *rest = self.shape(x)
        return self.reshape(x, (batch, elements(rest)))

    def softmax(self, x: int) -> int:
        """SOFTMAX over the last dimension; its output has the scale that kernels demand."""
        demanded = {INT8: per_tensor(1 / 256, -128), TensorType.INT16: per_tensor(1 / 32768)}
        y = self.tensor(self.shape(x), self.type(x), demanded.get(self.type(x)))
        version = 2 if self.type(x) is INT8 else 1
        self.operator("SOFTMAX", [x], [y], SoftmaxOptions(beta=1.0), version=version)
        return y

    def _weights(
        self, x: int, shape: Shape, axis: int | None, type: TensorType | None
    ) -> tuple[int, int]:
        """Weights and bias for an input of this type; `axis` is where channels are."""
        activation = self.type(x)
        type = type or (INT8 if activation in (INT8, TensorType.INT16) else activation)
        channels = shape[0 if axis is None else axis]
        quantization = None
        if type is TensorType.UINT8:
            # The scheme of before 2020 has one scale for all channels.
            quantization = per_tensor(0.01, 128)
        elif type in QUANTIZED_RANGES:
            scales = [0.01] if axis is None else [0.01 + 0.0001 * c for c in range(channels)]
            quantization = per_channel(scales, axis or 0)
        w = self.constant(shape, type, quantization=quantization)
        if type is TensorType.FLOAT16:
            w = self._dequantize(w)
        if activation is FLOAT32:
            return w, self.constant((channels,), FLOAT32)
        wide = activation is TensorType.INT16
        input_scale = self.tensors[x].quantization
        assert input_scale is not None and quantization is not None
        bias_scales = per_channel([input_scale.scale[0] * s for s in quantization.scale], 0)
        bias_type = TensorType.INT64 if wide else TensorType.INT32
        return w, self.constant((channels,), bias_type, [0] * channels, bias_scales)

    def _dequantize(self, x: int) -> int:
        y = self.tensor(self.shape(x), FLOAT32)
        self.operator("DEQUANTIZE", [x], [y], version=3)
        return y

    def finish(self) -> SubGraph:
        """The subgraph as it stands."""
        return SubGraph(
            tensors=tuple(self.tensors),
            inputs=tuple(self.inputs),
            outputs=tuple(self.outputs),
            operators=tuple(self.operators),
            name=self._name,
        )
