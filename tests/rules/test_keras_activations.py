"""TFL111, TFL113 and TFL114 on networks."""

from __future__ import annotations

import pytest

from tests.rules.keras_networks import Builder, findings, sequential
from tflint.finding import Location, Severity
from tflint.keras.facts import Compilation, KerasFacts
from tflint.keras.network import Tensor
from tflint.keras.values import UNKNOWN, Function, Reference, Result, Value
from tflint.rule import Kind

CONV = ("Conv2D", {"filters": 8, "kernel_size": 3})
CONV_RELU = ("Conv2D", {"filters": 8, "kernel_size": 3, "activation": "relu"})
NORM: tuple[str, dict[str, Value]] = ("BatchNormalization", {})
RELU: tuple[str, dict[str, Value]] = ("ReLU", {})
POOL: tuple[str, dict[str, Value]] = ("MaxPooling2D", {})
FLAT: tuple[str, dict[str, Value]] = ("Flatten", {})


def dense(**given: Value) -> tuple[str, dict[str, Value]]:
    return ("Dense", {"units": 8, **given})


# What the converter of TensorFlow 2.21 made of each: MUL and ADD, or nothing.
@pytest.mark.parametrize(
    ("layers", "stays"),
    [
        ([CONV, NORM], False),
        ([CONV, NORM, RELU], False),
        ([CONV, ("Dropout", {"rate": 0.3}), NORM], False),
        ([CONV, ("Rescaling", {"scale": 0.5}), NORM], False),
        ([CONV, ("Reshape", {"target_shape": (196, 8)}), NORM], False),
        ([CONV, NORM, NORM], False),
        ([FLAT, dense(), NORM], False),
        ([FLAT, dense(activation="relu"), NORM, dense()], False),
        ([FLAT, dense(activation="relu"), NORM, ("Dropout", {"rate": 0.5}), dense()], False),
        ([CONV_RELU, NORM], True),
        ([CONV_RELU, NORM, CONV], True),
        ([CONV_RELU, NORM, RELU, CONV], True),
        ([CONV_RELU, NORM, FLAT, dense()], True),
        ([CONV, RELU, NORM], True),
        ([CONV, ("LeakyReLU", {}), NORM], True),
        ([CONV, POOL, NORM], True),
        ([CONV, ("AveragePooling2D", {}), NORM], True),
        ([CONV, ("GlobalAveragePooling2D", {}), NORM], True),
        ([CONV, FLAT, NORM], True),
        ([CONV, ("ZeroPadding2D", {}), NORM], True),
        ([CONV, ("UpSampling2D", {}), NORM], True),
        ([CONV, ("Permute", {"dims": (2, 1, 3)}), NORM], True),
        ([CONV, ("BatchNormalization", {"axis": 1})], True),
        ([FLAT, dense(activation="relu"), NORM], True),
    ],
)
def test_normalisation_is_found_where_the_converter_leaves_it(
    layers: list[tuple[str, dict[str, Value]]], stays: bool
) -> None:
    assert bool(findings("TFL111", sequential((16, 16, 3), *layers))) is stays


def test_normalisation_that_stays_is_given_in_bytes_and_operations() -> None:
    (finding,) = findings("TFL111", sequential((16, 16, 3), CONV_RELU, NORM))

    assert "behind the relu of Conv2D (line 2)" in finding.message
    # 14 x 14 x 8 values; two constants of 8.
    assert "14 x 14 x 8 map, 6.1 KiB in float32, 1.5 KiB in int8" in finding.message
    assert "64 B of constants" in finding.message
    assert "1,568 multiplications and additions" in finding.help
    assert finding.severity is Severity.WARNING


def test_normalisation_of_little_is_worth_knowing_only() -> None:
    facts = sequential((16,), dense(activation="relu"), NORM)

    assert [finding.severity for finding in findings("TFL111", facts)] == [Severity.INFO]


def test_normalisation_of_a_map_of_unknown_size_is_found_without_figures() -> None:
    builder = Builder()
    x = builder.call(builder.layer(CONV_RELU[0], **CONV_RELU[1]), Tensor(is_input=True))
    builder.apply(x, "BatchNormalization")

    (finding,) = findings("TFL111", builder.facts())

    assert finding.message.endswith("stays as MUL and ADD")


def test_normalisation_of_what_others_read_too_stays() -> None:
    builder = Builder()
    x = builder.apply(builder.input(16, 16, 3), *CONV[:1], **CONV[1])
    builder.call(builder.layer("Add"), x, builder.apply(x, "BatchNormalization"))

    (finding,) = findings("TFL111", builder.facts())

    assert "whose result others read too" in finding.message


def test_normalisation_where_branches_meet_stays() -> None:
    builder = Builder()
    x = builder.input(16, 16, 3)
    branches = [builder.apply(x, *CONV[:1], **CONV[1]) for _ in range(2)]
    builder.apply(builder.call(builder.layer("Add"), *branches), "BatchNormalization")

    (finding,) = findings("TFL111", builder.facts())

    assert "where branches meet" in finding.message


