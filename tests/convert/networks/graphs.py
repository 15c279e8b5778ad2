"""Whole networks: residual, dense, siamese, nested, with several inputs and outputs."""

from __future__ import annotations

from typing import Any

from tests.convert.corpus import Kit, network


def _unit(k: Kit, x: Any, filters: int, stride: int) -> Any:
    y = k.layers.Conv2D(filters, 3, stride, "same", data_format=k.data_format)(x)
    y = k.layers.BatchNormalization(axis=k.axis)(y)
    y = k.layers.ReLU()(y)
    y = k.layers.Conv2D(filters, 3, 1, "same", data_format=k.data_format)(y)
    y = k.layers.BatchNormalization(axis=k.axis)(y)
    if stride != 1:
        x = k.layers.Conv2D(filters, 1, stride, data_format=k.data_format)(x)
    return k.layers.ReLU()(k.layers.Add()([x, y]))


@network()
def residual(k: Kit) -> Any:
    inputs = k.input(12, 10, 3)
    x = k.layers.Conv2D(4, 3, padding="same", data_format=k.data_format)(inputs)
    x = _unit(k, _unit(k, x, 4, 1), 6, 2)
    x = k.layers.GlobalAveragePooling2D(data_format=k.data_format)(x)
    return k.model(inputs, k.layers.Dense(3, activation="softmax")(x))


@network()
def inception(k: Kit) -> Any:
    inputs = k.input(10, 9, 3)
    same = {"padding": "same", "activation": "relu", "data_format": k.data_format}
    a = k.layers.Conv2D(3, 1, **same)(inputs)
    b = k.layers.Conv2D(4, 3, **same)(k.layers.Conv2D(2, 1, **same)(inputs))
    c = k.layers.MaxPooling2D(3, 1, "same", data_format=k.data_format)(inputs)
    x = k.layers.Concatenate(axis=k.axis)([a, b, k.layers.Conv2D(2, 1, **same)(c)])
    x = k.layers.AveragePooling2D(2, data_format=k.data_format)(x)
    return k.model(inputs, k.layers.Dense(3)(k.layers.Flatten()(x)))


@network()
def squeeze_excite(k: Kit) -> Any:
    inputs = k.input(8, 9, 3)
    x = k.layers.Conv2D(6, 3, data_format=k.data_format)(inputs)
    s = k.layers.GlobalAveragePooling2D(data_format=k.data_format, keepdims=True)(x)
    s = k.layers.Conv2D(2, 1, activation="relu", data_format=k.data_format)(s)
    s = k.layers.Conv2D(6, 1, activation="sigmoid", data_format=k.data_format)(s)
    x = k.layers.Multiply()([x, s])
    return k.model(inputs, k.layers.GlobalMaxPooling2D(data_format=k.data_format)(x))


@network()
def depthwise_separable(k: Kit) -> Any:
    """A MobileNet in small."""
    x = inputs = k.input(16, 14, 3)
    for filters, stride in ((4, 2), (6, 1), (8, 2)):
        x = k.layers.DepthwiseConv2D(3, stride, "same", data_format=k.data_format)(x)
        x = k.layers.BatchNormalization(axis=k.axis)(x)
        x = k.layers.ReLU(6.0)(x)
        x = k.layers.Conv2D(filters, 1, use_bias=False, data_format=k.data_format)(x)
        x = k.layers.BatchNormalization(axis=k.axis)(x)
        x = k.layers.ReLU(6.0)(x)
    x = k.layers.GlobalAveragePooling2D(data_format=k.data_format)(x)
    return k.model(inputs, k.layers.Dense(4, activation="softmax")(x))


@network()
def encoder_decoder(k: Kit) -> Any:
    """A U-Net in small."""
    fmt = k.data_format
    inputs = k.input(12, 8, 2)
    a = k.layers.Conv2D(4, 3, padding="same", activation="relu", data_format=fmt)(inputs)
    b = k.layers.MaxPooling2D(2, data_format=fmt)(a)
    b = k.layers.Conv2D(6, 3, padding="same", activation="relu", data_format=fmt)(b)
    c = k.layers.UpSampling2D(2, data_format=fmt)(b)
    c = k.layers.Concatenate(axis=k.axis)([c, a])
    c = k.layers.Conv2D(4, 3, padding="same", activation="relu", data_format=fmt)(c)
    return k.model(inputs, k.layers.Conv2D(1, 1, activation="sigmoid", data_format=fmt)(c))


@network()
def autoencoder(k: Kit) -> Any:
    fmt = k.data_format
    inputs = k.input(8, 6, 2)
    x = k.layers.Conv2D(4, 3, 2, "same", activation="relu", data_format=fmt)(inputs)
    x = k.layers.Dense(5)(k.layers.Flatten()(x))
    x = k.layers.Dense(48, activation="relu")(x)
    x = k.layers.Reshape(k.shape(4, 3, 4))(x)
    return k.model(inputs, k.layers.Conv2DTranspose(2, 3, 2, "same", data_format=fmt)(x))


