"""What the kernels of CMSIS-NN ask for."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tflint.memory.abi import CORTEX_M, Struct
from tflint.memory.kernels import find_kernel
from tflint.memory.kernels.cmsis_convolution import CMSIS_CONV_DATA, CMSIS_TRANSPOSE_CONV_DATA
from tflint.memory.kernels.cmsis_matrix_multiplication import (
    CMSIS_BATCH_MATMUL_DATA,
    CMSIS_FULLY_CONNECTED_DATA,
)
from tflint.memory.kernels.cmsis_pooling import CMSIS_POOLING_DATA
from tflint.memory.kernels.cmsis_recurrent import CMSIS_LSTM_DATA, CMSIS_SVDF_DATA
from tflint.memory.kernels.cmsis_softmax import CMSIS_SOFTMAX_DATA
from tflint.memory.requests import Build, Library, Requests
from tflint.model.builder import ModelBuilder
from tflint.model.graph import graphs
from tflint.model.graph_builder import per_channel, per_tensor
from tflint.model.record import Record
from tflint.model.schema import (
    BatchMatMulOptions,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    Padding,
    SVDFOptions,
    TensorType,
    TransposeConvOptions,
)

PLAIN, DSP, MVE = Library.CMSIS_NN, Library.CMSIS_NN_DSP, Library.CMSIS_NN_MVE
CMSIS_NN = (PLAIN, DSP, MVE)
FLOAT32, INT4, INT8 = TensorType.FLOAT32, TensorType.INT4, TensorType.INT8
INT16, INT32, INT64 = TensorType.INT16, TensorType.INT32, TensorType.INT64

# Built for a Cortex-M4: sizeof of what each kernel's `Init` allocates.
MEASURED = {
    "conv.cc, depthwise_conv.cc": (CMSIS_CONV_DATA, 60),
    "fully_connected.cc": (CMSIS_FULLY_CONNECTED_DATA, 72),
    "batch_matmul.cc": (CMSIS_BATCH_MATMUL_DATA, 36),
    "pooling.cc": (CMSIS_POOLING_DATA, 36),
    "softmax.cc": (CMSIS_SOFTMAX_DATA, 64),
    "svdf.cc": (CMSIS_SVDF_DATA, 40),
    "transpose_conv.cc": (CMSIS_TRANSPOSE_CONV_DATA, 76),
    "unidirectional_sequence_lstm.cc": (CMSIS_LSTM_DATA, 912),
}


@pytest.mark.parametrize(("data", "size"), MEASURED.values(), ids=MEASURED)
def test_size_of_data(data: Struct, size: int) -> None:
    assert data.size(CORTEX_M) == size


def asked(model: ModelBuilder, library: Library) -> Requests:
    """What the last operator's kernel asks for."""
    node = graphs(model.build())[0].nodes[-1]
    kernel = find_kernel(node.code, library)
    assert kernel is not None
    ask = Requests(node, Build(CORTEX_M, library))
    kernel(ask)
    return ask


def scratch(model: ModelBuilder) -> list[tuple[int, ...]]:
    """The scratch requests with plain C, DSP extension and MVE."""
    return [asked(model, library).scratch_sizes for library in CMSIS_NN]


def persistent(model: ModelBuilder) -> list[tuple[int, ...]]:
    """The persistent requests of `Prepare`, in the same order."""
    return [asked(model, library).persistent_sizes for library in CMSIS_NN]


def one(
    name: str,
    inputs: Sequence[tuple[tuple[int, ...], TensorType] | None],
    output: tuple[tuple[int, ...], TensorType],
    options: Record | None = None,
) -> ModelBuilder:
    """A model of one operator; all its inputs but the first are constants."""
    model = ModelBuilder()
    indices = []
    for position, given_ in enumerate(inputs):
        if given_ is None:
            indices.append(-1)
        elif position:
            indices.append(model.constant(*given_))
        else:
            indices.append(model.input(*given_))
    y = model.tensor(*output)
    model.operator(name, indices, [y], options)
    model.output(y)
    return model


@pytest.mark.parametrize(
    ("type", "scratches", "channels"),
    [
        (INT8, [(144,), (144,), (192,)], (32, 32)),
        (INT16, [(144,), (144,), (320,)], (32, 32)),
        (FLOAT32, [()] * 3, ()),
    ],
)
def test_conv_2d(type: TensorType, scratches: list[object], channels: tuple[int, ...]) -> None:
    model = ModelBuilder()
    model.output(model.conv_2d(model.input((1, 9, 9, 4), type), filters=8, kernel=3))
    assert scratch(model) == scratches
    assert persistent(model) == [channels] * 3


