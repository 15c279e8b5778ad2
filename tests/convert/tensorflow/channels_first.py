"""Small networks with channels_first layers, one a kind of layer, for Keras 3 and tf-keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Build = Callable[[Any], Any]
FIRST = {"data_format": "channels_first"}


def randomise(model: Any, seed: int = 7) -> Any:
    """Random weights of a size at which every layer matters; variances are positive."""
    random = np.random.default_rng(seed)
    for variable in model.weights:
        name = str(getattr(variable, "path", variable.name))
        shape = tuple(variable.shape)
        if not str(variable.dtype).removeprefix("<dtype: '").startswith("float"):
            continue
        if "var" in name.rsplit("/", 1)[-1]:
            value = random.uniform(0.5, 2, shape)
        else:
            fan_in = max(1, int(np.prod(shape[:-1])))
            value = random.normal(0, 1 / np.sqrt(fan_in), shape) + 0.05
        variable.assign(value.astype("float32"))
    return model


def chain(shape: tuple[int | None, ...], *makers: Callable[[Any], Any]) -> Build:
    """A network of layers one after the other; each is made from the module `keras.layers`."""

    def build(keras: Any) -> Any:
        layers = keras.layers
        first = keras.Input(batch_shape=(None, *shape))
        found = first
        for make in makers:
            found = make(layers)(found)
        return keras.Model(first, found)

    return build


def _functional(shapes: list[tuple[int, ...]], body: Callable[..., Any]) -> Build:
    def build(keras: Any) -> Any:
        inputs = [keras.Input(batch_shape=(None, *shape)) for shape in shapes]
        return keras.Model(
            inputs if len(inputs) > 1 else inputs[0], body(keras, keras.layers, *inputs)
        )

    return build


MAP = (3, 9, 8)


def _squeezed(keras: Any, layers: Any, x: Any) -> Any:
    found = layers.Conv2D(4, 3, padding="same", **FIRST)(x)
    scale = layers.GlobalAveragePooling2D(**FIRST)(found)
    scale = layers.Dense(2, activation="relu")(scale)
    scale = layers.Reshape((4, 1, 1))(layers.Dense(4, activation="sigmoid")(scale))
    return layers.Conv2D(3, 1, **FIRST)(layers.Multiply()([found, scale]))


def _shared(layers: Any, one: Any, two: Any) -> Any:
    conv = layers.Conv2D(4, 3, **FIRST)
    norm = layers.BatchNormalization(axis=1)
    dense = layers.Dense(3)
    return layers.Subtract()(
        [dense(layers.Flatten()(norm(conv(one)))), dense(layers.Flatten()(norm(conv(two))))]
    )


def _twice(layers: Any, x: Any) -> Any:
    norm = layers.BatchNormalization(axis=1)
    dense = layers.Dense(3)
    straight = dense(layers.Flatten()(norm(x)))
    turned = dense(layers.Flatten()(norm(layers.Conv2D(4, 3, padding="same", **FIRST)(x))))
    return layers.Maximum()([straight, turned])


def _nested(keras: Any, layers: Any, x: Any) -> Any:
    inner = keras.Input(batch_shape=(None, 4, None, None))
    body = layers.Conv2D(4, 3, padding="same", activation="relu", **FIRST, name="conv")(inner)
    block = keras.Model(inner, layers.Add()([inner, body]), name="block")
    head = keras.Sequential(
        [keras.Input((4, 9, 8)), layers.Conv2D(2, 3, **FIRST, name="conv"), layers.Flatten()],
        name="head",
    )
    found = layers.Conv2D(4, 3, padding="same", **FIRST)(x)
    return layers.Dense(2)(head(block(block(found))))


def _used_twice(layers: Any, x: Any) -> Any:
    flat = layers.Flatten()(layers.Conv2D(4, 3, **FIRST)(x))
    return [layers.Dense(3)(flat), layers.Reshape((4, 42))(flat)]


def _attended(layers: Any, x: Any) -> Any:
    found = layers.Reshape((4, 42))(layers.Conv2D(4, 3, **FIRST)(x))
    return layers.MultiHeadAttention(2, 4)(found, found)


# What tf-keras alone has.
LEGACY = frozenset({"locally-connected1d", "locally-connected2d", "locally-connected-whole"})

KINDS: dict[str, Build] = {
    "locally-connected1d": chain((3, 9), lambda y: y.LocallyConnected1D(4, 3, **FIRST)),
    "locally-connected2d": chain(MAP, lambda y: y.LocallyConnected2D(4, (3, 2), **FIRST)),
    "locally-connected-whole": chain(
        MAP, lambda y: y.LocallyConnected2D(4, (3, 2), implementation=2, **FIRST)
    ),
    "conv1d": chain((3, 12), lambda y: y.Conv1D(4, 3, strides=2, activation="relu", **FIRST)),
    "conv2d": chain(MAP, lambda y: y.Conv2D(4, (3, 2), activation="relu", **FIRST)),
    "conv2d-same-strided": chain(
        MAP, lambda y: y.Conv2D(4, (3, 2), strides=(2, 1), padding="same", **FIRST)
    ),
    "conv2d-dilated": chain(MAP, lambda y: y.Conv2D(4, 3, dilation_rate=(1, 2), **FIRST)),
    "conv2d-grouped": chain((4, 9, 8), lambda y: y.Conv2D(6, 3, groups=2, **FIRST)),
    "conv2d-no-bias": chain(MAP, lambda y: y.Conv2D(4, 3, use_bias=False, **FIRST)),
    "conv3d": chain((2, 5, 6, 7), lambda y: y.Conv3D(3, (2, 3, 1), **FIRST)),
    "conv2d-softmax": chain(
        MAP, lambda y: y.Conv2D(4, 3, activation="softmax", **FIRST), lambda y: y.Flatten()
    ),
    "depthwise2d": chain(
        MAP, lambda y: y.DepthwiseConv2D((3, 2), depth_multiplier=2, padding="same", **FIRST)
    ),
    "depthwise1d": chain((3, 12), lambda y: y.DepthwiseConv1D(3, depth_multiplier=2, **FIRST)),
    "separable2d": chain(
        MAP, lambda y: y.SeparableConv2D(5, 3, depth_multiplier=2, activation="relu", **FIRST)
    ),
    "separable1d": chain((3, 12), lambda y: y.SeparableConv1D(5, 3, **FIRST)),
    "transposed2d": chain(
        MAP, lambda y: y.Conv2DTranspose(4, (3, 2), strides=2, padding="same", **FIRST)
    ),
    "transposed1d": chain((3, 12), lambda y: y.Conv1DTranspose(4, 3, strides=2, **FIRST)),
    "transposed3d": chain((2, 3, 4, 5), lambda y: y.Conv3DTranspose(3, 2, strides=2, **FIRST)),
    "maxpool1d": chain((3, 12), lambda y: y.MaxPooling1D(2, **FIRST)),
    "maxpool2d": chain(MAP, lambda y: y.MaxPooling2D((2, 3), strides=(1, 2), **FIRST)),
    "averagepool2d": chain(MAP, lambda y: y.AveragePooling2D(2, padding="same", **FIRST)),
    "averagepool3d": chain((2, 4, 6, 4), lambda y: y.AveragePooling3D(2, **FIRST)),
    "global-average2d": chain(MAP, lambda y: y.GlobalAveragePooling2D(**FIRST)),
    "global-max2d-keepdims": chain(MAP, lambda y: y.GlobalMaxPooling2D(keepdims=True, **FIRST)),
    "global-max1d": chain((3, 12), lambda y: y.GlobalMaxPooling1D(**FIRST)),
    "global-average3d": chain((3, 4, 5, 6), lambda y: y.GlobalAveragePooling3D(**FIRST)),
    "padding2d": chain(MAP, lambda y: y.ZeroPadding2D(((1, 2), (3, 0)), **FIRST)),
    "padding3d": chain((2, 3, 4, 5), lambda y: y.ZeroPadding3D((1, 2, 0), **FIRST)),
    "cropping2d": chain(MAP, lambda y: y.Cropping2D(((1, 2), (0, 3)), **FIRST)),
    "upsampling2d": chain(MAP, lambda y: y.UpSampling2D((2, 3), **FIRST)),
    "upsampling3d": chain((2, 3, 4, 5), lambda y: y.UpSampling3D((2, 1, 3), **FIRST)),
    "resizing": chain(
        MAP,
        lambda y: y.Conv2D(4, 3, **FIRST),
        # That of tf-keras knows channels_last alone.
        lambda y: (
            y.Resizing(5, 9, **FIRST)
            if y.__name__.startswith("keras.")
            else y.UpSampling2D(2, interpolation="bilinear", **FIRST)
        ),
    ),
    "spatial-dropout": chain(
        MAP, lambda y: y.Conv2D(4, 3, **FIRST), lambda y: y.SpatialDropout2D(0.5, **FIRST)
    ),
    "batch-norm": chain(
        MAP,
        lambda y: y.Conv2D(4, 3, **FIRST),
        lambda y: y.BatchNormalization(axis=1),
        lambda y: y.ReLU(),
    ),
    "batch-norm-of-width": chain(
        MAP, lambda y: y.Conv2D(4, 3, **FIRST), lambda y: y.BatchNormalization()
    ),
    "layer-norm": chain(
        MAP, lambda y: y.Conv2D(4, 3, **FIRST), lambda y: y.LayerNormalization(axis=1)
    ),
    "layer-norm-of-two": chain(
        MAP, lambda y: y.Conv2D(4, 3, **FIRST), lambda y: y.LayerNormalization(axis=[1, 3])
    ),
    "group-norm": chain(
        MAP, lambda y: y.Conv2D(4, 3, **FIRST), lambda y: y.GroupNormalization(2, axis=1)
    ),
    "unit-norm": chain(
        MAP, lambda y: y.Conv2D(4, 3, **FIRST), lambda y: y.UnitNormalization(axis=1)
    ),
    "prelu": chain(MAP, lambda y: y.Conv2D(4, 3, **FIRST), lambda y: y.PReLU()),
    "prelu-shared": chain(
        MAP, lambda y: y.Conv2D(4, 3, **FIRST), lambda y: y.PReLU(shared_axes=[2, 3])
    ),
    "softmax": chain(MAP, lambda y: y.Conv2D(4, 3, **FIRST), lambda y: y.Softmax(axis=1)),
    "softmax-of-width": chain(
        MAP, lambda y: y.Conv2D(4, 3, **FIRST), lambda y: y.Activation("softmax")
    ),
    "flatten-dense": chain(
        MAP,
        lambda y: y.Conv2D(4, 3, **FIRST),
        lambda y: y.Flatten(),
        lambda y: y.Dropout(0.5),
        lambda y: y.Dense(5, activation="softmax"),
    ),
    "flatten-first": chain(
        MAP,
        lambda y: y.Conv2D(4, 3, **FIRST),
        lambda y: y.Flatten(**FIRST),
        lambda y: y.Dense(5),
    ),
    "flatten-norm-dense": chain(
        MAP,
        lambda y: y.Conv2D(4, 3, **FIRST),
        lambda y: y.Flatten(),
        lambda y: y.BatchNormalization(),
        lambda y: y.PReLU(),
        lambda y: y.LayerNormalization(),
        lambda y: y.Dense(5),
    ),
    "flatten-out": chain(MAP, lambda y: y.Conv2D(4, 3, **FIRST), lambda y: y.Flatten()),
    "reshape-dense": chain(
        MAP,
        lambda y: y.Conv2D(4, 3, **FIRST),
        lambda y: y.Reshape((4 * 7 * 6,)),
        lambda y: y.Dense(5),
    ),
    "reshape-merging": chain(
        MAP, lambda y: y.Conv2D(4, 3, **FIRST), lambda y: y.Reshape((4, 42)), lambda y: y.Dense(5)
    ),
    "reshape-mixing": chain(
        MAP, lambda y: y.Conv2D(4, 3, **FIRST), lambda y: y.Reshape((8, 21)), lambda y: y.Dense(5)
    ),
    "dense-on-map": chain(MAP, lambda y: y.Conv2D(4, 3, **FIRST), lambda y: y.Dense(5)),
    "permute": chain(
        MAP,
        lambda y: y.Conv2D(4, 3, **FIRST),
        lambda y: y.Permute((2, 3, 1)),
        lambda y: y.Conv2D(3, 2, data_format="channels_last"),
    ),
    "permute-first": chain(
        (9, 8, 3), lambda y: y.Permute((3, 1, 2)), lambda y: y.Conv2D(4, 3, **FIRST)
    ),
    "rescaling": chain(MAP, lambda y: y.Rescaling(1 / 255), lambda y: y.Conv2D(4, 3, **FIRST)),
    "lambda": chain(
        MAP,
        lambda y: y.Conv2D(4, 3, **FIRST),
        lambda y: y.Lambda(lambda value: value[:, :2] * 2),
        lambda y: y.Conv2D(3, 2, **FIRST),
    ),
    "time-distributed": chain(
        (5, *MAP),
        lambda y: y.TimeDistributed(y.Conv2D(4, 3, **FIRST)),
        lambda y: y.TimeDistributed(y.MaxPooling2D(2, **FIRST)),
        lambda y: y.TimeDistributed(y.Flatten()),
        lambda y: y.LSTM(6),
    ),
    "crnn": chain(
        MAP,
        lambda y: y.Conv2D(4, 3, **FIRST),
        lambda y: y.Permute((2, 1, 3)),
        lambda y: y.Reshape((7, 24)),
        lambda y: y.Bidirectional(y.GRU(5)),
    ),
    "conv-lstm": chain(
        (3, 2, 6, 6), lambda y: y.ConvLSTM2D(3, 3, **FIRST), lambda y: y.Conv2D(2, 3, **FIRST)
    ),
    "conv-lstm-sequence": chain(
        (3, 2, 6, 5),
        lambda y: y.ConvLSTM2D(3, 3, return_sequences=True, **FIRST),
        lambda y: y.TimeDistributed(y.GlobalMaxPooling2D(**FIRST)),
    ),
    "time-distributed-to-convolution": chain(
        (5, *MAP),
        lambda y: y.TimeDistributed(y.Conv2D(4, 3, **FIRST)),
        lambda y: y.TimeDistributed(y.Flatten()),
        lambda y: y.Conv1D(3, 2),
    ),
    "decoder": chain(
        (7,),
        lambda y: y.Dense(60, activation="relu"),
        lambda y: y.BatchNormalization(),
        lambda y: y.Reshape((5, 3, 4)),
        lambda y: y.Conv2DTranspose(2, 3, strides=2, **FIRST),
    ),
    "mixed-pooling": chain(
        (1, 16, 16),
        lambda y: y.Conv2D(8, 3, activation="relu", **FIRST),
        lambda y: y.MaxPooling2D(2),
        lambda y: y.Conv2D(8, 3, activation="relu", **FIRST),
        lambda y: y.AveragePooling2D(2),
        lambda y: y.Flatten(),
        lambda y: y.Dense(3),
    ),
    "mixed-convolution": chain(
        MAP,
        lambda y: y.Conv2D(4, 3, **FIRST),
        lambda y: y.Conv2D(5, 2),
        lambda y: y.GlobalAveragePooling2D(**FIRST),
    ),
    "conv1d-dense": chain(
        (3, 12),
        lambda y: y.Conv1D(4, 3, **FIRST),
        lambda y: y.MaxPooling1D(2, **FIRST),
        lambda y: y.Flatten(),
        lambda y: y.Dense(2),
    ),
    "causal-last": chain((12, 3), lambda y: y.Conv1D(4, 3, padding="causal")),
    "residual": _functional(
        [(4, 8, 8)],
        lambda keras, y, x: y.ReLU()(y.Add()([x, y.Conv2D(4, 3, padding="same", **FIRST)(x)])),
    ),
    "operators": _functional(
        [(4, 8, 8)],
        lambda keras, y, x: (y.Conv2D(4, 3, padding="same", **FIRST)(x) * 2 + x - 1.0) / 3,
    ),
    "constant": _functional(
        [MAP],
        lambda keras, y, x: (
            y.Conv2D(4, 3, **FIRST)(x) * np.arange(1, 5, dtype="float32").reshape(4, 1, 1)
        ),
    ),
    "slices": _functional(
        [MAP],
        lambda keras, y, x: y.Conv2D(3, 2, **FIRST)(y.Conv2D(4, 3, **FIRST)(x)[:, 1:, ::2, :5]),
    ),
    "slice-of-a-row": _functional(
        [MAP], lambda keras, y, x: y.Conv1D(3, 2, **FIRST)(y.Conv2D(4, 3, **FIRST)(x)[:, :, 2])
    ),
    "concatenate": _functional(
        [MAP],
        lambda keras, y, x: y.Conv2D(2, 1, **FIRST)(
            y.Concatenate(axis=1)(
                [
                    y.Conv2D(4, 3, padding="same", **FIRST)(x),
                    y.MaxPooling2D(3, 1, padding="same", **FIRST)(x),
                ]
            )
        ),
    ),
    "squeeze-excite": _functional([(4, 8, 8)], _squeezed),
    "two-inputs": _functional(
        [MAP, (2, 6, 6)],
        lambda keras, y, one, two: y.Dense(3)(
            y.Concatenate()(
                [
                    y.Flatten()(y.Conv2D(4, 3, **FIRST)(one)),
                    y.Flatten()(y.Conv2D(5, 3, **FIRST)(two)),
                ]
            )
        ),
    ),
    "vector-beside": _functional(
        [MAP, (5,)],
        lambda keras, y, one, two: y.Dense(3)(
            y.Concatenate()([two, y.Flatten()(y.Conv2D(4, 3, **FIRST)(one)), two])
        ),
    ),
    "two-outputs": _functional(
        [MAP], lambda keras, y, x: [y.Conv2D(4, 3, **FIRST)(x), y.Dense(2)(y.Flatten()(x))]
    ),
    "shared-layer": _functional([MAP, MAP], lambda keras, y, one, two: _shared(y, one, two)),
    "shared-layer-in-two-orders": _functional([(4, 4, 4)], lambda keras, y, x: _twice(y, x)),
    "nested": _functional([MAP], _nested),
    "sum-of-vectors": _functional(
        [MAP],
        lambda keras, y, x: y.Dense(3)(
            y.Add()([y.Flatten()(y.Conv2D(4, 3, **FIRST)(x)) for _ in range(2)])
        ),
    ),
    "vector-used-twice": _functional([MAP], lambda keras, y, x: _used_twice(y, x)),
    "attention": _functional([MAP], lambda keras, y, x: _attended(y, x)),
}
