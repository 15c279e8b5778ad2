"""The first sheet: a row a model, its figures taken from the sheets behind, the best marked."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from tflint.printable import counted, printable
from tflint.report import bench_xlsx_models as columns
from tflint.report.bench_refusals import runtime_title
from tflint.report.bench_result import (
    NOISY_SPREAD,
    BenchedModel,
    BenchReport,
    RuntimeUse,
)
from tflint.report.bench_wording import (
    headline,
    machine_text,
    marks,
    marks_of_application,
    runtime_names,
    shortened,
)
from tflint.report.bench_xlsx_book import (
    BAD,
    BAD_FILL,
    COUNT,
    DARK,
    GOOD,
    GOOD_FILL,
    HEAD,
    KB,
    LIGHT,
    NOTE,
    PALE_FILL,
    PERCENT,
    SUBHEAD,
    TIME,
    TITLE,
    WARN,
    WARN_FILL,
    Look,
    Page,
    area,
    cell,
    foreign_text,
)
from tflint.report.bench_xlsx_layout import Block
from tflint.report.bench_xlsx_notes import PARTS, application_title

TOP = 5
MODEL, APPLICATION, QUANTIZATION, BEST, FILE, WEIGHTS, WEIGHTS_KB, DYNAMIC_KB = range(8)
AVERAGE, P50, P95, SPREAD = range(8, 12)
ACCURACY, LOW, HIGH = range(12, 15)
MACS = 15
_FIRST_RUNTIME = 16
_PER_RUNTIME = ("Runs", "Arena (Bytes)", "RAM (Bytes)")
_HEADS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Model", ()),
    ("Application", ()),
    ("Quantization", ()),
    ("Best", ()),
    ("Size", ("File (Bytes)", "Number of Weights", "Weights (KB)", "Dynamic Tensors (KB)")),
    ("Latency (us)", ("Avg Inference", "p50", "p95", "Spread (%)")),
    ("Accuracy (%)", ("Measured", "from", "to")),
    ("MACs", ()),
)
_WIDTHS = (40, 16, 13, 27, 11, 10, 10, 11, 10, 10, 10, 8.5, 10, 8, 8, 12)
_RUNTIME_WIDTHS = (7, 11, 11)
_REFERENCE_HEADS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Accuracy Is", ()),
    ("Published by the Original", ("Weights (KB)", "Accuracy (%)")),
)
_BASELINE_HEAD = ("The Original's on the Same Data", ("Weights (Bytes)", "Accuracy (%)"))
_REFERENCE_WIDTHS, _BASELINE_WIDTHS = (21, 12, 12), (14, 14)
_FAILURE_WIDTH = 54
_MOST_FAILURE, _MOST_LABEL = 200, 60


@dataclass(frozen=True, slots=True)
class At:
    """Where a model's own block is."""

    page: Page
    block: Block


def runtime_column(number: int, part: int) -> int:
    """Where the `part` of the runtime of this number is: 0 runs, 1 arena, 2 RAM."""
    return _FIRST_RUNTIME + number * len(_PER_RUNTIME) + part


def write_summary(
    page: Page, report: BenchReport, labels: Sequence[str], at: dict[int, At]
) -> None:
    """Title, headers, a row a model, sums, and how to read it."""
    known = runtime_names(report.models)
    # The last column is there where something failed.
    reference_column = runtime_column(len(known), 0)
    failed_column = reference_column + len(_reference_widths(report))
    last_column = failed_column - all(model.is_whole for model in report.models)
    _write_heads(page, report, known, last_column)
    best = _best(report.models)
    for place, model in enumerate(report.models):
        row = TOP + place
        _write_row(page, row, model, labels[place], at[place], best[place])
        _write_uses(page, row, model, known, at[place])
        _write_reference(page, row, reference_column, model, at[place])
        _write_failures(page, row, failed_column, model)
    end = TOP + len(report.models)
    if report.models:
        _write_sums(page, end, report.models, last_column)
        _write_marks(page, end - 1, len(known))
        page.sheet.autofilter(TOP - 1, 0, end - 1, last_column)
    page.text(
        end + 2,
        0,
        "Green: the smallest, the fastest and the most accurate of all rows; + and pale: of the "
        "rows of their application. Columns are explained on the sheet About.",
        NOTE,
    )
    page.printed(end + 2, last_column)


