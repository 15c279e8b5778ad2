"""The sheet of accuracies: a block a model, with its classes and its confusion matrix.

Sums, recalls and precisions are formulas over the matrix where it is shown.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from tflint.report.bench_result import Accuracy, BenchedModel
from tflint.report.bench_xlsx_book import (
    COUNT,
    DARK,
    HEAD,
    HEADING,
    LIGHT,
    NOTE,
    PERCENT,
    SUBHEAD,
    Look,
    Page,
    area,
    cell,
    foreign_text,
)
from tflint.report.bench_xlsx_models import Elsewhere

# A larger matrix nobody reads; its classes are listed all the same.
MOST_SHOWN = 64
_MOST_CLASSES = 2_000
_CLASS, _SAMPLES, _FOUND, _RECALL, _LOW, _HIGH, _TAKEN, _PRECISION = range(8)
_MATRIX = 9
_HEADS = (
    "Class",
    "Samples",
    "Found",
    "Recall (%)",
    "from (%)",
    "to (%)",
    "Taken for It",
    "Precision (%)",
)


def write_accuracies(
    page: Page, models: Sequence[BenchedModel], labels: Sequence[str]
) -> dict[int, Elsewhere]:
    """A block a model that was held against data; where its samples and hits are counted."""
    page.widths([30, 11, 11, 11, 11, 11, 12, 13, 3])
    page.sheet.set_column(_MATRIX, _MATRIX, 18)
    page.sheet.set_column(_MATRIX + 1, _MATRIX + MOST_SHOWN, 10)
    page.text(0, 0, "Accuracy", HEADING)
    about = "Intervals are Wilson's, of 95 %: where the figure of more such samples would be."
    page.text(1, 0, about, NOTE)
    page.sheet.freeze_panes(2, 1)
    row, widest, counted = 3, 0, {}
    for place, model in enumerate(models):
        if model.accuracy is not None:
            row, counted[place] = _write_block(page, row, model.accuracy, labels[place])
            row += 2
            known = model.accuracy.classes
            widest = max(widest, len(known) if len(known) <= MOST_SHOWN else 0)
    page.printed(row, _MATRIX + widest if widest else _PRECISION)
    return counted


def _write_block(page: Page, row: int, accuracy: Accuracy, label: str) -> tuple[int, Elsewhere]:
    """The row behind the block, and where it counts."""
    page.foreign(row, 0, label, Look(bold=True, ink=DARK, size=11))
    split = f", split {accuracy.split}" if accuracy.split is not None else ""
    page.foreign(row + 1, 0, f"{accuracy.dataset}{split}: {accuracy.decision}", NOTE)
    row += 2
    classes = accuracy.classes[:_MOST_CLASSES]
    shows_matrix = 0 < len(classes) == len(accuracy.confusion) <= MOST_SHOWN and all(
        len(counts) == len(classes) for counts in accuracy.confusion
    )
    first, end = row + 1, row + 1 + len(classes)
    for column, head in enumerate(_HEADS):
        page.text(row, column, head, HEAD)
    if shows_matrix:
        _write_matrix(page, row, accuracy)
    for place, score in enumerate(classes):
        here = first + place
        page.foreign(here, _CLASS, score.label)
        if shows_matrix:
            last = _MATRIX + len(classes)
            counts = f"{cell(here, _MATRIX + 1)}:{cell(here, last)}"
            page.formula(here, _SAMPLES, f"=SUM({counts})", sum(accuracy.confusion[place]))
            hit = cell(here, _MATRIX + 1 + place)
            page.formula(here, _FOUND, f"={hit}", accuracy.confusion[place][place])
            taken = sum(counts[place] for counts in accuracy.confusion)
            decided = area(first, end - 1, _MATRIX + 1 + place)
            page.formula(here, _TAKEN, f"=SUM({decided})", taken)
            found, of = accuracy.confusion[place][place], sum(accuracy.confusion[place])
        else:
            found, of, taken = score.correct, score.n, score.predicted
            for at, figure in ((_SAMPLES, of), (_FOUND, found), (_TAKEN, taken)):
                page.number(here, at, figure)
        _write_share(page, here, _RECALL, (_FOUND, _SAMPLES), found, of)
        _write_share(page, here, _PRECISION, (_FOUND, _TAKEN), found, taken)
        if of:
            page.number(here, _LOW, 100 * score.low, PERCENT)
            page.number(here, _HIGH, 100 * score.high, PERCENT)
    return _write_total(page, end, accuracy, first, shows_matrix)


def _write_share(
    page: Page, row: int, column: int, of: tuple[int, int], part: int, whole: int
) -> None:
    if whole:
        formula = f"=100*{cell(row, of[0])}/{cell(row, of[1])}"
        page.formula(row, column, formula, 100 * part / whole, PERCENT)


def _write_total(
    page: Page, row: int, accuracy: Accuracy, first: int, shows_matrix: bool
) -> tuple[int, Elsewhere]:
    """The line of all classes; its sums are formulas where every class is listed."""
    look = Look(bold=True, fill=LIGHT, above=True)
    count = dataclasses.replace(look, number=COUNT.number)
    share = dataclasses.replace(look, number=PERCENT.number)
    page.blanks(row, range(len(_HEADS)), look)
    page.text(row, _CLASS, "All", look)
    if shows_matrix:
        samples = sum(map(sum, accuracy.confusion))
        found = sum(counts[place] for place, counts in enumerate(accuracy.confusion))
    else:
        samples = sum(score.n for score in accuracy.classes)
        found = sum(score.correct for score in accuracy.classes)
    is_all = samples == accuracy.n and found == accuracy.correct
    if is_all and 0 < len(accuracy.classes) <= _MOST_CLASSES:
        for column, total in ((_SAMPLES, samples), (_FOUND, found)):
            page.formula(row, column, f"=SUM({area(first, row - 1, column)})", total, count)
    else:
        page.number(row, _SAMPLES, accuracy.n, count)
        page.number(row, _FOUND, accuracy.correct, count)
    if accuracy.n:
        formula = f"=100*{cell(row, _FOUND)}/{cell(row, _SAMPLES)}"
        page.formula(row, _RECALL, formula, 100 * accuracy.correct / accuracy.n, share)
    page.number(row, _LOW, 100 * accuracy.low, share)
    page.number(row, _HIGH, 100 * accuracy.high, share)
    page.text(row, _PRECISION, "", look)
    elsewhere = Elsewhere(page.reference(row, _FOUND), page.reference(row, _SAMPLES))
    return row + 1, elsewhere


def _write_matrix(page: Page, row: int, accuracy: Accuracy) -> None:
    """What is true by what was decided, the hits on the diagonal."""
    count = len(accuracy.confusion)
    page.text(row - 1, _MATRIX, "Confusion matrix: rows are true, columns decided", NOTE)
    page.text(row, _MATRIX, "True \\ Decided", SUBHEAD)
    for place, (score, counts) in enumerate(zip(accuracy.classes, accuracy.confusion, strict=True)):
        label = foreign_text(score.label, 60)
        page.foreign(row, _MATRIX + 1 + place, label, SUBHEAD)
        page.foreign(row + 1 + place, _MATRIX, label, SUBHEAD)
        for decided, figure in enumerate(counts):
            look = Look(number=COUNT.number, align="center", bold=place == decided)
            page.number(row + 1 + place, _MATRIX + 1 + decided, figure, look)
    page.mark(
        (row + 1, _MATRIX + 1, row + count, _MATRIX + count),
        {"type": "2_color_scale", "min_color": "#FFFFFF", "max_color": "#8EC7E8"},
    )
