"""Two models side by side: the row of each, then both in turns, then operator by operator."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tflint.bench.in_turns import NAMES, Candidate, timed_in_turns
from tflint.bench.inputs import entry_of, timing_inputs
from tflint.bench.machine import this_machine
from tflint.bench.model_file import bytes_of
from tflint.bench.operators_in_turns import timed_operators_in_turns
from tflint.bench.options import BenchOptions
from tflint.bench.paired_accuracy import paired_accuracy
from tflint.bench.run import benched
from tflint.errors import HostFailed, ModelRefused, UnreadableModel, UsageError
from tflint.model.changes import Change
from tflint.model.compare import compare
from tflint.model.reader import parse_model
from tflint.model.tables import Model
from tflint.report.accuracy_result import Accuracy
from tflint.report.bench_compare_result import BenchComparison, ComparedOperator, OperatorFate
from tflint.report.bench_result import BenchedModel, BenchReport, Failure, OperatorRow
from tflint.target.target import Target

_FATES = {Change.CHANGED: OperatorFate.CHANGED, Change.MOVED: OperatorFate.MOVED}
Say = Callable[[str], None]
Source = tuple[bytes, Model]


def compared(
    paths: Sequence[tuple[Path, str]],
    target_of: Callable[[Path], Target],
    options: BenchOptions,
    started: str,
    say: Say = lambda text: None,
) -> BenchComparison:
    """Measure two models, each by itself and both in turns; A first.

    Paths come with what reports call them; `target_of` tells what each is for.
    `KeyboardInterrupt` ends the measuring, not the call: the result has what was measured by then,
    and says so. Raises `UsageError` where data files cannot be read or are for neither.
    """
    stopped = Failure("latency", "not measured: it was interrupted before")
    rows = [BenchedModel(shown, 0, failures=(stopped,)) for _, shown in paths]
    found = BenchComparison(BenchReport((), this_machine(options), started), is_same_file=False)
    try:
        held = [_read(path, options) for path, _ in paths]
        for place, row in enumerate(benched(paths, target_of, options, say)):
            rows[place] = row
        if held != [_read(path, options) for path, _ in paths]:
            text = "not compared: a file was changed while it was measured"
            found = dataclasses.replace(found, failures=(Failure("reading", text),))
            held = []
        for part in _parts(held, rows, options, say):
            found = dataclasses.replace(found, **part)
    except KeyboardInterrupt:
        report = dataclasses.replace(found.report, is_interrupted=True)
        found = dataclasses.replace(found, report=report)
    return dataclasses.replace(
        found, report=dataclasses.replace(found.report, models=tuple(rows), asked=len(paths))
    )


def _parts(
    held: Sequence[bytes | None], rows: Sequence[BenchedModel], options: BenchOptions, say: Say
) -> Iterator[dict[str, Any]]:
    """Fields of the comparison, as they become known; none where the files are not `held`."""
    if not held:
        return
    yield accuracy_of_both(rows[0].accuracy, rows[1].accuracy)
    sources: list[Source] = []
    operators: list[ComparedOperator] = []
    if all(row.weights is not None for row in rows):
        sources = [(data, parse_model(data)) for data in held if data is not None]
        yield {"is_same_file": sources[0][0] == sources[1][0]}
        operators = list(paired_operators(sources[0][1], sources[1][1], rows[0], rows[1]))
        yield {"operators": tuple(operators)}
    missing = [name for name, row in zip(NAMES, rows, strict=True) if row.latency is None]
    if missing:
        text = f"not timed in turns: {' and '.join(missing)} could not be timed"
        yield {"failures": (Failure("latency", text),)}
        return
    failures = []
    try:
        before, after = (_candidate(data, model, options) for data, model in sources)
        say("both in turns")
        timed = timed_in_turns(before, after, options)
        yield {"latency": timed.latency, "init": timed.init, "first": timed.first}
        if timed.failure is not None:
            failures.append(Failure("latency", timed.failure))
        elif options.operators and not any(_has_failed(row, "operators") for row in rows):
            times = (rows[0].operators, rows[1].operators)
            operators = timed_operators_in_turns((before, after), operators, times, options, say)
            yield {"operators": tuple(operators)}
    except (HostFailed, ModelRefused, UsageError) as error:
        failures.append(Failure("latency", str(error)))
    yield {"failures": tuple(failures)}


def _has_failed(row: BenchedModel, part: str) -> bool:
    return any(failure.part == part for failure in row.failures)


def accuracy_of_both(before: Accuracy | None, after: Accuracy | None) -> dict[str, Any]:
    """Both on the same samples, or a note that they were not."""
    if before is None or after is None:
        return {}
    data = [(one.sha256, one.dataset, one.split, one.n) for one in (before, after)]
    if data[0] != data[1]:
        return {"notes": ("the accuracies are of different samples: they do not compare",)}
    return {"accuracy": paired_accuracy(before.right, after.right)}


def _read(path: Path, options: BenchOptions) -> bytes | None:
    """What is in the file; None where that cannot be read, which its row says."""
    try:
        return bytes_of(path, options.memory_bytes)
    except (OSError, UnreadableModel):
        return None


def _candidate(data: bytes, model: Model, options: BenchOptions) -> Candidate:
    """The model with random inputs, the same for models that take the same."""
    entry = entry_of(model, options.signature)
    return Candidate(data, model, entry, timing_inputs(model, entry, options.seed))


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
