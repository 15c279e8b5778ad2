"""What the formats for people say of a comparison, in the same words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from tflint.finding import Finding, Severity
from tflint.model.changes import (
    Change,
    ConstantChange,
    FieldChange,
    InterfaceChange,
    OperatorChange,
    OperatorPlace,
)
from tflint.printable import counted, printable, size_text
from tflint.report.diff_result import DiffReport, Total

# How each change is marked at the beginning of a line.
MARKS = {Change.ADDED: "+", Change.REMOVED: "-", Change.CHANGED: "~", Change.MOVED: ">"}
# Indices of operators that changed in the same way.
_SHOWN_INDICES = 8
_SHOWN_NAMES = 10
_NAME_LENGTH = 60
# Figures past this have no use for their last digits.
_MOST_DIGITS = 10**15
# Shapes may claim sizes beyond what floating-point numbers hold.
_MOST_FLOAT = 10**300


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a list: a mark, what it is about, and what is to be said."""

    change: Change
    subject: str
    details: tuple[str, ...]


def number(value: int | None, *, signed: bool = False) -> str:
    """`1,234`, `+1,234`, `2.1e+37`, or `-` for what is not known."""
    if value is None:
        return "-"
    if abs(value) >= _MOST_DIGITS:
        value = max(-_MOST_FLOAT, min(value, _MOST_FLOAT))
        return f"{value:+.2e}" if signed else f"{value:.2e}"
    return f"{value:+,}" if signed and value else f"{value:,}"


def percentage(total: Total) -> str:
    """`-62.0 %`, `+<0.1 %`; nothing where there is no difference, or nothing to compare to."""
    if not total.difference or not total.before:
        return ""
    change = 100 * max(-_MOST_FLOAT, min(total.difference, _MOST_FLOAT)) / total.before
    if abs(change) < 0.05:
        return "+<0.1 %" if change > 0 else "-<0.1 %"
    return f"{change:+,.1f} %" if abs(change) < 10**6 else f"{change:+.1e} %"


def verdict(report: DiffReport) -> str:
    """The one sentence for those who read no more."""
    if report.before is None:
        return "a new model: there is none to compare it to"
    if report.after is None:
        return "the model was removed"
    if report.identical:
        return "the files are identical"
    if report.is_empty:
        return (
            "no difference in the graph, its data or the findings; "
            "the files differ in layout, or in fields that nothing reads"
        )
    if report.changes is None:
        return "the models differ"
    if report.changes.is_breaking:
        return "the interface changed: what feeds or reads this model has to change with it"
    return "the inputs and outputs are the same"


def new_operators_text(report: DiffReport) -> str:
    """What applications have to do that register the operators of the earlier model only."""
    new = report.new_operators
    if not new:
        return ""
    more = len(new) - _SHOWN_NAMES
    named = ", ".join(new[:_SHOWN_NAMES]) + (f" and {more:,} more" if more > 0 else "")
    them = "it" if len(new) == 1 else "them"
    kinds = "a new kind of operator" if len(new) == 1 else "new kinds of operators"
    return f"{kinds}: {named}; an application that registers its operators has to add {them}"


def interface_entries(changes: Iterable[InterfaceChange]) -> Iterator[Entry]:
    """Inputs and outputs that differ."""
    for change in changes:
        where = f"subgraph {change.subgraph} " if change.subgraph else ""
        end = change.after or change.before
        name = _name(end.name) if end else ""
        details: list[str] = list(_field_texts(change.fields))
        if change.change is not Change.CHANGED and end is not None:
            shape = "x".join(map(str, end.shape)) or "scalar"
            details = [f"{shape} {end.type}"]
        yield Entry(change.change, f"{where}{change.kind} {change.position}{name}", tuple(details))


def operator_entries(changes: Sequence[OperatorChange]) -> list[Entry]:
    """Operators that differ; those that changed in the same way in one entry."""
    alike: dict[object, list[OperatorChange]] = {}
    for index, change in enumerate(changes):
        groups = change.change is Change.CHANGED
        key = (change.name, change.fields) if groups else index
        alike.setdefault(key, []).append(change)
    return [
        Entry(group[0].change, _subject(group), tuple(_operator_details(group[0])))
        for group in alike.values()
    ]


