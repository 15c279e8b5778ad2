"""What is made smaller keeps its smallest peak, and its orders theirs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.memory.ordering_problems import (
    Network,
    keeps_dependencies,
    problems,
    renumbered,
    series_parallel,
    smallest_peak,
    smallest_section_peak,
    whole,
)
from tflint.memory.order_beam import beam_order
from tflint.memory.order_contraction import canonical_order, contracted
from tflint.memory.order_descent import Tables
from tflint.memory.order_merging import Contraction, shrunk
from tflint.memory.order_problem import Block, Problem
from tflint.memory.order_section import Section, section_peak

STEPS = 10**6


def nested() -> st.SearchStrategy[Problem]:
    """Branches in branches, small enough for a table over all states."""
    built = st.builds(series_parallel, st.integers(2, 10), st.integers(0, 10**6))
    return built.filter(lambda problem: 0 < problem.operators <= 12)


def check(section: Section, small: Contraction) -> None:
    """The smaller section is as good, and no better than what it stands for."""
    assert sorted(o for group in small.groups for o in group) == list(range(section.count))
    assert smallest_section_peak(small.section) == smallest_section_peak(section)
    order = range(small.section.count)
    expanded = small.expanded(order)
    assert section_peak(section, expanded) == section_peak(small.section, order)
    place = {operator: position for position, operator in enumerate(expanded)}
    for operator, waited in enumerate(section.before):
        assert all(place[earlier] < place[operator] for earlier in waited)


@given(problems(most=9).filter(lambda problem: problem.operators > 0))
def test_any_graph(problem: Problem) -> None:
    section = whole(problem)

    check(section, contracted(section, STEPS)[0])


@given(nested())
def test_branches_in_branches(problem: Problem) -> None:
    section = whole(problem)

    check(section, contracted(section, STEPS)[0])


@given(problems(most=9).filter(lambda problem: problem.operators > 0))
def test_pairs_alone(problem: Problem) -> None:
    section = whole(problem)
    groups = tuple((operator,) for operator in range(section.count))

    check(section, shrunk(Contraction(section, groups)))


@given(nested(), nested())
def test_the_canonical_order_of_a_module_serves_all_surroundings(
    module: Problem, beside: Problem
) -> None:
    if module.operators + beside.operators > 13:
        return
    order, _ = canonical_order(whole(module), STEPS)
    assert order is not None
    together = both(module, beside)

    # Numbered so that the given order works with the pairs: the module's, then what is beside it.
    fixed = renumbered(together, [*order, *range(module.operators, together.operators)])
    row = tuple(pairwise(range(module.operators)))
    assert smallest_peak(Problem(fixed.scratch, fixed.blocks, row)) == smallest_peak(together)


def both(first: Problem, second: Problem) -> Problem:
    """Two problems beside each other."""
    shift = first.operators
    moved = tuple(
        Block(
            block.bytes,
            None if block.maker is None else block.maker + shift,
            tuple(reader + shift for reader in block.readers),
            block.kept,
        )
        for block in second.blocks
    )
    return Problem(first.scratch + second.scratch, first.blocks + moved)


def branches(counts: Sequence[int]) -> Section:
    """Chains from one input, joined."""
    net = Network()
    x = net.input(64)
    ends = [net.chain(x, [320, 640, 160, 480, 16][:count]) for count in counts]
    return whole(net.problem(net.add(ends, 16)))


def test_a_chain_becomes_one_operator() -> None:
    section = branches([5])

    assert contracted(section, STEPS)[0].section.count == 1


def test_a_branch_becomes_the_reader_of_what_is_shared_and_the_rest() -> None:
    small = contracted(branches([5] * 40), STEPS)[0].section

    assert small.count == 2 * 40 + 1


def test_branches_of_one_operator_come_in_a_row() -> None:
    assert contracted(branches([1] * 40), STEPS)[0].section.count == 1


def test_a_module_without_the_steps_stays_as_it_is() -> None:
    problem = series_parallel(60, 3)
    section = whole(problem)

    few, many = contracted(section, 0)[0], contracted(section, 10**7)[0]

    assert many.section.count < few.section.count


@given(problems(most=9).filter(lambda problem: problem.operators > 0), st.integers(1, 40))
def test_beams_keep_dependencies_and_wide_ones_are_exact(problem: Problem, width: int) -> None:
    section = whole(problem)

    narrow = beam_order(Tables(section), 0, width, STEPS)
    wide = beam_order(Tables(section), 0, 10**6, STEPS)

    assert narrow is not None
    assert wide is not None
    assert keeps_dependencies(problem, narrow)
    least = smallest_section_peak(section)
    assert section_peak(section, wide) == least <= section_peak(section, narrow)


@pytest.mark.parametrize("limit", [0, 10])
def test_a_beam_that_takes_too_long_is_given_up(limit: int) -> None:
    assert beam_order(Tables(whole(series_parallel(100, 1))), 0, 5, limit) is None
