"""Channels evened: the model computes the same, and quantises better."""

from __future__ import annotations

import numpy as np
import pytest

from tests.fix.quantize.float_networks import float_inputs, image_network, reshaped
from tests.runtimes import run
from tflint.fix.quantize.equalization import equalized, pairs
from tflint.fix.quantize.float_model import stored_numbers
from tflint.model.builder import ModelBuilder
from tflint.model.graph import graphs
from tflint.model.schema import ActivationFunctionType
from tflint.model.tables import Model

RELU6, TANH = ActivationFunctionType.RELU6, ActivationFunctionType.TANH


def _peaks(model: Model, seed: int = 0) -> dict[int, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        pair.value.index: (10.0 ** rng.uniform(-3, 2, pair.value.shape[-1])).astype(np.float32)
        for pair in pairs(model)
    }


@pytest.mark.parametrize("seed", range(5))
def test_every_number_stays_but_for_rounding(seed: int) -> None:
    before = image_network(seed=seed)
    after = equalized(before, _peaks(before, seed))
    assert after is not before
    for sample in float_inputs(before, 5)[0]:
        left, right = run(before, [sample], "litert"), run(after, [sample], "litert")
        np.testing.assert_allclose(left[0], right[0], rtol=1e-5, atol=1e-6)


def test_pairs_go_through_pools_and_flattening() -> None:
    found = [(pair.first.name, pair.second.name) for pair in pairs(image_network())]
    assert found == [("CONV_2D", "CONV_2D"), ("CONV_2D", "FULLY_CONNECTED")]


def test_weights_behind_come_to_the_size_of_the_activations() -> None:
    before = image_network()
    first = pairs(before)[0]
    weights = stored_numbers(first.second.inputs[1])
    peaks = {first.value.index: np.array([100, 1, 1, 0.01], np.float32)}
    after = stored_numbers(pairs(equalized(before, peaks))[0].second.inputs[1])
    assert weights is not None
    assert after is not None
    ratio = np.abs(after).max(axis=(0, 1, 2)) / np.abs(weights).max(axis=(0, 1, 2))
    assert ratio[0] > 4 * ratio[1] > 16 * ratio[3]


@pytest.mark.parametrize("activation", [RELU6, TANH])
def test_what_is_not_the_same_for_larger_values_parts_a_pair(
    activation: ActivationFunctionType,
) -> None:
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 6, 6, 1)), filters=2, kernel=2, activation=activation)
    model.output(model.conv_2d(x, filters=2, kernel=2))
    assert pairs(model.build()) == []


def test_values_that_others_read_are_no_pair() -> None:
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 6, 6, 1)), filters=2, kernel=2)
    model.output(model.conv_2d(x, filters=2, kernel=2), x)
    assert pairs(model.build()) == []


def test_a_reshape_that_mixes_channels_is_no_way() -> None:
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 4, 4, 1)), filters=6, kernel=1)
    x = reshaped(model, x, (1, 4, 6, 4))
    model.output(model.conv_2d(x, filters=2, kernel=2))
    assert pairs(model.build()) == []


def test_channels_that_are_always_zero_stay() -> None:
    before = image_network()
    value = pairs(before)[0].value
    after = equalized(before, {value.index: np.zeros(4, np.float32)})
    values = zip(graphs(before)[0].values, graphs(after)[0].values, strict=True)
    assert all(bytes(a.data or b"") == bytes(b.data or b"") for a, b in values)
