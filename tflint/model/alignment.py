"""Which operators of one sequence are which of another, in time that stays near its length.

Small stretches are aligned so that the most is alike (dynamic programming over a score, as in
Needleman and Wunsch 1970); long ones are first cut at operators that occur once in both (the
anchors of Cohen's patience diff), by keys that say less and less.
"""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

# Cells that dynamic programming may fill for a model: a fraction of a second of work. What is
# longer is cut at anchors, and where there are none, paired in order of occurrence.
MAX_CELLS = 400_000
# What it weighs that two operators of one name agree in each key. The first, which is what their
# results are called, says more than all the others together.
_AGREE = (20, 3, 2, 1)
KEYS = len(_AGREE)
_SAME_NAME = 4

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Item:
    """What one operator is known by: its name, and keys that say less and less of it.

    Items are only paired when their names are the same. There are `KEYS` keys, the strictest
    first: numbers, so that they are quick to compare; one that is None is like no other.
    `identity` orders items, to make an alignment and its mirror image the same.
    """

    name: str
    keys: tuple[int | None, ...]
    identity: str


@dataclass
class Budget:
    """The cells that are left to fill."""

    cells: int = MAX_CELLS


@dataclass(frozen=True, slots=True)
class Alignment:
    """Pairs of positions: `kept` rise on both sides, `moved` are those that crossed them."""

    kept: tuple[Pair, ...]
    moved: tuple[Pair, ...]


def align(before: Sequence[Item], after: Sequence[Item], budget: Budget) -> Alignment:
    """The positions that belong together. Swapping the sequences swaps the pairs, no more."""
    if [item.identity for item in before] > [item.identity for item in after]:
        mirrored = align(after, before, budget)
        return Alignment(_swapped(mirrored.kept), _swapped(mirrored.moved))
    kept = sorted(_aligned(before, after, budget))
    left = sorted(set(range(len(before))) - {i for i, _ in kept})
    right = sorted(set(range(len(after))) - {j for _, j in kept})
    return Alignment(tuple(kept), tuple(_moved(before, after, left, right)))


