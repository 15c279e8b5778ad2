"""Arenas computed for Cortex-M, against those of TFLM under emulation, to the byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import SHARED_MODELS
from tflint.memory.abi import CORTEX_M
from tflint.memory.arena import plan_arena
from tflint.memory.requests import Build, Library
from tflint.model.graph import graphs
from tflint.model.reader import parse_model

FACTS = SHARED_MODELS.parent / "facts" / "arena-cortex-m4.json"
BUILDS = {
    "m4_ref": Library.REFERENCE,
    "m4_cmsis": Library.CMSIS_NN_DSP,
    "m55_cmsis": Library.CMSIS_NN_MVE,
}


@pytest.mark.shared
@pytest.mark.parametrize("build", BUILDS)
def test_measured_on_cortex_m(shared_model: Path, build: str) -> None:
    name = shared_model.relative_to(SHARED_MODELS).as_posix()
    measured = json.loads(FACTS.read_text(encoding="utf-8"))["models"][name][build]
    model = parse_model(shared_model.read_bytes())
    arena = plan_arena(model, graphs(model), Build(CORTEX_M, BUILDS[build]))
    if not measured["ok"]:
        # Refused before anything is planned: what it would need is computed all the same.
        assert arena.min_arena_bytes >= arena.arena_bytes >= arena.lower_bound_bytes > 0
        return
    assert not arena.doubts
    assert {
        "head": arena.nonpersistent_bytes,
        "tail": arena.persistent_bytes,
        "arena": arena.arena_bytes,
        "min_arena": arena.min_arena_bytes,
    } == {key: measured[key] for key in ("head", "tail", "arena", "min_arena")}
