"""What `tflint convert` and `tflint fix --reconvert` cost beside TensorFlow's converter alone.

Whole processes, start-up included, in turn with the bare way: `import tensorflow`, load, convert.
CPU time of the process and of its workers; the program also asks the original for its answers,
runs the result on LiteRT and TFLM, and checks it. The network is a small channels_first one, or
the archive at the path that is given. Prints medians; judges nothing. Run with `make bench`; needs
the extra `convert`.
"""

from __future__ import annotations

import importlib.util
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.check_speed import cost
from benchmarks.process import Run

RUNS = 3
NETWORK = """
import sys
import keras
from keras import layers

first = {"data_format": "channels_first"}
keras.Sequential([
    keras.Input((1, 32, 32)),
    layers.Conv2D(32, 3, activation="relu", **first),
    layers.MaxPooling2D(**first),
    layers.Conv2D(32, 3, activation="relu", **first),
    layers.MaxPooling2D(**first),
    layers.Flatten(**first),
    layers.Dense(16, activation="relu"),
    layers.Dense(3, activation="softmax"),
]).save(sys.argv[1])
"""
BARE = """
import sys
import tensorflow as tf

model = tf.keras.models.load_model(sys.argv[1], compile=False)
data = tf.lite.TFLiteConverter.from_keras_model(model).convert()
open(sys.argv[2], "wb").write(data)
"""


def main() -> None:
    """Measure and print."""
    if importlib.util.find_spec("tensorflow") is None:
        print("converting: not measured, the extra `convert` is not installed")
        return
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(folder, "network.keras")
        if len(sys.argv) == 1:
            write = [sys.executable, "-c", NETWORK, str(archive)]
            subprocess.run(write, check=True, capture_output=True)
        output = str(Path(folder, "result.tflite"))
        program = [sys.executable, "-m", "tflint"]
        commands = {
            "TensorFlow alone": [sys.executable, "-c", BARE, str(archive), output],
            "convert": [*program, "convert", str(archive), "-o", output],
            "fix --reconvert": [*program, "fix", str(archive), "--reconvert", "-o", output],
        }
        costs: dict[str, list[Run]] = {name: [] for name in commands}
        for _ in range(RUNS):
            for name, command in commands.items():
                run = cost(command)
                # Of Python alone, 1 is an exception.
                if run.code and command[1] == "-c":
                    raise SystemExit(f"TensorFlow does not convert it: {run.output}")
                costs[name].append(run)
    print(f"converting {archive.name} (medians of {RUNS} runs in turn)")
    for name, measured in costs.items():
        cpu = statistics.median(run.cpu for run in measured)
        wall = statistics.median(run.wall for run in measured)
        pairs = zip(measured, costs["TensorFlow alone"], strict=True)
        ratio = statistics.median(run.cpu / bare.cpu for run, bare in pairs)
        print(f"{name:<18} {cpu:6.1f} s CPU {ratio:6.2f} times {wall:6.1f} s by the clock")


if __name__ == "__main__":
    main()
