"""What `tflint convert` did, for scripts: one JSON document, its keys fixed."""

from __future__ import annotations

from typing import Any

from tflint.finding import Severity
from tflint.report.conversion_json import conversion_fields
from tflint.report.convert_report import Budget, ConvertReport, Limit
from tflint.report.fix_json import pass_document, proof_document
from tflint.report.json_document import finding_document
from tflint.report.json_text import json_text
from tflint.version import __version__

SCHEMA = 1


def render(report: ConvertReport) -> str:
    """The document, ASCII only, ending in a newline."""
    findings = () if report.checked is None else report.checked.findings
    return json_text(
        {
            "schema": SCHEMA,
            "tool": {"name": "tflint", "version": __version__},
            "target": report.target.name,
            "files": [_file(report)],
            "summary": {
                "files": 1,
                "converted": int(report.conversion.is_done),
                "written": int(report.output is not None),
                **{
                    severity.value: sum(finding.severity is severity for finding in findings)
                    for severity in Severity
                },
            },
        }
    )


def _file(report: ConvertReport) -> dict[str, Any]:
    checked = report.checked
    findings = () if checked is None else checked.findings
    return {
        "path": report.path,
        "output": report.output,
        "written": report.output is not None,
        **conversion_fields(report.conversion),
        "bytes": report.bytes,
        "float_bytes": report.float_bytes,
        "arena": report.arena,
        "passes": [pass_document(one) for one in report.passes],
        "proof": None if report.proof is None else proof_document(report.proof),
        "findings": [finding_document(finding) for finding in findings],
        "summary": {
            severity.value: sum(finding.severity is severity for finding in findings)
            for severity in Severity
        },
        "budget": None if report.budget is None else _budget(report.budget),
        "notes": [*report.notes, *(() if checked is None else checked.notes)],
    }


def _budget(budget: Budget) -> dict[str, Any]:
    return {
        "flash": _limit(budget.flash),
        "ram": _limit(budget.ram),
        "fits": budget.is_kept,
    }


def _limit(limit: Limit | None) -> dict[str, Any] | None:
    if limit is None:
        return None
    return {"limit": limit.limit, "bytes": limit.bytes, "fits": limit.is_kept}
