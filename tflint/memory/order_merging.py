"""Pairs of operators that can be made one or put in a row, without losing the smallest peak.

Each rule is an exchange argument: what lies between the two in some order is moved to the other
side, and nothing needs more than before. `change` is what an operator adds to the bytes alive,
`during` the most that it adds while it runs. Where others beside it read the same blocks, its
change depends on who comes last; below, it is "the most" then, with those blocks still alive.

One operator are a and b

- when b alone waits for a, a's change is always the same and not negative, and a's during is no
  more than b's on top of a's change: a can as well wait until b runs;
- when b waits for a alone, b's change is not positive, and b's during on top of a's change is no
  more than a's during: b can as well run as soon as a has.

On a chain these leave the hills and valleys of Liu 1987. a comes before b

- when a's change is not positive, a needs no more than b while it runs, and waits for nothing
  that b does not wait for;
- when b's change is positive, b's during less its change is no more than a's, nothing waits for b
  that does not wait for a too, and a reads whatever b shares with operators beside it.

Each pair is put in a row in the graph as the pairs before have left it, so that they add up. Twins,
which wait for the same and are waited for by the same, are put in rows all at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import pairwise

from tflint.memory.order_bounds import Lineage
from tflint.memory.order_problem import Block
from tflint.memory.order_section import Section, bits, block_reads, members

# Looks at pairs of operators at a time; putting one in a row counts as an eighth of all operators.
MOST_PAIRS = 30_000
# How often all pairs are looked at anew.
MOST_PASSES = 4


@dataclass(frozen=True, slots=True)
class Contraction:
    """A smaller section, and the operators of the first that each of its operators stands for."""

    section: Section
    groups: tuple[tuple[int, ...], ...]

    def expanded(self, order: Iterable[int]) -> tuple[int, ...]:
        """An order of the smaller section as one of the first."""
        return tuple(member for operator in order for member in self.groups[operator])


def chained(found: Contraction, extra: Iterable[tuple[int, int]]) -> Contraction:
    """The section with more operators that wait for others."""
    tasks = _Tasks(found.section)
    for earlier, later in extra:
        tasks.before[later].add(earlier)
        tasks.after[earlier].add(later)
    return tasks.contraction(found)


def shrunk(found: Contraction) -> Contraction:
    """The section with pairs of operators in a row or made one, as long as there are any."""
    passes = 0
    while True:
        tasks = _Tasks(found.section)
        tasks.merge_all()
        fixed = tasks.fix_twins()
        if not fixed and passes < MOST_PASSES:
            passes += 1
            fixed = tasks.fix_pairs()
        found = tasks.contraction(found)
        if not fixed:
            return found


class _Tasks:
    """A section's operators while they are merged: each task is a sequence of them."""

    def __init__(self, section: Section) -> None:
        self.section = section
        everything = range(section.count)
        self.sequence = {operator: [operator] for operator in everything}
        self.inside = [1 << operator for operator in everything]
        self.before = [set(waited) for waited in section.before]
        self.after = [set(waiting) for waiting in section.after]
        self.during = list(section.during)
        self.makes = list(section.makes)
        self.reads = [set(indices) for indices in block_reads(section)]
        self.readers = [bits(block.readers) for block in section.blocks]
        lineage = Lineage(section)
        self.above, self.below = list(lineage.above), list(lineage.below)
        for operator in everything:
            further = 0
            for later in self.after[operator]:
                further |= lineage.below[later]
            # Who waits for one that waits as well need not be told twice.
            for later in [later for later in self.after[operator] if further >> later & 1]:
                self.after[operator].remove(later)
                self.before[later].remove(operator)

    def fix_twins(self) -> bool:
        """Fix the order of tasks that differ in their bytes alone; whether there were any.

        Those that do not add come first, by what they need meanwhile; then those that do, by what
        they need beyond what they leave, largest first. O(n log n).
        """
        twins: dict[tuple[frozenset[int], ...], list[tuple[int, int, int]]] = {}
        for task in self.sequence:
            _, most, doubtful = self._effect(task)
            key = (frozenset(self.before[task]), frozenset(self.after[task]), frozenset(doubtful))
            during = self.during[task]
            place = (0, during, task) if most <= 0 else (1, most - during, task)
            twins.setdefault(key, []).append(place)
        rows = [sorted(row) for row in twins.values() if len(row) > 1]
        for row in rows:
            for (*_, earlier), (*_, later) in pairwise(row):
                self.before[later].add(earlier)
                self.after[earlier].add(later)
        return bool(rows)

    def fix_pairs(self) -> bool:
        """Fix the order of two tasks where one can as well come first; whether any was."""
        effects = {task: self._effect(task) for task in self.sequence}
        pairs, fixed = 0, False
        for task, (_, most, doubtful) in effects.items():
            if most <= 0:
                around = self._common(self.before[task], self.below)
            else:
                around = self._common(self.after[task], self.above)
            for other in members(around & ~self.above[task] & ~self.below[task]):
                pairs += 1
                if pairs > MOST_PAIRS:
                    return fixed
                if other == task or other not in self.sequence:
                    continue
                if self.above[task] >> other & 1 or self.below[task] >> other & 1:
                    continue
                if most <= 0:
                    earlier, later = task, other
                    fits = self.during[task] <= self.during[other]
                else:
                    earlier, later = other, task
                    beyond = self.during[other] - effects[other][1]
                    fits = beyond >= self.during[task] - most
                    fits = fits and self.reads[other].issuperset(doubtful)
                if fits:
                    self._fix(earlier, later)
                    pairs += len(self.sequence) // 8
                    fixed = True
        return fixed

    def _common(self, tasks: Iterable[int], relatives: Sequence[int]) -> int:
        """What is related to all of these tasks."""
        common = (1 << self.section.count) - 1
        for task in tasks:
            common &= relatives[task]
        return common

    def _fix(self, earlier: int, later: int) -> None:
        """Make one task wait for another, and all that this entails."""
        self.before[later].add(earlier)
        self.after[earlier].add(later)
        above = self.above[earlier] | self.inside[earlier]
        below = self.below[later] | self.inside[later]
        for task in self.sequence:
            if below & self.inside[task]:
                self.above[task] |= above
            if above & self.inside[task]:
                self.below[task] |= below

    def merge_all(self) -> None:
        """Merge until no pair is left; near linear in pairs, but for the bits."""
        waiting = list(reversed(range(self.section.count)))
        while waiting:
            task = waiting.pop()
            if task not in self.sequence:
                continue
            for later in sorted(self.after[task]):
                if self._is_one(task, later):
                    self._merge(task, later)
                    waiting += [*self.before[task], *self.after[task], task]
                    break

    def _is_one(self, first: int, second: int) -> bool:
        """Whether no order gains by anything between these two."""
        least, most, _ = self._effect(first)
        waits = len(self.after[first]) == 1 and least == most
        if waits and least >= 0 and self.during[first] <= least + self.during[second]:
            return True
        follows = len(self.before[second]) == 1 and self._effect(second)[1] <= 0
        return follows and most + self.during[second] <= self.during[first]

    def _effect(self, task: int) -> tuple[int, int, list[int]]:
        """The least and the most that a task adds to the bytes alive, whatever else has run.

        And the blocks that make the difference: those that operators beside it read as well.
        """
        most = self.makes[task]
        doubtful = []
        for index in self.reads[task]:
            others = self.readers[index] & ~self.inside[task]
            if others & ~self.above[task] == 0:
                most -= self.section.blocks[index].bytes
            elif others & self.below[task] == 0:
                doubtful.append(index)
        return most - sum(self.section.blocks[i].bytes for i in doubtful), most, doubtful

    def _merge(self, first: int, second: int) -> None:
        """Put the second task behind the first, under the first's number."""
        self.during[first] = max(self.during[first], self._effect(first)[1] + self.during[second])
        self.sequence[first] += self.sequence.pop(second)
        self.inside[first] |= self.inside[second]
        self.above[first] = (self.above[first] | self.above[second]) & ~self.inside[first]
        self.below[first] = (self.below[first] | self.below[second]) & ~self.inside[first]
        self.makes[first] += self.makes[second]
        for index in list(self.reads[first] | self.reads[second]):
            block = self.section.blocks[index]
            made_here = block.maker is not None and self.inside[first] >> block.maker & 1
            self.reads[first].add(index)
            if made_here and self.readers[index] & ~self.inside[first] == 0:
                self.makes[first] -= block.bytes
                self.reads[first].remove(index)
        for earlier in self.before[second]:
            self.after[earlier].discard(second)
            if earlier != first:
                self.after[earlier].add(first)
                self.before[first].add(earlier)
        for later in self.after[second]:
            self.before[later].discard(second)
            self.before[later].add(first)
            self.after[first].add(later)

    def contraction(self, found: Contraction) -> Contraction:
        """The tasks as a section, in an order that works and stays near the given one."""
        order = self._order()
        number = {task: index for index, task in enumerate(order)}
        home = {o: number[task] for task in order for o in self.sequence[task]}
        old = self.section
        new = Section(
            old.first,
            len(order),
            old.start_bytes,
            [self.during[task] for task in order],
            [self.makes[task] for task in order],
            [sorted(number[other] for other in self.before[task]) for task in order],
            [sorted(number[other] for other in self.after[task]) for task in order],
        )
        for block in old.blocks:
            maker = None if block.maker is None else home[block.maker]
            readers = {home[reader] for reader in block.readers} - {maker}
            if readers:
                new.blocks.append(Block(block.bytes, maker, tuple(sorted(readers))))
        groups = tuple(
            tuple(member for operator in self.sequence[task] for member in found.groups[operator])
            for task in order
        )
        return Contraction(new, groups)

    def _order(self) -> list[int]:
        """The tasks so that each comes behind what it waits for, the first in the file first."""
        waits = {task: len(self.before[task]) for task in self.sequence}
        heap = [task for task, count in waits.items() if not count]
        heapify(heap)
        order = []
        while heap:
            task = heappop(heap)
            order.append(task)
            for later in self.after[task]:
                waits[later] -= 1
                if not waits[later]:
                    heappush(heap, later)
        return order
