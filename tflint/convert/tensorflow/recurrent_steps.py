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

# From an input and states to an output and the next states, each (batch, ...).
Step = Callable[[Any, Sequence[Any]], tuple[Any, list[Any]]]


def step_of(cell: Any) -> Step:
    """What a cell computes in inference; of a cell that is not Keras' own, its call."""
    make = _STEPS.get(kind_of(cell))
    step = None if make is None else make(cell)
    return _called(cell) if step is None else step


def _called(cell: Any) -> Step:
    def step(now: Any, states: Sequence[Any]) -> tuple[Any, list[Any]]:
        output, after = cell(now, list(states))
        return output, list(after) if isinstance(after, (list, tuple)) else [after]

    return step


def _stacked(cell: Any) -> Step | None:
    if getattr(cell, "reverse_state_order", False):
        return None
    steps = [(step_of(each), _count(each)) for each in cell.cells]

    def step(now: Any, states: Sequence[Any]) -> tuple[Any, list[Any]]:
        after: list[Any] = []
        left = list(states)
        for each, count in steps:
            # Keras hands the states of a cell on as one list, or flat.
            is_nested = isinstance(left[0], (list, tuple))
            own = list(left.pop(0)) if is_nested else [left.pop(0) for _ in range(count)]
            now, found = each(now, own)
            after += [found] if is_nested else found
        return now, after

    return step


def _count(cell: Any) -> int:
    size = cell.state_size
    return len(size) if isinstance(size, (list, tuple)) else 1


def _simple(cell: Any) -> Step:
    def step(now: Any, states: Sequence[Any]) -> tuple[Any, list[Any]]:
        output = cell.activation(dense(now) + recurrent(states[0]))
        return output, [output]

    dense = _dense(_value(cell.kernel), _value(cell.bias))
    recurrent = _dense(_value(cell.recurrent_kernel), None)
    return step


def _lstm(cell: Any) -> Step:
    import tensorflow as tf

    def step(now: Any, states: Sequence[Any]) -> tuple[Any, list[Any]]:
        return _kept(cell, tf.split(dense(now) + recurrent(states[0]), 4, -1), states[1])

    dense = _dense(_value(cell.kernel), _value(cell.bias))
    recurrent = _dense(_value(cell.recurrent_kernel), None)
    return step


def _conv_lstm(cell: Any) -> Step | None:
    import tensorflow as tf

    if cell.data_format != "channels_last":
        return None
    kernel, bias = tf.constant(_value(cell.kernel)), _value(cell.bias)
    recurrent = tf.constant(_value(cell.recurrent_kernel))

    def step(now: Any, states: Sequence[Any]) -> tuple[Any, list[Any]]:
        made = tf.nn.convolution(
            now, kernel, cell.strides, cell.padding.upper(), dilations=cell.dilation_rate
        )
        if bias is not None:
            made = tf.nn.bias_add(made, bias)
        made += tf.nn.convolution(states[0], recurrent, padding="SAME")
        return _kept(cell, tf.split(made, 4, -1), states[1])

    return step


def _kept(cell: Any, gates: Sequence[Any], state: Any) -> tuple[Any, list[Any]]:
    entering, forgetting, new, leaving = gates
    gate, activation = cell.recurrent_activation, cell.activation
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
    gates, new = slice(0, 2 * units), slice(2 * units, None)
    both = before if after is None else before + after
    dense_gates = _dense(kernel[:, gates], None if both is None else both[gates])
    dense_new = _dense(kernel[:, new], None if before is None else before[new])
    recurrent_gates = _dense(recurrent_kernel[:, gates], None)
    recurrent_new = _dense(recurrent_kernel[:, new], None if after is None else after[new])

    def step(now: Any, states: Sequence[Any]) -> tuple[Any, list[Any]]:
        held = states[0]
        update, reset = tf.split(
            cell.recurrent_activation(dense_gates(now) + recurrent_gates(held)), 2, -1
        )
        if cell.reset_after:
            recalled = reset * recurrent_new(held)
        else:
            recalled = recurrent_new(reset * held)
        candidate = cell.activation(dense_new(now) + recalled)
        output = candidate + update * (held - candidate)
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
