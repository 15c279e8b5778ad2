"""Recurrent layers in builtin operators compute what Keras does, on the runtimes too."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="needs TensorFlow (the extra `convert`)")

from tflint.convert.request import Origin, OriginKind, Request
from tflint.convert.tensorflow.answers import forget
from tflint.convert.tensorflow.conversion import attempts
from tflint.convert.tensorflow.equivalence import difference
from tflint.convert.tensorflow.loaded import Loaded
from tflint.convert.tensorflow.rebuild import flatten
from tflint.convert.tensorflow.recurrence import (
    FOLDED,
    FUSED,
    REPEATED,
    UNROLLED,
    BuiltinRecurrence,
    builtin_recurrence,
)
from tflint.execution.hosts import Host, Run, execute, execute_all, is_installed
from tflint.model.graph import graphs
from tflint.model.reader import parse_model

from . import recurrent
from .recurrent import FEATURES, STEPS, UNITS, of, randomised

EQUAL = 1e-5
HOSTS = (Host.LITERT, Host.TFLM)


@pytest.fixture(params=["keras", "tf_keras"])
def keras(request: pytest.FixtureRequest) -> Any:
    return importlib.import_module(request.param)


def _converted(model: Any, keras: Any) -> bytes:
    request = Request(Origin(OriginKind.ARCHIVE, Path("network"), "network"))
    name = "tf-keras" if keras.__name__ == "tf_keras" else "keras"
    made, data = attempts(Loaded(model, keras, name), request)
    assert data is not None, made[0].error
    return data


def _names(data: bytes) -> list[str]:
    return [node.name for graph in graphs(parse_model(data)) for node in graph.nodes]


def _off(model: Any, rebuilt: Any, keras: Any) -> float:
    """The largest difference for random inputs, without compiling anything."""
    random, sizes = np.random.default_rng(3), [t.shape for t in model.inputs]
    values = [random.normal(size=(2, *(n or 7 for n in s[1:]))).astype(np.float32) for s in sizes]
    given = values if len(values) > 1 else values[0]
    found = [flatten(each(given), keras) for each in (model, rebuilt)]
    return max(
        float(np.abs(np.asarray(one) - np.asarray(other)).max())
        for one, other in zip(*found, strict=True)
    )


def _forms(found: BuiltinRecurrence) -> list[str]:
    return [part.what for part in found.rebuilt]


@pytest.mark.parametrize("kind", recurrent.FUSED)
def test_an_lstm_that_the_operator_computes(kind: str, keras: Any) -> None:
    model = randomised(recurrent.FUSED[kind](keras))

    found = builtin_recurrence(model, keras)

    assert _forms(found) == [FUSED]
    assert _off(model, found.model, keras) < EQUAL
    assert "Reset()" in found.notes[-1]


@pytest.mark.parametrize("kind", recurrent.UNROLLED)
def test_a_layer_that_is_unrolled_for_integers(kind: str, keras: Any) -> None:
    model = randomised(recurrent.UNROLLED[kind](keras))

    found = builtin_recurrence(model, keras, "int8")

    assert _forms(found) == [UNROLLED]
    # TensorFlow compiles what it has no kernels for on a processor.
    off = difference if kind == "conv-2d-first" else _off
    assert off(model, found.model, keras) < EQUAL


@pytest.mark.parametrize("kind", ["gru", "lstm-states", "conv-1d"])
def test_a_loop_stays_a_loop_in_floats(kind: str, keras: Any) -> None:
    model = recurrent.UNROLLED[kind](keras)

    assert builtin_recurrence(model, keras) == BuiltinRecurrence(model)


@pytest.mark.parametrize("kind", ["both-ways", "stacked"])
def test_a_fused_lstm_gives_keras_answers_on_the_runtimes(kind: str, keras: Any) -> None:
    model = randomised(recurrent.FUSED[kind](keras))
    samples = np.random.default_rng(1).normal(size=(4, 1, STEPS, FEATURES)).astype(np.float32)
    expected = np.stack([np.asarray(model(sample)) for sample in samples])

    data = _converted(builtin_recurrence(model, keras).model, keras)

    assert "UNIDIRECTIONAL_SEQUENCE_LSTM" in _names(data)
    assert "WHILE" not in _names(data)
    for host in filter(is_installed, HOSTS):
        assert np.abs(execute(data, [samples], host)[0] - expected).max() < EQUAL


@pytest.mark.parametrize("kind", ["gru", "gru-no-bias-reset-before", "conv-2d", "lstm-relu"])
def test_an_unrolled_layer_gives_keras_answers_on_the_runtimes(kind: str, keras: Any) -> None:
    model = randomised(recurrent.UNROLLED[kind](keras))
    shape = model.inputs[0].shape[1:]
    samples = np.random.default_rng(1).normal(size=(4, 1, *shape)).astype(np.float32)
    expected = np.stack([np.asarray(model(sample)) for sample in samples])

    data = _converted(builtin_recurrence(model, keras, "int8").model, keras)

    assert len(parse_model(data).subgraphs) == 1
    for host in filter(is_installed, HOSTS):
        assert np.abs(execute(data, [samples], host)[0] - expected).max() < EQUAL


def test_every_part_of_a_first_step_is_used(keras: Any) -> None:
    """A quantiser finds no range for what nothing reads, and leaves its operator in float."""
    model = recurrent.of(
        keras,
        keras.layers.GRU(UNITS, return_sequences=True, reset_after=False),
        keras.layers.LSTM(UNITS, activation="relu", return_sequences=True),
    )
    found = builtin_recurrence(randomised(model), keras, "int8")
    graph = graphs(parse_model(_converted(found.model, keras)))[0]
    assert sum(node.name == "SPLIT" for node in graph.nodes) == 2 * STEPS - 1
    assert not [n for n in graph.nodes for v in n.outputs if not (v.consumers or v.is_output)]


def test_a_stateful_lstm_goes_on_where_it_was(keras: Any) -> None:
    start = keras.Input(batch_shape=(1, STEPS, FEATURES))
    model = randomised(keras.Model(start, keras.layers.LSTM(UNITS, stateful=True)(start)))
    samples = np.random.default_rng(1).normal(size=(4, 1, STEPS, FEATURES)).astype(np.float32)
    forget(model)
    expected = np.stack([np.asarray(model(sample)) for sample in samples])
    forget(model)

    found = builtin_recurrence(model, keras)
    data = _converted(found.model, keras)

    assert _forms(found) == [FUSED]
    assert not found.notes  # Nothing is to be reset.
    assert difference(model, found.model, keras) < EQUAL
    for host in filter(is_installed, HOSTS):
        outcome = execute_all([Run(data, (samples,), keeps_state=True)], host)[0]
        assert isinstance(outcome, tuple)
        assert np.abs(outcome[0] - expected).max() < EQUAL


def test_a_network_without_recurrence_is_left_alone(keras: Any) -> None:
    model = of(keras, keras.layers.Flatten(), keras.layers.Dense(2))

    assert builtin_recurrence(model, keras, "int8") == BuiltinRecurrence(model)


def test_a_masked_layer_stays_a_loop(keras: Any) -> None:
    model = of(keras, keras.layers.Masking(), keras.layers.LSTM(UNITS))

    found = builtin_recurrence(model, keras, "int8")

    assert found.model is model
    assert "mask" in found.notes[0]


def test_a_stateful_gru_stays_a_loop(keras: Any) -> None:
    start = keras.Input(batch_shape=(1, STEPS, FEATURES))
    model = keras.Model(start, keras.layers.GRU(UNITS, stateful=True)(start))

    found = builtin_recurrence(model, keras, "int8")

    assert found.model is model
    assert "its state goes on" in found.notes[0]


def test_too_many_steps_are_not_unrolled(keras: Any) -> None:
    model = of(keras, keras.layers.GRU(UNITS))

    found = builtin_recurrence(model, keras, "int8", most_steps=STEPS - 1)

    assert found.model is model
    assert f"its {STEPS} steps are too many to unroll (at most {STEPS - 1})" in found.notes[0]
    open_steps = of(keras, keras.layers.GRU(UNITS), shape=(None, FEATURES))
    assert "unknown" in builtin_recurrence(open_steps, keras, "int8").notes[0]


def test_an_lstm_is_unrolled_for_integers_that_the_operator_has_not(keras: Any) -> None:
    model = randomised(of(keras, keras.layers.LSTM(UNITS)))

    found = builtin_recurrence(model, keras, "int16x8")

    assert _forms(found) == [UNROLLED]
    assert _off(model, found.model, keras) < EQUAL


@pytest.mark.parametrize(
    ("kind", "module"), [("gru-reset-before", "tf_keras"), ("conv-2d", "keras")]
)
def test_a_loop_that_tflm_refuses_is_unrolled_in_floats_too(kind: str, module: str) -> None:
    keras = importlib.import_module(module)
    model = recurrent.UNROLLED[kind](keras)

    found = builtin_recurrence(model, keras)

    assert _forms(found) == [UNROLLED]
    (note,) = found.notes
    assert "TFLM refuses the loop" in note


def test_half_precision_stays_a_loop(keras: Any) -> None:
    model = of(keras, keras.layers.LSTM(UNITS, dtype="mixed_float16"))

    found = builtin_recurrence(model, keras, "int8")

    assert found.model is model
    assert "float16" in found.notes[0]


def test_the_cell_of_a_user_is_called_step_by_step(keras: Any) -> None:
    model = randomised(of(keras, recurrent.user_cell(keras)))

    found = builtin_recurrence(model, keras, "int8")

    assert _forms(found) == [UNROLLED]
    assert _off(model, found.model, keras) < EQUAL


@pytest.mark.parametrize("quantize", [None, "int8"])
def test_an_autoencoder_of_lstms_needs_no_tile(quantize: str | None, keras: Any) -> None:
    layers = keras.layers
    coded = [layers.LSTM(UNITS), layers.RepeatVector(STEPS)]
    decoded = [layers.LSTM(UNITS, return_sequences=True), layers.TimeDistributed(layers.Dense(2))]
    model = randomised(of(keras, *coded, *decoded))

    found = builtin_recurrence(model, keras, quantize)
    data = _converted(found.model, keras)

    assert _forms(found)[:2] == [FUSED, REPEATED]
    assert _off(model, found.model, keras) < EQUAL
    assert {"PACK", "UNIDIRECTIONAL_SEQUENCE_LSTM"} <= {*_names(data)}
    assert not {"TILE", "WHILE"} & {*_names(data)}


@pytest.mark.parametrize("kind", ["dense", "convolution", "model"])
def test_steps_of_time_distributed_are_a_batch(kind: str) -> None:
    """Keras 3 has the converter make operators for each step, tf-keras does not."""
    keras = importlib.import_module("keras")
    layers = keras.layers
    inner = {
        "dense": layers.Dense(2),
        "convolution": layers.Conv2D(2, 3, activation="relu"),
        "model": keras.Sequential([layers.Conv2D(2, 3), layers.BatchNormalization()]),
    }[kind]
    shape = (STEPS, FEATURES) if kind == "dense" else (STEPS, 6, 5, FEATURES)
    model = randomised(of(keras, layers.TimeDistributed(inner), shape=shape))
    for weight in model.weights:
        if "variance" in weight.path:
            weight.assign(np.full(weight.shape, 2.0))

    found = builtin_recurrence(model, keras)
    names = _names(_converted(found.model, keras))

    assert _forms(found) == [FOLDED]
    assert _off(model, found.model, keras) < EQUAL
    assert len(names) <= 3 < len(_names(_converted(model, keras)))


def test_time_distributed_is_left_where_steps_are_not_a_batch(keras: Any) -> None:
    layers = keras.layers
    masked = of(keras, layers.Masking(), layers.TimeDistributed(layers.Dense(2)))
    open_steps = of(keras, layers.TimeDistributed(layers.Dense(2)), shape=(None, FEATURES))
    inner = layers.TimeDistributed(layers.GRU(2))
    recurrence = of(keras, inner, shape=(STEPS, 4, FEATURES))
    for model in (masked, open_steps, recurrence):
        assert builtin_recurrence(model, keras) == BuiltinRecurrence(model)


def test_layers_of_both_kinds_in_one_network(keras: Any) -> None:
    lstm = keras.layers.LSTM(UNITS, return_sequences=True, name="one")
    gru = keras.layers.GRU(UNITS, name="other")
    model = randomised(of(keras, lstm, gru))

    found = builtin_recurrence(model, keras, "int8")

    assert [(part.what, part.layers) for part in found.rebuilt] == [
        (FUSED, ("one",)),
        (UNROLLED, ("other",)),
    ]
    assert _off(model, found.model, keras) < EQUAL
