"""A network made again channels_last computes what the original does."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from .channels_first import KINDS, LEGACY, randomise

pytest.importorskip("tensorflow", reason="needs TensorFlow (the extra `convert`)")

from tflint.convert.tensorflow.equivalence import difference
from tflint.convert.tensorflow.relayout import channels_last

EQUAL = 1e-5
# Where values have to move; everywhere else the network comes out without a transposition.
TRANSPOSED = {
    "conv2d-softmax": 1,
    "softmax-of-width": 1,
    "flatten-out": 1,
    "reshape-merging": 1,
    "reshape-mixing": 1,
    "dense-on-map": 1,
    "lambda": 2,
    "mixed-pooling": 1,
    "mixed-convolution": 1,
    "vector-used-twice": 1,
    "attention": 1,
}


@pytest.fixture(params=["keras", "tf_keras"])
def keras(request: pytest.FixtureRequest) -> Any:
    return importlib.import_module(request.param)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_layer_computes_the_same(kind: str, keras: Any) -> None:
    if kind in LEGACY and keras.__name__ == "keras":
        pytest.skip("Keras 3 has no such layer")
    model = randomise(KINDS[kind](keras))

    turned = channels_last(model, keras)
    kept = channels_last(model, keras, keeps_layout=True)

    assert difference(model, turned.model, keras, turned.inputs, turned.outputs) < EQUAL
    assert {*kept.inputs, *kept.outputs} == {None}
    assert difference(model, kept.model, keras) < EQUAL
    assert len(turned.transpositions) == TRANSPOSED.get(kind, 0), turned.transpositions
