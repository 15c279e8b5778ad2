"""What no order of a section can go below, and the lowest state between two others."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from tflint.memory.order_section import Section, bits, block_reads, members

# Steps (one look at one block at one operator) that the bounds below may take.
DEFINITE_STEPS = 300_000
FLOW_STEPS = 300_000


class Lineage:
    """The ancestors and descendants of each operator of a section, as bits."""

    def __init__(self, section: Section) -> None:
        count = section.count
        self.above = [0] * count
        self.below = [0] * count
        for operator in range(count):
            mask = 0
            for earlier in section.before[operator]:
                mask |= self.above[earlier] | 1 << earlier
            self.above[operator] = mask
        for operator in reversed(range(count)):
            mask = 0
            for later in section.after[operator]:
                mask |= self.below[later] | 1 << later
            self.below[operator] = mask


def definite_bytes(section: Section, lineage: Lineage | None) -> list[int]:
    """For each operator the bytes that are alive when it runs, whatever the order.

    Its outputs and scratch, and the blocks that it or a descendant reads which come from an
    ancestor or from before the section. Without `lineage`, or where the product of operators and
    blocks passes `DEFINITE_STEPS`, only the blocks that it reads itself. O(operators x blocks).
    """
    # Of what is alive before the section, all but the blocks that end in it is there throughout.
    standing = section.start_bytes - sum(
        block.bytes for block in section.blocks if block.maker is None
    )
    found = [standing + during for during in section.during]
    # What is made here and never ends here is alive below its maker; `makes` counts both kinds.
    lasting = list(section.makes)
    for block in section.blocks:
        if block.maker is not None:
            lasting[block.maker] -= block.bytes
    if lineage is None or section.count * (section.count + len(section.blocks)) > DEFINITE_STEPS:
        for block in section.blocks:
            for reader in block.readers:
                found[reader] += block.bytes
        return found
    for block in section.blocks:
        where = 0
        for reader in block.readers:
            where |= lineage.above[reader] | 1 << reader
        if block.maker is not None:
            where &= lineage.below[block.maker]
        for operator in members(where):
            found[operator] += block.bytes
    for maker, extra in enumerate(lasting):
        if extra:
            for operator in members(lineage.below[maker]):
                found[operator] += extra
    return found


@dataclass(frozen=True, slots=True)
class Lowest:
    """The fewest bytes alive at a state between two others.

    `saved` is how much less than at the lower state; `smallest` and `largest` are the operators
    beyond the lower state that the smallest and the largest such state have run.
    """

    saved: int
    smallest: int
    largest: int
    steps: int


class _Flow:
    """Maximum flow by shortest augmenting paths (Edmonds and Karp), with a limit on steps."""

    def __init__(self, nodes: int) -> None:
        self.arcs: list[list[int]] = [[] for _ in range(nodes)]
        self.head: list[int] = []
        self.room: list[int] = []
        self.steps = 0

    def add(self, tail: int, head: int, room: int) -> None:
        self.arcs[tail].append(len(self.head))
        self.head.append(head)
        self.room.append(room)
        self.arcs[head].append(len(self.head))
        self.head.append(tail)
        self.room.append(0)

    def run(self, source: int, sink: int, limit: int) -> int | None:
        """The maximum flow, None when the limit is passed."""
        total = 0
        while True:
            came = self._search(source, sink)
            if self.steps > limit:
                return None
            if sink not in came:
                return total
            path = []
            node = sink
            while node != source:
                arc = came[node]
                path.append(arc)
                node = self.head[arc ^ 1]
            pushed = min(self.room[arc] for arc in path)
            for arc in path:
                self.room[arc] -= pushed
                self.room[arc ^ 1] += pushed
            total += pushed

    def _search(self, source: int, sink: int) -> dict[int, int]:
        """The arc that each node was first reached by."""
        came = {source: -1}
        waiting = deque((source,))
        while waiting and sink not in came:
            node = waiting.popleft()
            self.steps += len(self.arcs[node])
            for arc in self.arcs[node]:
                if self.room[arc] and self.head[arc] not in came:
                    came[self.head[arc]] = arc
                    waiting.append(self.head[arc])
        return came

    def reached(self, source: int) -> set[int]:
        """The nodes that the residual graph leads to from here."""
        return set(self._search(source, -1))

    def reaching(self, sink: int) -> set[int]:
        """The nodes that the residual graph leads from to here."""
        found, waiting = {sink}, [sink]
        while waiting:
            node = waiting.pop()
            self.steps += len(self.arcs[node])
            for arc in self.arcs[node]:
                if self.room[arc ^ 1] and self.head[arc] not in found:
                    found.add(self.head[arc])
                    waiting.append(self.head[arc])
        return found


class Cuts:
    """Minimum cuts between the states of a section."""

    def __init__(self, section: Section) -> None:
        self.section = section
        self.reads = block_reads(section)
        self.readers = [bits(block.readers) for block in section.blocks]

    def alive(self, state: int) -> int:
        """The bytes alive at a state; linear in the operators that have run and their reads."""
        section, alive = self.section, self.section.start_bytes
        seen: set[int] = set()
        for operator in members(state):
            alive += section.makes[operator]
            seen.update(self.reads[operator])
        return alive - sum(section.blocks[i].bytes for i in seen if self.readers[i] & ~state == 0)

    def lowest_between(self, low: int, high: int, limit: int) -> Lowest | None:
        """The states with the fewest bytes alive that contain `low` and lie within `high`.

        Running an operator costs what it makes, and pays the blocks that all their readers have
        then read: a project selection, solved as a minimum cut (Picard 1976, "Maximal closure of
        a graph"). None when it takes more than `limit` steps; polynomial.
        """
        inner = high & ~low
        if inner.bit_count() > limit:
            return None
        section = self.section
        operators = list(members(inner))
        number = {operator: index for index, operator in enumerate(operators)}
        touched = sorted({index for operator in operators for index in self.reads[operator]})
        paying = [index for index in touched if self.readers[index] & ~high == 0]
        profit = sum(section.blocks[index].bytes for index in paying)
        source = len(operators) + len(paying)
        flow = _Flow(source + 2)
        for index, operator in enumerate(operators):
            flow.add(index, source + 1, section.makes[operator])
            for earlier in section.before[operator]:
                if earlier in number:
                    flow.add(index, number[earlier], profit + 1)
        for index, paid in enumerate(paying, len(operators)):
            flow.add(source, index, section.blocks[paid].bytes)
            for reader in section.blocks[paid].readers:
                if reader in number:
                    flow.add(index, number[reader], profit + 1)
        flow.steps += len(flow.head)
        passed = flow.run(source, source + 1, limit)
        if passed is None:
            return None
        smallest, rest = flow.reached(source), flow.reaching(source + 1)
        return Lowest(
            profit - passed,
            bits([operator for index, operator in enumerate(operators) if index in smallest]),
            bits([operator for index, operator in enumerate(operators) if index not in rest]),
            flow.steps,
        )


def cut_bound(
    section: Section, lineage: Lineage, definite: Sequence[int], most: int
) -> tuple[int, int]:
    """A lower bound on the peak of any order, at most `most`, and the steps that it took.

    When an operator runs, the state has run its ancestors and none of its descendants: at least
    the fewest bytes alive at such a state are there beside its outputs and scratch. Operators
    with the largest definite bytes are looked at first, for about `FLOW_STEPS` steps.
    """
    cuts = Cuts(section)
    full = (1 << section.count) - 1
    best = max(definite)
    steps = 0
    for operator in sorted(range(section.count), key=lambda o: (-definite[o], o)):
        if best >= most or steps > FLOW_STEPS:
            break
        low, high = lineage.above[operator], full & ~lineage.below[operator] & ~(1 << operator)
        found = cuts.lowest_between(low, high, FLOW_STEPS - steps)
        if found is None:
            return best, FLOW_STEPS
        steps += found.steps + section.count
        best = max(best, cuts.alive(low) - found.saved + section.during[operator])
    return best, steps
