"""Lower bounds hold for every order; the lowest state between two is the lowest."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given

from tests.memory.ordering_problems import problems, whole
from tflint.memory.order_bounds import Cuts, Lineage, cut_bound, definite_bytes
from tflint.memory.order_problem import Problem, alive_bytes
from tflint.memory.order_section import Section, bits, members, section_peak


def states(section: Section) -> list[int]:
    """Every set of operators that can have run."""
    everything = range(section.count)
    return [
        bits(chosen)
        for size in range(section.count + 1)
        for chosen in combinations(everything, size)
        if all(set(section.before[operator]) <= set(chosen) for operator in chosen)
    ]


def at_once(section: Section, cuts: Cuts, state: int, operator: int) -> int:
    return cuts.alive(state) + section.during[operator]


@given(problems(most=7).filter(lambda problem: problem.operators > 0))
def test_bounds_hold_at_every_state_in_which_the_operator_can_run(problem: Problem) -> None:
    section = whole(problem)
    cuts, lineage = Cuts(section), Lineage(section)
    least = [
        min(
            at_once(section, cuts, state, operator)
            for state in states(section)
            if not state >> operator & 1 and lineage.above[operator] & ~state == 0
        )
        for operator in range(section.count)
    ]
    loose, definite = definite_bytes(section, None), definite_bytes(section, lineage)

    for operator in range(section.count):
        assert loose[operator] <= definite[operator] <= least[operator]
    # With no limit from above, the cuts give exactly the largest of the least.
    assert cut_bound(section, lineage, definite, 10**9)[0] == max(least)


@given(problems(most=7).filter(lambda problem: problem.operators > 0))
def test_the_lowest_state_between_two(problem: Problem) -> None:
    section = whole(problem)
    cuts = Cuts(section)
    all_states = states(section)
    for low in all_states[:: max(len(all_states) // 8, 1)]:
        for high in all_states[:: max(len(all_states) // 5, 1)]:
            between = [s for s in all_states if low & ~s == 0 and s & ~high == 0]
            if not between:
                continue
            found = cuts.lowest_between(low, high, 10**6)

            assert found is not None
            least = min(map(cuts.alive, between))
            assert cuts.alive(low) - found.saved == least
            lowest = [state for state in between if cuts.alive(state) == least]
            assert low | found.smallest in lowest
            assert low | found.largest in lowest
            for state in lowest:
                assert found.smallest & ~state == 0
                assert state & ~(low | found.largest) == 0


@given(problems(most=6))
def test_a_section_peaks_as_the_whole(problem: Problem) -> None:
    order = tuple(range(problem.operators))
    section = whole(problem) if order else None

    assert section is None or section_peak(section, order) == max(alive_bytes(problem, order)[1:])


def test_a_cut_that_takes_too_long_is_given_up() -> None:
    section = whole(Problem(tuple(range(50)), (), tuple((index, index + 1) for index in range(49))))

    assert Cuts(section).lowest_between(0, (1 << 50) - 1, 20) is None


def test_bits_and_members_are_inverse() -> None:
    for chosen in ([], [0], [3, 64, 65], list(range(200)), [9_999]):
        assert list(members(bits(chosen))) == chosen
