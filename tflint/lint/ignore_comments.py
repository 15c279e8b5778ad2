"""Findings that comments in a source accept, and comments that accept none."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field

from tflint.errors import UnknownName
from tflint.finding import Finding, Location
from tflint.lint.findings import MAX_FINDINGS_IN_SOURCE, RuleRun, addressed, in_order
from tflint.lint.registry import all_rules
from tflint.lint.selection import check_selector, selected_codes
from tflint.printable import printable
from tflint.report.result import FileReport, Silence, SilencedFinding
from tflint.rule import SOURCES, IdleSuppression, Rule, Stage
from tflint.source.module import SourceModule
from tflint.source.suppressions import Selector, Suppression, statement_lines, suppressions

# What says that a comment is idle: only a comment that names it silences that.
_ABOUT_COMMENTS = "TFL901"
_MAX_HINTS = 50


@dataclass(slots=True)
class _Use:
    """A comment, what it may silence, and which parts of it did."""

    comment: Suppression
    codes: tuple[frozenset[str], ...]
    used: set[int] = field(default_factory=set)


def without_commented(
    report: FileReport, rules: Sequence[type[Rule]], module: SourceModule
) -> FileReport:
    """The report without what comments in the source accept, and with what is said of those."""
    comments = Comments(module)
    if not comments:
        return report
    kept, silenced = comments.split(report.findings)
    # A note says that something could not be looked at.
    is_complete = not (module.errors or report.notes)
    idle = comments.idle({rule.meta.code for rule in rules}, is_complete=is_complete)
    about = RuleRun(MAX_FINDINGS_IN_SOURCE)
    for rule in rules:
        about.add(rule, report.path, lambda instance: instance.check_suppressions(idle))
    more, also_silenced = comments.split(list(addressed(about.sorted(), report.path)))
    return dataclasses.replace(
        report,
        findings=tuple(in_order((*kept, *more))),
        silenced=(*report.silenced, *silenced, *also_silenced),
        notes=(*report.notes, *about.notes),
        failed_rules=(*report.failed_rules, *about.failed),
    )


class Comments:
    """The comments of a module that ask for findings to be ignored, and their use."""

    def __init__(self, module: SourceModule) -> None:
        self._module = module
        self._uses = [_Use(comment, _codes(comment)) for comment in suppressions(module)]
        self._by_line: dict[int, list[_Use]] = {}
        self._for_file: list[_Use] = []
        for use in self._uses:
            if use.comment.fault:
                continue
            if use.comment.is_for_file:
                self._for_file.append(use)
            elif use.comment.line is not None:
                self._by_line.setdefault(use.comment.line, []).append(use)
        self._statements: dict[int, tuple[int, int]] = {}

    def __bool__(self) -> bool:
        return bool(self._uses)

    def split(self, findings: Sequence[Finding]) -> tuple[list[Finding], list[SilencedFinding]]:
        """The findings that count, and those that a comment accepts."""
        if self._by_line:
            lines = [line for finding in findings for line in self._ends(finding.location)]
            self._statements = statement_lines(self._module, lines)
        kept: list[Finding] = []
        silenced: list[SilencedFinding] = []
        for finding in findings:
            comment = self._accepting(finding)
            if comment is None:
                kept.append(finding)
            else:
                silenced.append(SilencedFinding(finding, Silence.IN_SOURCE, comment.reason))
        return kept, silenced

    def _accepting(self, finding: Finding) -> Suppression | None:
        """The comment that silences a finding: the nearest one; None where none does."""
        if not self._uses or _cannot_be_ignored(finding.code):
            return None
        ends = self._ends(finding.location)
        around = [line for end in ends for line in self._statements.get(end, ())]
        for line in dict.fromkeys((*ends, *around)):
            for use in self._by_line.get(line, ()):
                if _silences(use, finding.code):
                    return use.comment
        for use in self._for_file:
            if _silences(use, finding.code):
                return use.comment
        return None

    def _ends(self, at: Location) -> list[int]:
        """The lines of the module on which a finding begins and ends."""
        if at.line is None:
            return []
        lines = (at.line, at.end_line or at.line)
        return [line for line in (self._module.module_line(at.cell, one) for one in lines) if line]

    def idle(self, ran: Set[str], *, is_complete: bool) -> list[IdleSuppression]:
        """The comments, or parts of them, that silence nothing, and those that say nothing.

        A part is only called idle where every rule that it names and that looks at sources
        `ran`, and if all of the source was looked at: `is_complete`.
        """
        found: list[IdleSuppression] = []
        fault_of = _faults()
        for use in self._uses:
            comment = use.comment
            if comment.fault:
                found.append(IdleSuppression(comment.location, (), comment.fault))
            elif comment.selectors is None:
                if is_complete and not use.used and _all_codes() <= ran:
                    found.append(IdleSuppression(comment.location, ()))
            else:
                found += _idle_parts(use, comment.selectors, ran, is_complete, fault_of)
        return found


def _idle_parts(
    use: _Use,
    selectors: Sequence[Selector],
    ran: Set[str],
    is_complete: bool,
    fault_of: Callable[[str], str],
) -> list[IdleSuppression]:
    idle = []
    for i, (selector, codes) in enumerate(zip(selectors, use.codes, strict=True)):
        fault = fault_of(selector.text)
        is_idle = is_complete and i not in use.used and codes & _all_codes() <= ran
        if fault or (is_idle and _ABOUT_COMMENTS not in codes):
            idle.append(IdleSuppression(selector.location, (selector.text,), fault))
    # Where nothing of it is of use, all of the comment can go.
    if len(idle) == len(selectors) and not any(part.fault for part in idle):
        names = tuple(selector.text for selector in selectors)
        return [IdleSuppression(use.comment.location, names)]
    return idle


def _faults() -> Callable[[str], str]:
    """What is wrong with a selector, if anything.

    Looking for what was meant takes a millisecond, so that is done for the first few only.
    """
    found: dict[str, str] = {}

    def fault(selector: str) -> str:
        if selected_codes((selector,)):
            return ""
        if selector not in found:
            if len(found) >= _MAX_HINTS:
                return f"unknown rule `{printable(selector)}`"
            found[selector] = ""
            try:
                check_selector(selector)
            except UnknownName as error:
                found[selector] = str(error)
        return found[selector]

    return fault


def _codes(comment: Suppression) -> tuple[frozenset[str], ...]:
    return tuple(selected_codes((selector.text,)) for selector in comment.selectors or ())


def _silences(use: _Use, code: str) -> bool:
    if use.comment.selectors is None:
        if code == _ABOUT_COMMENTS:
            return False
        use.used.add(0)
        return True
    named = [i for i, codes in enumerate(use.codes) if code in codes]
    use.used.update(named)
    return bool(named)


def _all_codes() -> frozenset[str]:
    """The rules that a comment can be about."""
    return frozenset(
        rule.meta.code
        for rule in all_rules()
        if SOURCES & rule.meta.applies_to and rule.meta.stage is not Stage.FILE
    )


def _cannot_be_ignored(code: str) -> bool:
    """Whether a finding says that a source cannot be read: it must not pass for checked."""
    return any(rule.meta.code == code and rule.meta.stage is Stage.FILE for rule in all_rules())
