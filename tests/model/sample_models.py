"""Models that between them use every part of the schema a converter writes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_channel, per_tensor
from tflint.model.schema import (
    BlockwiseQuantization,
    CustomQuantization,
    DimensionMetadata,
    ExternalBuffer,
    ExternalBufferGroup,
    IfOptions,
    Int32Vector,
    Padding,
    SparsityParameters,
    StableHLOCompositeOptions,
    TensorType,
    Uint8Vector,
    Uint16Vector,
    VariantSubType,
)
from tflint.model.tables import Model, OperatorCode, QuantizationParameters

FLOAT32, INT8, INT16 = TensorType.FLOAT32, TensorType.INT8, TensorType.INT16


def convolutions(type: TensorType = FLOAT32, weights: TensorType | None = None) -> ModelBuilder:
    """Two kinds of convolution, a pool and a classifier."""
    model = ModelBuilder()
    x = model.input((1, 8, 8, 3), type)
    y = model.conv_2d(x, 4, 3, padding=Padding.SAME, weights=weights)
    y = model.depthwise_conv_2d(y, 3, stride=2, weights=weights)
    y = model.pool_2d(y, "AVERAGE_POOL_2D")
    y = model.fully_connected(model.flatten(y), 5, weights=weights)
    model.output(model.softmax(y))
    return model


def float_model() -> Model:
    return convolutions().build()


def int8_model() -> Model:
    return convolutions(INT8).build()


def dynamic_range_model() -> Model:
    """Float activations, int8 weights."""
    return convolutions(weights=INT8).build()


def float16_model() -> Model:
    """Float activations, weights that are dequantized from float16."""
    return convolutions(weights=TensorType.FLOAT16).build()


def int16_model() -> Model:
    """int16 activations, int8 weights, int64 biases."""
    model = ModelBuilder()
    x = model.input((1, 6), INT16)
    model.output(model.fully_connected(x, 3))
    return model.build()


def custom_operator_model() -> Model:
    """An operator that only the runtime's owner knows."""
    model = ModelBuilder()
    x, y = model.input((1, 4)), model.tensor((1, 4))
    model.operator("FlexErf", [x], [y], custom_options=b"\x04Erf\x00\x12Erf")
    model.output(y)
    return model.build()


def multi_subgraph_model() -> Model:
    """A condition with a subgraph for each outcome."""
    model = ModelBuilder()
    condition, x = model.input((1,), TensorType.BOOL), model.input((1, 4))
    y = model.tensor((1, 4))
    options = IfOptions(then_subgraph_index=1, else_subgraph_index=2)
    model.operator("IF", [condition, x], [y], options)
    model.output(y)
    for name, operator in (("then", "RELU"), ("else", "TANH")):
        branch = model.subgraph(name)
        branch.output(branch.unary(operator, branch.input((1, 4))))
    return model.build()


def annotated_model() -> Model:
    """Signatures, metadata, a description, variables and dynamic shapes."""
    model = ModelBuilder("an annotated model")
    x = model.input((1, 4), shape_signature=(-1, 4))
    y = model.unary("LOGISTIC", x)
    model.tensor((1, 4), is_variable=True, name="state")
    model.output(y)
    model.metadata("min_runtime_version", b"1.5.0".ljust(16, b"\0"))
    model.metadata("CONVERSION_METADATA", b"")
    model.signature({"x": x}, {"y": y})
    model.signature({"features": x}, {"scores": y}, key="score")
    return model.build()


def exotic_model() -> Model:
    """Sparsity, variants, quantisation details and composite options."""
    model = ModelBuilder()
    x = model.input((1, 4))
    y = model.tensor((1, 4))
    model.operator("ADD", [x, x], [y], intermediates=[x])
    model.output(y)
    levels = (
        DimensionMetadata(dense_size=4),
        DimensionMetadata(
            format=1,
            array_segments=Uint8Vector(values=b"\0\2"),
            array_indices=Uint16Vector(values=(1, 60_000)),
        ),
        DimensionMetadata(
            format=1,
            array_segments=Int32Vector(values=(0, 1, 70_000)),
            array_indices=Int32Vector(values=()),
        ),
    )
    model.tensors[x] = dataclasses.replace(
        model.tensors[x],
        has_rank=True,
        sparsity=SparsityParameters(traversal_order=(0, 1), block_map=(), dim_metadata=levels),
        variant_tensors=(
            VariantSubType(shape=(2, 3), type=TensorType.INT64, has_rank=True),
            VariantSubType(),
        ),
        external_buffer=1,
    )
    for details in (
        CustomQuantization(custom=b"any"),
        BlockwiseQuantization(scales=1, zero_points=2, block_size=32, block_shape=(1, 32)),
    ):
        quantization = QuantizationParameters(
            min=(-1.0,), max=(1.0,), scale=(0.5,), zero_point=(2**40,), details=details
        )
        model.tensor((4,), INT8, quantization)
    model.tensor((2, 2), INT8, per_channel([0.5, 0.25], axis=1))
    model.tensor((2, 2), INT8, per_tensor(0.5, -128))
    composite = StableHLOCompositeOptions(name="odml.rms_norm", composite_attributes=b"\1\2")
    model.operators[0] = dataclasses.replace(
        model.operators[0],
        builtin_options2=composite,
        mutating_variable_inputs=(False, True),
        debug_metadata_index=3,
    )
    return dataclasses.replace(
        model.build(),
        metadata_buffer=(0, 5),
        external_buffer_groups=(ExternalBufferGroup(name="weights.bin"),),
        external_buffers=(ExternalBuffer(id=1, offset=2**33, length=9, packing="none"),),
    )


def unknown_operator_model() -> Model:
    """An operator code beyond those that the schema knows."""
    model = annotated_model()
    code = OperatorCode(deprecated_builtin_code=127, version=9, builtin_code=999)
    return dataclasses.replace(model, operator_codes=(code,))


SAMPLES: list[Callable[[], Model]] = [
    float_model,
    int8_model,
    dynamic_range_model,
    float16_model,
    int16_model,
    custom_operator_model,
    multi_subgraph_model,
    annotated_model,
    exotic_model,
    unknown_operator_model,
]
# Those that a runtime with the builtin operators can run.
RUNNABLE = [
    float_model,
    int8_model,
    dynamic_range_model,
    float16_model,
    int16_model,
    multi_subgraph_model,
    annotated_model,
]
