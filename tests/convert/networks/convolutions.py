"""Convolutions: each kind, with the strides, paddings, groups and dilations they have."""

from __future__ import annotations

from typing import Any

from tests.convert.corpus import Kit, network


@network()
def conv1d(k: Kit) -> Any:
    return k.chain(
        (20, 3),
        k.layers.Conv1D(6, 3, activation="relu", data_format=k.data_format),
        k.layers.Conv1D(4, 5, strides=2, padding="same", data_format=k.data_format),
    )


@network(has_layouts=False)
def conv1d_causal(k: Kit) -> Any:
    """Neither Keras pads causally in channels_first."""
    return k.chain(
        (20, 3),
        k.layers.Conv1D(6, 3, padding="causal", activation="relu"),
        k.layers.GlobalAveragePooling1D(),
    )


@network(has_layouts=False)
def temporal(k: Kit) -> Any:
    x = inputs = k.input(24, 3)
    for dilation in (1, 2, 4):
        y = k.layers.Conv1D(6, 3, padding="causal", dilation_rate=dilation, activation="relu")(x)
        x = k.layers.Add()([k.layers.Conv1D(6, 1)(x), y])
    return k.model(inputs, k.layers.Dense(2)(k.layers.Flatten()(x)))


@network()
def conv2d(k: Kit) -> Any:
    return k.chain(
        (12, 10, 3),
        k.layers.Conv2D(5, (3, 2), activation="relu", data_format=k.data_format),
        k.layers.Conv2D(4, 1, use_bias=False, data_format=k.data_format),
    )


@network()
def conv2d_strided(k: Kit) -> Any:
    return k.chain(
        (13, 12, 3),
        k.layers.Conv2D(5, 3, strides=2, padding="same", data_format=k.data_format),
        k.layers.ReLU(),
        k.layers.Conv2D(6, (2, 3), strides=(2, 1), data_format=k.data_format),
    )


@network(is_twin=False)
def bias_along_columns(k: Kit) -> Any:
    """As many filters as columns: Keras 3 then adds the bias along these in channels_first."""
    return k.chain(
        (9, 7, 3),
        k.layers.Conv2D(5, 3, activation="relu", data_format=k.data_format),
        k.layers.Conv2D(2, 3, data_format=k.data_format),
    )


@network(is_refused=True)
def conv2d_dilated(k: Kit) -> Any:
    return k.chain(
        (14, 12, 2),
        k.layers.Conv2D(4, 3, dilation_rate=2, activation="relu", data_format=k.data_format),
        k.layers.Conv2D(3, 3, dilation_rate=(1, 2), padding="same", data_format=k.data_format),
    )


@network()
def conv2d_grouped(k: Kit) -> Any:
    return k.chain(
        (10, 8, 6),
        k.layers.Conv2D(9, 3, groups=3, activation="relu", data_format=k.data_format),
    )


@network()
def conv3d(k: Kit) -> Any:
    return k.chain(
        (6, 7, 8, 2),
        k.layers.Conv3D(3, 2, activation="relu", data_format=k.data_format),
        k.layers.GlobalAveragePooling3D(data_format=k.data_format),
    )


@network()
def depthwise1d(k: Kit) -> Any:
    return k.chain(
        (18, 4),
        k.layers.DepthwiseConv1D(3, padding="same", data_format=k.data_format),
        k.layers.DepthwiseConv1D(3, depth_multiplier=2, data_format=k.data_format),
    )


@network()
def depthwise2d(k: Kit) -> Any:
    return k.chain(
        (12, 9, 4),
        k.layers.DepthwiseConv2D(3, activation="relu", data_format=k.data_format),
        k.layers.DepthwiseConv2D(
            (3, 2), padding="same", depth_multiplier=2, data_format=k.data_format
        ),
    )


@network()
def depthwise2d_strided(k: Kit) -> Any:
    return k.chain(
        (12, 10, 4),
        k.layers.ZeroPadding2D(((0, 1), (0, 1)), data_format=k.data_format),
        k.layers.DepthwiseConv2D(3, strides=2, data_format=k.data_format),
        k.layers.BatchNormalization(axis=k.axis),
        k.layers.ReLU(6.0),
    )


