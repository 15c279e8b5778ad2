"""Measuring models one after another; what one of them does harms no other."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tflint.bench.accuracy import measure_accuracy, planned
from tflint.bench.applications import application_of
from tflint.bench.arenas import memory_of, runtimes_of
from tflint.bench.datasets import LabelledData
from tflint.bench.inputs import entry_of
from tflint.bench.inventory import notes_of, operators_of, tensors_of, weights_of
from tflint.bench.latency import measure_latency
from tflint.bench.operator_times import timed_operators
from tflint.bench.options import BenchOptions
from tflint.bench.quantization import quantization_of
from tflint.errors import HostFailed, ModelRefused, TflintError, UnreadableModel
from tflint.fix.proof.interface import NotComparable
from tflint.lint.context import LintedModel
from tflint.model.reader import parse_model
from tflint.printable import printable
from tflint.report.bench_result import BenchedModel, Failure
from tflint.target.target import Target

Say = Callable[[str], None]
_MOST_SHOWN = 40


def benched(
    paths: Sequence[tuple[Path, str]],
    target: Target,
    options: BenchOptions,
    say: Say,
    target_of: Callable[[Path], Target] | None = None,
) -> Iterator[BenchedModel]:
    """The row of each model, given by its path and how reports call it, as it is measured.

    `target_of` tells the target of each, where that is not the same for all. Raises `UsageError`
    before the first where data files cannot be read or are for none of them.
    """
    plan = planned(paths, options, entry_of)
    for number, (path, shown) in enumerate(paths, 1):

        def about(what: str, of: str = f"{number} of {len(paths)}: {_tail(shown)}") -> None:
            say(f"{of}, {what}")

        its_target = target if target_of is None else target_of(path)
        row = _benched(path, shown, its_target, options, plan.data[number - 1], about)
        note = plan.notes[number - 1]
        yield row if note is None else dataclasses.replace(row, notes=(*row.notes, note))


def _tail(shown: str) -> str:
    """The end of a path, so that what is being measured has room behind it."""
    return shown if len(shown) <= _MOST_SHOWN else f"...{shown[-_MOST_SHOWN:]}"


def _benched(
    path: Path,
    shown: str,
    target: Target,
    options: BenchOptions,
    labelled: LabelledData | None,
    say: Say,
) -> BenchedModel:
    row = BenchedModel(shown, 0, application_of(shown))
    try:
        data = path.read_bytes()
        row = dataclasses.replace(row, file_bytes=len(data))
        model = parse_model(data)
    except OSError as error:
        return _failed(row, "reading", f"cannot be read: {error.strerror or error}")
    except UnreadableModel as error:
        return _failed(row, "reading", str(error))
    context = LintedModel(target, model)
    if not context.is_sound or not model.subgraphs:
        return _failed(row, "reading", "its graph is broken")
    quantization = quantization_of(context.graphs)
    row = dataclasses.replace(
        row,
        quantization=quantization.name,
        weights=weights_of(context),
        tensors=tensors_of(context),
        operators=operators_of(context),
        macs=context.macs,
        runtimes=runtimes_of(model, target),
        memory=memory_of(model, target, shown),
        notes=(*quantization.notes, *notes_of(context)),
    )
    try:
        entry = entry_of(model, options.signature)
        say("latency")
        timing = measure_latency(data, model, entry, options)
    except (ModelRefused, HostFailed, NotComparable) as error:
        return _failed(row, "latency", str(error))
    row = dataclasses.replace(
        row, latency=timing.latency, noise=timing.noise, notes=(*row.notes, *timing.notes)
    )
    if options.operators:
        say("operators")
        try:
            timed = timed_operators(data, model, entry, row.operators, options, say)
            row = dataclasses.replace(row, operators=timed.rows, operator_total=timed.total)
        except (ModelRefused, HostFailed) as error:
            row = _failed(row, "operators", str(error))
    if labelled is not None:
        say("accuracy")
        try:
            accuracy, notes = measure_accuracy(data, model, entry, labelled, options, say)
        except TflintError as error:
            return _failed(row, "accuracy", str(error))
        row = dataclasses.replace(row, accuracy=accuracy, notes=(*row.notes, *notes))
    return row


def _failed(row: BenchedModel, part: str, text: str) -> BenchedModel:
    return dataclasses.replace(row, failures=(*row.failures, Failure(part, printable(text, 400))))
