"""How far the average latency of `tflint bench` is from a bare loop, and from LiteRT's own tool.

    python -m benchmarks.bench_overhead [MODELS]...

Each measures in a process of its own, kept to one core, in turn so that a machine that slows down
slows all; printed are the medians of the ratios of each round. Rounds in which another program had
the core for 5 % of the time are left out and made up for, up to a limit. The loop is what anybody
would write: `for _ in range(n): interpreter.invoke()` after a warm-up. LiteRT's tool is
`benchmark_litert_model.py` of its package, which has one set of kernels, and calls its newer
interface: that takes 2 us for each run, which small models feel. The models are built here, from
one operator to a network of 94 million MACs, unless others are given. Judges nothing. Run with
`make bench`.
"""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.check_speed import keyword_model
from benchmarks.fix_speed import person_model
from tflint.bench.cores import quiet_cores
from tflint.bench.inputs import entry_of
from tflint.bench.latency import measure_latency
from tflint.bench.options import BenchOptions, Kernels
from tflint.model.builder import ModelBuilder
from tflint.model.reader import parse_model
from tflint.model.writer import write_model
from tflint.report.bench_result import NOISY_WAITING

# Rounds that count, and that are made at most.
ROUNDS, MOST_ROUNDS = 7, 14
# How long each warms up, and measures at least.
SECONDS = 0.25
RESOLVERS = {
    Kernels.XNNPACK: "AUTO",
    Kernels.BUILTIN: "BUILTIN_WITHOUT_DEFAULT_DELEGATES",
    Kernels.REFERENCE: "BUILTIN_REF",
}
LOOP = """
import json, os, sys, time
path, kernels, cores, seconds = sys.argv[1:]
if json.loads(cores) is not None:
    os.sched_setaffinity(0, json.loads(cores))
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
interpreter = Interpreter(
    model_path=path, num_threads=1, experimental_op_resolver_type=getattr(OpResolverType, kernels)
)
interpreter.allocate_tensors()
rng = np.random.default_rng(0)
for detail in interpreter.get_input_details():
    shape, dtype = detail["shape"], detail["dtype"]
    if np.issubdtype(dtype, np.floating):
        values = rng.uniform(-1, 1, shape).astype(dtype)
    else:
        values = rng.integers(0, 2, shape).astype(dtype)
        if dtype in (np.int8, np.uint8, np.int16):
            bounds = np.iinfo(dtype)
            values = rng.integers(bounds.min, bounds.max, shape, dtype, endpoint=True)
    interpreter.set_tensor(detail["index"], values)
def loop(interpreter, n):
    start = time.perf_counter()
    for _ in range(n):
        interpreter.invoke()
    return time.perf_counter() - start

n = 1
while loop(interpreter, n) < float(seconds) / 2:
    n *= 2
n = max(n, 3)
own = time.thread_time()
wall = loop(interpreter, n)
print(wall / n * 1e6, 1 - (time.thread_time() - own) / wall)
"""
# The tool rounds to hundredths of a millisecond when it has measured; here it does not.
TOOL = """
import json, os, sys
path, cores, runs, result = sys.argv[1:]
if json.loads(cores) is not None:
    os.sched_setaffinity(0, json.loads(cores))
from ai_edge_litert.tools import benchmark_litert_model as tool
tool.round = lambda value, digits: value
sys.argv = ["tool", f"--model={path}", f"--num_runs={runs}", f"--warmup_runs={runs}"]
sys.argv += ["--num_threads=1", f"--result_json={result}"]
tool.main()
"""


def large_model() -> bytes:
    """A network in floats of 94 million MACs."""
    model = ModelBuilder()
    x = model.input((1, 64, 64, 16))
    for _ in range(3):
        x = model.conv_2d(x, filters=32, kernel=3)
    model.output(x)
    return write_model(model.build())


def tiny_model() -> bytes:
    """One operator on four numbers: next to nothing but the call."""
    model = ModelBuilder()
    model.output(model.fully_connected(model.input((1, 4)), units=4))
    return write_model(model.build())


def of_tflint(path: Path, kernels: Kernels, cores: tuple[int, ...] | None) -> tuple[float, float]:
    """Microseconds, as `tflint bench` reports them, and the part of the time that was waited."""
    data = path.read_bytes()
    model = parse_model(data)
    options = BenchOptions(kernels=kernels, cores=cores, min_seconds=SECONDS)
    found = measure_latency(data, model, entry_of(model, None), options)
    return found.latency.avg, found.noise.waiting or 0.0


def of_loop(path: Path, kernels: Kernels, cores: tuple[int, ...] | None) -> tuple[float, float]:
    """Microseconds of a bare loop, and the part of the time that was waited."""
    arguments = [str(path), RESOLVERS[kernels], json.dumps(cores), str(SECONDS)]
    each, waited = _output([sys.executable, "-c", LOOP, *arguments]).split()
    return float(each), float(waited)


def of_tool(path: Path, cores: tuple[int, ...] | None, expected: float) -> float:
    """Microseconds, as LiteRT's own tool measures them."""
    runs = max(int(SECONDS * 1e6 / expected), 3)
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder, "result.json")
        _output([sys.executable, "-c", TOOL, str(path), json.dumps(cores), str(runs), str(result)])
        return float(json.loads(result.read_text())["latency"]["avg_ms"]) * 1000


def compare(name: str, path: Path) -> None:
    """Measure one model with all kernels, and print a line for each."""
    for kernels in Kernels:
        rounds: list[tuple[float, float, float]] = []
        disturbed: list[tuple[float, float, float]] = []
        while len(rounds) < ROUNDS and len(rounds) + len(disturbed) < MOST_ROUNDS:
            cores = quiet_cores(1)
            # Every other round the loop goes first: a core that slows down slows what comes second.
            if (len(rounds) + len(disturbed)) % 2:
                loop, also_waited = of_loop(path, kernels, cores)
                ours, waited = of_tflint(path, kernels, cores)
            else:
                ours, waited = of_tflint(path, kernels, cores)
                loop, also_waited = of_loop(path, kernels, cores)
            tool = of_tool(path, cores, loop) if kernels is Kernels.XNNPACK else math.nan
            is_quiet = max(waited, also_waited) < NOISY_WAITING
            (rounds if is_quiet else disturbed).append((ours, loop, tool))
        counted = rounds or disturbed
        text = f"{name:<24} {kernels.value:<10}"
        text += f" {statistics.median(ours for ours, _, _ in counted):12.2f} us"
        text += f" {statistics.median(ours / loop for ours, loop, _ in counted):8.3f}"
        if kernels is Kernels.XNNPACK:
            text += f" {statistics.median(ours / tool for ours, _, tool in counted):8.3f}"
        else:
            text += " " * 9
        print(f"{text} {len(rounds):3} quiet, {len(disturbed)} disturbed", flush=True)


def main() -> None:
    """Measure and print."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"average latency, and its ratio to that of others (medians of rounds; load {load:.1f})")
    head = f"{'model':<24} {'kernels':<10} {'tflint bench':>15} {'by loop':>8} {'by tool':>8}"
    print(f"{head} rounds")
    if len(sys.argv) > 1:
        for argument in sys.argv[1:]:
            compare(Path(argument).name[:24], Path(argument))
        return
    models = {
        "one operator": tiny_model,
        "keyword spotter": keyword_model,
        "person detector": person_model,
        "large network": large_model,
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, build in models.items():
            path = Path(folder, "model.tflite")
            path.write_bytes(build())
            compare(name, path)


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    main()
