"""How what `tflint bench` times for each operator adds up to the whole inference.

    python -m benchmarks.operator_times [MODELS]...

Each operator is timed alone (`tflint.bench.operator_times`); the sum, with what calling the
interpreter takes, should be the time of the whole network. It is where kernels run one operator
after the other; XNNPACK fuses some. `apart` holds each operator against another way to time it:
the network cut off behind it, less the network cut off before it; printed is the sum of the
differences as a part of the whole. A delegate would leave out what is cut off, so it has none. The
batch-normalised network is here for operators that write over their inputs, which int8 ADD takes
several times as long for. The models are built here unless others are given. Judges nothing. Run
with `make bench`.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.bench_overhead import large_model, tiny_model
from benchmarks.check_speed import keyword_model
from benchmarks.fix_speed import person_model
from tflint.bench import session
from tflint.bench.cores import quiet_cores
from tflint.bench.inputs import entry_of, timing_inputs
from tflint.bench.inventory import operators_of
from tflint.bench.latency import worker_request
from tflint.bench.operator_times import timed_operators
from tflint.bench.options import BenchOptions, Kernels
from tflint.bench.stopwatch import Invocable, bare
from tflint.lint.context import LintedModel
from tflint.model.builder import ModelBuilder
from tflint.model.reader import parse_model
from tflint.model.schema import AddOptions, MulOptions, TensorType
from tflint.model.writer import write_model
from tflint.target.target import find_target

# How long networks that are cut off are timed, all together.
PREFIX_SECONDS = 5.0


def normalised_model() -> bytes:
    """An int8 network with batch normalisations that were not folded: MUL and ADD by channel."""
    model = ModelBuilder()
    x = model.input((1, 24, 24, 8), TensorType.INT8)
    for _ in range(3):
        x = model.conv_2d(x, filters=8, kernel=3)
        for name, options in (("MUL", MulOptions()), ("ADD", AddOptions())):
            by_channel = model.constant((8,), TensorType.INT8)
            y = model.tensor(model.shape(x), TensorType.INT8)
            model.operator(name, [x, by_channel], [y], options)
            x = y
    model.output(model.fully_connected(model.flatten(x), units=4))
    return write_model(model.build())


MODELS = {
    "one operator": tiny_model,
    "batch-normalised": normalised_model,
    "keyword spotter": keyword_model,
    "person detector": person_model,
    "large network": large_model,
}


def by_prefix(data: bytes, options: BenchOptions) -> list[float]:
    """Microseconds of each operator of the first subgraph, by the networks that end with it."""
    model = parse_model(data)
    entry = entry_of(model, None)
    inputs = timing_inputs(model, entry, options.seed)
    request = worker_request(model, entry, options, inputs)
    graph = model.subgraphs[0]
    ready: list[Invocable] = []
    for end in range(len(graph.operators) + 1):
        # Outputs that nothing writes stay outputs, so that memory is shared as in the network.
        cut_off = dataclasses.replace(graph, operators=graph.operators[:end])
        graphs = (cut_off, *model.subgraphs[1:])
        part = dataclasses.replace(model, subgraphs=graphs, signature_defs=())
        timed = session.lay_out(session.interpreter(write_model(part), request), request)
        session.fill(timed, request, inputs)
        timed.invoke()
        ready.append(timed)
    rounds: list[list[int]] = []
    deadline = time.monotonic() + PREFIX_SECONDS
    while len(rounds) < 5 or (len(rounds) < options.runs and time.monotonic() < deadline):
        rounds.append([bare(timed, 1) for timed in ready])
    typical = np.quantile(np.array(rounds), 0.25, axis=0) / 1000
    return [float(us) for us in np.diff(typical)]


def measure(name: str, data: bytes) -> None:
    """Time the operators of a model with each kind of kernels, and print a line for each."""
    model = parse_model(data)
    rows = operators_of(LintedModel(find_target("tflm"), model))
    for kernels in Kernels:
        options = BenchOptions(kernels=kernels, cores=quiet_cores(1))
        start = time.perf_counter()
        found = timed_operators(data, model, entry_of(model, None), rows, options)
        total = found.total
        seconds = time.perf_counter() - start
        if total is None:
            print(f"{name:<24} {kernels.value:<10} not timed")
            continue
        apart = "-"
        if kernels is not Kernels.XNNPACK:
            pairs = zip(found.rows, by_prefix(data, options), strict=False)
            moved = sum(abs(row.us_avg - us) for row, us in pairs if row.us_avg is not None)
            apart = f"{moved / total.whole_us:.3f}"
        print(
            f"{name:<24} {kernels.value:<10} {total.timed:>5,} of {total.operators:<5,}"
            f" {total.us:>10,.1f} {total.call_us:>6.2f} {total.whole_us:>10,.1f}"
            f" {total.ratio:>7.3f} {apart:>7} {seconds:>8.1f} s"
        )


def main() -> None:
    """Measure and print."""
    print(
        f"{'model':<24} {'kernels':<10} {'timed':>14} {'sum us':>10} {'call':>6} {'whole us':>10}"
        f" {'ratio':>7} {'apart':>7} {'taken':>10}"
    )
    given = {Path(path).name[:24]: Path(path).read_bytes for path in sys.argv[1:]}
    for name, build in (given or MODELS).items():
        measure(name, build())


if __name__ == "__main__":
    main()