def _write_heads(page: Page, report: BenchReport, known: Sequence[str], last_column: int) -> None:
    widths = _reference_widths(report)
    page.widths(_WIDTHS + _RUNTIME_WIDTHS * len(known) + widths + (_FAILURE_WIDTH,))
    page.text(0, 0, "tflint bench", TITLE)
    page.sheet.set_row(0, 26)
    measured_on = f"{machine_text(report.machine)}; {printable(report.started)}"
    page.foreign(1, 0, f"{headline(report)} on {measured_on}", Look(ink=DARK))
    broken = sum(not model.is_whole for model in report.models)
    if report.is_interrupted:
        said = "Interrupted: the models that were still to be measured are missing."
        page.text(2, 0, said, Look(bold=True, ink=BAD))
    elif broken:
        said = (
            f"{counted(broken, 'model')} could not be measured in full; the last column says why."
        )
        page.text(2, 0, said, Look(bold=True, ink=BAD))
    column = 0
    groups = [*_HEADS, *((runtime_title(name), _PER_RUNTIME) for name in known)]
    groups += _REFERENCE_HEADS[: len(widths)]
    if len(widths) > len(_REFERENCE_WIDTHS):
        groups.append(_BASELINE_HEAD)
    if not all(model.is_whole for model in report.models):
        groups.append(("Not Measured", ()))
    for title, parts in groups:
        last = column + max(len(parts), 1) - 1
        title = foreign_text(title, 60)
        if parts:
            page.merged((TOP - 2, TOP - 2), (column, last), title, HEAD)
            for at, part in enumerate(parts, column):
                page.text(TOP - 1, at, part, SUBHEAD)
        else:
            page.merged((TOP - 2, TOP - 2), (column, last), "", HEAD)
            page.text(TOP - 1, column, title, HEAD)
        column = last + 1
    page.sheet.set_row(TOP - 1, 32)
    page.sheet.freeze_panes(TOP, 1)
    page.sheet.repeat_rows(TOP - 2, TOP - 1)
    assert column == last_column + 1, "the headers are those of the columns"


def _reference_widths(report: BenchReport) -> tuple[float, ...]:
    """The widths of the columns about reference models, none where there are none of these."""
    references = [model.reference for model in report.models if model.reference]
    has_baselines = any(of.baseline for of in references)
    return _REFERENCE_WIDTHS * bool(references) + _BASELINE_WIDTHS * has_baselines


def _write_row(page: Page, row: int, model: BenchedModel, label: str, at: At, best: str) -> None:
    top = at.block.top

    def taken(column: int, source: int, value: float | None, look: Look = COUNT) -> None:
        """A figure of the model's block, by reference."""
        if value is not None:
            page.formula(row, column, f"={at.page.reference(top, source)}", value, look)

    to = (at.page, top, 0)
    page.link(row, MODEL, to, shortened(label, _MOST_LABEL), Look(ink="#0B5394", underline=True))
    if model.application is not None:
        page.foreign(row, APPLICATION, application_title(model.application))
    page.foreign(row, QUANTIZATION, model.quantization or "")
    page.text(row, BEST, best, Look(ink=GOOD, bold=True))
    taken(FILE, columns.FILE, model.file_bytes)
    if model.weights is not None:
        taken(WEIGHTS, columns.WEIGHTS, model.weights.count)
        taken(WEIGHTS_KB, columns.WEIGHTS_KB, model.weights.bytes / 1024, KB)
        listed = sum(tensor.bytes for tensor in at.block.listed) + at.block.other_bytes
        taken(DYNAMIC_KB, columns.DYNAMIC_KB, listed / 1000, KB)
    latency, accuracy = model.latency, model.accuracy
    if latency is not None:
        taken(AVERAGE, columns.AVERAGE, latency.avg, TIME)
        taken(P50, columns.P50, latency.p50, TIME)
        taken(P95, columns.P95, latency.p95, TIME)
    if model.noise is not None:
        page.number(row, SPREAD, 100 * model.noise.spread, PERCENT)
    if accuracy is not None:
        measured = accuracy.correct / accuracy.n if accuracy.n else accuracy.value
        taken(ACCURACY, columns.ACCURACY, 100 * measured, PERCENT)
        page.number(row, LOW, 100 * accuracy.low, PERCENT)
        page.number(row, HIGH, 100 * accuracy.high, PERCENT)
    taken(MACS, columns.MACS, model.macs)


def _write_uses(page: Page, row: int, model: BenchedModel, known: Sequence[str], at: At) -> None:
    rows: dict[str, tuple[int, RuntimeUse]] = {}
    for number, use in enumerate(model.runtimes):
        rows.setdefault(use.runtime, (at.block.top + number, use))
    for number, runtime in enumerate(known):
        if runtime not in rows:
            continue
        source, use = rows[runtime]
        answer = "yes" if use.runnable else "no"
        page.text(row, runtime_column(number, 0), answer, Look(align="center", bold=True))
        for part, column, figure in (
            (1, columns.ARENA, use.min_arena_bytes),
            (2, columns.RAM, use.ram_bytes),
        ):
            if figure is not None:
                formula = f"={at.page.reference(source, column)}"
                page.formula(row, runtime_column(number, part), formula, figure)