def test_conv_2d_of_int4_takes_the_buffer_of_int8() -> None:
    shapes = [((1, 9, 9, 3), INT8), ((8, 3, 3, 3), INT4), ((8,), INT32)]
    model = one("CONV_2D", shapes, ((1, 9, 9, 8), INT8), Conv2DOptions(stride_w=1, stride_h=1))
    assert scratch(model) == [(112,), (112,), (128,)]


def test_conv_2d_of_1x1_takes_no_buffer() -> None:
    model = ModelBuilder()
    x = model.input((1, 9, 9, 4), INT8)
    model.output(model.conv_2d(x, 8, 1, stride=2, padding=Padding.SAME))
    assert scratch(model) == [()] * 3


def test_conv_2d_in_groups() -> None:
    shapes = [((1, 9, 9, 4), INT8), ((8, 1, 1, 2), INT8), ((8,), INT32)]
    model = one("CONV_2D", shapes, ((1, 9, 9, 8), INT8), Conv2DOptions(stride_w=1, stride_h=1))
    assert scratch(model) == [(16,), (16,), (64,)]


def test_conv_2d_along_one_axis_has_padding_from_its_options() -> None:
    for padding, width, size in ((Padding.SAME, 64, 14), (Padding.VALID, 62, 10)):
        model = ModelBuilder()
        x = model.input((1, 1, 127, 2), INT8)
        y = model.conv_2d(x, 8, (1, 5), stride=2, padding=padding)
        assert model.shape(y)[2] == width
        assert scratch(model) == [(48,), (48,), (size,)]


@pytest.mark.parametrize(
    ("kernel", "padding", "weights", "sizes"),
    [
        (3, Padding.SAME, INT8, [(), (), (4464,)]),
        (5, Padding.SAME, INT8, [(), (200,), (12400,)]),
        (3, Padding.SAME, INT4, [(72,), (72,), (4464,)]),
    ],
)
def test_depthwise_conv_2d(
    kernel: int, padding: Padding, weights: TensorType, sizes: list[object]
) -> None:
    model = ModelBuilder()
    x = model.input((1, 9, 9, 4), INT8)
    model.output(model.depthwise_conv_2d(x, kernel, padding=padding, weights=weights))
    assert scratch(model) == sizes


def test_depthwise_conv_2d_of_int16_takes_no_buffer() -> None:
    model = ModelBuilder()
    model.output(model.depthwise_conv_2d(model.input((1, 9, 9, 4), INT16), kernel=5))
    assert scratch(model) == [()] * 3
    assert persistent(model) == [(16, 16)] * 3


def test_stride_that_tflm_does_not_set_is_a_doubt() -> None:
    shapes = [((1, 1, 64, 1), INT8), ((1, 1, 3, 8), INT8), ((8,), INT32)]
    options = DepthwiseConv2DOptions(stride_w=1, stride_h=1, depth_multiplier=8)
    model = one("DEPTHWISE_CONV_2D", shapes, ((1, 1, 64, 8), INT8), options)
    assert scratch(model)[2] == (64 + 24,)
    assert [doubt.bytes for doubt in asked(model, MVE).doubts] == [61]
    assert not asked(model, DSP).doubts
    shapes[0] = ((1, 2, 64, 1), INT8)
    model = one("DEPTHWISE_CONV_2D", shapes, ((1, 2, 64, 8), INT8), options)
    assert not asked(model, MVE).doubts


def test_transpose_conv() -> None:
    options = TransposeConvOptions(padding=Padding.VALID, stride_w=2, stride_h=2)

    def model(type: TensorType, channels: int, bias: TensorType) -> ModelBuilder:
        shapes = [
            ((4,), INT32),
            ((8, 3, 3, channels), FLOAT32 if type is FLOAT32 else INT8),
            ((1, 8, 8, channels), type),
            ((8,), bias),
        ]
        return one("TRANSPOSE_CONV", shapes, ((1, 17, 17, 8), type), options)

    assert scratch(model(INT8, 16, INT32)) == [(1632, 0)] * 3
    assert scratch(model(INT8, 17, INT32)) == [(624, 1224), (624, 1224), (640, 1224)]
    assert scratch(model(INT16, 17, INT64)) == [(8 * 17 * 17 * 8,)] * 3
    assert scratch(model(INT16, 17, INT16)) == [(8 * 17 * 17 * 8, 64)] * 3
    assert scratch(model(FLOAT32, 17, FLOAT32)) == [()] * 3
    assert persistent(model(FLOAT32, 17, FLOAT32)) == [(32, 32)] * 3


