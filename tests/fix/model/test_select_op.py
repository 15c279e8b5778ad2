"""TFL201: TensorFlow's operators that equal builtins become these, with the same answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cpu_time import assert_linear
from tests.fix.flex_models import Recorded, flex, recorded
from tests.fix.model.passes import (
    hold_examples,
    hold_idempotent,
    hold_surroundings,
    hold_untouched,
    installed,
    operators,
    repaired,
    rewritten,
)
from tests.rules.findings import findings
from tests.runtimes import Array, random_inputs, run
from tflint.execution.hosts import Host, Run, execute_all
from tflint.fix.proof.flex_reference import run_with_flex
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_channel
from tflint.model.reader import parse_model
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint_rules.example_models import Attribute, flex_options

RECURRENT = ("A recurrent layer of unknown batch", "LiteRT needs a delegate for it")
CASES = recorded()
FLOAT32, INT8, INT32 = TensorType.FLOAT32, TensorType.INT8, TensorType.INT32
TO_LAST, TO_FIRST = (0, 2, 3, 1), (0, 3, 1, 2)


@pytest.fixture(autouse=True, scope="module")
def _builtins_in_this_process() -> Iterator[None]:
    """A process for the builtins of each random network would take most of the time."""

    def execute(model: bytes, inputs: Sequence[Array], *_: object) -> tuple[Array, ...]:
        each = list(zip(*inputs, strict=True)) if inputs else [()]
        samples = [run(model, values, "litert") for values in each]
        return tuple(np.stack(arrays) for arrays in zip(*samples, strict=True))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tflint.execution.hosts.execute", execute)
        yield


def like(*shape: int, dtype: type = np.float32) -> Array:
    return np.zeros(shape, dtype)


def fixed(model: Model) -> Model:
    """The model behind the pass, on which it finds nothing more."""
    after = rewritten("TFL201", model, unsafe=True)
    assert after is not None
    hold_idempotent("TFL201", after, unsafe=True)
    return after


def hold_reference(before: Model, after: Model, seed: int = 0, tolerance: float = 1e-5) -> None:
    """The rewritten model gives what the reference says of the original, on each runtime."""
    inputs = random_inputs(before, seed)
    expected = run_with_flex(write_model(before), [array[None] for array in inputs])
    for runtime in installed():
        got = run(after, inputs, runtime)
        assert len(got) == len(expected)
        for a, b in zip(expected, got, strict=True):
            reach = tolerance * max(float(np.abs(a).max(initial=0)), 1)
            np.testing.assert_allclose(b.reshape(a.shape[1:]), a[0], rtol=0, atol=reach)


def test_the_examples_of_the_rule_are_repaired() -> None:
    hold_examples("TFL201", unsafe=True, but=RECURRENT)


# Against TensorFlow


def test_rewritten_operators_give_what_tensorflow_gives() -> None:
    left, runs, cases = [], [], []
    for case in CASES:
        model, inputs = case.model()
        after = rewritten("TFL201", model, unsafe=True)
        if after is None:
            left.append(case.name)
            continue
        assert not findings("TFL201", after), case.name
        hold_idempotent("TFL201", after, unsafe=True)
        runs.append(Run(write_model(after), tuple(array[None] for array in inputs)))
        cases.append(case)
    # A mean over less than the window has no builtin; nor has SAME over channels.
    assert left == []
    for runtime, least in (("litert", 0.95), ("tflm", 0.85)):
        installed((runtime,))
        outcomes = execute_all(runs, Host.LITERT if runtime == "litert" else Host.TFLM)
        ran = 0
        for case, outcome in zip(cases, outcomes, strict=True):
            if isinstance(outcome, tuple):
                ran += 1
                _hold_recorded(case, outcome)
        assert ran >= least * len(cases), [str(o) for o in outcomes if not isinstance(o, tuple)]


def _hold_recorded(case: Recorded, found: tuple[Array, ...]) -> None:
    assert len(found) == len(case.outputs), case.name
    for a, b in zip(found, case.outputs, strict=True):
        assert a[0].shape == b.shape, case.name
        reach = 1e-5 * max(float(np.abs(b).max(initial=0)), 1)
        np.testing.assert_allclose(a[0], b, rtol=0, atol=reach, err_msg=case.name)


# Layouts


class Nchw:
    """A network of TensorFlow's operators with channels behind the batch, under construction."""

    def __init__(self, shape: tuple[int, ...] = (1, 4, 8, 8), seed: int = 0) -> None:
        self.model = ModelBuilder(seed=seed)
        self.x = self.model.input(shape)

    def shape(self, x: int) -> tuple[int, ...]:
        return self.model.shape(x)

    def add(
        self, name: str, inputs: list[int], shape: tuple[int, ...], **attributes: Attribute
    ) -> int:
        return flex(self.model, name, inputs, [like(*shape)], attributes)[0]

    def conv(self, x: int, filters: int = 4, *, weights: int | None = None) -> int:
        n, c, h, w = self.shape(x)
        if weights is None:
            weights = self.model.constant((3, 3, c, filters))
        attributes: dict[str, Attribute] = {"strides": (1, 1, 1, 1), "padding": "SAME"}
        shape = (n, filters, h, w)
        return self.add("Conv2D", [x, weights], shape, data_format="NCHW", **attributes)

    def bias(self, x: int) -> int:
        b = self.model.constant((self.shape(x)[1],))
        return self.add("BiasAdd", [x, b], self.shape(x), data_format="NCHW")

    def unary(self, name: str, x: int) -> int:
        return self.add(name, [x], self.shape(x))

    def pool(self, x: int, name: str = "MaxPool") -> int:
        n, c, h, w = self.shape(x)
        two: dict[str, Attribute] = {"ksize": (1, 1, 2, 2), "strides": (1, 1, 2, 2)}
        shape = (n, c, -(-h // 2), -(-w // 2))
        return self.add(name, [x], shape, data_format="NCHW", padding="SAME", **two)

    def transpose(self, x: int, order: tuple[int, ...]) -> int:
        shape = tuple(self.shape(x)[axis] for axis in order)
        return self.add("Transpose", [x, self.model.constant((4,), INT32, order)], shape)

    def last(self, name: str, x: int) -> int:
        """What the layout optimiser of TensorFlow makes of a pool in NCHW."""
        y = self.transpose(x, TO_LAST)
        two: dict[str, Attribute] = {"ksize": (1, 2, 1, 1), "strides": (1, 1, 1, 1)}
        y = self.add(name, [y], self.shape(y), padding="SAME", data_format="NHWC", **two)
        return self.transpose(y, TO_FIRST)

    def mean(self, x: int) -> int:
        axes = self.model.constant((2,), INT32, (2, 3))
        return self.add("Mean", [x, axes], self.shape(x)[:2], keep_dims=False)

    def concat(self, *xs: int) -> int:
        n, _, h, w = self.shape(xs[0])
        axis = self.model.constant((), INT32, (1,))
        channels = sum(self.shape(x)[1] for x in xs)
        return self.add("ConcatV2", [*xs, axis], (n, channels, h, w), N=len(xs))

    def finished(self, *outputs: int) -> Model:
        self.model.output(*outputs)
        return self.model.build()


def test_a_chain_is_turned_at_its_ends_only() -> None:
    net = Nchw()
    x = net.unary("Relu", net.bias(net.conv(net.x)))
    y = net.unary("Relu6", net.bias(net.conv(net.pool(x))))
    model = net.finished(y)

    after = fixed(model)

    assert operators(after) == [
        *("TRANSPOSE", "CONV_2D", "RELU", "MAX_POOL_2D", "CONV_2D", "RELU6", "TRANSPOSE"),
    ]
    hold_reference(model, after)


def test_a_mean_over_the_map_needs_no_turning_back() -> None:
    net = Nchw()
    y = net.conv(net.unary("Elu", net.conv(net.x)))
    weights = net.model.constant((4, 3))
    model = net.finished(net.add("MatMul", [net.mean(y), weights], (1, 3)))

    after = fixed(model)

    assert operators(after) == ["TRANSPOSE", "CONV_2D", "ELU", "CONV_2D", "MEAN", "FULLY_CONNECTED"]


def test_a_map_of_one_channel_is_reshaped_instead_of_turned() -> None:
    net = Nchw((1, 1, 8, 8))
    model = net.finished(net.mean(net.conv(net.x)))

    after = fixed(model)

    assert operators(after) == ["RESHAPE", "CONV_2D", "MEAN"]
    hold_reference(model, after)


def test_transpositions_between_the_layouts_are_not_carried_out() -> None:
    net = Nchw()
    x = net.unary("Relu", net.last("MaxPool", net.conv(net.x)))
    model = net.finished(net.mean(net.conv(net.last("AvgPool", x))))

    after = fixed(model)

    assert operators(after) == [
        *("TRANSPOSE", "CONV_2D", "MAX_POOL_2D", "RELU", "AVERAGE_POOL_2D", "CONV_2D", "MEAN"),
    ]
    hold_reference(model, after)


@pytest.mark.parametrize("name", ["Identity", "Relu", "Softplus"])
def test_weights_that_are_passed_on_count_as_stored(name: str) -> None:
    net = Nchw()
    weights = net.model.constant((3, 3, 4, 4))
    passed = net.add("Identity", [net.add("StopGradient", [weights], (3, 3, 4, 4))], (3, 3, 4, 4))
    model = net.finished(net.unary(name, net.conv(net.x, weights=passed)))

    after = fixed(model)

    assert operators(after).count("TRANSPOSE") == 2
    assert operators(after)[1] == "CONV_2D"
    hold_reference(model, after)


def test_branches_meet_with_their_channels_last() -> None:
    net = Nchw()
    x = net.conv(net.x)
    y = net.unary("Relu", net.conv(x))
    total = net.add("AddV2", [x, y], net.shape(x))
    scale = net.model.constant((4, 1, 1))
    scaled = net.add("Mul", [total, scale], net.shape(x))
    model = net.finished(net.mean(net.concat(scaled, x)))

    after = fixed(model)

    assert operators(after).count("TRANSPOSE") == 1
    hold_reference(model, after)


def test_builtins_that_work_by_elements_are_carried_out_where_they_are() -> None:
    net = Nchw()
    x = net.model.unary("RELU", net.conv(net.x))
    other = net.model.unary("LOGISTIC", x)
    product = net.model.tensor(net.shape(x))
    net.model.operator("MUL", [x, other], [product])
    model = net.finished(net.mean(net.conv(product)))

    after = fixed(model)

    assert operators(after) == [
        *("TRANSPOSE", "CONV_2D", "RELU", "LOGISTIC", "MUL", "CONV_2D", "MEAN"),
    ]
    hold_reference(model, after)


def test_a_value_that_others_read_is_turned_back_for_them() -> None:
    net = Nchw()
    x = net.conv(net.x)
    y = net.unary("Relu", net.conv(x))
    model = net.finished(y, x, net.model.reshape(x, (1, 256)))

    after = fixed(model)

    assert operators(after).count("TRANSPOSE") == 3
    hold_reference(model, after)


def _layer(draw: st.DrawFn, net: Nchw, values: list[int]) -> int:
    """One more layer on one of the last values."""
    x = draw(st.sampled_from(values[-3:]))
    shape = net.shape(x)
    other = draw(st.sampled_from([v for v in values if net.shape(v) == shape]))
    kind = draw(st.sampled_from(["pool", "flex", "builtin", "filters", "bias", "add"]))
    if kind == "pool":
        return net.pool(x, draw(st.sampled_from(["MaxPool", "AvgPool"])))
    if kind == "flex":
        return net.unary(draw(st.sampled_from(["Relu", "Tanh", "Identity", "Abs"])), x)
    if kind == "builtin":
        return net.model.unary(draw(st.sampled_from(["RELU", "TANH", "ABS"])), x)
    if kind == "filters":
        return net.conv(x, draw(st.integers(1, 4)))
    if kind == "bias":
        return net.bias(draw(st.sampled_from([x, net.conv(x, 3)])))
    makers: list[Callable[[], int]] = [
        lambda: net.add("AddV2", [x, other], shape),
        lambda: net.concat(x, other),
        lambda: net.add("Mul", [x, net.model.constant((shape[1], 1, 1))], shape),
        lambda: net.add("Sub", [x, net.model.constant(shape[3:])], shape),
        lambda: net.unary("Identity", net.unary("Relu", x)),
        lambda: net.last("MaxPool", x),
        lambda: net.unary("Identity", net.last("AvgPool", x)),
        lambda: net.unary("Identity", net.transpose(net.transpose(x, TO_FIRST), TO_LAST)),
        lambda: net.transpose(net.unary("Identity", net.transpose(x, TO_LAST)), TO_FIRST),
        lambda: net.pool(net.transpose(net.pool(x), TO_LAST)),
    ]
    return draw(st.sampled_from(makers))()


@st.composite
def networks(draw: st.DrawFn) -> Model:
    """Networks in NCHW of operators of both kinds, some values of which are read twice."""
    shape = draw(st.sampled_from([(1, 4, 6, 6), (1, 1, 5, 4), (2, 3, 4, 1), (1, 2, 1, 6)]))
    net = Nchw(shape, seed=draw(st.integers(0, 9)))
    values = [net.x]
    for _ in range(draw(st.integers(1, 9))):
        values.append(_layer(draw, net, values))
    outputs = draw(st.lists(st.sampled_from(values[1:]), min_size=1, max_size=3, unique=True))
    return net.finished(*outputs, net.mean(values[-1]))


@settings(max_examples=60, deadline=None)
@given(networks(), st.integers(0, 3))
def test_random_networks_give_what_the_reference_says(model: Model, seed: int) -> None:
    hold_reference(model, fixed(model), seed)
    assert not findings("TFL201", fixed(model))


@settings(max_examples=15, deadline=None)
@given(networks())
def test_what_is_around_stays_as_it_is(model: Model) -> None:
    hold_surroundings("TFL201", model, unsafe=True)


def _dense(kind: str, units: int = 5) -> Model:
    """A map that is flattened for a dense layer of some kind of weights."""
    net = Nchw()
    x = net.unary("Relu", net.conv(net.x, 3))
    depth = 3 * 8 * 8
    if kind.startswith("flex"):
        to = net.model.constant((2,), INT32, (1, depth))
        x = net.add("Reshape", [x, to], (1, depth))
        weights = net.model.constant((depth, units))
        if kind == "flex float16":
            stored = net.model.constant((depth, units), TensorType.FLOAT16)
            weights = net.model.tensor((depth, units))
            net.model.operator("DEQUANTIZE", [stored], [weights])
        return net.finished(net.add("MatMul", [x, weights], (1, units)))
    x = net.model.reshape(x, (1, depth))
    types = {"float": FLOAT32, "int8": INT8, "float16": TensorType.FLOAT16}
    return net.finished(net.model.fully_connected(x, units, weights=types[kind]))


@pytest.mark.parametrize("kind", ["float", "flex", "flex float16", "int8", "float16"])
def test_a_map_is_flattened_as_it_is_and_the_columns_of_the_layer_follow(kind: str) -> None:
    model = _dense(kind)

    after = fixed(model)

    names = operators(after)
    assert names.count("TRANSPOSE") == 1
    assert names[-1] == "FULLY_CONNECTED"
    inputs = random_inputs(model)
    (expected,) = run_with_flex(write_model(model), [array[None] for array in inputs])
    (got,) = run(after, inputs, "litert")
    np.testing.assert_allclose(got, expected[0], rtol=0, atol=1e-4)


@pytest.mark.parametrize("reason", ["the map", "the flat map", "other columns", "two layers"])
def test_a_map_that_others_read_is_turned_back(reason: str) -> None:
    net = Nchw()
    x = net.conv(net.x, 3)
    flat = net.model.reshape(x, (2, 96) if reason == "other columns" else (1, 192))
    outputs = [net.model.fully_connected(flat, 5)]
    outputs += {"the map": [x], "the flat map": [flat]}.get(reason, [])
    if reason == "two layers":
        outputs.append(net.model.fully_connected(flat, 2))
    model = net.finished(*outputs)

    after = fixed(model)

    assert operators(after).count("TRANSPOSE") == 2
    hold_reference(model, after)


# Weights


@pytest.mark.parametrize("kind", ["float16", "int8", "int8 a channel", "computed"])
def test_weights_that_are_not_stored_as_floats(kind: str) -> None:
    net = Nchw()
    shape = (3, 3, 4, 4)
    if kind == "computed":
        weights = net.model.input(shape)
    else:
        scales = [0.01, 0.02, 0.03, 0.04] if kind.endswith("channel") else [0.01]
        if kind == "float16":
            stored = net.model.constant(shape, TensorType.FLOAT16)
        else:
            stored = net.model.constant(shape, INT8, quantization=per_channel(scales, 3))
        weights = net.model.tensor(shape)
        net.model.operator("DEQUANTIZE", [stored], [weights], version=5)
    model = net.finished(net.bias(net.conv(net.x, weights=weights)))

    after = fixed(model)

    names = operators(after)
    assert names.count("DEQUANTIZE") == (kind != "computed")
    assert names.count("TRANSPOSE") == (3 if kind == "computed" else 2)
    inputs = random_inputs(model)
    (expected,) = run_with_flex(write_model(model), [array[None] for array in inputs])
    (got,) = run(after, inputs, "litert")
    np.testing.assert_allclose(got, expected[0], rtol=0, atol=1e-4)


def test_layers_that_share_weights_go_on_sharing_them() -> None:
    net = Nchw()
    weights = net.model.constant((3, 3, 4, 4))
    model = net.finished(net.conv(net.conv(net.x, weights=weights), weights=weights))

    after = fixed(model)

    stored = {
        after.subgraphs[0].tensors[operator.inputs[1]].buffer
        for operator in after.subgraphs[0].operators
        if after.operator_codes[operator.opcode_index].name == "CONV_2D"
    }
    assert len(stored) == 1


def test_a_bias_that_two_layers_would_need_stays_an_addition() -> None:
    net = Nchw()
    x = net.conv(net.x)
    model = net.finished(net.bias(x), x)

    after = fixed(model)

    assert "ADD" in operators(after)
    hold_reference(model, after)


@pytest.mark.shared
def test_the_seed_model_has_builtins_only(shared_models: list[Path]) -> None:
    (path,) = (path for path in shared_models if path.name == "drange_selected_ops.tflite")
    model = parse_model(path.read_bytes())

    after = fixed(model)

    assert operators(after)[:5] == ["RESHAPE", "CONV_2D", "RELU", "TRANSPOSE", "MAX_POOL_2D"]
    inputs = random_inputs(model)
    (expected,) = run_with_flex(write_model(model), [array[None] for array in inputs])
    (got,) = run(after, inputs, "litert")
    np.testing.assert_allclose(got, expected[0], rtol=0, atol=2e-3)


# What is passed on


def test_what_passes_values_on_goes() -> None:
    model = ModelBuilder()
    x = model.input((1, 4))
    (y,) = flex(model, "Identity", [model.unary("RELU", x)], [like(1, 4)], {})
    (z,) = flex(model, "StopGradient", [model.unary("TANH", y)], [like(1, 4)], {})
    model.output(z)
    before = model.build()

    after = fixed(before)

    assert operators(after) == ["RELU", "TANH"]
    hold_reference(before, after)


def test_scalars_are_passed_on_and_taken_out_of_vectors() -> None:
    model = ModelBuilder()
    x = model.input((3,))
    arguments = [model.constant((1,), INT32, (i,)) for i in (1, 2, 1)]
    attributes: dict[str, Attribute] = {"shrink_axis_mask": 1}
    (y,) = flex(model, "StridedSlice", [x, *arguments], [like()], attributes)
    s = model.input(())
    empty = model.tensor((0,), INT32)
    (r,) = flex(model, "Reshape", [model.input((1,)), empty], [like()], {})
    model.output(*flex(model, "Identity", [s], [like()], {}), y, r)
    before = model.build()

    after = fixed(before)

    assert operators(after) == ["STRIDED_SLICE", "RESHAPE", "MAXIMUM"]
    inputs = random_inputs(before)
    expected = run_with_flex(write_model(before), [np.asarray(array)[None] for array in inputs])
    got = run(after, inputs, "litert")
    for a, b in zip(expected, got, strict=True):
        assert a[0].tobytes() == b.tobytes()


def test_an_input_that_is_an_output_is_copied() -> None:
    model = ModelBuilder()
    x = model.input((1, 4))
    model.output(*(flex(model, "Identity", [x], [like(1, 4)], {})[0] for _ in range(2)))
    y = model.unary("RELU", x)
    model.output(*(flex(model, "Identity", [y], [like(1, 4)], {})[0] for _ in range(2)), y)
    before = model.build()

    after = fixed(before)

    assert sorted(operators(after)) == ["RELU", "RESHAPE", "RESHAPE", "RESHAPE", "RESHAPE"]
    hold_reference(before, after)


# What is left


def _conv(
    shape: tuple[int, ...] = (1, 4, 8, 8),
    result: tuple[int, ...] = (1, 2, 8, 8),
    weights: tuple[int, ...] = (3, 3, 4, 2),
    name: str = "Conv2D",
    **attributes: Attribute,
) -> Model:
    model = ModelBuilder()
    known: dict[str, Attribute] = {
        "data_format": "NCHW",
        "padding": "SAME",
        "strides": (1, 1, 1, 1),
    }
    known = {key: value for key, value in (known | attributes).items() if value != ""}
    operands = [model.input(shape), model.constant(weights)]
    model.output(*flex(model, name, operands, [like(*result)], known))
    return model.build()


def test_the_near_misses_below_are_near() -> None:
    assert operators(fixed(_conv())) == ["TRANSPOSE", "CONV_2D", "TRANSPOSE"]


@pytest.mark.parametrize(
    "model",
    [
        _conv(data_format="NCHW_VECT_C"),
        _conv(padding="FULL"),
        _conv(padding="EXPLICIT"),
        _conv(padding="EXPLICIT", explicit_paddings=(1, 0, 0, 0, 1, 1, 1, 1)),
        _conv(padding="EXPLICIT", explicit_paddings=(0, 0, 0, 0, -1, 1, 1, 1)),
        _conv(strides=""),
        _conv(strides=(2, 1, 1, 1)),
        _conv(strides=(1, 1, 0, 1)),
        _conv(strides=(1, 1, 1)),
        _conv(strides=(1, 1, 2**40, 2**40), result=(1, 2, 1, 1)),
        _conv(dilations=(1, 2, 1, 1)),
        _conv(result=(1, 2, 8, 7)),
        _conv(weights=(3, 3, 3, 2)),
        _conv((1, 4, 0, 8)),
        _conv((1, 4, -1, 8)),
        _conv((4, 8, 8)),
        _conv(name="Conv3D"),
    ],
)
def test_what_is_not_equal_stays(model: Model) -> None:
    hold_untouched("TFL201", model, unsafe=True)
    (finding,) = findings("TFL201", model)
    assert finding.fix is not None
    assert finding.fix.safety.value == "reconvert"


def test_statistics_that_are_read_keep_a_batch_normalisation() -> None:
    for is_read in (False, True):
        net = Nchw()
        constants = [net.model.constant((4,)) for _ in range(4)]
        shapes = [like(1, 4, 8, 8), *(like(4) for _ in range(4))]
        attributes: dict[str, Attribute] = {"is_training": False, "data_format": "NCHW"}
        y, *rest = flex(net.model, "FusedBatchNormV3", [net.x, *constants], shapes, attributes)
        model = net.finished(y, *(rest[:1] if is_read else ()))

        assert (rewritten("TFL201", model, unsafe=True) is None) == is_read


@pytest.mark.parametrize("behind", ["input", "convolution"])
def test_a_batch_normalisation_is_carried_out_where_it_is(behind: str) -> None:
    net = Nchw()
    x = net.x if behind == "input" else net.conv(net.x)
    shapes = [like(1, 4, 8, 8), *(like(4) for _ in range(4))]
    known = [net.model.constant((4,)) for _ in range(3)]
    known.append(net.model.constant((4,), values=(0.5, 1.0, 2.0, 0.1)))
    attributes: dict[str, Attribute] = {"is_training": False, "data_format": "NCHW"}
    y = flex(net.model, "FusedBatchNormV3", [x, *known], shapes, attributes)[0]
    model = net.finished(y)

    after = fixed(model)

    assert (
        operators(after)
        == {
            "input": ["MUL", "ADD"],
            "convolution": ["TRANSPOSE", "CONV_2D", "MUL", "ADD", "TRANSPOSE"],
        }[behind]
    )
    hold_reference(model, after)


def test_nothing_is_done_unless_it_is_asked_for() -> None:
    hold_untouched("TFL201", _conv())


def test_an_operator_whose_name_and_options_differ_stays() -> None:
    model = ModelBuilder()
    x, y = model.input((1, 4)), model.tensor((1, 4))
    model.operator("FlexTanh", [x], [y], custom_options=flex_options("Relu", {}))
    model.output(y)
    hold_untouched("TFL201", model.build(), unsafe=True)


def test_operators_without_a_builtin_stay_among_those_that_are_rewritten() -> None:
    net = Nchw()
    model = net.finished(net.conv(net.unary("Erf", net.unary("Relu", net.conv(net.x)))))

    after = repaired("TFL201", model, unsafe=True, left=1)

    assert operators(after).count("FlexErf") == 1
    assert "FlexConv2D" not in operators(after)


def test_subgraphs_that_are_called_are_rewritten_too() -> None:
    model = ModelBuilder()
    model.output(model.unary("RELU", model.input((1, 4))))
    body = model.subgraph("body")
    body.output(*flex(body, "Softsign", [body.input((1, 4))], [like(1, 4)], {}))
    before = model.build()

    after = fixed(before)

    assert operators(after, 1) == ["ABS", "ADD", "DIV"]
    assert [t.shape for t in after.subgraphs[1].tensors[:2]] == [(1, 4), (1, 4)]


# Anything


names = st.sampled_from(sorted({case.operator for case in CASES}))
sizes = st.sampled_from([0, 1, 1, 2, 3, 4, 8, -1, 2**31 - 1, -(2**31)])
shapes = st.lists(sizes, max_size=9).map(tuple)
KEYS = (
    *("data_format", "padding", "strides", "dilations", "ksize", "explicit_paddings", "T", "N"),
    *("axis", "squeeze_dims", "is_training", "block_size", "mode", "num_split", "num", "keep_dims"),
    *("batch_dims", "begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask"),
    *("shrink_axis_mask", "transpose_a", "align_corners"),
)
attributes = st.dictionaries(
    st.sampled_from(KEYS),
    st.one_of(
        st.sampled_from(["NHWC", "NCHW", "SAME", "VALID", "EXPLICIT", "REFLECT", ""]),
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(width=32),
        st.lists(st.integers(-3, 9), max_size=9).map(tuple),
        st.lists(st.sampled_from([1, 1, 2, 2**31, 2**63 - 1]), min_size=4, max_size=8).map(tuple),
        st.just(FLOAT32),
    ),
)


@st.composite
def anything(draw: st.DrawFn) -> Model:
    """An operator on whatever, with whatever attributes."""
    model = ModelBuilder()
    inputs = []
    for _ in range(draw(st.integers(0, 5))):
        shape = draw(shapes)
        type = draw(st.sampled_from([FLOAT32, INT32, INT32, TensorType.BOOL, TensorType.STRING]))
        if draw(st.booleans()) and type is INT32:
            values = draw(st.lists(st.integers(-(2**31), 2**31 - 1), max_size=8))
            buffer = model.buffer(np.array(values, np.int32).tobytes())
            inputs.append(model.tensor(shape, type, buffer=buffer))
        else:
            inputs.append(draw(st.sampled_from([model.input(shape, type), -1])))
    outputs = [model.tensor(draw(shapes)) for _ in range(draw(st.integers(0, 3)))]
    name = draw(names)
    options = flex_options(name, draw(attributes))
    for _ in range(draw(st.integers(1, 2))):
        model.operator(f"Flex{name}", inputs, outputs, custom_options=options)
    model.output(*outputs)
    return model.build()


@settings(max_examples=300, deadline=None)
@given(anything())
def test_any_operator_is_rewritten_or_left(model: Model) -> None:
    after = rewritten("TFL201", model, unsafe=True)
    if after is not None:
        rewritten("TFL201", after, unsafe=True)


def _long(size: int) -> Model:
    net = Nchw()
    x = net.x
    for _ in range(size):
        x = net.unary("Identity", net.unary("Relu", net.bias(net.conv(x))))
    return net.finished(x)


def test_time_is_linear_in_the_number_of_operators() -> None:
    assert_linear(lambda model: rewritten("TFL201", model, unsafe=True), _long, 200)
