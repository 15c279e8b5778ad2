"""What the steps of a repair come to: passes, findings that are gone, findings that are left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tflint.finding import Finding, FixSafety
from tflint.fix.model.registry import model_fixes
from tflint.fix.model.repair import Repair
from tflint.fix.options import FixOptions
from tflint.lint.registry import find_rule
from tflint.report.diff_result import DiffReport
from tflint.report.fix_result import FixedFinding, LeftFinding, PassReport

# In place of a code: the step that quantises, which is no rule's.
QUANTIZE = "quantize"
# Likewise: that the result is written at all, as compactly as the format allows.
WRITE = "write"
# Repairs that give outputs another meaning. Quantising takes the other unsafe repairs along, as
# its result is held against the tolerance anyway; these only `--unsafe` does.
NEW_MEANING = frozenset(("TFL309",))


def pass_reports(work: Repair, mode: str | None = None) -> tuple[PassReport, ...]:
    """Each pass that did something, in the order of its first turn, then those refused.

    Before them stands what it saves that the file is written anew. `mode` is that of a step that
    quantises.
    """
    refused = {refusal.code: refusal.reason for refusal in work.refusals}
    codes = dict.fromkeys((*(step.code for step in work.steps), *refused))
    reports = [_pass_report(code, work, refused.get(code, ""), mode) for code in codes]
    if work.steps and work.rewritten_bytes is not None:
        saved = len(work.before) - work.rewritten_bytes
        written = PassReport(WRITE, "compact-file", FixSafety.SAFE, True, bytes_saved=saved)
        reports[:0] = [written] if saved else []
    return tuple(reports)


def _pass_report(code: str, work: Repair, refused: str, mode: str | None) -> PassReport:
    steps = [step for step in work.steps if step.code == code]
    arenas = [step.arena_saved for step in steps if step.arena_saved is not None]
    rule = find_rule(code)
    return PassReport(
        code=code,
        name=rule.meta.name if rule is not None else mode or code,
        safety=_worst(step.safety for step in steps),
        applied=bool(steps),
        places=sum(step.places for step in steps),
        bytes_saved=sum(step.bytes_saved for step in steps),
        arena_saved=sum(arenas) if arenas else None,
        refused=refused,
    )


def _worst(safeties: Iterable[FixSafety]) -> FixSafety:
    return FixSafety.UNSAFE if FixSafety.UNSAFE in set(safeties) else FixSafety.SAFE


def fixed_findings(comparison: DiffReport, work: Repair) -> tuple[FixedFinding, ...]:
    """The findings that are gone, each with what the step that took it away may have changed.

    Repairs change names, too. So for each finding that only the repaired model has, one of the
    same rule that only the original has is the same one.
    """
    whole = FixSafety.SAFE if work.is_safe else FixSafety.UNSAFE
    safety = {one.code: one.safety for one in pass_reports(work)}
    known = Counter((finding.code, finding.severity) for finding in comparison.added)
    gone = []
    for finding in comparison.removed:
        key = finding.code, finding.severity
        if known[key]:
            known[key] -= 1
        else:
            gone.append(FixedFinding(finding, safety.get(finding.code, whole)))
    return tuple(gone)


def left_findings(
    findings: Iterable[Finding], work: Repair, options: FixOptions
) -> tuple[LeftFinding, ...]:
    """The findings that are still there, with what would repair them or stands in the way."""
    refused = {refusal.code: refusal.reason for refusal in work.refusals}
    on_request = {fix.code for fix in model_fixes() if fix.on_request} - options.requested
    return tuple(_left(finding, refused, on_request, options) for finding in findings)


def _left(
    finding: Finding, refused: dict[str, str], on_request: set[str], options: FixOptions
) -> LeftFinding:
    fix = finding.fix
    if fix is None:
        return LeftFinding(finding)
    if fix.safety is FixSafety.RECONVERT:
        is_quantising = fix.command.startswith("tflint fix ") and "--quantize" in fix.command
        is_ours = is_quantising and options.quantize is None
        return LeftFinding(finding, safety=fix.safety if is_ours else None)
    unsafe = options.unsafe or (options.quantize is not None and finding.code not in NEW_MEANING)
    if finding.code in on_request or (fix.safety is FixSafety.UNSAFE and not unsafe):
        return LeftFinding(finding, safety=fix.safety)
    reason = refused.get(finding.code, "the repair does not reach this place")
    return LeftFinding(finding, reasons=((reason, finding.location),))