def _dense(
    x: tuple[tuple[int, ...], TensorType], weights: TensorType, y: tuple[int, ...]
) -> ModelBuilder:
    shapes = [x, ((y[-1], x[0][-1]), weights), ((y[-1],), INT32)]
    return one("FULLY_CONNECTED", shapes, (y, x[1]))


def test_fully_connected_holds_sums_of_constant_weights() -> None:
    model = _dense(((1, 12), INT8), INT8, (1, 5))
    assert scratch(model) == [()] * 3
    assert persistent(model) == [(), (), (20,)]


def test_fully_connected_computes_sums_of_other_weights_each_time() -> None:
    model = ModelBuilder()
    x, weights = model.input((1, 12), INT8), model.input((5, 12), INT8)
    y = model.tensor((1, 5), INT8)
    model.operator("FULLY_CONNECTED", [x, weights, -1], [y])
    assert scratch(model) == [(), (), (20,)]
    assert persistent(model) == [()] * 3


def test_fully_connected_as_1x1_convolution() -> None:
    assert scratch(_dense(((1, 3, 12), INT8), INT8, (1, 3, 5))) == [(40,)] * 3
    assert persistent(_dense(((1, 3, 12), INT8), INT8, (1, 3, 5))) == [()] * 3
    assert scratch(_dense(((1, 3, 10), INT8), INT8, (1, 3, 5))) == [()] * 3
    assert persistent(_dense(((1, 3, 10), INT8), INT8, (1, 3, 5))) == [(), (), (20,)]


@pytest.mark.parametrize("output", [(1, 5), (1, 3, 5)])
@pytest.mark.parametrize(("x", "weights"), [(INT16, INT8), (INT8, INT4), (FLOAT32, FLOAT32)])
def test_fully_connected_without_buffer(
    x: TensorType, weights: TensorType, output: tuple[int, ...]
) -> None:
    model = _dense(((*output[:-1], 12), x), weights, output)
    assert scratch(model) == persistent(model) == [()] * 3


def test_fully_connected_per_channel() -> None:
    model = ModelBuilder()
    scales = per_channel([0.1] * 5, 0)
    x, weights = model.input((1, 3, 12), INT8), model.constant((5, 12), INT8, quantization=scales)
    model.operator("FULLY_CONNECTED", [x, weights, -1], [model.tensor((1, 3, 5), INT8)])
    assert scratch(model) == [()] * 3
    assert persistent(model) == [(20, 20)] * 3


def test_batch_matmul() -> None:
    shapes = [((2, 3, 4), INT8), ((2, 4, 5), INT8)]
    model = one("BATCH_MATMUL", shapes, ((2, 3, 5), INT8), BatchMatMulOptions())
    assert scratch(model) == [(), (), (20,)]
    # The transposed operand: tensor, shape, data; the output's shape; quantisation.
    assert persistent(model) == [(12, 16, 40, 16, 28)] * 3
    shapes = [((2, 3, 4), FLOAT32), ((2, 5, 4), FLOAT32)]
    model = one("BATCH_MATMUL", shapes, ((2, 3, 5), FLOAT32), BatchMatMulOptions(adj_y=True))
    assert scratch(model) == [()] * 3
    assert persistent(model) == [(16,)] * 3


@pytest.mark.parametrize("type", [INT8, INT16])
def test_average_pool_2d(type: TensorType) -> None:
    model = ModelBuilder()
    model.output(model.pool_2d(model.input((1, 8, 8, 6), type), "AVERAGE_POOL_2D"))
    assert scratch(model) == [(), (24,), ()]


def test_other_pools_take_no_buffer() -> None:
    for kind, type in (("MAX_POOL_2D", INT8), ("AVERAGE_POOL_2D", FLOAT32)):
        model = ModelBuilder()
        model.output(model.pool_2d(model.input((1, 8, 8, 6), type), kind))
        assert scratch(model) == [()] * 3


def test_softmax_of_int16_has_tables() -> None:
    for type, tables in ((INT8, ()), (INT16, (1026, 1026)), (FLOAT32, ())):
        model = ModelBuilder()
        model.output(model.softmax(model.input((1, 8), type)))
        assert persistent(model) == [tables] * 3
    # int8 to int16 needs no tables.
    assert persistent(one("SOFTMAX", [((1, 8), INT8)], ((1, 8), INT16))) == [()] * 3


