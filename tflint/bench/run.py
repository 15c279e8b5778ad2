"""Measuring models one after another; what one of them does harms no other."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tflint.bench.accuracy import measure_accuracy
from tflint.bench.applications import application_of
from tflint.bench.latency import measure_latency
from tflint.bench.operator_times import timed_operators
from tflint.bench.options import BenchOptions
from tflint.bench.static_figures import with_static_figures
from tflint.errors import HostFailed, MalformedModel, ModelRefused, TflintError, UnreadableModel
from tflint.fix.proof.interface import Entry, NotComparable, entries
from tflint.model.reader import parse_model
from tflint.model.tables import Model
from tflint.printable import printable
from tflint.report.bench_result import BenchedModel, Failure
from tflint.target.target import Target

Say = Callable[[str], None]


def benched(
    paths: Sequence[tuple[Path, str]], target: Target, options: BenchOptions, say: Say
) -> Iterator[BenchedModel]:
    """The row of each model, given by its path and how reports call it, as it is measured."""
    for number, (path, shown) in enumerate(paths, 1):

        def about(what: str, of: str = f"{number} of {len(paths)}: {shown}") -> None:
            say(f"{of}, {what}")

        yield _benched(path, shown, target, options, about)


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
    try:
        row = with_static_figures(row, model, target)
    except MalformedModel as error:
        return _failed(row, "reading", str(error))
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
