"""Rules as SARIF's reporting descriptors (3.49), with what GitHub code scanning reads there."""

from __future__ import annotations

import inspect
from typing import Any

from tflint.finding import Finding, Severity
from tflint.printable import printable
from tflint.rule import GROUPS, Rule

LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
# GitHub's word for what is below a warning.
_PROBLEM_SEVERITIES = {**LEVELS, Severity.INFO: "recommendation"}
# GitHub cuts descriptions there.
_MAX_DESCRIPTION = 1024


def descriptor(rule: type[Rule]) -> dict[str, Any]:
    """A rule from its metadata and its documentation."""
    meta = rule.meta
    documentation = inspect.cleandoc(rule.__doc__ or "")
    summary = printable(rule.summary() or meta.name, _MAX_DESCRIPTION - 3)
    heading = f"# {meta.code} {meta.name}\n\n"
    return {
        "id": meta.code,
        "name": meta.name,
        "shortDescription": {"text": summary},
        "fullDescription": {"text": _what_it_does(documentation) or summary},
        "help": {
            "text": documentation.replace("## ", "") or summary,
            "markdown": heading + (documentation or summary),
        },
        "defaultConfiguration": {"level": LEVELS[meta.severity]},
        "properties": {
            # A rule that is not ours may have a family of its own.
            "tags": [GROUPS.get(meta.code[:4], "Other")],
            "precision": meta.confidence.value,
            "problem.severity": _PROBLEM_SEVERITIES[meta.severity],
        },
    }


def unknown_descriptor(finding: Finding) -> dict[str, Any]:
    """A rule of which the report has nothing but a finding."""
    name = printable(finding.name) or printable(finding.code)
    return {
        "id": printable(finding.code),
        "name": name,
        "shortDescription": {"text": name},
        "defaultConfiguration": {"level": LEVELS[finding.severity]},
        "properties": {"problem.severity": _PROBLEM_SEVERITIES[finding.severity]},
    }


def _what_it_does(documentation: str) -> str:
    """The first section of the documentation in one line, cut where GitHub would."""
    for section in documentation.split("## ")[1:]:
        return printable(" ".join(section.partition("\n")[2].split()), _MAX_DESCRIPTION - 3)
    return ""
