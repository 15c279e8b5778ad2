"""The arena on a Cortex-M4 with the reference kernels, against measured runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import SHARED_MODELS
from tflint.memory.abi import CORTEX_M
from tflint.memory.arena import plan_arena
from tflint.memory.requests import Build
from tflint.model.graph import graphs
from tflint.model.reader import parse_model

MEASURED = SHARED_MODELS.parent / "facts" / "arena-cortex-m4.json"


@pytest.mark.shared
def test_reference_kernels_on_a_cortex_m4(shared_model: Path) -> None:
    facts = json.loads(MEASURED.read_text(encoding="utf-8"))["models"]
    truth = facts[shared_model.relative_to(SHARED_MODELS).as_posix()]["m4_ref"]
    if not truth["ok"]:
        pytest.skip("TFLM refuses it")
    model = parse_model(shared_model.read_bytes())
    arena = plan_arena(model, graphs(model), Build(CORTEX_M))
    assert not arena.doubts
    computed = {
        "head": arena.nonpersistent_bytes,
        "tail": arena.persistent_bytes,
        "arena": arena.arena_bytes,
        "min_arena": arena.min_arena_bytes,
    }
    assert computed == {part: truth[part] for part in computed}
