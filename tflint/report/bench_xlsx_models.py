"""The sheets of applications and models, laid out as the original's analysis workbook.

Its twelve columns come first, in its order and with its units: 1 KB of weights is 1024 bytes,
1 KB of dynamic tensors 1000. Behind them is what it did not have.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from tflint.report.accuracy_result import Accuracy
from tflint.report.bench_refusals import runtime_title
from tflint.report.bench_xlsx_book import (
    BAD,
    COUNT,
    DARK,
    FAINT,
    GOOD,
    HEAD,
    KB,
    LIGHT,
    PERCENT,
    PLAIN,
    SUBHEAD,
    TIME,
    Look,
    Page,
    area,
    cell,
    foreign_text,
)
from tflint.report.bench_xlsx_layout import HEADER_ROWS, NOTES_WIDTH, PATH_WIDTH, Block, Group
from tflint.report.reference_result import Reference

QUANTIZATION, INIT, FIRST, WARMUP, AVERAGE = 0, 1, 2, 3, 4
ACCURACY, WEIGHTS, WEIGHTS_KB, DYNAMIC_KB, NAME, SIZE, NOTES = 5, 6, 7, 8, 9, 10, 11
P50, P95, RUNS, FILE, WEIGHT_BYTES, MACS = 12, 13, 14, 15, 16, 17
RUNTIME, RUNS_THERE, ARENA, RAM, FLASH = 18, 19, 20, 21, 22
PUBLISHED_KB, PUBLISHED_ACCURACY, SAME_DATA = 23, 24, 25
# Of a tensor's name; its row is as high as that takes, and the list of tensors has more.
_MOST_NAME = 400

_HEADS = (
    (QUANTIZATION, QUANTIZATION, "Quantization", ()),
    (INIT, AVERAGE, "Latency (us)", ("Init", "1st Inference", "Avg Warmup", "Avg Inference")),
    (ACCURACY, ACCURACY, "Accuracy (%)", ()),
    (WEIGHTS, WEIGHTS, "Number of Weights", ()),
    (WEIGHTS_KB, WEIGHTS_KB, "Weights Size (KB)", ()),
    (DYNAMIC_KB, DYNAMIC_KB, "Dynamic Tensors Memory Allocation (KB)", ()),
    (NAME, NAME, "Tensor Name", ()),
    (SIZE, SIZE, "Tensor Size (Bytes)", ()),
    (NOTES, NOTES, "Notes", ()),
    (P50, RUNS, "Inferences (us)", ("p50", "p95", "Runs")),
    (FILE, MACS, "Model", ("File (Bytes)", "Weights (Bytes)", "MACs")),
    (
        RUNTIME,
        FLASH,
        "Microcontroller",
        ("Runtime", "Runs There", "Arena (Bytes)", "RAM (Bytes)", "Flash (Bytes)"),
    ),
)
_REFERENCE_PARTS = (
    "Published Weights (KB)",
    "Published Accuracy (%)",
    "Accuracy on the Same Data (%)",
)
_NAME_WIDTH = 44
_WIDTHS = (PATH_WIDTH, 9.5, 9.5, 9.5, 9.5, 9.5, 10, 10, 13, _NAME_WIDTH, 11, NOTES_WIDTH)
_MORE_WIDTHS = (10, 10, 8, 11, 11, 13, 21, 8, 11, 11, 11)
_REFERENCE_WIDTHS = (13, 13, 13)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Cells of other sheets that a block refers to: the parts of its accuracy, and its MACs."""

    correct: str | None = None
    samples: str | None = None
    macs: str | None = None


def write_group(page: Page, group: Group, elsewhere: dict[int, Elsewhere]) -> None:
    """Headers and a block a model; `elsewhere` is by the model's place in the report."""
    references = [block.model.reference for block in group.blocks if block.model.reference]
    # The last is there where the original's network was trained on the same data.
    compared = _REFERENCE_PARTS[: 2 + any(of.baseline for of in references)] if references else ()
    last_column = FLASH + len(compared)
    page.widths(_WIDTHS + _MORE_WIDTHS + _REFERENCE_WIDTHS[: len(compared)])
    page.sheet.freeze_panes(HEADER_ROWS, 1)
    page.sheet.repeat_rows(0, HEADER_ROWS - 1)
    page.sheet.repeat_columns(0)
    # Printed, it is the original's sheet; the summary has the rest.
    page.printed(max((block.last for block in group.blocks), default=1), NOTES)
    page.sheet.set_row(1, 42)
    heads = (*_HEADS, *(((PUBLISHED_KB, last_column, "Original", compared),) if compared else ()))
    for first, last, title, parts in heads:
        if parts:
            page.merged((0, 0), (first, last), title, HEAD)
            for column, part in enumerate(parts, first):
                page.text(1, column, part, SUBHEAD)
        else:
            page.merged((0, 1), (first, last), title, HEAD)
    for block in group.blocks:
        _write_block(page, block, elsewhere.get(block.place, Elsewhere()), last_column)