def _subject(group: Sequence[OperatorChange]) -> str:
    shown = ", ".join(_index_text(change) for change in group[:_SHOWN_INDICES])
    more = len(group) - _SHOWN_INDICES
    return f"{group[0].name} {shown}" + (f" and {more:,} more" if more > 0 else "")


def _index_text(change: OperatorChange) -> str:
    before, after = change.before, change.after
    if before is None or after is None:
        place = after or before
        return "" if place is None else _place_text(place)
    if (before.subgraph, before.index) == (after.subgraph, after.index):
        return _place_text(after)
    return f"{_place_text(before)} -> {_place_text(after)}"


def _place_text(place: OperatorPlace) -> str:
    return f"#{place.index}" + (f" of subgraph {place.subgraph}" if place.subgraph else "")


def _operator_details(change: OperatorChange) -> Iterator[str]:
    if change.change in (Change.CHANGED, Change.MOVED):
        yield from _field_texts(change.fields)
        return
    place = change.after or change.before
    if place is not None:
        yield place.outputs or "no outputs"
        if place.macs:
            yield f"{number(place.macs)} MACs"


def _field_texts(fields: Iterable[FieldChange]) -> Iterator[str]:
    """What differs, all of one input or output of an operator together."""
    for slot, some in groupby(fields, key=lambda change: change.slot):
        texts = [f"{change.field} {change.before} -> {change.after}" for change in some]
        if slot:
            yield f"{slot}: {', '.join(texts)}"
        else:
            yield from texts


def constant_entries(changes: Iterable[ConstantChange]) -> Iterator[Entry]:
    """Constants that came, went or hold other values, largest first."""
    for change in changes:
        place = change.after or change.before
        if place is None:
            continue
        where = f"subgraph {place.subgraph} " if place.subgraph else ""
        name = _name(place.name)
        details = [f"{place.shape} {place.type}", size_text(place.bytes)]
        yield Entry(change.change, f"{where}tensor {place.index}{name}", tuple(details))


def _name(name: str) -> str:
    """The name of a tensor behind its number; fused operators give long ones."""
    return f" {printable(name, _NAME_LENGTH)}" if name else ""


def constants_summary(changes: Sequence[ConstantChange]) -> str:
    """`1 removed (36.0 KiB), 3 hold other values (1.3 KiB)`."""
    parts = []
    for kind, words in (
        (Change.ADDED, "added"),
        (Change.REMOVED, "removed"),
        (Change.CHANGED, "with other values"),
    ):
        some = [change for change in changes if change.change is kind]
        if some:
            parts.append(f"{len(some):,} {words} ({size_text(sum(c.bytes for c in some))})")
    return ", ".join(parts)


def operators_summary(changes: Sequence[OperatorChange]) -> str:
    """`2 added, 1 removed, 5 changed`."""
    counts = {kind: sum(change.change is kind for change in changes) for kind in Change}
    return ", ".join(f"{count:,} {kind.value}" for kind, count in counts.items() if count)


def findings_summary(report: DiffReport) -> str:
    """`2 findings added (2 errors), 1 removed (1 warning), 3 in both`."""
    parts = []
    for words, findings in (("added", report.added), ("removed", report.removed)):
        if findings:
            parts.append(f"{counted(len(findings), 'finding')} {words} ({severities(findings)})")
    if not parts:
        return "the findings are the same" if report.kept else "no findings"
    if report.kept:
        parts.append(f"{report.kept:,} in both")
    return ", ".join(parts)


def severities(findings: Sequence[Finding]) -> str:
    """`2 errors, 1 warning`."""
    counts = ((s, sum(f.severity is s for f in findings)) for s in Severity)
    return ", ".join(counted(n, severity.value) for severity, n in counts if n)


def finding_place(finding: Finding) -> str:
    """The operator or tensor that a finding is about."""
    at = finding.location
    where = f" of subgraph {at.subgraph}" if at.subgraph else ""
    if at.operator is not None:
        return f"{at.operator_name} #{at.operator}{where}"
    return f"tensor {at.tensor}{where}" if at.tensor is not None else ""
