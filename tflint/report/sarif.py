"""The report as SARIF 2.1.0 (OASIS standard, errata 01), for code scanning and viewers.

Sections in comments are those of the standard. What GitHub code scanning asks for beyond it
is there as well: a start line, even in a file without lines; a fingerprint for each finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tflint.finding import Finding, Location
from tflint.printable import printable
from tflint.report.json_text import json_text
from tflint.report.repository import GITHUB, repository_path, uri
from tflint.report.result import FileReport, LintReport, Silence, SilencedFinding
from tflint.report.sarif_rules import LEVELS, descriptor, unknown_descriptor
from tflint.report.wording import MAX_MESSAGE, full_message, in_file, located, safe, silence_text
from tflint.rule import Kind
from tflint.version import __version__

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
ROOT = "%SRCROOT%"
# GitHub rejects a file with more.
MAX_RESULTS = 25_000
# What a name must not turn into: a placeholder (3.11.5) or an embedded link (3.11.6).
_PLACEHOLDER = re.compile(r"\{\d+\}")
_MIME_TYPES = {
    Kind.TFLITE: "application/octet-stream",
    Kind.KERAS_SOURCE: "text/x-python",
    Kind.NOTEBOOK: "application/x-ipynb+json",
}

_Result = tuple[int, Finding, SilencedFinding | None]


def render(report: LintReport) -> str:
    """The document, ASCII only, ending in a newline."""
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(report)]}
    return json_text(document)


def _run(report: LintReport) -> dict[str, Any]:
    results = list(_results(report))
    left_out = len(results) - MAX_RESULTS
    if left_out > 0:
        worst = sorted(results, key=lambda result: (result[2] is not None, result[1].severity.rank))
        results = sorted(worst[:MAX_RESULTS], key=lambda result: result[0])
    rules = {rule.meta.code: descriptor(rule) for rule in report.rules}
    for _, finding, _ in results:
        # Rules that say why a file cannot be read run unasked.
        rules.setdefault(finding.code, unknown_descriptor(finding))
    places = {code: index for index, code in enumerate(rules)}
    has_baseline = report.count_silenced(Silence.BASELINE) > 0
    return {
        "tool": {
            "driver": {
                "name": "tflint",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": list(rules.values()),
            }
        },
        # 3.17.3: what is behind the last slash would tell this run from others of its kind.
        # The target makes the category, so that runs for two boards stand side by side.
        "automationDetails": {"id": f"tflint/{printable(report.target.name)}/"},
        "columnKind": "unicodeCodePoints",
        # 3.14.14: without a URI, whoever reads the file knows where its checkout is.
        "originalUriBaseIds": {
            ROOT: {"description": {"text": "The root of the repository that was checked."}}
        },
        "invocations": [_invocation(report, max(left_out, 0))],
        "artifacts": [_artifact(file) for file in report.files],
        "results": [
            _result(finding, silenced, at, places[finding.code], has_baseline)
            for at, finding, silenced in results
        ],
    }


def _results(report: LintReport) -> Iterator[_Result]:
    """Each finding with the index of its file, and what silences it."""
    for index, file in enumerate(report.files):
        for finding in file.findings:
            yield index, finding, None
        for silenced in file.silenced:
            yield index, silenced.finding, silenced


def _invocation(report: LintReport, left_out: int) -> dict[str, Any]:
    """What there is to say about the run. No times: the same input gives the same bytes."""
    about_files = [
        _notification(note, [{"physicalLocation": {"artifactLocation": _location(file.path, i)}}])
        for i, file in enumerate(report.files)
        for note in file.notes
    ]
    if left_out:
        about_files.append(
            _notification(f"{left_out:,} results are left out: {MAX_RESULTS:,} are the most", [])
        )
    return {
        "executionSuccessful": True,
        "toolConfigurationNotifications": [_notification(note, []) for note in report.notes],
        "toolExecutionNotifications": about_files,
    }


def _notification(note: str, locations: list[dict[str, Any]]) -> dict[str, Any]:
    text = _inert(printable(note, MAX_MESSAGE))
    found: dict[str, Any] = {"level": "note", "message": {"text": text}}
    return {**found, "locations": locations} if locations else found


def _artifact(file: FileReport) -> dict[str, Any]:
    facts = file.facts
    properties: dict[str, Any] = {
        "kind": file.kind.value,
        "readable": file.readable,
        "target": printable(file.target.name),
    }
    artifact: dict[str, Any] = {"location": _location(file.path), "roles": ["analysisTarget"]}
    if facts is not None:
        artifact["length"] = facts.file_bytes
        properties |= {"operators": facts.operators, "tensors": facts.tensors}
        figures = {
            "weights": facts.weights_count,
            "weightsBytes": facts.weights_bytes,
            "macs": facts.macs,
        }
        properties |= {name: figure for name, figure in figures.items() if figure is not None}
    if file.archive is not None:
        artifact["length"] = file.archive.file_bytes
        properties["layers"] = file.archive.layers
        if file.archive.weights_count is not None:
            properties["weights"] = file.archive.weights_count
    if file.kind in _MIME_TYPES:
        artifact["mimeType"] = _MIME_TYPES[file.kind]
    return {**artifact, "properties": properties}


def _result(
    found: Finding, silenced: SilencedFinding | None, file: int, rule: int, has_baseline: bool
) -> dict[str, Any]:
    finding = safe(found)
    properties: dict[str, Any] = {"confidence": finding.confidence.value}
    if finding.help:
        properties["help"] = finding.help
    if finding.fix:
        # 3.55 has no repair without the bytes to replace.
        properties["fix"] = {"safety": finding.fix.safety.value, "command": finding.fix.command}
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": LEVELS[finding.severity],
        "message": {"text": _inert(located(finding, full_message(finding)))},
        "locations": [_where(finding, file)],
        "partialFingerprints": _fingerprints(finding),
        "properties": properties,
    }
    if silenced is not None:
        kind = "inSource" if silenced.silence is Silence.IN_SOURCE else "external"
        result["suppressions"] = [
            {"kind": kind, "status": "accepted", "justification": silence_text(silenced)}
        ]
    if has_baseline:
        accepted = silenced is not None and silenced.silence is Silence.BASELINE
        result["baselineState"] = "unchanged" if accepted else "new"
    return result


def _inert(text: str) -> str:
    """The text as a message string in which no name can be a placeholder or a link."""
    if _PLACEHOLDER.search(text):
        text = text.replace("{", "{{").replace("}", "}}")
    return text.replace("[", "\\[") if "](" in text else text


def _where(finding: Finding, file: int) -> dict[str, Any]:
    at = finding.location
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": _location(finding.path, file),
            "region": _region(in_file(at)),
        }
    }
    logical = list(_logical(at))
    return {**location, "logicalLocations": logical} if logical else location


def _location(path: str, index: int | None = None) -> dict[str, Any]:
    address, relative = uri(repository_path(path, GITHUB))
    location: dict[str, Any] = {"uri": address}
    if relative:
        location["uriBaseId"] = ROOT
    return location if index is None else {**location, "index": index}


def _region(at: Location) -> dict[str, int]:
    """The lines, from 1. A file without lines has its first one, which GitHub insists on."""
    if at.line is None:
        return {"startLine": 1}
    region = {
        "startLine": at.line,
        "startColumn": at.column,
        "endLine": at.end_line,
        "endColumn": at.end_column,
    }
    found = {name: number for name, number in region.items() if number and number > 0}
    found["startLine"] = max(at.line, 1)
    if found.get("endLine", found["startLine"]) < found["startLine"]:
        del found["endLine"]
    if "startColumn" not in found or "endLine" not in found:
        found.pop("endColumn", None)
    return found


def _logical(at: Location) -> Iterator[dict[str, str]]:
    """The operator and the tensor, by path from the subgraph down."""
    subgraph = at.subgraph or 0
    if at.operator is not None:
        name = at.operator_name or ""
        path = f"subgraph {subgraph}/operator {at.operator} {name}".rstrip()
        yield {"name": name or str(at.operator), "fullyQualifiedName": path, "kind": "operator"}
    if at.tensor is not None:
        path = f"subgraph {subgraph}/tensor {at.tensor}"
        yield {"name": str(at.tensor), "fullyQualifiedName": path, "kind": "tensor"}


def _fingerprints(finding: Finding) -> dict[str, str]:
    """3.27.17: what stays the same while the finding does.

    GitHub tells alerts of one rule in one file apart by `primaryLocationLineHash` alone. For
    sources its upload action computes that from the line; in a model all findings are on the
    first line, in a notebook those of a cell may be on one, and would become one alert.
    """
    if not finding.fingerprint:
        return {}
    found = {"tflint/v1": finding.fingerprint}
    if finding.location.line is None or finding.location.cell is not None:
        found["primaryLocationLineHash"] = f"{finding.fingerprint}:1"
    return found
