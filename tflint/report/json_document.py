"""The report for scripts: one JSON document, its keys fixed."""

from __future__ import annotations

from typing import Any

from tflint.finding import Finding, Severity
from tflint.report.json_text import json_text
from tflint.report.result import (
    ArchiveFacts,
    ArenaFacts,
    FileReport,
    LintReport,
    ModelFacts,
    Silence,
)
from tflint.version import __version__

SCHEMA = 1


def render(report: LintReport) -> str:
    """The document, ASCII only, ending in a newline."""
    findings = [finding_document(finding) for finding in report.findings]
    document = {**head(report), "findings": findings, **tail(report)}
    return json_text(document)


def head(report: LintReport) -> dict[str, Any]:
    """What stands before the findings: the tool, the target, the files."""
    return {
        "schema": SCHEMA,
        "tool": {"name": "tflint", "version": __version__},
        "target": report.target.name,
        "files": [_file(file) for file in report.files],
    }


def tail(report: LintReport) -> dict[str, Any]:
    """What stands behind them: the summary and the notes."""
    return {
        "summary": {
            "files": len(report.files),
            **{severity.value: report.count(severity) for severity in Severity},
            "suppressed": report.count_silenced(Silence.IN_SOURCE, Silence.CONFIGURATION),
            "baselined": report.count_silenced(Silence.BASELINE),
        },
        "notes": list(report.notes),
    }


def _file(file: FileReport) -> dict[str, Any]:
    return {
        "path": file.path,
        "kind": file.kind.value,
        "readable": file.readable,
        "target": file.target.name,
        "model": None if file.facts is None else model_document(file.facts),
        "archive": None if file.archive is None else _archive(file.archive),
        "notes": list(file.notes),
    }


def _archive(facts: ArchiveFacts) -> dict[str, Any]:
    version = facts.keras_version
    return {
        "file_bytes": facts.file_bytes,
        "keras_version": None if version is None else ".".join(map(str, version)),
        "layers": facts.layers,
        "weights": None if facts.weights_count is None else {"count": facts.weights_count},
    }


def model_document(facts: ModelFacts) -> dict[str, Any]:
    """What a report says about a model, as an object."""
    return {
        "file_bytes": facts.file_bytes,
        "operators": facts.operators,
        "tensors": facts.tensors,
        "weights": None
        if facts.weights_count is None
        else {"count": facts.weights_count, "bytes": facts.weights_bytes},
        "macs": facts.macs,
        "arena": None if facts.arena is None else _arena(facts.arena),
    }


def _arena(arena: ArenaFacts) -> dict[str, Any]:
    return {
        "runtime": arena.runtime,
        "bytes": arena.bytes,
        "min_bytes": arena.min_bytes,
        "runnable": arena.refusal is None,
        "reason": arena.refusal,
    }


def finding_document(finding: Finding) -> dict[str, Any]:
    """A finding as an object."""
    at, fix = finding.location, finding.fix
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "message": finding.message,
        "path": finding.path,
        "line": at.line,
        "column": at.column,
        "end_line": at.end_line,
        "end_column": at.end_column,
        "subgraph": at.subgraph,
        "operator": at.operator,
        "operator_name": at.operator_name,
        "tensor": at.tensor,
        "cell": at.cell,
        "layer": at.layer,
        "fix": None if fix is None else {"safety": fix.safety.value, "command": fix.command},
        "help": finding.help,
        "fingerprint": finding.fingerprint,
    }
