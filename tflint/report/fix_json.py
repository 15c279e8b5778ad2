"""What `tflint fix` did, for scripts: one JSON document, its keys fixed."""

from __future__ import annotations

from typing import Any

from tflint.report.fix_result import FileFix, FixReport, LeftFinding
from tflint.report.json_document import finding_document
from tflint.report.json_text import json_text
from tflint.report.wording import place
from tflint.version import __version__

SCHEMA = 1


def render(report: FixReport, *, with_diff: bool = False) -> str:
    """The document, ASCII only, ending in a newline."""
    left = list(report.left)
    return json_text(
        {
            "schema": SCHEMA,
            "tool": {"name": "tflint", "version": __version__},
            "files": [_file(file, with_diff) for file in report.files],
            "summary": {
                "files": len(report.files),
                "changed": sum(file.is_changed for file in report.files),
                "fixed": report.fixed_count,
                "left": len(left),
                "with_unsafe": sum(found.safety is not None for found in left),
            },
            "notes": list(report.notes),
        }
    )


def _file(file: FileFix, with_diff: bool) -> dict[str, Any]:
    document = {
        "path": file.path,
        "kind": file.kind.value,
        "output": file.output,
        "passes": _passes(file),
        "bytes": {"before": file.bytes_before, "after": file.bytes_after},
        # Of models: a source has neither an arena nor outputs to compare.
        "arena": None,
        "proof": None,
        "written": file.output is not None,
        "fixed": [
            {**finding_document(found.finding), "safety": found.safety.value}
            for found in file.fixed
        ],
        "left": [_left(found) for found in file.left],
        "notes": list(file.notes),
    }
    return {**document, "diff": file.diff} if with_diff else document


def _passes(file: FileFix) -> list[dict[str, Any]]:
    """The repairs by rule: those that changed the file, then those that could not."""
    names: dict[str, str] = {}
    repairable = [left.finding for left in file.left if left.has_repair]
    for finding in (*(fixed.finding for fixed in file.fixed), *repairable):
        names.setdefault(finding.code, finding.name)
    return [
        {
            "code": code,
            "name": name,
            "applied": any(found.finding.code == code for found in file.fixed),
            "fixed": sum(found.finding.code == code for found in file.fixed),
            "left": sum(found.finding.code == code for found in file.left),
            "bytes_saved": None,
            "arena_saved": None,
        }
        for code, name in names.items()
    ]


def _left(found: LeftFinding) -> dict[str, Any]:
    return {
        **finding_document(found.finding),
        "repair": _repair(found),
        "reasons": [
            {
                "reason": reason,
                "place": place(at),
                "cell": at.cell,
                "line": at.line,
                "column": at.column,
            }
            for reason, at in found.reasons
        ],
    }


def _repair(found: LeftFinding) -> str:
    """Why it is left: `unsafe`, `unproved`, `obstructed`, or `none` where there is no repair."""
    if found.safety is not None:
        return found.safety.value
    if found.is_unproved:
        return "unproved"
    return "obstructed" if found.reasons else "none"
