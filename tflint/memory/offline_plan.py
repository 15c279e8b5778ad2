"""A plan that the file brings along, as compilers for NPUs and some converters write it.

The metadata entry `OfflineMemoryAllocation` holds 32-bit words: a version, a subgraph, the
number of tensors of all subgraphs, and an offset for each, -1 where TFLM's planner is to find one.

Source: tensorflow/lite/micro/docs/memory_management.md and micro_allocation_info.cc.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from tflint.memory.greedy_planner import ONLINE
from tflint.model.graph import Graph
from tflint.model.tables import Model

METADATA_NAME = "OfflineMemoryAllocation"
_HEADER_WORDS = 3
_WORD = 4


@dataclass(frozen=True, slots=True)
class OfflinePlan:
    """The offsets of all tensors, subgraph by subgraph, or what is wrong with them."""

    offsets: tuple[int, ...]
    fault: str | None = None


def offsets_by_subgraph(plan: OfflinePlan | None, graphs: Sequence[Graph]) -> list[list[int]]:
    """The offset of each tensor, by subgraph and index; `ONLINE` where the plan leaves it open."""
    found = []
    known = iter(plan.offsets if plan else ())
    for graph in graphs:
        found.append([next(known, ONLINE) for _ in graph.values])
    return found


def offline_plan(model: Model) -> OfflinePlan | None:
    """The file's own plan, None when it has none. Of several the last counts, as in TFLM."""
    found = None
    tensors = sum(len(subgraph.tensors) for subgraph in model.subgraphs)
    for entry in model.metadata:
        if entry.name == METADATA_NAME and entry.buffer < len(model.buffers):
            found = _read(model.buffers[entry.buffer].data or b"", tensors)
    return found


def _read(data: bytes | memoryview, tensors: int) -> OfflinePlan:
    if len(data) < _HEADER_WORDS * _WORD:
        return OfflinePlan((), f"its offline plan has {len(data)} bytes, which is no header")
    (count,) = struct.unpack_from("<I", data, 2 * _WORD)
    if count != tensors:
        return OfflinePlan((), f"its offline plan has {count:,} offsets for {tensors:,} tensors")
    if len(data) < (_HEADER_WORDS + count) * _WORD:
        return OfflinePlan((), "its offline plan ends before its last offset")
    offsets = struct.unpack_from(f"<{count}i", data, _HEADER_WORDS * _WORD)
    if min(offsets, default=0) < ONLINE:
        # TFLM has a debug assertion there, and places the tensor before the arena without.
        return OfflinePlan((), f"its offline plan has the offset {min(offsets)}")
    return OfflinePlan(offsets)
