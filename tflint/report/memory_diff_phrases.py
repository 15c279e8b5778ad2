"""What the formats for people say of a comparison of memory, in the same words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tflint.memory.arena import Buffer
from tflint.memory.difference import (
    BufferChange,
    BufferChanges,
    Change,
    Figure,
    KernelChange,
    Peak,
    PeakChange,
)
from tflint.memory.usage import MemoryUse
from tflint.model.graph import Node, Value
from tflint.printable import printable
from tflint.report.diff_phrases import number, percentage
from tflint.report.diff_result import Total
from tflint.report.memory_diff_result import LIMITED, MemoryDiffReport

MARKS = {Change.ADDED: "+", Change.REMOVED: "-", Change.GROWN: "^", Change.SHRUNK: "v"}
# The figures in the order in which they are shown: names, titles, and how far they are indented.
_TITLES = (
    ("ram", "RAM to plan for", 0),
    ("min_arena", "smallest arena", 1),
    ("interpreter", "interpreter and resolver", 1),
    ("stack", "stack", 1),
    ("arena", "arena used", 0),
    ("nonpersistent", "tensors and scratch", 1),
    ("persistent", "persistent", 1),
    ("lower_bound", "most alive at once", 0),
    ("flash", "flash", 0),
    ("model", "model file", 1),
    ("runtime", "runtime's code", 1),
)
_KIND = "persistent."
_NAME_LENGTH = 60
_MOST_NAMED = 3
_MOST_REASON = 200


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table of figures, by how much its title is indented."""

    title: str
    indent: int
    before: str
    after: str
    difference: str
    percentage: str


def rows(figures: Sequence[Figure]) -> Iterator[Row]:
    """The figures as a table; of what is persistent, the kinds that differ."""
    by_name = {figure.name: figure for figure in figures}
    for name, title, indent in _TITLES:
        if name in by_name:
            yield _row(by_name[name], title, indent)
        if name == "persistent":
            for figure in figures:
                if figure.name.startswith(_KIND) and figure.difference:
                    yield _row(figure, figure.name[len(_KIND) :].replace("_", " "), indent + 1)


def _row(figure: Figure, title: str, indent: int) -> Row:
    difference = "=" if figure.difference == 0 else number(figure.difference, signed=True)
    share = percentage(Total(figure.name, figure.before, figure.after))
    return Row(title, indent, number(figure.before), number(figure.after), difference, share)


def verdict(report: MemoryDiffReport) -> str:
    """The one sentence for those who read no more."""
    if report.after is None:
        return "the model was removed"
    figures = [(title, report.difference.figure(name)) for name, title in LIMITED.items()]
    if report.before is None:
        return "a new model: " + ", ".join(f"{t} {number(f.after)} bytes" for t, f in figures)
    if not any(figure.difference for _, figure in figures):
        same = all(not figure.difference for figure in report.difference.figures)
        return "memory is the same" if same else "RAM and flash are the same"
    return ", ".join(_changed(title, figure) for title, figure in figures)


def _changed(title: str, figure: Figure) -> str:
    if not figure.difference:
        return f"{title} the same ({number(figure.after)} bytes)"
    share = percentage(Total(figure.name, figure.before, figure.after))
    by = number(figure.difference, signed=True)
    return f"{title} {by} bytes ({share})" if share else f"{title} {by} bytes"


def remarks(report: MemoryDiffReport) -> Iterator[str]:
    """What has to be known to read the figures."""
    title = report.target.runtime.title
    before, after = report.before, report.after
    if after is not None and after.refusal and before is not None and before.refusal:
        yield f"it does not run on {title}, nor did it before: {after.refusal}"
    elif after is not None and after.refusal and before is None:
        yield f"it does not run on {title}: {after.refusal}"
    elif after is not None and before is not None and before.refusal and not after.refusal:
        yield f"it runs on {title} now; before it did not: {before.refusal}"
    if report.limit is not None and not report.is_growth_judged:
        why = "earlier" if before is None else "later"
        yield f"there is no {why} model, so growth is not held against --max-growth"
    yield from report.notes
    sides: dict[str, list[str]] = {}
    for which, use in (
        ("before", report.difference.before),
        ("after", report.difference.after),
    ):
        for text in () if use is None else _doubts(use):
            sides.setdefault(text, []).append(which)
    yield from (f"{' and '.join(which)}: {text}" for text, which in sides.items())


def _doubts(use: MemoryUse) -> Iterator[str]:
    """What is not known of one model."""
    doubts = use.arena.doubts
    if doubts:
        node, doubt = doubts[0]
        off = [known.bytes for _, known in doubts if known.bytes is not None]
        bound = f"off by {number(sum(off))} bytes at most" if len(off) == len(doubts) else "off"
        more = f" (and {len(doubts) - 1:,} more)" if len(doubts) > 1 else ""
        reason = printable(doubt.reason, _MOST_REASON)
        yield f"the arena may be {bound}: {node_text(node)}{more}: {reason}"
    if use.code.unknown:
        named = ", ".join(printable(name, _NAME_LENGTH) for name in use.code.unknown[:_MOST_NAMED])
        more = f" and {len(use.code.unknown) - _MOST_NAMED:,} more"
        named += more if len(use.code.unknown) > _MOST_NAMED else ""
        yield f"the runtime's code is without {named}, for which it has no kernel"
    if not use.code.is_measured:
        error = number(use.code.error_bytes)
        yield f"the runtime's code is an estimate, off by {error} bytes at most"


