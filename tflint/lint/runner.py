"""Running rules over files."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from tflint.archive.archive import Archive
from tflint.errors import InaccessibleFile, UnreadableModel
from tflint.finding import Finding
from tflint.lint.context import LintedArchive, LintedModel, LintedSource
from tflint.lint.discover import Artifact, source_bytes
from tflint.lint.findings import (
    MAX_FINDINGS_IN_SOURCE,
    RuleRun,
    addressed,
    each_once,
    with_most,
)
from tflint.lint.registry import all_rules
from tflint.lint.runnable import refusal, refusal_among, refusing_rules
from tflint.model.garbage import uncollected
from tflint.model.reader import parse_model, read_model
from tflint.model.tables import Model
from tflint.report.result import ArchiveFacts, ArenaFacts, FileReport, ModelFacts
from tflint.rule import ARCHIVES, SOURCES, KerasContext, Kind, Rule, Stage
from tflint.source.module import SourceModule, read_source
from tflint.source.parsing import SourceError
from tflint.source.relevance import is_worth_parsing, mentions_keras, mentions_tflint
from tflint.target.target import Target


def check_file(artifact: Artifact, rules: Sequence[type[Rule]], target: Target) -> FileReport:
    """Check one file. One that cannot be read is a finding, not an error."""
    if artifact.kind in SOURCES:
        return _check_source_file(artifact, rules, target)
    if artifact.kind in ARCHIVES:
        return _check_archive_file(artifact, rules, target)
    if artifact.data is not None:
        return check_bytes(artifact.data, rules, target, artifact.shown)
    try:
        outcome: Model | UnreadableModel = read_model(artifact.path)
    except UnreadableModel as error:
        outcome = error
    except OSError as error:
        outcome = InaccessibleFile(error.strerror or str(error))
    return check_model(outcome, rules, target, artifact.shown)


def _check_source_file(
    artifact: Artifact, rules: Sequence[type[Rule]], target: Target
) -> FileReport:
    data = artifact.data
    if data is None:
        try:
            data = source_bytes(artifact.path, artifact.kind)
        except OSError as error:
            failure = SourceError(f"the file cannot be read: {error.strerror or error}")
            return check_source(failure, rules, target, artifact.shown, artifact.kind)
    return check_code(data, rules, target, artifact.shown, artifact.kind)


@uncollected()
def check_code(
    data: bytes,
    rules: Sequence[type[Rule]],
    target: Target,
    path: str = "source.py",
    kind: Kind = Kind.KERAS_SOURCE,
) -> FileReport:
    """Check a source or notebook that is in memory.

    In one that does not mention Keras only rules of stage `FILE` could find something.
    """
    if not mentions_keras(data):
        rules = [rule for rule in rules if rule.meta.stage is Stage.FILE]
        if not is_worth_parsing(data):
            return FileReport(path, kind, readable=True, facts=None, findings=(), target=target)
    return check_source(_parsed(data, kind), rules, target, path, kind)


def _parsed(data: bytes, kind: Kind) -> SourceModule | SourceError:
    try:
        if kind is Kind.NOTEBOOK:
            from tflint.source.notebook import read_notebook

            return read_notebook(data)
        return read_source(data)
    except SourceError as error:
        return error


def _check_archive_file(
    artifact: Artifact, rules: Sequence[type[Rule]], target: Target
) -> FileReport:
    # Readers of archives are not needed for models.
    from tflint.archive.reader import read_archive, read_bytes

    try:
        outcome: Archive | UnreadableModel = (
            read_archive(artifact.path) if artifact.data is None else read_bytes(artifact.data)
        )
    except UnreadableModel as error:
        outcome = error
    except OSError as error:
        outcome = InaccessibleFile(error.strerror or str(error))
    return check_archive(outcome, rules, target, artifact.shown, artifact.kind)


def check_example(
    built: Model | bytes | str | Mapping[str, object],
    rules: Sequence[type[Rule]],
    target: Target,
    path: str = "example",
) -> FileReport:
    """Check what an example's `build` gives, in memory."""
    if isinstance(built, str):
        return check_code(built.encode("utf-8"), rules, target, f"{path}.py")
    if isinstance(built, Mapping):
        return _check_config(built, rules, target, f"{path}.keras")
    if isinstance(built, Model):
        # The writer needs NumPy, which checking a file does not.
        from tflint.model.writer import write_model

        built = write_model(built)
    return check_bytes(built, rules, target, f"{path}.tflite")


def _check_config(
    config: Mapping[str, object], rules: Sequence[type[Rule]], target: Target, path: str
) -> FileReport:
    from tflint.archive.reader import read_bytes, zip_of_config

    try:
        outcome: Archive | UnreadableModel = read_bytes(zip_of_config(config))
    except UnreadableModel as error:
        outcome = error
    return check_archive(outcome, rules, target, path, Kind.KERAS_ARCHIVE)


def check_bytes(
    data: bytes, rules: Sequence[type[Rule]], target: Target, path: str = "model.tflite"
) -> FileReport:
    """Check a model that is in memory."""
    try:
        outcome: Model | UnreadableModel = parse_model(data)
    except UnreadableModel as error:
        outcome = error
    return check_model(outcome, rules, target, path)


