"""What is known of a reference model beside its file: its accuracy as it was recorded."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from tflint.bench.accuracy import class_scores
from tflint.bench.intervals import wilson_interval
from tflint.report.accuracy_result import Accuracy, Recorded
from tflint.report.bench_result import BenchedModel
from tflint.report.reference_result import Reference

Files = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class KnownModel:
    """What is known of a reference model; `recorded` is None where nothing was recorded with this
    very file, and `note` says why. `note` may also say what bears on what was recorded, and
    `note_measured` what bears on measuring it again. With more than one of `folds` what was
    recorded is that of as many networks, of which this is the first.
    """

    reference: Reference
    recorded: Accuracy | None = None
    note: str | None = None
    note_measured: str | None = None
    folds: int = 1


def recorded_accuracy(
    confusion: Sequence[Sequence[int]],
    names: Sequence[str],
    files: Files,
    recorded: Recorded,
    decision: str,
) -> Accuracy | None:
    """The accuracy of decisions that were counted: `confusion[truth][decided]`; None without any.

    `files` are the names and SHA-256 of what they were counted on.
    """
    sizes = [sum(row) for row in confusion]
    n, correct = sum(sizes), sum(row[place] for place, row in enumerate(confusion))
    if not n:
        return None
    low, high = wilson_interval(correct, n)
    return Accuracy(
        value=correct / n,
        n=n,
        correct=correct,
        low=low,
        high=high,
        dataset=", ".join(name for name, _ in files),
        split="test",
        decision=decision,
        classes=class_scores(confusion, names, sizes),
        confusion=tuple(tuple(row) for row in confusion),
        sha256=files[0][1] if len(files) == 1 else None,
        majority=max(sizes) / n,
        files=files,
        recorded=recorded,
    )


def with_known(row: BenchedModel, known: KnownModel | None) -> BenchedModel:
    """The row with what is known of its model: its accuracy as recorded, if it has none."""
    if known is None:
        return row
    row = dataclasses.replace(row, reference=known.reference)
    if row.accuracy is not None:
        return dataclasses.replace(row, reference=_of_one_fold(known))
    notes = (*row.notes, known.note) if known.note else row.notes
    return dataclasses.replace(row, accuracy=known.recorded, notes=notes)


def _of_one_fold(known: KnownModel) -> Reference:
    """What a measured accuracy may be held against: figures of all folds stand by themselves."""
    of, baseline = known.reference, known.reference.baseline
    if known.folds < 2 or known.recorded is None:
        return of
    together = f"{known.folds} folds together"
    further = [(together, known.recorded)]
    if baseline is not None:
        weights = f"{baseline.weight_bytes:,} B of weights"
        further.append((f"the original's network ({weights}), {together}", baseline.accuracy))
    return dataclasses.replace(of, baseline=None, further=(*further, *of.further))
