"""Models whose tensors are placed by the file, by name."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

from tests.memory.graph_shapes import chain
from tflint.model.builder import ModelBuilder
from tflint.model.tables import Model

PLAN = "OfflineMemoryAllocation"


def offline(
    offsets: Sequence[int], *, more: Sequence[Sequence[int]] = (), name: str = PLAN
) -> Callable[[], Model]:
    """Four tensors in a row, a variable and a constant, planned by the file."""

    def build() -> Model:
        model = ModelBuilder()
        model.output(chain(model, model.input((1, 33)), 3))
        model.tensor((1, 25), is_variable=True)
        model.constant((1, 25))
        for plan in (offsets, *more):
            words = struct.pack(f"<{3 + len(plan)}i", 1, 0, len(plan), *plan)
            model.metadata(name, words)
        return model.build()

    return build


def offline_subgraphs() -> Model:
    """A plan for two subgraphs, and how its offsets are looked up for the second."""
    model = ModelBuilder()
    model.output(chain(model, model.input((1, 33)), 3))
    other = model.subgraph("other")
    other.output(chain(other, other.input((1, 21)), 2))
    other.tensor((1, 30), is_variable=True)
    plan = (0, 160, 0, 160, 1000, 2000, 3000, 4000)
    model.metadata(PLAN, struct.pack("<11i", 1, 0, 8, *plan))
    return model.build()


def offline_scratch() -> Model:
    """A planned model with a scratch buffer, for which there is no offset."""
    model = ModelBuilder()
    x = model.input((1, 30))
    y = model.tensor((1, 30))
    model.operator("ADD_N", [x, x, x], [y])
    model.output(chain(model, y, 1))
    model.metadata(PLAN, struct.pack("<6i", 1, 0, 3, 0, 128, -1))
    return model.build()


PLANNED: dict[str, Callable[[], Model]] = {
    "offline_subgraphs": offline_subgraphs,
    "offline_scratch": offline_scratch,
    "offline_all": offline((0, 144, 0, 144, 512, -1)),
    "offline_constant": offline((0, 144, 0, 144, -1, 5000)),
    "offline_reversed": offline((800, 600, 400, 200, -1, -1)),
    "offline_some": offline((-1, 0, -1, 300, -1, -1)),
    "offline_overlapping": offline((0, 0, 0, 0, -1, -1)),
    "offline_unaligned": offline((4, 150, -1, 7, 3, 9)),
    "offline_none": offline((-1,) * 6),
    "offline_twice": offline((0, 144, 0, 144, 512, -1), more=[(16, 16, 600, -1, -1, -1)]),
    "offline_other_name": offline((0, 144, 0, 144, 512, -1), name=PLAN + "2"),
}
