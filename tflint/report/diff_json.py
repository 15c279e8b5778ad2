"""A comparison for scripts: one JSON document, its keys fixed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tflint.model.changes import (
    Change,
    ConstantChange,
    ConstantPlace,
    EndPoint,
    FieldChange,
    InterfaceChange,
    ModelChanges,
    OperatorChange,
    OperatorPlace,
)
from tflint.report.diff_result import DiffReport, count_by_severity
from tflint.report.json_document import finding_document, model_document
from tflint.report.json_text import json_text
from tflint.report.result import FileReport
from tflint.version import __version__

SCHEMA = 1


def render(report: DiffReport) -> str:
    """The document, ASCII only, ending in a newline."""
    changes = report.changes
    document = {
        "schema": SCHEMA,
        "tool": {"name": "tflint", "version": __version__},
        "target": report.target.name,
        "before": _file(report.before),
        "after": _file(report.after),
        "identical": report.identical,
        "changed": not report.is_empty,
        **difference_document(report),
        "findings": {
            "added": [finding_document(finding) for finding in report.added],
            "removed": [finding_document(finding) for finding in report.removed],
            "kept": report.kept,
        },
        "summary": {
            "breaking": None if changes is None else changes.is_breaking,
            "new_operators": list(report.new_operators),
            "added": {s.value: n for s, n in count_by_severity(report.added).items()},
            "removed": {s.value: n for s, n in count_by_severity(report.removed).items()},
        },
        "notes": list(report.notes),
    }
    return json_text(document)


def difference_document(report: DiffReport) -> dict[str, Any]:
    """What differs between the models, without the findings."""
    return {
        "difference": _difference(report),
        "changes": None if report.changes is None else _changes(report.changes),
    }


def _file(file: FileReport | None) -> dict[str, Any] | None:
    if file is None:
        return None
    return {
        "path": file.path,
        "model": None if file.facts is None else model_document(file.facts),
        "notes": list(file.notes),
    }


def _difference(report: DiffReport) -> dict[str, Any]:
    """The keys of `model`, each with how much it grew."""
    found = {total.name: total.difference for total in report.totals}
    weights = {"count": found["weights"], "bytes": found["weight bytes"]}
    return {
        "file_bytes": found["file bytes"],
        "operators": found["operators"],
        "tensors": found["tensors"],
        "weights": None if weights["count"] is None else weights,
        "macs": found["MACs"],
        "arena": found["smallest arena"],
    }


def _changes(changes: ModelChanges) -> dict[str, Any]:
    return {
        "interface": [_interface(change) for change in changes.interface],
        "operators": [_operator(change) for change in changes.operators],
        "operator_counts": [
            {"name": count.name, "before": count.before, "after": count.after}
            for count in changes.counts
        ],
        "constants": {
            **{
                kind.value: _sum(changes.constants, kind)
                for kind in Change
                if kind.value != "moved"
            },
            "tensors": [_constant(change) for change in changes.constants],
        },
        "properties": _fields(changes.properties),
        "renamed_tensors": changes.renamed,
    }


def _interface(change: InterfaceChange) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "subgraph": change.subgraph,
        "position": change.position,
        "change": change.change.value,
        "breaking": change.breaking,
        "before": _end_point(change.before),
        "after": _end_point(change.after),
        "fields": _fields(change.fields),
    }


def _end_point(end: EndPoint | None) -> dict[str, Any] | None:
    if end is None:
        return None
    return {
        "tensor": end.tensor,
        "name": end.name,
        "shape": list(end.shape),
        "type": end.type,
        "scale": end.scale,
        "zero_point": end.zero_point,
    }


def _operator(change: OperatorChange) -> dict[str, Any]:
    return {
        "change": change.change.value,
        "name": change.name,
        "before": _operator_place(change.before),
        "after": _operator_place(change.after),
        "fields": _fields(change.fields),
    }


def _operator_place(place: OperatorPlace | None) -> dict[str, Any] | None:
    if place is None:
        return None
    return {
        "subgraph": place.subgraph,
        "operator": place.index,
        "outputs": place.outputs,
        "macs": place.macs,
    }


def _sum(changes: Iterable[ConstantChange], kind: Change) -> dict[str, int]:
    sizes = [change.bytes for change in changes if change.change is kind]
    return {"count": len(sizes), "bytes": sum(sizes)}


def _constant(change: ConstantChange) -> dict[str, Any]:
    return {
        "change": change.change.value,
        "before": _constant_place(change.before),
        "after": _constant_place(change.after),
    }


def _constant_place(place: ConstantPlace | None) -> dict[str, Any] | None:
    if place is None:
        return None
    return {
        "subgraph": place.subgraph,
        "tensor": place.index,
        "name": place.name,
        "shape": place.shape,
        "type": place.type,
        "bytes": place.bytes,
    }


def _fields(changes: Iterable[FieldChange]) -> list[dict[str, str | None]]:
    return [
        {
            "slot": change.slot or None,
            "field": change.field,
            "before": change.before,
            "after": change.after,
        }
        for change in changes
    ]
