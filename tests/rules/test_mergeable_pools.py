"""Runs of max pools (TFL304): the one pool that a finding names gives the same outputs."""

from __future__ import annotations

import dataclasses
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.conftest import SHARED_MODELS
from tests.rules.findings import findings as findings_of
from tests.runtimes import RUNTIMES, assert_bit_equal
from tflint.analysis.dataflow import Dataflow
from tflint.analysis.max_pools import composed, mergeable_pools
from tflint.analysis.windows import Window, window
from tflint.finding import Severity
from tflint.model.builder import ModelBuilder
from tflint.model.graph import Graph
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import ActivationFunctionType, Padding, Pool2DOptions, TensorType
from tflint.model.tables import Model

FLOAT32, INT8 = TensorType.FLOAT32, TensorType.INT8
PADDINGS = st.sampled_from((Padding.VALID, Padding.SAME))
ACTIVATIONS = st.sampled_from(
    (
        ActivationFunctionType.NONE,
        ActivationFunctionType.RELU,
        ActivationFunctionType.RELU6,
        ActivationFunctionType.RELU_N1_TO_1,
    )
)


@st.composite
def pools(draw: st.DrawFn) -> Pool2DOptions:
    kernel = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    # Strides above the kernel are drawn too, now and then.
    stride = [draw(st.integers(1, min(size + 1, 3))) for size in kernel]
    return Pool2DOptions(draw(PADDINGS), *stride, *kernel, draw(ACTIVATIONS))


def stack(height: int, width: int, type: TensorType, *pools: Pool2DOptions) -> Model | None:
    """Max pools one behind the other; None where the map is used up."""
    model = ModelBuilder()
    quantization = per_tensor(0.05, 3) if type is INT8 else None
    x = model.input((1, height, width, 2), type, quantization)
    for options in pools:
        _, h, w, channels = model.shape(x)
        rows = window(h, options.filter_height, options.stride_h, options.padding)
        columns = window(w, options.filter_width, options.stride_w, options.padding)
        if rows is None or columns is None:
            return None
        y = model.tensor((1, rows.outputs, columns.outputs, channels), type, quantization)
        model.operator("MAX_POOL_2D", [x], [y], options, version=2 if type is INT8 else 1)
        x = y
    model.output(x)
    return model.build()


findings = partial(findings_of, "TFL304")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.sampled_from((FLOAT32, INT8)),
    st.lists(pools(), min_size=2, max_size=4),
)
def test_the_merged_pool_gives_the_same_outputs(
    height: int, width: int, type: TensorType, layers: list[Pool2DOptions]
) -> None:
    model = stack(height, width, type, *layers)
    assume(model is not None)
    assert model is not None
    graph = Graph(model, 0)
    runs = list(mergeable_pools(graph, Dataflow(graph)))
    assume(runs)
    for pools in reversed(runs):
        first = pools.nodes[0].index
        layers[first : first + len(pools.nodes)] = [pools.merged.options(layers[first])]
    merged = stack(height, width, type, *layers)
    assert merged is not None
    assert len(merged.subgraphs[0].operators) < len(model.subgraphs[0].operators)

    for runtime in RUNTIMES:
        assert_bit_equal(model, merged, runtime)


def positions(window: Window, index: int) -> set[int]:
    begin = index * window.stride - window.before
    return {p for p in range(begin, begin + window.kernel) if 0 <= p < window.inputs}


@settings(max_examples=1000, deadline=None)
@given(*[st.integers(1, 5)] * 4, PADDINGS, PADDINGS, PADDINGS, st.integers(1, 60))
def test_windows_compose_exactly_when_every_output_reads_the_same(
    k1: int, s1: int, k2: int, s2: int, p1: Padding, p2: Padding, to: Padding, size: int
) -> None:
    first = window(size, k1, s1, p1)
    second = None if first is None else window(first.outputs, k2, s2, p2)
    if first is None or second is None:
        return
    merged = window(size, k1 + (k2 - 1) * s1, s1 * s2, to)
    same = (
        merged is not None
        and merged.outputs == second.outputs
        and all(
            set().union(*(positions(first, t) for t in positions(second, i)))
            == positions(merged, i)
            for i in range(second.outputs)
        )
    )
    found = composed(first, second, to)

    # What looks at the same positions although windows leave gaps may be missed.
    assert (found is not None) == same or (same and s1 > k1)
    if found is not None:
        assert same
    if p1 is p2 is to is Padding.VALID and s1 <= k1:
        assert found is not None


POOL = Pool2DOptions(Padding.VALID, 2, 2, 2, 2)


def test_a_change_of_scale_between_them_keeps_pools_apart() -> None:
    model = stack(8, 8, INT8, POOL, POOL)
    assert model is not None
    assert findings(model)
    graph = model.subgraphs[0]
    middle = graph.operators[0].outputs[0]
    tensors = list(graph.tensors)
    tensors[middle] = dataclasses.replace(tensors[middle], quantization=per_tensor(0.1))
    changed = dataclasses.replace(
        model, subgraphs=(dataclasses.replace(graph, tensors=tuple(tensors)),)
    )

    assert findings(changed) == ()


def test_activations_that_clamp_to_no_activation_keep_pools_apart() -> None:
    first = dataclasses.replace(POOL, fused_activation_function=ActivationFunctionType.RELU_N1_TO_1)
    second = dataclasses.replace(POOL, fused_activation_function=ActivationFunctionType.RELU)
    model = stack(8, 8, FLOAT32, first, second)

    assert model is not None
    assert findings(model) == ()


def test_pools_that_would_compare_more_are_only_an_info() -> None:
    overlapping = Pool2DOptions(Padding.VALID, 1, 1, 3, 3)
    model = stack(16, 16, FLOAT32, overlapping, overlapping)
    assert model is not None
    (finding,) = findings(model)

    assert finding.severity is Severity.INFO
    assert "one 5x5 max pool with stride 1" in finding.message
    # 12 x 12 outputs of 25 each, against 14 x 14 and 12 x 12 of 9; two channels.
    assert "7,200 comparisons instead of 6,120" in finding.help


def test_an_overwritten_map_is_not_what_the_second_pool_reads() -> None:
    model = ModelBuilder()
    x, other = model.input((1, 8, 8, 1)), model.input((1, 4, 4, 1))
    y = model.pool_2d(x)
    model.operator("RELU", [other], [y])
    model.output(model.pool_2d(y))

    assert findings(model.build()) == ()


def test_a_long_run_is_one_finding_of_one_line() -> None:
    one = Pool2DOptions(Padding.VALID, 1, 1, 2, 1)
    model = stack(1, 2001, FLOAT32, *[one] * 2000)
    assert model is not None
    (finding,) = findings(model)

    assert "2000 max pools in a row" in finding.message
    assert len(finding.message) < 300


@pytest.mark.shared
def test_motion_sense_has_three() -> None:
    path = Path(SHARED_MODELS) / "seed" / "MotionSense" / "reduced_no_quant.tflite"
    if not path.exists():
        pytest.skip(f"needs {path}")
    (finding,) = findings(path.read_bytes())

    assert "(#1, #2, #3) equal one 8x8 max pool with stride 8, padding VALID" in finding.message
    # 15 x 15 x 32 and 7 x 7 x 32 floats lie between them.
    assert "saves 2 operators and 34.2 KiB" in finding.help
    assert finding.severity is Severity.WARNING
