"""One step of Keras' recurrent cells, in as few operators as the converter makes of it.

Weights are constants that are cut to gates before they get into the graph: the converter leaves a
STRIDED_SLICE for each part of a bias that a graph cuts, once a step. Kernels of inputs and states
stay apart, as their products have ranges of their own in integers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflint.convert.tensorflow.rebuild import kind_of

# From an input and states to an output and the next states, each (batch, ...). No states are
# zeros: what they would be multiplied with is left out, as a quantiser finds no range for it.
Step = Callable[[Any, Sequence[Any] | None], tuple[Any, list[Any]]]


def step_of(cell: Any) -> Step | None:
    """What a cell of Keras computes in inference; None for other cells, which have to be called."""
    make = _STEPS.get(kind_of(cell))
    return None if make is None else make(cell)


def called(cell: Any) -> Step:
    """The call of any cell, which takes states at every step."""

    def step(now: Any, states: Sequence[Any] | None) -> tuple[Any, list[Any]]:
        output, after = cell(now, list(states or ()))
        return output, list(after) if isinstance(after, (list, tuple)) else [after]

    return step


def _stacked(cell: Any) -> Step | None:
    steps = [step_of(each) for each in cell.cells]
    if getattr(cell, "reverse_state_order", False) or None in steps:
        return None
    counts = [2 if kind_of(each).endswith("LSTMCell") else 1 for each in cell.cells]

    def step(now: Any, states: Sequence[Any] | None) -> tuple[Any, list[Any]]:
        after: list[Any] = []
        for each, count in zip(steps, counts, strict=True):
            if each is None:
                raise AssertionError("looked for above")
            own = None if states is None else states[len(after) : len(after) + count]
            now, found = each(now, own)
            after += found
        return now, after

    return step


def _simple(cell: Any) -> Step:
    def step(now: Any, states: Sequence[Any] | None) -> tuple[Any, list[Any]]:
        made = dense(now)
        output = cell.activation(made if states is None else made + recurrent(states[0]))
        return output, [output]

    dense = _dense(_value(cell.kernel), _value(cell.bias))
    recurrent = _dense(_value(cell.recurrent_kernel), None)
    return step


def _lstm(cell: Any) -> Step:
    kernel, bias, units = _value(cell.kernel), _value(cell.bias), cell.units
    dense = _dense(kernel, bias)
    first = _dense(_remembering(kernel, units), _remembering(bias, units))
    recurrent = _dense(_value(cell.recurrent_kernel), None)

    def step(now: Any, states: Sequence[Any] | None) -> tuple[Any, list[Any]]:
        if states is None:
            return _begun(cell, first(now))
        return _kept(cell, dense(now) + recurrent(states[0]), states[1])

    return step


def _conv_lstm(cell: Any) -> Step | None:
    import tensorflow as tf

    if cell.data_format != "channels_last":
        return None
    kernel, bias, filters = _value(cell.kernel), _value(cell.bias), cell.filters
    recurrent = tf.constant(_value(cell.recurrent_kernel))

    def convolution(weights: Any, added: Any) -> Callable[[Any], Any]:
        weights = tf.constant(weights)

        def convolved(now: Any) -> Any:
            padding, dilations = cell.padding.upper(), cell.dilation_rate
            made = tf.nn.convolution(now, weights, cell.strides, padding, dilations=dilations)
            return made if added is None else tf.nn.bias_add(made, added)

        return convolved

    convolved = convolution(kernel, bias)
    first = convolution(_remembering(kernel, filters), _remembering(bias, filters))

    def step(now: Any, states: Sequence[Any] | None) -> tuple[Any, list[Any]]:
        if states is None:
            return _begun(cell, first(now))
        again = tf.nn.convolution(states[0], recurrent, padding="SAME")
        return _kept(cell, convolved(now) + again, states[1])

    return step


def _remembering(weights: NDArray[np.float32] | None, units: int) -> NDArray[np.float32] | None:
    """The weights of all gates but the one that forgets, the second of four."""
    if weights is None:
        return None
    parts = np.split(weights, [units, 2 * units], axis=-1)
    return np.concatenate([parts[0], parts[2]], axis=-1)


def _begun(cell: Any, gates: Any) -> tuple[Any, list[Any]]:
    import tensorflow as tf

    entering, new, leaving = tf.split(gates, 3, -1)
    state = cell.recurrent_activation(entering) * cell.activation(new)
    output = cell.recurrent_activation(leaving) * cell.activation(state)
    return output, [output, state]


def _kept(cell: Any, gates: Any, state: Any) -> tuple[Any, list[Any]]:
    import tensorflow as tf

    gate, activation = cell.recurrent_activation, cell.activation
    entering, forgetting, new, leaving = tf.split(gates, 4, -1)
    state = gate(forgetting) * state + gate(entering) * activation(new)
    output = gate(leaving) * activation(state)
    return output, [output, state]


def _gru(cell: Any) -> Step:
    import tensorflow as tf

    units = cell.units
    kernel, recurrent_kernel = _value(cell.kernel), _value(cell.recurrent_kernel)
    bias = _value(cell.bias)
    if kernel is None or recurrent_kernel is None:
        raise AssertionError("a cell that was called has kernels")
    # Biases of the input and of the state; before the reset there is one only.
    before = None if bias is None else bias if bias.ndim == 1 else bias[0]
    after = None if bias is None or bias.ndim == 1 else bias[1]
    both = before if after is None or before is None else before + after
    update, gates, new = slice(0, units), slice(0, 2 * units), slice(2 * units, None)
    dense_update = _dense(kernel[:, update], None if both is None else both[update])
    dense_gates = _dense(kernel[:, gates], None if both is None else both[gates])
    dense_new = _dense(kernel[:, new], None if before is None else before[new])
    recurrent_gates = _dense(recurrent_kernel[:, gates], None)
    recurrent_new = _dense(recurrent_kernel[:, new], None if after is None else after[new])

    def begun(now: Any) -> tuple[Any, list[Any]]:
        entering = dense_new(now)
        if after is None or not cell.reset_after:
            renewing = cell.recurrent_activation(dense_update(now))
        else:
            renewing, reset = tf.split(cell.recurrent_activation(dense_gates(now)), 2, -1)
            entering += reset * tf.constant(after[new])
        candidate = cell.activation(entering)
        output = candidate - renewing * candidate
        return output, [output]

    def step(now: Any, states: Sequence[Any] | None) -> tuple[Any, list[Any]]:
        if states is None:
            return begun(now)
        held = states[0]
        summed = dense_gates(now) + recurrent_gates(held)
        renewing, reset = tf.split(cell.recurrent_activation(summed), 2, -1)
        if cell.reset_after:
            recalled = reset * recurrent_new(held)
        else:
            recalled = recurrent_new(reset * held)
        candidate = cell.activation(dense_new(now) + recalled)
        output = candidate + renewing * (held - candidate)
        return output, [output]

    return step


def _dense(kernel: NDArray[np.float32] | None, bias: Any) -> Callable[[Any], Any]:
    import tensorflow as tf

    weights = tf.constant(kernel)
    added = None if bias is None else tf.constant(bias)

    def dense(values: Any) -> Any:
        made = tf.matmul(values, weights)
        return made if added is None else tf.nn.bias_add(made, added)

    return dense


def _value(variable: Any) -> NDArray[np.float32] | None:
    """What a weight holds now, also where a graph is being traced."""
    import tensorflow as tf

    if variable is None:
        return None
    with tf.init_scope():
        return np.asarray(tf.convert_to_tensor(variable), np.float32)


_STEPS: dict[str, Callable[[Any], Step | None]] = {
    "ConvLSTMCell": _conv_lstm,
    "GRUCell": _gru,
    "LSTMCell": _lstm,
    "SimpleRNNCell": _simple,
    "StackedRNNCells": _stacked,
}
