"""A stretch of operators that is ordered by itself, with what the search looks up at each step.

A state is the set of operators that have run, as the bits of an integer; bytes alive between two
operators depend on the state alone. That function is submodular (what making a block adds is
counted once, what its last reader frees only when all have run), which the search rests on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tflint.memory.order_problem import Block, Problem


@dataclass(slots=True)
class Section:
    """Operators `first` to `first + count - 1` of a problem, numbered from 0 here.

    `start_bytes` are alive before it. `blocks` are those that change in it: made here, or read
    here for the last time. While an operator runs, its `during` bytes are alive beside what was
    there (outputs and scratch); after it, `keeps` bytes more than before are, less the blocks
    that it was the last to read. `before` and `after` are its neighbours.
    """

    first: int
    count: int
    start_bytes: int = 0
    during: list[int] = field(default_factory=list)
    makes: list[int] = field(default_factory=list)
    before: list[list[int]] = field(default_factory=list)
    after: list[list[int]] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)


@dataclass(slots=True)
class Masks:
    """A section's neighbourhoods as bits, and what running an operator changes.

    `change` is what it makes less the blocks that it alone reads; `shared` the blocks that it
    reads with others, as the bits of all readers and the bytes; `weight` is the work of one look.
    """

    before: list[int]
    after: list[int]
    change: list[int]
    shared: list[tuple[tuple[int, int], ...]]
    weight: list[int]


def sections(
    problem: Problem, before: Sequence[Sequence[int]], ranges: Sequence[range], alive: Sequence[int]
) -> list[Section]:
    """Each range of the given order as a section; `alive` are the bytes at each time of that order.

    Linear in the problem's size.
    """
    found = [Section(part.start, len(part)) for part in ranges]
    home = [-1] * problem.operators
    for index, part in enumerate(ranges):
        for operator in part:
            home[operator] = index
        section = found[index]
        section.during = [problem.scratch[operator] for operator in part]
        section.makes = [0] * len(part)
        section.before = [[p - part.start for p in before[o] if p >= part.start] for o in part]
        section.after = [[] for _ in part]
        for operator, waited in enumerate(section.before):
            for earlier in waited:
                section.after[earlier].append(operator)
        # What is alive at the first operator, less what that one adds (taken off below).
        section.start_bytes = alive[part.start + 1] - problem.scratch[part.start]
    for block in problem.blocks:
        _place(block, found, home)
    return found


def _place(block: Block, found: Sequence[Section], home: Sequence[int]) -> None:
    """Enter a block into the section that makes it and the one that reads it last."""
    made = home[block.maker] if block.maker is not None else -1
    if made >= 0 and block.maker is not None:
        section = found[made]
        maker = block.maker - section.first
        section.during[maker] += block.bytes
        if maker == 0:
            section.start_bytes -= block.bytes
        if not block.readers and not block.kept:
            return
        section.makes[maker] += block.bytes
    last = home[block.readers[-1]] if block.readers and not block.kept else -1
    if last >= 0:
        section = found[last]
        start = section.first
        readers = tuple(reader - start for reader in block.readers if reader >= start)
        maker_here = block.maker - start if last == made and block.maker is not None else None
        section.blocks.append(Block(block.bytes, maker_here, readers))


def masks(section: Section) -> Masks:
    """The bits of a section; quadratic in its operators, a machine word for 64 of them."""
    change = list(section.makes)
    shared: list[list[tuple[int, int]]] = [[] for _ in range(section.count)]
    for block in section.blocks:
        if len(block.readers) == 1:
            change[block.readers[0]] -= block.bytes
        else:
            readers = bits(block.readers)
            for reader in block.readers:
                shared[reader].append((readers, block.bytes))
    return Masks(
        [bits(waited) for waited in section.before],
        [bits(waiting) for waiting in section.after],
        change,
        [tuple(pairs) for pairs in shared],
        [(1 + len(pairs)) * (1 + section.count // 256) for pairs in shared],
    )


def bits(operators: Sequence[int]) -> int:
    """A set of operators as an integer."""
    if not operators:
        return 0
    octets = bytearray((max(operators) >> 3) + 1)
    for operator in operators:
        octets[operator >> 3] |= 1 << (operator & 7)
    return int.from_bytes(octets, "little")


def members(state: int) -> Iterator[int]:
    """The operators of a set, ascending."""
    digits = bin(state)[:1:-1]
    position = digits.find("1")
    while position >= 0:
        yield position
        position = digits.find("1", position + 1)


def section_peak(section: Section, order: Sequence[int]) -> int:
    """The most bytes alive at one operator of a section in this order; linear time."""
    left = [len(block.readers) for block in section.blocks]
    reads = block_reads(section)
    alive = section.start_bytes
    most = 0
    for operator in order:
        most = max(most, alive + section.during[operator])
        alive += section.makes[operator]
        for index in reads[operator]:
            left[index] -= 1
            if not left[index]:
                alive -= section.blocks[index].bytes
    return most


def block_reads(section: Section) -> list[list[int]]:
    """For each operator the indices of the blocks that it reads."""
    found: list[list[int]] = [[] for _ in range(section.count)]
    for index, block in enumerate(section.blocks):
        for reader in block.readers:
            found[reader].append(index)
    return found
