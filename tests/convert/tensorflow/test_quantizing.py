"""TensorFlow's own quantiser, for what tflint's makes no integers of."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="needs TensorFlow (the extra `convert`)")

import keras

from tflint.convert.request import Origin, OriginKind, Port, Request
from tflint.convert.tensorflow.conversion import attempts
from tflint.convert.tensorflow.loaded import Loaded
from tflint.convert.tensorflow.quantizing import CannotQuantise, needs_tensorflow, quantised
from tflint.convert.tensorflow.recurrence import builtin_recurrence
from tflint.execution.hosts import Host, execute, is_installed
from tflint.fix.quantize.agreement import quantized_inputs, real
from tflint.fix.quantize.verification import is_integer
from tflint.model.graph import graphs
from tflint.model.reader import parse_model
from tflint.model.schema import TensorType

from .recurrent import of, randomised

STEPS, FEATURES, CLASSES = 12, 3, 3
Array = np.ndarray[Any, Any]


def _series(count: int, seed: int) -> tuple[Array, Array]:
    """Noise, and which of its features has the largest sum where late steps count less."""
    values = np.random.default_rng(seed).normal(size=(count, STEPS, FEATURES)).astype(np.float32)
    return values, values.cumsum(1).sum(1).argmax(1)


@pytest.fixture(scope="module")
def trained() -> Any:
    """A network that has learned something, so that its decisions mean something."""
    keras.utils.set_random_seed(1)
    layers = keras.layers
    model = of(
        keras,
        layers.LSTM(8, return_sequences=True),
        layers.LSTM(8),
        layers.Dense(CLASSES, activation="softmax"),
        shape=(STEPS, FEATURES),
    )
    model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy")
    model.fit(*_series(800, 1), epochs=12, batch_size=32, verbose=0)
    return model


def _loaded(model: Any) -> Loaded:
    return Loaded(model, keras, "keras")


def _float(model: Any) -> bytes:
    request = Request(Origin(OriginKind.ARCHIVE, Path("network"), "network"))
    made, data = attempts(_loaded(model), request)
    assert data is not None, made[0].error
    return data


def test_integers_of_a_fused_lstm_decide_as_keras_does(trained: Any) -> None:
    fused = builtin_recurrence(trained, keras, "int8").model
    port = Port("input", (None, STEPS, FEATURES), "float32")
    seen, fresh = _series(200, 2)[0], _series(200, 3)[0]
    expected = np.asarray(trained(fresh))

    data = quantised(_loaded(fused), "int8", 1, [port], [seen[:, np.newaxis]])

    model = parse_model(data)
    kinds = [node.name for node in graphs(model)[0].nodes]
    assert kinds.count("UNIDIRECTIONAL_SEQUENCE_LSTM") == 2
    assert is_integer(model)
    (taken,), (given,) = graphs(model)[0].inputs, graphs(model)[0].outputs
    assert (taken.type, given.type) == (TensorType.INT8, TensorType.INT8)
    stored = quantized_inputs(data, [fresh[:, np.newaxis]])
    for host in filter(is_installed, (Host.LITERT, Host.TFLM)):
        found = real(execute(data, stored, host)[0], given.tensor)[:, 0]
        assert (found.argmax(1) == expected.argmax(1)).mean() > 0.96


def test_both_directions_are_as_good_as_one() -> None:
    """Behind them a CONCATENATION wants one scale for both outputs, which is not their states'."""
    layers = keras.layers
    both = layers.Bidirectional(layers.LSTM(5))
    model = randomised(of(keras, both, layers.Dense(3), shape=(STEPS, FEATURES)))
    fused = builtin_recurrence(model, keras, "int8").model
    seen, fresh = _series(100, 2)[0], _series(100, 3)[0]
    expected = np.asarray(model(fresh))
    port = Port("input", (None, STEPS, FEATURES), "float32")

    data = quantised(_loaded(fused), "int8", 1, [port], [seen[:, np.newaxis]])

    (given,) = graphs(parse_model(data))[0].outputs
    stored = quantized_inputs(data, [fresh[:, np.newaxis]])
    for host in filter(is_installed, (Host.LITERT, Host.TFLM)):
        found = real(execute(data, stored, host)[0], given.tensor)[:, 0]
        assert np.abs(found - expected).mean() < 0.01 * np.ptp(expected)


def test_samples_are_turned_to_the_order_that_the_network_takes(trained: Any) -> None:
    start = keras.Input((FEATURES, STEPS))
    turned = keras.Model(start, trained(keras.layers.Permute((2, 1))(start)))
    fused = builtin_recurrence(turned, keras, "int8").model
    seen = _series(100, 2)[0]
    port = Port("input", (None, STEPS, FEATURES), "float32", order=(0, 2, 1))

    data = quantised(_loaded(fused), "int8", 1, [port], [seen[:, np.newaxis]])

    straight = builtin_recurrence(trained, keras, "int8").model
    plain = dataclasses.replace(port, order=None)
    same = quantised(_loaded(straight), "int8", 1, [plain], [seen[:, np.newaxis]])
    scales = [graphs(parse_model(each))[0].outputs[0].quantization for each in (data, same)]
    assert scales[0] is not None
    assert scales[0] == scales[1]
    assert graphs(parse_model(data))[0].inputs[0].shape == (1, FEATURES, STEPS)


def test_there_are_no_16_bits_for_the_lstm(trained: Any) -> None:
    fused = builtin_recurrence(trained, keras).model
    port = Port("input", (None, STEPS, FEATURES), "float32")

    with pytest.raises(CannotQuantise, match="UNIDIRECTIONAL_SEQUENCE_LSTM"):
        quantised(_loaded(fused), "int16x8", 1, [port], [_series(4, 2)[0][:, np.newaxis]])


def test_only_fused_lstms_need_it(trained: Any) -> None:
    """A loop least of all: TensorFlow 2.21 crashes when it calibrates one."""
    plain = of(keras, keras.layers.Flatten(), keras.layers.Dense(2), shape=(STEPS, FEATURES))
    fused = builtin_recurrence(trained, keras).model

    assert needs_tensorflow(parse_model(_float(fused)))
    assert not needs_tensorflow(parse_model(_float(plain)))
    loop = parse_model(_float(trained))
    assert len(loop.subgraphs) > 1
    assert not needs_tensorflow(loop)
