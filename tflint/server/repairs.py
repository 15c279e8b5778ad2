"""What `tflint fix` would make of an open text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tflint.config.settings import Settings
from tflint.errors import MissingExtra
from tflint.finding import Finding, FixSafety
from tflint.fix.run import require_editor
from tflint.lint.findings import RuleFailed
from tflint.lint.registry import all_rules
from tflint.lint.runner import check_source
from tflint.report.result import FileReport
from tflint.rule import Kind
from tflint.server.checking import Subject, without_accepted
from tflint.source.module import SourceModule
from tflint.source.parsing import SourceError

if TYPE_CHECKING:
    from tflint.fix.source.document import Document


@dataclass(frozen=True, slots=True)
class Repair:
    """What a repair does, how safe that is, and the whole text after it."""

    title: str
    safety: FixSafety
    text: str


def find_repair(subject: Subject, settings: Settings, finding: Finding | None) -> Repair | None:
    """The repair of one finding, safe or not; for None, all safe repairs at once.

    None where there is nothing to repair, or the extra `fix` is not installed.
    """
    try:
        require_editor()
    except MissingExtra:
        return None
    # LibCST is loaded by the first repair that is asked for, and not by the server.
    from tflint.fix.source.repair import repair_source
    from tflint.fix.source.tree import CannotEdit

    plan = settings.plan(subject.path)
    rules = all_rules()
    selected = {rule.meta.code for rule in plan.rules}

    def check(module: SourceModule) -> FileReport:
        shown = subject.path.as_posix()
        report = check_source(module, rules, plan.target, shown, subject.kind)
        return without_accepted(report, rules, settings)

    def is_wanted(other: Finding) -> bool:
        if finding is None:
            return other.code in selected
        return (other.code, other.location) == (finding.code, finding.location)

    try:
        before = _document(subject)
        done = repair_source(
            before, check, plan.target, is_wanted=is_wanted, unsafe=finding is not None
        )
    except (SourceError, CannotEdit, RuleFailed):
        return None
    after = done.document.data
    if not done.fixed or after == before.data:
        return None
    is_safe = all(fixed.safety is FixSafety.SAFE for fixed in done.fixed)
    title = "make all safe repairs" if finding is None else f"Repair {finding.name}"
    safety = FixSafety.SAFE if is_safe else FixSafety.UNSAFE
    return Repair(title, safety, after.decode("utf-8", "surrogatepass"))


def _document(subject: Subject) -> Document:
    """The subject as something to edit; raises `SourceError` or `CannotEdit`."""
    from tflint.fix.source.document import PythonFile
    from tflint.fix.source.reading import read_document

    if subject.kind is Kind.NOTEBOOK:
        return read_document(subject.data, subject.kind)
    # Not from bytes: a text in an editor is no longer in the encoding that it declares.
    return PythonFile(subject.text, "utf-8")
