"""Operators that are in both of two models, timed against each other.

Both models are measured several times in turns, operator by operator, in a new process each time:
an operator's figure differs between processes by more than within one, as whole inferences do.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence

import numpy as np

from tflint.bench.in_turns import Candidate, ratio_of
from tflint.bench.operator_times import timed_operators
from tflint.bench.options import BenchOptions
from tflint.bench.signed_rank import FEWEST
from tflint.model.changes import Place
from tflint.report.bench_compare_result import ComparedOperator
from tflint.report.bench_result import OperatorRow

# As few as an interval can be made of: most of the time goes into starting processes.
PASSES = FEWEST
# The runs of all passes together, by those that were asked for.
_RUNS = 1.5
_LEAST_RUNS = 20

Rows = Sequence[OperatorRow]


def timed_operators_in_turns(
    pair: tuple[Candidate, Candidate],
    operators: Sequence[ComparedOperator],
    rows: tuple[Rows, Rows],
    options: BenchOptions,
    say: Callable[[str], None],
) -> list[ComparedOperator]:
    """The same operators with the medians of several measurements of each, and with ratios.

    Raises as `timed_operators` does.
    """
    runs = max(math.ceil(options.runs * _RUNS / PASSES), _LEAST_RUNS)
    options = dataclasses.replace(options, runs=runs)
    found: tuple[list[dict[Place, float]], list[dict[Place, float]]] = ([], [])
    for number in range(PASSES):
        say(f"operators of both in turns, {number + 1} of {PASSES}")
        for which in (0, 1) if number % 2 == 0 else (1, 0):
            one = pair[which]
            timed = timed_operators(one.data, one.model, one.entry, tuple(rows[which]), options)
            found[which].append(
                {(r.subgraph, r.index): r.us_avg for r in timed.rows if r.us_avg is not None}
            )
    return [with_times(one, found[0], found[1], runs) for one in operators]


def with_times(
    one: ComparedOperator,
    before: Sequence[dict[Place, float]],
    after: Sequence[dict[Place, float]],
    runs: int,
) -> ComparedOperator:
    """The operator with what its times in A and in B come to, one of each for a measurement."""
    old, new = _times(one.before, before), _times(one.after, after)
    ratio = None
    if one.before and one.after and old and new and min(*old, *new) > 0:
        logs = [math.log(b / a) for a, b in zip(old, new, strict=True)]
        nanoseconds = [us * 1000 for us in old], [us * 1000 for us in new]
        ratio = ratio_of(logs, nanoseconds, (runs * len(logs), runs * len(logs)))
    return dataclasses.replace(
        one, before=_replaced(one.before, old), after=_replaced(one.after, new), ratio=ratio
    )


def _times(row: OperatorRow | None, found: Sequence[dict[Place, float]]) -> list[float]:
    """Its time in each measurement; nothing where one is missing."""
    if row is None:
        return []
    place = (row.subgraph, row.index)
    if not all(place in times for times in found):
        return []
    return [times[place] for times in found]


def _replaced(row: OperatorRow | None, times: Sequence[float]) -> OperatorRow | None:
    if row is None or not times:
        return row
    return dataclasses.replace(row, us_avg=float(np.median(times)))
