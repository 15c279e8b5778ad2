"""Which files are measured, and that none is too large to hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.model import sample_models as sample
from tflint.bench.models import bytes_of, models_at
from tflint.bench.options import BenchOptions
from tflint.bench.run import benched
from tflint.errors import UnreadableModel, UsageError
from tflint.model.writer import write_model
from tflint.target.target import find_target


def test_folders_are_searched_for_models_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("b/two.tflite", "a/one.tflite", "a/net.py", "a/model.keras"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")

    assert [shown for _, shown in models_at(["."])] == ["a/one.tflite", "b/two.tflite"]


@pytest.mark.parametrize("paths", [[], ["nothing.tflite"], ["empty"]])
def test_nothing_to_measure_is_a_mistake(
    paths: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError):
        models_at(paths)


def test_a_folder_of_sources_has_no_models(tmp_path: Path) -> None:
    (tmp_path / "model.keras").write_bytes(b"")
    with pytest.raises(UsageError, match=r"no \.tflite models in"):
        models_at([str(tmp_path)])


def test_a_file_is_read_up_to_what_a_worker_may_take(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(b"1234")

    assert bytes_of(path, 4) == b"1234"
    with pytest.raises(UnreadableModel, match="larger than the 3 bytes"):
        bytes_of(path, 3)


def test_a_file_that_is_too_large_is_a_row(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(write_model(sample.float_model()))
    options = BenchOptions(memory_bytes=100)
    (row,) = benched([(path, "m.tflite")], find_target("tflm"), options, lambda what: None)

    assert [one.part for one in row.failures] == ["reading"]
    assert "100 bytes" in row.failures[0].text
