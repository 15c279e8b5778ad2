"""Of repairs that together need a larger arena, those are made that do not."""

from __future__ import annotations

from collections.abc import Container

import pytest

from tests.fix.model.passes import hold_equal, operators
from tflint.fix.model.choosing import within_arena
from tflint.fix.model.model_fix import Rewrite, RewriteContext
from tflint.fix.model.repair import arena_of, repair, start
from tflint.model.builder import ModelBuilder
from tflint.model.reader import parse_model
from tflint.model.schema import ExpandDimsOptions, Padding, Pool2DOptions, TensorType
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint.target.target import find_target

INT8 = TensorType.INT8
TFLM = find_target("tflm")


def _pair(model: ModelBuilder, x: int) -> int:
    """There and back, as between a Conv1D and a MaxPooling1D."""
    batch, _, width, channels = model.shape(x)
    y = model.reshape(x, (batch, width, channels))
    z = model.tensor(model.shape(x), INT8, model.tensors[x].quantization)
    axis = model.constant((), TensorType.INT32, (1,))
    model.operator("EXPAND_DIMS", [y, axis], [z], ExpandDimsOptions())
    return z


def one_dimensional() -> Model:
    """Sizes with which TFLM's planner needs more when both pairs are gone, and less for one."""
    model = ModelBuilder()
    x = model.reshape(model.input((1, 128, 9), INT8), (1, 1, 128, 9))
    x = _pair(model, model.conv_2d(x, filters=16, kernel=(1, 3)))
    y = model.tensor((1, 1, 63, 16), INT8, model.tensors[x].quantization)
    options = Pool2DOptions(Padding.VALID, 2, 1, 2, 1)
    model.operator("MAX_POOL_2D", [x], [y], options, version=2)
    x = model.conv_2d(_pair(model, y), filters=32, kernel=(1, 3))
    model.output(model.fully_connected(model.flatten(x), units=6))
    return model.build()


def test_the_pair_that_makes_the_arena_smaller_goes() -> None:
    model = one_dimensional()
    work = start(write_model(model), TFLM)
    repair(work, TFLM, is_wanted=lambda code: code == "TFL602")

    assert work.arena is not None
    assert work.arena_before is not None
    assert work.arena < work.arena_before
    after = parse_model(work.data)
    assert operators(after).count("EXPAND_DIMS") == 1
    # Of the other it is said why it stays.
    (refusal,) = work.refusals
    assert "to the arena" in refusal.reason
    hold_equal(model, after)


@pytest.mark.parametrize(
    ("arenas", "wanted"),
    [
        # What each of three places adds to the arena, and which are repaired.
        ((-16, -16, -16), {0, 1, 2}),
        ((-16, 160, -16), {0, 2}),
        ((-16, 16, 160), {0}),
        # Where each is too much, all are handed on.
        ((16, 16, 16), {0, 1, 2}),
    ],
)
def test_places_are_taken_one_by_one(arenas: tuple[int, ...], wanted: set[int]) -> None:
    def model(size: int) -> Model:
        graph = ModelBuilder()
        graph.output(graph.unary("ABS", graph.input((1, 1024 + size), INT8)))
        return graph.build()

    def rewrite(places: Container[int]) -> Rewrite | None:
        taken = [place for place in range(3) if place in places]
        tried.append(set(taken))
        return Rewrite(model(sum(arenas[place] for place in taken)), len(taken))

    tried: list[set[int]] = []
    found = within_arena(RewriteContext(model(0), TFLM), rewrite)

    assert found is not None
    assert found.places == len(wanted)
    if wanted != {0, 1, 2}:
        assert (arena_of(found.model, TFLM) or 0) <= (arena_of(model(0), TFLM) or 0)
        assert wanted in tried
