"""Holds the computed arena against the one that the PyPI wheel allocates, to the byte."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tflint.memory.arena import Arena, plan_arena
from tflint.memory.requests import WHEEL
from tflint.memory.wheel import Measurement, is_installed, measure_all
from tflint.model.graph import graphs
from tflint.model.reader import parse_model
from tflint.model.tables import Model
from tflint.model.writer import write_model

needs_wheel = pytest.mark.skipif(not is_installed(), reason="needs the extra `tflm`")


def differences(models: Sequence[Model | bytes], *, smallest: bool = True) -> list[str]:
    """What is computed otherwise than measured, a line a model; refusals are lines too."""
    files = [write_model(model) if isinstance(model, Model) else model for model in models]
    arenas = [arena_on_wheel(data) for data in files]
    jobs = [(data, arena.min_arena_bytes) for data, arena in zip(files, arenas, strict=True)]
    found = []
    for index, (arena, truth) in enumerate(
        zip(arenas, measure_all(jobs, smallest=smallest), strict=True)
    ):
        line = _difference(arena, truth, smallest=smallest)
        if line:
            found.append(f"{index}: {line}")
    return found


def arena_on_wheel(data: bytes) -> Arena:
    """The arena that is computed for the wheel's build."""
    model = parse_model(data)
    return plan_arena(model, graphs(model), WHEEL)


def _difference(arena: Arena, truth: Measurement, *, smallest: bool) -> str:
    names = ", ".join(sorted({node.name for node in arena.scopes if node is not None}))
    if not truth.ran:
        return f"{names}: TFLM refuses it: {truth.log[-300:]}"
    computed = [arena.nonpersistent_bytes, arena.persistent_bytes]
    measured = [truth.nonpersistent_bytes, truth.persistent_bytes]
    if smallest:
        computed.append(arena.min_arena_bytes)
        measured.append(truth.min_arena_bytes or 0)
    if computed == measured and not arena.doubts:
        return ""
    doubts = "; ".join(doubt.reason for _, doubt in arena.doubts[:3])
    return (
        f"{names}: computed head, tail, min {computed}, measured {measured} "
        f"{dict(arena.persistent)} {dict(truth.by_type or {})} {doubts}"
    )
