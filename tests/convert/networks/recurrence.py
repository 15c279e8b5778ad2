"""Recurrence, attention and what goes over time; the batch is not known, as Keras leaves it."""

from __future__ import annotations

from typing import Any

from tests.convert.corpus import Kit, network


def _recurrent(k: Kit, *layers: Any) -> Any:
    return k.chain((8, 5), *layers, k.layers.Dense(3, activation="softmax"))


@network(has_layouts=False)
def lstm(k: Kit) -> Any:
    return _recurrent(k, k.layers.LSTM(6))


@network(has_layouts=False)
def lstm_sequence(k: Kit) -> Any:
    return _recurrent(k, k.layers.LSTM(6, return_sequences=True))


@network(has_layouts=False)
def lstm_stacked(k: Kit) -> Any:
    return _recurrent(k, k.layers.LSTM(6, return_sequences=True), k.layers.LSTM(4))


@network(has_layouts=False)
def lstm_unrolled(k: Kit) -> Any:
    return _recurrent(k, k.layers.LSTM(6, unroll=True))


@network(has_layouts=False)
def lstm_backwards(k: Kit) -> Any:
    return _recurrent(k, k.layers.LSTM(6, go_backwards=True))


@network(has_layouts=False)
def lstm_state(k: Kit) -> Any:
    """An encoder and a decoder that begins with the encoder's state."""
    inputs = k.input(8, 5)
    encoded, hidden, cell = k.layers.LSTM(6, return_state=True)(inputs)
    repeated = k.layers.RepeatVector(3)(encoded)
    decoded = k.layers.LSTM(6, return_sequences=True)(repeated, initial_state=[hidden, cell])
    return k.model(inputs, k.layers.TimeDistributed(k.layers.Dense(2))(decoded))


@network(has_layouts=False)
def lstm_other_activation(k: Kit) -> Any:
    """The fused operator has no relu."""
    return _recurrent(k, k.layers.LSTM(6, activation="relu"))


@network(has_layouts=False)
def gru(k: Kit) -> Any:
    return _recurrent(k, k.layers.GRU(6))


@network(has_layouts=False)
def gru_reset_before(k: Kit) -> Any:
    return _recurrent(k, k.layers.GRU(6, reset_after=False))


@network(has_layouts=False)
def simple_rnn(k: Kit) -> Any:
    return _recurrent(k, k.layers.SimpleRNN(6))


@network(has_layouts=False)
def bidirectional_lstm(k: Kit) -> Any:
    return _recurrent(k, k.layers.Bidirectional(k.layers.LSTM(4)))


@network(has_layouts=False)
def bidirectional_gru(k: Kit) -> Any:
    return _recurrent(
        k, k.layers.Bidirectional(k.layers.GRU(4, return_sequences=True), merge_mode="sum")
    )


@network(has_layouts=False)
def rnn_of_cells(k: Kit) -> Any:
    cells = [k.layers.LSTMCell(5), k.layers.GRUCell(4)]
    return _recurrent(k, k.layers.RNN(cells))


@network(is_twin=False)
def conv_lstm2d(k: Kit) -> Any:
    inputs = k.keras.Input((3, *k.shape(6, 5, 2)))
    x = k.layers.ConvLSTM2D(3, 2, data_format=k.data_format)(inputs)
    return k.model(inputs, k.layers.GlobalAveragePooling2D(data_format=k.data_format)(x))


@network(has_layouts=False)
def lstm_stateful(k: Kit) -> Any:
    inputs = k.keras.Input((8, 5), batch_size=1)
    return k.model(inputs, k.layers.Dense(2)(k.layers.LSTM(6, stateful=True)(inputs)))


@network(has_layouts=False)
def masked(k: Kit) -> Any:
    return _recurrent(k, k.layers.Masking(0.0), k.layers.LSTM(6))


@network(has_layouts=False, ints=20)
def embedding(k: Kit) -> Any:
    inputs = k.keras.Input((7,), dtype="int32")
    x = k.layers.Embedding(20, 6)(inputs)
    x = k.layers.GlobalAveragePooling1D()(x)
    return k.model(inputs, k.layers.Dense(2)(x))


@network(has_layouts=False, ints=20)
def embedding_masked(k: Kit) -> Any:
    inputs = k.keras.Input((7,), dtype="int32")
    x = k.layers.Embedding(20, 6, mask_zero=True)(inputs)
    return k.model(inputs, k.layers.Dense(2)(k.layers.GRU(4)(x)))


@network(is_twin=False)
def convolutions_then_lstm(k: Kit) -> Any:
    """What a keyword spotter with recurrence looks like."""
    x = inputs = k.input(10, 8, 1)
    x = k.layers.Conv2D(4, 3, activation="relu", data_format=k.data_format)(x)
    x = k.layers.MaxPooling2D((2, 2), data_format=k.data_format)(x)
    x = k.layers.Permute((2, 3, 1))(x) if k.is_first else x
    x = k.layers.Reshape((4, 12))(x)
    return k.model(inputs, k.layers.Dense(3)(k.layers.LSTM(5)(x)))


@network(is_twin=False)
def time_distributed(k: Kit) -> Any:
    fmt = k.data_format
    inputs = k.keras.Input((4, *k.shape(8, 7, 2)))
    x = k.layers.TimeDistributed(k.layers.Conv2D(3, 3, data_format=fmt))(inputs)
    x = k.layers.TimeDistributed(k.layers.MaxPooling2D(2, data_format=fmt))(x)
    x = k.layers.TimeDistributed(k.layers.Flatten())(x)
    return k.model(inputs, k.layers.Conv1D(3, 2)(x))


@network(has_layouts=False)
def attention(k: Kit) -> Any:
    inputs = k.input(8, 5)
    q, v = k.layers.Dense(4)(inputs), k.layers.Dense(4)(inputs)
    x = k.layers.Attention()([q, v])
    return k.model(inputs, k.layers.GlobalAveragePooling1D()(x))


@network(has_layouts=False)
def additive_attention(k: Kit) -> Any:
    inputs = k.input(8, 5)
    q, v = k.layers.Dense(4)(inputs), k.layers.Dense(4)(inputs)
    return k.model(inputs, k.layers.AdditiveAttention()([q, v]))


@network(has_layouts=False)
def transformer(k: Kit) -> Any:
    inputs = k.input(8, 6)
    x = k.layers.MultiHeadAttention(2, 3)(inputs, inputs)
    x = k.layers.LayerNormalization()(k.layers.Add()([x, inputs]))
    y = k.layers.Dense(6)(k.layers.Dense(10, activation="relu")(x))
    x = k.layers.LayerNormalization()(k.layers.Add()([x, y]))
    return k.model(inputs, k.layers.Dense(2)(k.layers.GlobalAveragePooling1D()(x)))


@network(has_layouts=False)
def einsum_dense(k: Kit) -> Any:
    return k.chain((6, 5), k.layers.EinsumDense("abc,cd->abd", (6, 4), bias_axes="d"))
