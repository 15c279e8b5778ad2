"""Weights out of a .tflite into a fresh network of the same source: it answers as the file does."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="needs TensorFlow (the extra `convert`)")
pytest.importorskip("ai_edge_litert", reason="needs LiteRT (the extra `quantize`)")

from tests.convert.tensorflow.donors import (
    adopted,
    change_weights,
    donor_of,
    loaded,
    variant,
)
from tflint.convert.tensorflow.donor import NotEqual
from tflint.convert.tensorflow.donor_answers import CannotTake
from tflint.convert.tensorflow.loaded import Loaded
from tflint.convert.tensorflow.pairing import OtherNetwork
from tflint.convert.weighted_units import units
from tflint.fix.model.repair import repair, start
from tflint.fix.proof.measures import error
from tflint.target.target import find_target

KINDS = (
    "conv1d-2-last",
    "batch_norm_before-3-first",
    "batch_norm_after-2-last",
    "batch_norm1d-3-last",  # No beta.
    "depthwise2d-2-first",
    "transposed2d-3-last",
    "transposed3d-2-last",
    "layer_norm-3-last",
    "flatten_in_layout-2-first",  # Normalisation between a flattened map and a dense layer.
    "custom_layer-3-last",  # A factor for each channel, in the kernel before it.
    "arithmetic-3-last",  # A number that is subtracted before a convolution.
)


def _answers(network: Loaded, samples: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    answers: np.ndarray[Any, Any] = np.asarray(network.model(samples, training=False))
    return answers


def _samples(network: Loaded, count: int = 16) -> np.ndarray[Any, Any]:
    shape = network.model.inputs[0].shape[1:]
    return np.random.default_rng(3).uniform(-1, 1, (count, *shape)).astype(np.float32)


@pytest.fixture(params=["keras", "tf_keras"])
def keras(request: pytest.FixtureRequest) -> Any:
    return importlib.import_module(request.param)


def _image_network(keras: Any) -> Loaded:
    """Folded and unfolded normalisation, a bias of its own, a map that is flattened."""
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            layers.Conv2D(6, 3, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.DepthwiseConv2D(3, padding="same"),
            layers.Conv2D(4, 1, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(7, activation="relu"),
            layers.Dense(3, activation="softmax"),
        ]
    )
    change_weights(model, seed=1)
    return loaded(model, keras)


@pytest.mark.parametrize("name", KINDS)
def test_layers_of_every_kind_get_their_weights_back(name: str) -> None:
    network = variant(name)
    donor = donor_of(network)
    change_weights(network.model)

    found = adopted(network, donor)

    assert not found.is_own
    assert found.found.is_equal


def test_float_weights_are_the_same_function(keras: Any) -> None:
    network = _image_network(keras)
    samples = _samples(network)
    before = _answers(network, samples)
    donor = donor_of(network)
    change_weights(network.model)
    assert error(before, _answers(network, samples)).snr_db < 20

    adopted(network, donor)

    assert error(before, _answers(network, samples)).snr_db > 80


@pytest.mark.parametrize(("mode", "least"), [("float16", 55), ("dynamic", 25), ("int8", 20)])
def test_rounded_weights_are_the_function_that_is_left(mode: str, least: float, keras: Any) -> None:
    network = _image_network(keras)
    samples = _samples(network)
    before = _answers(network, samples)
    donor = donor_of(network, mode)
    change_weights(network.model)

    found = adopted(network, donor)

    after = _answers(network, samples)
    assert not found.is_own
    assert error(before, after).snr_db > least
    # What the file itself answers, in the network's terms, is near by its activations' rounding.
    (own,) = found.answers((samples[:, None],))
    assert own.shape == (16, 1, 3)
    assert error(after, own[:, 0]).snr_db > 20


@pytest.mark.parametrize("mode", ["none", "float16", "dynamic", "int8"])
def test_weights_that_were_rounded_are_better_than_the_rounded_ones(mode: str) -> None:
    network = _image_network(importlib.import_module("tf_keras"))
    before = network.model.get_weights()
    found = adopted(network, donor_of(network, mode))
    assert found.is_own
    for left, right in zip(before, network.model.get_weights(), strict=True):
        assert (left == right).all()


def test_a_network_that_was_trained_on_is_not_the_same_one() -> None:
    """Weights a few rounding steps off answer nearly alike, and are others all the same."""
    network = _image_network(importlib.import_module("tf_keras"))
    donor = donor_of(network, "dynamic")
    weights = network.model.get_weights()
    rng = np.random.default_rng(4)
    network.model.set_weights(
        [w + rng.normal(0, 0.02, w.shape) * np.abs(w).max() for w in weights[:-1]] + weights[-1:]
    )
    assert not adopted(network, donor).is_own


def test_a_donor_with_its_channels_last_fits_a_source_with_them_first() -> None:
    """The rows behind Flatten are numbered in another order."""
    keras = importlib.import_module("tf_keras")

    def build(data_format: str) -> Loaded:
        shape = (3, 6, 5) if data_format == "channels_first" else (6, 5, 3)
        layers = keras.layers
        model = keras.Sequential(
            [
                keras.Input(shape),
                layers.Conv2D(4, 3, activation="relu", data_format=data_format),
                layers.Flatten(),
                layers.Dense(3),
            ]
        )
        change_weights(model)
        return loaded(model, keras)

    last, first = build("channels_last"), build("channels_first")
    samples = _samples(last)
    before = _answers(last, samples)

    found = adopted(first, donor_of(last))

    assert not found.is_own
    (own,) = found.answers((samples.transpose(0, 3, 1, 2)[:, None],))
    assert error(before, own[:, 0]).snr_db > 80


def test_statistics_of_an_adapted_normalisation_come_along(keras: Any) -> None:
    layers = keras.layers
    normalisation = layers.Normalization()
    normalisation.adapt(np.random.default_rng(1).normal(3, 2, (64, 5)).astype(np.float32))
    model = keras.Sequential([keras.Input((5,)), normalisation, layers.Dense(3)])
    network = loaded(model, keras)
    samples = _samples(network)
    before = _answers(network, samples)
    donor = donor_of(network)
    change_weights(model)

    assert not adopted(network, donor).is_own

    assert error(before, _answers(network, samples)).snr_db > 60


def test_a_scaled_input_is_in_the_weights_of_the_first_layer(keras: Any) -> None:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            layers.Rescaling(1 / 127.5, offset=-1),
            layers.Conv2D(4, 3),
            layers.BatchNormalization(),
            layers.GlobalAveragePooling2D(),
        ]
    )
    change_weights(model, seed=1)
    network = loaded(model, keras)
    donor = donor_of(network)
    change_weights(model)
    assert adopted(network, donor).found.is_equal


def test_a_layer_used_twice_has_one_set_of_weights(keras: Any) -> None:
    layers = keras.layers
    one, two = keras.Input((6,)), keras.Input((6,))
    shared = layers.Dense(4, activation="tanh")
    added = layers.Concatenate()([shared(one), shared(two)])
    network = loaded(keras.Model([one, two], layers.Dense(2)(added)), keras)
    donor = donor_of(network)
    change_weights(network.model)
    assert adopted(network, donor).found.is_equal


def test_a_normalisation_that_tflint_has_folded_into_the_next_layer() -> None:
    keras = importlib.import_module("tf_keras")
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((9, 9, 2)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Conv2D(5, 2),
            layers.GlobalAveragePooling2D(),
        ]
    )
    change_weights(model, seed=1)
    network = loaded(model, keras)
    target = find_target("tflm")
    work = start(donor_of(network), target)
    repair(work, target, unsafe=True)
    kinds = [unit.kind for unit in units(work.model)]
    assert kinds == ["convolution", "convolution"]
    change_weights(model)

    assert adopted(network, work.data).found.is_equal


def test_operands_may_stand_in_another_order() -> None:
    """Two branches with kernels of the same size, multiplied the other way round."""
    keras = importlib.import_module("tf_keras")

    def build(*activations: str) -> Loaded:
        layers = keras.layers
        given = keras.Input((6, 6, 2))
        branches = [layers.Conv2D(4, 3, activation=name)(given) for name in activations]
        product = layers.Multiply()(branches)
        return loaded(keras.Model(given, layers.Flatten()(product)), keras)

    donor, source = build("tanh", "relu"), build("relu", "tanh")
    change_weights(donor.model)
    assert adopted(source, donor_of(donor)).found.is_equal


class TestRefused:
    """A donor that is another network's leaves the source's weights as they were."""

    def _networks(self, *layers: Any) -> tuple[Loaded, Loaded]:
        keras = importlib.import_module("tf_keras")
        made = []
        for chosen in layers:
            model = keras.Sequential([keras.Input((6, 6, 2)), *chosen(keras.layers)])
            change_weights(model)
            made.append(loaded(model, keras))
        return made[0], made[1]

    def test_other_sizes_are_named(self) -> None:
        donor, source = self._networks(
            lambda la: [la.Conv2D(4, 3), la.Flatten(), la.Dense(3)],
            lambda la: [la.Conv2D(5, 3), la.Flatten(), la.Dense(3)],
        )
        before = source.model.get_weights()
        with pytest.raises(OtherNetwork) as raised:
            adopted(source, donor_of(donor))
        assert "of the source: convolution 3x3x2x5, the .tflite has none" in str(raised.value)
        assert "convolution 3x3x2x4" in str(raised.value)
        for left, right in zip(before, source.model.get_weights(), strict=True):
            assert (left == right).all()

    def test_another_activation_is_not_equal(self) -> None:
        donor, source = self._networks(
            lambda la: [la.Conv2D(4, 3, activation="relu"), la.Flatten(), la.Dense(3)],
            lambda la: [la.Conv2D(4, 3, activation="tanh"), la.Flatten(), la.Dense(3)],
        )
        with pytest.raises(NotEqual, match="answers otherwise"):
            adopted(source, donor_of(donor))

    def test_another_input_is_named(self) -> None:
        keras = importlib.import_module("tf_keras")
        made = [
            loaded(keras.Sequential([keras.Input((size,)), keras.layers.Dense(3)]), keras)
            for size in (5, 6)
        ]
        with pytest.raises(CannotTake, match=r"the source takes \[None, 6\], the .tflite \[1, 5\]"):
            adopted(made[1], donor_of(made[0]))
