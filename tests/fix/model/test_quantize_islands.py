"""TFL402: islands of float in integer graphs compute in integers, on the scales around them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fix.model.float_islands import FLOAT32, INT8, INT16, UINT8, agreed, islands
from tests.fix.model.passes import (
    hold_examples,
    hold_surroundings,
    hold_untouched,
    operators,
    outputs_on,
    repaired,
    rewritten,
    taken,
)
from tests.runtimes import random_inputs
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import (
    BatchMatMulOptions,
    ExpandDimsOptions,
    ReducerOptions,
    TensorType,
    WhileOptions,
)
from tflint.model.tables import Model

# The greatest difference in steps of int8: of each integer kernel one or two, and what it makes
# of those before it.
_STEPS = 20.0


def hold_near(before: Model, after: Model, steps: float = _STEPS) -> None:
    """Outputs are no more steps of int8 apart than this."""
    given = random_inputs(before)
    for runtime, expected in agreed(before, given).items():
        got = outputs_on(after, given, runtime)
        assert not isinstance(got, str), got
        for tensor, a, b in zip(_outputs(before), expected, got, strict=True):
            assert (a.dtype, a.shape) == (b.dtype, b.shape)
            if not a.size:
                continue
            distance = float(np.abs(a.astype(np.float64) - b.astype(np.float64)).max())
            if tensor is FLOAT32:
                distance *= 100 / max(1.0, float(np.abs(a).max()))
            elif tensor is INT16:
                distance /= 256
            assert distance <= steps, (runtime, a, b)


def _outputs(model: Model) -> list[TensorType]:
    graph = model.subgraphs[0]
    return [graph.tensors[index].type for index in graph.outputs]


def test_the_examples_of_the_rule_are_repaired() -> None:
    hold_examples("TFL402", unsafe=True, tolerance=0.1, but=["TFLM has no int8 EXP"])


def test_safe_repairs_leave_islands() -> None:
    hold_untouched("TFL402", _movement(per_tensor_scale=0.05))


def test_what_is_no_microcontroller_keeps_its_islands() -> None:
    hold_untouched("TFL402", _movement(0.05), target="litert", unsafe=True)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from((INT8, INT16)))
def test_networks_at_random(seed: int, type: TensorType) -> None:
    model = islands(seed, type=type)

    after = rewritten("TFL402", model, unsafe=True)

    if after is None:
        return
    assert len(operators(after)) <= len(operators(model))
    hold_near(model, after)
    hold_untouched("TFL402", after, unsafe=True)
    hold_surroundings("TFL402", model, unsafe=True)


def _movement(per_tensor_scale: float) -> Model:
    """What ai-edge-quantizer leaves of a global maximum over a Conv1D's output."""
    model = ModelBuilder()
    x = model.input((1, 6, 8), INT8)
    wide, up = model.tensor((1, 6, 8)), model.tensor((1, 1, 6, 8))
    most, y = model.tensor((1, 1, 8)), model.tensor((1, 1, 8), INT8, per_tensor(per_tensor_scale))
    axis = model.constant((), TensorType.INT32, (1,))
    axes = model.constant((1,), TensorType.INT32, (2,))
    model.operator("DEQUANTIZE", [x], [wide])
    model.operator("EXPAND_DIMS", [wide, axis], [up], ExpandDimsOptions())
    model.operator("REDUCE_MAX", [up, axes], [most], ReducerOptions())
    model.operator("QUANTIZE", [most], [y])
    model.output(model.fully_connected(y, units=3))
    return model.build()


def test_moved_values_of_one_scale_stay_the_same_to_the_bit() -> None:
    model = _movement(0.05)

    after = repaired("TFL402", model, unsafe=True)

    assert operators(after) == ["EXPAND_DIMS", "REDUCE_MAX", "FULLY_CONNECTED"]
    hold_near(model, after, steps=0)


def test_another_scale_behind_the_island_is_reached_by_the_integers() -> None:
    model = _movement(0.03)

    after = repaired("TFL402", model, unsafe=True)

    assert operators(after) == ["EXPAND_DIMS", "REDUCE_MAX", "QUANTIZE", "FULLY_CONNECTED"]
    hold_near(model, after, steps=1)