def _swapped(pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    return tuple(sorted((j, i) for i, j in pairs))


def _aligned(before: Sequence[Item], after: Sequence[Item], budget: Budget) -> list[Pair]:
    pairs: list[Pair] = []
    # Stretches still to be aligned: from, to, on both sides, and the next key to cut by.
    work = [(0, len(before), 0, len(after), 0)]
    while work:
        a, a_end, b, b_end, level = work.pop()
        cells = (a_end - a) * (b_end - b)
        if not cells:
            continue
        if cells <= budget.cells:
            budget.cells -= cells
            pairs += _by_score(before[a:a_end], after[b:b_end], a, b)
        elif level == KEYS:
            pairs += _by_occurrence(before[a:a_end], after[b:b_end], a, b)
        else:
            left = [(item.name, item.keys[level]) for item in before[a:a_end]]
            right = [(item.name, item.keys[level]) for item in after[b:b_end]]
            anchors = [(a + i, b + j) for i, j in _anchors(left, right)]
            pairs += anchors
            for i, j in [*anchors, (a_end, b_end)]:
                work.append((a, i, b, j, level + 1))
                a, b = i + 1, j + 1
    return pairs


def _anchors(left: list[tuple[str, int | None]], right: list[tuple[str, int | None]]) -> list[Pair]:
    """The common beginning and end, and between them what occurs once on both sides."""
    shortest = min(len(left), len(right))
    head = 0
    while head < shortest and _alike(left[head], right[head]):
        head += 1
    tail = 0
    while tail < shortest - head and _alike(left[-1 - tail], right[-1 - tail]):
        tail += 1
    ends = [(i, i) for i in range(head)]
    ends += [(len(left) - tail + i, len(right) - tail + i) for i in range(tail)]
    middle = _unique(left, head, len(left) - tail)
    other = _unique(right, head, len(right) - tail)
    common = sorted((i, other[key]) for key, i in middle.items() if key in other)
    return sorted(ends + _rising(common))


def _alike(left: tuple[str, int | None], right: tuple[str, int | None]) -> bool:
    return left[1] is not None and left == right


def _unique(
    keys: list[tuple[str, int | None]], start: int, end: int
) -> dict[tuple[str, int | None], int]:
    """Where the keys are that occur once in this part."""
    counts = Counter(keys[start:end])
    return {
        keys[i]: i for i in range(start, end) if keys[i][1] is not None and counts[keys[i]] == 1
    }


def _rising(pairs: list[Pair]) -> list[Pair]:
    """The longest selection that rises on both sides, of pairs that rise on the left."""
    tops: list[int] = []  # The lowest right end of a selection of each length,
    at: list[int] = []  # the pair that it ends with,
    back: list[int] = []  # and for each pair the one before it.
    for index, (_, j) in enumerate(pairs):
        length = bisect.bisect_left(tops, j)
        back.append(at[length - 1] if length else -1)
        tops[length : length + 1] = [j]
        at[length : length + 1] = [index]
    found = []
    index = at[-1] if at else -1
    while index >= 0:
        found.append(pairs[index])
        index = back[index]
    return found[::-1]


def _by_occurrence(before: Sequence[Item], after: Sequence[Item], a: int, b: int) -> list[Pair]:
    """The k-th of a name with the k-th of that name, as far as that keeps the order."""
    seen: Counter[str] = Counter()
    where: dict[tuple[str, int], int] = {}
    for j, item in enumerate(after):
        where[item.name, seen[item.name]] = j
        seen[item.name] += 1
    seen.clear()
    pairs = []
    for i, item in enumerate(before):
        key = (item.name, seen[item.name])
        seen[item.name] += 1
        if key in where:
            pairs.append((i, where[key]))
    return [(a + i, b + j) for i, j in _rising(pairs)]


def _by_score(before: Sequence[Item], after: Sequence[Item], a: int, b: int) -> list[Pair]:
    """The pairs, in order, with the highest sum of what they agree in."""
    best = [[0] * (len(after) + 1)]
    for left in before:
        above, row = best[-1], [0]
        for j, right in enumerate(after):
            score = max(above[j + 1], row[j])
            if left.name == right.name:
                score = max(score, above[j] + _likeness(left, right))
            row.append(score)
        best.append(row)
    pairs = []
    i, j = len(before), len(after)
    while i and j:
        score = best[i][j]
        left, right = before[i - 1], after[j - 1]
        if left.name == right.name and score == best[i - 1][j - 1] + _likeness(left, right):
            i, j = i - 1, j - 1
            pairs.append((a + i, b + j))
        elif score == best[i - 1][j]:
            i -= 1
        else:
            j -= 1
    return pairs


def _likeness(left: Item, right: Item) -> int:
    """How much two items of one name agree; positive."""
    score = _SAME_NAME
    for weight, mine, theirs in zip(_AGREE, left.keys, right.keys, strict=True):
        if mine is not None and mine == theirs:
            score += weight
    return score


def _moved(
    before: Sequence[Item], after: Sequence[Item], left: list[int], right: list[int]
) -> list[Pair]:
    """Of the items that were left over, those that stand elsewhere on the other side."""
    pairs: list[Pair] = []
    for level in range(2):
        here = {_key(before, i, level): i for i in left}
        there = {_key(after, j, level): j for j in right}
        counts = Counter(_key(before, i, level) for i in left)
        others = Counter(_key(after, j, level) for j in right)
        pairs += [
            (i, there[key])
            for key, i in here.items()
            if key[1] is not None and counts[key] == 1 and others[key] == 1
        ]
        taken, given = {i for i, _ in pairs}, {j for _, j in pairs}
        left = [i for i in left if i not in taken]
        right = [j for j in right if j not in given]
    return sorted(pairs)


def _key(items: Sequence[Item], index: int, level: int) -> tuple[str, int | None]:
    return items[index].name, items[index].keys[level]
