"""Configurations of Keras 1, 2 and 3 become the networks that Keras makes of them."""

from __future__ import annotations

import copy
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.archive.mutations import mutate
from tests.archive.recorded_networks import (
    Recorded,
    disagreements,
    is_known,
    recorded_networks,
)
from tflint.archive.config import facts_from_config, parse_version
from tflint.errors import MalformedArchive
from tflint.keras.values import UNKNOWN, Function, Reference, Result

each_network = pytest.mark.parametrize("recorded", recorded_networks(), ids=lambda each: each.name)
Config = dict[str, Any]


@each_network
def test_shapes_and_weights_are_those_of_keras(recorded: Recorded) -> None:
    facts = facts_from_config(recorded.config)

    assert disagreements(facts, recorded) == []
    assert facts.networks[-1].is_complete
    assert facts.unseen == ()


@each_network
def test_all_of_it_is_known(recorded: Recorded) -> None:
    assert is_known(facts_from_config(recorded.config).networks[-1])


def layer(name: str, kind: str = "Dense", inbound: object = None, **config: object) -> Config:
    if kind == "Dense":
        config.setdefault("units", 2)
    entry: Config = {"class_name": kind, "config": {"name": name, "trainable": True, **config}}
    return entry if inbound is None else {**entry, "name": name, "inbound_nodes": inbound}


def sequential(*layers: Config) -> Config:
    return {"class_name": "Sequential", "config": {"name": "s", "layers": list(layers)}}


def functional(*layers: Config, outputs: object, inputs: object = None) -> Config:
    ends = {"input_layers": inputs or [["x", 0, 0]], "output_layers": outputs}
    return {"class_name": "Functional", "config": {"name": "f", "layers": list(layers), **ends}}


X = layer("x", "InputLayer", [], batch_input_shape=[None, 4])


def test_keras_1_sequential_is_a_list_of_layers() -> None:
    config = {
        "class_name": "Sequential",
        "config": [
            layer(
                "c",
                "Convolution2D",
                nb_filter=8,
                nb_row=3,
                nb_col=5,
                border_mode="valid",
                subsample=[1, 1],
                dim_ordering="tf",
                bias=True,
                batch_input_shape=[None, 16, 16, 1],
            ),
            layer("p", "MaxPooling2D", pool_size=[2, 2], strides=[2, 2], border_mode="valid"),
            layer("f", "Flatten"),
            layer("d", "Dense", units=None, output_dim=3, input_dim=None),
        ],
    }
    del config["config"][3]["config"]["units"]  # type: ignore[index]
    facts = facts_from_config(config, (1, 2, 2))

    (network,) = facts.networks
    assert [each.kind for each in facts.layers] == ["Conv2D", "MaxPooling2D", "Flatten", "Dense"]
    assert [call.output_shapes[0] for call in network.calls] == [
        (None, 14, 12, 8),
        (None, 7, 6, 8),
        (None, 336),
        (None, 3),
    ]
    assert network.weights == 8 * 15 + 8 + 336 * 3 + 3


def test_keras_1_merges_by_mode() -> None:
    config = functional(
        X,
        layer("a", "Dense", [[["x", 0, 0]]], units=3),
        layer("b", "Dense", [[["x", 0, 0]]], units=5),
        layer("m", "Merge", [[["a", 0, 0], ["b", 0, 0]]], mode="concat", concat_axis=-1),
        outputs=[["m", 0, 0]],
    )
    network = facts_from_config(config, (1, 2)).networks[0]

    assert network.calls[-1].layer.kind == "Concatenate"
    assert network.outputs[0].shape == (None, 8)


def test_a_shared_layer_has_its_weights_once() -> None:
    config = functional(
        X,
        layer("y", "InputLayer", [], batch_input_shape=[None, 4]),
        layer("d", "Dense", [[["x", 0, 0, {}]], [["y", 0, 0, {}]]]),
        layer("a", "Add", [[["d", 0, 0, {}], ["d", 1, 0, {}]]]),
        inputs=[["x", 0, 0], ["y", 0, 0]],
        outputs=[["a", 0, 0]],
    )
    network = facts_from_config(config).networks[0]

    assert [call.weights for call in network.calls] == [10, 0, 0]
    assert network.calls[0].layer is network.calls[1].layer
    assert [each.producer for each in network.calls[2].inputs] == list(network.calls[:2])


