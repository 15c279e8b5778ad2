"""TFL107: inputs and outputs become integers of the type that the model computes in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fix.model.float_islands import FLOAT32, INT8, INT16, UINT8, agreed, islands
from tests.fix.model.passes import (
    examples,
    hold_surroundings,
    hold_untouched,
    operators,
    outputs_on,
    repaired,
    repaired_to_the_end,
    rewritten,
    turn,
)
from tests.rules.findings import findings
from tests.runtimes import Array, random_inputs
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import ExpandDimsOptions, TensorType
from tflint.model.tables import Model, Tensor
from tflint.rule import Bad, Good


def real(value: Array, tensor: Tensor) -> Array:
    """The reals that a tensor's values stand for."""
    quantization = tensor.quantization
    if value.dtype.kind == "f" or quantization is None or not quantization.scale:
        return value.astype(np.float64)
    return (value.astype(np.float64) - quantization.zero_point[0]) * quantization.scale[0]


def given_as(value: Array, tensor: Tensor) -> Array:
    """Reals as an input takes them."""
    if tensor.type is FLOAT32:
        return value.astype(np.float32)
    quantization, name = tensor.quantization, tensor.type.name.lower()
    if quantization is None or not quantization.scale:
        return value.astype(name)
    bounds = np.iinfo(name)
    steps = np.round(value / quantization.scale[0]) + quantization.zero_point[0]
    return np.clip(steps, bounds.min, bounds.max).astype(name)


def hold_same_reals(before: Model, after: Model, steps: float) -> None:
    """For the same reals, outputs differ by no more steps than this of their new scale."""
    old, new = before.subgraphs[0], after.subgraphs[0]
    taken = [new.tensors[i] for i in new.inputs]
    inputs = [
        given_as(real(value, old.tensors[i]), tensor)
        for value, i, tensor in zip(random_inputs(before), old.inputs, taken, strict=True)
    ]
    # What the new inputs cannot tell apart, the old ones are not given.
    originals = [
        given_as(real(value, tensor), old.tensors[i])
        for value, i, tensor in zip(inputs, old.inputs, taken, strict=True)
    ]
    for runtime, expected in agreed(before, originals).items():
        got = outputs_on(after, inputs, runtime)
        assert not isinstance(got, str), got
        for place, (a, b) in enumerate(zip(expected, got, strict=True)):
            tensor = new.tensors[new.outputs[place]]
            assert a.shape == b.shape
            if not a.size:
                continue
            scale = tensor.quantization.scale[0] if tensor.quantization else 0.004
            distance = np.abs(real(a, old.tensors[old.outputs[place]]) - real(b, tensor))
            assert float(distance.max()) <= steps * max(scale, 0.004), (runtime, a, b)


def test_the_examples_of_the_rule() -> None:
    for example in examples("TFL107"):
        model = example.build()
        assert isinstance(model, Model)
        if isinstance(example, Good):
            hold_untouched("TFL107", model, target=example.target, unsafe=True)
            continue
        assert isinstance(example, Bad)
        after = repaired("TFL107", model, target=example.target, unsafe=True)
        hold_same_reals(model, after, steps=2)
        hold_surroundings("TFL107", model, unsafe=True)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from((INT8, INT16)))
def test_networks_at_random(seed: int, type: TensorType) -> None:
    model = islands(seed, type=type, edges=True)

    after = repaired_to_the_end("TFL107", model, unsafe=True)

    if after is model:
        assert not any(finding.fix for finding in findings("TFL107", model))
        return
    assert findings("TFL107", model)
    assert not any(finding.fix for finding in findings("TFL107", after))
    hold_same_reals(model, after, steps=24)
    hold_surroundings("TFL107", model, unsafe=True)


def test_safe_repairs_leave_the_interface() -> None:
    hold_untouched("TFL107", _network())


def _network(edge: TensorType = FLOAT32, *, moved: bool = False) -> Model:
    """A dense layer with two inputs and two outputs, of which signatures know."""
    model = ModelBuilder()
    grid = per_tensor(0.05, 130) if edge is UINT8 else None
    sums, names = [], []
    for name in ("left", "right"):
        x = model.input((1, 8), edge, grid, name=name)
        names.append(x)
        if moved:
            axis = model.constant((), TensorType.INT32, (1,))
            wide = model.tensor((1, 1, 8), edge, grid)
            model.operator("EXPAND_DIMS", [x, axis], [wide], ExpandDimsOptions())
            x = wide
        narrow = model.tensor(model.shape(x), INT8, per_tensor(0.05, 2))
        model.operator("QUANTIZE", [x], [narrow])
        sums.append(model.fully_connected(narrow, units=4))
    ends = []
    for y, name in zip(sums, ("first", "second"), strict=True):
        end = model.tensor((1, 4), edge, grid, name=name)
        model.operator("DEQUANTIZE" if edge is FLOAT32 else "QUANTIZE", [y], [end])
        ends.append(end)
    model.output(*ends)
    model.signature(
        {"l": names[0], "r": names[1]}, {"a": ends[0], "b": ends[1]}, key="serving_default"
    )
    return model.build()


