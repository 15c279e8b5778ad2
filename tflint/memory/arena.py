"""What TFLM's arena holds for a model, computed as TFLM fills it.

The arena is filled from both ends. What stays for good, the persistent section or tail, grows
down from its end; activations and scratch buffers share the non-persistent section, or head, at
its start, by a plan that is made once everything else is known. While it plans, TFLM needs room
between the two for the plan itself, which in models with many small tensors is the most that
the arena ever holds.

Source: tensorflow/lite/micro/micro_interpreter.cc, micro_allocator.cc and
arena_allocator/single_arena_buffer_allocator.cc.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate

from tflint.memory import core_structs as core
from tflint.memory.abi import Abi, align_up
from tflint.memory.core_structs import ALIGNMENT
from tflint.memory.greedy_planner import MAX_STEPS, ONLINE, PlannedBuffer, place
from tflint.memory.lifetimes import NEVER, Lifetimes, Span, lifetimes, needs_memory
from tflint.memory.offline_plan import OfflinePlan, offline_plan, offsets_by_subgraph
from tflint.memory.requests import Build, Doubt
from tflint.memory.tail import Tail, fill_tail
from tflint.model.graph import Graph, Node, Value
from tflint.model.tables import Model
from tflint.printable import printable

# Said of the first operator, since doubts belong to one.
_TOO_LONG = Doubt(
    "so many tensors are alive for so long that the plan is not computed; what is alive at most "
    "stands in for it"
)
_RUN_OFTEN = Doubt(
    "its subgraphs are run so often that their lifetimes are not followed to the end"
)


@dataclass(frozen=True, slots=True)
class Buffer:
    """A place in the head: of a tensor (`value`), or the scratch memory of an operator (`node`).

    `bytes` is its size, `reserved` that rounded up to 16; it starts `offset` bytes from the
    arena's start. `first` and `last` are the scopes in which it is alive, -1 for a tensor that
    nothing uses, which has its place all the same.
    """

    subgraph: int
    value: Value | None
    node: Node | None
    bytes: int
    offset: int
    first: int
    last: int

    @property
    def reserved(self) -> int:
        """The bytes that the plan sets aside."""
        return align_up(self.bytes, ALIGNMENT)

    @property
    def is_scratch(self) -> bool:
        """Whether a kernel asked for it."""
        return self.value is None


@dataclass(frozen=True)
class Arena:
    """The arena of one model, in bytes.

    `nonpersistent_bytes` is the head, `persistent` what the tail holds by kind.
    `planning_bytes` and `preparing_bytes` are the most that it holds in passing, while the plan
    is made and while a kernel prepares. `lower_bound_bytes` is the most that is alive at one
    time, `peak_scope` when: no plan takes less unless it lets buffers overlap. `doubts` are
    the operators whose requests are not known completely, `kernel_data` the persistent bytes
    of each operator's kernel by subgraph and operator; `fault` says why TFLM cannot plan this
    model at all. `is_planned` is False where planning took too long and the lower bound stands
    in for the head.
    """

    build: Build
    buffers: tuple[Buffer, ...]
    nonpersistent_bytes: int
    persistent: Mapping[str, int]
    planning_bytes: int
    preparing_bytes: int
    lower_bound_bytes: int
    peak_scope: int
    scopes: tuple[Node | None, ...]
    doubts: tuple[tuple[Node, Doubt], ...] = ()
    kernel_data: Mapping[tuple[int, int], int] = field(default_factory=dict)
    is_planned: bool = True
    is_planned_offline: bool = False
    fault: str | None = None

    @cached_property
    def persistent_bytes(self) -> int:
        """The tail."""
        return sum(self.persistent.values())

    @property
    def arena_bytes(self) -> int:
        """What `MicroInterpreter::arena_used_bytes()` reports after `AllocateTensors()`."""
        return self.nonpersistent_bytes + self.persistent_bytes

    @property
    def min_arena_bytes(self) -> int:
        """The smallest multiple of 16 with which `AllocateTensors()` succeeds."""
        most = max(self.arena_bytes, self.planning_bytes, self.preparing_bytes)
        return align_up(most, ALIGNMENT)

    def saving(self, head_bytes: int) -> int:
        """What the smallest arena would lose with the head, if that were `head_bytes` smaller.

        Less where the arena's most is held while TFLM plans or a kernel prepares.
        """
        most = max(self.arena_bytes - head_bytes, self.planning_bytes, self.preparing_bytes)
        return self.min_arena_bytes - align_up(most, ALIGNMENT)

    @property
    def peak_node(self) -> Node | None:
        """The operator during which the most is alive, None when none runs then."""
        return self.scopes[self.peak_scope] if self.scopes else None

    def alive_at(self, scope: int) -> list[Buffer]:
        """What is alive then, largest first."""
        there = [buffer for buffer in self.buffers if buffer.first <= scope <= buffer.last]
        return sorted(there, key=lambda buffer: (-buffer.reserved, buffer.offset))


def plan_arena(
    model: Model, graphs: Sequence[Graph], build: Build, max_steps: int = MAX_STEPS
) -> Arena:
    """The arena of a model whose indices are all in range.

    Takes O(n log n) for tensors and operators, but for the planner (see `greedy_planner`), which
    may take `max_steps`.
    """
    alive = lifetimes(graphs)
    own_plan = offline_plan(model)
    tail = fill_tail(graphs, build, own_plan)
    buffers, offline = _buffers(graphs, alive, tail, own_plan)
    offsets = place(
        [
            PlannedBuffer(b.reserved, b.first, b.last, o)
            for b, o in zip(buffers, offline, strict=True)
        ],
        max_steps,
    )
    placed = tuple(
        Buffer(b.subgraph, b.value, b.node, b.bytes, offset, b.first, b.last)
        for b, offset in zip(buffers, offsets or [0] * len(buffers), strict=True)
    )
    bound, peak = _lower_bound(placed, len(alive.scopes))
    return Arena(
        build=build,
        buffers=placed,
        nonpersistent_bytes=bound if offsets is None else _end(placed),
        persistent=tail.by_kind,
        planning_bytes=_planning(graphs, len(tail.scratch), len(placed), tail, build.abi),
        preparing_bytes=tail.preparing_bytes,
        lower_bound_bytes=bound,
        peak_scope=peak,
        scopes=alive.scopes,
        doubts=(
            *tail.doubts,
            *(((_first(graphs), _TOO_LONG),) if offsets is None else ()),
            *(((_first(graphs), _RUN_OFTEN),) if alive.is_cut_short else ()),
        ),
        kernel_data=tail.kernel_data,
        is_planned=offsets is not None,
        is_planned_offline=own_plan is not None and own_plan.fault is None,
        fault=alive.endless
        or (own_plan.fault if own_plan else None)
        or _unsized_scratch(alive, tail),
    )


def _first(graphs: Sequence[Graph]) -> Node:
    """The first operator; there is one where planning takes long."""
    return next(node for graph in graphs for node in graph.nodes)


def _unsized_scratch(alive: Lifetimes, tail: Tail) -> str | None:
    """TFLM enters the size of a scratch buffer when it comes to its operator, if it does."""
    for node, _ in tail.scratch:
        if alive.operators[node.subgraph][node.index] == NEVER:
            return (
                f"{printable(node.name)} in subgraph {node.subgraph}, which nothing calls, asks "
                "for scratch memory that TFLM plans without knowing its size"
            )
    return None


def _end(buffers: Sequence[Buffer]) -> int:
    """Where the last of them ends."""
    return max((buffer.offset + buffer.reserved for buffer in buffers), default=0)


def _buffers(
    graphs: Sequence[Graph], alive: Lifetimes, tail: Tail, own_plan: OfflinePlan | None
) -> tuple[list[Buffer], list[int]]:
    """What is to be placed, in TFLM's order, and where the file's own plan puts it."""
    buffers: list[Buffer] = []
    offline: list[int] = []
    for graph, offsets in zip(graphs, offsets_by_subgraph(own_plan, graphs), strict=True):
        spans = alive.tensors[graph.index]
        for value, offset in zip(graph.values, offsets, strict=True):
            if needs_memory(value, offset):
                first, last = spans[value.index]
                buffers.append(Buffer(graph.index, value, None, value.bytes, 0, first, last))
                offline.append(offset)
    for node, size in tail.scratch:
        first, last = alive.operators[node.subgraph][node.index]
        buffers.append(Buffer(node.subgraph, None, node, size, 0, first, last))
        offline.append(ONLINE)
    return buffers, offline


def _lower_bound(buffers: Sequence[Buffer], scopes: int) -> tuple[int, int]:
    """The most bytes alive at one time, and the first scope at which they are."""
    steps = [0] * (scopes + 2)
    for buffer in buffers:
        first, last = _from_zero((buffer.first, buffer.last))
        steps[first] += buffer.reserved
        steps[last + 1] -= buffer.reserved
    alive = list(accumulate(steps))
    most = max(alive)
    return most, max(alive.index(most) - 1, 0)


def _from_zero(span: Span) -> Span:
    """Times from 0: what is never used has a time of its own before all others."""
    return span[0] + 1, span[1] + 1


def _planning(graphs: Sequence[Graph], scratch: int, buffers: int, tail: Tail, abi: Abi) -> int:
    """Bytes in use while the plan is made: the head's bookkeeping and the tail of that time.

    From the arena's start: requests for scratch buffers, with room for 12 more; an offset for
    each subgraph; an `AllocationInfo` for each tensor and scratch buffer; what the planner
    keeps for each buffer.
    """
    tensors = sum(len(graph.values) for graph in graphs)
    info = core.ALLOCATION_INFO.layout(abi)
    used = core.SCRATCH_BUFFER_REQUEST.size(abi) * (scratch + core.SCRATCH_REQUESTS_PER_OPERATOR)
    used = align_up(used, abi.pointer) + abi.pointer * len(graphs)
    used = align_up(used, info.align) + info.size * (tensors + scratch)
    used = align_up(used, ALIGNMENT) + core.PLANNER_BYTES_PER_BUFFER * buffers
    return used + align_up(tail.when_planning, ALIGNMENT)
