"""How much the safe repairs of `tflint fix` cost, without and with the proof, on a 300 KB model.

Whole processes, start-up included, in turn with `python -c "import numpy"`; CPU time of the process
and of the workers that run the models. The model is an int8 network the size of MLPerf Tiny's
person detector (300 KB, 7 million MACs), or the one at the path that is given. Prints medians;
judges nothing. Run with `make bench`.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.check_speed import cost
from benchmarks.process import Run
from tflint.model.builder import ModelBuilder
from tflint.model.schema import TensorType
from tflint.model.writer import write_model

RUNS = 7
# Filters of the blocks, and the stride of each: MobileNet v1 with a quarter of its filters.
BLOCKS = (
    (16, 1),
    (32, 2),
    (32, 1),
    (64, 2),
    (64, 1),
    (128, 2),
    *((128, 1),) * 5,
    (256, 2),
    (256, 1),
)
# The program without running anything to prove the result.
WITHOUT_PROOF = """
import tflint.fix.proof.proving
from tflint.report.fix_result import Proof
tflint.fix.proof.proving.prove = lambda *models, **options: Proof("none", 0, True, 0, 0, 0)
from tflint.cli.main import main
main()
"""


def person_model() -> bytes:
    """An int8 network for images of 96 x 96, with names as long as converters give."""
    model = ModelBuilder()
    x = model.input((1, 96, 96, 1), TensorType.INT8)
    x = model.conv_2d(x, filters=8, kernel=3, stride=2)
    for filters, stride in BLOCKS:
        x = model.depthwise_conv_2d(x, kernel=3, stride=stride)
        x = model.conv_2d(x, filters=filters, kernel=1)
    x = model.pool_2d(x, "AVERAGE_POOL_2D", size=3)
    model.output(model.softmax(model.fully_connected(model.flatten(x), units=2)))
    return write_model(model.build())


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "person.tflite")
        path.write_bytes(Path(sys.argv[1]).read_bytes() if len(sys.argv) > 1 else person_model())
        arguments = ["fix", str(path)]
        commands = {
            "import numpy": [sys.executable, "-c", "import numpy"],
            "without the proof": [sys.executable, "-c", WITHOUT_PROOF, *arguments],
            "with the proof": [sys.executable, "-m", "tflint", *arguments],
        }
        costs: dict[str, list[Run]] = {name: [] for name in commands}
        for command in commands.values():
            cost(command)
        for _ in range(RUNS):
            for name, command in commands.items():
                costs[name].append(cost(command))
        size = path.stat().st_size
    print(f"safe repairs of a model of {size:,} bytes (medians of {RUNS} runs in turn)")
    for name, measured in costs.items():
        cpu = statistics.median(run.cpu for run in measured)
        peak = statistics.median(run.peak for run in measured)
        pairs = zip(measured, costs["import numpy"], strict=True)
        ratio = statistics.median(run.cpu / numpy.cpu for run, numpy in pairs)
        print(
            f"{name:<18} {cpu * 1000:6.0f} ms CPU {ratio:7.2f} times {peak / 2**20:8.1f} MiB peak"
        )


if __name__ == "__main__":
    main()
