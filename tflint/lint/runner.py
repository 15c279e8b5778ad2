"""Running rules over files."""

from __future__ import annotations

import dataclasses
import hashlib
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from tflint.errors import MalformedModel, UnreadableModel
from tflint.finding import Finding, Fix
from tflint.lint.context import LintContext
from tflint.lint.discover import Artifact
from tflint.model.reader import parse_model, read_model
from tflint.model.tables import Model
from tflint.report.result import FileReport, LintReport, ModelFacts
from tflint.rule import Kind, Rule, Stage
from tflint.target.target import Target

# A file that breaks one rule more often is one problem, not that many.
MAX_FINDINGS_PER_RULE = 200


def check_files(
    artifacts: Iterable[Artifact], rules: Sequence[type[Rule]], target: Target
) -> LintReport:
    """Check each file. A file that cannot be read is a finding, not an error."""
    return LintReport(target, tuple(check_file(artifact, rules, target) for artifact in artifacts))


def check_file(artifact: Artifact, rules: Sequence[type[Rule]], target: Target) -> FileReport:
    """Check one file."""
    outcome: Model | UnreadableModel
    try:
        outcome = read_model(artifact.path)
    except UnreadableModel as error:
        outcome = error
    except OSError as error:
        outcome = MalformedModel(f"the file cannot be read: {error.strerror or error}")
    return check_model(outcome, rules, target, artifact.shown, artifact.kind)


def check_bytes(
    data: bytes, rules: Sequence[type[Rule]], target: Target, path: str = "model.tflite"
) -> FileReport:
    """Check a model that is in memory."""
    outcome: Model | UnreadableModel
    try:
        outcome = parse_model(data)
    except UnreadableModel as error:
        outcome = error
    return check_model(outcome, rules, target, path)


def check_model(
    outcome: Model | UnreadableModel,
    rules: Sequence[type[Rule]],
    target: Target,
    path: str,
    kind: Kind = Kind.TFLITE,
) -> FileReport:
    """Run the rules over a model, or over the reason why there is none."""
    context = LintContext(target, outcome)
    findings: list[Finding] = []
    notes = []
    for rule in rules:
        if not _applies(rule, context):
            continue
        found = list(islice(rule().check_model(context), MAX_FINDINGS_PER_RULE + 1))
        if len(found) > MAX_FINDINGS_PER_RULE:
            notes.append(f"{rule.meta.code}: only the first {MAX_FINDINGS_PER_RULE} are listed")
        findings += found[:MAX_FINDINGS_PER_RULE]
    if context.unreadable is None and not context.is_sound:
        notes.append("the graph is broken; rules that walk it did not run")
    findings.sort(key=_order)
    return FileReport(path, kind, _facts(context), tuple(_addressed(findings, path)), tuple(notes))


def _applies(rule: type[Rule], context: LintContext) -> bool:
    stage = rule.meta.stage
    if stage is Stage.FILE:
        return True
    return context.unreadable is None and (stage is Stage.TABLES or context.is_sound)


def _facts(context: LintContext) -> ModelFacts | None:
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


def _order(finding: Finding) -> tuple[int, str, int, int, int]:
    at = finding.location
    return (
        finding.severity.rank,
        finding.code,
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
            fingerprint=hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32],
        )
