"""Multiply-accumulates and weights, by hand and against measured models."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.conftest import SHARED_MODELS
from tflint.model.builder import ModelBuilder
from tflint.model.cost import Weights, largest_first, macs, weights
from tflint.model.graph import Graph, graphs
from tflint.model.reader import read_model
from tflint.model.schema import BatchMatMulOptions, Padding, TensorType

MEASURED = SHARED_MODELS.parent / "facts" / "arena-cortex-m4.json"


def cost(model: ModelBuilder) -> int:
    return sum(macs(node) for node in Graph(model.build(), 0).nodes)


def operator(
    name: str,
    inputs: Sequence[tuple[int, ...] | None],
    output: tuple[int, ...],
    options: object = None,
) -> int:
    """The MACs of one operator with inputs and an output of these shapes."""
    model = ModelBuilder()
    tensors = [model.tensor(shape) if shape is not None else -1 for shape in inputs]
    model.operator(name, tensors, [model.tensor(output)], options)  # type: ignore[arg-type]
    return cost(model)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("padding", [Padding.VALID, Padding.SAME])
def test_convolution(stride: int, padding: Padding) -> None:
    model = ModelBuilder()
    x = model.conv_2d(
        model.input((2, 9, 7, 3)), filters=5, kernel=(3, 2), stride=stride, padding=padding
    )
    batch, height, width, filters = model.shape(x)

    assert cost(model) == batch * height * width * filters * 3 * 2 * 3


def test_grouped_convolution_sums_over_its_groups_channels_only() -> None:
    assert operator("CONV_2D", [(1, 4, 4, 8), (6, 3, 3, 2)], (1, 2, 2, 6)) == 24 * 9 * 2


def test_depthwise_convolution() -> None:
    model = ModelBuilder()
    model.depthwise_conv_2d(model.input((1, 8, 8, 3)), kernel=3, multiplier=2)

    assert cost(model) == 8 * 8 * 6 * 9


def test_fully_connected_with_several_rows() -> None:
    assert operator("FULLY_CONNECTED", [(1, 6, 4), (5, 4)], (1, 6, 5)) == 6 * 5 * 4


def test_transposed_convolution_spreads_each_input() -> None:
    shapes = [(4,), (5, 3, 3, 2), (1, 4, 4, 2)]

    assert operator("TRANSPOSE_CONV", shapes, (1, 9, 9, 5)) == 4 * 4 * 2 * 5 * 9


def test_convolution_over_volumes() -> None:
    assert operator("CONV_3D", [(1, 4, 4, 4, 2), (3, 3, 3, 2, 6)], (1, 2, 2, 2, 6)) == 48 * 27 * 2


def test_tensorflows_convolution_in_either_layout() -> None:
    kernel = (3, 3, 2, 8)

    first = operator("FlexConv2D", [(1, 2, 6, 6), kernel], (1, 8, 4, 4))
    last = operator("FlexConv2D", [(1, 6, 6, 2), kernel], (1, 4, 4, 8))
    assert first == last == 128 * 18


@pytest.mark.parametrize("transposed", [False, True])
def test_batched_matrix_product(transposed: bool) -> None:
    left = (3, 7, 4) if transposed else (3, 4, 7)

    found = operator(
        "BATCH_MATMUL", [left, (3, 7, 5)], (3, 4, 5), BatchMatMulOptions(adj_x=transposed)
    )
    assert found == 3 * 4 * 5 * 7


def test_svdf_has_feature_and_time_weights() -> None:
    assert operator("SVDF", [(2, 10), (8, 10), (8, 16), (4,), (2, 128)], (2, 4)) == 2 * (80 + 128)


@pytest.mark.parametrize("x", [(2, 5, 4), (5, 2, 4)], ids=["batch first", "time first"])
def test_lstm_runs_eight_matrices_a_step(x: tuple[int, ...]) -> None:
    shapes = [x, *[(3, 4)] * 4, *[(3, 3)] * 4]

    assert operator("UNIDIRECTIONAL_SEQUENCE_LSTM", shapes, (2, 5, 3)) == 10 * (4 * 12 + 4 * 9)


def test_lstm_with_coupled_gates_and_a_projection() -> None:
    shapes: list[tuple[int, ...] | None] = [(1, 5, 4), *[None] * 16]
    for i in (2, 3, 4):
        shapes[i] = (3, 4)
    for i in (6, 7, 8):
        shapes[i] = (3, 2)
    shapes[16] = (2, 3)

    assert operator("UNIDIRECTIONAL_SEQUENCE_LSTM", shapes, (1, 5, 2)) == 5 * (36 + 18 + 6)


def test_rnn_has_two_matrices_a_step() -> None:
    assert operator("RNN", [(2, 4), (3, 4), (3, 3), (3,), (2, 3)], (2, 3)) == 2 * (12 + 9)


@pytest.mark.parametrize("name", ["ADD", "MAX_POOL_2D", "SOFTMAX", "RESHAPE", "MyLayer"])
def test_other_operators_have_none(name: str) -> None:
    assert operator(name, [(1, 8, 8, 4), (1, 8, 8, 4)], (1, 8, 8, 4)) == 0


@pytest.mark.parametrize(
    ("name", "inputs", "output"),
    [
        ("CONV_2D", [(1, 4, 4, 1)], (1, 4, 4, 1)),
        ("CONV_2D", [(1, 4, 4, 1), (3,)], (1, 4, 4, 1)),
        ("CONV_2D", [(1, 4, 4, 1), (1, 3, 3, 1)], (1, -4, 4, 1)),
        ("CONV_2D", [(1, 4, 4, 1), (1, -3, 3, 1)], (1, 4, 4, 1)),
        ("DEPTHWISE_CONV_2D", [(1, 4, 4, 1), (3, 3)], (1, 4, 4, 1)),
        ("FULLY_CONNECTED", [(1, 4), (2, 2, 4)], (1, 2)),
        ("BATCH_MATMUL", [(4,), (4, 4)], (4,)),
        ("SVDF", [(1, 4)], (1, 4)),
    ],
)
def test_what_makes_no_sense_counts_for_nothing(
    name: str, inputs: Sequence[tuple[int, ...] | None], output: tuple[int, ...]
) -> None:
    assert operator(name, inputs, output) == 0


def test_a_hostile_shape_gives_a_number_that_can_be_added() -> None:
    huge = (2**31 - 1,) * 8

    assert 0 < operator("CONV_2D", [huge, huge], huge) < 2**130


# Weights


def test_weights_count_every_constant_tensor() -> None:
    model = ModelBuilder()
    x = model.flatten(model.input((1, 2, 2, 1), TensorType.INT8))
    model.fully_connected(x, units=3)

    # The shape of RESHAPE (2 x int32), weights (3 x 4 x int8), bias (3 x int32).
    assert weights(graphs(model.build())) == Weights(2 + 12 + 3, 8 + 12 + 12, 8 + 12 + 12)


def test_weights_of_all_subgraphs_count() -> None:
    model = ModelBuilder()
    model.constant((3,))
    model.subgraph("body").constant((5,))

    assert weights(graphs(model.build())) == Weights(8, 32, 32)


def test_constants_largest_first() -> None:
    model = ModelBuilder()
    for size in (2, 5, 5, 1):
        model.constant((size,))
    model.tensor((100,))

    found = largest_first(Graph(model.build(), 0).values)
    assert [value.index for value in found] == [1, 2, 0, 3]


# Networks of the seed and of MLPerf Tiny, layer by layer as their papers and sources have them.
BY_HAND = {
    "seed/MotionSense/reduced_no_quant.tflite": (
        30 * 30 * 32 * 9 + 288 * 16 + 16 * 3,
        Weights(4_997, 4 * 4_997, 4 * 4_997),
    ),
    "seed/KeywordSpotting/reduced_no_quant.tflite": (
        15 * 15 * 32 * 4 + 6 * 6 * 32 * 4 * 32 + 32 * 32 + 32,
        Weights(5_379, 4 * 5_379, 4 * 5_379),
    ),
    "seed/CarSensor/reduced_no_quant.tflite": (
        98 * 16 * 3 * 3 + 47 * 32 * 3 * 16 + 32,
        Weights(1_811, 4 * 1_811, 4 * 1_811),
    ),
    "seed/MusicClassifier/reduced_no_quant.tflite": (
        214 * 11 * 32 * 9 + 106 * 4 * 32 * 4 * 32 + 35 * 32 * 32 + 32 * 10,
        Weights(40_716, 4 * 40_716, 4 * 40_716),
    ),
    "tiny/ad01_int8.tflite": (640 * 128 * 2 + 128 * 128 * 6 + 128 * 8 * 2, None),
    "tiny/hello_world_int8.tflite": (16 + 16 * 16 + 16, None),
}


@pytest.mark.shared
@pytest.mark.parametrize("name", BY_HAND)
def test_real_models_by_hand(name: str, shared_models: list[Path]) -> None:
    path = SHARED_MODELS / name
    assert path in shared_models
    found = graphs(read_model(path))
    expected_macs, expected_weights = BY_HAND[name]

    assert sum(macs(node) for node in found[0].nodes) == expected_macs
    if expected_weights is not None:
        assert weights(found) == expected_weights


def test_macs_are_those_measured(shared_model: Path) -> None:
    if not MEASURED.exists():
        pytest.skip(f"needs {MEASURED.name}")
    measured = json.loads(MEASURED.read_text(encoding="utf-8"))["models"]
    expected = measured[shared_model.relative_to(SHARED_MODELS).as_posix()]["macs"]
    found = sum(macs(node) for node in graphs(read_model(shared_model))[0].nodes)

    # What did not run was not measured; its float twin of the same network was.
    if expected is None:
        assert found > 0
    else:
        assert found == expected
