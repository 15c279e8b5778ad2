"""Small recurrent networks, for Keras 3 and tf-keras alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

STEPS, FEATURES, UNITS = 5, 3, 4


def of(keras: Any, *layers: Any, shape: tuple[int | None, ...] = (STEPS, FEATURES)) -> Any:
    """A network of layers one behind the other."""
    start = values = keras.Input(shape)
    for layer in layers:
        values = layer(values)
    return keras.Model(start, values)


def randomised(model: Any) -> Any:
    """The network with weights that make all of it count, biases too."""
    random = np.random.default_rng(7)
    model.set_weights([random.normal(0, 0.5, w.shape) for w in model.get_weights()])
    return model


def _lstm(**settings: Any) -> Callable[[Any], Any]:
    return lambda keras: of(keras, keras.layers.LSTM(UNITS, **settings))


def _gru(**settings: Any) -> Callable[[Any], Any]:
    return lambda keras: of(keras, keras.layers.GRU(UNITS, **settings))


def _both(kind: str, merge: str | None = "concat", **settings: Any) -> Callable[[Any], Any]:
    def network(keras: Any) -> Any:
        layer = getattr(keras.layers, kind)(UNITS, **settings)
        return of(keras, keras.layers.Bidirectional(layer, merge_mode=merge))

    return network


def _cells(*kinds: str, **settings: Any) -> Callable[[Any], Any]:
    def network(keras: Any) -> Any:
        made = [getattr(keras.layers, kind)(UNITS + i) for i, kind in enumerate(kinds)]
        cell = made if len(made) > 1 else made[0]
        return of(keras, keras.layers.RNN(cell, **settings))

    return network


def _shared(keras: Any) -> Any:
    one, other = (keras.Input((STEPS, FEATURES)) for _ in range(2))
    layer = keras.layers.LSTM(UNITS)
    return keras.Model([one, other], keras.layers.Subtract()([layer(one), layer(other)]))


def _nested(keras: Any) -> Any:
    inner = keras.Sequential([keras.Input((STEPS, FEATURES)), keras.layers.LSTM(UNITS)])
    return of(keras, inner, keras.layers.Dense(2))


def _hidden(keras: Any) -> Any:
    start = keras.Input((STEPS, FEATURES))
    every, hidden, _ = keras.layers.LSTM(UNITS, return_sequences=True, return_state=True)(start)
    return keras.Model(start, [every, hidden])


def _hidden_both(keras: Any) -> Any:
    start = keras.Input((STEPS, FEATURES))
    layer = keras.layers.Bidirectional(keras.layers.LSTM(UNITS, return_state=True))
    last, forward, _, backward, _ = layer(start)
    return keras.Model(start, [last, forward, backward])


FUSED: dict[str, Callable[[Any], Any]] = {
    "last": _lstm(),
    "sequences": _lstm(return_sequences=True),
    "backwards": _lstm(return_sequences=True, go_backwards=True),
    "unroll": _lstm(unroll=True),
    "no-bias": _lstm(use_bias=False),
    "stacked": lambda keras: of(
        keras,
        keras.layers.LSTM(UNITS, return_sequences=True),
        keras.layers.Dropout(0.5),
        keras.layers.LSTM(3),
        keras.layers.Dense(2),
    ),
    "open-steps": lambda keras: of(keras, keras.layers.LSTM(UNITS), shape=(None, FEATURES)),
    "both-ways": _both("LSTM", return_sequences=True),
    "both-ways-summed": _both("LSTM", "sum"),
    "both-ways-averaged": _both("LSTM", "ave", return_sequences=True),
    "both-ways-multiplied": _both("LSTM", "mul"),
    "both-ways-apart": _both("LSTM", None, return_sequences=True),
    "cell": _cells("LSTMCell"),
    "cells": _cells("LSTMCell", "LSTMCell", return_sequences=True),
    "shared": _shared,
    "nested": _nested,
    "hidden-state": _hidden,
    "hidden-states-both-ways": _hidden_both,
}


def _states(keras: Any) -> Any:
    start = keras.Input((STEPS, FEATURES))
    return keras.Model(start, keras.layers.LSTM(UNITS, return_state=True)(start))


def _decoder(kind: str) -> Callable[[Any], Any]:
    def network(keras: Any) -> Any:
        layer = getattr(keras.layers, kind)
        one, other = keras.Input((STEPS, FEATURES)), keras.Input((STEPS + 1, FEATURES))
        _, *states = layer(UNITS, return_state=True)(one)
        decoded = layer(UNITS, return_sequences=True)(other, initial_state=states)
        return keras.Model([one, other], decoded)

    return network


def _images(layer: str, *sizes: int, **settings: Any) -> Callable[[Any], Any]:
    def network(keras: Any) -> Any:
        made = getattr(keras.layers, layer)(2, 3, **settings)
        return of(keras, made, shape=(STEPS, *sizes, FEATURES))

    return network


UNROLLED: dict[str, Callable[[Any], Any]] = {
    "gru": _gru(),
    "gru-sequences": _gru(return_sequences=True),
    "gru-backwards": _gru(return_sequences=True, go_backwards=True),
    "gru-reset-before": _gru(reset_after=False),
    "gru-no-bias": _gru(use_bias=False),
    "gru-no-bias-reset-before": _gru(use_bias=False, reset_after=False),
    "gru-hard-sigmoid": _gru(recurrent_activation="hard_sigmoid"),
    "gru-both-ways": _both("GRU", "ave", return_sequences=True),
    "simple": lambda keras: of(keras, keras.layers.SimpleRNN(UNITS)),
    "simple-sequences": lambda keras: of(
        keras, keras.layers.SimpleRNN(UNITS, return_sequences=True, activation="relu")
    ),
    "lstm-relu": _lstm(activation="relu"),
    "lstm-hard-sigmoid": _lstm(recurrent_activation="hard_sigmoid"),
    "lstm-states": _states,
    "lstm-decoder": _decoder("LSTM"),
    "gru-decoder": _decoder("GRU"),
    "cells": _cells("LSTMCell", "GRUCell", "SimpleRNNCell"),
    "conv-1d": _images("ConvLSTM1D", 6),
    "conv-2d": _images("ConvLSTM2D", 6, 5, padding="same", return_sequences=True),
    "conv-2d-strides": _images("ConvLSTM2D", 6, 5, strides=2, padding="same"),
    "conv-2d-dilated": _images("ConvLSTM2D", 7, 7, dilation_rate=2),
    "conv-2d-first": lambda keras: of(
        keras,
        keras.layers.ConvLSTM2D(2, 3, data_format="channels_first"),
        shape=(STEPS, FEATURES, 6, 5),
    ),
}


def user_cell(keras: Any) -> Any:
    """The layer of a cell that only the user's source defines."""

    class Leaky(keras.layers.Layer):  # type: ignore[misc]
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            self.state_size = self.output_size = UNITS

        def build(self, shape: Any) -> None:
            self.kernel = self.add_weight(shape=(shape[-1], UNITS), name="kernel")
            self.built = True

        def call(self, inputs: Any, states: Any) -> Any:
            kept = 0.9 * states[0] + inputs @ self.kernel
            return kept, [kept]

    return keras.layers.RNN(Leaky(), return_sequences=True)
