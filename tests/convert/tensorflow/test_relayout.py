"""A network made again channels_last computes what the original does."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from .channels_first import KINDS, randomise

pytest.importorskip("tensorflow", reason="needs TensorFlow (the extra `convert`)")

from tflint.convert.tensorflow.equivalence import difference
from tflint.convert.tensorflow.relayout import channels_last

EQUAL = 1e-5


@pytest.fixture(params=["keras", "tf_keras"])
def keras(request: pytest.FixtureRequest) -> Any:
    return importlib.import_module(request.param)


@pytest.mark.parametrize("keeps_layout", [False, True], ids=["turned", "kept"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_layer_computes_the_same(kind: str, keeps_layout: bool, keras: Any) -> None:
    model = randomise(KINDS[kind](keras))

    made = channels_last(model, keras, keeps_layout=keeps_layout)

    assert difference(model, made.model, keras, made.inputs, made.outputs) < EQUAL
    if keeps_layout:
        assert {*made.inputs, *made.outputs} == {None}
