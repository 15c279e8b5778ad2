"""What a picture of the plan shows, whoever draws it: rectangles in operators and bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tflint.memory.arena import Buffer
from tflint.report import memory_wording as wording
from tflint.report.memory_result import MemoryReport

# Beyond it neither a page nor a picture shows more, and both would only be slow.
MAX_BLOCKS = 4000


@dataclass(frozen=True, slots=True)
class Block:
    """A buffer's place: scopes `left` to `right` (not included), bytes `bottom` to `top`.

    `kind` is `held` for what is alive at the peak, `scratch`, or `block`; `label` is short,
    `title` tells everything.
    """

    left: int
    right: int
    bottom: int
    top: int
    kind: str
    label: str
    title: str


def blocks(report: MemoryReport) -> list[Block]:
    """The buffers to draw, the largest `MAX_BLOCKS` of them, in the plan's order."""
    arena = report.arena
    drawn = [buffer for buffer in arena.buffers if buffer.last >= 0 and buffer.reserved]
    if len(drawn) > MAX_BLOCKS:
        least = sorted((_area(buffer) for buffer in drawn), reverse=True)[MAX_BLOCKS - 1]
        drawn = [buffer for buffer in drawn if _area(buffer) >= least][:MAX_BLOCKS]
    return [_block(report, buffer) for buffer in drawn]


def _area(buffer: Buffer) -> int:
    return (buffer.last - buffer.first + 1) * buffer.reserved


def _block(report: MemoryReport, buffer: Buffer) -> Block:
    value, peak = buffer.value, report.arena.peak_scope
    kind = "held" if buffer.first <= peak <= buffer.last else "block"
    if buffer.is_scratch:
        kind = "scratch"
    number = "" if value is None else wording.tensor_number(report, value)
    name = wording.name_text(buffer, 200)
    named = f" `{name}`" if name else ""
    title = (
        f"{wording.buffer_text(report, buffer)}{named}: {buffer.bytes:,} bytes at "
        f"{buffer.offset:,}, {wording.life_text(report, buffer)}"
    )
    return Block(
        left=max(buffer.first, 0),
        right=buffer.last + 1,
        bottom=buffer.offset,
        top=buffer.offset + buffer.reserved,
        kind=kind,
        label=number,
        title=title,
    )


def scope_label(report: MemoryReport, scope: int) -> str:
    """The number of the operator that a scope belongs to; `in` for what is before all."""
    node = report.arena.scopes[scope]
    if node is None:
        return "in" if scope == 0 else ""
    return f"{node.subgraph}:{node.index}" if report.is_multiple else str(node.index)


def scope_name(report: MemoryReport, scope: int, most: int = 24) -> str:
    """The operator's name, cut at `most`."""
    node = report.arena.scopes[scope]
    if node is None:
        return "before the first operator" if scope == 0 else "subgraph"
    return wording.operator_name(node, most)


def ticks(scopes: int, most: int) -> Iterator[int]:
    """The scopes to label on an axis with room for `most` labels."""
    step = -(-scopes // max(most, 1))
    if step > 1:
        nice = (2, 5, 10, 20, 50, 100, 200, 500, 1000)
        step = next((number for number in nice if number >= step), step)
    return iter(range(1 if step > 1 and scopes > 1 else 0, scopes, step))


def byte_ticks(top: int, most: int = 6) -> list[int]:
    """Round numbers from 0 to `top` for an axis: powers of two where that is bytes."""
    step = 16
    while top // step > most:
        step *= 2
    return list(range(0, top + 1, step))


@dataclass(frozen=True, slots=True)
class Frame:
    """The upper part of a picture, in bytes of its axis: the persistent section and the budget.

    The section lies from `bottom` to `top`, true to scale unless it is larger than everything
    below it: then it would leave no room to see that. `limit` is where the RAM left for the
    arena ends, None where that is not in the picture, and `limit_text` says it in any case.
    """

    bottom: int
    top: int
    is_to_scale: bool
    text: str
    passing: int
    limit: int | None
    limit_text: str

    @property
    def highest(self) -> int:
        """The upper end of the picture."""
        return max(self.top, self.limit or 0)


def frame(report: MemoryReport) -> Frame:
    """How the persistent section and the budget are drawn."""
    arena = report.arena
    head, size = arena.nonpersistent_bytes, arena.persistent_bytes
    top = max(arena.min_arena_bytes, 16)
    text = f"persistent section: {size:,} bytes"
    budget = report.target.ram_bytes
    left = None if budget is None else max(budget - report.use.static.total, 0)
    limit_text = "" if left is None else f"RAM left for the arena: {left:,}"
    if head and top - head > head:
        band = max(head * 3 // 10, 16)
        text += ", not to scale"
        limit = left if left is not None and left < top else None
        if limit is not None and limit > head:
            # Within the section, in proportion.
            limit = head + (limit - head) * band // (top - head)
        return Frame(head, head + band, False, text, 0, limit, limit_text)
    limit = left if left is not None and left <= 1.35 * top else None
    return Frame(top - size, top, True, text, top - size - head, limit, limit_text)
