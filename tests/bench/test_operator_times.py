"""Rows get times, or a note that says why not; what fails costs one operator, not the others."""

from __future__ import annotations

import dataclasses
import gc
import importlib.util
import time
from typing import Any

import numpy as np
import pytest

from tests.bench import rigged_operator_worker as rigged
from tests.bench.test_operator_models import chain, loop, resource, stateful
from tests.model import sample_models
from tflint.bench import operator_times as subject
from tflint.bench import operator_worker
from tflint.bench.inputs import entry_of, timing_inputs
from tflint.bench.inventory import operators_of
from tflint.bench.latency import worker_request
from tflint.bench.operator_times import TimedOperators, timed_operators
from tflint.bench.options import BenchOptions, Kernels
from tflint.errors import HostFailed, ModelRefused
from tflint.execution.frames import Json
from tflint.lint.context import LintedModel
from tflint.model.builder import ModelBuilder
from tflint.model.schema import CallOnceOptions
from tflint.model.tables import Model, SignatureDef, TensorMap
from tflint.model.writer import write_model
from tflint.report.bench_result import OperatorRow, OperatorTotal, shares
from tflint.target.target import find_target

needs_litert = pytest.mark.skipif(
    importlib.util.find_spec("ai_edge_litert") is None, reason="needs LiteRT"
)
QUICK = BenchOptions(runs=20)


def rows_of(model: Model) -> tuple[OperatorRow, ...]:
    return operators_of(LintedModel(find_target("tflm"), model))


def timed(
    model: Model, options: BenchOptions = QUICK, said: list[str] | None = None
) -> TimedOperators:
    entry = entry_of(model, options.signature)
    say = (lambda text: None) if said is None else said.append
    return timed_operators(write_model(model), model, entry, rows_of(model), options, say)


def notes(found: TimedOperators) -> list[str]:
    return [row.note for row in found.rows]


@needs_litert
@pytest.mark.parametrize("kernels", list(Kernels))
@pytest.mark.parametrize(
    "model",
    [
        sample_models.float_model(),
        sample_models.int8_model(),
        sample_models.dynamic_range_model(),
        sample_models.float16_model(),
        stateful(),
    ],
    ids=["float", "int8", "dynamic", "float16", "svdf"],
)
def test_each_operator_has_a_time(model: Model, kernels: Kernels) -> None:
    found = timed(model, dataclasses.replace(QUICK, kernels=kernels))
    rows = rows_of(model)
    times = [row.us_avg for row in found.rows]
    assert all(us is not None and 0 <= us < 1e6 for us in times), notes(found)
    assert [dataclasses.replace(row, us_avg=None, note="") for row in found.rows] == list(rows)
    total = found.total
    assert total is not None
    assert total.us == pytest.approx(sum(us or 0 for us in times))
    assert (total.timed, total.operators) == (len(rows), len(rows))
    assert total.whole_us > 0
    assert total.call_us > 0


@needs_litert
def test_unpacked_constants_take_nothing_and_that_is_said() -> None:
    found = timed(sample_models.float16_model())
    unpackers = [row for row in found.rows if row.name == "DEQUANTIZE"]
    assert unpackers
    assert {(row.us_avg, row.note) for row in unpackers} == {
        (0.0, "unpacks constants, once before the second inference")
    }
    assert {row.note for row in found.rows if row.name != "DEQUANTIZE"} == {""}


@needs_litert
def test_a_loop_is_timed_as_one() -> None:
    found = timed(loop())
    first = [row for row in found.rows if row.subgraph == 0]
    assert [row.name for row in first] == ["RELU", "WHILE"]
    assert all(row.us_avg is not None for row in first), notes(found)
    within = [row for row in found.rows if row.subgraph in (2, 3)]
    assert len(within) == 3
    assert {(row.us_avg, row.note) for row in within} == {(None, "runs within WHILE (operator 1)")}
    assert found.total is not None
    assert (found.total.timed, found.total.operators) == (2, 2)


def two_ways() -> Model:
    """Signatures that lead to subgraphs of their own."""
    build = ModelBuilder()
    build.output(build.unary("RELU", build.input((1, 4))))
    other = build.subgraph("other")
    x = other.input((1, 16))
    y = other.unary("TANH", other.unary("ABS", x))
    other.output(y)
    signature = SignatureDef((TensorMap("x", x),), (TensorMap("y", y),), "other", 1)
    return dataclasses.replace(build.build(), signature_defs=(signature,))


