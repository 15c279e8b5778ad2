"""What all formats say of two models side by side, in the same words and figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tflint.model.changes import FieldChange
from tflint.printable import counted, printable
from tflint.report.bench_compare_result import (
    AccuracyDifference,
    BenchComparison,
    ComparedOperator,
    OperatorFate,
    Ratio,
    Verdict,
    figures,
)
from tflint.report.bench_result import OperatorRow
from tflint.report.bench_wording import (
    MAX_NAME,
    UNKNOWN,
    machine_text,
    percent_figure,
    runtime_names,
    runtime_of,
    us_text,
)
from tflint.report.diff_phrases import number, percentage
from tflint.report.diff_result import Total
from tflint.report.wording import path_text

MARKS = {
    OperatorFate.KEPT: "",
    OperatorFate.CHANGED: "~",
    OperatorFate.MOVED: ">",
    OperatorFate.ADDED: "+",
    OperatorFate.REMOVED: "-",
}
_MAX_DETAIL = 200
# Figures past these have no use for all of their digits.
_MOST_US, _MOST_SHARE = 1e9, 1e6


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """A line of the table of figures: what, that of A, of B, the difference and what part that is,
    and the role of the line: `good`, `error` or nothing.
    """

    title: str
    before: str
    after: str
    difference: str = ""
    share: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class OperatorCells:
    """A line of the table of operators."""

    mark: str
    before_place: str
    after_place: str
    name: str
    before_us: str
    after_us: str
    ratio: str
    details: str


def titles(comparison: BenchComparison) -> tuple[str, str]:
    """The paths of A and B."""
    return path_text(comparison.before.path), path_text(comparison.after.path)


def verdict(comparison: BenchComparison) -> tuple[str, str]:
    """Which is faster, and the role of that text: `good`, `error`, `warning`, `info`."""
    ratio = comparison.latency
    if ratio is None and comparison.report.is_interrupted:
        return "interrupted before the two were timed in turns", "warning"
    if ratio is None:
        return "which is faster could not be measured", "error"
    return ratio_sentence(ratio), {
        Verdict.FASTER: "good",
        Verdict.SLOWER: "error",
        Verdict.SAME: "info",
        Verdict.UNDECIDED: "info",
    }[ratio.verdict]


def ratio_sentence(ratio: Ratio) -> str:
    """`B is 1.24 times as fast as A (1.21 to 1.27)`."""
    if ratio.verdict is Verdict.FASTER:
        middle, low, high = _numbers(1 / ratio.ratio, 1 / ratio.high, 1 / ratio.low)
        return f"B is {middle} times as fast as A ({low} to {high})"
    middle, low, high = _numbers(ratio.ratio, ratio.low, ratio.high)
    if ratio.verdict is Verdict.SLOWER:
        return f"B takes {middle} times as long as A ({low} to {high})"
    if ratio.verdict is Verdict.SAME:
        return f"B is as fast as A: it takes {low} to {high} times as long"
    return f"no difference can be told: B takes {low} to {high} times as long as A"


def ratio_text(ratio: Ratio) -> str:
    """`0.769 (0.768 to 0.770)`."""
    middle, low, high = _numbers(ratio.ratio, ratio.low, ratio.high)
    return f"{middle} ({low} to {high})"


def _numbers(*figures: float) -> tuple[str, ...]:
    """Figures with as many digits as an interval makes sense of."""
    width = (max(figures) - min(figures)) / (min(figures) or 1)
    digits = (3 if width < 0.02 else 2) if min(figures) < 100 else 0
    return tuple(
        f"{figure:,.{digits}f}" if 0.1 <= figure < _MOST_SHARE else f"{figure:.3g}"
        for figure in figures
    )


def accuracy_sentence(found: AccuracyDifference) -> str:
    """`of 39 samples, A alone decides 1 right, B alone 2: no difference can be told ...`."""
    if not found.only_before and not found.only_after:
        return f"of {counted(found.n, 'sample')}, both decide the same {found.both:,} right"
    counts = (
        f"of {counted(found.n, 'sample')}, A alone decides {found.only_before:,} right, "
        f"B alone {found.only_after:,}"
    )
    p = f"p-value {found.p:.2g}" if found.p >= 1e-4 else "p-value below 0.0001"
    if not found.is_told:
        return f"{counts}: no difference can be told ({p})"
    better = "B" if found.only_after > found.only_before else "A"
    return f"{counts}: {better} decides better ({p})"


def rows(comparison: BenchComparison) -> Iterator[ComparedRow]:
    """The table of figures."""
    yield from _times(comparison)
    yield from _accuracy(comparison)
    for figure in figures(comparison):
        if figure.before is None and figure.after is None:
            continue
        total = Total(figure.title, figure.before, figure.after)
        difference = figure.difference
        yield ComparedRow(
            figure.title,
            number(figure.before),
            number(figure.after),
            _signed(difference),
            percentage(total),
        )
    yield from runnable_rows(comparison)


def runnable_rows(comparison: BenchComparison) -> Iterator[ComparedRow]:
    """Which runtimes for microcontrollers take the models."""
    pair = (comparison.before, comparison.after)
    for runtime in runtime_names(pair):
        runs = [runtime_of(model, runtime) for model in pair]
        words = [UNKNOWN if use is None else "yes" if use.runnable else "no" for use in runs]
        role = {("yes", "no"): "error", ("no", "yes"): "good"}.get((words[0], words[1]), "")
        yield ComparedRow(f"runs on {printable(runtime)}", words[0], words[1], role=role)


def _signed(difference: int | None) -> str:
    if difference is None:
        return ""
    return "=" if difference == 0 else number(difference, signed=True)


def _times(comparison: BenchComparison) -> Iterator[ComparedRow]:
    pair = (comparison.before, comparison.after)
    alone = [model.latency for model in pair]
    for title, ratio, times in (
        ("inference (µs)", comparison.latency, [one.p50 if one else None for one in alone]),
        ("first inference (µs)", comparison.first, [one.first if one else None for one in alone]),
        ("initialisation (µs)", comparison.init, [one.init if one else None for one in alone]),
    ):
        if ratio is None:
            if any(times):
                yield ComparedRow(title, _time(times[0]), _time(times[1]))
            continue
        role = {Verdict.FASTER: "good", Verdict.SLOWER: "error"}.get(ratio.verdict, "")
        yield ComparedRow(
            title,
            _time(ratio.before_us),
            _time(ratio.after_us),
            _percent(ratio.ratio),
            f"{_percent(ratio.low)} to {_percent(ratio.high)}",
            role,
        )


def _percent(ratio: float) -> str:
    """A ratio as what is more or less: `-23.0 %`."""
    share = 100 * (ratio - 1)
    if abs(share) < 1000:
        return f"{share:+.1f} %"
    return f"{share:+,.0f} %" if share < _MOST_SHARE else f"{share:+.1e} %"


def _time(us: float | None) -> str:
    return us_text(us) if us is None or us < _MOST_US else f"{us:.2e}"


def _accuracy(comparison: BenchComparison) -> Iterator[ComparedRow]:
    found = [comparison.before.accuracy, comparison.after.accuracy]
    if not any(found):
        return
    values = [percent_figure(one.value if one else None) for one in found]
    paired = comparison.accuracy
    if paired is None:
        yield ComparedRow("accuracy (%)", values[0], values[1])
        return
    role = ""
    if paired.is_told:
        role = "good" if paired.difference > 0 else "error"
    yield ComparedRow(
        "accuracy (%)",
        values[0],
        values[1],
        f"{100 * paired.difference:+.2f}",
        f"{100 * paired.low:+.1f} to {100 * paired.high:+.1f}",
        role,
    )


def operators_summary(operators: Sequence[ComparedOperator]) -> str:
    """`4 kept, 3 changed, 1 added`."""
    counts = {fate: sum(one.fate is fate for one in operators) for fate in OperatorFate}
    return ", ".join(f"{count:,} {fate.value}" for fate, count in counts.items() if count)


def operator_cells(operators: Sequence[ComparedOperator]) -> list[OperatorCells]:
    """The table of operators, in the order of B."""
    return [_operator(one) for one in operators]


def _operator(one: ComparedOperator) -> OperatorCells:
    before, after = one.before, one.after
    ratio = ""
    if one.ratio is not None:
        ratio = f"{one.ratio.ratio:.2f}"
    elif before and after and before.us_avg and after.us_avg:
        ratio = f"{after.us_avg / before.us_avg:.2f}"
    return OperatorCells(
        mark=MARKS[one.fate],
        before_place=_place(before),
        after_place=_place(after),
        name=printable(one.name),
        before_us=_us(before, one.ratio.before_us if one.ratio else None),
        after_us=_us(after, one.ratio.after_us if one.ratio else None),
        ratio=ratio,
        details=_details(one),
    )


def _place(row: OperatorRow | None) -> str:
    if row is None:
        return ""
    return f"{row.subgraph}:{row.index}" if row.subgraph else f"{row.index}"


def _us(row: OperatorRow | None, paired: float | None) -> str:
    if row is None:
        return ""
    return _time(row.us_avg if paired is None else paired)


def _details(one: ComparedOperator) -> str:
    """What it makes, or what of it differs."""
    if one.fields:
        return printable(", ".join(map(_field, one.fields)), _MAX_DETAIL)
    row = one.after or one.before
    return "" if row is None else printable(row.output, _MAX_DETAIL)


def _field(change: FieldChange) -> str:
    slot = f"{change.slot} " if change.slot else ""
    return f"{slot}{change.field} {change.before} -> {change.after}"


def has_operator_times(operators: Sequence[ComparedOperator]) -> bool:
    """Whether any of them was timed."""
    return any(
        row is not None and row.us_avg is not None
        for one in operators
        for row in (one.before, one.after)
    )


def remarks(comparison: BenchComparison) -> Iterator[tuple[str, str]]:
    """What else there is to say, and its role: failures first."""
    for name, model in zip("AB", (comparison.before, comparison.after), strict=True):
        for one in model.failures:
            yield f"{name}, {printable(one.part)}: {printable(one.text, MAX_NAME)}", "error"
    for one in comparison.failures:
        yield f"A and B, {printable(one.part)}: {printable(one.text, MAX_NAME)}", "error"
    if comparison.accuracy is not None:
        yield f"accuracy: {accuracy_sentence(comparison.accuracy)}", ""
    if comparison.is_same_file:
        yield "A and B are the same, byte for byte: what differs is chance", "dim"
    told: dict[str, list[str]] = {}
    for name, model in zip("AB", (comparison.before, comparison.after), strict=True):
        for note in model.notes:
            told.setdefault(printable(note, MAX_NAME), []).append(name)
    for note, names in told.items():
        yield f"note: {' and '.join(names)}: {note}", "dim"
    for note in (*comparison.notes, *comparison.report.machine.notes):
        yield f"note: {printable(note, MAX_NAME)}", "dim"
    if comparison.report.is_interrupted:
        yield "it was interrupted: this is what was measured by then", "warning"


def measured_text(comparison: BenchComparison) -> str:
    """How and on what it was measured."""
    ratio = comparison.latency
    how = ""
    if ratio is not None:
        runs = " and ".join(f"{count:,}" for count in dict.fromkeys(ratio.runs))
        how = f"loaded anew {ratio.loads} times, {runs} inferences each, in turns; "
    return f"{how}{machine_text(comparison.report.machine)}"
