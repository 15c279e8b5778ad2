"""Which samples are for which models, found out before anything is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tflint.bench.datasets import LabelledData, is_named_by, load_dataset
from tflint.bench.fitting import DoesNotFit, fitted
from tflint.bench.inputs import entry_of
from tflint.bench.model_file import bytes_of
from tflint.bench.options import BenchOptions, Dataset
from tflint.errors import ModelRefused, UnreadableModel, UsageError
from tflint.fix.proof.interface import Entry, NotComparable
from tflint.model.graph import dangling_indices
from tflint.model.reader import parse_model
from tflint.model.tables import Model
from tflint.printable import printable


@dataclass(frozen=True, slots=True)
class Plan:
    """The samples for each model of a run, or a note why there are none."""

    data: tuple[LabelledData | None, ...]
    notes: tuple[str | None, ...]


def planned(paths: Sequence[tuple[Path, str]], options: BenchOptions) -> Plan:
    """Which samples are for which of the models, given by path and how reports call them.

    A model that a GLOB names takes that file alone. Raises `UsageError` for a file that cannot be
    read or is of no use: no model is called like its GLOB, one that is does not fit, or none does.
    """
    if not options.datasets:
        return Plan((None,) * len(paths), (None,) * len(paths))
    loaded = {one.path: load_dataset(one.path, options.split) for one in options.datasets}
    # Why a file is for none of them so far; None for one that is, or whose turn did not come.
    refused: dict[Dataset, str | None] = {}
    data: list[LabelledData | None] = []
    notes: list[str | None] = []
    is_any_unreadable = False
    for path, shown in paths:
        named = [d for d in options.datasets if d.pattern and is_named_by(d.pattern, shown)]
        refused |= dict.fromkeys(named)
        known = _read(path, options)
        if known is None:
            is_any_unreadable = True
            data.append(None)
            notes.append(None)
            continue
        right, reasons = [], []
        for dataset in named or [d for d in options.datasets if not d.pattern]:
            found = loaded[dataset.path]
            try:
                fitted(found, *known)
            except DoesNotFit as error:
                reason = f"{found.title} is not for `{printable(shown)}`: {error}"
                if dataset.pattern:
                    raise UsageError(reason) from error
                refused.setdefault(dataset, reason)
                reasons.append(f"no accuracy from {found.title}: {error}")
            else:
                right.append(found)
                refused[dataset] = None
        if len(right) > 1:
            raise UsageError(
                f"{right[0].title} and {right[1].title} both fit `{printable(shown)}`: say which is"
                " for it with --data GLOB=FILE"
            )
        data.append(right[0] if right else None)
        notes.append("; ".join(reasons[:2]) if reasons and not right else None)
    for dataset in options.datasets:
        title = loaded[dataset.path].title
        if dataset.pattern and dataset not in refused:
            pattern = printable(dataset.pattern, 200)
            raise UsageError(f"--data: no model is called `{pattern}`, for which {title} is")
        why = refused.get(dataset)
        if why is not None and not is_any_unreadable:
            others = f" (nor any other of {len(paths):,} models)" if len(paths) > 1 else ""
            raise UsageError(f"{why}{others}")
        if dataset not in refused and not is_any_unreadable:
            raise UsageError(f"--data: {title} is for no model: each has one that names it")
    return Plan(tuple(data), tuple(notes))


def _read(path: Path, options: BenchOptions) -> tuple[Model, Entry] | None:
    """The model and the way into it; None where its row will say why not."""
    try:
        model = parse_model(bytes_of(path, options.memory_bytes))
        if any(dangling_indices(model)) or not model.subgraphs:
            return None
        return model, entry_of(model, options.signature)
    except (OSError, UnreadableModel, NotComparable, ModelRefused):
        return None
