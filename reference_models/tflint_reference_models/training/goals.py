"""What a reference model is held to: limits that all share, and an application's own goals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tflint.bench.arenas import mcu_runtimes
from tflint.target.runtime import load_runtime
from tflint_reference_models.application import CHOSEN, ORIGINAL, Application, Goal, Measure
from tflint_reference_models.training.counts import Counts
from tflint_reference_models.training.figures import Use
from tflint_reference_models.training.forms import SHIPPED
from tflint_reference_models.training.percent import percent, percent_at_most
from tflint_reference_models.training.results import FormResult, Result

# Of TFLM, for each of the models: a part of what the smaller boards have.
MIN_ARENA = 16_384  # bytes
# From here on ours may take half of the original's int8 weight bytes, and below as many.
_LARGE = 4096


@dataclass(frozen=True, slots=True)
class Held:
    """Something that was asked for, what came of it, and whether that is enough."""

    what: str
    wanted: str
    reached: str
    is_met: bool


def held_to(of: Application, results: Sequence[Result]) -> tuple[Held, ...]:
    """What can be said with these results: limits of the file, the baseline, and the goals."""
    return tuple(_held_to(of, results))


def of_network(of: Application, results: Sequence[Result], network: str) -> FormResult | None:
    """The int8 form of a network in the first experiment; None where there is none."""
    return int8_of(results, of.experiments[0].name, network)


def folds_of(of: Application, results: Sequence[Result], network: str) -> int:
    """How many folds the figures of a network in the first experiment are of; 0 without any."""
    wanted = (of.experiments[0].name, network)
    return next((one.folds for one in results if (one.experiment, one.network) == wanted), 0)


def int8_of(results: Sequence[Result], experiment: str, network: str) -> FormResult | None:
    """The int8 form of a network in an experiment; None where there is none."""
    for result in results:
        if (result.experiment, result.network) == (experiment, network):
            return result.form(SHIPPED)
    return None


def _held_to(of: Application, results: Sequence[Result]) -> Iterator[Held]:
    ours, original = (of_network(of, results, name) for name in (CHOSEN, ORIGINAL))
    if ours is not None:
        yield from _limits(of, ours)
    if ours is not None and original is not None:
        yield from _against(ours, original)
    for goal in of.goals:
        found = int8_of(results, goal.experiment, CHOSEN)
        counts = None if found is None else _counts_for(found, goal.test)
        if counts is not None:
            yield _goal(of, goal, counts, results)


def _limits(of: Application, ours: FormResult) -> Iterator[Held]:
    figures = ours.figures
    yield _at_most("weights, int8", of.weight_bytes, figures.weight_bytes)
    for use in figures.uses:
        if use.refusal is not None or use.min_arena_bytes is None:
            yield Held(f"runs on {_title(use)}", "yes", "no", False)
        else:
            yield _at_most(f"smallest arena, {_title(use)}", MIN_ARENA, use.min_arena_bytes)
    codes = ", ".join(one.code for one in figures.warnings) or "none"
    yield Held("findings at warning level", "none", codes, codes == "none")


def _title(use: Use) -> str:
    return load_runtime(use.runtime).title if use.runtime in mcu_runtimes() else use.runtime


def _against(ours: FormResult, original: FormResult) -> Iterator[Held]:
    theirs = original.weight_bytes
    if theirs > _LARGE:
        most, what = theirs // 2, "weights, int8, against half of the original's"
    else:
        most, what = theirs, "weights, int8, against the original's"
    yield _at_most(what, most, ours.weight_bytes)
    for measure in (Measure.ACCURACY, Measure.BALANCED):
        baseline, value = (measured_by(form.test, measure) for form in (original, ours))
        yield Held(
            f"{measure.value}, against the original network trained the same way",
            f"at least {percent(baseline, 2)}",
            percent(value, 2),
            value >= baseline,
        )


def _at_most(what: str, most: int, reached: int) -> Held:
    return Held(what, f"at most {most:,} bytes", f"{reached:,} bytes", reached <= most)


def _counts_for(form: FormResult, test: str) -> Counts | None:
    if not test:
        return form.test
    return form.others.get(test) or form.votes.get(test)


def _goal(of: Application, goal: Goal, counts: Counts, results: Sequence[Result]) -> Held:
    experiment = of.experiment(goal.experiment)
    classes = next(one.classes for one in results if one.experiment == goal.experiment)
    where = ", ".join(part for part in (experiment.title, goal.test) if part)
    value = measured_by(counts, goal.measure)
    of_class = f" of {classes[-1]}" if goal.measure is Measure.RECALL else ""
    what = f"{goal.measure.value}{of_class}, {where}"
    note = f" ({goal.note})" if goal.note else ""
    if goal.measure is Measure.FALSE_ACCEPTS:
        wanted = f"less than {100 * goal.at:g} %{note}"
        return Held(what, wanted, percent_at_most(value, 2), value < goal.at)
    wanted = f"at least {100 * goal.at:g} %{note}"
    return Held(what, wanted, percent(value, 2), value >= goal.at)


def measured_by(counts: Counts, measure: Measure) -> float:
    """A figure of what was decided, as a part of 1."""
    if measure is Measure.ACCURACY:
        return counts.accuracy
    if measure is Measure.BALANCED:
        return counts.balanced
    if measure is Measure.RECALL:
        return counts.recall(1)
    return counts.false_accepts
