"""How often `tflint bench --compare` tells a model from itself, which it never should.

    python -m benchmarks.bench_comparison [MODELS]... [--times N]

Each model is compared with itself N times. Printed are how often it is said to be faster or slower
(false alarms), how often 1 lies outside the interval (which is to hold in 95 % of all cases), and
how wide the interval is. Beside it stands how often 1 would lie outside if the blocks of a single
load were taken for measurements. The models are built here unless others are given. Judges nothing.
Run with `make bench`.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.check_speed import keyword_model
from tflint.bench import in_turns
from tflint.bench.cores import quiet_cores
from tflint.bench.in_turns import Candidate, timed_in_turns
from tflint.bench.inputs import entry_of, timing_inputs
from tflint.bench.options import BenchOptions
from tflint.bench.signed_rank import signed_rank_interval
from tflint.execution.frames import Array
from tflint.model.builder import ModelBuilder
from tflint.model.reader import parse_model
from tflint.model.writer import write_model
from tflint.report.bench_compare_result import Ratio, Verdict


def dense_model() -> bytes:
    """One operator: half a microsecond."""
    model = ModelBuilder()
    model.output(model.fully_connected(model.input((1, 64)), units=32))
    return write_model(model.build())


def candidate(data: bytes) -> Candidate:
    """The model with inputs that are made up."""
    model = parse_model(data)
    entry = entry_of(model, None)
    return Candidate(data, model, entry, timing_inputs(model, entry, 0))


def measured(data: bytes, options: BenchOptions) -> tuple[Ratio | None, bool]:
    """The ratio, and what the first load alone would say: whether 1 is outside."""
    seen: list[tuple[Array, Array]] = []
    latency_ratio = in_turns.latency_ratio

    def heard(loads: Sequence[tuple[Array, Array]], runs: tuple[int, int]) -> Ratio | None:
        seen.extend(loads)
        return latency_ratio(loads, runs)

    in_turns.latency_ratio = heard
    try:
        found = timed_in_turns(candidate(data), candidate(data), options)
    finally:
        in_turns.latency_ratio = latency_ratio
    if not seen:
        return None, False
    # Each block of B with the block of A beside it, all of one load.
    before, after = seen[0]
    interval = signed_rank_interval(list((np.log(after) - np.log(before)).reshape(-1)))
    if interval is None:
        return found.latency, False
    missed = not interval.low <= 0 <= interval.high
    return found.latency, missed


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--times", type=int, default=40)
    arguments = parser.parse_args()
    models = {path.name: path.read_bytes() for path in arguments.models}
    models = models or {"dense": dense_model(), "keyword": write_model(keyword_model())}
    options = BenchOptions(cores=quiet_cores(1))
    print(f"{'':32}{'us':>9}{'alarms':>8}{'outside':>9}{'width':>8}{'one load: outside':>20}")
    for name, data in models.items():
        found = [measured(data, options) for _ in range(arguments.times)]
        ratios = [ratio for ratio, _ in found if ratio is not None]
        if not ratios:
            print(f"{name:32} could not be measured")
            continue
        alarms = sum(one.verdict in (Verdict.FASTER, Verdict.SLOWER) for one in ratios)
        outside = sum(not one.low <= 1 <= one.high for one in ratios)
        width = statistics.median(one.high / one.low - 1 for one in ratios)
        alone = sum(missed for _, missed in found)
        us = statistics.median(one.before_us for one in ratios)
        count = len(ratios)
        print(
            f"{name:32}{us:9.2f}{alarms / count:8.1%}{outside / count:9.1%}{width:8.2%}"
            f"{alone / count:20.1%}",
            flush=True,
        )


if __name__ == "__main__":
    main()
