"""How long each operator takes.

LiteRT's interpreter has no profiler for Python, and a delegate hides the operators that it takes
over, so they are timed from outside. Each is cut out of the network (`operator_models`), with the
values that its inputs have in a real inference, and stands in two models: once, and a few times
more. What the second takes longer, by the number of copies, is the operator without the cost of
calling the interpreter. Both run in turns, so that what disturbs the machine disturbs both, and the
lower quartiles of both are what counts: `us_avg` is what a run takes that nothing disturbs.

The other way, to time the network up to each operator and subtract, would see operators as they
are fused with their neighbours, but each figure would be a small difference of large ones: the
noise of the whole inference, which is more than most operators take. What this way leaves out is
therefore reported: the sum of the operators, and of calling the interpreter, beside the whole
inference (`OperatorTotal`). They differ where a delegate fuses neighbours, and where inputs and
weights of a network are not in the nearest cache.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from tflint.bench.inputs import timing_inputs
from tflint.bench.latency import worker_request
from tflint.bench.operator_models import Network
from tflint.bench.options import DEFAULT_RUNS, BenchOptions
from tflint.bench.refusals import failure_of, refusal_of
from tflint.execution.frames import Json
from tflint.execution.process import Ended, Limits, run_worker
from tflint.fix.proof.interface import Entry
from tflint.model.graph import called_subgraphs
from tflint.model.tables import Model
from tflint.printable import printable
from tflint.report.bench_result import OperatorRow, OperatorTotal

_WORKER = "tflint.bench.operator_worker"
# What the operators of one network may take: with the default number of runs, for each of them
# to make its models, and at most.
_SECONDS, _SECONDS_EACH, _MOST_SECONDS = 2.0, 0.01, 10.0
# The part of the worker's time that may go into operators; the rest is for loading the network.
_SHARE = 0.8
# A runtime that crashes on more operators than these is not asked for the others.
_MOST_CRASHES = 8
_MAX_NOTE = 200

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TimedOperators:
    """The rows with times, or notes why they have none; `total` is None where none has."""

    rows: tuple[OperatorRow, ...]
    total: OperatorTotal | None


def timed_operators(
    data: bytes,
    model: Model,
    entry: Entry,
    rows: tuple[OperatorRow, ...],
    options: BenchOptions,
    say: Say = lambda text: None,
) -> TimedOperators:
    """Time each operator of the subgraph that `entry` leads to, the ones with most work first.

    Raises `ModelRefused` where LiteRT does not run the network with its activations kept,
    `HostFailed` where that crashed.
    """
    within, network = _within(model), Network(model, entry.subgraph)
    told = {}
    wanted = []
    for place, row in enumerate(rows):
        if row.subgraph == entry.subgraph and network.unpacks_constant(row.index):
            told[place] = dataclasses.replace(row, us_avg=0.0, note=_ONCE)
        elif row.subgraph == entry.subgraph:
            wanted.append(place)
        else:
            told[place] = dataclasses.replace(row, note=within.get(row.subgraph, _NOT_RUN))
    wanted.sort(key=lambda place: (-_work(rows[place]), place))
    found = _measure(data, model, entry, [rows[place].index for place in wanted], options, say)
    for place in wanted:
        told[place] = _row(rows[place], found.heads.get(rows[place].index, {}))
    times = [row.us_avg for row in told.values() if row.us_avg is not None]
    total = None
    operators = sum(row.subgraph == entry.subgraph for row in rows)
    if times and found.whole:
        whole, call = (_typical(ns) / 1000 for ns in (found.whole, found.call))
        total = OperatorTotal(sum(times), whole, len(times), operators, call)
    return TimedOperators(tuple(told[place] for place in range(len(rows))), total)


_ONCE = "unpacks constants, once before the second inference"
_OWN_KERNEL = "LiteRT's own kernel: XNNPACK does not take it alone"
_NOT_RUN = "is not run by this way into the model"
_TOO_MANY = "LiteRT crashed on too many others"
_NO_TIME = "no time was left to measure it: give more --runs"


@dataclass(slots=True)
class _Measured:
    """What came of operators, by their number, and nanoseconds of the whole network and of a call
    of the interpreter.
    """

    heads: dict[int, Json] = field(default_factory=dict)
    whole: list[float] = field(default_factory=list)
    call: list[float] = field(default_factory=list)


def _measure(
    data: bytes,
    model: Model,
    entry: Entry,
    operators: Sequence[int],
    options: BenchOptions,
    say: Say,
) -> _Measured:
    """Let workers measure; what takes one down costs the time of one operator only."""
    found = _Measured()
    inputs = timing_inputs(model, entry, options.seed)
    arrays = [np.frombuffer(data, np.uint8), *inputs]
    seconds = _SECONDS * options.runs / DEFAULT_RUNS

    def budget(count: int) -> float:
        making = min(_SECONDS_EACH * count, _MOST_SECONDS - _SECONDS)
        return seconds * count / max(len(operators), 1) + making

    def hear(head: Json) -> None:
        if "begun" in head:
            say(f"operators: {len(found.heads) + 1:,} of {len(operators):,}")
        elif "operator" in head:
            found.heads[int(head["operator"])] = head

    left = list(operators)
    for _ in range(_MOST_CRASHES + 1):
        request = {
            **worker_request(model, entry, options, inputs),
            "operators": left,
            "budget": budget(len(left)),
            "most_seconds": options.seconds * _SHARE,
        }
        limits = Limits(options.seconds, options.memory_bytes)
        ended = run_worker(_WORKER, request, arrays, limits, hear)
        for head, _ in ended.frames:
            found.whole += _numbers(head.get("whole_ns"))
            found.call += _numbers(head.get("call_ns"))
        crashed = _crashed(ended, found, model)
        if crashed is not None:
            found.heads[crashed] = {"refused": str(failure_of(ended))}
        left = [operator for operator in left if operator not in found.heads]
        if crashed is None or ended.is_time_out or not left:
            if ended.fault is not None:
                found.heads |= {one: {"not_cut": str(failure_of(ended))} for one in left}
            return found
    found.heads |= {one: {"not_cut": _TOO_MANY} for one in left}
    return found


def _crashed(ended: Ended, found: _Measured, model: Model) -> int | None:
    """The operator that took the worker down, if one did.

    Raises `ModelRefused` and `HostFailed` where it did not get to operators.
    """
    last = ended.frames[-1][0] if ended.frames else {}
    if "refused" in last and "operator" not in last:
        raise refusal_of(model, str(last["refused"]))
    if "begun" in last:
        return int(last["begun"])
    if ended.fault is not None and not found.heads:
        raise failure_of(ended, "before the first operator")
    return None


def _typical(ns: list[float]) -> float:
    """The lower quartile, as that of operators is."""
    return float(np.quantile(ns, 0.25)) if ns else 0.0


def _finite(number: object) -> float | None:
    """A number that a worker sent; None for anything else."""
    return number if isinstance(number, float) and math.isfinite(number) else None


def _numbers(found: object) -> list[float]:
    numbers = map(_finite, found) if isinstance(found, list) else ()
    return [number for number in numbers if number is not None]


def _row(row: OperatorRow, head: Json) -> OperatorRow:
    time = _finite(head.get("ns"))
    if time is not None:
        # Noise may make what takes next to nothing look like less.
        note = _OWN_KERNEL if "is_own_kernel" in head else row.note
        return dataclasses.replace(row, us_avg=max(time, 0.0) / 1000, note=note)
    if "refused" in head:
        said = printable(" ".join(str(head["refused"]).split()), _MAX_NOTE)
        return dataclasses.replace(row, note=f"not measured: alone, it does not run: {said}")
    return dataclasses.replace(row, note=f"not measured: {head.get('not_cut', _NO_TIME)}")


def _within(model: Model) -> dict[int, str]:
    """Which operators run a subgraph, by the number of the subgraph."""
    found: dict[int, str] = {}
    for place, graph in enumerate(model.subgraphs):
        for index, operator in enumerate(graph.operators):
            options = operator.builtin_options or operator.builtin_options2
            for called in called_subgraphs(options):
                name = printable(model.operator_codes[operator.opcode_index].name)
                where = f" of subgraph {place}" if place else ""
                found.setdefault(called, f"runs within {name} (operator {index}{where})")
    return found


def _work(row: OperatorRow) -> int:
    return row.macs + row.weight_bytes + row.input_bytes + row.output_bytes
