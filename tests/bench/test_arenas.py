"""What runtimes take, as `tflint memory` and `tflint check` have it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.model import sample_models as sample
from tflint.bench.arenas import budget_notes, mcu_runtimes, memory_of, runtimes_of
from tflint.lint.discover import Artifact
from tflint.lint.memory_report import memory_report
from tflint.lint.registry import all_rules
from tflint.lint.runner import check_file
from tflint.memory.usage import with_runtime
from tflint.model.builder import ModelBuilder
from tflint.model.reader import parse_model
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint.rule import Kind
from tflint.target import runtime
from tflint.target.target import find_target, named_targets


def test_every_runtime_for_microcontrollers_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert mcu_runtimes() == ("tflm", "tflm-cmsis-nn")

    monkeypatch.setitem(runtime.RUNTIMES, "another", ("Another", True))
    assert mcu_runtimes() == ("tflm", "tflm-cmsis-nn", "another")


@pytest.mark.parametrize("build", sample.SAMPLES)
@pytest.mark.parametrize("target", ["tflm", "cortex-m55", "cortex-m0plus", "litert"])
def test_each_row_is_what_memory_says(
    build: Callable[[], Model], target: str, tmp_path: Path
) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(write_model(build()))
    for use in runtimes_of(parse_model(path.read_bytes()), find_target(target)):
        report = memory_report(str(path), with_runtime(find_target(target), use.runtime))
        assert use.arena_bytes == report.use.arena.arena_bytes
        assert use.min_arena_bytes == report.use.arena.min_arena_bytes
        assert use.ram_bytes == report.use.ram_bytes
        assert use.flash_bytes == report.use.flash_bytes
        assert use.reason == report.reason
        assert use.runnable is (report.reason is None)


def test_a_core_that_cmsis_nn_is_not_for() -> None:
    reference, cmsis = runtimes_of(sample.int8_model(), find_target("esp32"))

    assert reference.runnable
    assert not cmsis.runnable
    assert cmsis.reason == "TFLM with CMSIS-NN is written for Arm's Cortex-M, not for esp32"
    assert cmsis.arena_bytes is cmsis.ram_bytes is cmsis.flash_bytes is None


def test_every_target_has_a_row_for_each_runtime() -> None:
    model = sample.int8_model()
    for target in named_targets().values():
        found = runtimes_of(model, target)
        assert [use.runtime for use in found] == list(mcu_runtimes())
        assert {use.target for use in found} == {target.name}
        if (target.core or "").startswith("cortex-m"):
            assert all(use.runnable for use in found), target.name


def test_what_cannot_be_planned_does_not_run() -> None:
    model = ModelBuilder()
    model.output(model.unary("RELU", model.input((40_000, 40_000), TensorType.INT8)))
    for use in runtimes_of(model.build(), find_target("tflm")):
        assert not use.runnable
        assert "32 bits" in (use.reason or "")


def test_a_target_without_an_arena_gets_the_plan_of_the_first_runtime() -> None:
    plan = memory_of(sample.int8_model(), find_target("litert"), "m.tflite")

    assert plan.use.target.runtime_name == "tflm"


def test_another_target_has_another_arena() -> None:
    model = sample.int8_model()
    with_dsp, without = (
        runtimes_of(model, find_target(name))[1] for name in ("cortex-m4", "cortex-m3")
    )

    assert with_dsp.ram_bytes != without.ram_bytes


@pytest.mark.parametrize(
    ("budget", "fits", "notes"),
    [
        ("cortex-m4", None, ()),
        ("cortex-m4:ram=1M", True, ()),
        ("cortex-m4:ram=1M,flash=1M", True, ()),
        ("cortex-m4:ram=1K,flash=1M", False, ("RAM",)),
        ("cortex-m4:ram=1K,flash=1K", False, ("RAM", "flash")),
        ("cortex-m4:flash=1K", False, ("flash",)),
    ],
)
def test_what_is_too_large_for_the_target_is_told(
    budget: str, fits: bool | None, notes: tuple[str, ...]
) -> None:
    target = find_target(budget)
    uses = runtimes_of(sample.int8_model(), target)

    assert [use.fits for use in uses] == [fits, fits]
    # A budget is no reason why a runtime would not take it.
    assert all(use.runnable for use in uses)
    said = budget_notes(uses, target)
    assert len(said) == 2 * len(notes)
    for note, memory in zip(said, notes * 2, strict=True):
        assert f" bytes of {memory}, more than the 1,024 of cortex-m4" in note


def test_what_does_not_run_has_no_note_on_its_size() -> None:
    target = find_target("cortex-m4:ram=1K")
    uses = runtimes_of(sample.dynamic_range_model(), target)

    assert not any(use.runnable or use.fits for use in uses)
    assert budget_notes(uses, target) == ()


@pytest.mark.shared
@pytest.mark.parametrize("runtime_name", ["tflm", "tflm-cmsis-nn"])
def test_published_models_are_what_check_says(shared_models: list[Path], runtime_name: str) -> None:
    target = find_target("tflm")
    place = mcu_runtimes().index(runtime_name)
    for path in shared_models:
        use = runtimes_of(parse_model(path.read_bytes()), target)[place]
        file = check_file(
            Artifact(path, path.name, Kind.TFLITE), all_rules(), with_runtime(target, runtime_name)
        )
        assert file.facts is not None
        arena = file.facts.arena
        assert arena is not None
        assert (use.arena_bytes, use.min_arena_bytes) == (arena.bytes, arena.min_bytes), path
        assert use.reason == arena.refusal, path
