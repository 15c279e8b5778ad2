"""What a model takes of a target, held against an earlier one."""

from __future__ import annotations

import os
from pathlib import Path

from tflint.errors import MalformedModel, UsageError
from tflint.lint.diff import NO_FILE
from tflint.lint.discover import shown_path
from tflint.lint.memory_report import report_on
from tflint.lint.named_model import read_named_model
from tflint.memory.difference import compare
from tflint.memory.growth import GrowthLimit
from tflint.memory.usage import build_for
from tflint.model.tables import Model
from tflint.report.memory_diff_result import Compared, MemoryDiffReport
from tflint.report.memory_result import MemoryReport
from tflint.target.target import Target

_WANTED = "two model files are compared"


def compare_memory_of_files(
    after: str, before: str, target: Target, limit: GrowthLimit | None = None
) -> MemoryDiffReport:
    """Compare the memory of the models in two files.

    `/dev/null` stands for a model that is not there, and so does an empty file in place of the
    earlier one, which is what `git show` leaves of a file that was not there.
    Raises `UsageError` for paths that lead nowhere and for targets whose runtime is not TFLM,
    and `UnreadableModel`, naming the file, also where the later model's graph is broken.
    """
    build_for(target)  # Before anything is read: a target without an arena is a mistake.
    new = None if after in NO_FILE else read_named_model(after, _WANTED)
    old = None if _is_nothing(before) else read_named_model(before, _WANTED)
    if new is None and old is None:
        raise UsageError("there are two models to compare, but neither is there")
    paths = shown_path(Path(before)), shown_path(Path(after))
    return compare_memory(old, new, target, limit, paths)


def compare_memory(
    old: Model | None,
    new: Model | None,
    target: Target,
    limit: GrowthLimit | None = None,
    paths: tuple[str, str] = ("before.tflite", "after.tflite"),
) -> MemoryDiffReport:
    """Compare the memory of two models, one of which may be None; raises as for files."""
    later: MemoryReport | None = None if new is None else report_on(new, target, paths[1])
    earlier: MemoryReport | None = None
    notes: tuple[str, ...] = ()
    if old is not None:
        try:
            earlier = report_on(old, target, paths[0])
        except MalformedModel as error:
            # What is wrong with the model that is replaced must not keep its repair from passing.
            notes = (f"before: {error}",)
    return MemoryDiffReport(
        target=target,
        before=None if earlier is None else Compared(earlier.path, earlier.reason),
        after=None if later is None else Compared(later.path, later.reason),
        difference=compare(
            None if earlier is None else earlier.use, None if later is None else later.use
        ),
        limit=limit,
        notes=notes,
    )


def _is_nothing(path: str) -> bool:
    try:
        return path in NO_FILE or (os.path.isfile(path) and not os.path.getsize(path))
    except (OSError, ValueError):
        return False
