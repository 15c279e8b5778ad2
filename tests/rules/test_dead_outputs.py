"""What is computed and then dropped (TFL306)."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import SHARED_MODELS
from tests.rules.findings import findings as findings_of
from tests.runtimes import RUNTIMES, random_inputs, run
from tflint.analysis.needed import Span, kept, needed, read_by
from tflint.analysis.windows import window
from tflint.model.builder import ModelBuilder
from tflint.model.graph import Graph
from tflint.model.graph_builder import GraphBuilder
from tflint.model.schema import (
    ActivationFunctionType,
    AddOptions,
    ConcatenationOptions,
    Padding,
    PadOptions,
    TensorType,
    TransposeOptions,
)
from tflint.model.tables import Model
from tflint_rules.architecture.smaller_input import smaller_input

NONE = ActivationFunctionType.NONE
INT32 = TensorType.INT32


findings = partial(findings_of, "TFL306")


@settings(max_examples=1000, deadline=None)
@given(
    st.integers(1, 40),
    st.integers(1, 4),
    st.integers(1, 4),
    st.integers(1, 3),
    st.sampled_from((Padding.VALID, Padding.SAME)),
    st.data(),
)
def test_what_a_window_reads_is_never_less_than_it_does(
    size: int, kernel: int, stride: int, dilation: int, padding: Padding, data: st.DataObject
) -> None:
    over = window(size, kernel, stride, padding, dilation)
    if over is None:
        return
    first = data.draw(st.integers(0, over.outputs - 1))
    step = data.draw(st.integers(1, 3))
    count = data.draw(st.integers(1, (over.outputs - 1 - first) // step + 1))
    span = read_by(over, Span(first, count, step))
    truly = {
        p
        for i in range(first, first + count * step, step)
        for tap in range(kernel)
        if 0 <= (p := i * stride - over.before + tap * dilation) < size
    }
    said = set(range(span.first, span.last + 1, span.step))

    assert len(said) == span.size
    assert truly <= said <= set(range(size))
    # Without gaps between windows or taps, it is exact.
    if (dilation == 1 and stride * step <= kernel) or kernel == 1:
        assert truly == said


KINDS = ("conv", "depthwise", "pool", "average", "abs", "skip", "pad")


def layers(draw: st.DrawFn, model: GraphBuilder, x: int, most: int) -> int:
    """Some layers of those that are followed back, and some that are not."""
    for _ in range(draw(st.integers(1, most))):
        kind = draw(
            st.sampled_from(("conv", "depthwise", "pool", "average", "relu", "skip", "pad"))
        )
        size = draw(st.integers(1, 3))
        stride = draw(st.integers(1, 3))
        padding = draw(st.sampled_from((Padding.VALID, Padding.VALID, Padding.SAME)))
        _, height, width, _ = shape = model.shape(x)
        if min(height, width) < max(size, 2):
            return x
        if kind == "conv":
            x = model.conv_2d(x, 2, size, stride=stride, padding=padding, activation=NONE)
        elif kind == "depthwise":
            x = model.depthwise_conv_2d(x, size, stride=stride, padding=padding, activation=NONE)
        elif kind == "pool":
            x = model.pool_2d(x, size=size, stride=stride, padding=padding)
        elif kind == "average":
            x = model.pool_2d(x, "AVERAGE_POOL_2D", size=size, stride=stride, padding=padding)
        elif kind == "abs":
            x = model.unary("ABS", x)
        elif kind == "skip":
            y = model.conv_2d(x, shape[3], 3, padding=Padding.SAME, activation=NONE)
            z = model.tensor(shape)
            model.operator("ADD", [x, y], [z], AddOptions())
            x = z
        else:
            y = model.tensor((1, height + 1, width + 2, shape[3]))
            argument = model.constant((4, 2), INT32, (0, 0, 1, 0, 2, 0, 0, 0))
            model.operator("PAD", [x, argument], [y], PadOptions())
            x = y
    return x


@st.composite
def networks(draw: st.DrawFn) -> Model:
    model = ModelBuilder(seed=draw(st.integers(0, 100)))
    shape = (1, draw(st.integers(2, 24)), draw(st.integers(2, 24)), draw(st.integers(1, 2)))
    model.output(layers(draw, model, model.input(shape), 5))
    return model.build()


@settings(max_examples=150, deadline=None)
@given(networks())
def test_what_is_said_not_to_be_read_changes_nothing(model: Model) -> None:
    graph = Graph(model, 0)
    x = graph.inputs[0]
    need = needed(graph).get(x.index)
    (given,) = random_inputs(model)
    changed = np.full_like(given, 1e6)
    spans = need or [Span(0, size, 1) for size in x.shape]
    some = tuple(slice(s.first, s.last + 1, s.step) for s in spans)
    changed[some] = given[some]

    assert int(np.sum(changed != 1e6)) == kept(need, x)
    (expected,), (found,) = run(model, [given], "litert"), run(model, [changed], "litert")
    assert np.array_equal(expected, found)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10_000), st.data())
def test_the_smaller_input_gives_the_same_outputs(seed: int, data: st.DataObject) -> None:
    """The same layers over the input that a finding asks for."""
    size = (data.draw(st.integers(2, 30)), data.draw(st.integers(2, 30)))
    plan = data.draw(
        st.lists(
            st.tuples(st.sampled_from(("conv", "pool", "abs")), *[st.integers(1, 3)] * 2),
            min_size=1,
            max_size=5,
        )
    )

    def build(height: int, width: int) -> Model:
        model = ModelBuilder(seed=seed)
        x = model.input((1, height, width, 1))
        for kind, kernel, stride in plan:
            if kind == "abs":
                x = model.unary("ABS", x)
                continue
            if min(model.shape(x)[1:3]) < kernel:
                break
            if kind == "conv":
                x = model.conv_2d(x, 2, kernel, stride=stride, activation=NONE)
            else:
                x = model.pool_2d(x, size=kernel, stride=stride)
        model.output(x)
        return model.build()

    model = build(*size)
    graph = Graph(model, 0)
    smaller = smaller_input(graph, needed(graph))
    if smaller is None:
        return
    _, shape = smaller
    cropped = build(shape[1], shape[2])
    assert len(cropped.subgraphs[0].operators) == len(graph.nodes)
    (x,) = random_inputs(model)

    for runtime in RUNTIMES:
        (expected,) = run(model, [x], runtime)
        (found,) = run(cropped, [np.ascontiguousarray(x[:, : shape[1], : shape[2]])], runtime)
        assert np.array_equal(expected, found), runtime


def test_a_map_that_another_operator_reads_in_full_loses_nothing() -> None:
    """The shortcut of a residual block reads every other row, the block every row."""
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 16, 16, 4)), 16, 3, padding=Padding.SAME)
    block = model.conv_2d(x, 16, 3, stride=2, padding=Padding.SAME)
    shortcut = model.conv_2d(x, 16, 1, stride=2, padding=Padding.SAME)
    y = model.tensor(model.shape(block))
    model.operator("ADD", [shortcut, block], [y], AddOptions())
    model.output(y)

    assert findings(model.build()) == ()


def test_both_branches_with_a_stride_leave_rows_out() -> None:
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 16, 16, 4)), 16, 3, padding=Padding.SAME)
    a, b = (model.conv_2d(x, 8, 1, stride=2) for _ in range(2))
    y = model.tensor((1, 8, 8, 16))
    model.operator("CONCATENATION", [a, b], [y], ConcatenationOptions(axis=3))
    model.output(y)
    (finding,) = findings(model.build())

    assert "75 % of CONV_2D #0, of whose 16 x 16 positions 8 x 8 are read" in finding.message
    assert "a stride of 2 in CONV_2D #0" in finding.help
    assert f"saves {16 * 16 * 16 * 36 * 3 // 4:,} MACs" in finding.help


def test_padding_in_front_does_not_allow_to_crop() -> None:
    """The last row that is read would see a zero where it saw the input."""
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 15, 15, 1)), 8, 3, padding=Padding.SAME)
    model.output(model.pool_2d(x))
    (finding,) = findings(model.build())

    assert "instead of 15 x 15" not in finding.help
    assert 'padding="same"' in finding.help


def test_what_is_transposed_or_reshaped_is_followed() -> None:
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 1, 49, 8)), 16, (1, 3))
    x = model.reshape(x, (1, 47, 1, 16))
    y = model.tensor((1, 1, 47, 16))
    perm = model.constant((4,), INT32, (0, 2, 1, 3))
    model.operator("TRANSPOSE", [x, perm], [y], TransposeOptions())
    model.output(model.conv_2d(y, 4, (1, 8), stride=8))
    (finding,) = findings(model.build())

    assert "15 % of CONV_2D #0, of whose 47 positions 40 are read" in finding.message


def test_an_output_of_the_model_is_read_in_full() -> None:
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 17, 17, 1)), 8, 3)
    model.output(x, model.pool_2d(x))

    assert findings(model.build()) == ()


def test_a_value_that_is_read_before_it_is_made_is_read_in_full() -> None:
    model = ModelBuilder()
    x, y = model.input((1, 17, 17, 1)), model.tensor((1, 15, 15, 8))
    model.output(model.pool_2d(y))
    made = model.conv_2d(x, 8, 3)
    model.operator("RELU", [made], [y])

    assert findings(model.build()) == ()


def test_little_is_not_worth_a_word() -> None:
    """One row of thirty-one is 6 % of the rows, but of a layer that costs nothing."""
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 33, 1, 1)), 1, (3, 1))
    x = model.pool_2d(model.conv_2d(x, 1, 1), size=1, stride=2)
    model.output(x)

    assert findings(model.build()) == ()


EXPECTED = {
    # 30 x 30 x 32 outputs of 9 each; (24 / 30)^2 of them are read.
    "MotionSense/reduced_no_quant": ("93,312 of 263,856", "36 % of CONV_2D #0", "26 x 26"),
    # 15 x 15 x 32 x 4 and 6 x 6 x 32 x 128 MACs, of which 100 / 225 and 16 / 36 are read.
    "KeywordSpotting/reduced_no_quant": ("97,920 of 177,312", "56 % of CONV_2D #2", "11 x 11"),
    "MusicClassifier/reduced_float16": ("635,968 of 2,450,816", "28 % of CONV_2D #2", "214 x 10"),
}


@pytest.mark.shared
@pytest.mark.parametrize("name", EXPECTED)
def test_published_models(name: str) -> None:
    path = SHARED_MODELS / "seed" / f"{name}.tflite"
    if not path.exists():
        pytest.skip(f"needs {path}")
    (finding,) = findings(path.read_bytes())
    macs, share, size = EXPECTED[name]

    assert macs in finding.message
    assert share in finding.message
    assert f"an input of {size} instead of" in finding.help


@pytest.mark.shared
def test_no_tiny_model_computes_what_is_dropped(shared_models: list[object]) -> None:
    tiny = sorted((SHARED_MODELS / "tiny").glob("*.tflite"))

    assert len(tiny) == 8
    assert [path.name for path in tiny if findings(path.read_bytes())] == []


@pytest.mark.shared
def test_a_published_model_gives_the_same_for_the_part_of_its_input_that_is_read() -> None:
    path = SHARED_MODELS / "seed" / "KeywordSpotting" / "reduced_no_quant.tflite"
    if not path.exists():
        pytest.skip(f"needs {path}")
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    interpreter = litert.Interpreter(model_content=path.read_bytes())
    interpreter.allocate_tensors()
    x = np.random.default_rng(1).standard_normal((1, 16, 16, 1)).astype(np.float32) / 10

    def run(given: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], given)
        interpreter.invoke()
        made: np.ndarray = interpreter.get_tensor(  # type: ignore[type-arg]
            interpreter.get_output_details()[0]["index"]
        )
        return made.copy()

    changed = np.full_like(x, 1e3)
    changed[:, :11, :11] = x[:, :11, :11]
    assert np.array_equal(run(x), run(changed))
    changed[:, 10, 10] = 0.5
    assert not np.array_equal(run(x), run(changed))
