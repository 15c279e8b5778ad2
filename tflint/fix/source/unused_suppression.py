"""TFL901: comments that silence nothing go, and rules in them that do."""

from __future__ import annotations

import re

from tflint.finding import FixSafety, Location
from tflint.fix.source.source_fix import Request, SourceFix
from tflint.source.edits import Plan, ReplaceComment, obstructed

_BEHIND = re.compile(r"[ \t]*,?[ \t]*")
_BEFORE = re.compile(r"[ \t]*,?[ \t]*\Z")


def _plan(request: Request) -> Plan:
    finding = request.finding
    if finding.fix is None:
        return obstructed("what the comment was to say is not known", finding.location)
    at = finding.location
    if at.line is None or at.column is None or at.end_column is None:
        return obstructed("where the comment stands is not known", at)
    line = request.module.line_text(request.module.module_line(at.cell, at.line) or 0)
    start, end = at.column - 1, at.end_column - 1
    if not line[start:].startswith("#"):
        start, end = _with_comma(line, start, end)
    return Plan((ReplaceComment(_moved(at, start, end)),))


def _with_comma(line: str, start: int, end: int) -> tuple[int, int]:
    """The span of one of several rules with the comma that parts it from the others."""
    behind = _BEHIND.match(line, end)
    if behind is not None and line[behind.end() : behind.end() + 1] not in ("]", ""):
        return start, behind.end()
    before = _BEFORE.search(line[:start])
    return (start if before is None else before.start()), end


def _moved(at: Location, start: int, end: int) -> Location:
    return Location(
        line=at.line, column=start + 1, end_line=at.line, end_column=end + 1, cell=at.cell
    )


FIX = SourceFix("TFL901", FixSafety.SAFE, _plan)
