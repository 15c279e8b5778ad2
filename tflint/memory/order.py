"""The order of a graph's operators that needs the fewest bytes alive at once.

    graph -> problem (order_problem) -> sections between operators that have one place only
          -> each section: rules of thumb (order_greedy); made smaller (order_contraction,
             order_merging); bounds (order_bounds), beams (order_beam) and the exact search
             (order_search, order_descent) -> one order of the whole

What is made small is the peak by lifetimes. TFLM's greedy planner may need more than the peak, so
`refine` picks among orders with an equal peak by the arena that they really take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tflint.memory.abi import align_up
from tflint.memory.core_structs import ALIGNMENT
from tflint.memory.lifetimes import needs_memory
from tflint.memory.order_effects import kept_sequences, unorderable
from tflint.memory.order_greedy import rules_of_thumb
from tflint.memory.order_problem import (
    Block,
    Problem,
    alive_bytes,
    free_ranges,
    predecessors,
)
from tflint.memory.order_search import Found, search
from tflint.memory.order_section import Section, section_peak, sections
from tflint.model.graph import Graph

# Steps of search for one graph (see `order_search`): a second or two on a machine of 2020.
MOST_STEPS = 6_000_000
# A section may take this share of the steps that are left.
SHARE = 2


@dataclass(frozen=True, slots=True)
class Reordering:
    """An order of a graph's operators, as their indices, and what it does to the peak in bytes.

    `lower_bound` is proved: no order has a smaller peak. `states` counts the states that the
    search looked at. `candidates` are orders that all have at most the peak `peak_after`,
    except for the given one, which is the first; `order` is among them. `reason` says why nothing
    was tried, None otherwise.
    """

    order: tuple[int, ...]
    peak_before: int
    peak_after: int
    lower_bound: int
    states: int
    candidates: tuple[tuple[int, ...], ...]
    reason: str | None = None

    @property
    def is_optimal(self) -> bool:
        """Whether it is proved that no order has a smaller peak."""
        return self.peak_after <= self.lower_bound

    @property
    def gap(self) -> int:
        """The most bytes that another order might save beyond this one."""
        return max(self.peak_after - self.lower_bound, 0)

    @property
    def saved(self) -> int:
        """The bytes that the order takes off the peak."""
        return self.peak_before - self.peak_after


def best_order(graph: Graph, scratch: Mapping[int, int], steps: int = MOST_STEPS) -> Reordering:
    """The order of a graph's operators with the smallest peak, or the best that was found.

    `scratch` has the bytes that operators need only while they run, by index (left out: none);
    what a called subgraph needs is scratch of the operator that calls it. Lifetimes are those of
    TFLM's planner: graph inputs are created at time 0, an output at its operator, the last use is
    the last operator that reads, graph outputs live to the end; sizes are rounded up to 16.
    Constants and variables do not count. Side effects keep their order (`order_effects`).

    Linear in the graph but for the search, which ends after `steps`; a chain needs none. Where
    the graph has no order that is known to be safe, the given one comes back with a reason.
    """
    problem = graph_problem(graph, scratch)
    reason = unorderable(graph)
    if reason is not None:
        given = tuple(range(problem.operators))
        peak = max(alive_bytes(problem, given))
        return Reordering(given, peak, peak, _own_needs(problem), 0, (given,), reason)
    return best_order_of(problem, steps)


def best_order_of(problem: Problem, steps: int = MOST_STEPS) -> Reordering:
    """The order of a problem with the smallest peak, or the best found with `steps` of work.

    Of the given order, what need not change for the peak stays as it is.
    """
    before = predecessors(problem)
    given = tuple(range(problem.operators))
    alive = alive_bytes(problem, given)
    ranges = free_ranges(before)
    fixed = _fixed_peak(alive, ranges)
    parts = sections(problem, before, ranges, alive)
    found: dict[int, Found] = {}
    lower = after = fixed
    states = 0
    # The section that needs most decides how good the others have to be.
    needs = sorted(
        ((max(alive[part.first + 1 : part.first + part.count + 1]), part) for part in parts),
        key=lambda pair: (-pair[0], pair[1].first),
    )
    for left, (peak, part) in zip(range(len(needs), 0, -1), needs, strict=True):
        result = search(part, peak, after, steps // min(left, SHARE))
        steps -= result.steps
        states += result.states
        lower, after = max(lower, result.lower_bound), max(after, result.peak)
        found[part.first] = result
    order = _assembled(given, {first: result.order for first, result in found.items()})
    return Reordering(
        order,
        max(alive),
        after,
        lower,
        states,
        _candidates(given, order, parts, found, after),
    )


def refine(
    orders: Iterable[Sequence[int]], arena_of: Callable[[tuple[int, ...]], int]
) -> tuple[tuple[int, ...], int]:
    """The order that really takes the smallest arena, and its bytes; the first among equals.

    `arena_of` plans an order with the planner that will run; it is called once for each. There
    has to be at least one order.
    """
    given = [tuple(order) for order in orders]
    arena, _, order = min((arena_of(order), index, order) for index, order in enumerate(given))
    return order, arena


def graph_problem(graph: Graph, scratch: Mapping[int, int]) -> Problem:
    """A graph's values and operators as an ordering problem, lifetimes as in `lifetimes`.

    Where operators make a value again or read it before it is made, the problem describes the
    lifetimes of the given order only.
    """
    first: dict[int, int] = {}
    for node in graph.nodes:
        for value in node.outputs:
            first.setdefault(value.index, node.index)
    blocks = []
    for value in graph.values:
        maker = None if value.is_input else first.get(value.index)
        if value.is_constant or value.tensor.is_variable:
            continue
        if maker is None and not (value.is_input or value.is_output or value.consumers):
            continue
        readers = tuple(n.index for n in value.consumers if maker is None or n.index > maker)
        # A value without memory of its own still makes its readers wait.
        size = align_up(value.bytes, ALIGNMENT) if needs_memory(value) else 0
        blocks.append(Block(size, maker, readers, value.is_output))
    return Problem(
        tuple(max(scratch.get(node.index, 0), 0) for node in graph.nodes),
        tuple(blocks),
        tuple(kept_sequences(graph)),
    )


def _own_needs(problem: Problem) -> int:
    """The most that one operator reads, makes and needs as scratch: a bound on every order."""
    needs = list(problem.scratch)
    for block in problem.blocks:
        for operator in block.readers if block.maker is None else (block.maker, *block.readers):
            needs[operator] += block.bytes
    return max(needs, default=0)


def _fixed_peak(alive: Sequence[int], ranges: Iterable[range]) -> int:
    """The most bytes alive at time 0 and at the operators that have one place only."""
    most, position = alive[0], 0
    for part in (*ranges, range(len(alive) - 1, len(alive) - 1)):
        most = max(most, max(alive[position + 1 : part.start + 1], default=0))
        position = part.stop
    return most


def _assembled(given: Sequence[int], chosen: Mapping[int, Sequence[int]]) -> tuple[int, ...]:
    """The given order with each section, by its first operator, in the order chosen for it."""
    order = list(given)
    for first, inner in chosen.items():
        order[first : first + len(inner)] = [first + operator for operator in inner]
    return tuple(order)


def _candidates(
    given: tuple[int, ...],
    order: tuple[int, ...],
    parts: Sequence[Section],
    found: Mapping[int, Found],
    peak: int,
) -> tuple[tuple[int, ...], ...]:
    """The given order, the one found, and variants by rules of thumb that keep within the peak."""
    variants: list[dict[int, Sequence[int]]] = []
    for part in parts:
        for rule, variant in enumerate(rules_of_thumb(part)):
            if rule == len(variants):
                variants.append({})
            if section_peak(part, variant) <= peak:
                variants[rule][part.first] = variant
    whole = [
        _assembled(given, {first: result.order for first, result in found.items()} | variant)
        for variant in variants
    ]
    return tuple(dict.fromkeys((given, order, *whole)))
