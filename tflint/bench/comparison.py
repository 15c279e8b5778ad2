"""Two models side by side: the row of each, then both in turns, then operator by operator."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tflint.bench.in_turns import NAMES, Candidate, Timed, timed_in_turns
from tflint.bench.inputs import entry_of
from tflint.bench.machine import this_machine
from tflint.bench.options import BenchOptions
from tflint.bench.run import benched
from tflint.errors import HostFailed, UsageError
from tflint.fix.proof.samples import random_samples
from tflint.model.changes import Change
from tflint.model.compare import compare
from tflint.model.reader import parse_model
from tflint.model.tables import Model
from tflint.report.bench_compare_result import BenchComparison, ComparedOperator, OperatorFate
from tflint.report.bench_result import BenchedModel, BenchReport, Failure, OperatorRow
from tflint.target.target import Target

_FATES = {Change.CHANGED: OperatorFate.CHANGED, Change.MOVED: OperatorFate.MOVED}
Say = Callable[[str], None]
Source = tuple[bytes, Model]


def compared(
    paths: Sequence[tuple[Path, str]],
    target: Target,
    options: BenchOptions,
    started: str,
    say: Say = lambda text: None,
) -> BenchComparison:
    """Measure two models, each by itself and both in turns; A first.

    Paths come with what reports call them. `KeyboardInterrupt` ends the measuring, not the call:
    the result has what was measured by then, and says so.
    """
    stopped = Failure("latency", "not measured: it was interrupted before")
    rows = [BenchedModel(shown, 0, failures=(stopped,)) for _, shown in paths]
    report = BenchReport((), this_machine(options), started)
    timed = Timed()
    sources: list[Source] = []
    operators: list[ComparedOperator] = []
    try:
        for place, row in enumerate(benched(paths, target, options, say)):
            rows[place] = row
        if all(row.weights is not None for row in rows):
            sources = [_source(path) for path, _ in paths]
            (_, before), (_, after) = sources
            operators = list(paired_operators(before, after, *rows))
        say("both in turns")
        timed = _timed(rows, sources, options)
    except KeyboardInterrupt:
        report = dataclasses.replace(report, is_interrupted=True)
    failures = () if timed.failure is None else (Failure("comparison", timed.failure),)
    return BenchComparison(
        report=dataclasses.replace(report, models=tuple(rows)),
        is_same_file=len(sources) == 2 and sources[0][0] == sources[1][0],
        latency=timed.latency,
        init=timed.init,
        first=timed.first,
        operators=tuple(operators),
        failures=failures,
    )


def _source(path: Path) -> Source:
    data = path.read_bytes()
    return data, parse_model(data)


def _timed(rows: Sequence[BenchedModel], sources: Sequence[Source], options: BenchOptions) -> Timed:
    """Both in turns; for what does not even run by itself, why not."""
    missing = [name for name, row in zip(NAMES, rows, strict=True) if row.latency is None]
    if missing:
        return Timed(failure=f"not timed in turns: {' and '.join(missing)} could not be timed")
    try:
        before, after = (_candidate(data, model, options) for data, model in sources)
        return timed_in_turns(before, after, options)
    except (HostFailed, UsageError) as error:
        return Timed(failure=str(error))


def _candidate(data: bytes, model: Model, options: BenchOptions) -> Candidate:
    """The model with random inputs, the same for models that take the same."""
    entry = entry_of(model, options.signature)
    samples = random_samples(model, 1, options.seed, entry=entry)
    inputs = tuple(
        port.quantised(values) if port.is_real else values
        for port, values in zip(entry.inputs, samples.inputs, strict=True)
    )
    return Candidate(data, inputs, entry.signature)


def paired_operators(
    before: Model, after: Model, old: BenchedModel, new: BenchedModel
) -> Iterator[ComparedOperator]:
    """The operators of both models in the order of the later, what was removed where it stood."""
    changes = compare(before, after)
    differing = {
        (change.after.subgraph, change.after.index): change
        for change in changes.operators
        if change.after is not None
    }
    old_rows = {(row.subgraph, row.index): row for row in old.operators}
    kept = set(changes.operators_before.values())
    removed = deque(place for place in old_rows if place not in kept)
    for row in new.operators:
        place = (row.subgraph, row.index)
        origin = changes.operators_before.get(place)
        change = differing.get(place)
        if origin is None:
            yield ComparedOperator(OperatorFate.ADDED, row.name, None, row)
            continue
        fate = _FATES[change.change] if change else OperatorFate.KEPT
        while fate is not OperatorFate.MOVED and removed and removed[0] < origin:
            yield _removed(old_rows[removed.popleft()])
        fields = change.fields if change else ()
        yield ComparedOperator(fate, row.name, old_rows[origin], row, fields=fields)
    for place in removed:
        yield _removed(old_rows[place])


def _removed(row: OperatorRow) -> ComparedOperator:
    return ComparedOperator(OperatorFate.REMOVED, row.name, row, None)
