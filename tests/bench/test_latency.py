"""Times are told as the worker found them; whatever takes it down is a failure of that model."""

from __future__ import annotations

import dataclasses
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.bench.rigged_worker import TASKS
from tflint.bench import latency as subject
from tflint.bench.inputs import entry_of
from tflint.bench.latency import MOST_KEPT, Timing, measure_latency
from tflint.bench.options import BenchOptions
from tflint.bench.run import benched
from tflint.errors import HostFailed, ModelRefused
from tflint.model.builder import ModelBuilder
from tflint.model.writer import write_model
from tflint.report.bench_result import Failure
from tflint.target.target import find_target

BASE = BenchOptions(runs=100, operators=False)
posix = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX'")


def small_model() -> bytes:
    model = ModelBuilder()
    model.output(model.fully_connected(model.input((1, 4)), units=4))
    return write_model(model.build())


@pytest.fixture(autouse=True)
def _rigged(monkeypatch: pytest.MonkeyPatch) -> None:
    ask = subject.worker_request

    def asked(model: Any, entry: Any, options: BenchOptions, inputs: Any) -> dict[str, Any]:
        asked = ask(model, entry, options, inputs)
        return {**asked, "seed": options.seed, "file": options.signature}

    monkeypatch.setattr(subject, "_WORKER", "tests.bench.rigged_worker")
    monkeypatch.setattr(subject, "worker_request", asked)


def timed(task: str, options: BenchOptions = BASE) -> Timing:
    from tflint.model.reader import parse_model

    data = small_model()
    model = parse_model(data)
    options = dataclasses.replace(options, seed=TASKS.index(task))
    return measure_latency(data, model, entry_of(model, None), options)


def test_times_are_microseconds_without_what_the_clock_costs() -> None:
    found = timed("good")

    latency = found.latency
    assert (latency.init, latency.first) == (300.0, 20.0)
    assert latency.avg == latency.p50 == latency.p95 == latency.least == latency.most == 5.0
    assert (latency.warmup_avg, latency.deviation) == (5.0, 0.0)
    assert (latency.runs, latency.warmup_runs) == (100, 20)
    assert latency.each == (5.0,) * 100
    assert (found.noise.spread, found.noise.is_noisy, found.notes) == (0.0, False, ())


def test_of_many_runs_some_are_kept_one_by_one() -> None:
    latency = timed("good", dataclasses.replace(BASE, runs=100_000)).latency

    assert latency.runs == 100_000
    assert MOST_KEPT / 2 < len(latency.each) <= MOST_KEPT


def test_fewer_runs_than_asked_for_are_told() -> None:
    found = timed("slow")

    assert found.latency.runs == 3
    assert found.latency.warmup_avg is None
    assert found.notes == ("3 of 100 runs: no more fit into the 60 s that runs may take",)


def test_a_busy_machine_is_told() -> None:
    found = timed("busy")

    assert found.noise.is_noisy
    assert (found.noise.waiting, found.noise.interruptions) == (0.38, 12)
    assert any(note.startswith("other programs took the core for 38 %") for note in found.notes)


def test_a_busy_machine_is_tried_again(tmp_path: Path) -> None:
    """The quietest of some counts; those that take long are not done again."""
    first = timed("busy").notes
    assert first[-1] == ("measured 3 times, as other programs took the core: the quietest counts")

    found = timed("busy once", dataclasses.replace(BASE, signature=str(tmp_path / "been here")))

    assert found.noise.waiting == 0.0
    assert found.notes == (first[-1].replace("3 times", "2 times"),)


def test_waiting_says_nothing_where_threads_wait_for_each_other() -> None:
    found = timed("busy", dataclasses.replace(BASE, threads=2))

    assert found.noise.waiting is None
    assert found.notes == ()


