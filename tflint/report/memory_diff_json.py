"""A comparison of memory for scripts: one JSON document, its keys fixed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tflint.memory.arena import Buffer
from tflint.memory.difference import (
    BufferChange,
    BufferChanges,
    Change,
    KernelChange,
    MemoryDifference,
    Peak,
)
from tflint.memory.usage import MemoryUse
from tflint.model.graph import Node
from tflint.printable import printable
from tflint.report.json_text import json_text
from tflint.report.memory_diff_phrases import remarks
from tflint.report.memory_diff_result import LIMITED, Compared, MemoryDiffReport, growth

SCHEMA = 1
_MAX_NAME = 400


def render(report: MemoryDiffReport) -> str:
    """The document, ASCII only, ending in a newline."""
    difference = report.difference
    before, after = difference.before, difference.after
    limit = report.limit
    document = {
        "schema": SCHEMA,
        "path": report.after and report.after.path,
        "against": report.before and report.before.path,
        "target": report.target_name,
        "runtime": report.target.runtime_name,
        "before": _side(report.before, before),
        "after": _side(report.after, after),
        "difference": _differences(difference),
        "growth": {name: growth(difference.figure(name)) for name in LIMITED},
        "max_growth": limit and {"text": limit.text, "ratio": limit.ratio, "bytes": limit.bytes},
        "budget": {**report.budget, "fits": report.fits},
        "failures": [
            {
                "kind": failure.kind.value,
                "figure": failure.figure,
                "bytes": failure.bytes,
                "limit": failure.limit,
                "message": failure.message,
            }
            for failure in report.failures
        ],
        "peak": {
            "before": difference.peak.before and _peak(difference.peak.before),
            "after": difference.peak.after and _peak(difference.peak.after),
            "moved": difference.peak.moved,
        },
        "tensors": _buffers(difference.tensors),
        "scratch": _buffers(difference.scratch),
        "kernels": {
            change.value: [_kernel(k) for k in difference.kernels if k.change is change]
            for change in (Change.ADDED, Change.REMOVED)
        },
        "notes": list(remarks(report)),
    }
    return json_text(document)


def totals_document(use: MemoryUse) -> dict[str, Any]:
    """The totals of one model under the keys that they have in `memory_json`."""
    arena, static, code = use.arena, use.static, use.code
    return {
        "arena_bytes": arena.arena_bytes,
        "min_arena_bytes": arena.min_arena_bytes,
        "nonpersistent_bytes": arena.nonpersistent_bytes,
        "persistent_bytes": arena.persistent_bytes,
        "persistent": dict(arena.persistent),
        "lower_bound_bytes": arena.lower_bound_bytes,
        "flash_bytes": {
            "model": use.model_bytes,
            "runtime": code.bytes,
            "total": use.flash_bytes,
        },
        "ram_bytes": {
            "arena": arena.min_arena_bytes,
            "interpreter": static.interpreter,
            "resolver": static.resolver,
            "stack": static.stack,
            "total": use.ram_bytes,
        },
    }


def _side(compared: Compared | None, use: MemoryUse | None) -> dict[str, Any] | None:
    if compared is None or use is None:
        return None
    node = use.arena.peak_node
    return {
        "runnable": compared.refusal is None,
        "reason": compared.refusal,
        **totals_document(use),
        "peak_operator": None if node is None else node.index,
    }


def _differences(difference: MemoryDifference) -> dict[str, Any] | None:
    """How much each total grew; null where there is one model only."""
    if difference.before is None or difference.after is None:
        return None
    return _minus(totals_document(difference.after), totals_document(difference.before))


def _minus(after: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _minus(value, before[key]) if isinstance(value, Mapping) else value - before[key]
        for key, value in after.items()
    }


def _peak(peak: Peak) -> dict[str, Any]:
    return {**_node(peak.node), "bytes": peak.bytes, "alive": [_alive(b) for b in peak.alive]}


def _node(node: Node | None) -> dict[str, Any]:
    """The operator, its keys null where there is none."""
    if node is None:
        return {"subgraph": None, "operator": None, "operator_name": None}
    return {
        "subgraph": node.subgraph,
        "operator": node.index,
        "operator_name": _name(node.name),
    }


def _name(text: str) -> str:
    """A name that a model with many operators may have in many places: bounded, and printable."""
    return printable(text, _MAX_NAME)


def _alive(buffer: Buffer) -> dict[str, Any]:
    value = buffer.value
    return {
        "subgraph": buffer.subgraph,
        "tensor": None if value is None else value.index,
        "name": None if value is None else _name(value.name),
        "operator": None if buffer.node is None else buffer.node.index,
        "bytes": buffer.bytes,
        "scratch": buffer.is_scratch,
    }


def _buffers(found: BufferChanges) -> dict[str, Any]:
    return {
        "matched": found.are_matched,
        **{change.value: [_change(one) for one in found.of(change)] for change in Change},
        "kept": found.kept,
        "unmatched": {"before": found.unmatched_before, "after": found.unmatched_after},
    }


def _change(change: BufferChange) -> dict[str, Any]:
    """Indices are those of the later model, or of the earlier where it is removed."""
    node = change.node
    return {
        "subgraph": change.value.subgraph,
        "tensor": change.value.index,
        "name": _name(change.value.name),
        **({"operator": node.index, "operator_name": _name(node.name)} if node is not None else {}),
        "before": change.bytes_before,
        "after": change.bytes_after,
        "difference": change.difference,
    }


def _kernel(change: KernelChange) -> dict[str, Any]:
    code = change.code
    return {
        "operator": _name(change.operator),
        "bytes": None if code is None else code.freed_bytes,
        "resolver_call": None if code is None else code.resolver_call,
    }
