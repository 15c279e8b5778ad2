"""Measuring models one after another; what one of them does harms no other."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tflint.bench.accuracy import measure_accuracy
from tflint.bench.applications import application_of
from tflint.bench.arenas import runtimes_of
from tflint.bench.inventory import operators_of, quantization_of, tensors_of, weights_of
from tflint.bench.latency import measure_latency
from tflint.bench.operator_times import timed_operators
from tflint.bench.options import BenchOptions
from tflint.errors import HostFailed, ModelRefused, TflintError, UnreadableModel
from tflint.fix.proof.interface import Entry, NotComparable, entries
from tflint.lint.context import LintedModel
from tflint.lint.memory_report import report_on
from tflint.model.reader import parse_model
from tflint.model.tables import Model
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

    `target_of` tells the target of each, where that is not the same for all.
    """
    for number, (path, shown) in enumerate(paths, 1):

        def about(what: str, of: str = f"{number} of {len(paths)}: {_tail(shown)}") -> None:
            say(f"{of}, {what}")

        its_target = target if target_of is None else target_of(path)
        yield _benched(path, shown, its_target, options, about)


def _tail(shown: str) -> str:
    """The end of a path, so that what is being measured has room behind it."""
    return shown if len(shown) <= _MOST_SHOWN else f"...{shown[-_MOST_SHOWN:]}"


def _benched(
    path: Path, shown: str, target: Target, options: BenchOptions, say: Say
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
    row = dataclasses.replace(
        row,
        quantization=quantization_of(context),
        weights=weights_of(context),
        tensors=tensors_of(context),
        operators=operators_of(context),
        macs=context.macs,
        runtimes=runtimes_of(model, target),
        memory=report_on(model, target, shown),
    )
    try:
        entry = _entry(model, options.signature)
        say("latency")
        latency, noise = measure_latency(data, model, entry, options)
    except (ModelRefused, HostFailed, NotComparable) as error:
        return _failed(row, "latency", str(error))
    row = dataclasses.replace(row, latency=latency, noise=noise)
    if options.operators:
        say("operators")
        try:
            timed = timed_operators(data, model, entry, row.operators, options)
            row = dataclasses.replace(row, operators=timed)
        except (ModelRefused, HostFailed) as error:
            row = _failed(row, "operators", str(error))
    if options.datasets:
        say("accuracy")
        try:
            row = dataclasses.replace(
                row, accuracy=measure_accuracy(data, model, entry, shown, options)
            )
        except (ModelRefused, HostFailed, TflintError) as error:
            row = _failed(row, "accuracy", str(error))
    return row


def _entry(model: Model, signature: str | None) -> Entry:
    """The way into the model. Raises `NotComparable` where it has no such signature."""
    found = entries(model)
    if signature is None:
        return found[0]
    for entry in found:
        if entry.signature == signature:
            return entry
    raise NotComparable(f"it has no signature `{printable(signature)}`")


def _failed(row: BenchedModel, part: str, text: str) -> BenchedModel:
    return dataclasses.replace(row, failures=(*row.failures, Failure(part, printable(text, 400))))
