"""Embeddings of Keras 3 become lookups and nothing else, where that is all they are."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="needs TensorFlow (the extra `convert`)")

from tflint.convert.request import Origin, OriginKind, Request
from tflint.convert.tensorflow.conversion import attempts
from tflint.convert.tensorflow.loaded import Loaded
from tflint.convert.tensorflow.lookups import plain_lookups
from tflint.execution.hosts import Host, execute, is_installed
from tflint.model.graph import graphs
from tflint.model.reader import parse_model

ROWS = 9


@pytest.fixture(scope="module")
def keras() -> Any:
    return importlib.import_module("keras")


def network(keras: Any, *, mask: bool = False, dtype: str = "int32") -> Any:
    """A table that is read twice, and another one."""
    one, two = (keras.Input((5,), dtype=dtype, name=name) for name in ("one", "two"))
    shared = keras.layers.Embedding(ROWS, 4, name="shared", mask_zero=mask)
    own = keras.layers.Embedding(ROWS, 4, name="own", mask_zero=mask)
    x = keras.layers.Concatenate()([shared(one), shared(two), own(two)])
    return keras.Model([one, two], keras.layers.Dense(3)(keras.layers.Flatten()(x)))


def converted(model: Any, keras: Any) -> tuple[bytes, list[str]]:
    request = Request(Origin(OriginKind.ARCHIVE, Path("network"), "network"))
    made, data = attempts(Loaded(model, keras, "keras"), request)
    assert data is not None, made[0].error
    return data, [node.name for graph in graphs(parse_model(data)) for node in graph.nodes]


def test_tables_are_read_and_nothing_else(keras: Any) -> None:
    model = network(keras)
    made = plain_lookups(model, keras)
    (part,) = made.rebuilt
    assert set(part.layers) == {"shared", "own"}
    assert len(made.notes) == 1
    assert "SELECT" in converted(model, keras)[1]
    data, names = converted(made.model, keras)
    assert {"SELECT", "LESS", "ADD"}.isdisjoint(names)
    rng = np.random.default_rng(2)
    given = [rng.integers(0, ROWS, (20, 5)).astype(np.int32) for _ in range(2)]
    expected = np.asarray(model(given))
    np.testing.assert_allclose(np.asarray(made.model(given)), expected, atol=1e-6)
    for host in (Host.LITERT, Host.TFLM):
        if is_installed(host):
            (answers,) = execute(data, [values[:, np.newaxis] for values in given], host)
            np.testing.assert_allclose(answers[:, 0], expected, atol=1e-5)


def test_indices_may_be_floats(keras: Any) -> None:
    model = network(keras, dtype="float32")
    given = [np.full((2, 5), 3.0, np.float32)] * 2
    again = plain_lookups(model, keras).model
    np.testing.assert_allclose(np.asarray(again(given)), np.asarray(model(given)), atol=1e-6)


def test_the_table_stays_the_same_variable(keras: Any) -> None:
    model = network(keras)
    again = plain_lookups(model, keras).model
    assert sum(w.shape == (ROWS, 4) for w in again.weights) == 2
    given = [np.zeros((1, 5), np.int32)] * 2
    before = np.asarray(again(given))
    model.get_layer("shared").embeddings.assign_add(np.ones((ROWS, 4)))
    assert not np.allclose(np.asarray(again(given)), before)


def test_masks_are_left(keras: Any) -> None:
    model = network(keras, mask=True)
    assert plain_lookups(model, keras).model is model


def test_other_layers_and_other_kerases_are_left(keras: Any) -> None:
    legacy = pytest.importorskip("tf_keras")
    old = network(legacy)
    assert plain_lookups(old, legacy).model is old
    dense = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    assert plain_lookups(dense, keras).model is dense
