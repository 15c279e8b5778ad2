"""How long each operator takes.

LiteRT's interpreter has no profiler for Python, and a delegate hides the operators that it takes
over, so they are timed from outside. Each is cut out of the network (`operator_models`), with the
values that its inputs have in a real inference, and stands in two models: once, and a few times
more. What the second takes longer, by the number of copies, is the operator without the cost of
calling the interpreter. Both run in turns, so that what disturbs the machine disturbs both.

The other way, to time the network up to each operator and subtract, would see operators as they
are fused with their neighbours, but each figure would be a small difference of large ones: the
noise of the whole inference, which is more than most operators take. What this way leaves out is
therefore reported: the sum of the operators beside the whole inference (`OperatorTotal`). They
differ where a delegate fuses neighbours, where inputs and weights of a large network are not in
the nearest cache, and by the cost of calling the interpreter.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tflint.bench.options import DEFAULT_RUNS, BenchOptions
from tflint.errors import HostFailed, ModelRefused
from tflint.execution.frames import Array, Json
from tflint.execution.process import Ended, Limits, run_worker
from tflint.fix.proof.interface import Entry
from tflint.fix.proof.samples import random_samples
from tflint.model.graph import called_subgraphs
from tflint.model.record import ABSENT
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint.printable import printable
from tflint.report.bench_result import OperatorRow, OperatorTotal

_WORKER = "tflint.bench.operator_worker"
# What the operators of one network may take with the default number of runs.
_SECONDS = 2.0
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
    within = _within(model)
    told = {}
    wanted = []
    for place, row in enumerate(rows):
        if row.subgraph == entry.subgraph:
            wanted.append(place)
        else:
            told[place] = dataclasses.replace(row, note=within.get(row.subgraph, _NOT_RUN))
    wanted.sort(key=lambda place: (-_work(rows[place]), place))
    found = _measure(data, model, entry, [rows[place].index for place in wanted], options, say)
    for place in wanted:
        told[place] = _row(rows[place], found.heads.get(rows[place].index, {}))
    times = [row.us_avg for row in told.values() if row.us_avg is not None]
    total = None
    if times and found.whole:
        whole = float(np.median(found.whole)) / 1000
        total = OperatorTotal(sum(times), whole, len(times), len(wanted))
    return TimedOperators(tuple(told[place] for place in range(len(rows))), total)


_NOT_RUN = "is not run by this way into the model"
_NO_TIME = "no time was left to measure it: give more --runs"


@dataclass(slots=True)
class _Measured:
    """What came of operators, by their number, and times of the whole network in nanoseconds."""

    heads: dict[int, Json]
    whole: list[int]


def _measure(
    data: bytes,
    model: Model,
    entry: Entry,
    operators: Sequence[int],
    options: BenchOptions,
    say: Say,
) -> _Measured:
    """Let workers measure; what takes one down costs the time of one operator only."""
    found = _Measured({}, [])
    inputs = _inputs(model, entry, options)
    network = np.frombuffer(_as_first(data, model, entry.subgraph), np.uint8)
    seconds = _SECONDS * options.runs / DEFAULT_RUNS

    def hear(head: Json) -> None:
        if "begun" in head:
            say(f"operators: {len(found.heads) + 1:,} of {len(operators):,}")
        elif "operator" in head:
            found.heads[head["operator"]] = head

    left = list(operators)
    for _ in range(_MOST_CRASHES + 1):
        request = {
            "inputs": [port.tensor for port in entry.inputs],
            "operators": left,
            "runs": options.runs,
            "threads": options.threads,
            "kernels": options.kernels.value,
            "seconds": seconds * len(left) / max(len(operators), 1),
            "most_seconds": options.seconds * _SHARE,
        }
        limits = Limits(options.seconds, options.memory_bytes)
        ended = run_worker(_WORKER, request, [network, *inputs], limits, hear)
        for head, _ in ended.frames:
            found.whole += head.get("whole_ns", ())
        crashed = _crashed(ended, found)
        if crashed is None:
            return found
        found.heads[crashed] = {"refused": f"LiteRT failed: {ended.fault or 'it ended early'}"}
        left = [operator for operator in left if operator not in found.heads]
        if not left or ended.is_time_out:
            return found
    for operator in left:
        found.heads[operator] = {"not_cut": "LiteRT crashed on too many others"}
    return found


def _crashed(ended: Ended, found: _Measured) -> int | None:
    """The operator that took the worker down, if one did.

    Raises `ModelRefused` and `HostFailed` where it did not get to operators.
    """
    last = ended.frames[-1][0] if ended.frames else {}
    if "refused" in last and "operator" not in last:
        raise ModelRefused(f"LiteRT does not run the model: {printable(last['refused'], 400)}")
    if "begun" in last:
        return int(last["begun"])
    if ended.fault is not None and not found.heads:
        raise HostFailed(f"LiteRT failed: {ended.fault}")
    return None


def _row(row: OperatorRow, head: Json) -> OperatorRow:
    if "ns" in head:
        # Noise may make what takes next to nothing look like less.
        return dataclasses.replace(row, us_avg=max(head["ns"], 0.0) / 1000)
    if "refused" in head:
        said = printable(" ".join(head["refused"].split()), _MAX_NOTE)
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


def _as_first(data: bytes, model: Model, subgraph: int) -> bytes:
    """The model with a subgraph as its first one, which is the one that runs."""
    if subgraph == 0:
        return data
    graphs = (model.subgraphs[subgraph], *model.subgraphs[1:])
    return write_model(dataclasses.replace(model, subgraphs=graphs, signature_defs=ABSENT))


def _inputs(model: Model, entry: Entry, options: BenchOptions) -> list[Array]:
    """Values of each input, without an axis of samples."""
    samples = random_samples(model, 1, options.seed, entry=entry)
    return [
        port.quantised(values[0]) if port.is_real else values[0]
        for port, values in zip(entry.inputs, samples.inputs, strict=True)
    ]
