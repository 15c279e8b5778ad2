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
from tflint.report.wording import MAX_PATH

MARKS = {Change.ADDED: "+", Change.REMOVED: "-", Change.GROWN: "^", Change.SHRUNK: "v"}
# The figures in the order in which they are shown: names, titles, and how far they are indented.
_TITLES = (
    ("ram", "RAM", 0),
    ("min_arena", "arena", 1),
    ("nonpersistent", "activations", 2),
    ("persistent", "persistent", 2),
    ("passing", "in passing", 2),
    ("interpreter", "interpreter", 1),
    ("resolver", "resolver", 1),
    ("stack", "stack", 1),
    ("flash", "flash", 0),
    ("model", "model", 1),
    ("runtime", "TFLM's code", 1),
    ("arena", "arena_used_bytes()", 0),
    ("lower_bound", "most alive at once", 0),
)
_KIND = "persistent."
# What aligning the arena's size may come to.
_ROUNDING = 16
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
        figure = by_name[name]
        if name != "passing" or max(figure.before or 0, figure.after or 0) >= _ROUNDING:
            yield _row(figure, title, indent)
        if name == "persistent":
            for kind in figures:
                if kind.name.startswith(_KIND) and kind.difference:
                    yield _row(kind, kind.name[len(_KIND) :].replace("_", " "), indent + 1)


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
        return "a new model: " + ", ".join(f"{t} {number(f.after)} B" for t, f in figures)
    if not any(figure.difference for _, figure in figures):
        same = all(not figure.difference for figure in report.difference.figures)
        return "memory is the same" if same else "RAM and flash are the same"
    return ", ".join(_changed(title, figure) for title, figure in figures)


def _changed(title: str, figure: Figure) -> str:
    if not figure.difference:
        return f"{title} the same ({number(figure.after)} B)"
    share = percentage(Total(figure.name, figure.before, figure.after))
    by = number(figure.difference, signed=True)
    return f"{title} {by} B ({share})" if share else f"{title} {by} B"


def standing(report: MemoryDiffReport) -> tuple[str, str]:
    """Whether the runtime takes the models, and the role of that text; nothing where it does.

    Nor where only the later one is refused: that is a failure.
    """
    title = report.target.runtime.title
    before, after = report.before, report.after
    if after is None:
        return "", ""
    if after.refusal is None:
        if before is None or before.refusal is None:
            return "", ""
        return f"it runs on {title} now; before it did not: {before.refusal}", "good"
    if before is None:
        return f"it does not run on {title}: {after.refusal}", "warning"
    if before.refusal is None:
        return "", ""
    return f"it does not run on {title}, nor did it before: {after.refusal}", "warning"


def remarks(report: MemoryDiffReport) -> Iterator[str]:
    """What has to be known to read the figures."""
    if report.limit is not None and not report.is_growth_judged:
        why = "earlier" if report.before is None else "later"
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
    """What is not known of one model, and by how much the figures may be off."""
    by_reason: dict[tuple[str, int | None], list[Node]] = {}
    for node, doubt in use.arena.doubts:
        by_reason.setdefault((doubt.reason, doubt.bytes), []).append(node)
    for (reason, size), nodes in by_reason.items():
        off = "by how much is not known" if size is None else f"by {number(size)} B each at most"
        named = _some([node_text(node) for node in nodes])
        yield f"{named}: {printable(reason, _MOST_REASON)}; off {off}"
    if use.code.unknown:
        named = _some([printable(name, _NAME_LENGTH) for name in use.code.unknown])
        yield f"no code size is known for {named}; flash is without"
    if not use.code.is_measured:
        error = number(use.code.error_bytes)
        yield f"TFLM's code is an estimate, off by {error} B at most where it was tested"
    if use.code.note:
        yield f"TFLM's code is {use.code.note}"


def _some(texts: Sequence[str]) -> str:
    more = len(texts) - _MOST_NAMED
    return ", ".join(texts[:_MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def node_text(node: Node) -> str:
    """`CONV_2D #3`."""
    where = f" of subgraph {node.subgraph}" if node.subgraph else ""
    return f"{printable(node.name, _NAME_LENGTH)} #{node.index}{where}"


def value_text(value: Value) -> str:
    """A tensor's name, the middle of long ones left out, or its number where it has none."""
    where = f" of subgraph {value.subgraph}" if value.subgraph else ""
    name = printable(value.name, MAX_PATH)
    if len(name) > _NAME_LENGTH:
        half = (_NAME_LENGTH - 3) // 2
        name = f"{name[:half]}...{name[-half:]}"
    return (name or f"tensor {value.index}") + where


def buffer_text(buffer: Buffer) -> str:
    """What a buffer is of."""
    if buffer.value is not None:
        return value_text(buffer.value)
    return (
        f"scratch memory of {node_text(buffer.node)}"
        if buffer.node is not None
        else "scratch memory"
    )


def change_text(change: BufferChange) -> str:
    """What changed: a tensor, or an operator's scratch memory by the tensor that it makes."""
    if change.node is None:
        return value_text(change.value)
    return f"{node_text(change.node)} making {value_text(change.value)}"


def sizes_text(change: BufferChange) -> str:
    """`1,024 -> 2,048 B (+1,024)`, `2,048 B`."""
    if change.change in (Change.ADDED, Change.REMOVED):
        return f"{number(max(change.bytes_before, change.bytes_after))} B"
    sizes = f"{number(change.bytes_before)} -> {number(change.bytes_after)} B"
    return f"{sizes} ({number(change.difference, signed=True)})"


def changes_summary(found: BufferChanges) -> str:
    """`1 grown (+512 B), 2 added (+1,024 B)`."""
    parts = []
    for change in Change:
        some = found.of(change)
        if some:
            by = number(sum(one.difference for one in some), signed=True)
            parts.append(f"{len(some):,} {change.value} ({by} B)")
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
        return "" if only is None else f"{number(only.bytes)} B {peak_place(only)}"
    sizes = f"{number(before.bytes)} B, as before"
    if before.bytes != after.bytes:
        sizes = f"from {number(before.bytes)} to {number(after.bytes)} B"
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
        return f"{freed} B of code; register it with {change.code.resolver_call}()"
    return f"frees {freed} B of code, once {change.code.resolver_call}() is gone"


def kernels_summary(kernels: Sequence[KernelChange]) -> str:
    """`1 added, 2 removed`."""
    counts = {kind: sum(kernel.change is kind for kernel in kernels) for kind in Change}
    return ", ".join(f"{count:,} {kind.value}" for kind, count in counts.items() if count)
