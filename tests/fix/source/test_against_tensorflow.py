"""Repaired networks compute what they did before: built and run by Keras itself.

Weights are carried over, and the input is given in the new layout. Where a Flatten or a Reshape
stands between maps and features, the dense layer's weights change places as `tflint fix` says.
"""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("libcst", reason="needs the extra `fix`")

from tests.fix.source.channels_first_networks import ADDED, MIXED, NETWORKS
from tests.fix.source.repaired import fixed
from tests.tensorflow_runs import run_with_tensorflow

_COMPARE = '''
import json, sys
import numpy as np
import keras

random = np.random.default_rng(0)

def build(source):
    keras.backend.set_image_data_format("channels_last")
    names = {}
    exec(source, names)
    return names["model"]

def last(shape, other):
    """The order in which one shape becomes the other, a single dimension going last."""
    if list(shape) == list(other):
        return list(range(len(shape)))
    for axis in range(1, len(shape)):
        order = [i for i in range(len(shape)) if i != axis] + [axis]
        if [shape[i] for i in order] == list(other):
            return order
    raise ValueError(f"{shape} is not {other} in another order")

def flat(layers):
    for layer in layers:
        yield from flat(layer.layers) if hasattr(layer, "layers") else [layer]

def orders(model, other):
    """How the features behind each Flatten and in front of each Reshape change places."""
    found = {}
    pairs = list(zip(flat(model.layers), flat(other.layers), strict=True))
    for i, (layer, edited) in enumerate(pairs):
        kind = type(getattr(layer, "layer", layer)).__name__
        if kind == "Flatten" and getattr(layer, "layer", layer).data_format == "channels_last":
            skip = 2 if hasattr(layer, "layer") else 1
            shape, new = layer.input.shape[skip:], edited.input.shape[skip:]
            order = last((None, *shape), (None, *new))[1:]
            index = np.arange(np.prod(shape)).reshape(shape)
            features = index.transpose([axis - 1 for axis in order]).ravel()
            dense = next(l for l, _ in pairs[i:] if type(l).__name__ in ("Dense", "LSTM"))
            found[id(dense.weights[0])] = (0, features)
        if kind == "Reshape" and len(layer.input.shape) == 2:
            shape, new = layer.target_shape, edited.target_shape
            order = last((None, *shape), (None, *new))[1:]
            index = np.arange(np.prod(shape)).reshape(shape)
            features = index.transpose([axis - 1 for axis in order]).ravel()
            dense = [l for l, _ in pairs[:i] if type(l).__name__ == "Dense"][-1]
            for axis, weight in ((1, dense.weights[0]), (0, dense.weights[1])):
                found[id(weight)] = (axis, features)
    return found

def compare(before, after):
    model, other = build(before), build(after)
    x = random.normal(size=(1, *model.input_shape[1:])).astype("float32")
    model(x)
    order = last(model.input_shape, other.input_shape)
    y = x.transpose(order)
    other(y)
    moved = orders(model, other)
    for weight, same in zip(model.weights, other.weights, strict=True):
        value = random.uniform(-0.3, 0.3, size=weight.shape).astype("float32")
        if "variance" in weight.name:
            value += 0.8
        weight.assign(value)
        if id(weight) in moved:
            axis, features = moved[id(weight)]
            value = np.take(value, features, axis=axis)
        if value.shape != tuple(same.shape):
            # PReLU has a weight for each channel, laid out as the map is.
            value = value.transpose([i - 1 for i in last((1, *value.shape), (1, *same.shape))][1:])
        same.assign(value)
    one, two = np.asarray(model(x)), np.asarray(other(y))
    one = one.transpose(last(one.shape, two.shape))
    scale = float(np.abs(one).max())
    return {
        "input": list(other.input_shape),
        "changed": list(model.input_shape) != list(other.input_shape),
        "error": float(np.abs(one - two).max()) / scale,
        "spread": float(one.std()) / scale,
    }

pairs = json.load(sys.stdin)
results = {}
for name, (before, after) in pairs.items():
    try:
        results[name] = compare(before, after)
    except Exception as error:
        results[name] = {"failed": f"{type(error).__name__}: {error}"[:300]}
print(json.dumps(results))
'''


@pytest.fixture(scope="module")
def compared() -> dict[str, dict[str, Any]]:
    """What Keras says of each network before and after the repair."""
    pairs = {name: (source, fixed(source, "TFL101", "TFL102")) for name, source in NETWORKS.items()}
    pairs["mixed"] = (MIXED, fixed(MIXED, "TFL101", "TFL102"))
    pairs["wrong"] = (ADDED, fixed(ADDED, "TFL101").replace("(2, 3)", "(3, 2)"))
    found: dict[str, dict[str, Any]] = run_with_tensorflow(_COMPARE, pairs)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_the_outputs_are_the_same(compared: dict[str, dict[str, Any]], name: str) -> None:
    found = compared[name]

    assert "failed" not in found, found
    assert found["error"] < 1e-5
    assert found["spread"] > 1e-4


@pytest.mark.slow
def test_another_network_would_be_told_apart(compared: dict[str, dict[str, Any]]) -> None:
    found = compared["wrong"]

    assert "failed" in found or found["error"] > 1e-3


@pytest.mark.slow
def test_a_mixed_network_is_built_as_it_was_meant(compared: dict[str, dict[str, Any]]) -> None:
    """It computes something else, as its pools no longer run over channels."""
    found = compared["mixed"]

    assert found.get("input", [None, 32, 32, 1]) == [None, 32, 32, 1]
    assert "failed" in found  # The dense layer behind Flatten has another number of rows.
