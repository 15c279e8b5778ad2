"""The order of a section with the smallest peak, by depth-first search under a threshold.

Whether some order keeps within a threshold is asked for thresholds between the proved lower bound
and the best order found. States are sets of operators that have run; f(S), the bytes alive there,
is submodular. From that follows what keeps the search small:

Commitment. Let Z be reached from X within the threshold, and f(Z) be the least among all states
between the two. Then an order within the threshold that passes X exists only if one passes X and
Z: replace each state S behind X of the former by S | Z, for f(S | Z) <= f(S) + f(Z) - f(S & Z) <=
f(S). All other ways on from X can be forgotten. If some state R between has less than Z, R itself
can be reached within the threshold (by the same way, S & R for S), so that X commits to R.
The least state between two is a minimum cut (`lowest_between`).

So the stack of the depth-first search has strictly growing f from bottom to top; a commitment at
its bottom holds for every larger threshold too. The same is true with time reversed, and runs
from both ends take turns: branches that shrink are finished from the start, branches that grow
from the end. Before all this, the section is made smaller (`order_contraction`): trees and nested
branches become chains of hills and valleys, as in Liu 1987, "An application of generalized tree
pebbling to sparse matrix factorization".

The number of states is exponential in the width of the graph at worst, the problem
being NP-hard (Sethi 1975, "Complete register allocation problems"). Work is counted in steps, one
for each look at a ready operator (more where it reads blocks that others read as well), so that
results do not depend on the machine.
"""

from __future__ import annotations

from dataclasses import dataclass

from tflint.memory.order_beam import beam_order
from tflint.memory.order_bounds import Lineage, cut_bound, definite_bytes
from tflint.memory.order_contraction import contracted
from tflint.memory.order_descent import Answer, Descent, Tables, Window
from tflint.memory.order_greedy import rules_of_thumb
from tflint.memory.order_section import Section, section_peak

# A run from one end gets this many steps at first, and twice as many each time both gave up.
FIRST_STEPS = 1_000
# A round of questions may spend this share of the steps on each, the next round 4 times as much.
FIRST_SHARE = 128
# What making the section smaller may take of the steps.
CONTRACTION_SHARE = 4
# How many states are kept for each number of operators, before the exact search.
BEAM_WIDTHS = (1, 30)
BEAM_SHARE = 8


@dataclass(frozen=True, slots=True)
class Found:
    """A section's best order (numbered from 0), its peak, a proved lower bound, and the work."""

    order: tuple[int, ...]
    peak: int
    lower_bound: int
    states: int
    steps: int


def search(section: Section, given_peak: int, enough: int, limit: int) -> Found:
    """The order with the smallest peak, or the best that `limit` steps find.

    `given_peak` is the peak of the given order, which stays where nothing better is found. A peak
    of `enough` is as good as any smaller one. Exact when the peak found is not above the larger
    of `enough` and the lower bound.
    """
    best: tuple[int, ...] = tuple(range(section.count))
    peak = given_peak
    lower = max(definite_bytes(section, None))
    if peak > max(lower, enough):
        for order in rules_of_thumb(section):
            most = section_peak(section, order)
            if most < peak:
                best, peak = tuple(order), most
    if peak <= max(lower, enough) or limit <= 0:
        return Found(best, peak, lower, 0, section.count)
    small, steps = contracted(section, limit // CONTRACTION_SHARE)
    bound, more = _bound(small.section, peak)
    lower = max(lower, bound)
    tables = Tables(small.section)
    tables.steps += steps + more
    for width in BEAM_WIDTHS:
        if peak <= max(lower, enough):
            break
        way = beam_order(tables, max(lower, enough), width, limit // BEAM_SHARE)
        if way is not None:
            found = small.expanded(way)
            most = section_peak(section, found)
            if most < peak:
                best, peak = found, most
    window, unknown, first, share = tables.window(), 0, True, FIRST_SHARE
    while tables.steps < limit and peak > max(lower, enough):
        least = max(lower, enough, unknown)
        if least >= peak:
            # Nothing is left to ask with so few steps.
            unknown, first, share = 0, True, max(share // 4, 1)
            continue
        threshold = least if first else (least + peak - 1) // 2
        first = False
        allowed = min(limit, tables.steps + limit // share + 1)
        answer, reached, above = _ask(tables, window, threshold, allowed)
        if answer is Answer.FOUND:
            best = small.expanded(reached.head + reached.tail)
            peak = section_peak(section, best)
        elif answer is Answer.NONE:
            # What is committed to holds for all larger thresholds as well.
            lower, window = max(lower, min(above or peak, peak)), reached
        else:
            unknown = threshold + 1
    return Found(best, peak, lower, tables.states, tables.steps)


def _bound(section: Section, most: int) -> tuple[int, int]:
    """A lower bound on the peak of any order, and the steps that it took."""
    lineage = Lineage(section)
    definite = definite_bytes(section, lineage)
    return cut_bound(section, lineage, definite, most)


def _ask(
    tables: Tables, window: Window, threshold: int, limit: int
) -> tuple[Answer, Window, int | None]:
    """Whether an order of a window keeps within a threshold: runs from both ends in turns.

    Returns the window with what was committed to, and the next larger threshold to try.
    """
    budget = FIRST_STEPS
    while True:
        moved = False
        for forward in (True, False):
            descent = Descent(tables, window, threshold, forward)
            answer = descent.run(min(limit, tables.steps + budget))
            if answer is not Answer.UNKNOWN:
                return answer, descent.window, descent.above
            moved |= descent.window is not window
            window = descent.window
        if tables.steps >= limit:
            return Answer.UNKNOWN, window, None
        budget = FIRST_STEPS if moved else 2 * budget
