"""Which operator is which: in order, of one name, the same both ways, and in bounded time."""

from __future__ import annotations

import random
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lint.test_hostile_graphs import calls_of
from tflint.model.alignment import KEYS, MAX_CELLS, Alignment, Budget, Item, align


def item(name: str, *keys: int | None) -> Item:
    """An item whose keys that are not given are all the same."""
    found = (*keys, *(0,) * (KEYS - len(keys)))
    return Item(name, found, repr((name, found)))


def items(text: str) -> list[Item]:
    """Items by their letters, each with a first key that no other has, as without names."""
    return [item(letter, None, None) for letter in text]


keys = st.one_of(st.none(), st.integers(0, 3))
sequences = st.lists(st.builds(item, st.sampled_from("abc"), keys, keys, keys, keys), max_size=12)
# With few cells all the ways to cut a long sequence are used on short ones.
budgets = st.sampled_from((0, 6, 40, MAX_CELLS))


@given(sequences, sequences, budgets)
def test_pairs_are_of_one_name_and_in_order(
    before: list[Item], after: list[Item], cells: int
) -> None:
    found = align(before, after, Budget(cells))

    assert all(a < c and b < d for (a, b), (c, d) in pairwise(found.kept))
    pairs = (*found.kept, *found.moved)
    assert all(before[i].name == after[j].name for i, j in pairs)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)


@given(sequences, sequences, budgets)
def test_the_other_way_round_it_is_the_same(
    before: list[Item], after: list[Item], cells: int
) -> None:
    there, back = align(before, after, Budget(cells)), align(after, before, Budget(cells))

    def turned(alignment: Alignment) -> list[set[tuple[int, int]]]:
        return [{(j, i) for i, j in pairs} for pairs in (alignment.kept, alignment.moved)]

    assert turned(back) == [set(there.kept), set(there.moved)]


@given(sequences, budgets)
def test_a_sequence_is_itself(sequence: list[Item], cells: int) -> None:
    found = align(sequence, sequence, Budget(cells))

    if cells:
        assert found.kept == tuple((i, i) for i in range(len(sequence)))
    assert found.moved == ()


@given(st.text("ab", max_size=6), st.text("ab", max_size=6))
def test_as_much_is_kept_as_can_be(before: str, after: str) -> None:
    common = max(
        n
        for n in range(len(before) + 1)
        if {"".join(c) for c in combinations(before, n)}
        & {"".join(c) for c in combinations(after, n)}
    )

    assert len(align(items(before), items(after), Budget()).kept) == common


def test_what_agrees_more_is_preferred() -> None:
    removed, first, second = (item("conv", None, k) for k in (1, 2, 3))

    assert align([removed, first, second], [first, second], Budget()).kept == ((1, 0), (2, 1))


def test_what_stands_elsewhere_has_moved() -> None:
    a, b, c = (item("add", k) for k in (1, 2, 3))

    found = align([a, b, c], [b, c, a], Budget())
    assert (found.kept, found.moved) == (((1, 0), (2, 1)), ((0, 2),))


def mixed(count: int, seed: int) -> list[Item]:
    rng = random.Random(seed)
    return [item(rng.choice("abcd"), None, rng.randrange(5)) for _ in range(count)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (mixed(10_000, 0), mixed(10_000, 1)),
        (items("a" * 10_000), items("b" * 10_000)),
        (items("ab" * 5_000), items("a" * 10_000)),
        ([item("a", i) for i in range(10_000)], [item("a", -i) for i in range(10_000)]),
    ],
    ids=["mixed", "nothing in common", "half in common", "the wrong way round"],
)
def test_the_work_is_bounded(before: list[Item], after: list[Item]) -> None:
    budget = Budget()
    calls = calls_of(lambda: align(before, after, budget))

    assert budget.cells >= 0
    assert calls < 30 * (len(before) + len(after)) + 2 * MAX_CELLS


def test_a_long_sequence_with_an_insertion_stays_aligned() -> None:
    """Neither names nor options tell anything, and quadratic work is out of the question."""
    shapes = [item("conv" if i % 3 else "add", None, None, i % 7, i % 7) for i in range(10_000)]
    quantised = [item("quantize", None), *shapes, item("dequantize", None)]

    found = align(shapes, quantised, Budget())
    assert found.kept == tuple((i, i + 1) for i in range(len(shapes)))
