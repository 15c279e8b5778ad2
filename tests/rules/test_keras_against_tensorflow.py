"""What the rules say of a source before it is run, and what TensorFlow does when it is.

Needs TensorFlow, which is not among what the project installs for its tests.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import Any

import pytest

from tflint.finding import Finding, Severity
from tflint.lint.registry import all_rules
from tflint.lint.runner import check_example
from tflint.model.graph import graphs
from tflint.model.reader import parse_model
from tflint.target.target import find_target

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"
    ),
]

HEAD = """\
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

"""


def said(code: str, source: str) -> list[Finding]:
    rules = [rule for rule in all_rules() if rule.meta.code == code]
    return list(check_example(source, rules, find_target("tflm")).findings)


def built(source: str) -> Any:
    names: dict[str, Any] = {}
    exec(compile(source, "example.py", "exec"), names)
    return names["model"]


def operators(source: str) -> list[str]:
    """The operators of the converted model, with weights at random: none is 0 or 1."""
    import numpy
    import tensorflow

    model = built(source)
    random = numpy.random.default_rng(0)
    model.set_weights([random.uniform(0.5, 1.5, w.shape) for w in model.get_weights()])
    data = tensorflow.lite.TFLiteConverter.from_keras_model(model).convert()
    return [node.name for graph in graphs(parse_model(data)) for node in graph.nodes]


def sequential(shape: str, *lines: str, batch: str = "1") -> str:
    body = "".join(f"    layers.{line},\n" for line in lines)
    first = f"    keras.Input({shape}, batch_size={batch}),\n"
    return f"{HEAD}model = keras.Sequential([\n{first}{body}])\n"


CONV, RELU = "Conv2D(8, 3)", 'Conv2D(8, 3, activation="relu")'
NORM, FIRST = "BatchNormalization()", 'data_format="channels_first"'


@pytest.mark.parametrize(
    "lines",
    [
        (CONV, NORM),
        (RELU, NORM),
        (RELU, NORM, "Conv2D(4, 3)"),
        (RELU, NORM, 'Conv2D(4, 1, padding="same")'),
        (CONV, "MaxPooling2D(2)", NORM),
        (CONV, "Dropout(0.3)", NORM, "ReLU()"),
        (CONV, "Rescaling(0.5)", NORM),
        (CONV, "Reshape((196, 8))", NORM),
        (CONV, "Flatten()", NORM),
        (CONV, "Flatten()", NORM, "Dense(4)"),
        (CONV, "GlobalAveragePooling2D()", NORM),
        ("Flatten()", 'Dense(8, activation="relu")', NORM, "Dropout(0.5)", "Dense(4)"),
        ("Flatten()", 'Dense(8, activation="relu")', NORM),
        (f"Conv2D(8, 3, {FIRST})", "BatchNormalization(axis=1)"),
        (CONV, "BatchNormalization(axis=1)"),
        (CONV, "LeakyReLU()", NORM),
        (CONV, "ZeroPadding2D(1)", NORM),
    ],
)
def test_normalisation_stays_where_it_is_found(lines: tuple[str, ...]) -> None:
    source = sequential("(16, 16, 3)", *lines)

    assert bool(said("TFL111", source)) is ("MUL" in operators(source))


@pytest.mark.parametrize(
    "line",
    [
        "MaxPooling2D(1)",
        "Cropping2D(0)",
        "Dropout(0)",
        "ZeroPadding2D(0)",
        "Permute((1, 2, 3))",
        "Reshape((14, 14, 8))",
        'Activation("linear")',
        "Rescaling(1.0)",
    ],
)
def test_what_does_nothing_becomes_the_operator_that_is_named(line: str) -> None:
    source = sequential("(16, 16, 3)", CONV, line, CONV)

    (finding,) = said("TFL305", source)

    (others, left) = ["CONV_2D", "CONV_2D"], operators(source)
    for name in others:
        left.remove(name)
    assert all(name in finding.message for name in left)
    assert bool(left) is (finding.severity is Severity.WARNING)


@pytest.mark.parametrize("batch", ["1", "None"])
@pytest.mark.parametrize(
    ("shape", "line"),
    [
        ("(3, 64)", "Conv1D(8, 3, {})"),
        ("(3, 64)", "SeparableConv1D(8, 3, {})"),
        ("(3, 64)", "MaxPooling1D(2, {})"),
        ("(3, 16, 16)", "Conv2D(8, 3, {})"),
        ("(3, 16, 16)", "Conv2DTranspose(8, 3, {})"),
        ("(3, 16, 16)", "SeparableConv2D(8, 3, {})"),
    ],
)
def test_a_conversion_raises_where_it_is_said_to(shape: str, line: str, batch: str) -> None:
    import keras

    if not keras.__version__.startswith("3."):
        pytest.skip("the message names Keras 3")
    source = sequential(shape, line.replace("{}", FIRST), batch=batch)
    (finding,) = said("TFL101", source)

    try:
        operators(source)
        raised = False
    except Exception:
        raised = True

    # Of tf-keras, which the source may be run with as well, an error says the same.
    assert ("raises" in finding.message) is raised or "under Keras 2" in finding.message


FAULTS = [
    ("(16, 16, 1)", ("MaxPooling2D(2)",) * 5),
    ("(16, 16, 1)", ("Conv2D(8, 17)",)),
    ("(16, 16, 1)", ("MaxPooling2D(2)",) * 4),
    ("(16, 16, 1)", ("Conv2D(8, 16)",)),
    ("(49, 10)", ("Reshape((50, 10, 1))",)),
    ("(49, 10)", ("Reshape((49, 10, 1))",)),
    ("(16,)", ("Conv1D(8, 3)",)),
    ("(16, 3)", ("Conv2D(8, 3)",)),
    ("(16, 16, 3)", ("Permute((1, 2))",)),
    ("(16, 16, 3)", ("Cropping2D(8)",)),
    ("(16, 16, 3)", ("Cropping2D(7)",)),
]


@pytest.mark.parametrize(("shape", "lines"), FAULTS)
def test_keras_refuses_what_is_found(shape: str, lines: tuple[str, ...]) -> None:
    source = sequential(shape, *lines)

    try:
        built(source)
        refused = False
    except ValueError:
        refused = True

    assert bool(said("TFL112", source)) is refused


def recurrent() -> Iterator[object]:
    for line in ("LSTM(8)", "GRU(8)", "SimpleRNN(8)", "Bidirectional(layers.LSTM(8))"):
        for batch in ("1", "None"):
            yield pytest.param(line, batch, id=f"{line}-{batch}")
    yield pytest.param("LSTM(8, unroll=True)", "None", id="unrolled")


@pytest.mark.parametrize(("line", "batch"), list(recurrent()))
def test_recurrent_layers_with_an_open_batch_fail(line: str, batch: str) -> None:
    source = sequential("(10, 4)", line, batch=batch)

    try:
        operators(source)
        raised = False
    except Exception as error:
        raised = "TensorListReserve" in str(error)

    assert bool(said("TFL109", source)) is raised


def test_weights_are_those_that_keras_counts() -> None:
    source = sequential("(32, 32, 1)", RELU, NORM, "MaxPooling2D(2)", "Flatten()", "Dense(1024)")

    (finding,) = said("TFL302", source)

    assert f"{built(source).count_params():,} weights" in finding.message
