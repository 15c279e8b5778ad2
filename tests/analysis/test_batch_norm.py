"""Batch normalisation that could not fold (TFL111)."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Sequence
from functools import partial

import numpy as np
import pytest

from tests.conftest import SHARED_MODELS
from tests.rules.findings import findings as findings_of
from tests.runtimes import RUNTIMES, random_inputs, run
from tflint.finding import Confidence, FixSafety, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.record import Record
from tflint.model.schema import (
    ActivationFunctionType,
    AddOptions,
    MulOptions,
    Padding,
    SubOptions,
    TensorType,
)
from tflint.model.tables import Buffer, Model

NONE, RELU = ActivationFunctionType.NONE, ActivationFunctionType.RELU
FLOAT32, INT8 = TensorType.FLOAT32, TensorType.INT8
OPTIONS: dict[str, Record] = {"MUL": MulOptions(), "ADD": AddOptions(), "SUB": SubOptions()}


findings = partial(findings_of, "TFL111")


def affine(
    model: ModelBuilder,
    x: int,
    *names: str,
    constant: Sequence[int] | None = None,
    float16: bool = False,
    constant_first: bool = False,
) -> int:
    """MUL, ADD or SUB one behind the other, each by a constant."""
    for name in names or ("MUL", "ADD"):
        shape = constant or model.shape(x)[-1:]
        c = model.constant(shape, TensorType.FLOAT16 if float16 else model.type(x))
        if float16:
            expanded = model.tensor(shape)
            model.operator("DEQUANTIZE", [c], [expanded])
            c = expanded
        y = model.tensor(model.shape(x), model.type(x))
        model.operator(name, [c, x] if constant_first else [x, c], [y], OPTIONS[name])
        x = y
    return x


def convolution(
    model: ModelBuilder, type: TensorType = FLOAT32, activation: ActivationFunctionType = RELU
) -> int:
    return model.conv_2d(
        model.input((1, 20, 20, 3), type), filters=8, kernel=3, activation=activation
    )


@pytest.mark.parametrize("type", [FLOAT32, INT8])
@pytest.mark.parametrize("names", [("MUL", "ADD"), ("MUL", "SUB")])
@pytest.mark.parametrize("shape", [(8,), (1, 1, 1, 8), (1, 1, 8)])
def test_it_is_found_in_every_form(
    type: TensorType, names: tuple[str, str], shape: tuple[int, ...]
) -> None:
    model = ModelBuilder()
    x = affine(model, convolution(model, type), *names, constant=shape)
    model.output(model.pool_2d(x))
    (finding,) = findings(model.build())

    assert finding.severity is Severity.WARNING
    assert finding.location.operator == 1
    assert f"{18 * 18 * 8 * (4 if type is FLOAT32 else 1):,} bytes a tensor" in finding.message
    assert "MUL #1 and" in finding.message
    assert "the RELU of CONV_2D #0" in finding.message


def test_the_constant_may_come_first_and_from_float16() -> None:
    model = ModelBuilder()
    x = affine(model, convolution(model), float16=True, constant_first=True)
    model.output(model.pool_2d(x))

    assert len(findings(model.build())) == 1


@pytest.mark.parametrize("name", ["RELU6", "HARD_SWISH", "LEAKY_RELU", "TANH", "LOGISTIC", "ELU"])
def test_behind_an_activation_of_its_own(name: str) -> None:
    model = ModelBuilder()
    x = model.unary(name, convolution(model, activation=NONE))
    model.output(model.pool_2d(affine(model, x)))
    (finding,) = findings(model.build())

    assert f"behind {name} #1" in finding.message


def test_behind_what_conv1d_becomes() -> None:
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 1, 64, 3)), filters=16, kernel=(1, 3), activation=RELU)
    x = affine(model, model.reshape(x, (1, 62, 16)))
    model.output(model.unary("ABS", x))

    assert len(findings(model.build())) == 1


def test_behind_a_dense_layer_it_is_small() -> None:
    model = ModelBuilder()
    x = model.fully_connected(model.input((1, 32)), 16, activation=RELU)
    model.output(model.fully_connected(affine(model, x), 4))
    (finding,) = findings(model.build())

    assert finding.severity is Severity.INFO


def silent(kind: str) -> Model:
    model = ModelBuilder()
    if kind == "on the input":
        x = affine(model, model.input((1, 20, 20, 3)))
    elif kind == "behind a linear layer":
        x = affine(model, convolution(model, activation=NONE))
    elif kind == "only scaled":
        x = affine(model, convolution(model), "MUL")
    elif kind == "only shifted":
        x = affine(model, convolution(model), "ADD")
    elif kind == "by one number":
        x = affine(model, convolution(model), constant=(1,))
    elif kind == "along two dimensions":
        x = affine(model, convolution(model), constant=(1, 1, 18, 8))
    elif kind == "scaled along channels, shifted along rows":
        x = affine(model, convolution(model), "MUL")
        x = affine(model, x, "ADD", constant=(1, 18, 1, 1))
    elif kind == "behind an addition of a constant":
        x = affine(model, convolution(model, activation=NONE), "ADD", constant=(1, 18, 18, 8))
        x = affine(model, x)
    elif kind == "behind a product of maps, as layer normalisation is":
        x = convolution(model, activation=NONE)
        y = model.tensor(model.shape(x))
        model.operator("MUL", [x, x], [y], MulOptions())
        x = affine(model, y)
    elif kind == "the scaled map is an output":
        x = affine(model, convolution(model), "MUL")
        model.output(x)
        x = affine(model, x, "ADD")
    elif kind == "channels_first behind an activation":
        x = model.unary("RELU", model.input((1, 8, 20, 20)))
        x = affine(model, x, constant=(8, 1, 1))
    else:
        raise AssertionError(kind)
    model.output(model.pool_2d(x))
    return model.build()


@pytest.mark.parametrize(
    "kind",
    [
        "on the input",
        "behind a linear layer",
        "only scaled",
        "only shifted",
        "by one number",
        "along two dimensions",
        "scaled along channels, shifted along rows",
        "behind an addition of a constant",
        "behind a product of maps, as layer normalisation is",
        "the scaled map is an output",
        "channels_first behind an activation",
    ],
)
def test_what_is_no_such_thing_is_let_pass(kind: str) -> None:
    assert findings(silent(kind)) == ()


@pytest.mark.parametrize("type", [FLOAT32, INT8])
def test_where_branches_meet_there_is_nothing_to_fold_into(type: TensorType) -> None:
    model = ModelBuilder()
    x = convolution(model, type, NONE)
    other = model.conv_2d(x, filters=8, kernel=3, padding=Padding.SAME, activation=NONE)
    y = model.tensor(model.shape(x), type)
    model.operator("ADD", [x, other], [y], AddOptions())
    model.output(model.pool_2d(affine(model, y)))
    (finding,) = findings(model.build())

    assert "behind ADD #2, where branches meet," in finding.message
    assert "on the branches" in finding.help


def test_a_layer_that_a_shortcut_reads_too_keeps_its_result() -> None:
    """The first block of a network with pre-activation, as today's converter leaves it."""
    model = ModelBuilder()
    x = convolution(model, activation=NONE)
    inside = model.conv_2d(affine(model, x), filters=8, kernel=3, padding=Padding.SAME)
    y = model.tensor(model.shape(x))
    model.operator("ADD", [x, inside], [y], AddOptions())
    model.output(y)
    (finding,) = findings(model.build())

    assert finding.location.operator == 1
    assert "CONV_2D #0, whose result others read too," in finding.message


