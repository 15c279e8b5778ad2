"""Results and models of several trainings come together in an application's folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import generate_cards as subject
from tests.reference_models.training.made_up import APPLICATION, AT_RANDOM, INT8, OURS
from tflint_reference_models.training.metrics import from_json, to_json


@pytest.fixture(autouse=True)
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "application", lambda name: APPLICATION)


def test_trainings_come_together(tmp_path: Path) -> None:
    first, second, root = (tmp_path / name for name in ("first", "second", "root"))
    only = replace(OURS, forms=(INT8,))
    for folder, results in ((first, [only]), (second, [AT_RANDOM, replace(only, seed=7)])):
        folder.mkdir()
        (folder / "metrics.json").write_text(to_json(APPLICATION.name, results), encoding="utf-8")
        (folder / "keyword_spotting.keras").write_bytes(b"network of " + folder.name.encode())
        (folder / "keyword_spotting_int8.tflite").write_bytes(b"int8 of " + folder.name.encode())
    for folder in (first, second):
        subject.take(folder, root)
    held = root / "keyword_spotting"
    _, found = from_json((held / "metrics.json").read_text(encoding="utf-8"), "metrics.json")
    assert [(one.experiment, one.seed) for one in found] == [("random", 0), ("subject", 7)]
    assert (held / "keyword_spotting_int8.tflite").read_bytes() == b"int8 of second"
    assert (held / "keyword_spotting.keras").read_bytes() == b"network of second"
