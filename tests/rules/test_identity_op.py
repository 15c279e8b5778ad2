"""Operators that do nothing (TFL305): without them, the outputs are the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import SHARED_MODELS
from tests.rules.findings import findings as findings_of
from tests.runtimes import RUNTIMES, assert_bit_equal, run
from tflint.model.builder import ModelBuilder
from tflint.model.graph import MAX_ARGUMENT_ELEMENTS
from tflint.model.graph_builder import per_tensor
from tflint.model.record import Record
from tflint.model.schema import (
    ActivationFunctionType,
    AddOptions,
    ConcatenationOptions,
    DivOptions,
    MulOptions,
    PadOptions,
    Pool2DOptions,
    ReducerOptions,
    ResizeBilinearOptions,
    ResizeNearestNeighborOptions,
    SliceOptions,
    SplitOptions,
    SqueezeOptions,
    StridedSliceOptions,
    SubOptions,
    TensorType,
    TileOptions,
    TransposeOptions,
)
from tflint.model.tables import Model, QuantizationParameters

FLOAT32, INT8, INT32 = TensorType.FLOAT32, TensorType.INT8, TensorType.INT32
SHAPE = (1, 5, 4, 3)
ONE = Pool2DOptions(stride_w=1, stride_h=1, filter_width=1, filter_height=1)
RELU = ActivationFunctionType.RELU

Argument = tuple[Sequence[int], Sequence[float]]  # shape and values


findings = partial(findings_of, "TFL305")


def between(
    name: str | None,
    *arguments: Argument,
    options: Record | None = None,
    type: TensorType = FLOAT32,
    shape: Sequence[int] = SHAPE,
    first: int = 0,
    argument_type: TensorType = INT32,
    argument_quantization: QuantizationParameters | None = None,
    quantization: QuantizationParameters | None = None,
    made: QuantizationParameters | None = None,
) -> Model:
    """A RELU6, the operator (or none) with `first` constants before its input, and a RELU."""
    model = ModelBuilder()
    x = model.unary("RELU6", model.input(shape, type, quantization))
    if name is not None:
        y = model.tensor(shape, type, made or model.tensors[x].quantization)
        inputs = [
            model.constant(of, argument_type, values, argument_quantization)
            for of, values in arguments
        ]
        inputs.insert(first, x)
        version = 2 if type is INT8 and name not in ("RESHAPE", "SQUEEZE") else 1
        model.operator(name, inputs, [y], options, version=version)
        x = y
    model.output(model.unary("RELU", x))
    return model.build()


def zeros(*shape: int) -> Argument:
    return shape, (0,) * int(np.prod(shape))


def four(*values: int) -> Argument:
    return (len(values),), values


# Each as TFLM has it, and LiteRT; with the types that both have.
KINDS: dict[str, Callable[[TensorType], Model]] = {
    "max pool": lambda t: between("MAX_POOL_2D", options=ONE, type=t),
    "average pool": lambda t: between("AVERAGE_POOL_2D", options=ONE, type=t),
    "reshape": lambda t: between("RESHAPE", four(*SHAPE), type=t),
    "squeeze": lambda t: between("SQUEEZE", options=SqueezeOptions(), type=t, shape=(2, 5, 4, 3)),
    "transpose": lambda t: between(
        "TRANSPOSE", four(0, 1, 2, 3), options=TransposeOptions(), type=t
    ),
    "transpose of ones": lambda t: between(
        "TRANSPOSE", four(1, 0, 2, 3), options=TransposeOptions(), type=t, shape=(1, 1, 4, 3)
    ),
    "pad": lambda t: between("PAD", zeros(4, 2), options=PadOptions(), type=t),
    "slice": lambda t: between(
        "SLICE", four(0, 0, 0, 0), four(*SHAPE), options=SliceOptions(), type=t
    ),
    "strided slice": lambda t: between(
        "STRIDED_SLICE",
        four(0, 0, 0, 0),
        four(*SHAPE),
        four(1, 1, 1, 1),
        options=StridedSliceOptions(),
        type=t,
    ),
    "concatenation": lambda t: between(
        "CONCATENATION", options=ConcatenationOptions(axis=3), type=t
    ),
    "split": lambda t: between(
        "SPLIT", ((), (3,)), options=SplitOptions(num_splits=1), first=1, type=t
    ),
    "resize bilinear": lambda t: between(
        "RESIZE_BILINEAR", four(5, 4), options=ResizeBilinearOptions(), type=t
    ),
    "resize nearest": lambda t: between(
        "RESIZE_NEAREST_NEIGHBOR", four(5, 4), options=ResizeNearestNeighborOptions(), type=t
    ),
    "batch to space": lambda t: between("BATCH_TO_SPACE_ND", four(1, 1), zeros(2, 2), type=t),
    "space to batch": lambda t: between("SPACE_TO_BATCH_ND", four(1, 1), zeros(2, 2), type=t),
    "maximum of dimensions of 1": lambda t: between(
        "REDUCE_MAX",
        ((2,), (1, 2)),
        options=ReducerOptions(keep_dims=True),
        type=t,
        shape=(1, 1, 1, 3),
    ),
    "quantize": lambda t: between("QUANTIZE", type=INT8),
}
FLOAT_KINDS: dict[str, Callable[[], Model]] = {
    "add": lambda: between("ADD", ((3,), (0, 0, 0)), options=AddOptions(), argument_type=FLOAT32),
    "add from the left": lambda: between(
        "ADD", ((1,), (0,)), options=AddOptions(), first=1, argument_type=FLOAT32
    ),
    "subtract": lambda: between("SUB", ((1,), (0,)), options=SubOptions(), argument_type=FLOAT32),
    "multiply": lambda: between(
        "MUL", ((3,), (1, 1, 1)), options=MulOptions(), argument_type=FLOAT32
    ),
    "divide": lambda: between("DIV", ((1,), (1,)), options=DivOptions(), argument_type=FLOAT32),
    "mean of dimensions of 1": lambda: between(
        "MEAN", ((2,), (1, 2)), options=ReducerOptions(keep_dims=True), shape=(1, 1, 1, 3)
    ),
}
# TFLM has no such operator, or not for these types.
ONLY_LITERT: dict[str, Callable[[], Model]] = {
    "tile": lambda: between("TILE", four(1, 1, 1, 1), options=TileOptions()),
    "sum of dimensions of 1": lambda: between(
        "SUM", ((2,), (1, 2)), options=ReducerOptions(keep_dims=True), shape=(1, 1, 1, 3)
    ),
}


def without(model: Model) -> Model:
    """The model of `between` with nothing between."""
    x = model.subgraphs[0].tensors[0]
    return between(None, type=x.type, shape=x.shape, quantization=x.quantization)


def assert_same(model: Model, *, tflm: bool = True) -> None:
    (finding,) = findings(model)
    assert finding.location.operator == 1
    for runtime in RUNTIMES if tflm else ("litert",):
        assert_bit_equal(model, without(model), runtime)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("type", [FLOAT32, INT8])
def test_what_is_said_to_do_nothing_does_nothing(kind: str, type: TensorType) -> None:
    assert_same(KINDS[kind](type))


@pytest.mark.parametrize("kind", FLOAT_KINDS)
def test_what_is_said_to_do_nothing_to_floats_does_nothing(kind: str) -> None:
    assert_same(FLOAT_KINDS[kind]())


@pytest.mark.parametrize("kind", ONLY_LITERT)
def test_what_litert_has(kind: str) -> None:
    assert_same(ONLY_LITERT[kind](), tflm=False)


INT8_CONSTANTS = {"MUL": MulOptions(), "ADD": AddOptions(), "SUB": SubOptions()}


def all_int8(
    name: str | None, own: QuantizationParameters, other: QuantizationParameters, stored: int
) -> Model:
    """The operator alone over every value that int8 has, between reshapes."""
    model = ModelBuilder()
    x = model.reshape(model.input((1, 256), INT8, own), (256, 1))
    if name is not None:
        y = model.tensor((256, 1), INT8, own)
        constant = model.constant((1,), INT8, (stored,), other)
        model.operator(name, [x, constant], [y], INT8_CONSTANTS[name], version=2)
        x = y
    model.output(model.reshape(x, (1, 256)))
    return model.build()


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(sorted(INT8_CONSTANTS)),
    st.floats(1e-4, 10),
    st.integers(-128, 127),
    st.integers(-128, 127),
    st.integers(-128, 127),
    st.floats(1e-3, 2000),
)
def test_int8_arithmetic_that_is_said_to_do_nothing_gives_every_value_back(
    name: str, scale: float, zero_point: int, stored: int, other_zero: int, ratio: float
) -> None:
    if name == "MUL":
        if stored == other_zero:
            return
        stored, other_zero = max(stored, other_zero), min(stored, other_zero)
        other = per_tensor(1 / (stored - other_zero), other_zero)
    else:
        stored = other_zero
        other = per_tensor(scale * ratio, other_zero)
    own = per_tensor(scale, zero_point)
    model = all_int8(name, own, other, stored)
    found = findings(model)

    assert bool(found) is (name == "MUL" or ratio <= 1024)
    if not found:
        return
    x = [np.arange(-128, 128, dtype=np.int8).reshape(1, 256)]
    for runtime in RUNTIMES:
        (given,) = run(model, x, runtime)
        assert np.array_equal(given, x[0]), runtime


ONES = (MAX_ARGUMENT_ELEMENTS + 1,)

SOMETHING: dict[str, Callable[[], Model]] = {
    "a pool with an activation": lambda: between(
        "MAX_POOL_2D", options=Pool2DOptions(1, 1, 1, 1, 1, RELU)
    ),
    "a pool without options": lambda: between("MAX_POOL_2D"),
    "a pool of roots of squares": lambda: between("L2_POOL_2D", options=ONE),
    "another scale": lambda: between("RESHAPE", four(*SHAPE), type=INT8, made=per_tensor(0.1)),
    "another zero point": lambda: between("QUANTIZE", type=INT8, made=per_tensor(0.05, 1)),
    "a reversal": lambda: between(
        "STRIDED_SLICE",
        four(0, -1, 0, 0),
        four(1, -6, 4, 3),
        four(1, -1, 1, 1),
        options=StridedSliceOptions(),
    ),
    "a transpose that keeps the shape": lambda: between(
        "TRANSPOSE", four(0, 2, 1, 3), options=TransposeOptions(), shape=(1, 4, 4, 3)
    ),
    "a constant that is not there": lambda: between("PAD", options=PadOptions()),
    "an addition with an activation": lambda: between(
        "ADD", ((1,), (0,)), options=AddOptions(RELU), argument_type=FLOAT32
    ),
    "a difference from 0": lambda: between(
        "SUB", ((1,), (0,)), options=SubOptions(), first=1, argument_type=FLOAT32
    ),
    "a reciprocal": lambda: between(
        "DIV", ((1,), (1,)), options=DivOptions(), first=1, argument_type=FLOAT32
    ),
    "a mean of more than one": lambda: between(
        "MEAN", ((1,), (1,)), options=ReducerOptions(), type=INT8, shape=(1, 1, 1, 3)
    ),
    "an int8 one that is nearly 1": lambda: between(
        "MUL",
        ((1,), (99,)),
        options=MulOptions(),
        type=INT8,
        argument_type=INT8,
        argument_quantization=per_tensor(0.01),
    ),
    "more constants than are looked at": lambda: between(
        "MUL",
        (ONES, (1,) * ONES[0]),
        options=MulOptions(),
        argument_type=FLOAT32,
        shape=(1, *ONES),
    ),
}


@pytest.mark.parametrize("kind", SOMETHING)
def test_what_does_something_or_may_is_let_pass(kind: str) -> None:
    assert findings(SOMETHING[kind]()) == ()


def test_a_computed_argument_may_ask_for_another_shape() -> None:
    model = ModelBuilder()
    x = model.unary("RELU", model.input((1, 16)))
    y = model.tensor((1, 16))
    model.operator("RESHAPE", [x, model.input((2,), INT32)], [y])
    model.output(model.unary("RELU", y))

    assert findings(model.build()) == ()


@pytest.mark.parametrize(
    ("before", "behind", "count"),
    [
        pytest.param(True, True, 1, id="between operators"),
        pytest.param(False, True, 1, id="of the input"),
        pytest.param(True, False, 1, id="to the output"),
        pytest.param(False, False, 0, id="from input to output"),
    ],
)
def test_an_input_is_never_made_an_output(before: bool, behind: bool, count: int) -> None:
    model = ModelBuilder()
    x = model.input((1, 16))
    x = model.unary("RELU", x) if before else x
    x = model.reshape(x, (1, 16))
    model.output(model.unary("RELU", x) if behind else x)

    assert len(findings(model.build())) == count


def test_two_outputs_are_never_made_one() -> None:
    model = ModelBuilder()
    x = model.unary("RELU", model.input((1, 16)))
    model.output(x, model.reshape(x, (1, 16)))

    assert findings(model.build()) == ()


@pytest.mark.shared
def test_the_music_classifier_has_a_pool_of_1x1() -> None:
    path = SHARED_MODELS / "seed" / "MusicClassifier" / "drange.tflite"
    if not path.exists():
        pytest.skip(f"needs {path}")
    (finding,) = findings(path.read_bytes())

    assert finding.location.operator == 5
    assert "106 x 4 x 64" in finding.message
    assert "106.0 KiB" in finding.help
