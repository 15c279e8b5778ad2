"""The report as GitHub-flavoured Markdown, for job summaries and comments on pull requests.

A table of the files, then for each its findings: errors open, the rest folded away. Files with
errors come first, because what is too long for a comment is cut off at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from tflint.finding import Finding, Severity
from tflint.printable import counted, printable, size_text
from tflint.report.gfm import cell, code, prose
from tflint.report.result import FileReport, LintReport
from tflint.report.wording import (
    MAX_PATH,
    indices,
    place,
    repair,
    safe,
    severity_counts,
    silence_text,
    silenced_text,
    summary,
    verdict,
)

# GitHub takes 65,536 characters in a comment, and a mebibyte in a step's summary.
MAX_CHARACTERS = 65_000
# Room for what closes the document.
_CLOSING_ROOM = 300
# Findings of one rule in one file; characters of the table, and of one message.
_SHOWN = 3
_MAX_TABLE = 30_000
_MAX_TEXT = 1000

_COLUMNS = ("file", "target", "size", "operators", "weights", "MACs", "verdict", "findings")
_ALIGNMENT = ("---", "---", "---:", "---:", "---:", "---:", "---", "---")


def render(report: LintReport) -> str:
    """The document, at most `MAX_CHARACTERS` long."""
    files = sorted(report.files, key=_worst)
    blocks = [f"## tflint\n\n{prose(summary(report))}\n"]
    if report.files:
        blocks.append(_table(files, report))
    blocks += _notes(report.notes)
    blocks += (block for file in files for block in _sections(file))
    kept, room = [], MAX_CHARACTERS - _CLOSING_ROOM
    for block in blocks:
        room -= len(block)
        if room < 0:
            kept.append(_cut(report))
            break
        kept.append(block)
    return "".join(kept)


def _worst(file: FileReport) -> int:
    ranks = (finding.severity.rank for finding in file.findings)
    return min(ranks, default=len(Severity))


def _table(files: list[FileReport], report: LintReport) -> str:
    # A column in which nothing differs is none.
    same = {file.target.name for file in files} == {report.target.name}
    kept = [i for i, name in enumerate(_COLUMNS) if not (same and name == "target")]
    text, left = "\n", len(files)
    for cells in (_COLUMNS, _ALIGNMENT, *map(_row, files)):
        if len(text) > _MAX_TABLE:
            break
        text += "| " + " | ".join(cells[i] for i in kept) + " |\n"
        left -= cells is not _COLUMNS and cells is not _ALIGNMENT
    return text + (f"\nand {counted(left, 'more file')}\n" if left else "")


def _row(file: FileReport) -> tuple[str, ...]:
    facts = file.facts
    size = operators = weights = macs = ""
    if facts is not None:
        size, operators = size_text(facts.file_bytes), f"{facts.operators:,}"
        if facts.weights_count is not None and facts.weights_bytes is not None:
            weights = f"{facts.weights_count:,}"
            weights += f" in {size_text(facts.weights_bytes)}" if facts.weights_bytes else ""
        macs = "" if facts.macs is None else f"{facts.macs:,}"
    elif file.archive is not None:
        size, count = size_text(file.archive.file_bytes), file.archive.weights_count
        weights = "" if count is None else f"{count:,}"
    one = LintReport(file.target, (file,))
    counts = [text for _, text in severity_counts(one)]
    silenced = silenced_text(one)
    return (
        cell(code(printable(file.path, MAX_PATH))),
        cell(code(printable(file.target.name))),
        size,
        operators,
        weights,
        macs,
        prose(verdict(file)[0].partition(":")[0]),
        ", ".join(counts) + (f" ({silenced})" if silenced else "") if counts or silenced else "",
    )


def _sections(file: FileReport) -> Iterator[str]:
    """The parts of a file that are shown as a whole or not at all."""
    if not file.findings and not file.silenced and not file.notes:
        return
    heading = f"\n### {code(printable(file.path, MAX_PATH)) or 'a file'}\n\n"
    errors = [f for f in file.findings if f.severity is Severity.ERROR]
    others = [f for f in file.findings if f.severity is not Severity.ERROR]
    groups = list(_groups(errors))
    # A heading is not left alone at the end.
    first, *rest = groups or [""]
    yield heading + first
    yield from rest
    if others:
        counts = [
            counted(sum(f.severity is severity for f in others), severity.value)
            for severity in Severity
            if any(f.severity is severity for f in others)
        ]
        yield _folded(", ".join(counts), "".join(_groups(others)))
    if file.silenced:
        lines = [
            f"- {_title(safe(silenced.finding))} {_prose(silence_text(silenced))}\n"
            for silenced in file.silenced
        ]
        yield _folded(silenced_text(LintReport(file.target, (file,))), "".join(lines))
    yield from _notes(file.notes)


def _notes(notes: tuple[str, ...]) -> Iterator[str]:
    if notes:
        yield "\n"
    for note in notes:
        yield f"- note: {_prose(note)}\n"


def _folded(title: str, content: str) -> str:
    return f"\n<details><summary>{title}</summary>\n\n{content}\n</details>\n"


def _groups(findings: list[Finding]) -> Iterator[str]:
    """A list item for each rule, with its first findings and where the others are."""
    for _, same in groupby(findings, key=lambda f: (f.severity, f.code)):
        group = [safe(finding) for finding in same]
        times = f" ({len(group)} times)" if len(group) > 1 else ""
        lines = [f"- **{group[0].severity.value}** {_title(group[0])}{times}"]
        for i, finding in enumerate(group[:_SHOWN]):
            lines.append(f"  - {_where(finding)}{_prose(finding.message)}")
            following = group[i + 1] if i + 1 < min(len(group), _SHOWN) else None
            # What repairs the next one as well is said once.
            if finding.help and (following is None or following.help != finding.help):
                lines.append(f"    - {_prose(repair(finding))}")
        if len(group) > _SHOWN:
            more = f"and {len(group) - _SHOWN:,} more"
            where = indices(group[_SHOWN:])
            lines.append(f"  - {prose(f'{more}: {where}' if where else more)}")
        yield "\n".join(lines) + "\n"


def _prose(text: str) -> str:
    return prose(printable(text, _MAX_TEXT))


def _title(finding: Finding) -> str:
    return f"{code(finding.code)} {prose(finding.name)}"


def _where(finding: Finding) -> str:
    """Where a finding is, as code; a word of ours where it is the whole file."""
    where = place(finding.location)
    if not where:
        return "whole file: "
    if finding.location.line is not None and finding.location.cell is None:
        return f"{code('line ' + where)}: "
    return f"{code(where)}: "


def _cut(report: LintReport) -> str:
    total = counted(sum(1 for _ in report.findings), "finding")
    return (
        f"\n_The rest does not fit: {total} in all. "
        "`tflint check --format text` or `--format json` has every one._\n"
    )
