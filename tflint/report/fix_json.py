"""What `tflint fix` did, for scripts: one JSON document, its keys fixed."""

from __future__ import annotations

import math
from typing import Any

from tflint.finding import FixSafety
from tflint.report.conversion_json import conversion_fields, interface_changes
from tflint.report.diff_json import difference_document
from tflint.report.fix_result import FileFix, FixReport, LeftFinding, PassReport, Proof
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
                "with_unsafe": sum(found.safety is FixSafety.UNSAFE for found in left),
                "with_quantize": sum(found.safety is FixSafety.RECONVERT for found in left),
                "failed": len(list(report.failures)),
            },
            "notes": list(report.notes),
        }
    )


def _file(file: FileFix, with_diff: bool) -> dict[str, Any]:
    document: dict[str, Any] = {
        "path": file.path,
        "kind": file.kind.value,
        "output": file.output,
        "passes": _passes(file),
        "bytes": {"before": file.bytes_before, "after": file.bytes_after},
        "arena": _arena(file),
        "proof": None if file.proof is None else proof_document(file.proof),
        "written": file.output is not None,
        "error": file.failure,
        "fixed": [
            {**finding_document(found.finding), "safety": found.safety.value}
            for found in file.fixed
        ],
        "left": [_left(found) for found in file.left],
        "notes": list(file.notes),
    }
    if file.conversion is not None:
        document |= conversion_fields(file.conversion)
        document["interface"] = interface_changes(file.conversion)
        document["source_output"] = file.source_output
    return {**document, "diff": _diff(file)} if with_diff else document


def _arena(file: FileFix) -> dict[str, Any] | None:
    """Of models only: a source has none."""
    if not file.is_model:
        return None
    return {"before": file.arena_before, "after": file.arena_after}


def proof_document(proof: Proof) -> dict[str, Any]:
    """What was measured; null stands for what is not finite: without any error, the SNR."""
    return {
        "method": proof.method,
        "holds": proof.holds,
        "failure": proof.failure,
        "suspect": proof.suspect,
        "inputs": proof.inputs,
        "bit_equal": proof.bit_equal,
        "max_error": _finite(proof.max_error),
        "mean_error": _finite(proof.mean_error),
        "snr_db": _finite(proof.snr_db),
        "top1_agreement": _finite(proof.top1_agreement),
        "accuracy": None
        if proof.accuracy_before is None or proof.accuracy_after is None
        else {"before": _finite(proof.accuracy_before), "after": _finite(proof.accuracy_after)},
        "tolerance": _finite(proof.tolerance),
        "notes": list(proof.notes),
    }


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def _diff(file: FileFix) -> str | dict[str, Any] | None:
    """Of a source the unified diff, of a model what `tflint diff --format json` has of it."""
    if not file.is_model:
        return file.diff
    return None if file.comparison is None else difference_document(file.comparison)


def _passes(file: FileFix) -> list[dict[str, Any]]:
    """The repairs by rule: those that changed the file, then those that could not."""
    if file.is_model:
        return [_model_pass(one, file) for one in file.passes]
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


def _model_pass(one: PassReport, file: FileFix) -> dict[str, Any]:
    fields = pass_document(one)
    fields["fixed"] = sum(found.finding.code == one.code for found in file.fixed)
    fields["left"] = sum(found.finding.code == one.code for found in file.left)
    return fields


def pass_document(one: PassReport) -> dict[str, Any]:
    """A pass over a model as an object."""
    return {
        "code": one.code,
        "name": one.name,
        "applied": one.applied,
        "safety": one.safety.value,
        "places": one.places,
        "bytes_saved": one.bytes_saved,
        "arena_saved": one.arena_saved,
        "refused": one.refused or None,
    }


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
