"""The sheet of accuracies: a block a model, with its classes and its confusion matrix.

Sums, recalls and precisions are formulas over the matrix where it is shown.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from tflint.report.accuracy_result import Accuracy
from tflint.report.bench_result import BenchedModel
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
from tflint.report.reference_wording import recorded_text

# A larger matrix nobody reads; its classes are listed all the same.
MOST_SHOWN = 64
_MOST_CLASSES = 2_000
_CLASS, _SAMPLES, _FOUND, _RECALL, _LOW, _HIGH, _TAKEN, _PRECISION, _F1 = range(9)
_MATRIX = 10
_HEADS = (
    "Class",
    "Samples",
    "Found",
    "Recall (%)",
    "from (%)",
    "to (%)",
    "Taken for It",
    "Precision (%)",
    "F1 (%)",
)
_WIDTHS = (30, 11, 11, 11, 11, 11, 12, 13, 11, 3)


@dataclasses.dataclass(frozen=True, slots=True)
class _Counts:
    """A class: its samples, those found, and those taken for it."""

    samples: int
    found: int
    taken: int


def write_accuracies(
    page: Page, models: Sequence[BenchedModel], labels: Sequence[str]
) -> dict[int, Elsewhere]:
    """A block a model that was held against data; where its samples and hits are counted."""
    page.widths(_WIDTHS)
    page.sheet.set_column(_MATRIX, _MATRIX, 18)
    page.sheet.set_column(_MATRIX + 1, _MATRIX + 1 + MOST_SHOWN, 10)
    page.text(0, 0, "Accuracy", HEADING)
    about = "Intervals are Wilson's, of 95 %: where the figure of more such samples would be."
    page.text(1, 0, about, NOTE)
    page.sheet.freeze_panes(2, 1)
    row, last_column, counted = 3, _F1, {}
    for place, model in enumerate(models):
        accuracy = model.accuracy
        if accuracy is not None:
            row, counted[place] = _write_block(page, row, accuracy, labels[place])
            row += 2
            if _shows_matrix(accuracy):
                width = len(accuracy.classes) + bool(accuracy.undecided)
                last_column = max(last_column, _MATRIX + width)
    page.printed(row, last_column)
    return counted


def _write_block(page: Page, row: int, accuracy: Accuracy, label: str) -> tuple[int, Elsewhere]:
    """The row behind the block, and where it counts."""
    page.foreign(row, 0, label, Look(bold=True, ink=DARK, size=11))
    split = f", split {accuracy.split}" if accuracy.split is not None else ""
    data = f" (SHA-256 {accuracy.sha256[:16]}...)" if accuracy.sha256 else ""
    if accuracy.recorded is not None:
        data += f", {recorded_text(accuracy)}"
    said = f"{foreign_text(accuracy.dataset, 400)}{foreign_text(split, 100)}{data}"
    page.foreign(row + 1, 0, f"{said}: {foreign_text(accuracy.decision, 400)}", NOTE)
    row += 2
    for column, head in enumerate(_HEADS):
        page.text(row, column, head, HEAD)
    classes = accuracy.classes[:_MOST_CLASSES]
    first = row + 1
    if _shows_matrix(accuracy):
        counts = _write_matrix(page, row, accuracy)
    else:
        counts = [_Counts(score.n, score.correct, score.predicted) for score in classes]
        for here, count in enumerate(counts, first):
            page.number(here, _SAMPLES, count.samples)
            page.number(here, _FOUND, count.found)
            page.number(here, _TAKEN, count.taken)
    for here, (score, count) in enumerate(zip(classes, counts, strict=True), first):
        page.foreign(here, _CLASS, score.label)
        _write_share(page, here, _RECALL, (_FOUND, _SAMPLES), (count.found, count.samples))
        _write_share(page, here, _PRECISION, (_FOUND, _TAKEN), (count.found, count.taken))
        both = count.samples + count.taken
        if both:
            of = f"({cell(here, _SAMPLES)}+{cell(here, _TAKEN)})"
            formula = f"=200*{cell(here, _FOUND)}/{of}"
            page.formula(here, _F1, formula, 200 * count.found / both, PERCENT)
        if count.samples:
            page.number(here, _LOW, 100 * score.low, PERCENT)
            page.number(here, _HIGH, 100 * score.high, PERCENT)
    return _write_total(page, first + len(classes), accuracy, first, counts)


def _shows_matrix(accuracy: Accuracy) -> bool:
    count = len(accuracy.classes)
    return 0 < count == len(accuracy.confusion) <= MOST_SHOWN and all(
        len(counts) == count for counts in accuracy.confusion
    )


def _write_share(
    page: Page, row: int, column: int, of: tuple[int, int], counts: tuple[int, int]
) -> None:
    if counts[1]:
        formula = f"=100*{cell(row, of[0])}/{cell(row, of[1])}"
        page.formula(row, column, formula, 100 * counts[0] / counts[1], PERCENT)


def _write_total(
    page: Page, row: int, accuracy: Accuracy, first: int, counts: Sequence[_Counts]
) -> tuple[int, Elsewhere]:
    """The line of all classes; its sums are formulas where every class is listed."""
    look = Look(bold=True, fill=LIGHT, above=True)
    count = dataclasses.replace(look, number=COUNT.number)
    share = dataclasses.replace(look, number=PERCENT.number)
    page.blanks(row, range(len(_HEADS)), look)
    page.text(row, _CLASS, "All", look)
    samples, found = sum(one.samples for one in counts), sum(one.found for one in counts)
    is_listed = bool(counts) and samples == accuracy.n and found == accuracy.correct
    if is_listed:
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
    elsewhere = Elsewhere(page.reference(row, _FOUND), page.reference(row, _SAMPLES))
    if not is_listed or not accuracy.n:
        return row + 1, elsewhere
    # What the accuracy is held against.
    recalls = [one.found / one.samples for one in counts if one.samples]
    mean = f"=AVERAGE({area(first, row - 1, _RECALL)})"
    page.text(row + 1, _CLASS, "Mean of the classes", NOTE)
    page.formula(row + 1, _RECALL, mean, 100 * sum(recalls) / len(recalls), PERCENT)
    largest = max(one.samples for one in counts)
    most = f"=100*MAX({area(first, row - 1, _SAMPLES)})/{cell(row, _SAMPLES)}"
    page.text(row + 2, _CLASS, "Always the largest class", NOTE)
    page.formula(row + 2, _RECALL, most, 100 * largest / samples, PERCENT)
    return row + 3, elsewhere


def _write_matrix(page: Page, row: int, accuracy: Accuracy) -> list[_Counts]:
    """What is true by what was decided, the hits on the diagonal; the counts it comes to.

    Outputs that are no numbers decide nothing. They have a column of their own, so that a row sums
    up to the samples of its class.
    """
    size = len(accuracy.classes)
    first, last = _MATRIX + 1, _MATRIX + size
    page.text(row - 1, _MATRIX, "Confusion matrix: rows are true, columns decided", NOTE)
    page.text(row, _MATRIX, "True \\ Decided", SUBHEAD)
    undecided = [0] * size
    if accuracy.undecided:
        last += 1
        page.text(row, last, "Not a Number", SUBHEAD)
        undecided = [
            max(score.n - sum(counts), 0)
            for score, counts in zip(accuracy.classes, accuracy.confusion, strict=True)
        ]
    made = []
    for place, (score, counts) in enumerate(zip(accuracy.classes, accuracy.confusion, strict=True)):
        here = row + 1 + place
        label = foreign_text(score.label, 60)
        page.foreign(row, first + place, label, SUBHEAD)
        page.foreign(here, _MATRIX, label, SUBHEAD)
        for decided, figure in enumerate(counts):
            look = Look(number=COUNT.number, align="center", bold=place == decided)
            page.number(here, first + decided, figure, look)
        if accuracy.undecided:
            page.number(here, last, undecided[place], Look(number=COUNT.number, align="center"))
        samples = sum(counts) + undecided[place]
        page.formula(here, _SAMPLES, f"=SUM({cell(here, first)}:{cell(here, last)})", samples)
        page.formula(here, _FOUND, f"={cell(here, first + place)}", counts[place])
        taken = sum(of[place] for of in accuracy.confusion)
        decided_so = area(row + 1, row + size, first + place)
        page.formula(here, _TAKEN, f"=SUM({decided_so})", taken)
        made.append(_Counts(samples, counts[place], taken))
    page.mark(
        (row + 1, first, row + size, _MATRIX + size),
        {"type": "2_color_scale", "min_color": "#FFFFFF", "max_color": "#8EC7E8"},
    )
    return made
