"""What would lower a model's arena, each figure from planning the model so changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tflint.memory.abi import align_up
from tflint.memory.arena import Arena, Buffer, plan_arena
from tflint.memory.core_structs import ALIGNMENT
from tflint.memory.greedy_planner import PlannedBuffer, place
from tflint.memory.lifetimes import needs_memory
from tflint.memory.placement import better_offsets
from tflint.memory.reordering import reorder
from tflint.memory.requests import Build, Library
from tflint.memory.usage import MemoryUse
from tflint.memory.variants import (
    unused_values,
    with_int8,
    with_offline_plan,
    without_offline_plan,
    without_unused,
)
from tflint.model.graph import Graph, Node, Value, graphs
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.printable import counted, printable

# What the planner may take for each change: about half a second. Only graphs of thousands of
# operators that are all connected with each other take more, and then the change is passed over.
_MOST_STEPS = 2_000_000
# A saving below this share of the arena is not worth a line.
_SHARE = 0.01
# The same, in bytes, of what only planning takes: the smallest models have that and nothing else.
_LEAST_PLANNING = 256
# Of scratch memory, what an operator's part of the arena has to be to be named.
_SCRATCH_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Saving:
    """A change, and by how many bytes the smallest arena is smaller with it.

    `is_exact` is False where the changed model has a kernel whose requests are not known.
    """

    text: str
    bytes: int
    is_exact: bool = True


def advice(use: MemoryUse, model: Model, subgraphs: Sequence[Graph]) -> list[Saving]:
    """What would lower the smallest arena, what saves most first.

    Plans the model about five times more. Savings do not add up: each is computed alone.
    """
    if use.fault is not None or not use.arena.is_planned:
        return []
    case = _Case(use.arena, model, subgraphs)
    found = [
        saving
        for kind in (_int8, _reorder, _own_plan, _unused, _reference, _planning, _scratch, _half)
        for saving in kind(case)
        if saving.bytes >= max(ALIGNMENT, _SHARE * use.arena.min_arena_bytes)
    ]
    return sorted(found, key=lambda saving: -saving.bytes)


@dataclass(frozen=True, slots=True)
class _Case:
    arena: Arena
    model: Model
    graphs: Sequence[Graph]

    def change(self, text: str, model: Model) -> Iterator[Saving]:
        """What the changed model saves."""
        yield from self._if_planned(text, model, graphs(model), self.arena.build)

    def rebuild(self, text: str, library: Library) -> Iterator[Saving]:
        """What the same model saves with other kernels."""
        build = dataclasses.replace(self.arena.build, library=library)
        yield from self._if_planned(text, self.model, self.graphs, build)

    def resize(self, text: str, size: Callable[[Buffer], int]) -> Iterator[Saving]:
        """What is saved when buffers have other sizes."""
        planned = [
            PlannedBuffer(align_up(size(b), ALIGNMENT), b.first, b.last) for b in self.arena.buffers
        ]
        planned = [buffer for buffer in planned if buffer.size]
        offsets = place(planned, _MOST_STEPS)
        if offsets is None:
            return
        head = max((o + b.size for o, b in zip(offsets, planned, strict=True)), default=0)
        yield self.saving(text, dataclasses.replace(self.arena, nonpersistent_bytes=head))

    def _if_planned(
        self, text: str, model: Model, subgraphs: Sequence[Graph], build: Build
    ) -> Iterator[Saving]:
        arena = plan_arena(model, subgraphs, build, _MOST_STEPS)
        if arena.is_planned:
            yield self.saving(text, arena)

    def saving(self, text: str, arena: Arena) -> Saving:
        """What another arena saves."""
        exact = not any(doubt.bytes is None for _, doubt in arena.doubts)
        return Saving(text, self.arena.min_arena_bytes - arena.min_arena_bytes, exact)


def _int8(case: _Case) -> Iterator[Saving]:
    floats = [b for b in case.arena.buffers if b.value and b.value.type is TensorType.FLOAT32]
    if floats and not case.arena.is_planned_offline:
        text = (
            f"int8 instead of float32 ({counted(len(floats), 'activation')}): quantise fully, with "
            "a calibration set"
        )
        yield from case.change(text, with_int8(case.model, case.graphs))


def _reorder(case: _Case) -> Iterator[Saving]:
    better = reorder(case.model, case.graphs, case.arena)
    if better is not None:
        proved = (
            "no order needs less"
            if better.found.is_optimal
            else (f"another may save up to {better.found.gap:,} B more")
        )
        text = f"the operators in another order, which `tflint fix` writes ({proved})"
        yield case.saving(text, better.arena)


def _own_plan(case: _Case) -> Iterator[Saving]:
    arena = case.arena
    if arena.is_planned_offline:
        text = "TFLM's own planner instead of the offline plan in the file: drop that metadata"
        yield from case.change(text, without_offline_plan(case.model))
        return
    if len(case.graphs) != 1 or arena.nonpersistent_bytes == arena.lower_bound_bytes:
        return
    offsets = better_offsets(arena.buffers, arena.nonpersistent_bytes)
    if offsets is None:
        return
    by_tensor = [-1] * len(case.graphs[0].values)
    for buffer, offset in zip(arena.buffers, offsets, strict=True):
        if buffer.value is not None:
            by_tensor[buffer.value.index] = offset
    text = (
        "another placement of the same tensors, as an offline plan in the file "
        "(OfflineMemoryAllocation): TFLM's planner leaves gaps here"
    )
    yield from case.change(text, with_offline_plan(case.model, by_tensor))


def _unused(case: _Case) -> Iterator[Saving]:
    unused = [value for graph in case.graphs for value in unused_values(graph)]
    if unused and not case.arena.is_planned_offline:
        planned = sum(needs_memory(value) for value in unused)
        places = f", {planned:,} of which have a place in the plan" if planned else ""
        text = f"without the {counted(len(unused), 'tensor')} that nothing refers to{places}"
        yield from case.change(text, without_unused(case.model, case.graphs))


def _reference(case: _Case) -> Iterator[Saving]:
    if case.arena.build.library.is_cmsis_nn:
        text = "TFLM's reference kernels instead of CMSIS-NN's, which are several times faster"
        yield from case.rebuild(text, Library.REFERENCE)


def _planning(case: _Case) -> Iterator[Saving]:
    arena = case.arena
    otherwise = align_up(max(arena.arena_bytes, arena.preparing_bytes), ALIGNMENT)
    if arena.min_arena_bytes >= otherwise + _LEAST_PLANNING:
        tensors = sum(len(graph.values) for graph in case.graphs)
        text = (
            "at most, by fewer tensors: the smallest arena is set while TFLM plans, when it keeps "
            f"40 B for each of {counted(len(arena.buffers), 'buffer')} and 24 B for each of "
            f"{counted(tensors, 'tensor')}; fuse activations, fold constants"
        )
        yield Saving(text, arena.min_arena_bytes - otherwise)


def _scratch(case: _Case) -> Iterator[Saving]:
    """Each operator's own share of the plan, its scratch memory."""
    sizes: dict[Node, int] = {}
    for buffer in case.arena.buffers:
        if buffer.node is not None:
            sizes[buffer.node] = sizes.get(buffer.node, 0) + buffer.reserved
    if case.arena.is_planned_offline or not sizes:
        return
    node = max(sizes, key=lambda node: sizes[node])
    if sizes[node] >= _SCRATCH_SHARE * case.arena.min_arena_bytes:
        text = (
            f"without the {sizes[node]:,} B of scratch memory that {_name(node)} asks for: a "
            "smaller window or fewer channels there"
        )
        yield from case.resize(text, lambda b: 0 if b.node is node else b.reserved)


def _half(case: _Case) -> Iterator[Saving]:
    """The largest tensor at the peak, halved."""
    arena = case.arena
    tensors = [b.value for b in arena.alive_at(arena.peak_scope) if b.value is not None]
    if not tensors or arena.is_planned_offline:
        return
    largest = tensors[0]
    text = f"{_tensor(largest)}, the largest at the peak, half as large: {_how(largest)}"
    yield from case.resize(text, lambda b: b.reserved // 2 if b.value is largest else b.reserved)


def _tensor(value: Value) -> str:
    name = f" `{printable(value.name, 60)}`" if value.name else ""
    return f"tensor #{value.index}{name}"


def _how(value: Value) -> str:
    if value.producer is None:
        return "a smaller input"
    return f"fewer channels or a stride of 2 at {_name(value.producer)}"


def _name(node: Node) -> str:
    return f"{printable(node.name, 40)} #{node.index}"
