"""What `tflint memory` says to scripts: one JSON document, its keys fixed."""

from __future__ import annotations

from typing import Any

from tflint.memory.arena import Arena, Buffer
from tflint.memory.profile import moments
from tflint.report.json_text import json_text
from tflint.report.memory_result import MemoryReport

SCHEMA = 1


def render(report: MemoryReport) -> str:
    """The document, ASCII only, ending in a newline."""
    return json_text(document(report))


def document(report: MemoryReport) -> dict[str, Any]:
    """The document; `first` and `last` are scopes, 0 being before the first operator."""
    use, arena = report.use, report.arena
    peak = arena.peak_node
    held = arena.alive_at(arena.peak_scope)
    found: dict[str, Any] = {
        "schema": SCHEMA,
        "path": report.path,
        "runtime": report.target.runtime_name,
        "target": report.target_name,
        "runnable": report.runnable,
        "reason": report.reason,
        "arena_bytes": arena.arena_bytes,
        "min_arena_bytes": arena.min_arena_bytes,
        "nonpersistent_bytes": arena.nonpersistent_bytes,
        "persistent_bytes": arena.persistent_bytes,
        "persistent": dict(arena.persistent),
        "lower_bound_bytes": arena.lower_bound_bytes,
        "peak_operator": None if peak is None else peak.index,
        "peak": {
            "operator": None if peak is None else peak.index,
            "operator_name": None if peak is None else peak.name,
            "subgraph": None if peak is None else peak.subgraph,
            "scope": arena.peak_scope,
            "bytes": arena.lower_bound_bytes,
            "tensors": [_reference(buffer) for buffer in held if buffer.value is not None],
            "scratch_bytes": sum(buffer.reserved for buffer in held if buffer.value is None),
        },
        "flash_bytes": {
            "model": use.model_bytes,
            "runtime": use.code.bytes,
            "runtime_low": use.code.low,
            "runtime_high": use.code.high,
            "runtime_error": use.code.error_bytes,
            "measured": use.code.is_measured,
            "unknown": list(use.code.unknown),
            "total": use.flash_bytes,
        },
        "ram_bytes": {
            "arena": arena.min_arena_bytes,
            "interpreter": use.static.interpreter,
            "resolver": use.static.resolver,
            "stack": use.static.stack,
            "total": use.ram_bytes,
        },
        "budget": {
            "ram": report.target.ram_bytes,
            "flash": report.target.flash_bytes,
            "fits": report.fits,
        },
        "abi": arena.build.abi.name,
        "library": arena.build.library.value,
        "planning_bytes": arena.planning_bytes,
        "planned_offline": arena.is_planned_offline,
        "uncertain": [
            {
                "subgraph": node.subgraph,
                "operator": node.index,
                "operator_name": node.name,
                "reason": doubt.reason,
                "bytes": doubt.bytes,
            }
            for node, doubt in arena.doubts
        ],
        "savings": [
            {"bytes": saving.bytes, "exact": saving.is_exact, "text": saving.text}
            for saving in report.savings
        ],
        "tensors": [_tensor(report, buffer) for buffer in arena.buffers if buffer.value],
        "scratch_buffers": [_scratch(report, buffer) for buffer in arena.buffers if buffer.node],
        "operators": [
            {
                **_subgraph(report, moment.node.subgraph),
                "index": moment.node.index,
                "name": moment.node.name,
                "scope": moment.scope,
                "alive_bytes": moment.bytes,
                "kernel_bytes": arena.kernel_data.get((moment.node.subgraph, moment.node.index), 0),
            }
            for moment in moments(arena)
        ],
    }
    if report.host is not None:
        found["measured"] = _measured(report)
    return found


def _subgraph(report: MemoryReport, index: int) -> dict[str, int]:
    return {"subgraph": index} if report.is_multiple else {}


def _reference(buffer: Buffer) -> dict[str, Any]:
    value = buffer.value
    assert value is not None
    return {
        "subgraph": value.subgraph,
        "index": value.index,
        "name": value.name,
        "bytes": buffer.bytes,
        "reserved_bytes": buffer.reserved,
    }


def _tensor(report: MemoryReport, buffer: Buffer) -> dict[str, Any]:
    value = buffer.value
    assert value is not None
    return {
        **_subgraph(report, value.subgraph),
        "index": value.index,
        "name": value.name,
        "shape": list(value.shape),
        "type": value.type.name,
        "bytes": buffer.bytes,
        "offset": buffer.offset,
        "first": buffer.first,
        "last": buffer.last,
        "scratch": False,
    }


def _scratch(report: MemoryReport, buffer: Buffer) -> dict[str, Any]:
    node = buffer.node
    assert node is not None
    return {
        **_subgraph(report, node.subgraph),
        "operator": node.index,
        "operator_name": node.name,
        "bytes": buffer.bytes,
        "offset": buffer.offset,
        "first": buffer.first,
        "last": buffer.last,
        "scratch": True,
    }


def _measured(report: MemoryReport) -> dict[str, Any]:
    host = report.host
    assert host is not None
    measured = host.measured
    return {
        "ran": measured.ran,
        "arena_bytes": measured.arena_bytes if measured.ran else None,
        "min_arena_bytes": measured.min_arena_bytes,
        "nonpersistent_bytes": measured.nonpersistent_bytes if measured.ran else None,
        "persistent_bytes": measured.persistent_bytes if measured.ran else None,
        "by_type": dict(measured.by_type or {}),
        "log": measured.log or None,
        "computed": _computed(host.computed),
        "agrees": host.agrees,
    }


def _computed(arena: Arena) -> dict[str, int]:
    return {
        "arena_bytes": arena.arena_bytes,
        "min_arena_bytes": arena.min_arena_bytes,
        "nonpersistent_bytes": arena.nonpersistent_bytes,
        "persistent_bytes": arena.persistent_bytes,
    }
