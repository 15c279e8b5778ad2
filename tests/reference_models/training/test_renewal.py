"""What stands beside models follows from them and from what was measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.bench.labelled import classifier
from tests.reference_models.training.made_up import APPLICATION, INT8, OURS, RESULTS
from tflint.errors import UsageError
from tflint.model.schema import TensorType
from tflint.model.writer import write_model
from tflint_reference_models.training.figures import figures_of
from tflint_reference_models.training.metrics import from_json, to_json
from tflint_reference_models.training.renewal import renewed


def test_figures_are_the_files_and_decisions_are_kept(tmp_path: Path) -> None:
    model = write_model(classifier(TensorType.INT8))
    (tmp_path / "keyword_spotting_int8.tflite").write_bytes(model)
    (tmp_path / "metrics.json").write_text(to_json(APPLICATION.name, RESULTS), encoding="utf-8")

    found = renewed(APPLICATION, tmp_path)

    _, results = from_json(found["metrics.json"], "metrics.json")
    (ours,) = (one for one in results if (one.experiment, one.network) == ("subject", "chosen"))
    assert ours.form("int8") == replace(INT8, figures=figures_of(model))
    assert ours.form("float32") == OURS.form("float32")
    assert f"**{figures_of(model).weight_bytes:,} bytes** of weights" in found["card.md"]
    assert "keyword_spotting_int8.tflite" in found["manifest.json"]
    assert [one for one in RESULTS if one not in results] == [OURS]


def test_writing_it_again_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text(to_json(APPLICATION.name, RESULTS), encoding="utf-8")
    first = renewed(APPLICATION, tmp_path)
    for name, text in first.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert renewed(APPLICATION, tmp_path) == first


def test_experiments_that_there_are_no_more_are_left_out(tmp_path: Path) -> None:
    results = (*RESULTS, replace(OURS, experiment="tried once"))
    (tmp_path / "metrics.json").write_text(to_json(APPLICATION.name, results), encoding="utf-8")
    found = renewed(APPLICATION, tmp_path)
    assert "tried once" not in found["metrics.json"]


def test_without_metrics(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        renewed(APPLICATION, tmp_path)
