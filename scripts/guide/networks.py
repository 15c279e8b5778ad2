"""The small networks that the guide compares, each by the name that `facts.json` has it under.

Those of `tflint_reference_models.network` are descriptions; what that vocabulary leaves out, as it
costs too much on a device, is written in Keras here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from tflint_reference_models.network import Block, Head, Network, build

if TYPE_CHECKING:
    import keras

# How a network is converted: by `tflint convert`; by `tflint fix --reconvert`; by TensorFlow's
# converter alone, with its own quantiser; and that with its default of float inputs and outputs,
# then repaired by `tflint fix --unsafe`.
FLOAT, FLOAT16, DYNAMIC, INT8, INT16 = "float32", "float16", "dynamic", "int8", "int16x8"
RECONVERTED = "int8 reconverted"
TENSORFLOW, TENSORFLOW_FLOAT, FLOAT_IO = "int8 TensorFlow", "float32 TensorFlow", "int8 float I/O"
FIXED = "int8 float I/O fixed"
SELECT = "float32 select"


@dataclasses.dataclass(frozen=True)
class Case:
    """A network, and the forms to measure it in."""

    build: Callable[[], keras.Model]
    forms: tuple[str, ...] = (INT8,)


PLOT = (32, 32, 1)
# The original project's reduced MotionSense, where most tips start from.
ORIGINAL = Network(
    PLOT,
    3,
    (Block(32, (3, 3), pools=((2, 2), (2, 2), (2, 2)), has_norm=False),),
    Head.FLATTEN,
    dense=(16,),
)
TWO = ((2, 2),)
# Few filters first, more behind each pool.
GROWING = (Block(8, pools=TWO), Block(16, pools=TWO), Block(32, pools=TWO))
STRIDING = (Block(8, stride=(2, 2)), Block(16, pools=TWO), Block(32, pools=TWO))
SEPARABLE = tuple(
    dataclasses.replace(block, is_separable=number > 0) for number, block in enumerate(STRIDING)
)


def described() -> dict[str, tuple[Network, tuple[str, ...]]]:
    """The networks of the reference models' own vocabulary."""
    every = (FLOAT, FLOAT16, DYNAMIC, INT8, INT16, FLOAT_IO, FIXED)
    found: dict[str, tuple[Network, tuple[str, ...]]] = {
        "original": (ORIGINAL, (TENSORFLOW, INT8)),
        "stride": (_first(Block(32, stride=(2, 2), pools=TWO * 2, has_norm=False)), (INT8,)),
        "small input": (
            dataclasses.replace(
                _first(Block(32, pools=TWO * 2, has_norm=False)), input_shape=(16, 16, 1)
            ),
            (INT8,),
        ),
        "late pools": (_first(Block(8), Block(16), Block(32, pools=TWO * 3)), (INT8,)),
        "growing": (_first(*GROWING), every),
        "growing, stride": (_first(*STRIDING), (INT8,)),
        "growing, stride, separable": (_first(*SEPARABLE), (INT8,)),
    }
    for n, m, pools in COUNTS:
        blocks = tuple(Block(16, pools=TWO * count, is_padded=True) for count in pools)
        assert len(blocks) == n
        network = Network(PLOT, 3, blocks, Head.FLATTEN, dense=(16,) * m)
        found[count_name(n, m, pools)] = (network, (INT8,))
    for head in Head:
        network = Network(PLOT, 3, (Block(8, pools=TWO), Block(16, pools=TWO)), head, (16,))
        found[f"head {head.value}"] = (network, (INT8,))
    for size in SIZES:
        network = Network((size, size, 1), 3, GROWING, Head.AVERAGE)
        found[f"input {size}"] = (network, (INT8,))
    for filters in WIDTHS:
        blocks = (Block(filters, stride=(2, 2)), Block(32, pools=TWO))
        found[f"first {filters}"] = (Network(PLOT, 3, blocks, Head.AVERAGE), (INT8,))
        blocks = (blocks[0], dataclasses.replace(blocks[1], is_separable=True))
        found[f"first {filters}, separable"] = (Network(PLOT, 3, blocks, Head.AVERAGE), (INT8,))
    dropped = tuple(dataclasses.replace(block, dropout=0.25) for block in GROWING)
    found["dropout"] = (
        Network(PLOT, 3, dropped, Head.FLATTEN, dense=(16,), dropout=0.5),
        (INT8,),
    )
    return found


