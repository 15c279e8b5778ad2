"""Repairing files: which of them, with which settings, and what came of each."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

from tflint.errors import MissingExtra, TflintError, UsageError
from tflint.finding import Finding
from tflint.fix.options import FixOptions
from tflint.fix.repaired import Accept, Repaired, RepairRun
from tflint.lint.discover import Artifact, source_bytes
from tflint.lint.parallel import Job
from tflint.lint.plan import Plan
from tflint.lint.registry import all_rules
from tflint.lint.runner import check_source
from tflint.printable import counted, printable
from tflint.report.fix_result import FileFix, FixReport, LeftFinding
from tflint.report.result import FileReport
from tflint.rule import ARCHIVES, SOURCES, Kind, Stage
from tflint.source.module import SourceModule
from tflint.source.parsing import SourceError
from tflint.source.relevance import mentions_keras


def require_editor() -> None:
    """Raise `MissingExtra` where the library that edits sources is not installed."""
    try:
        import libcst  # noqa: F401
    except ImportError as error:
        raise MissingExtra("repairing Python sources", "fix") from error


def repair_all(
    jobs: Sequence[Job],
    accept: Accept,
    options: FixOptions,
    say: Callable[[str], None] = lambda text: None,
) -> RepairRun:
    """Repair the sources and models among the files, in memory.

    `say` is told what takes its time. Raises `MissingExtra` without the
    library that edits sources, `UsageError` where there is neither a source nor a model, and
    `TflintError` where the only file cannot be repaired at all.
    """
    wanted = [job for job in jobs if job[0].kind in SOURCES or job[0].kind is Kind.TFLITE]
    archives = [artifact for artifact, _ in jobs if artifact.kind in ARCHIVES]
    if not wanted:
        raise UsageError(_about_archives(archives))
    if any(artifact.kind in SOURCES for artifact, _ in wanted):
        require_editor()
    files = []
    for done, (artifact, plan) in enumerate(wanted, 1):
        which = f" ({done:,} of {len(wanted):,})" if len(wanted) > 1 else ""
        tell = functools.partial(_say_of, say, f"{artifact.path.name}{which}")
        tell("repairing")
        files.append(_repaired(artifact, plan, accept, options, tell))
    if len(files) == 1 and files[0].fix.failure is not None:
        raise TflintError(files[0].fix.failure)
    notes = (_about_archives(archives),) if archives else ()
    return RepairRun(tuple(files), FixReport(tuple(file.fix for file in files), notes=notes))


def _say_of(say: Callable[[str], None], name: str, what: str) -> None:
    say(f"{what} {name}")


def _repaired(
    artifact: Artifact,
    plan: Plan,
    accept: Accept,
    options: FixOptions,
    say: Callable[[str], None],
) -> Repaired:
    if artifact.kind in SOURCES:
        data = _read(artifact)
        return repair_bytes(data, artifact, plan, accept, unsafe=options.unsafe)
    from tflint.fix.pipeline import failed, repair_model

    try:
        data = _read(artifact)
    except UsageError as error:
        return failed(artifact, b"", str(error))
    return repair_model(data, artifact, plan, accept, options, say)


def _about_archives(artifacts: Sequence[Artifact]) -> str:
    """`a.h5 and 2 others were left as they are: ...`"""
    if not artifacts:
        return "there is no model or source to repair"
    first = f"`{printable(artifacts[0].shown, 400)}`"
    more = counted(len(artifacts) - 1, "other")
    which = (
        f"{first} was left as it is"
        if len(artifacts) == 1
        else f"{first} and {more} were left as they are"
    )
    return f"{which}: archives are built anew and converted: tflint fix --reconvert"


def _read(artifact: Artifact) -> bytes:
    if artifact.data is not None:
        return artifact.data
    try:
        if artifact.kind is Kind.TFLITE:
            return artifact.path.read_bytes()
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