def _svdf(type: TensorType, weights_time: TensorType) -> ModelBuilder:
    model = ModelBuilder()
    x = model.input((2, 10), type)
    features = model.constant((8, 10), type)
    time = model.constant((8, 6), weights_time)
    state = model.tensor((2, 48), weights_time, per_tensor(0.1), is_variable=True)
    y = model.tensor((2, 4), type)
    model.operator("SVDF", [x, features, time, -1, state], [y], SVDFOptions(rank=2))
    return model


@pytest.mark.parametrize("weights_time", [INT8, INT16])
def test_svdf(weights_time: TensorType) -> None:
    assert scratch(_svdf(INT8, weights_time)) == [(64, 32)] * 3
    assert persistent(_svdf(INT8, weights_time)) == [(), (), (32,)]


def test_svdf_of_float() -> None:
    assert scratch(_svdf(FLOAT32, FLOAT32)) == [(64,)] * 3
    assert persistent(_svdf(FLOAT32, FLOAT32)) == [()] * 3


def _lstm(type: TensorType, cell_type: TensorType) -> ModelBuilder:
    model = ModelBuilder()
    x = model.input((2, 3, 10), type)
    state = model.tensor((2, 5), type, is_variable=True)
    cell = model.tensor((2, 5), cell_type, per_tensor(2**-11), is_variable=True)
    inputs = [x, *[-1] * 17, state, cell, *[-1] * 4]
    model.operator("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, [model.tensor((2, 3, 5), type)])
    return model


@pytest.mark.parametrize(
    ("type", "cell", "buffers", "sums"),
    [
        (INT8, INT16, (20,) * 3, (20,) * 8),
        (INT16, INT16, (20,) * 3, (40,) * 8),
        (FLOAT32, FLOAT32, (40,) * 4, ()),
    ],
)
def test_lstm(
    type: TensorType, cell: TensorType, buffers: tuple[int, ...], sums: tuple[int, ...]
) -> None:
    assert scratch(_lstm(type, cell)) == [buffers] * 3
    assert persistent(_lstm(type, cell)) == [sums] * 3


OPERATORS = (
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "TRANSPOSE_CONV",
    "FULLY_CONNECTED",
    "BATCH_MATMUL",
    "AVERAGE_POOL_2D",
    "MAX_POOL_2D",
    "SOFTMAX",
    "SVDF",
    "UNIDIRECTIONAL_SEQUENCE_LSTM",
)
OPTIONS = (
    None,
    Conv2DOptions(stride_w=-1, stride_h=2, dilation_w_factor=0, dilation_h_factor=-(2**31)),
    DepthwiseConv2DOptions(padding=Padding.VALID, stride_w=2**31 - 1),
    SVDFOptions(rank=-2),
    BatchMatMulOptions(adj_x=True),
)
tensors = st.tuples(
    st.lists(st.one_of(st.integers(-(2**31), 2**31 - 1), st.integers(0, 4)), max_size=5).map(tuple),
    st.sampled_from(TensorType),
)


@given(
    st.sampled_from(OPERATORS),
    st.sampled_from(OPTIONS),
    st.lists(st.one_of(st.none(), tensors), max_size=24),
    st.lists(tensors, max_size=2),
    st.sampled_from(CMSIS_NN),
)
def test_hostile_operators(
    name: str,
    options: Record | None,
    inputs: list[tuple[tuple[int, ...], TensorType] | None],
    outputs: list[tuple[tuple[int, ...], TensorType]],
    library: Library,
) -> None:
    model = ModelBuilder()
    indices = [-1 if tensor is None else model.tensor(*tensor) for tensor in inputs]
    model.operator(name, indices, [model.tensor(*tensor) for tensor in outputs], options)
    ask = asked(model, library)
    assert min((*ask.scratch_sizes, *ask.persistent_sizes), default=0) >= 0
    assert all(doubt.bytes is not None and doubt.bytes >= 0 for doubt in ask.doubts)


def test_reference_kernels_where_cmsis_nn_has_none() -> None:
    model = ModelBuilder()
    model.output(model.unary("LOGISTIC", model.input((1, 8), INT8)))
    code = model.build().operator_codes[0]
    found = {find_kernel(code, library) for library in Library}
    assert len(found) == 1
    assert None not in found
