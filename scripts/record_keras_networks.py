"""Build networks of our own in Keras, and record how it writes them and what it says of them.

    python scripts/record_keras_networks.py              # Keras 3
    TF_USE_LEGACY_KERAS=1 python scripts/record_keras_networks.py    # tf-keras

writes `tests/archive/recorded/keras_3.json` or `keras_2.json`: for each network its configuration
as in a `.keras` and in an `.h5` file, how many weights it has, and the output shapes of its layers.
Needs TensorFlow, and tf-keras for the second.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "archive" / "recorded"
# Says nothing about shapes, and takes most of the room.
_DROPPED = ("initializer", "regularizer", "constraint", "optimizer", "dtype")


def networks(keras: Any) -> Iterator[Any]:
    """Networks that between them use every way of connecting layers."""
    layers = keras.layers
    yield from _chains(keras, layers)
    yield from _graphs(keras, layers)
    yield from _nested(keras, layers)
    yield from _recurrent(keras, layers)


def _chains(keras: Any, layers: Any) -> Iterator[Any]:
    model = keras.Sequential(
        [
            layers.Conv2D(8, 3, activation="relu", input_shape=(32, 32, 3)),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2),
            layers.SeparableConv2D(12, 3, strides=2),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(5, activation="softmax"),
        ],
        name="chain",
    )
    model.compile("sgd", "categorical_crossentropy")
    yield model
    late = keras.Sequential([layers.Dense(6), layers.ReLU(max_value=6.0), layers.Dense(2)])
    late.build((None, 9))
    yield late
    yield keras.Sequential(
        [
            keras.Input((3, 32, 32), batch_size=4),
            layers.Conv2D(8, 3, strides=2, data_format="channels_first"),
            layers.BatchNormalization(axis=1),
            layers.MaxPooling2D(data_format="channels_first"),
            layers.GlobalAveragePooling2D(data_format="channels_first"),
        ],
        name="channels_first",
    )
    yield keras.Sequential(
        [
            keras.Input((100, 3)),
            layers.Conv1D(16, 3, dilation_rate=2, padding="causal"),
            layers.AveragePooling1D(4),
            layers.Conv1DTranspose(4, 3, strides=2),
            layers.ZeroPadding1D(2),
            layers.GlobalMaxPooling1D(),
            layers.Reshape((2, -1)),
            layers.Permute((2, 1)),
        ],
        name="sequence",
    )


def _graphs(keras: Any, layers: Any) -> Iterator[Any]:
    image, vector = keras.Input((16, 16, 3), name="image"), keras.Input((16,), name="vector")
    shared = layers.Dense(8, activation="relu", name="shared")
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(image))
    a, b = shared(layers.Dense(8)(x)), shared(layers.Dense(8)(vector))
    joined = layers.Concatenate()([a, b])
    outputs = [layers.Dense(3, name="first")(joined), layers.Dense(1)(layers.Add()([a, b]))]
    model = keras.Model([image, vector], outputs, name="several")
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile("adam", loss=["mse", loss])
    yield model
    x = y = keras.Input((24, 24, 8))
    for _ in range(3):
        z = layers.Conv2D(8, 3, padding="same", use_bias=False)(y)
        z = layers.Activation("relu")(layers.BatchNormalization()(z))
        y = layers.Add()([y, z])
    y = layers.UpSampling2D()(layers.AveragePooling2D(2)(y))
    yield keras.Model(x, layers.Conv2DTranspose(2, 3, strides=2)(y), name="residual")
    named = {"a": keras.Input((4,), name="a"), "b": keras.Input((4,), name="b")}
    total = layers.Multiply()([named["a"], named["b"]])
    yield keras.Model(named, {"out": layers.Dense(2)(total)}, name="dictionaries")


def _nested(keras: Any, layers: Any) -> Iterator[Any]:
    inner = keras.Sequential(
        [keras.Input((8, 8, 1)), layers.Conv2D(2, 3), layers.Flatten()], name="inner"
    )
    left, right = keras.Input((8, 8, 1)), keras.Input((8, 8, 1))
    apart = layers.Subtract()([inner(left), inner(right)])
    yield keras.Model([left, right], layers.Dense(1)(apart), name="siamese")
    x, y = keras.Input((4,)), keras.Input((4,))
    two = keras.Model([x, y], [layers.Dense(2)(x), layers.Dense(3)(y)], name="two")
    z = keras.Input((4,))
    yield keras.Model(z, layers.Concatenate()(two([z, z])), name="two_outputs")
    # The model in it is called with another shape, and is the output itself.
    x = keras.Input((None, None, 3))
    y = layers.Conv2D(4, 3, padding="same")(x)
    grows = keras.Model(x, layers.MaxPooling2D()(y), name="grows")
    a, b = keras.Input((20, 20, 3)), keras.Input((10, 30, 3))
    yield keras.Model([a, b], [grows(a), grows(b)], name="any_size")
    block = keras.Sequential([keras.Input((6,)), layers.Dense(6), layers.ReLU()], name="block")
    wide = keras.Sequential([keras.Input((6,)), block, layers.Dense(9), layers.Dense(6)])
    x = keras.Input((6,))
    yield keras.Model(x, block(wide(block(x))), name="deep")
    first = keras.Sequential([wide, layers.Dense(3)], name="model_first")
    first.build((None, 6))
    yield first


def _recurrent(keras: Any, layers: Any) -> Iterator[Any]:
    x = keras.Input((10, 4))
    y = layers.Bidirectional(layers.LSTM(5, return_sequences=True))(x)
    y = layers.TimeDistributed(layers.Dense(3))(y)
    sequence, hidden, cell = layers.LSTM(6, return_state=True)(y)
    repeated = layers.RepeatVector(3)(sequence)
    decoded = layers.LSTM(6, return_sequences=True)(repeated, initial_state=[hidden, cell])
    attended = layers.MultiHeadAttention(2, 4)(query=decoded, value=y)
    yield keras.Model(x, [attended, hidden, layers.GRU(3)(decoded)], name="recurrent")
    small = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(2, 3), layers.Flatten()])
    frames = keras.Input((5, 8, 8, 1))
    yield keras.Model(
        frames, layers.SimpleRNN(4)(layers.TimeDistributed(small)(frames)), name="frames"
    )
    words = keras.Input((12,), dtype="int32")
    y = layers.Embedding(50, 8)(words)
    y = layers.Bidirectional(layers.GRU(4), merge_mode="sum")(layers.LayerNormalization()(y))
    yield keras.Model(words, layers.Dense(1, activation="sigmoid")(y), name="words")


def _slim(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {k: v for k, v in value.items() if not any(word in k for word in _DROPPED)}
        return {k: _slim(v) for k, v in kept.items()}
    return [_slim(v) for v in value] if isinstance(value, list) else value


def record(keras: Any, model: Any, folder: str) -> dict[str, Any]:
    """What Keras writes of a model, and the figures that it gives."""
    import h5py

    zipped, hdf5 = os.path.join(folder, "m.keras"), os.path.join(folder, "m.h5")
    model.save(zipped)
    model.save(hdf5)
    with zipfile.ZipFile(zipped) as archive:
        config = json.loads(archive.read("config.json"))
    with h5py.File(hdf5) as file:
        text = file.attrs["model_config"]
        legacy = json.loads(text if isinstance(text, str) else text.decode())
    # What several models share is shared no longer in an `.h5` of Keras 3.
    loaded = keras.models.load_model(hdf5, compile=False)
    return {
        "name": model.name,
        "weights": {"keras": model.count_params(), "h5": loaded.count_params()},
        "outputs": [list(each.shape) for each in model.outputs],
        "layers": {layer.name: _shapes(layer) for layer in model.layers},
        "keras": _slim(config),
        "h5": _slim(legacy),
    }


def _shapes(layer: Any) -> list[list[list[int | None]]]:
    """The shapes of all outputs of all calls, those that a nested model began with included."""
    calls = (
        [node.output_tensors for node in layer._inbound_nodes]
        if _is_keras_3()
        else [node.outputs for node in layer._inbound_nodes]
    )
    return [
        [list(each.shape) for each in (call if isinstance(call, (list, tuple)) else [call])]
        for call in calls
    ]


def _is_keras_3() -> bool:
    return os.environ.get("TF_USE_LEGACY_KERAS") != "1"


def main() -> None:
    """Write the recording of the Keras that is in force."""
    if _is_keras_3():
        import keras
    else:
        import tf_keras as keras
    with tempfile.TemporaryDirectory() as folder:
        recorded = [record(keras, model, folder) for model in networks(keras)]
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"keras_{keras.__version__[0]}.json"
    lines = ",\n".join(json.dumps(each, separators=(",", ":")) for each in recorded)
    path.write_text(f'{{"version": "{keras.__version__}", "networks": [\n{lines}\n]}}\n', "utf-8")
    print(f"{len(recorded)} networks in {path.name}", file=sys.stderr)


if __name__ == "__main__":
    main()