def node_text(node: Node) -> str:
    """`CONV_2D #3`."""
    where = f" of subgraph {node.subgraph}" if node.subgraph else ""
    return f"{printable(node.name, _NAME_LENGTH)} #{node.index}{where}"


def value_text(value: Value) -> str:
    """A tensor's name, or its number where it has none."""
    where = f" of subgraph {value.subgraph}" if value.subgraph else ""
    return (printable(value.name, _NAME_LENGTH) or f"tensor {value.index}") + where


def buffer_text(buffer: Buffer) -> str:
    """What a buffer is of."""
    if buffer.value is not None:
        return value_text(buffer.value)
    return f"scratch of {node_text(buffer.node)}" if buffer.node is not None else "scratch"


def change_text(change: BufferChange) -> str:
    """What changed: a tensor, or an operator's scratch memory by the tensor that it makes."""
    if change.node is None:
        return value_text(change.value)
    return f"{node_text(change.node)} making {value_text(change.value)}"


def bytes_text(change: BufferChange) -> str:
    """`1,024 -> 2,048 bytes (+1,024)`, `2,048 bytes`."""
    if change.change in (Change.ADDED, Change.REMOVED):
        return f"{number(max(change.bytes_before, change.bytes_after))} bytes"
    sizes = f"{number(change.bytes_before)} -> {number(change.bytes_after)} bytes"
    return f"{sizes} ({number(change.difference, signed=True)})"


def changes_summary(found: BufferChanges) -> str:
    """`1 grown (+512 bytes), 2 added (+1,024 bytes)`."""
    parts = []
    for change in Change:
        some = found.of(change)
        if some:
            by = number(sum(one.difference for one in some), signed=True)
            parts.append(f"{len(some):,} {change.value} ({by} bytes)")
    if not parts:
        return f"{found.kept:,} the same" if found.kept else "not compared"
    return ", ".join(parts)


def unmatched_text(found: BufferChanges, what: str) -> str:
    """Why buffers were not compared, or nothing."""
    before, after = found.unmatched_before, found.unmatched_after
    if not found.are_matched:
        return f"no tensor has the same name in both models: {what} were not compared"
    if not before and not after:
        return ""
    counts = f"{before:,} before, {after:,} after"
    return f"not compared, as their names are missing or not unique: {counts}"


def peak_summary(peak: PeakChange) -> str:
    """Where the most is alive, and how much."""
    before, after = peak.before, peak.after
    if before is None or after is None:
        only = after or before
        return "" if only is None else f"{number(only.bytes)} bytes {peak_place(only)}"
    sizes = f"{number(before.bytes)} bytes, as before"
    if before.bytes != after.bytes:
        sizes = f"{number(before.bytes)} -> {number(after.bytes)} bytes"
    if peak.moved:
        return f"{sizes}; moved from {_bare_place(before)} to {_bare_place(after)}"
    if peak.moved is None:
        if peak_place(before) == peak_place(after):
            return f"{sizes}, {peak_place(after)} in both"
        return f"{sizes}; {peak_place(before)} before, {peak_place(after)} after"
    return f"{sizes}, {peak_place(after)}"


def has_peak_changed(peak: PeakChange) -> bool:
    """Whether anything else is alive then, or somewhere else."""
    if peak.before is None or peak.after is None:
        return True
    sizes = [[buffer.reserved for buffer in side.alive] for side in (peak.before, peak.after)]
    return bool(peak.moved) or sizes[0] != sizes[1]


def peak_place(peak: Peak) -> str:
    """`during CONV_2D #2`."""
    return "between operators" if peak.node is None else f"during {node_text(peak.node)}"


def _bare_place(peak: Peak) -> str:
    return "between operators" if peak.node is None else node_text(peak.node)


def kernel_text(change: KernelChange) -> str:
    """What a kernel that came or went means for flash and for who registers it."""
    if change.code is None:
        return "the runtime has no such kernel"
    freed = number(change.code.freed_bytes)
    if change.change is Change.ADDED:
        return f"{freed} bytes of code; register it with {change.code.resolver_call}()"
    return f"frees {freed} bytes of code, once {change.code.resolver_call}() is gone"


def kernels_summary(kernels: Sequence[KernelChange]) -> str:
    """`1 added, 2 removed`."""
    counts = {kind: sum(kernel.change is kind for kernel in kernels) for kind in Change}
    return ", ".join(f"{count:,} {kind.value}" for kind, count in counts.items() if count)
