"""The search finds the smallest peak: against tables over all states, with its helpers off."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.memory.ordering_problems import (
    Network,
    all_orders,
    cells,
    dense_block,
    heads,
    inception,
    keeps_dependencies,
    problems,
    random_layers,
    renumbered,
    series_parallel,
    smallest_peak,
    u_net,
)
from tflint.memory import order_contraction, order_descent, order_search
from tflint.memory.order import best_order_of
from tflint.memory.order_greedy import rules_of_thumb
from tflint.memory.order_problem import Problem, peak_bytes
from tflint.memory.order_section import Section


@given(problems(most=6))
def test_the_smallest_peak_of_all_orders(problem: Problem) -> None:
    found = best_order_of(problem)

    assert found.peak_after == min(peak_bytes(problem, order) for order in all_orders(problem))
    assert found.is_optimal


@given(problems(most=10))
def test_the_order_keeps_dependencies_and_has_the_peak_that_it_claims(problem: Problem) -> None:
    found = best_order_of(problem)

    assert keeps_dependencies(problem, found.order)
    assert peak_bytes(problem, found.order) == found.peak_after == found.lower_bound
    assert found.peak_before == peak_bytes(problem, range(problem.operators))
    assert found.peak_after == smallest_peak(problem)


class TestWithoutHelp:
    """Bounds and rules of thumb often leave nothing to search; here they say nothing."""

    @pytest.fixture(autouse=True, scope="class")
    @staticmethod
    def no_help() -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(order_search, "rules_of_thumb", lambda section: iter(()))
            patch.setattr(order_search, "definite_bytes", lambda section, lineage: [0])
            patch.setattr(order_search, "BEAM_WIDTHS", ())
            patch.setattr(order_search, "_bound", lambda section, most: (0, 0))
            yield

    @pytest.mark.parametrize("proof_steps", [0, 8, 50_000])
    @pytest.mark.parametrize("first_steps", [3, 1_000])
    @pytest.mark.parametrize("most_contracted", [0, 2_500])
    @given(problem=problems(most=10))
    def test_the_search_alone_is_exact(
        self, proof_steps: int, first_steps: int, most_contracted: int, problem: Problem
    ) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(order_contraction, "MOST_OPERATORS", most_contracted)
            patch.setattr(order_descent, "PROOF_STEPS", proof_steps)
            patch.setattr(order_search, "FIRST_STEPS", first_steps)
            found = best_order_of(problem, 10**8)

        assert found.peak_after == found.lower_bound == smallest_peak(problem)
        assert peak_bytes(problem, found.order) == found.peak_after

    @given(problem=problems(most=10), steps=st.integers(0, 300))
    def test_cut_short_it_still_tells_the_truth(self, problem: Problem, steps: int) -> None:
        found = best_order_of(problem, steps)

        assert found.lower_bound <= smallest_peak(problem) <= found.peak_after
        assert peak_bytes(problem, found.order) == found.peak_after <= found.peak_before


@given(problems(most=9))
def test_rules_of_thumb_keep_dependencies(problem: Problem) -> None:
    def check(section: Section) -> Iterator[list[int]]:
        for order in rules_of_thumb(section):
            place = {operator: position for position, operator in enumerate(order)}
            assert sorted(place) == list(range(section.count))
            assert all(
                place[earlier] < place[operator]
                for operator, waited in enumerate(section.before)
                for earlier in waited
            )
            yield order

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(order_search, "rules_of_thumb", check)
        best_order_of(problem)


@given(problems(most=9), st.randoms(use_true_random=False))
def test_the_peak_does_not_depend_on_the_given_order(problem: Problem, random: object) -> None:
    last = max(enumerate(all_orders(problem)), key=lambda pair: min(pair[0], 40))[1]

    assert best_order_of(renumbered(problem, last)).peak_after == best_order_of(problem).peak_after


def test_depth_first_beats_breadth_first() -> None:
    """Four branches that grow and then shrink, given layer by layer."""
    net = Network()
    x = net.input(16)
    wide = [net.add([x], 1600) for _ in range(4)]
    narrow = [net.add([block], 160) for block in wide]
    problem = net.problem(net.add(narrow, 640))

    found = best_order_of(problem)

    # Three branches at their ends, the last at its operator that shrinks; the input is read.
    assert (found.peak_before, found.peak_after) == (6416 + 160 - 16, 3 * 160 + 1600 + 160)
    assert found.is_optimal


def test_the_branch_with_the_higher_hill_goes_first_when_it_shrinks_as_far() -> None:
    """Liu's order for trees: by the hill's height over the valley behind it."""
    net = Network()
    low = net.chain(net.input(16), [320, 32])
    high = net.chain(net.input(16), [960, 32])
    problem = net.problem(net.add([low, high], 16))

    found = best_order_of(problem)

    assert found.order.index(2) < found.order.index(0)
    assert found.peak_after == 960 + 32 + 16


def in_tree(children: list[list[int]], sizes: list[int]) -> Problem:
    """Each node reads its children, which come before it."""
    net = Network()
    made: list[int] = []
    for node, size in enumerate(sizes):
        made.append(net.add([made[child] for child in children[node]], size))
    return net.problem(made[-1])


def liu(children: list[list[int]], sizes: list[int]) -> int:
    """Liu 1987: hills and valleys of the subtrees, merged by hill - valley, largest first."""
    profiles: list[list[tuple[int, int]]] = []
    for node, size in enumerate(sizes):
        steps = []
        for child in children[node]:
            level = 0
            for hill, valley in profiles[child]:
                steps.append((hill - level, valley - level, hill - valley))
                level = valley
        steps.sort(key=lambda step: -step[2])
        level, raw = 0, []
        for rise, change, _ in steps:
            raw.append((level + rise, level + change))
            level += change
        raw.append((level + size, size))
        profile: list[tuple[int, int]] = []
        start = 0
        while start < len(raw):
            top = max(range(start, len(raw)), key=lambda i: (raw[i][0], i))
            bottom = min(range(top, len(raw)), key=lambda i: (raw[i][1], -i))
            profile.append((raw[top][0], raw[bottom][1]))
            start = bottom + 1
        profiles.append(profile)
    return profiles[-1][0][0]


@given(st.data())
def test_in_trees_as_by_liu(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 60))
    children: list[list[int]] = [[] for _ in range(count)]
    for node in range(count - 1):
        children[data.draw(st.integers(node + 1, min(node + 12, count - 1)))].append(node)
    sizes = data.draw(st.lists(st.integers(1, 60), min_size=count, max_size=count))

    found = best_order_of(in_tree(children, sizes))

    assert found.peak_after == liu(children, sizes)
    assert found.is_optimal


KINDS = {
    "inception": lambda seed: inception(15, 4, seed),
    "inception of 12 branches": lambda seed: inception(6, 12, seed),
    "cells": lambda seed: cells(10, seed),
    "u-net": lambda seed: u_net(6, seed),
    "heads": lambda seed: heads(8, 4, seed),
    "dense block": lambda seed: dense_block(40, seed),
    "series-parallel": lambda seed: series_parallel(60, seed),
    "layers of 4": lambda seed: random_layers(100, 4, seed),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_networks_of_a_few_hundred_operators_are_solved(kind: str, seed: int) -> None:
    problem = KINDS[kind](seed)

    found = best_order_of(problem)

    assert found.is_optimal
    assert keeps_dependencies(problem, found.order)
    assert peak_bytes(problem, found.order) == found.peak_after <= found.peak_before


def test_what_is_too_wide_comes_back_with_its_gap() -> None:
    problem = random_layers(300, 40, 1)

    found = best_order_of(problem, 300_000)

    assert found.lower_bound < found.peak_after <= found.peak_before
    assert found.gap == found.peak_after - found.lower_bound
    assert not found.is_optimal
