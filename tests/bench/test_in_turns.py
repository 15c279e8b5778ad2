"""Two models in turns: whether the interval holds what it says, and what may go wrong."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections import Counter
from typing import Any

import numpy as np
import pytest

from tests.bench import rigged_comparison as rigged
from tflint.bench import in_turns
from tflint.bench.comparison_plan import MOST_LOADS, PROCESSES, ROUNDS, loading_order, order
from tflint.bench.in_turns import Candidate, latency_ratio, single_ratio, timed_in_turns
from tflint.bench.inputs import entry_of, timing_inputs
from tflint.bench.options import BenchOptions
from tflint.model.builder import ModelBuilder
from tflint.model.reader import parse_model
from tflint.model.writer import write_model
from tflint.report.bench_compare_result import Ratio, Verdict

LITERT = importlib.util.find_spec("ai_edge_litert") is not None
needs_litert = pytest.mark.skipif(not LITERT, reason="needs LiteRT (the extra `report`)")

# What machines do to times, as logarithms: of single blocks, of what a load is worth (with heavy
# tails, as measured), a clock that is turned down steadily or in steps, what comes and goes
# within some blocks, blocks that something else disturbed, and what a model's place is worth.
MACHINES: dict[str, dict[str, float]] = {
    "quiet": {},
    "grows slower": {"drift": 0.3},
    "disturbed": {"disturbed": 0.05},
    "wanders": {"wander": 0.02},
    "jumps": {"jumps": 3},
    "prefers the first": {"place": 0.01},
    "all at once": {
        "drift": 0.2,
        "disturbed": 0.05,
        "wander": 0.01,
        "place": 0.003,
        "jumps": 1,
    },
}
SIMULATIONS = 300


# Which model each block runs: (processes, loads, rounds, blocks), in the order of time.
WHICH = np.array([[[order(load)] * ROUNDS for load in range(MOST_LOADS)] for _ in range(PROCESSES)])


def simulated(
    rng: np.random.Generator,
    true: float,
    *,
    drift: float = 0.0,
    disturbed: float = 0.0,
    wander: float = 0.0,
    jumps: float = 0,
    place: float = 0.0,
) -> Ratio:
    """A measurement of two models whose ratio is known, in the order in which blocks run."""
    shape, count = WHICH.shape, WHICH.size
    moment = np.arange(count)
    memory = 0.95 ** np.arange(100)
    logs = np.convolve(wander * rng.standard_normal(count), memory)[:count]
    logs += drift * moment / count + 0.003 * rng.standard_normal(count)
    logs += 0.3 * (rng.integers(0, count, int(jumps))[:, None] < moment).sum(axis=0)
    logs += np.where(rng.random(count) < disturbed, rng.exponential(size=count), 0)
    worth = 0.006 * rng.standard_t(3, (*shape[:2], 2)) + [0, place]
    logs = logs.reshape(shape)
    logs += np.where(WHICH == 0, worth[:, :, None, None, 0], worth[:, :, None, None, 1])
    model = WHICH ^ (np.arange(PROCESSES) % 2)[:, None, None, None]
    times = np.exp(logs) * np.where(model == 1, true, 1)
    found = latency_ratio(
        [
            (
                times[i, j][model[i, j] == 0].reshape(-1, 2),
                times[i, j][model[i, j] == 1].reshape(-1, 2),
            )
            for i in range(PROCESSES)
            for j in range(MOST_LOADS)
        ],
        (1, 1),
    )
    assert found is not None
    return found


@pytest.mark.parametrize("machine", MACHINES)
def test_the_interval_holds_the_true_ratio_as_often_as_it_says(machine: str) -> None:
    rng = np.random.default_rng(3)
    found = [simulated(rng, 1.0, **MACHINES[machine]) for _ in range(SIMULATIONS)]
    covered = sum(one.low <= 1 <= one.high for one in found) / SIMULATIONS
    told = Counter(one.verdict for one in found)

    # 95 % of them; the standard deviation of that is 1.3 %.
    assert covered >= 0.915
    # And it is of use: of a few percent, not as wide as the jumps of the machine.
    assert np.median([one.high / one.low for one in found]) < 1.025
    # A model is hardly ever said to differ from itself.
    assert told[Verdict.FASTER] + told[Verdict.SLOWER] <= 0.01 * SIMULATIONS


@pytest.mark.parametrize("true", [1.05, 0.8])
def test_a_difference_is_found(true: float) -> None:
    rng = np.random.default_rng(4)
    found = [simulated(rng, true, **MACHINES["all at once"]) for _ in range(50)]

    told = Verdict.SLOWER if true > 1 else Verdict.FASTER
    assert all(one.verdict is told for one in found)
    assert np.median([one.ratio for one in found]) == pytest.approx(true, rel=0.003)


def test_loads_that_are_taken_for_measurements_of_their_own_would_mislead() -> None:
    """Why a load counts once: blocks of one load are alike, and there are many of them."""
    rng = np.random.default_rng(2)
    missed = 0
    for _ in range(100):
        worth = 0.006 * rng.standard_t(3, (2, 1, 1))
        blocks = np.exp(worth + 0.003 * rng.standard_normal((2, 24, 2)))
        found = latency_ratio([(a[None], b[None]) for a, b in zip(*blocks, strict=True)], (1, 1))
        assert found is not None
        missed += not found.low <= 1 <= found.high

    assert missed > 50


def test_times_have_the_ratio_that_is_told() -> None:
    found = simulated(np.random.default_rng(5), 1.24, disturbed=0.05)

    assert found.after_us / found.before_us == pytest.approx(found.ratio)
    assert found.before_us == pytest.approx(0.001, rel=0.05)


def test_what_is_loaded_first_is_no_slower_for_that() -> None:
    rng = np.random.default_rng(6)
    loads = []
    for load in range(24):
        times = np.exp(0.1 * rng.standard_normal(2)) * 200_000
        times[loading_order(load)[0]] *= 2
        loads.append((float(times[0]), float(times[1]) * 1.5))
    found = single_ratio(loads)

    assert found is not None
    assert found.low <= 1.5 <= found.high
    assert found.high / found.low < 1.4
    assert found.loads == 24


@pytest.mark.parametrize("count", [0, 5])
def test_too_few_loads_have_no_ratio(count: int) -> None:
    blocks = np.ones((3, 2))

    assert latency_ratio([(blocks, blocks)] * count, (1, 1)) is None
    assert single_ratio([(1.0, 1.0)] * count) is None


def ratio(low: float, middle: float, high: float) -> Ratio:
    return Ratio(middle, low, high, 1.0, middle, 24, (1, 1))


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [
        ((0.76, 0.77, 0.78), Verdict.FASTER),
        ((1.21, 1.24, 1.27), Verdict.SLOWER),
        ((0.998, 1.0, 1.002), Verdict.SAME),
        ((1.002, 1.004, 1.006), Verdict.SAME),
        ((0.995, 1.01, 1.03), Verdict.UNDECIDED),
        ((0.6, 0.95, 1.4), Verdict.UNDECIDED),
        ((1.001, 1.008, 1.02), Verdict.UNDECIDED),
        ((0.98, 0.992, 0.999), Verdict.UNDECIDED),
        ((1.001, 1.011, 1.02), Verdict.SLOWER),
        ((0.98, 0.985, 0.99), Verdict.FASTER),
    ],
)
def test_a_verdict_needs_a_difference_that_counts(
    interval: tuple[float, float, float], verdict: Verdict
) -> None:
    assert ratio(*interval).verdict is verdict
    mirrored = {Verdict.FASTER: Verdict.SLOWER, Verdict.SLOWER: Verdict.FASTER}
    low, middle, high = interval
    other = ratio(1 / high, 1 / middle, 1 / low).verdict
    assert other is mirrored.get(verdict, verdict)


def dense(units: int, width: int = 16) -> bytes:
    model = ModelBuilder()
    x = model.fully_connected(model.input((1, width), name="x"), units)
    model.output(model.fully_connected(x, 4))
    return write_model(model.build())


def candidate(data: bytes, value: float | None = None) -> Candidate:
    model = parse_model(data)
    entry = entry_of(model, None)
    inputs: list[Any] = list(timing_inputs(model, entry, 0))
    if value is not None:
        inputs[0] = np.full_like(inputs[0], value)
    return Candidate(data, model, entry, inputs)


@needs_litert
def test_a_larger_model_is_slower_and_each_gets_its_own_inputs() -> None:
    small, large = candidate(dense(16, 8)), candidate(dense(4096, 512))
    found = timed_in_turns(small, large, BenchOptions(runs=20))

    assert found.failure is None
    assert found.latency is not None
    assert found.latency.verdict is Verdict.SLOWER
    assert found.latency.low > 3
    assert found.latency.loads == PROCESSES * MOST_LOADS
    assert min(found.latency.runs) >= 20
    assert found.init is not None
    assert found.first is not None


@needs_litert
def test_a_model_is_about_as_fast_as_itself() -> None:
    found = timed_in_turns(candidate(dense(512)), candidate(dense(512)), BenchOptions(runs=20))

    assert found.failure is None
    assert found.latency is not None
    # Machines that run tests are busy: it is the simulations that say how exact it is.
    assert 0.8 < found.latency.low <= found.latency.high < 1.25


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_turns, "_WORKER", rigged.__name__)


@pytest.mark.usefixtures("rig")
@pytest.mark.parametrize(
    ("end", "text"),
    [
        (rigged.CRASH_IN_TRIAL, "LiteRT failed while it tried {}: it crashed (SIGSEGV)"),
        (rigged.REFUSE, "{}: LiteRT does not run it: not; today"),
        (rigged.NO_MEMORY, "{}: LiteRT failed: it has no memory left"),
    ],
)
@pytest.mark.parametrize("which", [0, 1])
def test_it_is_told_which_of_the_two_does_not_run(end: int, text: str, which: int) -> None:
    pair = [candidate(dense(16), end if place == which else 0) for place in (0, 1)]
    found = timed_in_turns(pair[0], pair[1], BenchOptions())

    assert found.latency is None
    assert found.failure is not None
    assert found.failure.startswith(text.format("AB"[which]))


@pytest.mark.usefixtures("rig")
def test_a_model_that_hangs_is_ended() -> None:
    options = dataclasses.replace(BenchOptions(), seconds=1.5)
    found = timed_in_turns(
        candidate(dense(16)), candidate(dense(16), rigged.HANG_IN_TRIAL), options
    )

    assert found.latency is None
    assert found.failure == "LiteRT failed while it tried B: it was ended after 1.5 seconds"


@pytest.mark.usefixtures("rig")
def test_a_crash_in_the_runs_leaves_what_was_measured_before() -> None:
    found = timed_in_turns(
        candidate(dense(16)), candidate(dense(16), rigged.CRASH_LATER), BenchOptions()
    )

    assert found.failure is not None
    assert found.failure.startswith("LiteRT failed in the runs: it crashed (SIGSEGV)")
    # Three loads are too few.
    assert found.latency is None


@pytest.mark.usefixtures("rig")
def test_every_other_process_has_the_two_exchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    run_worker = in_turns.run_worker

    def heard(module: str, request: Any, arrays: Any, limits: Any) -> Any:
        asked.append((request["seed"], arrays[0].tobytes(), arrays[1].tobytes()))
        return run_worker(module, request, arrays, limits)

    monkeypatch.setattr(in_turns, "run_worker", heard)
    a, b = dense(16), dense(32)
    found = timed_in_turns(candidate(a, 0), candidate(b, 0), BenchOptions(seed=5))

    assert asked == [(5, a, b), (6, b, a), (7, a, b), (8, b, a)]
    assert found.failure is None
    assert found.latency is not None
    assert found.latency.ratio == 1
    assert found.latency.runs == (30 * 24, 30 * 24)
