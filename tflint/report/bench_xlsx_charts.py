"""The sheet of charts, drawn by the spreadsheet program from the table at their foot.

The table takes its figures from the summary, in the order in which the charts have them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tflint.report import bench_xlsx_summary as summary
from tflint.report.bench_refusals import runtime_title
from tflint.report.bench_result import BenchedModel
from tflint.report.bench_wording import ram_budget, runtime_names, shortened
from tflint.report.bench_xlsx_book import (
    COUNT,
    HEAD,
    HEADING,
    KB,
    NOTE,
    PERCENT,
    TIME,
    Book,
    Look,
    Page,
    area,
    cell,
    foreign_text,
)
from tflint.report.bench_xlsx_notes import application_title

# More than these no chart shows so that somebody can read them.
MOST_DRAWN = 120
_MOST_LABELLED = 16
_MOST_LABEL, _MOST_POINT_LABEL = 44, 28
_WIDTH, _LEAST_HEIGHT, _PER_BAR = 720, 300, 24
# Pixels of a row of the sheet; the row of the first charts.
_ROW, _TOP = 20, 2
# From this ratio on small bars vanish beside large ones.
_LOGARITHMIC = 60.0
COLOURS = ("#35607A", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C6BB1", "#6B7280")
_BUDGET = "#A11B1B"
_LABEL, _APPLICATION, _FILE, _WEIGHTS, _AVERAGE, _P95, _ACCURACY, _MINUS, _PLUS, _LIMIT = range(10)
_RAM = 10
_HEADS = (
    "Model",
    "Application",
    "File (KB)",
    "Weights (KB)",
    "Avg Inference (us)",
    "p95 (us)",
    "Accuracy (%)",
    "Interval Below",
    "Interval Above",
    "RAM of the Target (KB)",
)
_WIDTHS = (44, 22, 17, 17, 17, 17, 17, 17, 17, 17)
_AXIS = {"name_font": {"size": 9, "bold": False}, "num_font": {"size": 9}}
_GRID = {"visible": True, "line": {"color": "#E3E7EB", "width": 0.75}}


class _Table:
    """The table of figures: where its columns are, and which have anything to draw."""

    def __init__(
        self, page: Page, top: int, models: Sequence[BenchedModel], labels: Sequence[str]
    ) -> None:
        self.page, self.top, self.models = page, top, models
        self.labels = [_point_label(label) for label in labels]
        self.last = top + len(models) - 1
        self.figures: dict[int, list[float]] = {}

    def range(self, column: int, first: int | None = None, last: int | None = None) -> list[object]:
        """A part of a column as the library takes it."""
        start = self.top if first is None else first
        return [self.page.name, start, column, self.last if last is None else last, column]


def write_charts(
    book: Book,
    page: Page,
    models: Sequence[BenchedModel],
    labels: Sequence[str],
    source: Page,
) -> None:
    """Charts of size, latency, accuracy and memory, those that there are figures for."""
    page.widths(_WIDTHS)
    page.text(0, 0, "Charts", HEADING)
    drawn = sorted(
        range(len(models)), key=lambda place: (models[place].application or "\uffff", place)
    )[:MOST_DRAWN]
    if len(drawn) < len(models):
        page.text(1, 0, f"The first {MOST_DRAWN} of {len(models):,} models.", NOTE)
    chosen = [models[place] for place in drawn]
    height = max(_LEAST_HEIGHT, 110 + _PER_BAR * len(drawn))
    runtimes = runtime_names(chosen)
    lower = _TOP + height // _ROW + 2
    end = lower + height // _ROW + 1
    table = _Table(page, end + 4, chosen, [labels[place] for place in drawn])
    _write_table(table, drawn, labels, source, runtimes)
    made = [
        _sizes(book, table),
        _latencies(book, table),
        _accuracies(book, table),
        _memories(book, table, runtimes),
    ]
    charts = [chart for chart in made if chart is not None]
    if not charts:
        page.text(_TOP, 0, "Nothing was measured that could be drawn.", NOTE)
    for number, chart in enumerate(charts):
        row, right = (_TOP, lower)[number // 2], number % 2
        chart.set_size({"width": _WIDTH, "height": height})
        options = {"x_offset": 4 + right * (_WIDTH + 16), "y_offset": 4, "object_position": 3}
        page.sheet.insert_chart(row, 0, chart, options)
    page.printed(end if len(charts) > 2 else lower, len(_WIDTHS) - 1, pages_down=1)


def _write_table(
    table: _Table,
    drawn: Sequence[int],
    labels: Sequence[str],
    source: Page,
    runtimes: Sequence[str],
) -> None:
    page = table.page
    head = table.top - 1
    page.text(head - 1, 0, "What the charts show, from the summary", NOTE)
    names = [*_HEADS, *(f"RAM on {runtime_title(runtime)} (KB)" for runtime in runtimes)]
    for column, name in enumerate(names):
        page.foreign(head, column, name, HEAD)
    page.sheet.set_row(head, 42)
    page.sheet.set_column(_RAM, _RAM + len(runtimes), 12)
    for row, (place, model) in enumerate(zip(drawn, table.models, strict=True), table.top):
        from_row = summary.TOP + place

        def taken(
            column: int,
            source_column: int,
            value: float | None,
            divisor: int = 1,
            look: Look = COUNT,
            at: tuple[int, int] = (row, from_row),
        ) -> None:
            if value is None:
                return
            by = f"/{divisor}" if divisor != 1 else ""
            formula = f"={source.reference(at[1], source_column)}{by}"
            page.formula(at[0], column, formula, value / divisor, look)
            table.figures.setdefault(column, []).append(value / divisor)

        page.foreign(row, _LABEL, shortened(labels[place], _MOST_LABEL))
        page.foreign(row, _APPLICATION, application_title(model.application or "Others"))
        latency, accuracy, weights = model.latency, model.accuracy, model.weights
        taken(_FILE, summary.FILE, model.file_bytes, 1024, KB)
        taken(_WEIGHTS, summary.WEIGHTS_KB, weights.bytes / 1024 if weights else None, 1, KB)
        taken(_AVERAGE, summary.AVERAGE, latency.avg if latency else None, 1, TIME)
        taken(_P95, summary.P95, latency.p95 if latency else None, 1, TIME)
        if accuracy is not None and accuracy.n:
            value = 100 * accuracy.correct / accuracy.n
            taken(_ACCURACY, summary.ACCURACY, value, 1, PERCENT)
            high, low = (
                source.reference(from_row, summary.HIGH),
                source.reference(from_row, summary.LOW),
            )
            here = cell(row, _ACCURACY)
            page.formula(row, _MINUS, f"={here}-{low}", value - 100 * accuracy.low, PERCENT)
            page.formula(row, _PLUS, f"={high}-{here}", 100 * accuracy.high - value, PERCENT)
        budget = ram_budget(model)
        if budget is not None:
            page.number(row, _LIMIT, budget / 1024, KB)
            table.figures.setdefault(_LIMIT, []).append(budget / 1024)
        uses = {use.runtime: use.ram_bytes for use in reversed(model.runtimes)}
        for number, runtime in enumerate(runtimes):
            taken(_RAM + number, summary.runtime_column(number, 2), uses.get(runtime), 1024, KB)


def _bars(book: Book, table: _Table, title: str, unit: str, columns: Sequence[int]) -> Any:
    """Bars by model, the first at the top."""
    chart = book.chart("bar")
    _add_series(chart, table, columns)
    chart.set_x_axis(_value_axis(table, unit, columns))
    chart.set_y_axis({**_AXIS, "reverse": True, "major_gridlines": {"visible": False}})
    _dress(chart, title, legend=len(columns) > 1)
    return chart


def _add_series(
    chart: Any, table: _Table, columns: Sequence[int], look: dict[str, object] | None = None
) -> None:
    """A series a column of the table, of all its models."""
    for number, column in enumerate(columns):
        colour = COLOURS[number % len(COLOURS)]
        chart.add_series(
            {
                "name": [table.page.name, table.top - 1, column],
                "categories": table.range(_LABEL),
                "values": table.range(column),
                **(look or {"fill": {"color": colour}, "gap": 60, "overlap": 0}),
            }
        )


def _value_axis(table: _Table, unit: str, columns: Sequence[int]) -> dict[str, object]:
    """The axis of figures, logarithmic where the small ones would vanish."""
    figures = [figure for column in columns for figure in table.figures.get(column, ()) if figure]
    number = "#,##0.##" if max(figures, default=0) < 10 else "#,##0"
    axis: dict[str, object] = {**_AXIS, "name": unit, "major_gridlines": _GRID}
    if figures and max(figures) / min(figures) >= _LOGARITHMIC:
        least = _power_below(min(figures))
        axis.update({"log_base": 10, "min": least, "name": f"{unit}, logarithmic"})
    axis["num_format"] = number
    return axis


def _sizes(book: Book, table: _Table) -> Any:
    if not table.figures.get(_FILE):
        return None
    return _bars(
        book, table, "Size of the file and its weights", "KB (1024 bytes)", (_FILE, _WEIGHTS)
    )


def _latencies(book: Book, table: _Table) -> Any:
    if not table.figures.get(_AVERAGE):
        return None
    return _bars(book, table, "Latency of one inference", "us", (_AVERAGE, _P95))


def _memories(book: Book, table: _Table, runtimes: Sequence[str]) -> Any:
    """RAM by runtime, and the target's as a line across."""
    known = [_RAM + number for number in range(len(runtimes)) if _RAM + number in table.figures]
    if not known:
        return None
    title = "RAM on microcontrollers"
    if _LIMIT not in table.figures:
        return _bars(book, table, title, "KB (1024 bytes)", known)
    chart = book.chart("column")
    _add_series(chart, table, known)
    budget = book.chart("line")
    _add_series(budget, table, [_LIMIT], {"line": {"color": _BUDGET, "width": 2}})
    chart.combine(budget)
    known.append(_LIMIT)
    chart.set_x_axis({**_AXIS, "num_font": {"size": 9, "rotation": -45}})
    chart.set_y_axis(_value_axis(table, "KB (1024 bytes)", known))
    _dress(chart, f"{title} and what the target has", legend=True)
    return chart