def _tower(k: Kit) -> Any:
    return k.chain(
        (9, 8, 2),
        k.layers.Conv2D(4, 3, activation="relu", data_format=k.data_format),
        k.layers.MaxPooling2D(2, data_format=k.data_format),
        k.layers.Flatten(),
        k.layers.Dense(5),
    )


@network()
def siamese(k: Kit) -> Any:
    tower = _tower(k)
    a, b = k.input(9, 8, 2, name="left"), k.input(9, 8, 2, name="right")
    apart = k.layers.Subtract()([tower(a), tower(b)])
    return k.model([a, b], k.layers.Dense(1, activation="sigmoid")(apart))


@network()
def shared_convolution(k: Kit) -> Any:
    """One layer called three times, on maps of two sizes."""
    shared = k.layers.Conv2D(3, 3, padding="same", activation="relu", data_format=k.data_format)
    inputs = k.input(12, 8, 3)
    x = shared(shared(inputs))
    x = shared(k.layers.MaxPooling2D(2, data_format=k.data_format)(x))
    return k.model(inputs, k.layers.GlobalMaxPooling2D(data_format=k.data_format)(x))


@network()
def nested(k: Kit) -> Any:
    backbone = k.keras.Sequential(
        [
            k.input(10, 8, 3),
            k.layers.Conv2D(4, 3, data_format=k.data_format),
            k.layers.BatchNormalization(axis=k.axis),
        ],
        name="backbone",
    )
    inputs = k.input(10, 8, 3)
    x = k.layers.ReLU()(backbone(inputs))
    middle = k.model(inputs, k.layers.MaxPooling2D(2, data_format=k.data_format)(x))
    return k.chain(
        (10, 8, 3),
        middle,
        k.layers.Conv2D(4, 2, data_format=k.data_format),
        k.layers.Flatten(),
        k.layers.Dense(3),
    )


@network()
def several_inputs(k: Kit) -> Any:
    """A map and a vector."""
    image, vector = k.input(8, 7, 2, name="image"), k.keras.Input((6,), name="vector")
    x = k.layers.Conv2D(4, 3, activation="relu", data_format=k.data_format)(image)
    x = k.layers.Flatten()(x)
    y = k.layers.Dense(5, activation="relu")(vector)
    return k.model([image, vector], k.layers.Dense(3)(k.layers.Concatenate()([x, y])))


@network()
def several_outputs(k: Kit) -> Any:
    """A map, a vector and one number, by name."""
    inputs = k.input(8, 7, 2, name="image")
    x = k.layers.Conv2D(4, 3, activation="relu", data_format=k.data_format)(inputs)
    mask = k.layers.Conv2D(2, 1, data_format=k.data_format, name="mask")(x)
    y = k.layers.GlobalAveragePooling2D(data_format=k.data_format)(x)
    kind = k.layers.Dense(3, activation="softmax", name="kind")(y)
    score = k.layers.Dense(1, activation="sigmoid", name="score")(y)
    return k.model(inputs, [score, mask, kind])


@network()
def dictionaries(k: Kit) -> Any:
    inputs = {"b": k.input(8, 7, 2, name="b"), "a": k.keras.Input((4,), name="a")}
    x = k.layers.Conv2D(4, 3, data_format=k.data_format)(inputs["b"])
    x = k.layers.GlobalMaxPooling2D(data_format=k.data_format)(x)
    total = k.layers.Add()([x, k.layers.Dense(4)(inputs["a"])])
    return k.model(inputs, {"out": k.layers.Dense(2, name="out")(total), "map": x})


@network(has_layouts=False)
def mixed_layouts(k: Kit) -> Any:
    """A channels_first convolution, then pools that go over channels: the seed's MotionSense."""
    layers = k.layers
    return k.keras.Sequential(
        [
            k.keras.Input((1, 16, 16)),
            layers.Conv2D(8, 3, activation="relu", data_format="channels_first"),
            layers.MaxPooling2D(2),
            layers.Conv2D(6, 3, activation="relu"),
            layers.MaxPooling2D((1, 2)),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )


@network(has_layouts=False)
def mixed_branches(k: Kit) -> Any:
    """One branch is channels_first, the other channels_last, of the same input."""
    layers = k.layers
    inputs = k.keras.Input((4, 9, 8))
    a = layers.Conv2D(5, 3, data_format="channels_first")(inputs)
    a = layers.GlobalAveragePooling2D(data_format="channels_first")(a)
    b = layers.Conv2D(5, 3)(inputs)
    b = layers.GlobalAveragePooling2D()(b)
    return k.model(inputs, layers.Dense(2)(layers.Add()([a, b])))


@network(has_layouts=False)
def only_dense(k: Kit) -> Any:
    return k.chain((10,), k.layers.Dense(8, activation="relu"), k.layers.Dense(2))


@network()
def identity(k: Kit) -> Any:
    """An input is an output as well."""
    inputs = k.input(6, 5, 2)
    x = k.layers.Conv2D(2, 3, padding="same", data_format=k.data_format)(inputs)
    return k.model(inputs, [x, k.layers.Activation("linear")(inputs)])
