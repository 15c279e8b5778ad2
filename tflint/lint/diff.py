"""Comparing two models: what is in them, and what the rules say of each."""

from __future__ import annotations

import dataclasses
import filecmp
import os
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path

from tflint.errors import UsageError
from tflint.finding import Finding
from tflint.lint.context import LintedModel
from tflint.lint.discover import shown_path
from tflint.lint.fingerprint import fingerprints
from tflint.lint.named_model import read_named_model
from tflint.lint.runner import check_model
from tflint.model.changes import ModelChanges, Place
from tflint.model.compare import compare
from tflint.model.tables import Model
from tflint.report.diff_result import DiffReport
from tflint.report.result import FileReport
from tflint.rule import Rule
from tflint.target.target import Target

# Git hands this to a program in place of a file that is not there, on Windows as well.
NO_FILE = ("/dev/null", os.devnull)


def _nothing(finding: Finding) -> bool:
    return False


def diff_files(
    before: str,
    after: str,
    rules: Sequence[type[Rule]],
    target: Target,
    accepted: Callable[[Finding], bool] = _nothing,
) -> DiffReport:
    """Compare the models in two files; `/dev/null` stands for a model that is not there.

    Findings that are `accepted` are left out on both sides.
    Raises `UsageError` for paths that lead nowhere, and `UnreadableModel` naming the file.
    """
    old, new = _read(before), _read(after)
    if old is None and new is None:
        raise UsageError("there are two models to compare, but neither is there")
    shown = tuple(shown_path(Path(path)) for path in (before, after))
    report = diff_models(old, new, rules, target, (shown[0], shown[1]), accepted)
    if old is None or new is None or old.file_bytes != new.file_bytes:
        return report
    return dataclasses.replace(report, identical=filecmp.cmp(before, after, shallow=False))


def diff_models(
    old: Model | None,
    new: Model | None,
    rules: Sequence[type[Rule]],
    target: Target,
    paths: tuple[str, str] = ("before.tflite", "after.tflite"),
    accepted: Callable[[Finding], bool] = _nothing,
) -> DiffReport:
    """Compare two models, one of which may be None."""
    before, after = (
        None if model is None else _checked(model, rules, target, path, accepted)
        for model, path in zip((old, new), paths, strict=True)
    )
    return diff_reports(old, new, before, after, target)


def diff_reports(
    old: Model | None,
    new: Model | None,
    before: FileReport | None,
    after: FileReport | None,
    target: Target,
) -> DiffReport:
    """Compare two models that have been checked, one of which may be None."""
    changes = None
    if all(model is None or LintedModel(target, model).is_sound for model in (old, new)):
        changes = compare(old or Model(), new or Model())
    removed, added, kept = _matched(before, after, changes)
    notes = [] if changes else ["a graph is broken; operators and tensors were not compared"]
    for which, file in (("before", before), ("after", after)):
        notes += [f"{which}: {note}" for note in (file.notes if file else ())]
    return DiffReport(
        target=target,
        before=before,
        after=after,
        identical=False,
        changes=changes,
        added=tuple(added),
        removed=tuple(removed),
        kept=kept,
        notes=tuple(notes),
    )


def _checked(
    model: Model,
    rules: Sequence[type[Rule]],
    target: Target,
    path: str,
    accepted: Callable[[Finding], bool],
) -> FileReport:
    file = check_model(model, rules, target, path)
    kept = tuple(finding for finding in file.findings if not accepted(finding))
    return dataclasses.replace(file, findings=kept)


def _read(text: str) -> Model | None:
    return None if text in NO_FILE else read_named_model(text, "two model files are compared")


def _matched(
    before: FileReport | None, after: FileReport | None, changes: ModelChanges | None
) -> tuple[list[Finding], list[Finding], int]:
    """The findings that only the earlier and only the later model has, and how many both have.

    Findings are the same when they are of one rule and severity, and about one operator; where
    that does not tell, when what they are about has the same name.
    """
    old = list(before.findings) if before else []
    new = list(after.findings) if after else []
    found = len(old)
    then = changes.operators_before if changes else {}
    there, here = _by_operator(old), _by_operator(new, then)
    old, new = _without_common(old, there, new, here)
    old, new = _without_common(old, _by_name(old), new, _by_name(new))
    return old, new, found - len(old)


def _by_operator(
    findings: list[Finding], then: Mapping[Place, Place] | None = None
) -> list[Hashable]:
    """What each finding is about, by its operator, or by what `then` says that this was."""
    keys: list[Hashable] = []
    for finding in findings:
        at = finding.location
        place = None
        if at.subgraph is not None and at.operator is not None:
            place = (at.subgraph, at.operator)
            place = place if then is None else then.get(place)
        keys.append(place and (finding.code, finding.severity, place))
    return keys


def _by_name(findings: list[Finding]) -> list[Hashable]:
    keys = fingerprints(findings, path="")
    return [(key, finding.severity) for key, finding in zip(keys, findings, strict=True)]


def _without_common(
    old: list[Finding], old_keys: list[Hashable], new: list[Finding], new_keys: list[Hashable]
) -> tuple[list[Finding], list[Finding]]:
    """Both lists without the findings that have a counterpart; a key of None has none."""
    waiting: dict[Hashable, list[int]] = defaultdict(list)
    for index, key in enumerate(old_keys):
        if key is not None:
            waiting[key].append(index)
    gone: set[int] = set()
    left = []
    for finding, key in zip(new, new_keys, strict=True):
        if waiting.get(key):
            gone.add(waiting[key].pop(0))
        else:
            left.append(finding)
    return [finding for i, finding in enumerate(old) if i not in gone], left