def test_the_bias_may_have_gone_into_what_shifts_along_rows() -> None:
    """BatchNormalization(axis=1) of a channels_last map, as today's converter leaves it."""
    model = ModelBuilder()
    x = affine(model, convolution(model, activation=NONE), "MUL", constant=(1, 18, 1, 1))
    x = affine(model, x, "ADD", constant=(1, 18, 1, 8))
    model.output(model.pool_2d(x))
    (finding,) = findings(model.build())

    assert "along dimension 1 instead of the channels" in finding.message


def test_along_rows_it_is_less_sure() -> None:
    model = ModelBuilder()
    model.output(model.pool_2d(affine(model, convolution(model), constant=(1, 18, 1, 1))))
    (finding,) = findings(model.build())

    assert finding.confidence is Confidence.MEDIUM
    assert "along dimension 1" in finding.message


def followed_by_convolution(
    *, negative: bool = False, padding: Padding = Padding.VALID, pool: str = "MAX_POOL_2D"
) -> Model:
    model = ModelBuilder(seed=3)
    x = affine(model, convolution(model))
    scale = model.operators[1].inputs[1]
    scales = [0.5 + c / 4 for c in range(8)]
    scales[3] *= -1 if negative else 1
    model.buffers[model.tensors[scale].buffer] = Buffer(struct.pack("<8f", *scales))
    x = model.pool_2d(x, pool)
    model.output(model.conv_2d(x, 4, 3, padding=padding, activation=NONE))
    return model.build()