@uncollected()
def check_source(
    outcome: SourceModule | SourceError,
    rules: Sequence[type[Rule]],
    target: Target,
    path: str,
    kind: Kind = Kind.KERAS_SOURCE,
) -> FileReport:
    """Run the rules over a source, or over the reason why it does not parse."""
    context = LintedSource(target, outcome, kind)
    run = RuleRun(MAX_FINDINGS_IN_SOURCE)
    for rule in _to_run(rules, kind, readable=context.broken is None):
        run.add(rule, path, lambda instance: instance.check_source(context))
        if context.broken is None:
            run.add(rule, path, lambda instance: instance.check_keras(context))
    if context.broken is None and any(rule.meta.stage is not Stage.FILE for rule in rules):
        run.notes += context.keras.unseen
    report = _keras_report(run, path, context, readable=context.broken is None)
    # Most files have no comments to tflint, and many no findings.
    if isinstance(outcome, SourceModule) and mentions_tflint(outcome.text):
        from tflint.lint.ignore_comments import without_commented

        report = without_commented(report, rules, outcome)
    report = with_most(report)
    if not report.findings:
        return report
    from tflint.lint.excerpts import with_excerpt

    shown = tuple(with_excerpt(finding, outcome) for finding in report.findings)
    return dataclasses.replace(report, findings=shown)


@uncollected()
def check_archive(
    outcome: Archive | UnreadableModel,
    rules: Sequence[type[Rule]],
    target: Target,
    path: str,
    kind: Kind,
) -> FileReport:
    """Run the rules over an archive, or over the reason why it cannot be read."""
    context = LintedArchive(target, outcome, kind)
    run = RuleRun()
    for rule in _to_run(rules, kind, readable=context.unreadable is None):
        run.add(rule, path, lambda instance: instance.check_archive(context))
        if context.unreadable is None:
            run.add(rule, path, lambda instance: instance.check_keras(context))
    if context.unreadable is None:
        run.notes += context.keras.unseen
    report = _keras_report(run, path, context, readable=context.unreadable is None)
    if isinstance(outcome, UnreadableModel):
        return report
    return dataclasses.replace(report, archive=_archive_facts(outcome))


def _archive_facts(archive: Archive) -> ArchiveFacts:
    keras = archive.keras
    model = keras.networks[-1] if keras.networks else None
    counted = None if model is None else model.weights
    return ArchiveFacts(
        file_bytes=archive.file_bytes,
        keras_version=keras.keras_version,
        layers=len(keras.layers),
        weights_count=counted if isinstance(counted, int) else archive.stored_weights,
    )


def _keras_report(run: RuleRun, path: str, context: KerasContext, *, readable: bool) -> FileReport:
    return FileReport(
        path=path,
        kind=context.kind,
        readable=readable,
        facts=None,
        findings=tuple(addressed(each_once(run.sorted()), path, context.target)),
        target=context.target,
        notes=tuple(run.notes),
        failed_rules=tuple(run.failed),
    )


@uncollected()
def check_model(
    outcome: Model | UnreadableModel, rules: Sequence[type[Rule]], target: Target, path: str
) -> FileReport:
    """Run the rules over a model, or over the reason why there is none."""
    context = LintedModel(target, outcome)
    run = RuleRun()
    for rule in _to_run(rules, Kind.TFLITE, readable=context.unreadable is None):
        if context.can_run(rule):
            run.add(rule, path, lambda instance: instance.check_model(context))
    if context.unreadable is None and not context.is_sound:
        run.notes.append("the graph is broken; rules that walk it did not run")
    return FileReport(
        path=path,
        kind=Kind.TFLITE,
        readable=context.unreadable is None,
        facts=_facts(context, rules, run.findings),
        findings=tuple(addressed(run.sorted(), path, target)),
        target=target,
        notes=tuple(run.notes),
        failed_rules=tuple(run.failed),
    )


def _to_run(rules: Sequence[type[Rule]], kind: Kind, *, readable: bool) -> Iterator[type[Rule]]:
    """The rules for a kind of file.

    For one that cannot be read, those that say why, whatever was selected or ignored: a file
    that was not looked at must not pass for clean.
    """
    others = () if readable else (rule for rule in all_rules() if rule not in rules)
    for rule in (*rules, *others):
        if kind in rule.meta.applies_to and (readable or rule.meta.stage is Stage.FILE):
            yield rule


def _facts(
    context: LintedModel, rules: Sequence[type[Rule]], findings: Sequence[Finding]
) -> ModelFacts | None:
    if context.unreadable is not None:
        return None
    model, sound = context.model, context.is_sound
    return ModelFacts(
        file_bytes=model.file_bytes,
        operators=sum(len(subgraph.operators) for subgraph in model.subgraphs),
        tensors=sum(len(subgraph.tensors) for subgraph in model.subgraphs),
        weights_count=context.weights.count if sound else None,
        weights_bytes=context.weights.bytes if sound else None,
        macs=context.macs if sound else None,
        arena=_arena(context, rules, findings) if sound else None,
    )


def _arena(
    context: LintedModel, rules: Sequence[type[Rule]], findings: Sequence[Finding]
) -> ArenaFacts | None:
    """The arena, and whether the model runs at all, whatever the user asked to be checked."""
    use = context.memory
    if use is None:
        return None
    asked = frozenset(refusing_rules()) <= frozenset(rules)
    return ArenaFacts(
        runtime=use.target.runtime_name,
        bytes=use.arena.arena_bytes,
        min_bytes=use.arena.min_arena_bytes,
        refusal=refusal_among(findings, context) if asked else refusal(context),
    )
