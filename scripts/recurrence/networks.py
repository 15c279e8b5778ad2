"""Small recurrent networks, for Keras 3 and tf-keras alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

STEPS, FEATURES, UNITS = 12, 4, 8


def networks(keras: Any, batch: int | None) -> dict[str, Callable[[], Any]]:
    """The functions that make them, by name; `batch` is that of all inputs."""
    layers = keras.layers
    sequence, images = (STEPS, FEATURES), (STEPS, 6, 6, 2)

    def given(shape: tuple[int, ...] = sequence, dtype: str = "float32") -> Any:
        return keras.Input(batch_shape=(batch, *shape), dtype=dtype)

    def of(
        *made: Callable[[], Any], shape: tuple[int, ...] = sequence, dtype: str = "float32"
    ) -> Callable[[], Any]:
        def network() -> Any:
            values = start = given(shape, dtype)
            for make in made:
                values = make()(values)
            return keras.Model(start, values)

        return network

    def lstm(**settings: Any) -> Callable[[], Any]:
        return lambda: layers.LSTM(UNITS, **settings)

    def gru(**settings: Any) -> Callable[[], Any]:
        return lambda: layers.GRU(UNITS, **settings)

    def with_states() -> Any:
        start = given()
        return keras.Model(start, layers.LSTM(UNITS, return_state=True)(start))

    def encoder_decoder() -> Any:
        first, second = given(), given()
        _, *states = layers.LSTM(UNITS, return_state=True)(first)
        decoded = layers.LSTM(UNITS, return_sequences=True)(second, initial_state=states)
        return keras.Model([first, second], decoded)

    def attention() -> Any:
        start = given()
        seen = layers.LSTM(UNITS, return_sequences=True)(start)
        return keras.Model(start, layers.Attention()([seen, seen]))

    def long(make: Callable[[], Any]) -> Callable[[], Any]:
        return of(make, shape=(100, FEATURES))

    return {
        "LSTM": of(lstm()),
        "LSTM, return_sequences": of(lstm(return_sequences=True)),
        "LSTM, two stacked": of(lstm(return_sequences=True), lstm()),
        "LSTM, go_backwards": of(lstm(go_backwards=True)),
        "LSTM, unroll": of(lstm(unroll=True)),
        "LSTM, use_bias=False": of(lstm(use_bias=False)),
        "LSTM, activation relu": of(lstm(activation="relu")),
        "LSTM, return_state": with_states,
        "LSTM, stateful": of(lstm(stateful=True)),
        "LSTM, 100 steps": long(lstm()),
        "LSTM behind Masking": of(layers.Masking, lstm()),
        "LSTM behind Embedding, mask_zero": of(
            lambda: layers.Embedding(20, FEATURES, mask_zero=True),
            lstm(),
            shape=(STEPS,),
            dtype="int32",
        ),
        "LSTM, encoder and decoder": encoder_decoder,
        "LSTM and Attention": attention,
        "Bidirectional(LSTM)": of(lambda: layers.Bidirectional(lstm()())),
        "RNN(LSTMCell)": of(lambda: layers.RNN(layers.LSTMCell(UNITS))),
        "GRU": of(gru()),
        "GRU, reset_after=False": of(gru(reset_after=False)),
        "GRU, unroll": of(gru(unroll=True)),
        "GRU, stateful": of(gru(stateful=True)),
        "GRU, 100 steps": long(gru()),
        "Bidirectional(GRU)": of(lambda: layers.Bidirectional(gru()())),
        "SimpleRNN": of(lambda: layers.SimpleRNN(UNITS)),
        "ConvLSTM2D": of(
            lambda: layers.ConvLSTM2D(4, 3, padding="same"), layers.Flatten, shape=images
        ),
        "TimeDistributed(Dense)": of(lambda: layers.TimeDistributed(layers.Dense(UNITS))),
        "TimeDistributed(Conv2D)": of(
            lambda: layers.TimeDistributed(layers.Conv2D(4, 3)), layers.Flatten, shape=images
        ),
        "MultiHeadAttention": lambda: _self_attention(keras, given()),
    }


def _self_attention(keras: Any, start: Any) -> Any:
    attended = keras.layers.MultiHeadAttention(2, 4)(start, start)
    return keras.Model(start, keras.layers.GlobalAveragePooling1D()(attended))