@pytest.mark.parametrize("pool", ["MAX_POOL_2D", "AVERAGE_POOL_2D"])
def test_folding_forward_gives_the_same_but_for_rounding(pool: str) -> None:
    """What the finding offers: the scale into the next weights, the offset into its bias."""
    model = followed_by_convolution(pool=pool)
    (finding,) = findings(model)
    assert "fold the trained pair forward into CONV_2D #4" in finding.help
    assert finding.fix is not None
    assert finding.fix.safety is FixSafety.UNSAFE

    graph = model.subgraphs[0]
    buffers = list(model.buffers)

    def numbers(tensor: int) -> np.ndarray:  # type: ignore[type-arg]
        data = buffers[graph.tensors[tensor].buffer].data
        return np.frombuffer(data or b"", np.float32).reshape(graph.tensors[tensor].shape)

    _, mul, add, pooled, last = graph.operators
    weights, bias = numbers(last.inputs[1]), numbers(last.inputs[2])
    scale, offset = numbers(mul.inputs[1]), numbers(add.inputs[1])
    for tensor, values in (
        (last.inputs[1], weights * scale),
        (last.inputs[2], bias + np.einsum("ohwc,c->o", weights, offset)),
    ):
        buffers[graph.tensors[tensor].buffer] = Buffer(values.astype(np.float32).tobytes())
    operators = (
        graph.operators[0],
        dataclasses.replace(pooled, inputs=(mul.inputs[0],)),
        last,
    )
    folded = dataclasses.replace(
        model,
        buffers=tuple(buffers),
        subgraphs=(dataclasses.replace(graph, operators=operators),),
    )
    assert findings(folded) == ()
    x = random_inputs(model)
    for runtime in RUNTIMES:
        (before,), (after,) = run(model, x, runtime), run(folded, x, runtime)
        np.testing.assert_allclose(before, after, rtol=1e-4, atol=1e-4)


def test_negative_factors_pass_neither_a_maximum_nor_a_relu() -> None:
    (finding,) = findings(followed_by_convolution(negative=True))

    assert "fold" not in finding.help
    # Only training again moves it: converting anew would leave it where it is.
    assert finding.fix is None


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(followed_by_convolution(padding=Padding.SAME), id="zeros at the border"),
        pytest.param(followed_by_convolution(pool="L2_POOL_2D"), id="squares"),
    ],
)
def test_where_a_pair_cannot_go_forward_its_factors_go_back(model: Model) -> None:
    (finding,) = findings(model)

    assert "forward" not in finding.help
    assert "back into CONV_2D #0, which leaves one operator of two" in finding.help
    assert finding.fix is not None
    assert finding.fix.safety is FixSafety.UNSAFE


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("drange", ["602,624", "80,640"]),
        ("reduced_drange", ["301,312"]),
        ("reduced_float16", ["301,312"]),
        ("reduced_no_quant", ["301,312"]),
    ],
)
def test_the_music_classifier(name: str, sizes: list[str]) -> None:
    path = SHARED_MODELS / "seed" / "MusicClassifier" / f"{name}.tflite"
    if not path.exists():
        pytest.skip(f"needs {path}")
    found = findings(path.read_bytes())

    assert len(found) == len(sizes)
    for finding, size in zip(found, sizes, strict=True):
        assert f"{size} bytes a tensor" in finding.message


@pytest.mark.shared
def test_no_other_published_model_has_any(shared_models: list[object]) -> None:
    others = [
        path for path in SHARED_MODELS.rglob("*.tflite") if path.parent.name != "MusicClassifier"
    ]

    assert len(others) > 20
    assert [path for path in others if findings(path.read_bytes())] == []
