"""What `tflint check` costs on sources: 10,000 lines of Keras, and 10,000 without any.

Whole processes, start-up included, run in turn with `python -c "import numpy"` and with
`ast.parse` of the same text, so that a machine that slows down slows all. Prints medians and
ratios; judges nothing. Run with `make bench`, or with sources of your own.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.check_speed import cost
from benchmarks.process import Run

RUNS = 7
LINES = 10_000
PARSE = "import ast, sys; ast.parse(open(sys.argv[1], encoding='utf-8').read())"

NETWORK = '''
def block_{i}(x, filters={filters}, data_format="channels_last"):
    """A block as people write them."""
    skip = x
    for rate in (1, 2):
        x = layers.Conv2D(filters, 3, padding="same", data_format=data_format)(x)
        x = layers.BatchNormalization()(x)
        x = layers.Activation("relu")(x)
        x = layers.Dropout(rate / 10)(x)
    if filters == skip.shape[-1]:
        x = layers.add([x, skip])
    return layers.MaxPooling2D(2)(x)


def build_{i}(input_shape=(96, 96, {filters}), classes=10):
    inputs = keras.Input(shape=input_shape)
    x = block_{i}(inputs)
    x = block_{i}(x, filters={filters} * 2)
    x = layers.GlobalAveragePooling2D()(x)
    outputs = layers.Dense(classes, activation="softmax")(x)
    return keras.Model(inputs, outputs, name="network_{i}")


model_{i} = keras.Sequential(
    [
        keras.Input(shape=(49, 10, 1)),
        layers.Conv2D(64, (10, 4), strides=2, activation="relu"),  # the spectrogram
        layers.DepthwiseConv2D(3),
        layers.Conv2D(64, 1, activation="relu"),
        layers.Flatten(),
        layers.Dense(12, activation="softmax"),
    ]
)
model_{i}.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
converter = tf.lite.TFLiteConverter.from_keras_model(model_{i})
converter.optimizations = [tf.lite.Optimize.DEFAULT]
tflite_{i} = converter.convert()
trained_{i} = build_{i}()
'''
OTHER = '''
def total_{i}(orders, limit={i}):
    """What customers ordered, up to a limit."""
    found = {{}}
    for order in orders:
        if order["price"] > limit and order.get("paid", False):
            found.setdefault(order["customer"], []).append(order["price"] * 1.19)
    return {{name: sum(prices) for name, prices in found.items()}}
'''


def source(head: str, part: str, lines: int = LINES) -> str:
    """A source of at least so many lines: the head, and the part over and over."""
    text, count = [head], head.count("\n")
    for i in range(lines):
        text.append(part.format(i=i, filters=(8, 16, 32)[i % 3]))
        count += part.count("\n")
        if count >= lines:
            break
    return "".join(text)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(argument) for argument in sys.argv[1:]]
        if not paths:
            head = "import tensorflow as tf\nfrom tensorflow import keras\n"
            head += "from tensorflow.keras import layers\n"
            paths = [Path(folder, "keras_code.py"), Path(folder, "other_code.py")]
            paths[0].write_text(source(head, NETWORK), encoding="utf-8")
            paths[1].write_text(source("import json\n", OTHER), encoding="utf-8")
        commands = {"import numpy": [sys.executable, "-c", "import numpy"]}
        for path in paths:
            commands[f"ast.parse {path.name}"] = [sys.executable, "-c", PARSE, str(path)]
            commands[f"tflint check {path.name}"] = [
                *(sys.executable, "-m", "tflint", "check", str(path)),
                *("--format", "concise", "--isolated"),
            ]
        costs: dict[str, list[Run]] = {name: [] for name in commands}
        for command in commands.values():
            cost(command)
        for _ in range(RUNS):
            for name, command in commands.items():
                costs[name].append(cost(command))
    for name, measured in costs.items():
        cpu = statistics.median(run.cpu for run in measured)
        peak = statistics.median(run.peak for run in measured)
        pairs = zip(measured, costs["import numpy"], strict=True)
        ratio = statistics.median(run.cpu / numpy.cpu for run, numpy in pairs)
        print(f"{name:<32} {cpu * 1000:6.0f} ms CPU  {peak / 2**20:6.1f} MiB  x {ratio:5.2f}")
    for path in paths:
        print(f"{path.name}: {ratio_to_parsing(costs, path.name):.2f} times what parsing costs")
    print(f"(medians of {RUNS} runs in turn; x: times the CPU of import numpy)")


def ratio_to_parsing(costs: dict[str, list[Run]], name: str) -> float:
    """How many times the CPU time of `ast.parse` a check of the same file takes."""
    pairs = zip(costs[f"tflint check {name}"], costs[f"ast.parse {name}"], strict=True)
    return statistics.median(check.cpu / parse.cpu for check, parse in pairs)


if __name__ == "__main__":
    main()
