"""Recurrent layers and their cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tflint.keras.dimensions import by, calculate, text
from tflint.keras.network import Dim, Layer, Shape, Variable
from tflint.keras.shapes.applied import (
    NOTHING_KNOWN,
    Applied,
    Calculators,
    Outcome,
    Refused,
    join,
    only_if,
)
from tflint.keras.shapes.convolution import dilated_window, merge, padding_of, spatial_rank
from tflint.keras.values import UNKNOWN, Unknown, Value

# The gates of a cell, and of its bias in NVIDIA's layout, by the beginning of the class's name.
_GATES = {"SimpleRNN": 1, "GRU": 3, "LSTM": 4, "CuDNNGRU": 3, "CuDNNLSTM": 4}


@dataclass(frozen=True, slots=True)
class _Cell:
    """What a cell gives a step, what it keeps from step to step, and its weights."""

    output: Dim
    states: tuple[Dim, ...]
    variables: tuple[Variable, ...] | Unknown


def _cell(applied: Applied, features: Dim) -> _Cell:
    """The cell of a layer that is named after it, or the cell itself."""
    name = applied.layer.kind.removesuffix("Cell")
    gates = _GATES[name]
    units = applied.positive("units")
    wide = calculate(lambda count: count * gates, units)
    bias: tuple[Dim, ...] | Unknown = (wide,)
    if name.startswith("CuDNN"):
        bias = (calculate(lambda count: count * 2, wide),)
    elif name == "GRU":
        is_reset_after = applied.flag("reset_after")
        if isinstance(is_reset_after, Unknown):
            bias = UNKNOWN
        elif is_reset_after:
            bias = (2, wide)
    has_bias = True if name.startswith("CuDNN") else applied.flag("use_bias")
    if isinstance(bias, Unknown):
        biases: tuple[Variable, ...] | Unknown = () if has_bias is False else UNKNOWN
    else:
        biases = only_if(has_bias, Variable("bias", bias))
    kernels = (
        Variable("kernel", (features, wide)),
        Variable("recurrent_kernel", (units, wide)),
    )
    return _Cell(units, (units, units) if "LSTM" in name else (units,), join(kernels, biases))


def _sequence(applied: Applied) -> tuple[Dim, Dim, Dim]:
    """Batch, steps and features; raises `Refused`."""
    batch, steps, features = applied.needs_rank(3)
    if features is None:
        raise Refused(
            f"{applied.layer.kind} needs the last dimension of its input, "
            f"gets {text(applied.shape)}"
        )
    if batch is None and applied.flag("stateful") is True:
        raise Refused(f"{applied.layer.kind} with stateful=True needs the batch size, gets None")
    if steps is None and applied.flag("unroll") is True:
        applied.refuse_in(
            2, f"{applied.layer.kind} with unroll=True needs the number of steps, gets None"
        )
    return batch, steps, features


def _results(
    applied: Applied, batch: Dim, steps: Dim, output: Sequence[Dim], states: Sequence[Sequence[Dim]]
) -> tuple[Shape, ...]:
    """The output, of the last step or of all, and the states where they are asked for."""
    gives_all = applied.flag("return_sequences")
    if isinstance(gives_all, Unknown):
        first: Shape = UNKNOWN
    else:
        first = (batch, steps, *output) if gives_all else (batch, *output)
    gives_states = applied.flag("return_state")
    if isinstance(gives_states, Unknown):
        return (UNKNOWN,)
    return (first, *((batch, *state) for state in states)) if gives_states else (first,)


def recurrent(applied: Applied) -> Outcome:
    """SimpleRNN, GRU and LSTM, and their CuDNN forms."""
    batch, steps, features = _sequence(applied)
    cell = _cell(applied, features)
    states = [(size,) for size in cell.states]
    return Outcome(_results(applied, batch, steps, (cell.output,), states), cell.variables)


def cell_of_it(applied: Applied) -> Outcome:
    """SimpleRNNCell, GRUCell and LSTMCell, called by themselves."""
    batch, features = applied.needs_rank(2)
    cell = _cell(applied, features)
    shapes: tuple[Shape, ...] = tuple((batch, size) for size in (cell.output, *cell.states))
    return Outcome(shapes, cell.variables)


def _cells(value: Value) -> tuple[Layer, ...] | None:
    """The cells that an RNN is given; None where one of them is not known."""
    if isinstance(value, Layer) and value.kind == "StackedRNNCells":
        return _cells(value.value("cells"))
    if isinstance(value, Layer):
        return (value,) if value.kind.removesuffix("Cell") in _GATES else None
    if not isinstance(value, tuple):
        return None
    found = [_cells(item) for item in value]
    if not found or any(cells is None for cells in found):
        return None
    return tuple(cell for cells in found if cells is not None for cell in cells)


def rnn(applied: Applied) -> Outcome:
    """RNN with cells of Keras; those of others are not known."""
    cells = _cells(applied.value("cell"))
    if cells is None or applied.flag("time_major") is not False:
        return NOTHING_KNOWN
    shape = applied.shape
    if not isinstance(shape, Unknown) and len(shape) != 3:
        if len(shape) < 3:
            applied.refuse_in(2, applied.rank_fault("at least 3", shape))
        return NOTHING_KNOWN
    batch, steps, features = _sequence(applied)
    variables: tuple[Variable, ...] | Unknown = ()
    states: list[tuple[Dim, ...]] = []
    for layer in cells:
        cell = _cell(applied.of(layer), features)
        variables = join(variables, cell.variables)
        states += [(size,) for size in cell.states]
        features = cell.output
    return Outcome(_results(applied, batch, steps, (features,), states), variables)


def conv_lstm(applied: Applied) -> Outcome:
    """ConvLSTM1D to 3D: inputs have the steps behind the batch."""
    kind = applied.layer.kind
    rank = spatial_rank(kind)
    filters = applied.positive("filters")
    kernel = applied.integers("kernel_size", rank)
    strides = applied.integers("strides", rank)
    dilation = applied.integers("dilation_rate", rank)
    padding = padding_of(applied)
    if any(isinstance(step, int) and step > 1 for step in strides):
        if any(isinstance(step, int) and step > 1 for step in dilation):
            raise Refused(
                f"{kind} takes strides or a dilation rate above 1, "
                f"gets both ({by(strides)} and {by(dilation)})"
            )
    batch, steps, *rest = applied.needs_rank(rank + 3)
    layout = applied.data_format
    is_first = UNKNOWN if isinstance(layout, Unknown) else layout == "channels_first"
    if isinstance(is_first, Unknown):
        channels: Dim = UNKNOWN
        spatial: tuple[Dim, ...] = (UNKNOWN,) * rank
    else:
        channels = rest[0] if is_first else rest[-1]
        spatial = tuple(rest[1:] if is_first else rest[:-1])
    if channels is None or None in spatial:
        needed = "the number of channels" if channels is None else "all spatial dimensions"
        message = f"{kind} needs {needed}, gets {text(applied.shape)}"
        if channels is None:
            raise Refused(message)
        applied.refuse_in(3, message)
    if batch is None and applied.flag("stateful") is True:
        raise Refused(f"{kind} with stateful=True needs the batch size, gets None")
    mapped = dilated_window(applied, spatial, kernel, strides, padding, dilation)
    wide = calculate(lambda count: count * 4, filters)
    variables = (
        Variable("kernel", (*kernel, channels, wide)),
        Variable("recurrent_kernel", (*kernel, filters, wide)),
    )
    bias = only_if(applied.flag("use_bias"), Variable("bias", (wide,)))
    output = merge((), mapped, filters, is_first)
    shapes = _results(applied, batch, steps, output, (output, output))
    return Outcome(shapes, join(variables, bias))


CALCULATORS: Calculators = {
    **dict.fromkeys(("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"), conv_lstm),
    **dict.fromkeys(("CuDNNGRU", "CuDNNLSTM", "GRU", "LSTM", "SimpleRNN"), recurrent),
    **dict.fromkeys(("GRUCell", "LSTMCell", "SimpleRNNCell"), cell_of_it),
    "RNN": rnn,
}