def test_an_average_that_few_runs_make_is_told() -> None:
    found = timed("skewed")

    assert found.noise.outliers == 5
    assert found.latency.avg == pytest.approx(14.75)
    assert "5 runs of 100 took far longer than the others" in " ".join(found.notes)


def test_what_halted_it_is_told() -> None:
    assert "quota was used up 2 times" in " ".join(timed("throttled").notes)
    moved = timed("moved", dataclasses.replace(BASE, cores=(1,)))
    assert "could not be kept to its cores" in " ".join(moved.notes)


@posix
def test_a_crash_is_told_with_where_it_was() -> None:
    with pytest.raises(HostFailed, match=r"^LiteRT failed in the first inference: it crashed"):
        timed("crash")


def test_a_worker_that_hangs_is_ended() -> None:
    started = time.monotonic()

    with pytest.raises(HostFailed, match=r"in the first inference: it was ended after 2 seconds"):
        timed("hang", dataclasses.replace(BASE, seconds=2.0))
    assert time.monotonic() - started < 10  # seconds


@pytest.mark.parametrize(
    ("task", "text"),
    [
        ("exit", r"it ended with 3 \(farewell\)$"),
        ("leave early", "it ended early$"),
        ("memory", "it has no memory left$"),
        ("other stage", "it ended early$"),
    ],
)
def test_a_worker_that_ends_is_told(task: str, text: str) -> None:
    with pytest.raises(HostFailed, match=text):
        timed(task)


@pytest.mark.parametrize(
    "task", ["no arrays", "words", "not a number", "negative", "nothing", "list"]
)
def test_nonsense_is_no_measurement(task: str) -> None:
    with pytest.raises(HostFailed, match="makes no sense"):
        timed(task)


@posix
def test_what_one_model_does_harms_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows of all, in order, with what became of each."""
    tasks = ["good", "crash", "hang", "nothing", "exit", "good"]
    for number, _ in enumerate(tasks):
        (tmp_path / f"{number}.tflite").write_bytes(small_model())
    measure = subject.measure_latency
    left = iter(tasks)

    def next_task(data: bytes, model: Any, entry: Any, options: BenchOptions, *rest: Any) -> Timing:
        options = dataclasses.replace(options, seed=TASKS.index(next(left)))
        return measure(data, model, entry, options, *rest)

    monkeypatch.setattr("tflint.bench.run.measure_latency", next_task)
    paths = [(path, path.name) for path in sorted(tmp_path.iterdir())]
    options = dataclasses.replace(BASE, seconds=2.0)

    rows = list(benched(paths, lambda path: find_target("tflm"), options, lambda text: None))

    assert [row.latency is not None for row in rows] == [task == "good" for task in tasks]
    assert [len(row.failures) for row in rows] == [int(task != "good") for task in tasks]
    assert all(row.failures[0].part == "latency" for row in rows if row.failures)
    assert all(row.weights is not None for row in rows)


@pytest.mark.parametrize(
    ("exception", "text"),
    [(ModelRefused("no"), "no"), (HostFailed("gone\x1b[31m"), "gone\\x1b[31m")],
)
def test_failures_are_shown_as_plain_text(
    exception: Exception, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> Timing:
        raise exception

    monkeypatch.setattr("tflint.bench.run.measure_latency", fail)
    path = tmp_path / "m.tflite"
    path.write_bytes(small_model())

    (row,) = benched([(path, "m")], lambda path: find_target("tflm"), BASE, lambda text: None)

    assert row.failures == (Failure("latency", text),)


def test_shapes_are_given_where_they_differ_from_the_file() -> None:
    from tflint.model.reader import parse_model

    model = parse_model(small_model())
    entry = entry_of(model, None)

    same = subject.worker_request(model, entry, BASE, [np.zeros((1, 4), np.float32)])
    other = subject.worker_request(model, entry, BASE, [np.zeros((5, 4), np.float32)])

    assert (same["tensors"], same["resized"]) == ([0], [])
    assert other["resized"] == [[0, [5, 4]]]