@needs_litert
@pytest.mark.parametrize("kernels", list(Kernels))
def test_of_a_signature_its_subgraph_is_timed(kernels: Kernels) -> None:
    found = timed(two_ways(), dataclasses.replace(QUICK, signature="other", kernels=kernels))
    assert [row.us_avg is not None for row in found.rows] == [False, True, True]
    assert found.rows[0].note == "is not run by this way into the model"


@needs_litert
def test_resources_stay_within_their_network() -> None:
    build = ModelBuilder()
    x = build.input((1, 4))
    build.output(build.unary("TANH", x))
    once = build.subgraph("once")
    once.unary("ABS", once.constant((1,)))
    build.operator("CALL_ONCE", [], [], CallOnceOptions(init_subgraph_index=1))
    model = build.build()
    found = timed(model)
    assert found.rows[0].us_avg is not None
    assert found.rows[1].note == "not measured: it gives nothing"
    assert found.total is not None
    assert (found.total.timed, found.total.operators) == (1, 2)


@needs_litert
def test_what_cannot_run_alone_is_noted() -> None:
    # A variable that nothing has been assigned to: LiteRT does not run the network either.
    with pytest.raises(ModelRefused):
        timed(resource())


@needs_litert
def test_progress_is_told() -> None:
    said: list[str] = []
    timed(chain("RELU", "TANH"), said=said)
    assert said == ["operators: 1 of 2", "operators: 2 of 2"]


def answered(model: Model, kernels: Kernels, **changed: object) -> list[Json]:
    """What the worker answers, run in this process."""
    options = dataclasses.replace(QUICK, kernels=kernels)
    entry = entry_of(model, None)
    inputs = timing_inputs(model, entry, 0)
    request = {
        **worker_request(model, entry, options, inputs),
        "operators": list(range(len(model.subgraphs[0].operators))),
        "budget": 2.0,
        "most_seconds": 10.0,
        **changed,
    }
    arrays = [np.frombuffer(write_model(model), np.uint8), *inputs]
    try:
        return [head for head, _ in operator_worker.answer(request, arrays)]
    finally:
        gc.enable()


@needs_litert
def test_no_operator_is_begun_when_time_is_over() -> None:
    heads = answered(chain("RELU", "TANH"), Kernels.BUILTIN, most_seconds=0.0)
    assert [sorted(head) for head in heads] == [["call_ns", "whole_ns"]]


@needs_litert
def test_an_operator_that_the_delegate_takes_only_among_others_runs_on_its_own_kernel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def refusing(*arguments: Any) -> float:
        asked.append(arguments[3]["kernels"])
        if asked[-1] == "xnnpack":
            raise RuntimeError("failed to setup XNNPACK runtime")
        return 1500.0

    monkeypatch.setattr(operator_worker, "_timed", refusing)
    heads = answered(chain("TANH"), Kernels.XNNPACK)
    assert {"operator": 0, "ns": 1500.0, "is_own_kernel": True} in heads
    assert asked == ["xnnpack", "builtin"]
    row = subject._row(rows_of(chain("TANH"))[0], heads[2])
    assert (row.us_avg, row.note) == (1.5, "LiteRT's own kernel: XNNPACK does not take it alone")


@needs_litert
@pytest.mark.parametrize(("first", "copies"), [(1_000, 9), (100_000, 2)])
def test_what_the_copies_take_more_is_divided_by_them(
    first: int, copies: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All calls of the smaller model take 2 us and of the larger 18 us; the first one is as given.
    monkeypatch.setattr(operator_worker, "_time", lambda invoke: first)
    rounds = np.array([[2_000, 18_000], [2_000, 18_000], [9_000, 18_000]])
    monkeypatch.setattr(operator_worker, "_rounds", lambda *arguments: rounds)
    monkeypatch.setattr(operator_worker._Whole, "measure", lambda self: [50_000.0])
    heads = answered(chain("RELU", "TANH"), Kernels.BUILTIN, operators=[1])
    assert heads[2] == {"operator": 1, "ns": pytest.approx(16_000 / (copies - 1))}


@needs_litert
def test_what_takes_long_is_timed_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operator_worker, "_time", lambda invoke: 30_000_000)
    heads = answered(chain("RELU", "TANH"), Kernels.BUILTIN, operators=[1])
    assert heads[2] == {"operator": 1, "ns": 30_000_000.0}