@pytest.mark.parametrize("edge", [FLOAT32, UINT8])
def test_names_and_signatures_stay(edge: TensorType) -> None:
    model = _network(edge)

    after = repaired("TFL107", model, unsafe=True)

    assert operators(after) == ["FULLY_CONNECTED"] * 2
    graph, (signature,) = after.subgraphs[0], after.signature_defs
    assert [graph.tensors[i].name for i in graph.inputs] == ["left", "right"]
    assert [graph.tensors[i].name for i in graph.outputs] == ["first", "second"]
    assert {graph.tensors[i].type for i in (*graph.inputs, *graph.outputs)} == {INT8}
    assert [(e.name, e.tensor_index) for e in signature.inputs] == list(
        zip("lr", graph.inputs, strict=True)
    )
    assert [(e.name, e.tensor_index) for e in signature.outputs] == list(
        zip("ab", graph.outputs, strict=True)
    )
    hold_same_reals(model, after, steps=1)


def test_notes_say_what_a_device_has_to_do() -> None:
    rewrite = turn("TFL107", _network(), unsafe=True)

    assert rewrite is not None
    assert rewrite.places == 4
    assert rewrite.notes[0] == (
        "input `left` is int8 now, it was float32: scale 0.0500000007, zero point 2; "
        "real = 0.0500000007 * (integer - 2)"
    )


@pytest.mark.parametrize("edge", [FLOAT32, UINT8])
def test_an_input_that_is_moved_before_it_is_quantised(edge: TensorType) -> None:
    model = _network(edge, moved=True)

    after = repaired("TFL107", model, unsafe=True)

    assert operators(after) == ["EXPAND_DIMS", "FULLY_CONNECTED"] * 2
    hold_same_reals(model, after, steps=1)


def test_an_input_that_is_quantised_twice_takes_the_wider_scale() -> None:
    model = ModelBuilder()
    x = model.input((1, 8))
    for scale in (0.02, 0.05):
        narrow = model.tensor((1, 8), INT8, per_tensor(scale, 1))
        model.operator("QUANTIZE", [x], [narrow])
        model.output(model.fully_connected(narrow, units=2))
    built = model.build()

    after = repaired("TFL107", built, unsafe=True)

    assert operators(after) == ["QUANTIZE", "FULLY_CONNECTED", "FULLY_CONNECTED"]
    tensor = after.subgraphs[0].tensors[after.subgraphs[0].inputs[0]]
    assert tensor.quantization is not None
    assert tensor.quantization.scale[0] == pytest.approx(0.05)
    hold_same_reals(built, after, steps=4)


def test_an_input_that_is_read_in_float_stays() -> None:
    model = ModelBuilder()
    x = model.input((1, 8))
    narrow = model.tensor((1, 8), INT8)
    model.operator("QUANTIZE", [x], [narrow])
    model.output(model.fully_connected(narrow, units=2), model.unary("EXP", x))

    hold_untouched("TFL107", model.build(), unsafe=True)


def test_integers_that_are_an_output_already_are_not_two() -> None:
    model = ModelBuilder()
    y = model.fully_connected(model.input((1, 8), INT8), units=2)
    wide = model.tensor((1, 2))
    model.operator("DEQUANTIZE", [y], [wide])
    model.output(y, wide)
    built = model.build()

    hold_untouched("TFL107", built, unsafe=True)
    (finding,) = findings("TFL107", built)
    assert finding.fix is None


def test_a_tail_without_an_integer_kernel_stays_float() -> None:
    model = ModelBuilder()
    y = model.fully_connected(model.input((1, 8), INT8), units=2)
    wide = model.tensor((1, 2))
    model.operator("DEQUANTIZE", [y], [wide])
    model.output(model.unary("EXP", wide))
    built = model.build()

    hold_untouched("TFL107", built, unsafe=True)
    (finding,) = findings("TFL107", built)
    assert finding.fix is None


def test_a_called_subgraph_takes_what_its_callers_give() -> None:
    model = ModelBuilder()
    model.output(model.fully_connected(model.input((1, 8), INT8), units=2))
    graph = model.subgraph("called")
    x, narrow = graph.input((1, 8)), graph.tensor((1, 8), INT8)
    graph.operator("QUANTIZE", [x], [narrow])
    graph.output(graph.fully_connected(narrow, units=2))

    assert rewritten("TFL107", model.build(), unsafe=True) is None


def test_a_uint8_output_that_is_moved_behind_its_conversion() -> None:
    model = ModelBuilder()
    y = model.fully_connected(model.input((1, 8), INT8), units=4)
    wide = model.tensor((1, 4), UINT8, per_tensor(0.05, 128))
    model.operator("QUANTIZE", [y], [wide])
    model.output(model.reshape(wide, (2, 2)))
    built = model.build()

    after = repaired("TFL107", built, unsafe=True)

    assert operators(after) == ["FULLY_CONNECTED", "RESHAPE"]
    hold_same_reals(built, after, steps=0.5)
    hold_surroundings("TFL107", built, unsafe=True)


def test_uint8_that_is_moved_on_another_scale_stays() -> None:
    model = ModelBuilder()
    x = model.input((1, 8), UINT8, per_tensor(0.03, 128))
    narrow = model.tensor((8, 1), INT8, per_tensor(0.05))
    model.operator("QUANTIZE", [model.reshape(x, (8, 1))], [narrow])
    model.output(model.unary("RELU", narrow))

    hold_untouched("TFL107", model.build(), unsafe=True)