def _write_block(page: Page, block: Block, elsewhere: Elsewhere, last: int) -> None:
    model, top = block.model, block.top

    def head(look: Look) -> Look:
        return dataclasses.replace(look, bold=True, fill=LIGHT, above=True)

    page.blanks(top, range(last + 1), head(PLAIN))
    page.text(top, QUANTIZATION, block.title, head(Look(ink=DARK, wrap=True)))
    path = Look(ink=FAINT, wrap=True, size=8.5)
    page.merged((top + 1, block.last), (QUANTIZATION, QUANTIZATION), block.path, path)
    latency = model.latency
    if latency is not None:
        for column, figure in (
            (INIT, latency.init),
            (FIRST, latency.first),
            (WARMUP, latency.warmup_avg),
            (AVERAGE, latency.avg),
            (P50, latency.p50),
            (P95, latency.p95),
        ):
            page.number(top, column, figure, head(TIME))
        page.number(top, RUNS, latency.runs, head(COUNT))
    if model.accuracy is not None:
        _write_accuracy(page, top, model.accuracy, elsewhere, head(PERCENT))
    page.number(top, FILE, model.file_bytes, head(COUNT))
    if model.weights is not None:
        page.number(top, WEIGHTS, model.weights.count, head(COUNT))
        page.number(top, WEIGHT_BYTES, model.weights.bytes, head(COUNT))
        kilobytes = f"={cell(top, WEIGHT_BYTES)}/1024"
        page.formula(top, WEIGHTS_KB, kilobytes, model.weights.bytes / 1024, head(KB))
        total = sum(tensor.bytes for tensor in block.listed) + block.other_bytes
        sizes = f"=SUM({area(top, block.last_listed, SIZE)})/1000"
        page.formula(top, DYNAMIC_KB, sizes, total / 1000, head(KB))
    if model.macs is not None and elsewhere.macs is not None:
        page.formula(top, MACS, elsewhere.macs, model.macs, head(COUNT))
    else:
        page.number(top, MACS, model.macs, head(COUNT))
    if model.reference is not None:
        _write_reference(page, top, model.reference, head)
    _write_tensors(page, block)
    page.merged(
        (top, block.last), (NOTES, NOTES), block.notes, Look(wrap=True, above=True, indent=True)
    )
    _write_runtimes(page, block)


def _write_accuracy(
    page: Page, top: int, accuracy: Accuracy, elsewhere: Elsewhere, look: Look
) -> None:
    if elsewhere.correct and elsewhere.samples and accuracy.n:
        formula = f"=100*{elsewhere.correct}/{elsewhere.samples}"
        page.formula(top, ACCURACY, formula, 100 * accuracy.correct / accuracy.n, look)
    else:
        page.number(top, ACCURACY, 100 * accuracy.value, look)


def _write_reference(page: Page, top: int, of: Reference, head: Callable[[Look], Look]) -> None:
    if of.published is not None:
        page.number(top, PUBLISHED_KB, of.published.kilobytes, head(KB))
        if of.published.accuracy is not None:
            page.number(top, PUBLISHED_ACCURACY, 100 * of.published.accuracy, head(PERCENT))
    if of.baseline is not None:
        page.number(top, SAME_DATA, 100 * of.baseline.accuracy.value, head(PERCENT))


def _write_tensors(page: Page, block: Block) -> None:
    for row, tensor in enumerate(block.listed, block.top):
        is_first = row == block.top
        size = Look(number=COUNT.number, fill=LIGHT, above=True) if is_first else COUNT
        shown = foreign_text(tensor.name or f"tensor {tensor.index}", _MOST_NAME)
        name = dataclasses.replace(size, number="", indent=True, wrap=True)
        page.high_enough(row, shown, _NAME_WIDTH - 2)
        page.foreign(row, NAME, shown, name)
        page.number(row, SIZE, tensor.bytes, size)
    if block.others:
        row = block.top + len(block.listed)
        said = f"{block.others:,} more, see the sheet of tensors"
        page.text(row, NAME, said, Look(italic=True, indent=True))
        page.number(row, SIZE, block.other_bytes)


def _write_runtimes(page: Page, block: Block) -> None:
    for row, use in enumerate(block.model.runtimes, block.top):
        is_first = row == block.top
        look = Look(fill=LIGHT, above=True) if is_first else PLAIN
        name = dataclasses.replace(look, indent=True)
        page.foreign(row, RUNTIME, foreign_text(runtime_title(use.runtime), 60), name)
        answer = dataclasses.replace(
            look, ink=GOOD if use.runnable else BAD, bold=True, align="center"
        )
        page.text(row, RUNS_THERE, "yes" if use.runnable else "no", answer)
        for column, figure in (
            (ARENA, use.min_arena_bytes),
            (RAM, use.ram_bytes),
            (FLASH, use.flash_bytes),
        ):
            page.number(row, column, figure, dataclasses.replace(look, number=COUNT.number))