def test_calls_come_in_an_order_in_which_they_can_run() -> None:
    config = functional(
        layer("last", "Dense", [[["first", 0, 0, {}]]]),
        layer("first", "Dense", [[["x", 0, 0, {}]]]),
        X,
        outputs=[["last", 0, 0]],
    )

    names = [call.layer.name for call in facts_from_config(config).networks[0].calls]
    assert names == ["first", "last"]


def test_calls_of_models_in_models_are_in_their_place_and_named_behind_them() -> None:
    inner = sequential(layer("i", "InputLayer", batch_input_shape=[None, 4]), layer("d"))
    inner["config"]["name"] = "inner"
    config = functional(
        X,
        {**inner, "name": "inner", "inbound_nodes": [[["x", 0, 0, {}]]]},
        layer("e", "Dense", [[["inner", 1, 0, {}]]]),
        outputs=[["e", 0, 0]],
    )
    facts = facts_from_config(config)

    assert [network.name for network in facts.networks] == ["inner", "f"]
    outer = facts.networks[-1]
    assert [call.layer.location.layer for call in outer.calls] == ["inner/d", "e"]
    assert outer.calls[1].inputs[0].producer is outer.calls[0]
    assert outer.calls[0].inputs[0] is outer.inputs[0]
    assert next(each for each in facts.layers if each.name == "inner").network is facts.networks[0]


def test_tensors_in_dictionaries_go_by_their_names() -> None:
    inner = functional(
        layer("a", "InputLayer", [], batch_input_shape=[None, 4]),
        layer("b", "InputLayer", [], batch_input_shape=[None, 6]),
        layer("d", "Dense", [[["a", 0, 0, {}]]], units=3),
        layer("e", "Dense", [[["b", 0, 0, {}]]], units=5),
        inputs={"b": ["b", 0, 0], "a": ["a", 0, 0]},
        outputs={"t": ["e", 0, 0], "s": ["d", 0, 0]},
    )
    tensors = {
        name: _tensor({"shape": [None, size], "dtype": "float32", "keras_history": [each, 0, 0]})
        for name, each, size in (("b", "y", 6), ("a", "x", 4))
    }
    called = {**inner, "name": "f", "inbound_nodes": [{"args": [tensors], "kwargs": {}}]}
    other = layer("y", "InputLayer", [], batch_input_shape=[None, 6])
    network = facts_from_config(
        functional(X, other, called, outputs=[["f", 1, 0], ["f", 1, 1]])
    ).networks[-1]

    assert [tensor.shape for tensor in network.outputs] == [(None, 3), (None, 5)]
    assert network.weights == 4 * 3 + 3 + 6 * 5 + 5


def test_a_layer_that_does_not_say_whether_it_is_trainable_is_no_operation() -> None:
    start = {"shape": [None, 8, 4], "dtype": "float32", "keras_history": ["x", 0, 0]}
    entry = layer("s", "SpatialDropout1D", [{"args": [_tensor(start)], "kwargs": {}}])
    entry["config"] = {"name": "s", "rate": 0.1, "dtype": "float32"}
    facts = facts_from_config(functional(X, entry, outputs=["s", 0, 0]))

    assert facts.layers[1].kind == "SpatialDropout1D"


def test_what_feeds_a_loop_is_left_out() -> None:
    config = functional(
        X,
        layer("a", "Dense", [[["b", 0, 0, {}]]]),
        layer("b", "Dense", [[["a", 0, 0, {}]]]),
        layer("c", "Dense", [[["x", 0, 0, {}]]]),
        outputs=[["c", 0, 0]],
    )
    network = facts_from_config(config).networks[0]

    assert [call.layer.name for call in network.calls] == ["c"]
    assert not network.is_complete
    assert network.weights is UNKNOWN


