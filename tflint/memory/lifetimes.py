"""When each tensor and scratch buffer is alive while TFLM runs a model.

Time is counted in scopes: 0 is before the first operator, each operator opens one, and so does
each subgraph that an operator calls. TFLM gives no two tensors the same memory by design: there
is no in-place operator and no aliasing, RESHAPE copies.

Source: AllocationInfoBuilder, tensorflow/lite/micro/micro_allocation_info.cc.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from tflint.memory.greedy_planner import ONLINE
from tflint.memory.resource_variables import is_handle
from tflint.model.graph import Graph, Node, Value, called_subgraphs

NEVER = (-1, -1)
# A body that two operators call is walked twice, so nested ones double. A walk ends after as
# many operators as these, and four times what the model has.
MOST_STEPS = 100_000

# The operators whose subgraphs TFLM plans.
CALLERS = frozenset(("IF", "WHILE", "CALL_ONCE"))

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """First and last scope of each tensor, by subgraph and index, and of each operator's run.

    `NEVER` stands for what no walk from the first subgraph reaches. `scopes` are the operators
    by scope, None for scopes that are no operator's. `endless` says why TFLM's walk would not
    end; `is_cut_short` that this one did before, as subgraphs are run very many times.
    """

    tensors: tuple[tuple[Span, ...], ...]
    operators: tuple[tuple[Span, ...], ...]
    scopes: tuple[Node | None, ...]
    endless: str | None = None
    is_cut_short: bool = False


def needs_memory(value: Value, offline_offset: int = ONLINE) -> bool:
    """Whether TFLM's plan has a place for this tensor.

    Variables have theirs in the persistent section, unless the file plans them.
    """
    is_planned = not value.tensor.is_variable or offline_offset != ONLINE
    return value.data is None and is_planned and value.bytes > 0 and not is_handle(value)


def lifetimes(graphs: Sequence[Graph]) -> Lifetimes:
    """Walk the first subgraph, and those that it calls, as TFLM does; linear in what runs."""
    walk = _Walk(graphs)
    stack = [walk.subgraph(0)] if graphs else []
    entered, inside = [0], {0}
    most = MOST_STEPS + 4 * sum(len(graph.nodes) for graph in graphs)
    endless = None
    while stack and len(walk.scopes) <= most:
        called = next(stack[-1], None)
        if called is None:
            stack.pop()
            inside.discard(entered.pop())
        elif called in inside:
            endless = f"subgraph {called} calls itself"
            break
        else:
            entered.append(called)
            inside.add(called)
            stack.append(walk.subgraph(called))
    return Lifetimes(
        tuple(map(tuple, walk.tensors)),
        tuple(map(tuple, walk.operators)),
        tuple(walk.scopes),
        endless,
        bool(stack) and endless is None,
    )


class _Walk:
    """The state of a walk."""

    def __init__(self, graphs: Sequence[Graph]) -> None:
        self.graphs = graphs
        self.tensors: list[list[Span]] = [[NEVER] * len(graph.values) for graph in graphs]
        self.operators: list[list[Span]] = [[NEVER] * len(graph.nodes) for graph in graphs]
        self.scopes: list[Node | None] = [None]

    def subgraph(self, index: int) -> Generator[int, None, None]:
        """Walk one subgraph; yields the subgraphs to walk in between.

        What is made a second time, by another operator or in another call, is alive from the
        first. What is read but never made is alive from before the start, outputs excepted:
        those count as made at the end.
        """
        graph, spans = self.graphs[index], self.tensors[index]
        now = len(self.scopes) - 1
        for value in graph.inputs:
            _make(spans, value.index, now)
        for node in graph.nodes:
            self.scopes.append(node)
            start = len(self.scopes) - 1
            for value in node.outputs:
                _make(spans, value.index, start)
            for called in _called(node, len(self.graphs)):
                self.scopes.append(None)
                yield called
            now = len(self.scopes) - 1
            for read in node.inputs:
                if read is not None:
                    _use(spans, read.index, now)
            for value in node.outputs:
                _use(spans, value.index, now)
            _make(self.operators[index], node.index, start)
            _use(self.operators[index], node.index, now)
        now = len(self.scopes) - 1
        for value in graph.outputs:
            _make(spans, value.index, now)
            _use(spans, value.index, now)


def _make(spans: list[Span], index: int, now: int) -> None:
    if spans[index][0] < 0:
        spans[index] = (now, now)


def _use(spans: list[Span], index: int, now: int) -> None:
    spans[index] = (spans[index][0], now)


def _called(node: Node, subgraphs: int) -> tuple[int, ...]:
    if node.name not in CALLERS:
        return ()
    return tuple(index for index in called_subgraphs(node.options) if 0 <= index < subgraphs)
