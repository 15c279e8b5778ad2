"""TFL208, TFL209: where the fast path ends, and what loops and branches cost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rules.findings import findings
from tests.tflm_worker import runs_on_tflm
from tflint.finding import Severity
from tflint.model.builder import ModelBuilder
from tflint.model.schema import (
    AddOptions,
    CallOnceOptions,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    IfOptions,
    LessOptions,
    Padding,
    TensorType,
    WhileOptions,
)
from tflint.model.tables import Model
from tflint.model.writer import write_model

INT8 = TensorType.INT8
CMSIS_NN = "tflm-cmsis-nn"
HELIUM = "cortex-m55:runtime=tflm-cmsis-nn"


def depthwise(
    channels: int = 4, multiplier: int = 1, dilation: int = 1, batch: int = 1
) -> ModelBuilder:
    model = ModelBuilder()
    x = model.input((batch, 16, 16, channels), INT8)
    y = model.depthwise_conv_2d(x, kernel=3, multiplier=multiplier)
    options = DepthwiseConv2DOptions(
        padding=Padding.SAME,
        stride_w=1,
        stride_h=1,
        depth_multiplier=multiplier,
        dilation_w_factor=dilation,
        dilation_h_factor=dilation,
    )
    operator = model.operators.pop()
    model.operator("DEPTHWISE_CONV_2D", operator.inputs, operator.outputs, options)
    model.output(y)
    return model


@pytest.mark.parametrize(
    ("model", "target", "slow"),
    [
        pytest.param(depthwise(), CMSIS_NN, "", id="plain"),
        pytest.param(depthwise(dilation=2), CMSIS_NN, "dilation", id="dilation"),
        pytest.param(depthwise(batch=2), CMSIS_NN, "more than one sample", id="batch"),
        pytest.param(depthwise(multiplier=3), CMSIS_NN, "channel multiplier", id="multiplier"),
        pytest.param(depthwise(multiplier=8), CMSIS_NN, "", id="multiplier of 8"),
        pytest.param(depthwise(1, multiplier=2), CMSIS_NN, "channel multiplier", id="one channel"),
        pytest.param(depthwise(1, multiplier=2), HELIUM, "", id="one channel, Helium"),
        pytest.param(depthwise(dilation=2), HELIUM, "dilation", id="dilation, Helium"),
        pytest.param(depthwise(dilation=2), "tflm", "", id="reference kernels"),
        pytest.param(depthwise(dilation=2), "litert", "", id="not on a microcontroller"),
    ],
)
def test_where_the_fast_depthwise_kernel_ends(model: ModelBuilder, target: str, slow: str) -> None:
    found = findings("TFL208", model.build(), target)

    assert bool(found) is bool(slow)
    assert all(slow in finding.message for finding in found)


@pytest.mark.parametrize(
    ("width", "channels", "target", "slow"),
    [
        (7, 3, HELIUM, True),
        (8, 3, HELIUM, False),
        (7, 4, HELIUM, False),
        (7, 3, CMSIS_NN, False),
    ],
)
def test_rows_with_helium(width: int, channels: int, target: str, slow: bool) -> None:
    """`width` is the output's."""
    model = ModelBuilder()
    x = model.input((1, 1, width + 2, channels), INT8)
    model.output(model.conv_2d(x, filters=4, kernel=(1, 3)))

    assert isinstance(model.operators[0].builtin_options, Conv2DOptions)
    assert bool(findings("TFL208", model.build(), target)) is slow


def test_the_share_is_that_of_all_multiply_accumulates() -> None:
    model = ModelBuilder()
    x = model.input((1, 16, 16, 4), INT8)
    y = model.depthwise_conv_2d(x, kernel=3, multiplier=2)
    model.output(model.conv_2d(y, filters=9, kernel=1))
    (finding,) = findings("TFL208", model.build(), CMSIS_NN)

    # 16 * 16 * 8 * 9 of twice as many.
    assert "18,432 MACs, 50 % of the model's" in finding.message


def loop(body: int = 2, cond: int = 1) -> Model:
    model = ModelBuilder()
    condition, step = model.subgraph("condition"), model.subgraph("body")
    for graph in (model, condition, step):
        graph.input((1, 64))
    smaller = condition.tensor((1,), TensorType.BOOL)
    limit = condition.constant((1,), values=(10.0,))
    condition.operator("LESS", [0, limit], [smaller], LessOptions())
    condition.output(smaller)
    more = step.tensor((1, 64))
    step.operator("ADD", [0, step.constant((1,), values=(1.0,))], [more], AddOptions())
    step.output(more)
    y = model.tensor((1, 64))
    options = WhileOptions(cond_subgraph_index=cond, body_subgraph_index=body)
    model.operator("WHILE", [0], [y], options)
    model.output(y)
    return model.build()


def test_a_loop_that_is_its_own_condition_takes_tflm_down(tmp_path: Path) -> None:
    sound, endless = tmp_path / "sound.tflite", tmp_path / "endless.tflite"
    sound.write_bytes(write_model(loop()))
    endless.write_bytes(write_model(loop(cond=0)))

    assert [ran for ran, _ in runs_on_tflm([sound, endless])] == [True, False]
    assert [f.severity for f in findings("TFL209", loop())] == [Severity.WARNING]
    assert [f.severity for f in findings("TFL209", loop(cond=0))] == [Severity.ERROR]


def chain(calls: list[tuple[int, int]]) -> Model:
    """Subgraphs that hold an IF of these two each."""
    model = ModelBuilder()
    for number, called in enumerate(calls):
        graph = model if not number else model.subgraph(f"graph_{number}")
        flag, x = graph.input((1,), TensorType.BOOL), graph.input((1, 4))
        y = graph.tensor((1, 4))
        options = IfOptions(then_subgraph_index=called[0], else_subgraph_index=called[1])
        graph.operator("IF", [flag, x], [y], options)
        graph.output(y)
    leaf = model.subgraph("leaf")
    leaf.output(leaf.unary("RELU", leaf.input((1, 4))))
    return model.build()


@pytest.mark.parametrize(
    ("calls", "circles"),
    [
        pytest.param([(1, 1), (2, 2)], [False, False], id="a chain"),
        pytest.param([(1, 2), (0, 2)], [True, True], id="a circle of two"),
        pytest.param([(2, 1), (1, 2)], [True, True], id="leads into a circle"),
        pytest.param([(1, 2), (3, 3), (2, 3)], [True, False, True], id="only one leads there"),
    ],
)
def test_circles_of_subgraphs(calls: list[tuple[int, int]], circles: list[bool]) -> None:
    found = findings("TFL209", chain(calls))

    assert ["comes back to itself" in finding.message for finding in found] == circles


def test_setting_variables_at_start_up_is_for_information() -> None:
    model = ModelBuilder()
    model.subgraph("init")
    model.operator("CALL_ONCE", [], [], CallOnceOptions(init_subgraph_index=1))
    model.output(model.unary("RELU", model.input((1, 8))))
    (finding,) = findings("TFL209", model.build())

    assert finding.severity is Severity.INFO
    assert "state" in finding.help


def test_a_subgraph_that_both_branches_run_counts_once() -> None:
    (finding,) = findings("TFL209", chain([(1, 1)]))

    assert "IF runs 1 subgraph of 1 operator, with 32 B of tensors" in finding.message
