"""The report for GitLab's Code Quality: a JSON list in the format of Code Climate's issues."""

from __future__ import annotations

import hashlib
from typing import Any

from tflint.finding import Finding, Severity
from tflint.printable import printable
from tflint.report.json_text import json_text
from tflint.report.repository import GITLAB, repository_path
from tflint.report.result import LintReport
from tflint.report.wording import in_file, located, repair, safe

# Of info, minor, major, critical and blocker. What provably fails is critical; that a tool
# may stop the pipeline, which is what blocker says, is for --fail-on to decide.
_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.INFO: "info"}


def render(report: LintReport) -> str:
    """The document, ASCII only, ending in a newline."""
    used: set[str] = set()
    issues = [_issue(finding, used) for finding in report.findings]
    return json_text(issues)


def _issue(found: Finding, used: set[str]) -> dict[str, Any]:
    finding, at = safe(found), in_file(found.location)
    how = repair(finding)
    message = f"{finding.name}: {located(finding, finding.message)}"
    lines = {"begin": max(at.line or 1, 1)}
    if at.end_line is not None and at.end_line >= lines["begin"]:
        lines["end"] = at.end_line
    return {
        "type": "issue",
        # One line is shown; what repairs it belongs there, as nothing else is.
        "description": f"{message}; {how}" if how else message,
        "check_name": finding.code,
        "categories": ["Compatibility" if finding.severity is Severity.ERROR else "Performance"],
        "severity": _SEVERITIES[finding.severity],
        "fingerprint": _unique(finding, used),
        "location": {"path": _path(finding.path), "lines": lines},
    }


def _path(path: str) -> str:
    """The path from the root of the repository, valid Unicode whatever the file system says."""
    inside = repository_path(path, GITLAB)
    try:
        inside.encode("utf-8")
    except UnicodeEncodeError:
        return printable(inside, len(inside))
    return inside


def _unique(finding: Finding, used: set[str]) -> str:
    """The finding's fingerprint, or another one if it is taken: GitLab drops the second."""
    fingerprint, number = finding.fingerprint, 1
    while not fingerprint or fingerprint in used:
        text = "\0".join((finding.path, finding.code, finding.fingerprint, str(number)))
        fingerprint = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        number += 1
    used.add(fingerprint)
    return fingerprint
