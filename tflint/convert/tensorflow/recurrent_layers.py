"""Recurrent layers in forms that the converter has operators for: fused LSTM, and step by step.

The converter makes UNIDIRECTIONAL_SEQUENCE_LSTM of a function that is marked `api_implements`,
with the arguments (inputs, hidden, cell, kernel, recurrent kernel, bias) and five results of
which only the first two may be used. tf-keras marks its LSTM like that, Keras 3 does not. All
layers here hold the cell of the layer whose place they take, and so its weights.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cache
from typing import Any

from tflint.convert.tensorflow.recurrent_steps import called, step_of

_numbers = itertools.count()


def fused_lstm(cell: Any, inputs: Any) -> tuple[Any, Any]:
    """What an LSTM cell makes of (batch, steps, features): its last output, and all of them.

    The state is zero at first, the activations are tanh and sigmoid.
    """
    import tensorflow as tf

    def lstm(x: Any, hidden: Any, state: Any, kernel: Any, recurrent: Any, bias: Any) -> Any:
        def step(carried: Any, now: Any) -> Any:
            gates = tf.matmul(now, kernel) + tf.matmul(carried[0], recurrent) + bias
            entering, forgetting, new, leaving = tf.split(gates, 4, axis=1)
            kept = tf.sigmoid(forgetting) * carried[1] + tf.sigmoid(entering) * tf.tanh(new)
            return tf.sigmoid(leaving) * tf.tanh(kept), kept

        outputs, states = tf.scan(step, tf.transpose(x, (1, 0, 2)), (hidden, state))
        return outputs[-1], tf.transpose(outputs, (1, 0, 2)), outputs[-1], states[-1], 1.0

    marked = tf.function(
        lstm,
        autograph=False,
        experimental_attributes={
            # The part behind `lstm_` has to be another one for each function of a network.
            "api_implements": f"lstm_tflint_{next(_numbers)}",
            "go_backwards": False,
            "time_major": False,
        },
    )
    units = cell.units
    zero = tf.zeros((_batch(inputs), units), inputs.dtype)
    kernel = tf.convert_to_tensor(cell.kernel)
    recurrent = tf.convert_to_tensor(cell.recurrent_kernel)
    bias = tf.zeros((4 * units,), inputs.dtype) if cell.bias is None else cell.bias
    last, every, *_ = marked(inputs, zero, zero, kernel, recurrent, tf.convert_to_tensor(bias))
    return last, every


def unrolled(layer: Any, inputs: Any, states: Sequence[Any] | None) -> tuple[list[Any], list[Any]]:
    """What a recurrent layer makes of (batch, steps, ...), step by step.

    Its outputs in the order in which they are made, and the last states.
    """
    import tensorflow as tf

    step = step_of(layer.cell)
    if step is None:
        step = called(layer.cell)
        states = _first_states(layer, inputs) if states is None else states
    parts = tf.unstack(inputs, axis=1)
    made = []
    for part in reversed(parts) if layer.go_backwards else parts:
        output, states = step(part, states)
        made.append(output)
    return made, list(states or ())


def _batch(inputs: Any) -> Any:
    import tensorflow as tf

    return tf.shape(inputs)[0] if inputs.shape[0] is None else inputs.shape[0]


@cache
def layer_class(keras: Any) -> Any:
    """The class of layers that take the place of recurrent ones, of `keras` or `tf_keras`."""

    class Recurrence(keras.layers.Layer):  # type: ignore[misc]
        """Computes what `layer` computes without a mask; `is_fused` as the LSTM operator."""

        def __init__(self, layer: Any, is_fused: bool, name: str) -> None:
            super().__init__(name=name)
            self.layer, self.is_fused = layer, is_fused
            self.built = True

        def call(self, inputs: Any, initial_state: Any = None) -> Any:
            layer = self.layer
            if hasattr(layer, "forward_layer"):
                return self._both_ways(inputs, initial_state)
            return self._one_way(layer, inputs, initial_state)

        def _one_way(self, layer: Any, inputs: Any, initial_state: Any) -> Any:
            import tensorflow as tf

            if self.is_fused:
                if layer.go_backwards:
                    inputs = tf.reverse(inputs, [1])
                last = every = inputs
                for cell in getattr(layer.cell, "cells", [layer.cell]):
                    last, every = fused_lstm(cell, every)
                output = every if layer.return_sequences else last
                # The cell's state is where nothing takes it.
                return [output, last, last] if layer.return_state else output
            outputs, states = unrolled(layer, inputs, initial_state)
            output = tf.stack(outputs, 1) if layer.return_sequences else outputs[-1]
            return [output, *states] if layer.return_state else output

        def _both_ways(self, inputs: Any, initial_state: Any) -> Any:
            import tensorflow as tf

            layer = self.layer
            half = 0 if initial_state is None else len(initial_state) // 2
            forward = self._one_way(
                layer.forward_layer, inputs, initial_state[:half] if half else None
            )
            backward = self._one_way(
                layer.backward_layer, inputs, initial_state[half:] if half else None
            )
            states: list[Any] = []
            if layer.return_state:
                states = [*forward[1:], *backward[1:]]
                forward, backward = forward[0], backward[0]
            if layer.return_sequences:
                backward = tf.reverse(backward, [1])
            merged = _MERGE[layer.merge_mode](forward, backward)
            return [*merged, *states] if len(merged) > 1 or states else merged[0]

    return Recurrence


@cache
def repeating_class(keras: Any) -> Any:
    """The class of layers that take the place of RepeatVector: TFLM has no TILE, but PACK."""

    class Repeating(keras.layers.Layer):  # type: ignore[misc]
        """(batch, features) to (batch, `times`, features)."""

        def __init__(self, times: int, name: str) -> None:
            super().__init__(name=name)
            self.times = times
            self.built = True

        def call(self, inputs: Any) -> Any:
            import tensorflow as tf

            return tf.stack([inputs] * self.times, 1)

    return Repeating


@cache
def folding_class(keras: Any) -> Any:
    """The class of layers that take the place of TimeDistributed: steps as if they were a batch.

    That of Keras 3 makes operators of the layer for each step.
    """

    class Folding(keras.layers.Layer):  # type: ignore[misc]
        """(batch, steps, ...) to (batch, steps, ...), each step by `layer`."""

        def __init__(self, layer: Any, name: str) -> None:
            super().__init__(name=name)
            self.layer = layer
            self.built = True

        def call(self, inputs: Any) -> Any:
            import tensorflow as tf

            steps = inputs.shape[1]
            made = self.layer(tf.reshape(inputs, (-1, *inputs.shape[2:])))
            return tf.reshape(made, (-1, steps, *made.shape[1:]))

    return Folding


def _concatenated(forward: Any, backward: Any) -> tuple[Any, ...]:
    import tensorflow as tf

    return (tf.concat([forward, backward], -1),)


_MERGE: dict[str | None, Any] = {
    "concat": _concatenated,
    "sum": lambda forward, backward: (forward + backward,),
    "ave": lambda forward, backward: ((forward + backward) / 2,),
    "mul": lambda forward, backward: (forward * backward,),
    None: lambda forward, backward: (forward, backward),
}


def _first_states(layer: Any, inputs: Any) -> list[Any]:
    if hasattr(layer, "time_major"):  # tf-keras takes the inputs, Keras 3 the size of the batch.
        states = layer.get_initial_state(inputs)
    else:
        states = layer.get_initial_state(_batch(inputs))
    return list(states) if isinstance(states, (list, tuple)) else [states]
