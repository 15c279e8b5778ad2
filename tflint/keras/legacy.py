"""Keras 1's names, and those of Keras 2 that Keras 3 changed, in today's.

Sources: `keras/legacy/interfaces.py` of Keras 2.2 for the arguments, the layers of Keras 1.2 for
the order of positions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tflint.keras.values import Argument, Value

# Classes, where today's has the same meaning. (Keras itself still has `Convolution2D`.)
CLASSES: Mapping[str, str] = {
    "AtrousConv1D": "Conv1D",
    "AtrousConv2D": "Conv2D",
    "AtrousConvolution1D": "Conv1D",
    "AtrousConvolution2D": "Conv2D",
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "Deconv2D": "Conv2DTranspose",
    "Deconv3D": "Conv3DTranspose",
    "Deconvolution2D": "Conv2DTranspose",
    "Deconvolution3D": "Conv3DTranspose",
    "DepthwiseConvolution2D": "DepthwiseConv2D",
    "GRUV2": "GRU",
    "LSTMV2": "LSTM",
    "SyncBatchNormalization": "BatchNormalization",
    "TimeDistributedDense": "Dense",
}
# Layers that neither Keras 3 nor tf-keras has any more, with the parameters that matter.
LAYERS: Mapping[str, tuple[str | list[Value], ...]] = {
    "CuDNNGRU": (
        "units",
        ["return_sequences", False],
        ["return_state", False],
        ["go_backwards", False],
        ["stateful", False],
    ),
    "CuDNNLSTM": (
        "units",
        ["return_sequences", False],
        ["return_state", False],
        ["go_backwards", False],
        ["stateful", False],
    ),
    "Highway": (["activation", None], ["use_bias", True]),
    "MaxoutDense": ("units", ["nb_feature", 4], ["use_bias", True]),
    "Merge": (
        ["layers", None],
        ["mode", "sum"],
        ["concat_axis", -1],
        ["dot_axes", -1],
        ["output_shape", None],
    ),
}

# By parameter; taken where the layer has today's name and not the old one.
_RENAMED: Mapping[str, str] = {
    "U_regularizer": "recurrent_regularizer",
    "W_constraint": "kernel_constraint",
    "W_regularizer": "kernel_regularizer",
    "atrous_rate": "dilation_rate",
    "b_constraint": "bias_constraint",
    "b_regularizer": "bias_regularizer",
    "beta_init": "beta_initializer",
    "bias": "use_bias",
    "border_mode": "padding",
    "dim_ordering": "data_format",
    "dropout_U": "recurrent_dropout",
    "dropout_W": "dropout",
    "filter_length": "kernel_size",
    "gamma_init": "gamma_initializer",
    "init": "kernel_initializer",
    "inner_activation": "recurrent_activation",
    "inner_init": "recurrent_initializer",
    "length": "size",
    "nb_filter": "filters",
    "output_dim": "units",
    "p": "rate",
    "pool_length": "pool_size",
    "sigma": "stddev",
    "stride": "strides",
    "subsample": "strides",
    "subsample_length": "strides",
}
_RENAMED_IN: Mapping[str, Mapping[str, str]] = {
    "Embedding": {"init": "embeddings_initializer", "W_regularizer": "embeddings_regularizer"},
    "Input": {"batch_input_shape": "batch_shape", "input_shape": "shape"},
    "InputLayer": {"batch_input_shape": "batch_shape", "input_shape": "shape"},
    "LeakyReLU": {"alpha": "negative_slope"},
    "PReLU": {"init": "alpha_initializer"},
}
_KERNEL_PARTS = (("nb_row", "nb_col"), ("kernel_dim1", "kernel_dim2", "kernel_dim3"))
_DATA_FORMATS: Mapping[Value, str] = {"th": "channels_first", "tf": "channels_last"}
# Keywords that no layer of Keras 2 and 3 has: where one stands, the code is for Keras 1.
_KERAS_1 = frozenset(
    {name for name in _RENAMED if name not in {"length", "output_dim", "p", "stride", "bias"}}
    | {name for names in _KERNEL_PARTS for name in names}
)

_CONV_2D = ("nb_filter", "nb_row", "nb_col", "init", "activation", "weights")
_CONV_2D_REST = ("border_mode", "subsample", "dim_ordering")
_CONV_1D = ("nb_filter", "filter_length", "init", "activation", "weights", "border_mode")
_DENSE = ("output_dim", "init", "activation", "weights")
_RECURRENT = ("output_dim", "init", "inner_init", "forget_bias_init", "activation")
# The order of positions in Keras 1, by the class as it is written.
_POSITIONS: Mapping[str, tuple[str, ...]] = {
    "AtrousConvolution1D": (*_CONV_1D, "subsample_length", "atrous_rate"),
    "AtrousConvolution2D": (*_CONV_2D, "border_mode", "subsample", "atrous_rate", "dim_ordering"),
    "BatchNormalization": ("epsilon", "mode", "axis", "momentum", "weights"),
    "Conv1D": (*_CONV_1D, "subsample_length"),
    "Conv2D": (*_CONV_2D, *_CONV_2D_REST),
    "Convolution1D": (*_CONV_1D, "subsample_length"),
    "Convolution2D": (*_CONV_2D, *_CONV_2D_REST),
    "Convolution3D": (
        "nb_filter",
        "kernel_dim1",
        "kernel_dim2",
        "kernel_dim3",
        "init",
        "activation",
        "weights",
        *_CONV_2D_REST,
    ),
    "Deconvolution2D": (
        "nb_filter",
        "nb_row",
        "nb_col",
        "output_shape",
        "init",
        "activation",
        "weights",
        *_CONV_2D_REST,
    ),
    "Dense": _DENSE,
    "Embedding": ("input_dim", "output_dim", "init", "input_length"),
    "GRU": ("output_dim", "init", "inner_init", "activation", "inner_activation"),
    "LSTM": (*_RECURRENT, "inner_activation"),
    "LocallyConnected2D": (*_CONV_2D, *_CONV_2D_REST),
    "SeparableConvolution2D": (*_CONV_2D, *_CONV_2D_REST, "depth_multiplier"),
    "SimpleRNN": ("output_dim", "init", "inner_init", "activation"),
    "TimeDistributedDense": _DENSE,
}
# Classes whose third position was the kernel's width and is the stride today.
_KERNEL_IN_TWO = frozenset({"Convolution2D", "SeparableConvolution2D"})
# Classes that only Keras 1 had.
_ONLY_KERAS_1 = frozenset({"AtrousConvolution1D", "AtrousConvolution2D", "Deconvolution2D"})


def today(kind: str, parameter: str) -> str:
    """Today's name of a parameter that Keras 2 calls differently, for a kind by today's name."""
    return _RENAMED_IN.get(kind, {}).get(parameter, parameter)


def translate(
    kind: str, given: Mapping[str, Argument], has_parameter: Callable[[str, str], bool]
) -> Mapping[str, Argument]:
    """The arguments by today's names and with today's values."""
    translated: dict[str, Argument] = {}
    for name, argument in given.items():
        new = today(kind, name)
        if new == name and name in _RENAMED and not has_parameter(kind, name):
            if has_parameter(kind, _RENAMED[name]):
                new = _RENAMED[name]
        if new == "data_format":
            argument = _with_value(argument, _data_format(argument.value))
        if new not in given or new == name:
            translated[new] = argument
    for parts in _KERNEL_PARTS:
        if "kernel_size" not in translated and all(part in translated for part in parts):
            first, *rest = (translated.pop(part) for part in parts)
            size = (first.value, *(argument.value for argument in rest))
            translated["kernel_size"] = Argument(size, first.location)
    return translated


def positions(
    kind: str, positional: Sequence[Argument], keywords: Mapping[str, Argument]
) -> tuple[str, ...] | None:
    """Keras 1's order of positions, where the call is written for Keras 1; None elsewhere."""
    if kind not in _POSITIONS or len(positional) < 2:
        return None
    if kind in _ONLY_KERAS_1 or any(name in _KERAS_1 for name in keywords):
        return _POSITIONS[kind]
    return None


def ambiguous(
    kind: str, positional: Sequence[Argument], keywords: Mapping[str, Argument]
) -> tuple[str, ...]:
    """Today's names of what positions may mean, or not: `Convolution2D(8, 3, 3)`.

    For Keras 1 that is a kernel of 3x3, for Keras 2 and 3 one of 3x3 with a stride of 3.
    """
    if kind not in _KERNEL_IN_TWO or len(positional) < 3:
        return ()
    if positions(kind, positional, keywords) is not None:
        return ()
    height, width = positional[1].value, positional[2].value
    if not (_may_be_integer(height) and _may_be_integer(width)):
        return ()
    doubtful = ("strides", "padding", "data_format", "dilation_rate", "depth_multiplier")
    return doubtful if height == width else ("kernel_size", *doubtful)


def _may_be_integer(value: Value) -> bool:
    return not isinstance(value, (tuple, str, bytes)) and value is not None


def _with_value(argument: Argument, value: Value) -> Argument:
    if value is argument.value:
        return argument
    return Argument(value, argument.location, argument.origin)


def _data_format(value: Value) -> Value:
    if not isinstance(value, str):
        return value
    return _DATA_FORMATS.get(value, value)
