"""Who holds the arena, in words, and how sure that is."""

from __future__ import annotations

from tflint.memory.arena import Arena, Buffer
from tflint.printable import printable, size_text

_SHOWN = 3


def named(arena: Arena, scope: int | None = None) -> str:
    """The largest buffers alive in a scope (the peak's unless given) with their sizes."""
    there = arena.alive_at(arena.peak_scope if scope is None else scope)
    text = ", ".join(f"{_name(buffer)} {size_text(buffer.bytes)}" for buffer in there[:_SHOWN])
    rest = len(there) - _SHOWN
    return f"{text} and {rest} more" if rest > 0 else text


def uncertain_bytes(arena: Arena) -> int:
    """By how much the arena may be smaller than computed.

    A kernel of which nothing is known has been counted with nothing: it can only add.
    """
    return sum(doubt.bytes or 0 for _, doubt in arena.doubts)


def _name(buffer: Buffer) -> str:
    if buffer.value is not None:
        return f"`{printable(buffer.value.name, 60)}`"
    assert buffer.node is not None
    return f"scratch memory of {printable(buffer.node.name, 40)} #{buffer.node.index}"