def test_a_layer_of_another_package_is_not_taken_for_keras_own() -> None:
    custom = {
        "module": "mine.layers",
        "class_name": "Conv2D",
        "registered_name": "mine>Conv2D",
        "config": {"name": "c", "trainable": True, "filters": 3},
    }
    facts = facts_from_config(
        sequential(layer("x", "InputLayer", batch_input_shape=[None, 8, 8, 1]), custom)
    )

    assert facts.layers[1].kind == "mine>Conv2D"
    assert facts.networks[0].outputs[0].shape is UNKNOWN
    assert not facts.networks[0].is_complete
    assert facts.unseen == ("what layers that are not Keras' own compute is not known: `Conv2D`",)


def test_what_was_saved_says_what_a_layer_of_another_package_gives() -> None:
    tensor = {"shape": [None, 7], "dtype": "float32", "keras_history": ["c", 0, 0]}
    start = {"shape": [None, 4], "dtype": "float32", "keras_history": ["x", 0, 0]}
    config = functional(
        X,
        {
            "module": None,
            "class_name": "Mine",
            "registered_name": "Mine",
            "config": {"name": "c", "trainable": True},
            "name": "c",
            "inbound_nodes": [{"args": [_tensor(start)], "kwargs": {}}],
        },
        layer("d", "Dense", [{"args": [_tensor(tensor)], "kwargs": {}}]),
        outputs=["d", 0, 0],
    )
    network = facts_from_config(config).networks[0]

    assert network.calls[1].weights == 7 * 2 + 2
    assert network.weights is UNKNOWN


def _tensor(config: Config) -> Config:
    return {"class_name": "__keras_tensor__", "config": config}


def test_operations_on_tensors_of_keras_3_are_named_as_functions() -> None:
    start = {"shape": [None, 4], "dtype": "float32", "keras_history": ["x", 0, 0]}
    operation = {
        "module": "keras.src.ops.numpy",
        "class_name": "GetItem",
        "registered_name": "GetItem",
        "config": {"name": "get_item"},
        "name": "get_item",
        "inbound_nodes": [{"args": [_tensor(start), 1], "kwargs": {}}],
    }
    facts = facts_from_config(functional(X, operation, outputs=["get_item", 0, 0]))

    called = facts.networks[0].calls[0].layer
    assert (called.kind, called.path) == ("get_item", "keras.ops.get_item")
    assert facts.networks[0].weights == 0
    assert called.has_unknown_arguments


def test_operations_on_tensors_of_keras_2_have_the_arguments_of_their_call() -> None:
    operation = layer("o", "TFOpLambda", [["x", 0, 0, {"axis": -1}]], function="math.reduce_mean")
    facts = facts_from_config(functional(X, operation, outputs=[["o", 0, 0]]))

    called = facts.networks[0].calls[0].layer
    assert (called.kind, called.path) == ("reduce_mean", "tensorflow.math.reduce_mean")
    assert called.arguments["axis"].value == -1


@pytest.mark.parametrize(
    "function",
    [
        {"class_name": "__lambda__", "config": {"code": "4wE=", "defaults": None}},
        ["4wE=", None, None],
    ],
)
def test_lambdas_are_functions_of_which_nothing_is_known(function: object) -> None:
    facts = facts_from_config(sequential(X, layer("l", "Lambda", function=function)))

    given = facts.layers[1].arguments["function"].value
    assert isinstance(given, Function)
    assert given.results is None


def test_activations_that_are_functions_are_references() -> None:
    function = {"module": "builtins", "class_name": "function", "config": "softmax_v2"}
    own = {"module": "keras.activations", "class_name": "function", "config": "relu6"}
    facts = facts_from_config(
        sequential(X, layer("a", activation=function), layer("b", activation=own))
    )

    assert facts.layers[1].arguments["activation"].value == Reference("tensorflow.nn.softmax")
    assert facts.layers[2].arguments["activation"].value == Reference("keras.activations.relu6")