def _first(*blocks: Block) -> Network:
    return dataclasses.replace(ORIGINAL, blocks=blocks)


# N, M and the P of each block.
COUNTS = (
    (1, 0, (1,)),
    (1, 0, (2,)),
    (1, 0, (3,)),
    (2, 0, (1, 1)),
    (2, 0, (2, 1)),
    (2, 0, (1, 2)),
    (3, 0, (1, 1, 1)),
    (2, 1, (1, 1)),
    (2, 2, (1, 1)),
    (3, 1, (1, 1, 1)),
)
SIZES = (24, 32, 48, 64)
WIDTHS = (4, 8, 16, 32)


def count_name(n: int, m: int, pools: tuple[int, ...]) -> str:
    """`N2 M1 P1,1`."""
    return f"N{n} M{m} P{','.join(map(str, pools))}"


def cases() -> dict[str, Case]:
    """All networks."""
    found = {
        name: Case(partial(build, network), forms) for name, (network, forms) in described().items()
    }
    both = (TENSORFLOW, INT8)
    for where in ("none", "before", "after"):
        found[f"norm {where}"] = Case(partial(_norm, where), both)
    for activation in ACTIVATIONS:
        found[f"activation {activation}"] = Case(partial(_activation, activation))
    for data_format in ("channels_first", "channels_last"):
        forms: tuple[str, ...] = (TENSORFLOW_FLOAT, TENSORFLOW, INT8)
        if data_format == "channels_first":
            forms = (*forms, RECONVERTED)
        found[data_format] = Case(partial(_layout, data_format), forms)
    found["1-D"] = Case(_conv1d, both)
    found["1-D as an image"] = Case(_conv1d_as_image, both)
    found["softmax"] = Case(partial(_tail, "softmax"))
    found["logits"] = Case(partial(_tail, None))
    found["sigmoid"] = Case(partial(_tail, "sigmoid"))
    found["mixed"] = Case(_mixed, (TENSORFLOW_FLOAT, TENSORFLOW, INT8, RECONVERTED))
    found["mixed, channels_last"] = Case(partial(_mixed, "channels_last"))
    for way in COPIES:
        found[f"copy {way}"] = Case(partial(_copies, way), both)
    found["bicubic"] = Case(partial(_resizing, "bicubic"), (SELECT,))
    found["bilinear"] = Case(partial(_resizing, "bilinear"))
    found["no resizing"] = Case(partial(_resizing, None))
    return found


COPIES = ("none", "zero padding", "rescaling", "concatenated", "residual")
ACTIVATIONS = ("relu", "relu6", "leaky_relu", "hard_swish", "sigmoid", "tanh", "elu", "gelu")


def _small(activation: str | None = "relu") -> list[keras.Layer]:
    """Two convolutions with a pool each."""
    from keras import layers

    return [
        layers.Conv2D(8, 3, activation=activation),
        layers.MaxPooling2D(),
        layers.Conv2D(16, 3, activation=activation),
        layers.MaxPooling2D(),
        layers.GlobalAveragePooling2D(),
    ]


def _network(shape: tuple[int, ...], *parts: keras.Layer) -> keras.Model:
    import keras

    return keras.Sequential([keras.Input(shape, name="features"), *parts])


