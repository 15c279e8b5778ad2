"""Makes a section smaller before it is searched, without losing its smallest peak.

Pairs of operators become one, or come in a row (`order_merging`).

A stretch between two operators that have one place in a branch is a module (what lies outside
waits for all of it or for none) when it shares no block with operators beside it. For a module
one order serves all surroundings: reach, from both ends and by thresholds rising from nothing,
the states that `order_search` commits to. Each state on the way is the lowest that its threshold
allows, so whenever an order of the whole first pays a threshold inside the module, the module can
stand at that state (from the end: after it last pays it). So branches in branches become chains,
from the inside out, and shrink.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from tflint.memory.order_bounds import Lineage
from tflint.memory.order_descent import Answer, Descent, Tables
from tflint.memory.order_merging import Contraction, chained, shrunk
from tflint.memory.order_problem import Block, free_ranges
from tflint.memory.order_section import Section, bits

# Rounds from the inside out, each of which finds all stretches anew.
MOST_ROUNDS = 40
# Larger sections are searched as they are: the tables take time and memory by the square.
MOST_OPERATORS = 2_500
# The order of one module may take this share of the steps.
MODULE_SHARE = 4


def contracted(section: Section, limit: int) -> tuple[Contraction, int]:
    """A section made as small as the rules and `limit` steps allow, and the steps taken."""
    found = Contraction(section, tuple((operator,) for operator in range(section.count)))
    given_up: set[int] = set()
    steps = 0
    for _ in range(MOST_ROUNDS):
        if found.section.count > MOST_OPERATORS or steps > limit:
            break
        found = shrunk(found)
        lineage = Lineage(found.section)
        steps += 8 * found.section.count
        extra: list[tuple[int, int]] = []
        stretches = _innermost(found, given_up)
        if not stretches:
            break
        for stretch in stretches:
            inner = _module(found.section, lineage, stretch)
            order = None
            if inner is not None:
                order, taken = canonical_order(inner, min(limit - steps, limit // MODULE_SHARE))
                steps += taken
            if order is None:
                given_up.add(_originals(found, stretch))
            else:
                extra += [(stretch[a], stretch[b]) for a, b in pairwise(order)]
        found = chained(found, extra)
    return found, steps


def _originals(found: Contraction, operators: Iterable[int]) -> int:
    """The first section's operators that these stand for, as bits."""
    return bits([member for operator in operators for member in found.groups[operator]])


def _innermost(found: Contraction, given_up: set[int]) -> list[list[int]]:
    """The stretches between operators that have one place in a branch, which hold no other such.

    Those given up, by their original operators, do not count.
    """
    section = found.section
    stack: list[tuple[list[int], int]] = [(list(range(section.count)), -1)]
    nodes: list[tuple[list[int], int]] = []
    work = 0
    while stack and work <= 30 * section.count:
        operators, parent = stack.pop()
        work += len(operators)
        for branch in _branches(section, operators):
            number = {operator: index for index, operator in enumerate(branch)}
            before = [[number[p] for p in section.before[o] if p in number] for o in branch]
            for part in free_ranges(before):
                stretch = [branch[index] for index in part]
                if len(stretch) < len(operators):
                    stack.append((stretch, len(nodes)))
                    nodes.append((stretch, parent))
    holds = set()
    kept = []
    # Stretches come behind those that hold them.
    for index in reversed(range(len(nodes))):
        stretch, parent = nodes[index]
        is_new = _originals(found, stretch) not in given_up
        if is_new and index not in holds:
            kept.append(stretch)
        if is_new or index in holds:
            holds.add(parent)
    return kept


def _branches(section: Section, operators: Sequence[int]) -> list[list[int]]:
    """The operators by what they wait for and make wait among each other, each ascending."""
    left = set(operators)
    found = []
    for operator in operators:
        if operator not in left:
            continue
        left.remove(operator)
        branch, waiting = [operator], [operator]
        while waiting:
            current = waiting.pop()
            for other in (*section.before[current], *section.after[current]):
                if other in left:
                    left.remove(other)
                    branch.append(other)
                    waiting.append(other)
        found.append(sorted(branch))
    return found


def _module(section: Section, lineage: Lineage, stretch: Sequence[int]) -> Section | None:
    """A stretch as a section of its own; None when it shares a block with operators beside it."""
    inside = bits(stretch)
    above = below = 0
    for operator in stretch:
        above |= lineage.above[operator]
        below |= lineage.below[operator]
    number = {operator: index for index, operator in enumerate(stretch)}
    blocks = []
    for block in section.blocks:
        readers = [number[reader] for reader in block.readers if reader in number]
        if not readers:
            continue
        others = bits(block.readers) & ~inside
        if others & below:
            continue
        if others & ~above:
            return None
        maker = None if block.maker is None else number.get(block.maker)
        blocks.append(Block(block.bytes, maker, tuple(readers)))
    return Section(
        0,
        len(stretch),
        sum(block.bytes for block in blocks if block.maker is None),
        [section.during[operator] for operator in stretch],
        [section.makes[operator] for operator in stretch],
        [[number[p] for p in section.before[o] if p in number] for o in stretch],
        [[number[p] for p in section.after[o] if p in number] for o in stretch],
        blocks,
    )


def canonical_order(section: Section, limit: int) -> tuple[tuple[int, ...] | None, int]:
    """The order of a module that serves all surroundings; None when the steps run out first."""
    tables = Tables(section)
    window = tables.window()
    threshold = 0
    while tables.steps < limit:
        above = []
        for forward in (True, False):
            descent = Descent(tables, window, threshold, forward, downhill=True)
            answer = descent.run(limit)
            window = descent.window
            # Without the proof that a state is the lowest, nothing is committed to it.
            if answer is Answer.UNKNOWN or not descent.certain:
                return None, tables.steps
            if answer is Answer.FOUND:
                return window.head + window.tail, tables.steps
            if descent.above is not None:
                above.append(descent.above)
        if not above:
            break
        threshold = min(above)
    return None, tables.steps
