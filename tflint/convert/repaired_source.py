"""The repairs of a source that leave what its network computes as it is, weights put in order."""

from __future__ import annotations

import dataclasses

from tflint.fix.repaired import Accept, Repaired
from tflint.fix.run import repair_bytes, require_editor
from tflint.lint.discover import Artifact
from tflint.lint.plan import Plan
from tflint.report.fix_result import FileFix, FixedFinding, LeftFinding
from tflint.source.module import read_source
from tflint.source.parsing import decode_source

# Layouts. That the rebuilt network computes the same is proved before the source is written;
# TFL111, which also changes networks, is not among them: it takes training.
_LAYOUT = frozenset(("TFL101", "TFL102"))


def repaired_source(data: bytes, artifact: Artifact, plan: Plan, accept: Accept) -> Repaired:
    """The source with its layouts and what is safe repaired, in memory.

    Raises `MissingExtra` without the library that edits sources.
    """
    require_editor()
    layout = tuple(rule for rule in plan.rules if rule.meta.code in _LAYOUT)
    first = repair_bytes(data, artifact, Plan(plan.target, layout), accept, unsafe=True)
    then = repair_bytes(first.after, artifact, plan, accept)
    return dataclasses.replace(then, before=data, fix=_together(first.fix, then.fix, data, then))


def _together(first: FileFix, then: FileFix, data: bytes, last: Repaired) -> FileFix:
    """Both rounds as one. What is left of layouts, the first says: it had leave to repair them."""
    reasons = {left.finding.code: left for left in first.left}
    left: list[LeftFinding] = []
    for one in then.left:
        known = reasons.get(one.finding.code)
        if known is None:
            left.append(one)
        else:
            left.append(dataclasses.replace(known, finding=one.finding))
    fixed: tuple[FixedFinding, ...] = (*first.fixed, *then.fixed)
    return dataclasses.replace(
        then,
        fixed=fixed,
        left=tuple(left),
        notes=tuple(dict.fromkeys((*first.notes, *then.notes))),
        diff=_difference(data, last),
        bytes_before=len(data),
    )


def _difference(before: bytes, last: Repaired) -> str:
    """What both rounds change, as a unified diff."""
    from tflint.fix.source.reading import read_document
    from tflint.printable import printable

    kind = last.artifact.kind
    if before == last.after:
        return ""
    old, new = read_document(before, kind), read_document(last.after, kind)
    return new.diff(old, printable(last.artifact.shown, 400))


def source_text(data: bytes) -> str:
    """The text of a source in its own encoding."""
    return decode_source(data)


def network_count(data: bytes) -> int:
    """How many networks a source builds, as far as that can be seen."""
    return len(read_source(data).keras.networks)
