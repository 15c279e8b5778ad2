"""The calls of a network made again: the same function, with the layers' own weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tflint.convert.tensorflow.calls import CannotRebuild, calls_of
from tflint.convert.tensorflow.equivalence import difference
from tflint.convert.tensorflow.rebuild import Rebuilding

from .channels_first import randomise


def made_again(model: Any, keras: Any) -> Any:
    graph = calls_of(model, keras)
    again = Rebuilding(graph)
    tensors = {slot: again.input(slot) for slot in graph.inputs}
    for call in graph.calls:
        found = again.same(call, [tensors[slot] for slot in call.inputs])
        tensors.update(zip(call.outputs, found, strict=True))
    return again.model(
        [tensors[slot] for slot in graph.inputs], [tensors[slot] for slot in graph.outputs]
    )


def _sequential(keras: Any) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [keras.Input((8, 7, 3)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(2)]
    )


def _shared_and_nested(keras: Any) -> Any:
    """Both inner models have a layer of the same name."""
    layers = keras.layers
    inner = keras.Input((6,))
    one = keras.Model(inner, layers.Dense(6, name="dense")(inner), name="one")
    two = keras.Sequential([keras.Input((6,)), layers.Dense(6, name="dense")], name="two")
    left, right = keras.Input((6,), name="left"), keras.Input((6,), name="right")
    joined = layers.Concatenate()([one(left), two(right), one(two(left)) * 2])
    return keras.Model([left, right], [joined[:, 1:], layers.Lambda(lambda x: x + 1)(joined)])


def _by_name(keras: Any) -> Any:
    layers = keras.layers
    inputs = {"b": keras.Input((4,), name="b"), "a": keras.Input((3,), name="a")}
    first, second = layers.Dense(5)(inputs["a"]), layers.Dense(5)(inputs["b"])
    return keras.Model(inputs, {"sum": first + second, "first": layers.ReLU()(first)})


def _masked(keras: Any) -> Any:
    layers = keras.layers
    start = keras.Input((5, 3))
    steps = layers.Masking()(start)
    return keras.Model(start, layers.Bidirectional(layers.LSTM(4))(steps))


def _keywords(keras: Any) -> Any:
    start = keras.Input((5, 8))
    attention = keras.layers.MultiHeadAttention(2, 4)
    return keras.Model(start, attention(start, value=start, use_causal_mask=True))


NETWORKS: dict[str, Callable[[Any], Any]] = {
    "sequential": _sequential,
    "shared and nested": _shared_and_nested,
    "by name": _by_name,
    "masked": _masked,
    "keywords": _keywords,
}


@pytest.mark.parametrize("name", NETWORKS)
def test_calls_made_again_compute_the_same(name: str, keras: Any) -> None:
    model = randomise(NETWORKS[name](keras))

    again = made_again(model, keras)

    assert difference(model, again, keras) == 0
    assert {id(each) for each in again.weights} == {id(each) for each in model.weights}
    assert [tuple(each.shape) for each in again.outputs] == [
        tuple(each.shape) for each in model.outputs
    ]


def test_nested_models_are_inlined_with_their_names(keras: Any) -> None:
    graph = calls_of(_shared_and_nested(keras), keras)

    names = [call.name for call in graph.calls]
    assert names.count("one/dense") == 2
    assert names.count("two/dense") == 2
    called = {id(call.layer) for call in graph.calls if call.name == "one/dense"}
    assert len(called) == 1


def test_a_model_of_code_is_no_list_of_calls(keras: Any) -> None:
    class Net(keras.Model):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return x

    with pytest.raises(CannotRebuild, match=r"Net is a class of its own, whose call\(\) is code"):
        calls_of(Net(), keras)


def test_a_model_that_was_never_called_has_no_shapes(keras: Any) -> None:
    with pytest.raises(CannotRebuild, match="give it an Input"):
        calls_of(keras.Sequential([keras.layers.Dense(3)]), keras)


def test_a_users_layer_that_only_calls_layers_is_inlined(keras: Any) -> None:
    class Block(keras.layers.Layer):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.conv = keras.layers.Conv2D(3, 3, padding="same")

        def call(self, x: Any) -> Any:
            return self.conv(x) + x

    start = keras.Input((6, 5, 3))
    model = randomise(keras.Model(start, Block()(start)))

    kinds = [call.kind for call in calls_of(model, keras).calls]
    assert kinds[0] == "Conv2D"
    assert len(kinds) == 2
    assert difference(model, made_again(model, keras), keras) == 0


def test_a_call_in_training_mode_stays_one_call(keras: Any) -> None:
    inner = keras.Input((4,))
    nested = keras.Model(inner, keras.layers.Dropout(0.5)(inner), name="noisy")
    start = keras.Input((4,))
    model = keras.Model(start, nested(start, training=True))

    assert [call.name for call in calls_of(model, keras).calls] == ["noisy"]