def _accuracies(book: Book, table: _Table) -> Any:
    """Accuracy by size, a series an application, with the intervals."""
    if not table.figures.get(_ACCURACY):
        return None
    chart = book.chart("scatter")
    is_labelled = len(table.figures[_ACCURACY]) <= _MOST_LABELLED
    for number, (first, last) in enumerate(_runs(table.models)):
        span = (table.top + first, table.top + last)
        part = table.models[first : last + 1]
        if not any(model.accuracy for model in part):
            continue
        colour = COLOURS[number % len(COLOURS)]
        plus, minus = (
            f"={table.page.prefix}{area(*span, column, fixed=True)}" for column in (_PLUS, _MINUS)
        )
        series: dict[str, object] = {
            "name": [table.page.name, span[0], _APPLICATION],
            "categories": table.range(_WEIGHTS, *span),
            "values": table.range(_ACCURACY, *span),
            "marker": {
                "type": "circle",
                "size": 8,
                "fill": {"color": colour},
                "border": {"color": "#FFFFFF"},
            },
            "y_error_bars": {
                "type": "custom",
                "plus_values": plus,
                "minus_values": minus,
                "line": {"color": colour, "width": 1},
            },
        }
        if is_labelled:
            series["data_labels"] = {
                "custom": [{"value": label} for label in table.labels[first : last + 1]],
                "value": True,
                "position": "above",
                "font": {"size": 8, "color": "#6B7280"},
            }
        chart.add_series(series)
    sizes = [figure for figure in table.figures.get(_WEIGHTS, ()) if figure]
    x_axis: dict[str, object] = {**_AXIS, "name": "Weights (KB)", "major_gridlines": _GRID}
    x_axis["num_format"] = "#,##0"
    if sizes and max(sizes) / min(sizes) >= _LOGARITHMIC:
        least = _power_below(min(sizes))
        x_axis.update({"log_base": 10, "min": least, "name": "Weights (KB), logarithmic"})
    else:
        x_axis["min"] = 0
    chart.set_x_axis(x_axis)
    lowest = min(100 * model.accuracy.low for model in table.models if model.accuracy)
    bottom = max(int(lowest // 10) * 10, 0)
    chart.set_y_axis(
        {**_AXIS, "name": "Accuracy (%)", "major_gridlines": _GRID, "min": bottom, "max": 100}
    )
    _dress(chart, "Accuracy by size, with intervals of 95 %", legend=True)
    return chart


def _point_label(label: str) -> str:
    """A file's name without its suffix; its folder is mostly what the legend says."""
    name = label.rsplit("/", 1)[-1].removesuffix(".tflite")
    shown = shortened(foreign_text(name), _MOST_POINT_LABEL)
    # For what begins like a formula the library would write one.
    return f" {shown}" if shown.startswith("=") else shown or "-"


def _runs(models: Sequence[BenchedModel]) -> list[tuple[int, int]]:
    """The places from which to which models have one application, both ends included."""
    found: list[tuple[int, int]] = []
    for place, model in enumerate(models):
        if found and models[found[-1][0]].application == model.application:
            found[-1] = (found[-1][0], place)
        else:
            found.append((place, place))
    return found


def _dress(chart: Any, title: str, *, legend: bool) -> None:
    chart.set_title({"name": title, "name_font": {"size": 12, "bold": True, "color": "#1F3A4D"}})
    chart.set_legend({"position": "bottom", "font": {"size": 9}} if legend else {"none": True})
    chart.set_chartarea({"border": {"color": "#C9D1D9"}})
    chart.show_na_as_empty_cell()


def _power_below(figure: float) -> float:
    power = 1.0
    while power > figure:
        power /= 10
    while power * 10 <= figure:
        power *= 10
    return power
