"""Repairing files: which of them, with which settings, and what came of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tflint.errors import MissingExtra, UsageError
from tflint.finding import Finding
from tflint.lint.discover import Artifact, source_bytes
from tflint.lint.parallel import Job
from tflint.lint.plan import Plan
from tflint.lint.registry import all_rules
from tflint.lint.runner import check_source
from tflint.printable import counted, printable
from tflint.report.fix_result import FileFix, FixReport, LeftFinding
from tflint.report.result import FileReport
from tflint.rule import SOURCES, Stage
from tflint.source.module import SourceModule
from tflint.source.parsing import SourceError
from tflint.source.relevance import mentions_keras

# What is set aside of a report: accepted by a configuration or a baseline.
Accept = Callable[[FileReport], FileReport]


@dataclass(frozen=True, slots=True)
class Repaired:
    """What came of one file, and its bytes as they are to be written."""

    artifact: Artifact
    fix: FileFix
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class RepairRun:
    """What came of all files, and the report."""

    files: tuple[Repaired, ...]
    report: FixReport


def require_editor() -> None:
    """Raise `MissingExtra` where the library that edits sources is not installed."""
    try:
        import libcst  # noqa: F401
    except ImportError as error:
        raise MissingExtra("repairing Python sources", "fix") from error


def repair_all(jobs: Sequence[Job], accept: Accept, *, unsafe: bool = False) -> RepairRun:
    """Repair the sources among the files, in memory.

    Raises `MissingExtra` without the library that edits, `UsageError` where there is no source.
    """
    sources = [(artifact, plan) for artifact, plan in jobs if artifact.kind in SOURCES]
    others = [artifact for artifact, _ in jobs if artifact.kind not in SOURCES]
    if not sources:
        raise UsageError(f"only sources are repaired so far: {_named(others)}")
    require_editor()
    files = tuple(repair_bytes(_read(job[0]), *job, accept, unsafe=unsafe) for job in sources)
    notes = (f"only sources are repaired so far: {_named(others)}",) if others else ()
    return RepairRun(files, FixReport(tuple(file.fix for file in files), notes=notes))


def _named(artifacts: Sequence[Artifact]) -> str:
    """`a.tflite and 2 others were left as they are`."""
    first = f"`{printable(artifacts[0].shown, 400)}`"
    more = counted(len(artifacts) - 1, "other")
    was = "was left as it is" if len(artifacts) == 1 else "were left as they are"
    return f"{first} {was}" if len(artifacts) == 1 else f"{first} and {more} {was}"


def _read(artifact: Artifact) -> bytes:
    if artifact.data is not None:
        return artifact.data
    try:
        return source_bytes(artifact.path, artifact.kind)
    except OSError as error:
        shown = printable(artifact.shown, 400)
        raise UsageError(f"`{shown}` cannot be read: {error.strerror or error}") from error


def repair_bytes(
    data: bytes, artifact: Artifact, plan: Plan, accept: Accept, *, unsafe: bool = False
) -> Repaired:
    """Repair the bytes of a source, which never raises whatever is in them."""
    from tflint.fix.source.reading import read_document
    from tflint.fix.source.repair import repair_source
    from tflint.fix.source.tree import CannotEdit

    is_about_keras = mentions_keras(data)
    wanted = {rule.meta.code for rule in plan.rules}

    def check(outcome: SourceModule | SourceError) -> FileReport:
        # Also the rules that were not asked for: what they call an error must not come.
        rules = [rule for rule in all_rules() if is_about_keras or rule.meta.stage is Stage.FILE]
        return accept(check_source(outcome, rules, plan.target, artifact.shown, artifact.kind))

    def is_wanted(finding: Finding) -> bool:
        return finding.code in wanted

    try:
        document = read_document(data, artifact.kind)
        result = repair_source(document, check, plan.target, is_wanted=is_wanted, unsafe=unsafe)
    except (SourceError, CannotEdit) as error:
        findings = check(error).findings if isinstance(error, SourceError) else ()
        why = "the source does not parse" if findings else str(error)
        fix = FileFix(
            artifact.shown,
            artifact.kind,
            left=tuple(LeftFinding(finding) for finding in findings),
            notes=(f"nothing was repaired: {why}",),
            bytes_before=len(data),
            bytes_after=len(data),
        )
        return Repaired(artifact, fix, data, data)
    after = result.document.data
    fix = FileFix(
        artifact.shown,
        artifact.kind,
        fixed=result.fixed,
        left=result.left,
        notes=result.notes,
        diff=result.document.diff(document, printable(artifact.shown, 400)),
        bytes_before=len(data),
        bytes_after=len(after),
    )
    return Repaired(artifact, fix, data, after)