def _norm(where: str) -> keras.Model:
    """Two convolutions without a norm, with one before or with one behind the activation."""
    from keras import layers

    parts: list[keras.Layer] = []
    for filters in (8, 16):
        parts.append(layers.Conv2D(filters, 3, padding="same", use_bias=where != "before"))
        order = {
            "none": [layers.ReLU()],
            "before": [layers.BatchNormalization(), layers.ReLU()],
            "after": [layers.ReLU(), layers.BatchNormalization()],
        }
        parts += [*order[where], layers.MaxPooling2D()]
    return _network(PLOT, *parts, layers.GlobalAveragePooling2D(), layers.Dense(3, "softmax"))


def _activation(name: str) -> keras.Model:
    from keras import layers

    return _network(PLOT, *_small(name), layers.Dense(3, "softmax"))


def _layout(data_format: str) -> keras.Model:
    from keras import layers

    first = data_format == "channels_first"
    more = {"data_format": data_format}
    return _network(
        (3, 32, 32) if first else (32, 32, 3),
        layers.Conv2D(8, 3, activation="relu", **more),
        layers.MaxPooling2D(**more),
        layers.Conv2D(16, 3, activation="relu", **more),
        layers.MaxPooling2D(**more),
        layers.Flatten(),
        layers.Dense(3, "softmax"),
    )


def _mixed(data_format: str = "channels_first") -> keras.Model:
    """The original project's MotionSense: only its first layer is channels first."""
    from keras import layers

    return _network(
        (1, 32, 32) if data_format == "channels_first" else PLOT,
        layers.Conv2D(32, 3, activation="relu", data_format=data_format),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(64, "relu"),
        layers.Dense(3, "softmax"),
    )


def _conv1d() -> keras.Model:
    """The original project's reduced CarSensor."""
    from keras import layers

    return _network(
        (100, 3),
        layers.Conv1D(16, 3, activation="relu"),
        layers.MaxPooling1D(2),
        layers.Conv1D(32, 3, activation="relu"),
        layers.MaxPooling1D(2),
        layers.GlobalMaxPooling1D(),
        layers.Dense(1, "sigmoid"),
    )


def _conv1d_as_image() -> keras.Model:
    """The same of two dimensions."""
    from keras import layers

    return _network(
        (100, 1, 3),
        layers.Conv2D(16, (3, 1), activation="relu"),
        layers.MaxPooling2D((2, 1)),
        layers.Conv2D(32, (3, 1), activation="relu"),
        layers.MaxPooling2D((2, 1)),
        layers.GlobalMaxPooling2D(),
        layers.Dense(1, "sigmoid"),
    )


def _tail(activation: str | None) -> keras.Model:
    from keras import layers

    return _network(PLOT, *_small(), layers.Dense(1 if activation == "sigmoid" else 3, activation))


def _copies(way: str) -> keras.Model:
    """Two padded convolutions, and what else people put between them."""
    import keras
    from keras import layers

    def convolution(filters: int, padding: str = "same") -> keras.Layer:
        return layers.Conv2D(filters, 3, padding=padding, activation="relu")

    entry = x = keras.Input(PLOT, name="features")
    if way == "rescaling":
        x = layers.Rescaling(1 / 127.5, offset=-1)(x)
    if way == "zero padding":
        x = convolution(8, "valid")(layers.ZeroPadding2D(1)(x))
    else:
        x = convolution(8)(x)
    x = layers.MaxPooling2D()(x)
    if way == "concatenated":
        x = layers.Concatenate()([convolution(8)(x), convolution(8)(x)])
    elif way == "residual":
        x = convolution(16)(x)
        x = layers.Add()([x, convolution(16)(x)])
    else:
        x = convolution(16)(x)
    x = layers.GlobalAveragePooling2D()(layers.MaxPooling2D()(x))
    return keras.Model(entry, layers.Dense(3, "softmax")(x))


def _resizing(interpolation: str | None) -> keras.Model:
    """The input scaled down to half its size by the network, or before it where None."""
    from keras import layers

    if interpolation is None:
        return _network((16, 16, 1), *_small(), layers.Dense(3, "softmax"))
    scaled = layers.Resizing(16, 16, interpolation=interpolation)
    return _network(PLOT, scaled, *_small(), layers.Dense(3, "softmax"))
