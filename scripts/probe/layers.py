"""Cases of the operators with weights, of pooling and of recurrent layers."""

from __future__ import annotations

from probe.cases import Case, Input, Output, Shape, T
from probe.recipe import always, numbers, shape_of
from tflint.model.schema import (
    ActivationFunctionType,
    BatchMatMulOptions,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    FullyConnectedOptions,
    Padding,
    Pool2DOptions,
    SVDFOptions,
    TransposeConvOptions,
    UnidirectionalSequenceLSTMOptions,
)

NO_ACTIVATION = ActivationFunctionType.NONE


def conv_2d() -> Case:
    return Case(
        (
            Input("input", (1, 4, 4, 2)),
            Input("filter", (4, 3, 3, 2), "weights", constant=True, channels=0),
            Input("bias", (4,), "bias", constant=True, optional=True),
        ),
        (Output((1, 2, 2, 4)),),
        always(Conv2DOptions(padding=Padding.VALID, stride_w=1, stride_h=1)),
    )


def depthwise_conv_2d() -> Case:
    return Case(
        (
            Input("input", (1, 4, 4, 4)),
            Input("filter", (1, 3, 3, 4), "weights", constant=True, channels=3),
            Input("bias", (4,), "bias", constant=True, optional=True),
        ),
        (Output((1, 2, 2, 4)),),
        always(
            DepthwiseConv2DOptions(
                padding=Padding.VALID, stride_w=1, stride_h=1, depth_multiplier=1
            )
        ),
    )


def fully_connected(rank: int) -> Case:
    return Case(
        (
            Input("input", shape_of(rank)),
            Input("filter", (4, 4), "weights", constant=True, channels=0),
            Input("bias", (4,), "bias", constant=True, optional=True),
        ),
        (Output(shape_of(rank)),),
        always(FullyConnectedOptions(keep_num_dims=rank != 2)),
    )


def transpose_conv() -> Case:
    return Case(
        (
            numbers("output_shape", (1, 4, 4, 4)),
            Input("filter", (4, 3, 3, 2), "weights", constant=True, channels=0),
            Input("input", (1, 2, 2, 2)),
            Input("bias", (4,), "bias", constant=True, optional=True),
        ),
        (Output((1, 4, 4, 4)),),
        always(TransposeConvOptions(padding=Padding.VALID, stride_w=1, stride_h=1)),
    )


def batch_matmul(rank: int) -> Case:
    leading = (1,) * (rank - 2)
    return Case(
        (Input("x", (*leading, 2, 4)), Input("y", (*leading, 4, 2))),
        (Output((*leading, 2, 2)),),
        always(BatchMatMulOptions()),
    )


def pool() -> Case:
    options = Pool2DOptions(
        padding=Padding.VALID, stride_w=2, stride_h=2, filter_width=2, filter_height=2
    )
    return Case((Input("input", (1, 4, 4, 2)),), (Output((1, 2, 2, 2)),), always(options))


def svdf() -> Case:
    return Case(
        (
            Input("input", (1, 3)),
            Input("weights_feature", (4, 3), "weights", constant=True),
            Input("weights_time", (4, 5), "weights", constant=True),
            Input("bias", (4,), "bias", constant=True, optional=True),
            Input("state", (1, 20), "state"),
        ),
        (Output((1, 4)),),
        always(SVDFOptions(rank=1)),
    )


def lstm() -> Case:
    """Two units over (batch, time, features); peephole, projection, layer norm left out."""
    units, features = 2, 3

    def gates(name: str, shape: Shape, role: str) -> list[Input]:
        return [
            Input(f"{name}_to_{gate}", shape, role, constant=True, optional=True)
            for gate in ("input", "forget", "cell", "output")
        ]

    inputs = [
        Input("input", (1, 2, features)),
        *gates("input", (units, features), "weights"),
        *gates("recurrent", (units, units), "weights"),
        *gates("cell", (units,), "weights")[:3],
        *gates("bias", (units,), "bias"),
        Input("projection_weights", (units, units), "weights", constant=True, optional=True),
        Input("projection_bias", (units,), "bias", constant=True, optional=True),
        Input("output_state", (1, units), "state"),
        Input("cell_state", (1, units), "state", scales={T.INT16: ((2**-11, 0),)}),
        *gates("layer_norm", (units,), "weights"),
    ]
    options = UnidirectionalSequenceLSTMOptions(
        fused_activation_function=ActivationFunctionType.TANH
    )
    return Case(tuple(inputs), (Output((1, 2, units)),), always(options))


def lstm_types(activation: str, weights: str, bias: str, cell: str) -> str:
    gates = [weights] * 8 + ["none"] * 3 + [bias] * 4 + ["none"] * 2
    inputs = [activation, *gates, activation, cell, *["none"] * 4]
    return f"{','.join(inputs)}->{activation}"