def test_rounds_in_which_the_core_was_taken_away_do_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[int] = []
    monkeypatch.setattr(operator_worker, "interruptions", lambda: len(calls) // 2)

    def disturbs() -> None:
        calls.append(0)

    def times(invoke: Any) -> int:
        invoke()
        return len(calls)

    monkeypatch.setattr(operator_worker, "_time", times)
    # Every second call ends a count of interruptions.
    assert operator_worker._rounds([disturbs], 0, 0).tolist() == [[1], [3]]
    calls.clear()
    monkeypatch.setattr(operator_worker, "interruptions", lambda: len(calls))
    assert operator_worker._rounds([disturbs], 0, 0).tolist() == [[1], [2], [3]]


@needs_litert
def test_what_no_kernel_takes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(*arguments: Any) -> float:
        raise RuntimeError("no\nway")

    monkeypatch.setattr(operator_worker, "_timed", refusing)
    heads = answered(chain("TANH"), Kernels.XNNPACK)
    row = subject._row(rows_of(chain("TANH"))[0], heads[2])
    assert (row.us_avg, row.note) == (None, "not measured: alone, it does not run: no way")


def test_operators_without_a_head_say_that_time_was_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "_measure", lambda *arguments: subject._Measured())
    found = timed(chain("RELU", "TANH"))
    assert set(notes(found)) == {"not measured: no time was left to measure it: give more --runs"}
    assert found.total is None


def test_the_most_work_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def measure(*arguments: object) -> subject._Measured:
        asked.extend(arguments[3])  # type: ignore[call-overload]
        return subject._Measured()

    monkeypatch.setattr(subject, "_measure", measure)
    build = ModelBuilder()
    x = build.unary("RELU", build.input((1, 64)))
    y = build.fully_connected(x, units=64)
    build.output(build.unary("TANH", build.fully_connected(y, units=2)))
    timed(build.build())
    assert asked == [1, 2, 0, 3]


def rigged_run(monkeypatch: pytest.MonkeyPatch, task: int, steps: int = 3) -> TimedOperators:
    monkeypatch.setattr(subject, "_WORKER", "tests.bench.rigged_operator_worker")
    options = dataclasses.replace(QUICK, threads=task, seconds=2.0)
    return timed(chain(*["TANH"] * steps), options)


def test_a_crash_costs_one_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    found = rigged_run(monkeypatch, rigged.CRASHES_AT_1)
    assert [row.us_avg for row in found.rows] == [1.0, None, 3.0]
    assert found.rows[1].note == (
        "not measured: alone, it does not run: LiteRT failed: it crashed (SIGSEGV)"
    )
    assert found.total == OperatorTotal(4.0, 4.0, 2, 3, 0.5)
    assert found.total.ratio == pytest.approx(4.5 / 4)


def test_a_runtime_that_always_crashes_is_not_asked_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(subject, "_MOST_CRASHES", 2)
    found = rigged_run(monkeypatch, rigged.CRASHES_ALWAYS, steps=6)
    said = [note.removeprefix("not measured: ") for note in notes(found)]
    assert said == [
        *["alone, it does not run: LiteRT failed: it crashed (SIGSEGV)"] * 3,
        *["LiteRT crashed on too many others"] * 3,
    ]
    assert found.total is None


def test_one_that_hangs_ends_it_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    start = time.monotonic()
    found = rigged_run(monkeypatch, rigged.HANGS)
    assert time.monotonic() - start < 30
    assert all("it was ended after 2 seconds" in note for note in notes(found))
    assert found.total is None


def test_nonsense_is_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    found = rigged_run(monkeypatch, rigged.NONSENSE)
    assert [row.us_avg for row in found.rows] == [None] * 3
    assert found.total is None


def test_a_fault_between_operators_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    found = rigged_run(monkeypatch, rigged.DIES_AT_THE_END)
    assert [row.us_avg for row in found.rows] == [1.0, None, None]
    assert found.rows[2].note == "not measured: LiteRT failed: it crashed (SIGSEGV)"


def test_a_refusal_of_the_network_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelRefused) as caught:
        rigged_run(monkeypatch, rigged.REFUSES)
    assert "\x1b" not in str(caught.value)


def test_a_crash_before_the_first_operator_is_the_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HostFailed, match="before the first operator"):
        rigged_run(monkeypatch, rigged.DIES_AT_ONCE)


def test_shares_are_parts_of_what_was_timed() -> None:
    from tflint.report.bench_result import BenchedModel

    row = rows_of(chain("TANH"))[0]
    rows = [dataclasses.replace(row, us_avg=us) for us in (3.0, None, 1.0)]
    assert shares(BenchedModel("m", 1, operators=tuple(rows))) == (0.75, None, 0.25)
    none = dataclasses.replace(row, us_avg=0.0)
    assert shares(BenchedModel("m", 1, operators=(none,))) == (None,)