@pytest.mark.parametrize("behind", ["Lambda", "MyLayer", "LSTM"])
def test_behind_a_layer_that_is_not_known_nothing_is_said(behind: str) -> None:
    assert findings("TFL111", sequential((16, 16, 3), (behind, {}), NORM)) == []


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("relu", ("ReLU", {}), True),
        ("relu", ("Activation", {"activation": "relu"}), True),
        ("relu6", ("ReLU", {"max_value": 6}), True),
        ("softmax", ("Softmax", {}), True),
        ("sigmoid", ("Activation", {"activation": "sigmoid"}), True),
        (Reference("tensorflow.nn.relu"), ("ReLU", {}), True),
        (Reference("keras.activations.relu"), ("Activation", {"activation": "relu"}), True),
        ("relu", ("ReLU", {"max_value": 6}), False),
        ("relu", ("LeakyReLU", {}), False),
        ("relu", ("ReLU", {"threshold": 1.0}), False),
        ("linear", ("Activation", {"activation": "linear"}), False),
        (None, ("ReLU", {}), False),
        (UNKNOWN, ("ReLU", {}), False),
        (Reference("mine.relu"), ("ReLU", {}), False),
        ("softmax", ("Softmax", {"axis": 1}), False),
        ("relu", ("PReLU", {}), False),
    ],
)
def test_the_same_activation_twice(
    first: Value, second: tuple[str, dict[str, Value]], found: bool
) -> None:
    facts = sequential((16,), dense(activation=first), ("Dropout", {"rate": 0.2}), second)

    assert bool(findings("TFL113", facts)) is found


def test_a_layer_between_makes_it_another_activation() -> None:
    assert findings("TFL113", sequential((16, 16, 3), CONV_RELU, NORM, RELU)) == []
    assert findings("TFL113", sequential((16, 16, 3), CONV_RELU, CONV_RELU)) == []


def test_only_what_changes_nothing_is_repaired_safely() -> None:
    (relu,) = findings("TFL113", sequential((16,), dense(activation="relu"), RELU))
    (softmax,) = findings("TFL113", sequential((16,), dense(activation="softmax"), ("Softmax", {})))

    assert relu.fix is not None
    assert softmax.fix is None
    assert "2.72 times" in softmax.message


@pytest.mark.parametrize(
    ("layers", "found"),
    [
        ([("Dense", {"units": 1, "activation": "softmax"})], True),
        ([("Dense", {"units": 1}), ("Softmax", {})], True),
        ([("Dense", {"units": 1}), ("Activation", {"activation": "softmax"})], True),
        ([("Dense", {"units": 2, "activation": "softmax"})], False),
        ([("Dense", {"units": 1, "activation": "sigmoid"})], False),
        ([("Dense", {"units": UNKNOWN, "activation": "softmax"})], False),
    ],
)
def test_softmax_of_one_unit(layers: list[tuple[str, dict[str, Value]]], found: bool) -> None:
    said = findings("TFL113", sequential((16,), *layers))

    assert bool(said) is found
    assert all("always 1.0" in finding.message for finding in said)


def compiled(activation: Value, loss: Value) -> KerasFacts:
    builder = Builder()
    x = builder.input(16)
    y = builder.apply(x, "Dense", units=4, activation=activation)
    network = builder.network([x], y)
    made = Compilation(loss, (y,), network, {}, Location(line=9))
    return builder.facts(compilations=[made])


def entropy(name: str, *operands: Value, **keywords: Value) -> Result:
    return Result(f"keras.losses.{name}", operands, keywords)


@pytest.mark.parametrize(
    ("activation", "loss", "found"),
    [
        ("softmax", entropy("SparseCategoricalCrossentropy", from_logits=True), True),
        ("softmax", entropy("CategoricalCrossentropy", True), True),
        ("sigmoid", entropy("BinaryCrossentropy", from_logits=True), True),
        ("softmax", (entropy("CategoricalCrossentropy", from_logits=True),), True),
        ("softmax", entropy("CategoricalCrossentropy"), False),
        ("softmax", entropy("CategoricalCrossentropy", from_logits=False), False),
        ("softmax", entropy("CategoricalCrossentropy", from_logits=UNKNOWN), False),
        ("softmax", entropy("BinaryCrossentropy", from_logits=True), False),
        ("linear", entropy("CategoricalCrossentropy", from_logits=True), False),
        # Not judged: a string's loss is on probabilities, and the last layer may be one's own.
        ("linear", "categorical_crossentropy", False),
        ("softmax", UNKNOWN, False),
        ("softmax", Result("my.losses.CategoricalCrossentropy", (), {"from_logits": True}), False),
    ],
)
def test_an_activation_in_front_of_a_loss_on_logits(
    activation: Value, loss: Value, found: bool
) -> None:
    said = findings("TFL113", compiled(activation, loss))

    assert bool(said) is found
    assert all(finding.location.line == 9 for finding in said)


def test_a_lambda_is_named_with_what_becomes_of_it() -> None:
    known = sequential((16, 16, 3), ("Lambda", {"function": Reference("tensorflow.nn.relu6")}))
    unknown = sequential((16, 16, 3), ("Lambda", {"function": Function("f", Location(line=1))}))

    assert "RELU6" in findings("TFL114", known)[0].message
    (finding,) = findings("TFL114", unknown, Kind.KERAS_ARCHIVE)
    assert "only the conversion shows" in finding.message
    assert "safe_mode=False" in finding.message
    assert finding.severity is Severity.INFO


@pytest.mark.parametrize("path", ["numpy.abs", "mine.softmax", "keras.losses.mean"])
def test_a_lambda_of_something_else_is_not_guessed_at(path: str) -> None:
    facts = sequential((16, 16, 3), ("Lambda", {"function": Reference(path)}))

    assert "only the conversion shows" in findings("TFL114", facts)[0].message
