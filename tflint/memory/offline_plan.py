"""A plan that the file brings along, as compilers for NPUs and some converters write it.

The metadata entry `OfflineMemoryAllocation` holds 32-bit words: a version, a subgraph, the
number of tensors, and an offset for each tensor, -1 where TFLM's planner is to find one.

Source: tensorflow/lite/micro/docs/memory_management.md and micro_allocation_info.cc.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from tflint.model.tables import Model

METADATA_NAME = "OfflineMemoryAllocation"
_HEADER_WORDS = 3
_WORD = 4


@dataclass(frozen=True, slots=True)
class OfflinePlan:
    """The offsets by tensor, or what is wrong with them."""

    offsets: tuple[int, ...]
    fault: str | None = None


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
    return OfflinePlan(offsets)
