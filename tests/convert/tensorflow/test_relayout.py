"""A network made again channels_last computes what the original does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tflint.convert.request import Origin, OriginKind, Request
from tflint.convert.tensorflow.calls import CannotRebuild, Spec, around
from tflint.convert.tensorflow.equivalence import difference
from tflint.convert.tensorflow.loaded import Loaded
from tflint.convert.tensorflow.relayout import channels_last
from tflint.model.graph import graphs
from tflint.model.reader import parse_model

from .channels_first import KINDS, LEGACY, randomise
from .random_maps import random_network

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


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_random_networks_compute_the_same(seed: int, keras: Any) -> None:
    model = randomise(random_network(keras, seed), seed)

    made = channels_last(model, keras)

    assert difference(model, made.model, keras, made.inputs, made.outputs) < 2e-5


def small(keras: Any, data_format: str) -> Any:
    """A network with a residual, a reduction and dense layers behind a map, in either layout."""
    layers = keras.layers
    axis = 1 if data_format == "channels_first" else -1
    start = keras.Input(batch_shape=(1, 3, 10, 9) if axis == 1 else (1, 10, 9, 3))
    x = layers.Conv2D(6, 3, data_format=data_format)(start)
    x = layers.ReLU()(layers.BatchNormalization(axis=axis)(x))
    y = layers.DepthwiseConv2D(3, padding="same", data_format=data_format)(x)
    y = layers.BatchNormalization(axis=axis)(y)
    x = layers.MaxPooling2D(2, data_format=data_format)(layers.Add()([x, y]))
    z = layers.GlobalAveragePooling2D(data_format=data_format)(x)
    x = layers.Dense(5, activation="relu")(layers.Flatten(data_format=data_format)(x))
    return keras.Model(start, layers.Dense(2)(layers.Concatenate()([x, z])))


def converted(model: Any, keras: Any) -> bytes:
    from tflint.convert.tensorflow.conversion import attempts

    request = Request(Origin(OriginKind.FACTORY, Path("model.py"), "model.py"))
    _, data = attempts(Loaded(model, keras, keras.__name__.replace("_", "-")), request)
    assert data is not None
    return data


def test_the_result_converts_like_its_twin(keras: Any) -> None:
    """Keras flattens channels_first maps channels last, so both have the same weights."""
    first, last = (randomise(small(keras, f"channels_{which}")) for which in ("first", "last"))
    last.set_weights(first.get_weights())

    made = channels_last(first, keras)

    assert made.inputs == ((0, 2, 3, 1),)
    assert difference(made.model, last, keras) < EQUAL
    found, right = converted(made.model, keras), converted(last, keras)
    assert operators(found) == operators(right)
    assert "TRANSPOSE" not in operators(found)
    assert "TRANSPOSE" in operators(converted(first, keras))


def operators(data: bytes) -> list[str]:
    return sorted(node.name for graph in graphs(parse_model(data)) for node in graph.nodes)


def test_a_channels_last_network_is_left_alone(keras: Any) -> None:
    model = small(keras, "channels_last")

    made = channels_last(model, keras)

    assert made.model is model
    assert made.rebuilt == ()
    assert made.inputs == (None,)


def test_a_transposition_that_is_needed_stays_where_it_is(keras: Any) -> None:
    layers = keras.layers
    start = keras.Input((12, 3))
    x = layers.Conv1D(4, 3)(start)
    model = keras.Model(start, layers.LSTM(2)(layers.Permute((2, 1))(x)))

    assert channels_last(model, keras).model is model


def test_a_transposition_of_the_input_becomes_another_input(keras: Any) -> None:
    layers = keras.layers
    start = keras.Input((3, 8, 7))
    x = layers.Conv2D(4, 3)(layers.Permute((2, 3, 1), name="turn")(start))
    model = randomise(keras.Model(start, layers.GlobalMaxPooling2D()(x)))

    made = channels_last(model, keras)

    assert made.inputs == ((0, 2, 3, 1),)
    assert made.transpositions == ()
    assert [(each.what, each.layers) for each in made.rebuilt] == [
        ("transposition left out", ("turn",))
    ]
    assert difference(model, made.model, keras, made.inputs) < EQUAL
    assert channels_last(model, keras, keeps_layout=True).model is model


def test_a_layer_of_the_users_gets_what_it_had(keras: Any) -> None:
    """It multiplies along the last dimension, which are the columns for it."""

    class Columns(keras.layers.Layer):  # type: ignore[misc]
        def build(self, shape: Any) -> None:
            self.factor = self.add_weight(name="factor", shape=(int(shape[-1]),))
            self.built = True

        def call(self, x: Any) -> Any:
            return x * self.factor

    layers = keras.layers
    start = keras.Input((3, 8, 7))
    x = Columns()(layers.Conv2D(4, 3, data_format="channels_first")(start))
    x = layers.Conv2D(2, 2, data_format="channels_first")(x)
    model = randomise(keras.Model(start, x))

    made = channels_last(model, keras)

    assert len(made.transpositions) == 2
    assert difference(model, made.model, keras, made.inputs, made.outputs) < EQUAL


def test_what_keras_does_not_take_again_leaves_the_network_as_it_is(
    keras: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = small(keras, "channels_first")

    def broken(*args: Any, **settings: Any) -> Any:
        raise TypeError("no such setting")

    monkeypatch.setattr(keras.layers.Conv2D, "__call__", broken)

    with pytest.raises(CannotRebuild, match="no such setting"):
        channels_last(model, keras)


def test_the_original_answers_as_before(keras: Any) -> None:
    model = randomise(small(keras, "channels_first"))
    weights = [each.copy() for each in model.get_weights()]
    names = [layer.name for layer in model.layers]

    channels_last(model, keras)

    assert [layer.name for layer in model.layers] == names
    assert all(np.array_equal(a, b) for a, b in zip(weights, model.get_weights(), strict=True))


def test_what_was_done_is_named_by_layer(keras: Any) -> None:
    layers = keras.layers
    start = keras.Input((1, 8, 7), name="image")
    x = layers.Conv2D(4, 3, data_format="channels_first", name="conv")(start)
    x = layers.BatchNormalization(axis=1, name="norm")(x)
    model = keras.Model(start, layers.Dense(2, name="head")(layers.Flatten()(x)))

    made = channels_last(model, keras)

    assert [(each.what, each.layers) for each in made.rebuilt] == [
        ("channels_first to channels_last", ("conv",)),
        ("axis of the channels", ("norm",)),
        ("kernel in the order of the channels_last map", ("head",)),
    ]
    assert [tuple(each.shape) for each in made.model.inputs] == [(None, 8, 7, 1)]
    assert {"conv", "norm", "head"} <= {layer.name for layer in made.model.layers}


def test_a_dense_layer_in_front_of_a_map_of_one_place_stays(keras: Any) -> None:
    model = KINDS["squeeze-excite"](keras)

    made = channels_last(model, keras)

    assert {each.what for each in made.rebuilt} == {"channels_first to channels_last"}


def test_open_sizes_stay_open(keras: Any) -> None:
    layers = keras.layers
    start = keras.Input((3, None, None))
    x = layers.Conv2D(4, 3, data_format="channels_first")(start)
    x = layers.GlobalAveragePooling2D(data_format="channels_first")(x)
    model = randomise(keras.Model(start, layers.Dense(2)(x)))

    made = channels_last(model, keras)

    assert [tuple(each.shape) for each in made.model.inputs] == [(None, None, None, 3)]
    assert difference(model, made.model, keras, made.inputs, made.outputs) < EQUAL


def test_a_bias_that_keras_adds_along_the_columns_stays_there() -> None:
    """As many columns as filters, in two groups: a fault of Keras 3 that `predict` has as well."""
    keras = pytest.importorskip("keras", reason="needs TensorFlow (the extra `convert`)")
    pytest.importorskip("tensorflow", reason="needs TensorFlow (the extra `convert`)")
    start = keras.Input((4, 7, 6))
    conv = keras.layers.Conv2D(4, 3, groups=2, data_format="channels_first", activation="relu")
    model = keras.Model(start, conv(start))
    conv.set_weights([np.zeros((3, 3, 2, 4)), np.arange(1, 5)])
    zeros = np.zeros((1, 4, 7, 6), np.float32)

    made = channels_last(model, keras)

    assert np.asarray(model(zeros))[0, 0, 0].tolist() == [1, 2, 3, 4]
    turned = np.asarray(made.model(zeros.transpose(made.inputs[0])))
    assert turned[0, 0, :, 0].tolist() == [1, 2, 3, 4]
    assert len(made.notes) == 1
    assert conv.name in made.notes[0]


def test_outputs_keep_their_names(keras: Any) -> None:
    layers = keras.layers
    inner = keras.Input((3, 8, 7))
    x = layers.Conv2D(4, 3, data_format="channels_first", activation="softmax")(inner)
    nested = keras.Model(inner, layers.GlobalMaxPooling2D()(x), name="nested")
    start = keras.Input((3, 8, 7))
    flat = layers.Flatten(name="flat")(start)
    model = keras.Model(start, [nested(start), layers.Dense(2, name="head")(flat)])

    made = channels_last(model, keras)

    assert list(made.model.output_names) == ["nested", "head"]
    assert difference(model, made.model, keras, made.inputs, made.outputs) < EQUAL


def test_a_model_of_code_is_turned_by_what_it_calls(keras: Any) -> None:
    class Net(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.conv = keras.layers.Conv2D(4, 3, data_format="channels_first")
            self.flat = keras.layers.Flatten()
            self.out = keras.layers.Dense(2)

        def call(self, x: Any, training: bool = False) -> Any:
            return self.out(self.flat(self.conv(x)))

    net = Net()
    net(np.zeros((1, 3, 8, 7), np.float32))
    model = around(net, keras, [Spec((None, 3, 8, 7), "float32", "image")])
    randomise(model)

    made = channels_last(model, keras)

    assert made.inputs == ((0, 2, 3, 1),)
    assert made.transpositions == ()
    assert difference(model, made.model, keras, made.inputs, made.outputs) < EQUAL


def test_a_model_that_wants_values_stays_code(keras: Any) -> None:
    class Net(keras.Model):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return x * float(np.asarray(x).max())

    with pytest.raises(CannotRebuild, match="Net is a class of its own"):
        around(Net(), keras, [Spec((None, 3), "float32", "x")])
