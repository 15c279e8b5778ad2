"""How much `tflint check` costs, as a ratio to `python -c "import numpy"` in the same run.

Both are whole processes, start-up included, run in turn so that a machine that slows down
slows both. Prints medians; judges nothing. Run with `make bench`, or with a model's path.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.process import Run, measure
from tflint.model.builder import ModelBuilder
from tflint.model.schema import TensorType
from tflint.model.writer import write_model

RUNS = 15


def cost(command: list[str]) -> Run:
    """Measure a command that has to end well, findings included."""
    run = measure(command)
    if run.code not in (0, 1):
        raise SystemExit(f"{' '.join(command)} exited with {run.code}: {run.output}")
    return run


def keyword_model() -> bytes:
    """An int8 network the size of MLPerf Tiny's keyword spotter (54 KB, 2.7 million MACs)."""
    model = ModelBuilder()
    x = model.input((1, 49, 10, 1), TensorType.INT8)
    x = model.conv_2d(x, filters=64, kernel=(10, 4), stride=2)
    for _ in range(4):
        x = model.conv_2d(model.depthwise_conv_2d(x, kernel=3), filters=64, kernel=1)
    model.output(model.softmax(model.fully_connected(model.flatten(x), units=12)))
    return write_model(model.build())


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(folder, "keyword.tflite")
        if len(sys.argv) == 1:
            path.write_bytes(keyword_model())
        commands = {
            "import numpy": [sys.executable, "-c", "import numpy"],
            "tflint check": [sys.executable, "-m", "tflint", "check", str(path)],
        }
        costs: dict[str, list[Run]] = {name: [] for name in commands}
        for command in commands.values():
            cost(command)
        for _ in range(RUNS):
            for name, command in commands.items():
                costs[name].append(cost(command))
    for name, measured in costs.items():
        cpu = statistics.median(run.cpu for run in measured)
        peak = statistics.median(run.peak for run in measured)
        print(f"{name:<14} {cpu * 1000:6.0f} ms CPU   {peak / 2**20:5.1f} MiB peak")
    pairs = zip(costs["tflint check"], costs["import numpy"], strict=True)
    ratio = statistics.median(check.cpu / numpy.cpu for check, numpy in pairs)
    print(f"ratio          {ratio:6.2f}          (medians of {RUNS} runs in turn)")


if __name__ == "__main__":
    main()
