"""Repairing one source: rounds of edits, each checked again before it counts.

A round plans a repair for every finding, carries out those that do not touch the same code, and
checks the result: what was repaired must be gone, and no error may have come. What does not hold
up is left undone, with the reason. The last round changes nothing, so a second run does not either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from tflint.finding import NOWHERE, Finding, FixSafety, Severity
from tflint.fix.source.document import Document
from tflint.fix.source.registry import source_fixes
from tflint.fix.source.source_fix import Request, SourceFix
from tflint.fix.source.tree import CannotEdit
from tflint.lint.findings import MAX_FINDINGS_PER_RULE
from tflint.report.fix_result import FixedFinding, LeftFinding
from tflint.report.result import FileReport
from tflint.source.edits import Edit, Plan, any_conflict
from tflint.source.module import SourceModule
from tflint.source.parsing import SourceError
from tflint.target.target import Target

# Edited sources that are checked: one for most, a second time finds nothing to do.
MAX_ATTEMPTS = 150
# Plans for one file and round: each looks at the whole file.
MAX_PLANS = 400

Check = Callable[[SourceModule], FileReport]


@dataclass(frozen=True, slots=True)
class SourceRepair:
    """What came of the repair of a source: the document as it is then, and what was done."""

    document: Document
    fixed: tuple[FixedFinding, ...]
    left: tuple[LeftFinding, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Group:
    """Findings that one plan repairs."""

    fix: SourceFix
    plan: Plan
    findings: tuple[Finding, ...]

    @property
    def key(self) -> object:
        """What the same repair is known by in a later round."""
        told = tuple((finding.message, finding.location.anchor) for finding in self.findings)
        return self.fix.code, told

    @property
    def safety(self) -> FixSafety:
        return self.plan.safety or self.fix.safety


def repair_source(
    document: Document,
    check: Check,
    target: Target,
    *,
    is_wanted: Callable[[Finding], bool] = lambda finding: True,
    unsafe: bool = False,
) -> SourceRepair:
    """Repair what can be repaired.

    `check` gives the findings of a module that count. Of these `is_wanted` chooses; `unsafe`
    takes repairs that change what the code does. Raises `SourceError` for a source that does
    not parse.
    """
    work = _Work(document, check, target, is_wanted, unsafe)
    while work.round():
        pass
    return SourceRepair(work.document, tuple(work.fixed), tuple(work.left()), tuple(work.notes))


class _Work:
    """The state of a repair, round by round."""

    def __init__(
        self,
        document: Document,
        check: Check,
        target: Target,
        is_wanted: Callable[[Finding], bool],
        unsafe: bool,
    ) -> None:
        self.document = document
        self.fixed: list[FixedFinding] = []
        self.notes: list[str] = []
        self._module = document.module
        self._check = check
        self._report = check(self._module)
        self._target = target
        self._is_wanted = is_wanted
        self._unsafe = unsafe
        # Why a repair did not hold up, by what its findings say: places move.
        self._refused: dict[object, str] = {}
        self._attempts = 0
        self._rounds = 0

    def round(self) -> bool:
        """Carry out what can be, at once if possible; False where nothing was done."""
        self._rounds += 1
        groups = [
            group
            for group in _plans(self._report, self._module, self._target, self._is_wanted)
            if group.plan.is_possible and (self._unsafe or group.safety is FixSafety.SAFE)
        ]
        fresh = [group for group in groups if group.key not in self._refused]
        if any(self._commit(_together(batch)) for batch in _batches(fresh)):
            return True
        return any(self._commit([group]) for group in groups if group.key in self._refused)

    def _commit(self, groups: Sequence[_Group]) -> bool:
        """Carry out the groups, or, if they do not hold up together, a part of them."""
        if not groups or self._attempts >= MAX_ATTEMPTS:
            return False
        self._attempts += 1
        outcome = _attempt(self.document, self._module, self._report, groups, self._check)
        if isinstance(outcome, str):
            if len(groups) == 1:
                self._refused[groups[0].key] = outcome
                return False
            middle = len(groups) // 2
            return self._commit(groups[:middle]) or self._commit(groups[middle:])
        self.document, self._module, self._report = outcome
        for group in groups:
            self._refused.pop(group.key, None)
            self._count(group)
        return True

    def _count(self, group: _Group) -> None:
        for finding in group.findings:
            # From the second round on, lines are no longer those of the file.
            known = finding if self._rounds == 1 else replace(finding, location=NOWHERE)
            self.fixed.append(FixedFinding(known, group.safety))
        self.notes += [note for note in group.plan.notes if note not in self.notes]

    def left(self) -> Iterator[LeftFinding]:
        """What is still there, in the order of the report, and why."""
        why: dict[int, LeftFinding] = {}
        for group in _plans(self._report, self._module, self._target, self._is_wanted):
            for finding in group.findings:
                why[id(finding)] = self._reason(group, finding)
        for finding in self._report.findings:
            if self._is_wanted(finding):
                yield why.get(id(finding), LeftFinding(finding))

    def _reason(self, group: _Group, finding: Finding) -> LeftFinding:
        plan = group.plan
        if not plan.is_possible:
            obstacles = tuple((obstacle.reason, obstacle.location) for obstacle in plan.obstacles)
            return LeftFinding(finding, reasons=obstacles)
        refusal = self._refused.get(group.key)
        if refusal is not None:
            return LeftFinding(finding, reasons=((refusal, finding.location),), is_unproved=True)
        if self._unsafe or group.safety is FixSafety.SAFE:
            reason = "there is too much to repair in one run: run it again"
            return LeftFinding(finding, reasons=((reason, finding.location),))
        return LeftFinding(finding, safety=group.safety)


def _plans(
    report: FileReport,
    module: SourceModule,
    target: Target,
    is_wanted: Callable[[Finding], bool],
) -> list[_Group]:
    """The plans for the findings, those with the same edits put together."""
    fixes = source_fixes()
    found: dict[tuple[object, ...], tuple[SourceFix, Plan, list[Finding]]] = {}
    for finding in report.findings:
        fix = fixes.get(finding.code)
        if fix is None or len(found) >= MAX_PLANS or not is_wanted(finding):
            continue
        plan = fix.plan(Request(finding, module, target))
        # Without edits, what stands in the way is this finding's alone.
        key = (fix.code, plan.edits or id(finding))
        found.setdefault(key, (fix, plan, []))[2].append(finding)
    return [_Group(fix, plan, tuple(findings)) for fix, plan, findings in found.values()]


def _batches(groups: Sequence[_Group]) -> list[list[_Group]]:
    """The groups by what proves them: a proof compares networks that nothing else changes."""
    proofs = dict.fromkeys(group.fix.proof for group in groups if group.fix.proof is not None)
    return [
        [group for group in groups if group.fix.proof in (None, proof)]
        for proof in proofs or [None]
    ]


def _together(groups: Sequence[_Group]) -> list[_Group]:
    """The groups that can be carried out at once, the earlier ones first."""
    chosen: list[_Group] = []
    edits: list[Edit] = []
    for group in groups:
        if not any_conflict(group.plan.edits, edits):
            chosen.append(group)
            edits += group.plan.edits
    return chosen


def _attempt(
    document: Document,
    module: SourceModule,
    report: FileReport,
    groups: Sequence[_Group],
    check: Check,
) -> tuple[Document, SourceModule, FileReport] | str:
    """The document with the groups' edits made, or why it is left as it was."""
    if not groups:
        return "there is nothing to do"
    edits = dict.fromkeys(edit for group in groups for edit in group.plan.edits)
    try:
        edited = document.edited(tuple(edits))
        after = edited.module
    except CannotEdit as error:
        return str(error)
    except SourceError as error:
        return f"the edited source would not parse: {error}"
    checked = check(after)
    reason = _not_gone(report, checked, groups) or _new_error(report, checked)
    for proof in dict.fromkeys(group.fix.proof for group in groups):
        if reason is None and proof is not None:
            reason = proof(module, after)
    return (edited, after, checked) if reason is None else reason


def _not_gone(before: FileReport, after: FileReport, groups: Sequence[_Group]) -> str | None:
    expected = Counter(finding.code for finding in before.findings)
    found = Counter(finding.code for finding in after.findings)
    repaired = Counter(finding.code for group in groups for finding in group.findings)
    for code, count in repaired.items():
        if expected[code] >= MAX_FINDINGS_PER_RULE:
            continue  # There are more than the report lists, which come up as these go.
        if found[code] > expected[code] - count:
            return f"{code} would still be there after the edit"
    return None


def _new_error(before: FileReport, after: FileReport) -> str | None:
    known = Counter(f.code for f in before.findings if f.severity is Severity.ERROR)
    found = Counter(f.code for f in after.findings if f.severity is Severity.ERROR)
    for finding in after.findings:
        if found[finding.code] > known[finding.code] and finding.severity is Severity.ERROR:
            return f"the edit would bring {finding.code}: {finding.message}"
    return None