def test_activations_that_are_layers_are_layers() -> None:
    activation = {"class_name": "LeakyReLU", "config": {"name": "leaky", "trainable": True}}
    facts = facts_from_config(sequential(X, layer("a", activation=activation)))

    assert facts.layers[1].kind == "LeakyReLU"
    assert facts.layers[2].arguments["activation"].value is facts.layers[1]
    assert facts.layers[1].location.layer == "a/leaky"


def test_the_loss_is_known_with_its_arguments() -> None:
    loss = {
        "module": "keras.losses",
        "class_name": "BinaryCrossentropy",
        "config": {"from_logits": True},
    }
    config = {**sequential(X, layer("d")), "compile_config": {"loss": loss, "optimizer": "sgd"}}
    (compilation,) = facts_from_config(config).compilations

    assert isinstance(compilation.loss, Result)
    assert compilation.loss.path == "keras.losses.BinaryCrossentropy"
    assert compilation.loss.keywords == {"from_logits": True}
    assert compilation.network is not None
    assert compilation.outputs == compilation.network.outputs


def test_a_model_without_a_list_of_layers_says_so() -> None:
    facts = facts_from_config({"module": None, "class_name": "Mine", "config": {"units": 3}})

    assert facts.layers == ()
    assert "`Mine` does not list its layers" in facts.unseen[0]


def test_models_that_multiply_are_given_up() -> None:
    config = sequential(layer("x", "InputLayer", batch_input_shape=[None, 2]), layer("d"))
    for depth in range(20):
        inner = copy.copy(config)
        inner["config"] = {**config["config"], "name": f"m{depth}"}
        calls = [[[f"m{depth}", 1, 0, {}]], [[f"m{depth}", 2, 0, {}]]]
        config = functional(
            layer("x", "InputLayer", [], batch_input_shape=[None, 2]),
            {
                **inner,
                "name": f"m{depth}",
                "inbound_nodes": [[["x", 0, 0, {}]], [[f"m{depth}", 1, 0, {}]]],
            },
            layer("a", "Add", [[*calls[0], *calls[1]]]),
            outputs=[["a", 0, 0]],
        )
    begin = time.process_time()
    facts = facts_from_config(config)

    assert ["too many calls" in each for each in facts.unseen] == [True]
    assert not facts.networks[-1].is_complete
    assert time.process_time() - begin < 20


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ([], "not an object"),
        ({}, "without a `class_name`"),
        (sequential({"config": {}}), "without a `class_name`"),
        (sequential({"class_name": "Dense", "config": 3}), "a Dense is not an object"),
        ({"class_name": "Sequential", "config": [3]}, "not an object"),
        (functional(X, X, outputs=[]), "two layers of a model are called `x`"),
        (functional(X, layer("d", inbound=[[["y", 0, 0]]]), outputs=[]), "`y`, which is not there"),
        (functional(X, layer("d", inbound=3), outputs=[]), "are not a list"),
        (functional(X, outputs=3), "not a list"),
    ],
)
def test_what_keras_does_not_write_is_refused_in_a_sentence(config: Any, says: str) -> None:
    with pytest.raises(MalformedArchive, match=says):
        facts_from_config(config)


@pytest.mark.parametrize(
    ("text", "version"),
    [("2.3.0-tf", (2, 3, 0)), ("3.15.1", (3, 15, 1)), ("1", (1,)), ("x", None), (3, None)],
)
def test_versions_are_numbers(text: Any, version: object) -> None:
    assert parse_version(text) == version


@given(st.sampled_from(recorded_networks()), st.data())
def test_mutated_configurations_are_facts_or_one_error(recorded: Recorded, data: Any) -> None:
    config = copy.deepcopy(recorded.config)
    for _ in range(data.draw(st.integers(1, 3))):
        mutate(config, data)
    try:
        facts = facts_from_config(config)
    except MalformedArchive:
        return
    for network in facts.networks:
        assert network.weights is UNKNOWN or network.weights >= 0
