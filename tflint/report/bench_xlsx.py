"""What `tflint bench` measured as a workbook: a sheet an application or model, and a summary.

Figures that follow from others are formulas, written with what they come to.
"""

from __future__ import annotations

from tflint.report.bench_result import BenchReport
from tflint.report.bench_wording import model_names
from tflint.report.bench_xlsx_about import write_about
from tflint.report.bench_xlsx_accuracy import write_accuracies
from tflint.report.bench_xlsx_book import Book, area
from tflint.report.bench_xlsx_charts import write_charts
from tflint.report.bench_xlsx_layout import groups
from tflint.report.bench_xlsx_lists import MACS_COLUMN, Rows, write_operators, write_tensors
from tflint.report.bench_xlsx_models import Elsewhere, write_group
from tflint.report.bench_xlsx_summary import At, write_summary


def render(report: BenchReport) -> bytes:
    """The file, the same for the same report; raises `MissingExtra` without XlsxWriter."""
    book = Book()
    models, labels = report.models, model_names(report.models)
    # The names of these are taken first, their places in the workbook are further down.
    names = [book.free_name(name) for name in _NAMES]
    summary = book.page(names[0])
    made = [(group, book.page(book.free_name(group.name))) for group in groups(report)]
    charts, accuracy, operators, tensors, about = (
        book.page(name) if is_needed else None
        for name, is_needed in zip(
            names[1:],
            (
                bool(models),
                any(model.accuracy for model in models),
                any(model.operators for model in models),
                any(model.tensors for model in models),
                True,
            ),
            strict=True,
        )
    )
    elsewhere = write_accuracies(accuracy, models, labels) if accuracy else {}
    if operators:
        for place, rows in write_operators(operators, models, labels).items():
            shown = models[place].operators
            if sum(operator.macs for operator in shown) == models[place].macs:
                known = elsewhere.get(place, Elsewhere())
                total = f"=SUM({operators.prefix}{_macs(rows)})"
                elsewhere[place] = Elsewhere(known.correct, known.samples, total)
    if tensors:
        write_tensors(tensors, models, labels)
    at = {}
    for group, page in made:
        write_group(page, group, elsewhere)
        at.update({block.place: At(page, block) for block in group.blocks})
    write_summary(summary, report, labels, at)
    if charts:
        write_charts(book, charts, models, labels, summary)
    if about:
        write_about(about, report)
    return book.finished(report.started)


_NAMES = ("Summary", "Charts", "Accuracy", "Operators", "Tensors", "About")


def _macs(rows: Rows) -> str:
    return area(rows.first, rows.last, MACS_COLUMN)
