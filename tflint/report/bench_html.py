"""What `tflint bench` measured as one page: charts, the table of the models, a section for each.

It works offline and without scripts; all that is folded opens with a click or a key.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from tflint.printable import counted, printable
from tflint.report.bench_charts import charts
from tflint.report.bench_columns import Column, columns
from tflint.report.bench_html_model import MODEL_STYLE, Room, model_section
from tflint.report.bench_result import BenchedModel, BenchReport
from tflint.report.bench_wording import (
    headline,
    machine_text,
    marks,
    marks_of_application,
    model_names,
    noisy_text,
)
from tflint.report.chart_svg import CHART_STYLE
from tflint.report.html_page import cell, marked_cell, page, table_of_cells
from tflint.report.memory_drawing import HATCH, PLAN_STYLE
from tflint.report.runs_drawing import RUNS_STYLE
from tflint.report.wording import capital

# Up to so many models their sections are open from the start.
_OPEN = 3
_STYLE = """
a { color: inherit; text-decoration-color: var(--faint); text-underline-offset: .15em }
a:hover { text-decoration-color: currentColor }
.badge { font-size: .75em; color: var(--good); border: 1px solid; border-radius: 1em;
  padding: 0 .55em; margin-left: .5em; white-space: nowrap; display: inline-block }
table.models { font-size: .9em } table.models td { white-space: nowrap }
table.models th { white-space: normal; overflow-wrap: normal; vertical-align: bottom }
table.models td.figure, table.models td.name { white-space: normal; overflow-wrap: break-word }
table.models td.name { min-width: 13rem; overflow-wrap: anywhere }
td.best { font-weight: 600; color: var(--good) } td .badge { display: block; border: 0;
  padding: 0; font-weight: 400 } td.here .badge { color: var(--faint) }
.charts { display: flex; flex-wrap: wrap; gap: 1.2rem 1rem }
figure { margin: 0; width: 580px; max-width: 100% } figure.wide { width: 100% }
figcaption { font-weight: 600 } figcaption span { font-weight: 400 }
.key, td.bar span, td i { print-color-adjust: exact; -webkit-print-color-adjust: exact }
@media print { body { max-width: none; margin: 0; font-size: 11px } figure, tr, summary {
  break-inside: avoid } svg { max-width: 100%; height: auto } .scroll { overflow: visible } }
"""


def render(report: BenchReport) -> str:
    """The page. Raises `MissingExtra` without Matplotlib."""
    style = _STYLE + CHART_STYLE + PLAN_STYLE + RUNS_STYLE + MODEL_STYLE
    return page(f"Benchmark of {counted(len(report.models), 'model')}", style, _body(report))


def _body(report: BenchReport) -> Iterator[str]:
    names, best = model_names(report.models), marks(report.models)
    yield "<h1>tflint bench</h1>"
    role = ' class="warning"' * report.is_interrupted
    yield f"<p{role}>{escape(capital(headline(report)))}</p>"
    yield f'<p class="faint">{escape(machine_text(report.machine))}</p>'
    when = f"{printable(report.started)}, in {report.seconds:,.1f} s"
    yield f'<p class="faint">{escape(when)}</p>'
    for note in report.machine.notes:
        yield f'<p class="faint">{escape(printable(note, 1000))}</p>'
    noisy = noisy_text(report.models)
    if noisy:
        yield f'<p class="warning">{escape(capital(noisy))}.</p>'
    if report.models:
        yield "<h2>Models</h2>"
        yield from _summary(report, names)
    yield from _failures(report.models, names)
    yield from _charts(report)
    # The pattern has to be where it is drawn: in a closed section it would not be.
    yield f'<svg width="0" height="0" aria-hidden="true">{HATCH}</svg>'
    if report.models:
        yield "<h2>Each model</h2>"
    room = Room.of(len(report.models))
    for number, (model, name) in enumerate(zip(report.models, names, strict=True), 1):
        badges = _badges(best[number - 1])
        is_open = len(report.models) <= _OPEN
        yield from model_section(model, name, f"m{number}", badges, room, is_open=is_open)


def _summary(report: BenchReport, names: Sequence[str]) -> Iterator[str]:
    best, here = marks(report.models), marks_of_application(report.models)
    shown = columns(report)
    head = cell("#", "figure", "th") + cell("model", "", "th")
    for column in shown:
        of = f" {_unbroken(printable(column.of))}" if column.of else ""
        head += marked_cell(escape(column.title) + of, "figure" * column.is_figure, "th")
    rows = []
    for number, (model, name) in enumerate(zip(report.models, names, strict=True), 1):
        link = f'<a href="#m{number}">{escape(name)}</a>'
        cells = cell(f"{number}", "figure") + marked_cell(link, "name")
        cells += "".join(
            _cell(column, model, best[number - 1], here[number - 1]) for column in shown
        )
        rows.append(("", cells))
    yield from table_of_cells(head, rows, "models")
    if any(here):
        yield '<p class="faint">Marks are of all models; <i>here</i>: of its application.</p>'


def _cell(
    column: Column, model: BenchedModel, best: Sequence[str], of_application: Sequence[str]
) -> str:
    # A line may end before what is in parentheses, and nowhere else.
    before, bracket, after = printable(column.text(model)).partition(" (")
    text = _unbroken(before) + (f" {_unbroken(f'({after}')}" if bracket else "")
    kinds = ["figure"] * column.is_figure
    if column.best in best:
        kinds.append("best")
        text += _badges([column.best])
    elif column.best in of_application:
        kinds.append("here")
        text += _badges([f"{column.best} here"])
    return marked_cell(text, " ".join(kinds))


def _unbroken(text: str) -> str:
    return f'<span class="word">{escape(text)}</span>' if set(text) & set(" –-") else escape(text)


def _badges(best: Sequence[str]) -> str:
    return "".join(f'<span class="badge">{escape(what)}</span>' for what in best)


def _failures(models: Sequence[BenchedModel], names: Sequence[str]) -> Iterator[str]:
    rows = [
        (
            "",
            cell(name, "name")
            + cell(printable(one.part), "word")
            + cell(printable(one.text, 1000), "error"),
        )
        for model, name in zip(models, names, strict=True)
        for one in model.failures
    ]
    if rows:
        yield "<h2>Not measured</h2>"
        head = "".join(cell(title, "", "th") for title in ("model", "part", "why"))
        yield from table_of_cells(head, rows)


def _charts(report: BenchReport) -> Iterator[str]:
    drawn = charts(report)
    if drawn:
        yield '<h2>Charts</h2><div class="charts">'
    for chart in drawn:
        key = "".join(
            f'<span class="key" style="background:var(--{variable})"></span>{escape(text)}'
            for variable, text in chart.key
        )
        kind = ' class="wide"' * chart.is_wide
        yield f'<figure{kind}><figcaption>{escape(chart.title)} <span class="faint">'
        yield f'{escape(chart.note)}</span></figcaption><p class="faint">{key}</p>'
        yield f'<div class="scroll" tabindex="0">{chart.svg}</div></figure>'
    yield "</div>" * bool(drawn)
