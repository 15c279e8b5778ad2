"""Open dimensions (TFL109), batches (TFL703) and softmax at the end (TFL309)."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import SHARED_MODELS
from tests.rules.findings import findings
from tests.runtimes import RUNTIMES, assert_bit_equal, random_inputs, run
from tflint.finding import Confidence, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.reader import parse_model
from tflint.model.record import ABSENT
from tflint.model.schema import TensorType, TransposeOptions
from tflint.model.tables import Model
from tflint.model.writer import write_model

INT8, INT32 = TensorType.INT8, TensorType.INT32


# Open dimensions


def unsigned(model: Model) -> Model:
    """The model without any shape signature."""
    graphs = tuple(
        dataclasses.replace(
            graph,
            tensors=tuple(dataclasses.replace(t, shape_signature=ABSENT) for t in graph.tensors),
        )
        for graph in model.subgraphs
    )
    return dataclasses.replace(model, subgraphs=graphs)


def open_batch() -> Model:
    model = ModelBuilder()
    x = model.input((1, 12, 12, 1), INT8, shape_signature=(-1, 12, 12, 1))
    y = model.conv_2d(x, 4, 3)
    model.output(model.fully_connected(model.flatten(y), 3))
    return model.build()


def test_without_signatures_a_device_computes_the_same() -> None:
    model = open_batch()
    closed = unsigned(model)
    assert findings("TFL109", model)
    assert findings("TFL109", closed) == ()

    for runtime in RUNTIMES:
        assert_bit_equal(model, closed, runtime)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "size"), [("kws_ref_model", 312), ("pretrainedResnet_quant", 384), ("ad01_int8", 176)]
)
def test_the_file_shrinks_by_about_what_is_said(name: str, size: int) -> None:
    path = SHARED_MODELS / "tiny" / f"{name}.tflite"
    if not path.exists():
        pytest.skip(f"needs {path}")
    data = path.read_bytes()
    (finding,) = findings("TFL109", data)
    model = parse_model(data)
    shrunk = len(write_model(model)) - len(write_model(unsigned(model)))

    assert finding.severity is Severity.INFO
    assert f"about {size} B smaller" in finding.help
    assert abs(shrunk - size) <= 0.25 * size


def test_open_dimensions_are_judged_by_which_they_are() -> None:
    for signature, target, severity in (
        ((-1, 8), "tflm", Severity.INFO),
        ((1, -1), "tflm", Severity.WARNING),
        ((-1, -1), "tflm-cmsis-nn", Severity.WARNING),
        ((-1, 8), "litert", None),
        ((-1, -1), "litert", Severity.INFO),
        ((1, 8), "tflm", None),
    ):
        model = ModelBuilder()
        x = model.input((1, 8), shape_signature=signature)
        model.output(model.unary("ABS", x))
        found = findings("TFL109", model.build(), target)

        assert [f.severity for f in found] == ([severity] if severity else []), signature


def test_several_inputs_with_an_open_batch_are_one_finding() -> None:
    model = ModelBuilder()
    for _ in range(9):
        model.output(model.unary("ABS", model.input((1, 8), shape_signature=(-1, 8))))
    (finding,) = findings("TFL109", model.build())

    assert finding.message.count("(?, 8)") == 4
    assert "inputs" in finding.message


def test_a_signature_of_another_length_than_the_shape_is_survived() -> None:
    model = ModelBuilder()
    model.output(model.unary("ABS", model.input((), shape_signature=(-1, -1, 4))))

    assert len(findings("TFL109", model.build())) == 1


def test_bodies_of_control_flow_have_no_callers_outside() -> None:
    model = ModelBuilder()
    model.output(model.unary("ABS", model.input((1, 8))))
    body = model.subgraph("body")
    body.output(body.unary("ABS", body.input((1, 8), shape_signature=(-1, 8))))

    assert findings("TFL109", model.build()) == ()


# Batches


def network(batch: int, type: TensorType = INT8) -> Model:
    model = ModelBuilder()
    x = model.conv_2d(model.input((batch, 12, 12, 1), type), 4, 3)
    x = model.fully_connected(model.flatten(model.pool_2d(x)), 3)
    model.output(model.softmax(x))
    return model.build()


@pytest.mark.parametrize("type", [INT8, TensorType.FLOAT32])
def test_a_batch_of_one_computes_the_same_for_each_sample(type: TensorType) -> None:
    many, one = network(5, type), network(1, type)
    (finding,) = findings("TFL703", many)
    assert findings("TFL703", one) == ()
    (x,) = random_inputs(many)

    for runtime in RUNTIMES:
        (expected,) = run(many, [x], runtime)
        for i in range(5):
            assert np.array_equal(expected[i : i + 1], run(one, [x[i : i + 1].copy()], runtime)[0])
    # 10 x 10 x 4 outputs of 9 each, 3 outputs of 5 x 5 x 4.
    macs = 10 * 10 * 4 * 9 + 3 * 100
    assert f"{5 * macs:,} MACs" in finding.message
    assert f"{macs:,} MACs" in finding.help
    assert finding.confidence is Confidence.HIGH


def test_dense_layers_alone_leave_a_doubt() -> None:
    model = ModelBuilder()
    model.output(model.fully_connected(model.input((4, 64)), 8))
    (finding,) = findings("TFL703", model.build())

    assert finding.confidence is Confidence.MEDIUM


def no_batch(kind: str) -> Model:
    model = ModelBuilder()
    if kind == "a vector":
        model.output(model.unary("ABS", model.input((64,))))
    elif kind == "nothing that tells":
        model.output(model.unary("ABS", model.input((64, 3))))
    elif kind == "frames that become one":
        x = model.reshape(model.input((30, 16)), (1, 30, 16, 1))
        model.output(model.fully_connected(model.flatten(model.conv_2d(x, 8, 3)), 3))
    elif kind == "time first":
        x = model.input((30, 2, 16))
        y = model.tensor((2, 30, 16))
        perm = model.constant((3,), INT32, (1, 0, 2))
        model.operator("TRANSPOSE", [x, perm], [y], TransposeOptions())
        z = model.reshape(y, (30, 32))
        model.output(model.fully_connected(z, 3))
    elif kind == "a recurrent layer":
        x, y = model.input((30, 1, 16)), model.tensor((30, 1, 16))
        model.operator("UNIDIRECTIONAL_SEQUENCE_LSTM", [x], [y])
        model.output(model.fully_connected(model.flatten(y), 3))
    elif kind == "one input of another length":
        model.output(model.fully_connected(model.input((4, 64)), 8))
        model.output(model.unary("ABS", model.input((1, 4))))
    else:
        raise AssertionError(kind)
    return model.build()


@pytest.mark.parametrize(
    "kind",
    [
        "a vector",
        "nothing that tells",
        "frames that become one",
        "time first",
        "a recurrent layer",
        "one input of another length",
    ],
)
def test_a_first_dimension_that_may_be_anything_is_no_batch(kind: str) -> None:
    assert findings("TFL703", no_batch(kind)) == ()


def test_float16_weights_have_no_batch() -> None:
    model = ModelBuilder()
    x = model.conv_2d(model.input((3, 12, 12, 1)), 4, 3, weights=TensorType.FLOAT16)
    model.output(model.fully_connected(model.flatten(x), 3, weights=TensorType.FLOAT16))
    (finding,) = findings("TFL703", model.build())

    assert "3 samples" in finding.message


# Softmax at the end


def classifier(type: TensorType, *, softmax: bool) -> Model:
    model = ModelBuilder(seed=5)
    x = model.fully_connected(model.input((1, 32), type), 12)
    model.output(model.softmax(x) if softmax else x)
    return model.build()


@pytest.mark.parametrize("type", [INT8, TensorType.FLOAT32])
def test_the_largest_logit_is_of_the_largest_probability(type: TensorType) -> None:
    with_, without = classifier(type, softmax=True), classifier(type, softmax=False)
    assert findings("TFL309", with_)
    assert findings("TFL309", without) == ()
    for seed in range(20):
        x = random_inputs(with_, seed)
        for runtime in RUNTIMES:
            probabilities, logits = run(with_, x, runtime)[0][0], run(without, x, runtime)[0][0]
            # In int8, several probabilities may come out as the largest.
            assert probabilities[logits.argmax()] == probabilities.max()


def test_a_second_softmax_needs_the_kernel_as_well() -> None:
    model = ModelBuilder()
    x = model.softmax(model.fully_connected(model.input((1, 32)), 12))
    model.output(model.softmax(model.fully_connected(x, 12)))
    (finding,) = findings("TFL309", model.build())

    assert finding.location.operator == 3
    assert "kernel code" not in finding.help


def test_probabilities_that_are_only_dequantised_end_the_model_too() -> None:
    model = ModelBuilder()
    x = model.softmax(model.fully_connected(model.input((1, 32), INT8), 12))
    y = model.tensor((1, 12))
    model.operator("DEQUANTIZE", [x], [y])
    model.output(y)

    assert len(findings("TFL309", model.build())) == 1


def test_one_class_is_another_mistake() -> None:
    model = ModelBuilder()
    model.output(model.softmax(model.fully_connected(model.input((1, 32)), 1)))

    assert findings("TFL309", model.build()) == ()


def test_a_softmax_of_the_input_is_all_the_model_does() -> None:
    model = ModelBuilder()
    model.output(model.softmax(model.input((1, 32))))

    assert findings("TFL309", model.build()) == ()


@pytest.mark.shared
def test_good_models_get_no_warning_from_these_rules(shared_models: list[Path]) -> None:
    codes = ("TFL101", "TFL109", "TFL111", "TFL304", "TFL305", "TFL306", "TFL309", "TFL703")
    tiny = [path for path in shared_models if path.parent.name == "tiny"]
    found = {
        (path.name, f.code): f.severity
        for path in tiny
        for code in codes
        for f in findings(code, path.read_bytes())
    }

    assert set(found.values()) == {Severity.INFO}
    assert {code for _, code in found} == {"TFL109", "TFL309"}
