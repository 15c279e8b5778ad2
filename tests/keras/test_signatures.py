"""Parameters, and arguments of old code by today's names."""

from __future__ import annotations

import json
from importlib import resources

import pytest

from tflint.keras.network import Layer
from tflint.keras.signatures import (
    bind_arguments,
    canonical,
    canonical_arguments,
    default,
    has_parameter,
    is_known,
    keras_2_is_channels_last,
    known_kinds,
    parameters,
)
from tflint.keras.values import UNKNOWN, Argument, Value


def bound(kind: str, *positional: Value, **keywords: Value) -> dict[str, Value]:
    given = {name: Argument(value) for name, value in keywords.items()}
    found = bind_arguments(kind, [Argument(value) for value in positional], given)
    return {name: argument.value for name, argument in found.items()}


def test_the_table_says_where_it_is_from() -> None:
    table = json.loads((resources.files("tflint.keras") / "layers.json").read_text("utf-8"))

    assert {"from", "by", "keras", "tf_keras"} <= table["origin"].keys()
    assert len(known_kinds()) > 150


@pytest.mark.parametrize(
    ("kind", "today"),
    [
        ("Convolution2D", "Conv2D"),
        ("MaxPool2D", "MaxPooling2D"),
        ("GlobalAvgPool1D", "GlobalAveragePooling1D"),
        ("Deconvolution2D", "Conv2DTranspose"),
        ("AtrousConvolution2D", "Conv2D"),
        ("GroupedQueryAttention", "GroupQueryAttention"),
        ("Conv2D", "Conv2D"),
        ("MyLayer", "MyLayer"),
    ],
)
def test_classes_have_one_name(kind: str, today: str) -> None:
    assert canonical(kind) == today
    assert is_known(kind) == (kind != "MyLayer")


def test_a_position_that_means_different_things_has_no_name() -> None:
    order = parameters("LSTM")
    assert order is not None
    assert order[:3] == ("units", "activation", "recurrent_activation")
    assert order[17] == ""  # Keras 3's seed, Keras 2's return_sequences
    assert bound("LSTM", *range(18))["return_sequences"] is UNKNOWN
    assert parameters("MyLayer") is None


@pytest.mark.parametrize(
    ("kind", "parameter", "value"),
    [
        ("Conv2D", "strides", (1, 1)),
        ("AvgPool2D", "pool_size", (2, 2)),
        ("Dense", "use_bias", True),
        ("LeakyReLU", "negative_slope", 0.3),
        ("ConvLSTM2D", "recurrent_activation", UNKNOWN),
        ("ConvLSTM2D", "strides", 1),
        ("Conv2D", "filters", UNKNOWN),
        ("Conv2D", "name", None),
        ("Conv2D", "no_such", UNKNOWN),
        ("MyLayer", "name", UNKNOWN),
    ],
)
def test_defaults(kind: str, parameter: str, value: Value) -> None:
    assert default(kind, parameter) == value


def test_the_data_format_of_layers_over_one_dimension() -> None:
    assert keras_2_is_channels_last("Conv1D")
    assert keras_2_is_channels_last("ZeroPadding1D")
    assert not keras_2_is_channels_last("Conv2D")
    assert has_parameter("Conv1D", "data_format")
    first = Layer("Conv1D", "keras.layers.Conv1D", default_data_format="channels_first")
    assert first.data_format is UNKNOWN
    assert Layer("Conv1D", "keras.layers.Conv1D").data_format == "channels_last"


@pytest.mark.parametrize(
    ("found", "today"),
    [
        (
            bound("Convolution2D", 8, 3, 5, border_mode="same", dim_ordering="th"),
            {
                "filters": 8,
                "kernel_size": (3, 5),
                "padding": "same",
                "data_format": "channels_first",
            },
        ),
        (
            bound("Convolution2D", nb_filter=8, nb_row=3, nb_col=3, subsample=(2, 2), bias=True),
            {"filters": 8, "kernel_size": (3, 3), "strides": (2, 2), "use_bias": True},
        ),
        # Keras 1's kernel of 3x3, or today's kernel of 3x3 with a stride of 3.
        (bound("Convolution2D", 8, 3, 3), {"filters": 8, "kernel_size": 3, "strides": UNKNOWN}),
        (bound("Conv2D", 8, 3, 2), {"filters": 8, "kernel_size": 3, "strides": 2}),
        (bound("Dropout", p=0.5), {"rate": 0.5}),
        (bound("Dense", output_dim=4, init="he"), {"units": 4, "kernel_initializer": "he"}),
        (bound("Embedding", output_dim=4, input_dim=9), {"output_dim": 4, "input_dim": 9}),
        (bound("MaxPooling1D", pool_length=3, stride=2), {"pool_size": 3, "strides": 2}),
        (bound("LeakyReLU", alpha=0.1), {"negative_slope": 0.1}),
        (bound("MyLayer", p=1), {"p": 1}),
    ],
)
def test_old_arguments_have_todays_names(found: dict[str, Value], today: dict[str, Value]) -> None:
    assert found == today


def test_what_is_given_by_todays_name_is_not_overwritten() -> None:
    given = {"padding": Argument("same"), "border_mode": Argument("valid")}

    assert canonical_arguments("Conv2D", given)["padding"].value == "same"
