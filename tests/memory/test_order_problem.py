"""Lifetimes of an order by definition, and the places where a graph falls apart."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given

from tests.cpu_time import assert_linear
from tests.memory.ordering_problems import Network, all_orders, bytes_alive, problems
from tflint.memory.order_problem import (
    Block,
    Problem,
    alive_bytes,
    free_ranges,
    peak_bytes,
    predecessors,
)


@given(problems(most=6))
def test_alive_bytes_are_those_between_operators_and_what_the_operator_adds(
    problem: Problem,
) -> None:
    for order in list(all_orders(problem))[:20]:
        alive = alive_bytes(problem, order)

        assert alive[0] == sum(b.bytes for b in problem.blocks if b.maker is None)
        for position, operator in enumerate(order):
            made = sum(b.bytes for b in problem.blocks if b.maker == operator)
            standing = bytes_alive(problem, frozenset(order[:position]))
            assert alive[position + 1] == standing + made + problem.scratch[operator]
        assert peak_bytes(problem, order) == max(alive)


def test_an_input_that_nothing_reads_is_alive_at_time_0_only() -> None:
    problem = Problem((0, 0), (Block(96, None, ()), Block(16, None, (1,)), Block(32, 0, (1,))))

    assert alive_bytes(problem, (0, 1)) == [112, 48, 48]


def test_an_output_that_nothing_reads_is_alive_at_its_operator() -> None:
    problem = Problem((8, 0), (Block(96, 0, ()), Block(16, 0, (1,))))

    assert alive_bytes(problem, (0, 1)) == [0, 120, 16]


def test_no_operators() -> None:
    problem = Problem((), (Block(96, None, (), True),))

    assert alive_bytes(problem, ()) == [96]
    assert free_ranges([]) == []


@given(problems(most=7))
def test_free_ranges_are_what_is_not_comparable_to_everything(problem: Problem) -> None:
    before = predecessors(problem)
    above: list[set[int]] = []
    for waited in before:
        above.append(set(waited).union(*(above[earlier] for earlier in waited)))
    everything = set(range(problem.operators))
    fixed = {
        operator
        for operator in everything
        if above[operator] | {o for o in everything if operator in above[o]} | {operator}
        == everything
    }

    ranges = free_ranges(before)

    assert everything - fixed == {operator for part in ranges for operator in part}
    assert all(a.stop < b.start for a, b in pairwise(ranges))


def test_a_chain_has_no_free_range() -> None:
    net = Network()
    end = net.chain(net.input(16), [16] * 50)

    assert free_ranges(predecessors(net.problem(end))) == []


def test_ranges_of_many_small_blocks_take_linear_time() -> None:
    def diamonds(count: int) -> Problem:
        net = Network()
        x = net.input(16)
        for _ in range(count):
            x = net.add([net.add([x], 16), net.add([x], 32)], 16)
        return net.problem(x)

    assert len(free_ranges(predecessors(diamonds(100)))) == 100
    assert_linear(lambda p: free_ranges(predecessors(p)), diamonds, 16_000)