def _pair(to: TensorType, scale: float, *, ends: bool) -> Model:
    model = ModelBuilder()
    x = model.fully_connected(model.input((1, 8), INT8), units=8)
    wide, y = model.tensor((1, 8)), model.tensor((1, 8), to, per_tensor(scale))
    model.operator("DEQUANTIZE", [x], [wide])
    model.operator("QUANTIZE", [wide], [y])
    model.output(y if ends else model.unary("RELU", y))
    return model.build()


def test_a_pair_with_nothing_between_goes() -> None:
    model = _pair(INT8, 0.05, ends=False)

    after = repaired("TFL402", model, unsafe=True)

    assert operators(after) == ["FULLY_CONNECTED", "RELU"]
    hold_near(model, after, steps=0)


def test_a_pair_of_two_scales_or_types_becomes_one_operator() -> None:
    for model in (
        _pair(INT8, 0.03, ends=False),
        _pair(INT8, 0.03, ends=True),
        _pair(INT8, 0.05, ends=True),
    ):
        after = repaired("TFL402", model, unsafe=True)

        assert operators(after)[:2] == ["FULLY_CONNECTED", "QUANTIZE"]
        hold_near(model, after, steps=1)


def test_a_pair_that_the_runtime_cannot_join_stays() -> None:
    hold_untouched("TFL402", _pair(INT16, 0.03, ends=True), unsafe=True)


def test_several_readers_of_an_island_read_integers() -> None:
    model = ModelBuilder()
    x = model.input((1, 8), INT8)
    wide = model.tensor((1, 8))
    model.operator("DEQUANTIZE", [x], [wide])
    risen = model.unary("RELU", wide)
    for scale in (0.05, 0.1):
        y = model.tensor((1, 8), INT8, per_tensor(scale, -128))
        model.operator("QUANTIZE", [risen], [y])
        model.output(model.fully_connected(y, units=2))
    built = model.build()

    after = repaired("TFL402", built, unsafe=True)

    assert operators(after) == ["RELU", "QUANTIZE", *["FULLY_CONNECTED"] * 2]
    hold_near(built, after, steps=2)


def test_a_float_output_beside_the_island_stays_float() -> None:
    model = ModelBuilder()
    x = model.input((1, 8), INT8)
    wide = model.tensor((1, 8))
    model.operator("DEQUANTIZE", [x], [wide])
    risen = model.unary("RELU", wide)
    y = model.tensor((1, 8), INT8, per_tensor(0.05, -128))
    model.operator("QUANTIZE", [risen], [y])
    model.output(model.fully_connected(y, units=2), risen)
    built = model.build()

    after = rewritten("TFL402", built, unsafe=True)

    assert after is not None
    assert operators(after) == ["RELU", "DEQUANTIZE", "FULLY_CONNECTED"]
    hold_near(built, after, steps=2)


def test_an_operator_without_an_integer_kernel_keeps_its_float_and_no_more() -> None:
    model = ModelBuilder()
    x = model.input((1, 4, 2), INT8)
    wide = model.tensor((1, 4, 2))
    model.operator("DEQUANTIZE", [x], [wide])
    wide = model.reshape(wide, (1, 8))
    wide = model.unary("EXP", wide)
    wide = model.reshape(wide, (1, 8, 1))
    y = model.tensor((1, 8, 1), INT8, per_tensor(0.05))
    model.operator("QUANTIZE", [wide], [y])
    model.output(y)
    built = model.build()

    after = rewritten("TFL402", built, unsafe=True)

    assert after is not None
    order = ["RESHAPE", "DEQUANTIZE", "EXP", "QUANTIZE", "RESHAPE"]
    assert [n for n in operators(after) if n != "QUANTIZE" or n in order][: len(order)] == order
    hold_near(built, after, steps=1)
    hold_untouched("TFL402", after, unsafe=True)


