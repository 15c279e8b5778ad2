"""No file is read that is too large to hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.model import sample_models as sample
from tflint.bench.model_file import bytes_of
from tflint.bench.options import BenchOptions
from tflint.bench.run import benched
from tflint.errors import UnreadableModel
from tflint.model.writer import write_model
from tflint.target.target import find_target


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
    (row,) = benched(
        [(path, "m.tflite")], lambda path: find_target("tflm"), options, lambda what: None
    )

    assert [one.part for one in row.failures] == ["reading"]
    assert "100 bytes" in row.failures[0].text
