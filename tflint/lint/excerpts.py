"""Findings in sources with the line that they are about, and where it stands in the file."""

from __future__ import annotations

import dataclasses

from tflint.finding import Excerpt, Finding, Location
from tflint.source.module import SourceModule
from tflint.source.parsing import SourceError

# So much is shown of a line that is longer, and so much of it before what is marked.
_MOST = 120
_BEFORE = 40


def with_excerpt(finding: Finding, outcome: SourceModule | SourceError) -> Finding:
    """The finding with what people and tools want to know about its place in the source."""
    at = finding.location
    if at.line is None:
        return finding
    if isinstance(outcome, SourceError):
        located = dataclasses.replace(at, excerpt=excerpt(outcome.text, at))
        return dataclasses.replace(finding, location=located)
    line = outcome.module_line(at.cell, at.line)
    text = "" if line is None else outcome.line_text(line)
    located = dataclasses.replace(at, excerpt=excerpt(text, at))
    if at.cell is not None:
        located = dataclasses.replace(
            located,
            file_line=outcome.file_line(at.cell, at.line),
            file_end_line=outcome.file_line(at.cell, at.end_line or at.line),
        )
    return dataclasses.replace(finding, location=located)


def excerpt(text: str, at: Location) -> Excerpt | None:
    """What to show of the line that a location begins on; None where nothing is there."""
    if not text.strip() or at.column is None:
        return None
    start = min(at.column - 1, len(text))
    ends_here = at.end_column is not None and at.end_line in (None, at.line)
    end = at.end_column - 1 if ends_here and at.end_column is not None else len(text.rstrip())
    end = max(end, start + 1)
    first = 0 if len(text) <= _MOST else max(min(start - _BEFORE, len(text) - _MOST), 0)
    shown = text[first : first + _MOST]
    before, behind = "..." if first else "", "..." if first + len(shown) < len(text) else ""
    shift = len(before) - first
    return Excerpt(f"{before}{shown}{behind}", start + shift, min(end - first, _MOST) + len(before))
