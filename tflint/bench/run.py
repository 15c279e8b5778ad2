"""Measuring models one after another; what one of them does harms no other."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tflint.bench.accuracy import first_sample, measure_accuracy
from tflint.bench.applications import application_of
from tflint.bench.data_plan import planned
from tflint.bench.datasets import LabelledData
from tflint.bench.inputs import entry_of
from tflint.bench.known_models import with_known
from tflint.bench.latency import measure_latency
from tflint.bench.model_file import bytes_of
from tflint.bench.operator_times import timed_operators
from tflint.bench.options import BenchOptions
from tflint.bench.references import References, with_recordings
from tflint.bench.static_figures import with_static_figures
from tflint.errors import DEBUG_VARIABLE, TflintError, UnreadableModel
from tflint.model.reader import parse_model
from tflint.printable import printable
from tflint.report.bench_result import BenchedModel, Failure
from tflint.target.target import Target

Say = Callable[[str], None]
_MOST_SHOWN = 40
_NONE = References()


def benched(
    paths: Sequence[tuple[Path, str]],
    target_of: Callable[[Path], Target],
    options: BenchOptions,
    say: Say,
    references: References = _NONE,
) -> Iterator[BenchedModel]:
    """The row of each model, given by its path and how reports call it, as it is measured.

    `target_of` tells what each is for; `references` is what is known of reference models. Raises
    `UsageError` before the first where data files or recordings cannot be read or are for none of
    them.
    """
    plan = with_recordings(planned(paths, options), references)
    known = references.known or (None,) * len(paths)
    for number, (path, shown) in enumerate(paths, 1):

        def about(what: str, of: str = f"{number} of {len(paths)}: {_tail(shown)}") -> None:
            say(f"{of}, {what}")

        try:
            row = _benched(path, shown, target_of(path), options, plan.data[number - 1], about)
        except Exception as error:  # Also a fault of ours: the others are measured.
            row = _failed(BenchedModel(shown, 0), "reading", _fault(error))
        note = plan.notes[number - 1]
        if note is not None:
            row = dataclasses.replace(row, notes=(*row.notes, note))
        yield with_known(row, known[number - 1])


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
        data = bytes_of(path, options.memory_bytes)
        row = dataclasses.replace(row, file_bytes=len(data))
        model = parse_model(data)
    except OSError as error:
        return _failed(row, "reading", f"cannot be read: {error.strerror or error}")
    except UnreadableModel as error:
        return _failed(row, "reading", str(error))
    try:
        row = with_static_figures(row, model, target)
    except Exception as error:
        return _failed(row, "reading", _fault(error))
    if not options.runs_models:
        return row
    try:
        entry = entry_of(model, options.signature)
        say("latency")
        sample = None if labelled is None else first_sample(labelled, model, entry)
        timing = measure_latency(data, model, entry, options, sample)
    except Exception as error:
        return _failed(row, "latency", _fault(error))
    row = dataclasses.replace(
        row, latency=timing.latency, noise=timing.noise, notes=(*row.notes, *timing.notes)
    )
    if options.operators:
        say("operators")
        try:
            timed = timed_operators(data, model, entry, row.operators, options, say)
            row = dataclasses.replace(row, operators=timed.rows, operator_total=timed.total)
        except Exception as error:
            row = _failed(row, "operators", _fault(error))
    if labelled is not None:
        say("accuracy")
        try:
            accuracy, notes = measure_accuracy(data, model, entry, labelled, options, say)
        except Exception as error:
            return _failed(row, "accuracy", _fault(error))
        row = dataclasses.replace(row, accuracy=accuracy, notes=(*row.notes, *notes))
    return row


def _failed(row: BenchedModel, part: str, text: str) -> BenchedModel:
    return dataclasses.replace(row, failures=(*row.failures, Failure(part, printable(text, 400))))


def _fault(error: Exception) -> str:
    """What a row says of what kept a part of it from being measured."""
    if isinstance(error, TflintError):
        return str(error)
    if os.environ.get(DEBUG_VARIABLE):
        raise error
    return f"internal error, please report it: {type(error).__name__}: {error}"