@network()
def separable1d(k: Kit) -> Any:
    return k.chain(
        (18, 3),
        k.layers.SeparableConv1D(6, 3, activation="relu", data_format=k.data_format),
        k.layers.GlobalMaxPooling1D(data_format=k.data_format),
    )


@network()
def separable2d(k: Kit) -> Any:
    return k.chain(
        (12, 10, 3),
        k.layers.SeparableConv2D(6, 3, activation="relu", data_format=k.data_format),
        k.layers.SeparableConv2D(
            5, 3, strides=2, depth_multiplier=2, padding="same", data_format=k.data_format
        ),
    )


@network()
def transposed1d(k: Kit) -> Any:
    return k.chain((8, 3), k.layers.Conv1DTranspose(4, 3, strides=2, data_format=k.data_format))


@network()
def transposed2d(k: Kit) -> Any:
    return k.chain(
        (6, 5, 3),
        k.layers.Conv2DTranspose(4, 3, strides=2, activation="relu", data_format=k.data_format),
        k.layers.Conv2DTranspose(2, 2, padding="same", data_format=k.data_format),
    )


@network()
def transposed3d(k: Kit) -> Any:
    return k.chain(
        (3, 4, 5, 2), k.layers.Conv3DTranspose(3, 2, strides=2, data_format=k.data_format)
    )


@network(kerases=("tf_keras",))
def locally_connected(k: Kit) -> Any:
    # The two other implementations take weights of other shapes.
    return k.chain((7, 6, 2), k.layers.LocallyConnected2D(3, 2, data_format=k.data_format))


@network()
def dense_head(k: Kit) -> Any:
    return k.chain(
        (12, 10, 3),
        k.layers.Conv2D(5, 3, activation="relu", data_format=k.data_format),
        k.layers.MaxPooling2D(2, data_format=k.data_format),
        k.layers.Dropout(0.25),
        k.layers.Flatten(),
        k.layers.Dense(7, activation="relu"),
        k.layers.Dropout(0.5),
        k.layers.Dense(3, activation="softmax"),
    )


@network()
def flatten_in_layout(k: Kit) -> Any:
    return k.chain(
        (9, 7, 3),
        k.layers.Conv2D(4, 3, data_format=k.data_format),
        k.layers.Flatten(data_format=k.data_format),
        k.layers.BatchNormalization(),
        k.layers.Dense(3, activation="sigmoid"),
    )


@network(is_twin=False)
def dense_on_maps(k: Kit) -> Any:
    """A dense layer goes over the last axis, whatever that is."""
    return k.chain(
        (8, 6, 3),
        k.layers.Conv2D(4, 3, data_format=k.data_format),
        k.layers.Dense(5, activation="relu"),
        k.layers.Flatten(),
        k.layers.Dense(2),
    )


@network()
def dense_head_1d(k: Kit) -> Any:
    return k.chain(
        (20, 3),
        k.layers.Conv1D(6, 3, activation="relu", data_format=k.data_format),
        k.layers.MaxPooling1D(2, data_format=k.data_format),
        k.layers.Conv1D(4, 3, activation="relu", data_format=k.data_format),
        k.layers.Flatten(),
        k.layers.Dense(3),
    )


@network(open=12)
def open_sizes(k: Kit) -> Any:
    """Height and width are not known."""
    return k.chain(
        (None, None, 3),
        k.layers.Conv2D(4, 3, activation="relu", data_format=k.data_format),
        k.layers.GlobalAveragePooling2D(data_format=k.data_format),
        k.layers.Dense(2),
    )


@network()
def fixed_batch(k: Kit) -> Any:
    inputs = k.input(9, 8, 3, batch_size=1)
    x = k.layers.Conv2D(4, 3, data_format=k.data_format)(inputs)
    return k.model(inputs, k.layers.Dense(2)(k.layers.Flatten()(x)))
