"""Whatever the bytes, each file becomes a row, and the row can be printed."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import given, settings

from scripts.fuzz_reader import built_seeds, mutations
from tests.lint.hostile_graphs import GRAPHS
from tests.model import hostile
from tests.model.strategies import models
from tflint.bench import run
from tflint.bench.options import BenchOptions
from tflint.bench.static_figures import with_static_figures
from tflint.errors import MalformedModel, ModelRefused, UnreadableModel
from tflint.model.builder import ModelBuilder
from tflint.model.reader import parse_model
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint.report.bench_json import render
from tflint.report.bench_result import BenchedModel, BenchReport, Machine
from tflint.target.target import find_target

MACHINE = Machine("a processor", 2, "a system", "LiteRT", "xnnpack", 1)
TARGET = find_target("tflm")
# Of the work, when a graph grows to the fourfold: sorting, and searches in trees.
MOST_GROWTH = 5.5


def row_of(data: bytes) -> BenchedModel | None:
    """The figures of these bytes; None where they are refused as such."""
    try:
        return with_static_figures(BenchedModel("m.tflite", len(data)), parse_model(data), TARGET)
    except (UnreadableModel, MalformedModel):
        return None


def is_consistent(row: BenchedModel) -> bool:
    """What holds for every row."""
    assert row.weights is not None
    constants = [t for t in row.tensors if t.kind == "constant"]
    assert len({(t.subgraph, t.index) for t in row.tensors}) == len(row.tensors)
    assert sum(t.bytes for t in constants) >= row.weights.bytes
    assert row.dynamic_bytes is not None
    assert row.dynamic_bytes >= 0
    assert all(t.bytes >= 0 and min(t.shape, default=0) >= 0 for t in row.tensors)
    assert len(row.runtimes) == 2
    assert all(use.runnable is (use.reason is None) for use in row.runtimes)
    document = json.loads(render(BenchReport((row,), MACHINE, "2026-01-01T00:00:00+00:00")))
    return bool(document["models"][0]["dynamic_bytes"] == row.dynamic_bytes)


@pytest.mark.parametrize("seed", range(40))
def test_damaged_models_become_rows_or_are_refused(seed: int) -> None:
    for data in itertools.islice(mutations(built_seeds().values(), seed), 5):
        row = row_of(data)
        assert row is None or is_consistent(row)


@given(models())
@settings(max_examples=30)
def test_any_tables_become_a_row_or_are_refused(model: Model) -> None:
    row = row_of(write_model(model))
    assert row is None or is_consistent(row)


@pytest.mark.parametrize("layout", hostile.HOSTILE)
def test_files_that_look_larger_than_they_are(layout: Callable[[int], bytes]) -> None:
    row = row_of(layout(20_000))
    assert row is None or is_consistent(row)


def test_most_damaged_models_are_read() -> None:
    """The tests above would say nothing of what is refused."""
    tried = list(itertools.islice(mutations(built_seeds().values()), 100))
    assert sum(row_of(data) is not None for data in tried) > 20


def calls_for(data: bytes) -> int:
    """How many Python functions are called to make the row of a model."""
    calls = 0

    def counted(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(counted)
    try:
        row = row_of(data)
    finally:
        sys.setprofile(None)
    assert row is not None
    assert is_consistent(row)
    return calls


@pytest.mark.parametrize("build", GRAPHS, ids=lambda build: build.__name__)
def test_work_is_proportional_to_size(build: Callable[[int], Model]) -> None:
    row_of(write_model(build(2)))
    few, many = (calls_for(write_model(build(count))) for count in (150, 600))

    assert many < MOST_GROWTH * few


def test_one_broken_file_keeps_no_other_from_its_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise ModelRefused("not run here")

    monkeypatch.setattr(run, "measure_latency", refuse)
    good = built_seeds()["float"]
    damaged = itertools.islice(mutations(built_seeds().values(), 7), 30)
    files: list[tuple[Path, str]] = []
    for number, data in enumerate([b"", b"\0" * 8, good, *damaged, good]):
        path = tmp_path / f"{number}.tflite"
        path.write_bytes(data)
        files.append((path, path.name))
    files.insert(1, (tmp_path / "missing.tflite", "missing.tflite"))
    rows = list(run.benched(files, lambda path: TARGET, BenchOptions(), lambda what: None))

    assert [row.path for row in rows] == [shown for _, shown in files]
    assert all(row.failures for row in rows)
    assert {row.failures[0].part for row in rows} == {"reading", "latency"}
    assert all((row.weights is None) is (row.failures[0].part == "reading") for row in rows)


def test_a_broken_graph_is_told_in_the_words_of_its_rule() -> None:
    model = ModelBuilder()
    x = model.input((1, 4))
    model.operator("RELU", [99], [x])
    with pytest.raises(MalformedModel, match=r"its graph is broken: .*99"):
        with_static_figures(BenchedModel("m.tflite", 0), model.build(), TARGET)


def test_a_file_without_a_graph_is_no_row() -> None:
    with pytest.raises(MalformedModel, match="no subgraph"):
        with_static_figures(BenchedModel("m.tflite", 0), Model(version=3), TARGET)
