"""What safe repairs together make of a file: never longer, never a larger arena, same answers."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cpu_time import cpu_seconds
from tests.fix.model.dressed import dressed
from tests.fix.model.passes import hold_equal
from tflint.analysis.unused_entries import COMPRESSION
from tflint.finding import FixSafety
from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext
from tflint.fix.model.repair import Repair, repair, start
from tflint.model.builder import ModelBuilder
from tflint.model.reader import parse_model
from tflint.model.writer import write_model
from tflint.target.target import find_target

TARGET = find_target("tflm")
# The share of the file that TFLM's own transforms save, which ours have to beat.
TFLM_SAVES = {
    "kws_ref_model": 0.376,
    "pretrainedResnet_quant": 0.121,
    "person_detect": 0.164,
}
# LiteRT refuses it: "quantized_dimension must be in range [0, 1). Was 3".
REFUSED_BY_LITERT = frozenset(("person_detect",))


def repaired(data: bytes) -> Repair:
    work = start(data, TARGET)
    repair(work, TARGET)
    return work


def hold_promises(work: Repair) -> None:
    """No longer, no larger arena, a sum of what the steps say, nothing left to do."""
    assert len(work.data) <= len(work.before)
    written = len(work.before) if work.rewritten_bytes is None else work.rewritten_bytes
    assert not work.steps or sum(s.bytes_saved for s in work.steps) == written - len(work.data)
    if work.arena is not None and work.arena_before is not None:
        assert work.arena <= work.arena_before
    assert all(step.safety is FixSafety.SAFE for step in work.steps)
    assert parse_model(work.data) == work.model
    assert not repaired(work.data).steps


@pytest.mark.shared
def test_the_tiny_models_shrink_by_more_than_tflm_saves(shared_models: list[Path]) -> None:
    tiny = [path for path in shared_models if path.parent.name == "tiny"]
    assert len(tiny) == 8
    for path in tiny:
        data = path.read_bytes()
        work = repaired(data)
        hold_promises(work)
        assert len(data) - len(work.data) > TFLM_SAVES.get(path.stem, -1) * len(data), path.stem
        runtimes = ("tflm",) if path.stem in REFUSED_BY_LITERT else ("litert", "tflm")
        before, after = parse_model(data), work.model
        assert hold_equal(before, after, runtimes=runtimes, seeds=range(2)) >= 2


@pytest.mark.shared
def test_a_model_of_300_kilobytes_takes_less_than_a_second(shared_models: list[Path]) -> None:
    (path,) = (path for path in shared_models if path.stem == "person_detect")
    data = path.read_bytes()
    repaired(data)
    assert cpu_seconds(lambda: repaired(data)) < 1


@settings(max_examples=40)
@given(st.integers(0, 2**32))
def test_random_networks_keep_what_is_promised(seed: int) -> None:
    model = dressed(seed)
    work = repaired(write_model(model))
    hold_promises(work)
    hold_equal(model, work.model, may_refuse=True)


# What passes may add


def _legacy(*, notes: bool) -> bytes:
    """A model with codes in the deprecated field only, and notes that others can save."""
    model = ModelBuilder()
    x = model.input((1, 8))
    for name in ("RELU", "TANH", "ABS", "NEG"):
        x = model.unary(name, x)
    model.output(x)
    if notes:
        for index, tensor in enumerate(model.tensors):
            name = f"{'a/very/long/name/' * 8}{index}"
            model.tensors[index] = dataclasses.replace(tensor, name=name)
    built = model.build()
    codes = tuple(dataclasses.replace(code, builtin_code=0) for code in built.operator_codes)
    return write_model(dataclasses.replace(built, operator_codes=codes), compact=True)


def test_codes_in_both_fields_are_paid_for_by_others() -> None:
    data = _legacy(notes=True)
    work = repaired(data)

    assert {step.code for step in work.steps} == {"TFL010", "TFL609"}
    assert all(code.builtin_code for code in work.model.operator_codes)
    assert not [refusal for refusal in work.refusals if refusal.code == "TFL010"]
    assert len(work.data) <= len(data)


def test_codes_that_nobody_pays_for_stay_and_say_why() -> None:
    data = _legacy(notes=False)
    work = repaired(data)

    assert not work.steps
    (refusal,) = work.refusals
    assert refusal.code == "TFL010"
    assert "bytes to the file" in refusal.reason


def test_compressed_tensors_are_known_by_their_place() -> None:
    model = ModelBuilder()
    model.output(model.unary("RELU", model.unary("RELU", model.input((1, 8)))))
    model.metadata(COMPRESSION, b"tensor 1, buffer 2")
    built = model.build()
    codes = tuple(dataclasses.replace(code, builtin_code=0) for code in built.operator_codes)
    work = repaired(write_model(dataclasses.replace(built, operator_codes=codes)))

    assert not work.steps
    assert {refusal.code for refusal in work.refusals} >= {"TFL010"}
    assert all("place in the file" in refusal.reason for refusal in work.refusals)


def _described(context: RewriteContext) -> Rewrite | None:
    model = context.model
    description = "x" * 100
    if model.description == description:
        return None
    return Rewrite(dataclasses.replace(model, description=description), 1)


@pytest.mark.parametrize(
    ("fix", "taken"),
    [
        (ModelFix("TFL607", _described), False),
        (ModelFix("TFL607", _described, may_grow_file=True), False),
        (ModelFix("TFL607", _described, may_grow_file=True, may_exceed_original=True), True),
    ],
    ids=["never", "what others save", "always"],
)
def test_what_a_pass_may_add(fix: ModelFix, taken: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    from tflint.fix.model import repair as engine

    monkeypatch.setattr(engine, "model_fixes", lambda: (fix,))
    model = ModelBuilder()
    model.output(model.unary("RELU", model.input((1, 4))))
    work = repaired(write_model(model.build(), compact=True))

    assert bool(work.steps) == taken
    assert bool(work.refusals) != taken