def _write_reference(page: Page, row: int, column: int, model: BenchedModel, at: At) -> None:
    """When its accuracy was measured, and what the original's network has."""
    of, accuracy = model.reference, model.accuracy
    if of is None:
        return
    if accuracy is not None:
        recorded = accuracy.recorded
        said = f"recorded {printable(recorded.date, 40)}" if recorded else "measured in this run"
        page.foreign(row, column, said, Look(indent=True))
    top = at.block.top
    if of.published is not None:
        for part, source, figure, look in (
            (1, columns.PUBLISHED_KB, of.published.kilobytes, KB),
            (2, columns.PUBLISHED_ACCURACY, of.published.accuracy, PERCENT),
        ):
            if figure is not None:
                value = figure if part == 1 else 100 * figure
                formula = f"={at.page.reference(top, source)}"
                page.formula(row, column + part, formula, value, look)
    if of.baseline is not None:
        page.number(row, column + 3, of.baseline.weight_bytes)
        formula = f"={at.page.reference(top, columns.SAME_DATA)}"
        page.formula(row, column + 4, formula, 100 * of.baseline.accuracy.value, PERCENT)


def _write_failures(page: Page, row: int, column: int, model: BenchedModel) -> None:
    said = "; ".join(
        f"{PARTS.get(one.part, printable(one.part))}: {printable(one.text, 300)}"
        for one in model.failures
    )
    if said:
        said = shortened(said, _MOST_FAILURE)
        page.high_enough(row, said, _FAILURE_WIDTH - 2)
        page.foreign(row, column, said, Look(ink=BAD, wrap=True, indent=True, size=9))


def _write_sums(page: Page, row: int, models: Sequence[BenchedModel], last_column: int) -> None:
    """Of what the filter leaves, see the lists."""
    look = Look(bold=True, fill=LIGHT, above=True)
    page.blanks(row, range(last_column + 1), look)
    page.text(row, 0, "Sum of the rows shown", look)
    readable = [model for model in models if model.weights is not None]
    weights = [model.weights for model in models if model.weights is not None]
    for column, figures, number in (
        (FILE, [model.file_bytes for model in models], COUNT),
        (WEIGHTS, [use.count for use in weights], COUNT),
        (WEIGHTS_KB, [use.bytes / 1024 for use in weights], KB),
        (DYNAMIC_KB, [(model.dynamic_bytes or 0) / 1000 for model in readable], KB),
        (MACS, [model.macs or 0 for model in models], COUNT),
    ):
        formula = f"=SUBTOTAL(109,{area(TOP, row - 1, column)})"
        summed = dataclasses.replace(look, number=number.number)
        page.formula(row, column, formula, float(sum(figures)), summed)


def _best(models: Sequence[BenchedModel]) -> list[str]:
    """What each model is the best in: of all, and with a sign of those of its application."""
    return [
        ", ".join((*of_all, *(f"{word}+" for word in here)))
        for of_all, here in zip(marks(models), marks_of_application(models), strict=True)
    ]


def _write_marks(page: Page, last: int, known: int) -> None:
    """What stands out: the best of a column, noise, and what does not run."""
    green = Look(ink=GOOD, fill=GOOD_FILL, bold=True)
    pale = Look(ink=GOOD, fill=PALE_FILL)
    application = area(TOP, last, APPLICATION, fixed=True)
    own = f"${cell(TOP, APPLICATION)}"
    # What is no model is not the smallest one: it has no weights.
    read = area(TOP, last, WEIGHTS, fixed=True)
    for column, better in ((FILE, "<"), (AVERAGE, "<"), (ACCURACY, ">")):
        here, whole = cell(TOP, column), area(TOP, last, column, fixed=True)
        # Not COUNTIFS, which compares what figures look like with fifteen digits.
        rows = f'({whole}<>"")*({read}<>"")'
        known_here = f'{here}<>"",${cell(TOP, WEIGHTS)}<>""'
        for look, among, needed in (
            (green, rows, ""),
            (pale, f"{rows}*({application}={own})", f'{own}<>"",'),
        ):
            several = f"SUMPRODUCT({among})>1"
            best = f"SUMPRODUCT({among}*({whole}{better}{here}))=0"
            criteria = f"=AND({known_here},{needed}{several},{best})"
            options = {"type": "formula", "criteria": criteria, "look": look}
            page.mark((TOP, column, last, column), {**options, "stop_if_true": True})
    noisy = {"type": "cell", "criteria": ">=", "value": 100 * NOISY_SPREAD}
    warn = Look(ink=WARN, fill=WARN_FILL)
    page.mark((TOP, SPREAD, last, SPREAD), {**noisy, "look": warn})
    for column in (WEIGHTS_KB, DYNAMIC_KB, P95):
        bar = {"type": "data_bar", "bar_color": "#BBD7E6"}
        page.mark((TOP, column, last, column), {**bar, "min_type": "num", "min_value": 0})
    for number in range(known):
        column = runtime_column(number, 0)
        for answer, look in (
            ("yes", Look(ink=GOOD, fill=GOOD_FILL)),
            ("no", Look(ink=BAD, fill=BAD_FILL)),
        ):
            same = {"type": "cell", "criteria": "==", "value": f'"{answer}"', "look": look}
            page.mark((TOP, column, last, column), same)
