"""Running rules over files."""

from __future__ import annotations

import dataclasses
import hashlib
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from tflint.errors import InaccessibleFile, UnreadableModel
from tflint.finding import Finding, Fix
from tflint.lint.context import LintedModel, LintedSource
from tflint.lint.discover import Artifact
from tflint.lint.registry import all_rules
from tflint.model.garbage import uncollected
from tflint.model.reader import parse_model, read_model
from tflint.model.tables import Model
from tflint.report.result import FileReport, LintReport, ModelFacts
from tflint.rule import Kind, Rule, Stage
from tflint.source.module import MAX_BYTES, SourceError, SourceModule, read_source
from tflint.target.target import Target

# A file that breaks one rule more often is one problem, not that many.
MAX_FINDINGS_PER_RULE = 200


def check_files(
    artifacts: Iterable[Artifact], rules: Sequence[type[Rule]], target: Target
) -> LintReport:
    """Check each file. A file that cannot be read is a finding, not an error."""
    files = tuple(check_file(artifact, rules, target) for artifact in artifacts)
    return LintReport(target, files, rules=tuple(rules))


def check_file(artifact: Artifact, rules: Sequence[type[Rule]], target: Target) -> FileReport:
    """Check one file."""
    if artifact.kind is Kind.KERAS_SOURCE:
        return _check_source_file(artifact, rules, target)
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
    try:
        with artifact.path.open("rb") as file:
            outcome: SourceModule | SourceError = read_source(file.read(MAX_BYTES + 1))
    except SourceError as error:
        outcome = error
    except OSError as error:
        outcome = SourceError(f"the file cannot be read: {error.strerror or error}")
    return check_source(outcome, rules, target, artifact.shown)


def check_example(
    built: Model | bytes | str, rules: Sequence[type[Rule]], target: Target, path: str = "example"
) -> FileReport:
    """Check what an example's `build` gives, in memory."""
    if isinstance(built, str):
        try:
            source: SourceModule | SourceError = read_source(built.encode("utf-8"))
        except SourceError as error:
            source = error
        return check_source(source, rules, target, f"{path}.py")
    if isinstance(built, Model):
        # The writer needs NumPy, which checking a file does not.
        from tflint.model.writer import write_model

        built = write_model(built)
    return check_bytes(built, rules, target, f"{path}.tflite")


def check_bytes(
    data: bytes, rules: Sequence[type[Rule]], target: Target, path: str = "model.tflite"
) -> FileReport:
    """Check a model that is in memory."""
    try:
        outcome: Model | UnreadableModel = parse_model(data)
    except UnreadableModel as error:
        outcome = error
    return check_model(outcome, rules, target, path)


def check_source(
    outcome: SourceModule | SourceError, rules: Sequence[type[Rule]], target: Target, path: str
) -> FileReport:
    """Run the rules over a source, or over the reason why it does not parse."""
    context = LintedSource(target, outcome)
    findings, notes = _collect(
        (rule.meta.code, rule().check_source(context))
        for rule in _to_run(rules, Kind.KERAS_SOURCE, readable=context.broken is None)
    )
    return FileReport(
        path=path,
        kind=Kind.KERAS_SOURCE,
        readable=context.broken is None,
        facts=None,
        findings=tuple(_addressed(findings, path)),
        target=target,
        notes=tuple(notes),
    )


@uncollected()
def check_model(
    outcome: Model | UnreadableModel, rules: Sequence[type[Rule]], target: Target, path: str
) -> FileReport:
    """Run the rules over a model, or over the reason why there is none."""
    context = LintedModel(target, outcome)
    findings, notes = _collect(
        (rule.meta.code, rule().check_model(context))
        for rule in _to_run(rules, Kind.TFLITE, readable=context.unreadable is None)
        if rule.meta.stage is not Stage.GRAPH or context.is_sound
    )
    if context.unreadable is None and not context.is_sound:
        notes.append("the graph is broken; rules that walk it did not run")
    return FileReport(
        path=path,
        kind=Kind.TFLITE,
        readable=context.unreadable is None,
        facts=_facts(context),
        findings=tuple(_addressed(findings, path)),
        target=target,
        notes=tuple(notes),
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


def _collect(
    checks: Iterable[tuple[str, Iterator[Finding]]],
) -> tuple[list[Finding], list[str]]:
    """The findings of all rules in the order they are shown, and what was left out."""
    findings: list[Finding] = []
    notes = []
    for code, found in checks:
        first = list(islice(found, MAX_FINDINGS_PER_RULE + 1))
        if len(first) > MAX_FINDINGS_PER_RULE:
            notes.append(f"{code}: only the first {MAX_FINDINGS_PER_RULE} are listed")
        findings += first[:MAX_FINDINGS_PER_RULE]
    return sorted(findings, key=_order), notes


def _facts(context: LintedModel) -> ModelFacts | None:
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
    )


def _order(finding: Finding) -> tuple[int, str, int, int, int, int, int]:
    at = finding.location
    return (
        finding.severity.rank,
        finding.code,
        at.line or 0,
        at.column or 0,
        -1 if at.subgraph is None else at.subgraph,
        -1 if at.operator is None else at.operator,
        -1 if at.tensor is None else at.tensor,
    )


def _addressed(findings: Iterable[Finding], path: str) -> Iterator[Finding]:
    """The findings with path, fingerprint and the path in their repair's command.

    A fingerprint is made of what a finding is about, by name, and not of indices or
    figures: those move with every conversion.
    """
    seen: Counter[tuple[str | None, ...]] = Counter()
    for finding in findings:
        at = finding.location
        about = (path, finding.code, at.operator_name, at.anchor)
        seen[about] += 1
        text = "\0".join((*(part or "" for part in about), str(seen[about])))
        fix = finding.fix
        yield dataclasses.replace(
            finding,
            path=path,
            fix=fix and Fix(fix.safety, fix.command.replace("{path}", shlex.quote(path))),
            fingerprint=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32],
        )
