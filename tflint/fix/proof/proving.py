"""The proof of a repair: both models run on the same inputs, and what their outputs differ by.

What is enough stands in `tflint.fix.proof.criteria`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from tflint.errors import UsageError
from tflint.execution.hosts import Host, is_installed
from tflint.execution.process import DEFAULT_LIMITS, Limits
from tflint.fix.model.model_fix import OutputChange
from tflint.fix.proof.interface import NotComparable
from tflint.fix.proof.judging import Judge
from tflint.fix.proof.samples import Samples, extreme_samples, random_samples
from tflint.fix.proof.trials import (
    Batch,
    InterfaceDiffers,
    Kind,
    Known,
    Pair,
    Subject,
    evenly,
    pairs,
    run_trials,
    subject,
)
from tflint.model.cost import macs
from tflint.model.graph import Graph
from tflint.model.types import elements
from tflint.printable import counted
from tflint.report.fix_result import Proof

# What one run of a model costs beside its own work, in multiply-accumulates.
_OVERHEAD = 20_000
# Of inputs that were made up: they are reals of eight bytes for a while.
_MOST_ELEMENTS = 1 << 24
# Multiply-accumulates that go into inputs that were made up: a fraction of a second.
_QUICK = 50_000_000
# The same where they are all that a tolerance is held against: a few seconds.
_THOROUGH = 400_000_000
# Into samples that were given: a minute.
_MOST = 10_000_000_000
_SEQUENCE = 8


def prove(
    before: bytes,
    after: bytes,
    *,
    samples: Samples | None,
    exact: bool,
    tolerance: float,
    outputs: Sequence[OutputChange] = (),
    known: Known | None = None,
    may_lose: Collection[Host] = (),
    limits: Limits = DEFAULT_LIMITS,
) -> Proof:
    """Whether `after` may take the place of `before`.

    `samples` are for the original; their values are quantised for each model by its own inputs.
    `outputs` say which outputs mean something else now, `may_lose` which runtimes need not run the
    result, though they run the original. `known` are the original's answers to the samples, where
    something else than a runtime of .tflite files gave them: the result is held against those, and
    `before` is its float form, which tells what inputs and outputs mean and answers to what is
    made up beside the samples. Raises `HostFailed` where a runtime crashes or takes too long,
    `MissingExtra` without LiteRT, `UsageError` for samples that do not fit, and what `parse_model`
    raises. The models' indices have to be in range.
    """
    try:
        old, new = subject(before), subject(after)
        batches = _batches(old, pairs(old, new), samples, exact=exact, known=known)
        trials = run_trials(old, new, batches, limits)
    except (InterfaceDiffers, NotComparable) as differs:
        return Proof("none", 0, False, math.inf, math.inf, -math.inf, failure=str(differs))
    changes = {change.output: change.now for change in outputs}
    judge = Judge(
        old,
        exact,
        tolerance,
        changes,
        frozenset(may_lose),
        is_rounded=known is not None and known.is_rounded,
    )
    for trial in trials:
        judge.hear(trial)
    if samples is not None and samples.count > batches[0].samples.count:
        judge.notes.append(
            f"{batches[0].samples.count:,} of {counted(samples.count, 'sample')} were run:"
            " all would take too long"
        )
    if not is_installed(Host.TFLM):
        judge.notes.append("TFLM is not installed (`pip install 'tflint[tflm]'`)")
    return judge.proof(trials)


def _batches(
    old: Subject,
    matched: Sequence[Pair],
    samples: Samples | None,
    *,
    exact: bool,
    known: Known | None,
) -> list[Batch]:
    """The inputs. The first batch is what the proof stands on."""
    found: list[Batch] = []
    for pair in matched:
        entry = pair.before
        cost = _cost(Graph(old.model, entry.subgraph))
        sizes = sum(elements(port.default_shape) for port in entry.inputs)
        given = samples if entry.signature is None else None
        if given is not None:
            if len(given.inputs) != len(entry.inputs):
                raise UsageError(
                    f"the samples are for {counted(len(given.inputs), 'input')},"
                    f" the model takes {len(entry.inputs):,}"
                )
            chosen = evenly(given.count, max(_MOST // cost, 16))
            answers = None if known is None else known.chosen(chosen)
            given = given.chosen(chosen) if len(chosen) < given.count else given
            kind = Kind.RANDOM if given.is_random and known is not None else Kind.SAMPLES
            found.append(Batch(pair, kind, given, is_judged=True, cost=cost, known=answers))
        effort, least, most = (_QUICK, 4, 32) if exact or given else (_THOROUGH, 16, 128)
        most = min(most, max(_MOST_ELEMENTS // max(sizes, 1), 1))
        count = min(max(effort // cost, least), most) if entry.inputs else 1
        random = random_samples(old.model, count, 0, given, entry)
        found.append(Batch(pair, Kind.RANDOM, random, is_judged=exact or given is None, cost=cost))
        if entry.inputs:
            extreme = extreme_samples(old.model, given, entry)
            found.append(Batch(pair, Kind.EXTREME, extreme, is_judged=exact, cost=cost))
        if old.is_stateful:
            source = given or random
            found.append(
                Batch(
                    pair, Kind.SEQUENCE, source.chosen(evenly(source.count, _SEQUENCE)), True, cost
                )
            )
    return found


def _cost(graph: Graph) -> int:
    """About what one run takes: the multiply-accumulates, and one for each element that is made."""
    made = sum(value.elements for value in graph.values if not value.is_constant)
    return _OVERHEAD + made + sum(macs(node) for node in graph.nodes)
