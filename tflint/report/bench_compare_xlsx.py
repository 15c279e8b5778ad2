"""Two models side by side as a workbook: the figures, and the operators with a chart.

Differences are formulas, written with what they come to; ratios and their intervals are measured,
and follow from no other cell.
"""

from __future__ import annotations

from tflint.report import bench_compare_wording as wording
from tflint.report.bench_compare_result import BenchComparison, ComparedOperator, Ratio, figures
from tflint.report.bench_result import OperatorRow
from tflint.report.bench_xlsx_book import (
    COUNT,
    HEAD,
    HEADING,
    NOTE,
    PERCENT,
    TIME,
    Book,
    Look,
    Page,
    cell,
)

_RATIO = Look(number="0.000")
_RIGHT = Look(align="right")
_DETAILS = Look(wrap=True, indent=True)
# The size of the chart in points of a screen, and of the rows that it covers.
_BAR, _AROUND, _ROW = 34, 140, 20
# Operators in the chart; more bars cannot be read.
_MOST_BARS = 40


def render(comparison: BenchComparison) -> bytes:
    """The file, the same for the same comparison; raises `MissingExtra` without XlsxWriter."""
    book = Book()
    _figures(book.page(book.free_name("Comparison")), comparison)
    if comparison.operators:
        _operators(book, book.page(book.free_name("Operators")), comparison.operators)
    return book.finished(comparison.report.started)


def _figures(page: Page, comparison: BenchComparison) -> None:
    page.widths((34, 16, 16, 16, 14, 12, 12, 12))
    page.text(0, 0, "tflint bench: A and B", HEADING)
    for row, (name, path) in enumerate(zip("AB", wording.titles(comparison), strict=True), 1):
        page.text(row, 0, name)
        page.foreign(row, 1, path)
    page.foreign(3, 0, wording.verdict(comparison)[0], Look(bold=True))
    page.foreign(4, 0, wording.measured_text(comparison), NOTE)
    head = ("", "A", "B", "B - A", "Difference (%)", "B / A", "from", "to (95 %)")
    for column, text in enumerate(head):
        page.text(6, column, text, HEAD)
    row = 7
    for title, ratio in (
        ("Inference (us)", comparison.latency),
        ("1st Inference (us)", comparison.first),
        ("Init (us)", comparison.init),
    ):
        if ratio is not None:
            page.text(row, 0, title)
            _pair(page, row, ratio.before_us, ratio.after_us, TIME)
            _ratio(page, row, 5, ratio)
            row += 1
    accuracies = [one.accuracy for one in (comparison.before, comparison.after)]
    if any(accuracies):
        page.text(row, 0, "Accuracy (%)")
        values = [None if one is None else 100 * one.value for one in accuracies]
        _pair(page, row, values[0], values[1], PERCENT, share=False)
        row += 1
    for figure in figures(comparison):
        page.foreign(row, 0, figure.title)
        _pair(page, row, figure.before, figure.after, COUNT)
        row += 1
    for shown in wording.runnable_rows(comparison):
        page.foreign(row, 0, shown.title)
        page.text(row, 1, shown.before, _RIGHT)
        page.text(row, 2, shown.after, _RIGHT)
        row += 1
    row += 1
    for text, _ in wording.remarks(comparison):
        page.foreign(row, 0, text)
        row += 1
    page.sheet.freeze_panes(7, 1)
    page.printed(row, 7)


def _pair(
    page: Page,
    row: int,
    before: float | None,
    after: float | None,
    look: Look,
    *,
    share: bool = True,
) -> None:
    """Both figures, and what follows from them."""
    page.number(row, 1, before, look)
    page.number(row, 2, after, look)
    if before is None or after is None:
        return
    a, b = cell(row, 1), cell(row, 2)
    page.formula(row, 3, f"={b}-{a}", after - before, look)
    if share and before:
        page.formula(row, 4, f"=100*({b}-{a})/{a}", 100 * (after - before) / before, PERCENT)


def _ratio(page: Page, row: int, column: int, ratio: Ratio) -> None:
    for offset, number in enumerate((ratio.ratio, ratio.low, ratio.high)):
        page.number(row, column + offset, number, _RATIO)


def _operators(book: Book, page: Page, operators: tuple[ComparedOperator, ...]) -> None:
    page.widths((11, 9, 9, 30, 14, 14, 10, 10, 10, 14, 14, 60))
    head = ("Change", "In A", "In B", "Operator", "A (us)", "B (us)", "B / A", "from", "to (95 %)")
    for column, text in enumerate((*head, "MACs of A", "MACs of B", "Differs in")):
        page.text(0, column, text, HEAD)
    shown = wording.operator_cells(operators)
    for row, (one, cells) in enumerate(zip(operators, shown, strict=True), 1):
        page.text(row, 0, one.fate.value)
        page.text(row, 1, cells.before_place)
        page.text(row, 2, cells.after_place)
        page.foreign(row, 3, one.name)
        page.number(row, 4, _us(one.before), TIME)
        page.number(row, 5, _us(one.after), TIME)
        if one.ratio is not None:
            _ratio(page, row, 6, one.ratio)
        page.number(row, 9, None if one.before is None else one.before.macs)
        page.number(row, 10, None if one.after is None else one.after.macs)
        page.foreign(row, 11, cells.details, _DETAILS)
    last = len(operators)
    page.text(last + 1, 3, "Sum", Look(bold=True))
    for column, side in (
        (4, [one.before for one in operators]),
        (5, [one.after for one in operators]),
    ):
        total = sum(_us(row) or 0.0 for row in side)
        formula = f"=SUM({cell(1, column)}:{cell(last, column)})"
        page.formula(last + 1, column, formula, total, TIME)
    page.sheet.freeze_panes(1, 4)
    end = last + 1
    if wording.has_operator_times(operators):
        bars = min(last, _MOST_BARS)
        _chart(book, page, bars, last + 3)
        end += 2 + (_AROUND + _BAR * bars) // _ROW + 1
    page.printed(end, 11)


def _us(row: OperatorRow | None) -> float | None:
    return None if row is None else row.us_avg


def _chart(book: Book, page: Page, last: int, at: int) -> None:
    """The time of each operator in A and in B, as bars."""
    chart = book.chart("bar")
    for column, name in ((4, "A"), (5, "B")):
        chart.add_series(
            {
                "name": name,
                "categories": [page.name, 1, 3, last, 3],
                "values": [page.name, 1, column, last, column],
            }
        )
    chart.set_title({"name": "Operators (us)"})
    chart.set_y_axis({"reverse": True})
    chart.set_size({"width": 760, "height": _AROUND + _BAR * last})
    page.sheet.insert_chart(at, 0, chart)