@pytest.mark.parametrize("type", [INT8, INT16])
@pytest.mark.parametrize("layers", [1, 2])
def test_a_layer_takes_integers_where_its_range_is_known(layers: int, type: TensorType) -> None:
    model = ModelBuilder()
    step = 256 if type is INT16 else 1
    x = model.input((1, 4, 4, 2), type, per_tensor(0.03 / step))
    wide = model.tensor((1, 4, 4, 2))
    model.operator("DEQUANTIZE", [x], [wide])
    if layers == 2:
        wide = model.conv_2d(wide, 2, 1)
    wide = model.reshape(model.pool_2d(model.depthwise_conv_2d(wide, 3)), (1, 8))
    y = model.tensor((1, 8), type, per_tensor(0.1 / step))
    model.operator("QUANTIZE", [wide], [y])
    model.output(y)
    built = model.build()

    after = rewritten("TFL402", built, unsafe=True)

    assert after is not None
    order = ["DEPTHWISE_CONV_2D", "MAX_POOL_2D", "RESHAPE"]
    if layers == 2:
        # What the first layer makes has no range that is known, so both stay.
        order = ["DEQUANTIZE", "CONV_2D", "DEPTHWISE_CONV_2D", "QUANTIZE", *order[1:]]
    assert operators(after) == order
    hold_near(built, after, steps=4)


def test_a_matrix_product_of_two_activations() -> None:
    model = ModelBuilder()
    wide = []
    for shape in ((1, 3, 4), (1, 4, 2)):
        x = model.input(shape, INT8, per_tensor(0.02, 5))
        wide.append(model.tensor(shape))
        model.operator("DEQUANTIZE", [x], [wide[-1]])
    product, y = model.tensor((1, 3, 2)), model.tensor((1, 3, 2), INT8, per_tensor(0.1))
    model.operator("BATCH_MATMUL", wide, [product], BatchMatMulOptions())
    model.operator("QUANTIZE", [product], [y])
    model.output(y)
    built = model.build()

    after = repaired("TFL402", built, unsafe=True)

    assert operators(after) == ["BATCH_MATMUL"]
    hold_near(built, after, steps=1)


def test_a_long_island_may_cost_some_bytes_of_the_file() -> None:
    model = ModelBuilder()
    x = model.input((1, 64), INT8, per_tensor(0.02))
    wide = model.tensor((1, 64))
    model.operator("DEQUANTIZE", [x], [wide])
    for name in ("RELU", "TANH", "LOGISTIC", "ABS") * 4:
        wide = model.unary(name, wide)
    y = model.tensor((1, 64), INT8, per_tensor(1 / 128))
    model.operator("QUANTIZE", [wide], [y])
    model.output(y)

    assert taken("TFL402", model.build())


def test_uint8_on_the_way_in() -> None:
    model = ModelBuilder()
    x = model.input((1, 8), UINT8)
    wide, y = model.tensor((1, 8)), model.tensor((1, 8), INT8)
    model.operator("DEQUANTIZE", [x], [wide])
    model.operator("QUANTIZE", [wide], [y])
    model.output(model.fully_connected(y, units=2))
    built = model.build()

    after = repaired("TFL402", built, unsafe=True)

    assert operators(after) == ["QUANTIZE", "FULLY_CONNECTED"]
    hold_near(built, after, steps=0)


def test_islands_in_a_called_subgraph_keep_what_it_takes_and_gives() -> None:
    inner = _movement(0.05).subgraphs[0]
    model = ModelBuilder()
    x = model.input((1, 4), FLOAT32)
    y = model.tensor((1, 4), FLOAT32)
    options = WhileOptions(cond_subgraph_index=1, body_subgraph_index=1)
    model.operator("WHILE", [x], [y], options)
    model.output(y)
    outer = model.build()
    movement = _movement(0.05)
    shift = len(outer.operator_codes), len(outer.buffers)
    inner = dataclasses.replace(
        inner,
        operators=tuple(
            dataclasses.replace(o, opcode_index=o.opcode_index + shift[0]) for o in inner.operators
        ),
        tensors=tuple(
            dataclasses.replace(t, buffer=t.buffer + shift[1]) if t.buffer else t
            for t in inner.tensors
        ),
    )
    built = dataclasses.replace(
        outer,
        subgraphs=(*outer.subgraphs, inner),
        operator_codes=(*outer.operator_codes, *movement.operator_codes),
        buffers=(*outer.buffers, *movement.buffers),
    )

    after = rewritten("TFL402", built, unsafe=True)

    assert after is not None
    assert operators(after, 1) == ["EXPAND_DIMS", "REDUCE_MAX", "FULLY_CONNECTED"]
    assert operators(after) == ["WHILE"]
    types = [after.subgraphs[1].tensors[i].type for i in after.subgraphs[1].inputs]
    assert types == [INT8]
