"""Baselines: the findings a project had when it adopted tflint, by fingerprint.

A baseline is a JSON file that a person can read and review:

    {"schema": 1, "findings": [{"path": "models/kws.tflite", "code": "TFL010",
      "name": "legacy-opcode", "fingerprint": "...", "message": "..."}]}

Paths in it start from its own folder, and fingerprints are made with them: it means the same
from whichever folder tflint is run.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tflint.errors import UsageError
from tflint.finding import Finding
from tflint.lint.discover import path_from, shown_path
from tflint.lint.fingerprint import fingerprints
from tflint.printable import counted, printable
from tflint.report.result import FileReport, LintReport, Silence, SilencedFinding

SCHEMA = 1
MAX_BYTES = 50_000_000
MAX_MESSAGE = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One accepted finding. `path` starts from the baseline's folder; `message` is for people."""

    path: str
    code: str
    name: str
    fingerprint: str
    message: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """The findings that are accepted, in the file at `path`."""

    path: Path
    entries: tuple[Entry, ...] = ()


def read_baseline(path: Path) -> Baseline:
    """The baseline in this file. Raises `UsageError` for one that is not there or not one."""
    shown = printable(shown_path(path), 400)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        hint = "`tflint baseline` writes one"
        raise UsageError(f"the baseline `{shown}` does not exist; {hint}") from error
    except OSError as error:
        raise UsageError(f"the baseline `{shown}` cannot be read: {error.strerror}") from error
    try:
        if len(data) > MAX_BYTES:
            raise ValueError("it is too large")
        document = json.loads(data.decode("utf-8"))
        if not isinstance(document, dict) or not isinstance(document.get("findings"), list):
            raise ValueError("it has no list of findings")
        if document.get("schema") != SCHEMA:
            raise ValueError(f"its schema is not {SCHEMA}")
        entries = tuple(_entry(entry) for entry in document["findings"])
    except UnicodeDecodeError as error:
        raise UsageError(f"`{shown}` is not a baseline: it is not UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"`{shown}` is not a baseline: {error}") from error
    return Baseline(path, entries)


def _entry(entry: object) -> Entry:
    names = [field.name for field in dataclasses.fields(Entry)]
    if not isinstance(entry, dict) or not all(isinstance(entry.get(n), str) for n in names):
        raise ValueError(f"an entry lacks one of {', '.join(names)}")
    return Entry(**{name: entry[name] for name in names})


def apply_baseline(report: LintReport, baseline: Baseline) -> LintReport:
    """The report without accepted findings, and a note on entries that no longer occur."""
    accepted = {entry.fingerprint for entry in baseline.entries}
    files = []
    for file in report.files:
        silent = {
            id(finding)
            for finding, fingerprint in _identified(file, baseline.path)
            if fingerprint in accepted
        }
        kept = tuple(finding for finding in file.findings if id(finding) not in silent)
        found = tuple(
            SilencedFinding(finding, Silence.BASELINE)
            for finding in file.findings
            if id(finding) in silent
        )
        files.append(dataclasses.replace(file, findings=kept, silenced=(*file.silenced, *found)))
    notes = list(report.notes)
    stale = stale_entries(report, baseline)
    if stale:
        some = ", ".join(f"{entry.code} in {printable(entry.path, 60)}" for entry in stale[:3]) + (
            ", ..." if len(stale) > 3 else ""
        )
        entries = counted(len(stale), "entry")
        notes.append(
            f"{entries} of the baseline no longer occur{'s' if len(stale) == 1 else ''} "
            f"({some}); `tflint baseline --prune` removes them"
        )
    return dataclasses.replace(report, files=tuple(files), notes=tuple(notes))


def stale_entries(report: LintReport, baseline: Baseline) -> list[Entry]:
    """The entries that did not occur, though their file was checked by their rule, or is gone."""
    occurring: set[str] = set()
    checked: dict[str, FileReport] = {}
    for file in report.files:
        checked[_relative(file, baseline.path)] = file
        occurring.update(fingerprint for _, fingerprint in _identified(file, baseline.path))
    ran = {rule.meta.code for rule in report.rules}
    stale = []
    for entry in baseline.entries:
        if entry.fingerprint in occurring:
            continue
        gone = not (baseline.path.absolute().parent / entry.path).exists()
        if gone or (entry.path in checked and entry.code in ran):
            stale.append(entry)
    return stale


def baseline_of(report: LintReport, path: Path, existing: Baseline) -> Baseline:
    """A baseline, to be written to `path`, that accepts what the report lists.

    Entries of `existing` about other files and rules than those of the report stay.
    """
    entries = {entry.fingerprint: entry for entry in existing.entries}
    for file in report.files:
        accepted = {id(found.finding) for found in file.silenced}
        for finding, fingerprint in _identified(file, path):
            if id(finding) not in accepted:
                entries[fingerprint] = Entry(
                    _relative(file, path), finding.code, finding.name, fingerprint, _short(finding)
                )
    return Baseline(path, _sorted(entries.values()))


def pruned(baseline: Baseline, stale: Sequence[Entry]) -> Baseline:
    """The baseline without these entries."""
    gone = {entry.fingerprint for entry in stale}
    kept = [entry for entry in baseline.entries if entry.fingerprint not in gone]
    return Baseline(baseline.path, _sorted(kept))


def render_baseline(baseline: Baseline) -> str:
    """The baseline's document, sorted so that its changes are easy to review."""
    document: Mapping[str, Any] = {
        "schema": SCHEMA,
        "findings": [dataclasses.asdict(entry) for entry in baseline.entries],
    }
    return json.dumps(document, indent=2) + "\n"


def _identified(file: FileReport, path: Path) -> Iterable[tuple[Finding, str]]:
    """All findings of a file, silenced ones too, with their fingerprints as in this baseline."""
    findings = [*file.findings, *(found.finding for found in file.silenced)]
    # Which of several alike is which must not depend on what silences one of them.
    findings.sort(key=lambda finding: finding.fingerprint)
    return zip(findings, fingerprints(findings, _relative(file, path)), strict=True)


def _relative(file: FileReport, path: Path) -> str:
    """The file's path from the baseline's folder, with `/`."""
    return path_from(Path(file.path), path.absolute().parent)


def _short(finding: Finding) -> str:
    message = finding.message
    return message if len(message) <= MAX_MESSAGE else message[:MAX_MESSAGE] + "..."


def _sorted(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted(entries, key=lambda e: (e.path, e.code, e.message, e.fingerprint)))
