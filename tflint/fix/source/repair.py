"""Repairing one source: rounds of edits, each checked again before it counts.

A round plans a repair for every finding, carries out those that do not touch the same code, and
checks the result: what was repaired must be gone, and no error may have come. What does not hold
up is left undone, with the reason. The last round changes nothing, so a second run does not either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tflint.finding import Finding, FixSafety, Severity
from tflint.fix.source.document import Document
from tflint.fix.source.registry import source_fixes
from tflint.fix.source.source_fix import Request, SourceFix
from tflint.fix.source.tree import CannotEdit
from tflint.report.fix_result import FixedFinding, LeftFinding
from tflint.report.result import FileReport
from tflint.source.edits import Edit, Plan, any_conflict
from tflint.source.module import SourceModule
from tflint.source.parsing import SourceError
from tflint.target.target import Target

# One round is what most sources take, a second one finds nothing to do.
MAX_ROUNDS = 25
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
    module = document.module
    report = check(module)
    fixed: list[FixedFinding] = []
    notes: list[str] = []
    refused: dict[tuple[Edit, ...], str] = {}
    for _ in range(MAX_ROUNDS):
        groups = [group for group in _plans(report, module, target, is_wanted) if group.plan.edits]
        possible = [
            group
            for group in groups
            if group.plan.is_possible and (unsafe or group.safety is FixSafety.SAFE)
        ]
        refused = {}
        applied = False
        for batch in (_together(possible), *([group] for group in possible)):
            outcome = _attempt(document, module, report, batch, check)
            if isinstance(outcome, str):
                if len(batch) == 1:
                    refused[batch[0].plan.edits] = outcome
                continue
            document, module, report = outcome
            for group in batch:
                fixed += [FixedFinding(found, group.safety) for found in group.findings]
                notes += [note for note in group.plan.notes if note not in notes]
            applied = True
            break
        if not applied:
            break
    left = _left(report, module, target, is_wanted, refused)
    return SourceRepair(document, tuple(fixed), tuple(left), tuple(notes))


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


def _left(
    report: FileReport,
    module: SourceModule,
    target: Target,
    is_wanted: Callable[[Finding], bool],
    refused: dict[tuple[Edit, ...], str],
) -> Iterator[LeftFinding]:
    """What is still there, in the order of the report, and why."""
    reasons: dict[int, LeftFinding] = {}
    for group in _plans(report, module, target, is_wanted):
        plan = group.plan
        for finding in group.findings:
            if plan.edits in refused and plan.is_possible:
                reasons[id(finding)] = LeftFinding(
                    finding,
                    reasons=((refused[plan.edits], finding.location),),
                    is_unproved=True,
                )
            elif plan.is_possible:
                reasons[id(finding)] = LeftFinding(finding, safety=group.safety)
            elif plan.obstacles:
                why = tuple((obstacle.reason, obstacle.location) for obstacle in plan.obstacles)
                reasons[id(finding)] = LeftFinding(finding, reasons=why)
    for finding in report.findings:
        if is_wanted(finding):
            yield reasons.get(id(finding), LeftFinding(finding))
