"""The sheets that list operators and tensors of all models, a row each, to be filtered and sorted.

Sums above the columns are those of the rows that a filter leaves.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from tflint.report.bench_result import BenchedModel, OperatorRow
from tflint.report.bench_xlsx_book import (
    CENTRED,
    COUNT,
    HEAD,
    HEADING,
    NOTE,
    PERCENT,
    PLAIN,
    TIME,
    Look,
    Page,
    area,
    cell,
)

# What a list of these takes to write is 500 MB; the format itself ends at a million rows.
MOST_ROWS = 100_000
_SUMS, _HEADS, TOP = 1, 2, 3

_MODEL, _QUANTIZATION, _SUBGRAPH, _INDEX, _OPERATOR, _OUTPUT = 0, 1, 2, 3, 4, 5
TIME_COLUMN, _SHARE, MACS_COLUMN, _WEIGHT, _INPUT, _OUTPUT_BYTES, _NOTE = 6, 7, 8, 9, 10, 11, 12
_OPERATOR_HEADS = (
    ("Model", 40),
    ("Quantization", 13),
    ("Subgraph", 9),
    ("#", 6),
    ("Operator", 24),
    ("Output Shape", 20),
    ("Time (us)", 11),
    ("Share of Time (%)", 11),
    ("MACs", 13),
    ("Weights (Bytes)", 12),
    ("Inputs (Bytes)", 12),
    ("Outputs (Bytes)", 12),
    ("Note", 40),
)
_TENSOR_HEADS = (
    ("Model", 40),
    ("Subgraph", 9),
    ("#", 6),
    ("Tensor", 60),
    ("Shape", 20),
    ("Type", 10),
    ("Kind", 11),
    ("Use", 16),
    ("Size (Bytes)", 13),
    ("In the Sum", 9),
)
_TENSOR_SIZE = 8
_REMARK = dataclasses.replace(NOTE, indent=True)


@dataclasses.dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a model's operators, both ends included; None where not all are there."""

    first: int
    last: int


def write_operators(
    page: Page, models: Sequence[BenchedModel], labels: Sequence[str]
) -> dict[int, Rows]:
    """A row an operator; where those of each model are, if all of them are."""
    _prepare(page, "Operators", _OPERATOR_HEADS)
    row, written, left_out = TOP, {}, 0
    for place, model in enumerate(models):
        room = MOST_ROWS + TOP - row
        listed = model.operators[: max(room, 0)]
        left_out += len(model.operators) - len(listed)
        if not listed:
            continue
        rows = Rows(row, row + len(listed) - 1)
        if len(listed) == len(model.operators):
            written[place] = rows
        whole = sum(operator.us_avg or 0.0 for operator in listed)
        for operator in listed:
            _write_operator(page, row, labels[place], model, operator)
            if operator.us_avg is not None and whole:
                # Both ends fixed, so that it stays right when rows are sorted within a model.
                of = area(rows.first, rows.last, TIME_COLUMN, fixed=True)
                formula = f"=100*{cell(row, TIME_COLUMN)}/SUM({of})"
                page.formula(row, _SHARE, formula, 100 * operator.us_avg / whole, PERCENT)
            row += 1
    shown = [operator for model in models for operator in model.operators][: row - TOP]
    for column, figures, look in (
        (TIME_COLUMN, [operator.us_avg for operator in shown], TIME),
        (MACS_COLUMN, [operator.macs for operator in shown], COUNT),
        (_WEIGHT, [operator.weight_bytes for operator in shown], COUNT),
        (_INPUT, [operator.input_bytes for operator in shown], COUNT),
        (_OUTPUT_BYTES, [operator.output_bytes for operator in shown], COUNT),
    ):
        _sum_above(page, column, row, [figure for figure in figures if figure is not None], look)
    _finish(page, row, len(_OPERATOR_HEADS), left_out)
    if row > TOP:
        bar = {"type": "data_bar", "bar_color": "#8EC7E8"}
        page.mark((TOP, _SHARE, row - 1, _SHARE), {**bar, "min_type": "num", "min_value": 0})
    return written


def _write_operator(
    page: Page, row: int, label: str, model: BenchedModel, operator: OperatorRow
) -> None:
    page.foreign(row, _MODEL, label)
    page.foreign(row, _QUANTIZATION, model.quantization or "")
    page.number(row, _SUBGRAPH, operator.subgraph, CENTRED)
    page.number(row, _INDEX, operator.index, CENTRED)
    page.foreign(row, _OPERATOR, operator.name)
    page.foreign(row, _OUTPUT, operator.output)
    page.number(row, TIME_COLUMN, operator.us_avg, TIME)
    page.number(row, MACS_COLUMN, operator.macs)
    page.number(row, _WEIGHT, operator.weight_bytes)
    page.number(row, _INPUT, operator.input_bytes)
    page.number(row, _OUTPUT_BYTES, operator.output_bytes)
    page.foreign(row, _NOTE, operator.note, _REMARK)


def write_tensors(page: Page, models: Sequence[BenchedModel], labels: Sequence[str]) -> None:
    """A row a tensor, constants and inputs included."""
    _prepare(page, "Tensors", _TENSOR_HEADS)
    row, left_out, sizes = TOP, 0, []
    for place, model in enumerate(models):
        room = MOST_ROWS + TOP - row
        listed = model.tensors[: max(room, 0)]
        left_out += len(model.tensors) - len(listed)
        for tensor in listed:
            page.foreign(row, 0, labels[place])
            page.number(row, 1, tensor.subgraph, CENTRED)
            page.number(row, 2, tensor.index, CENTRED)
            page.foreign(row, 3, tensor.name)
            page.text(row, 4, " x ".join(map(str, tensor.shape)) or "scalar")
            page.foreign(row, 5, tensor.dtype)
            page.foreign(row, 6, tensor.kind)
            uses = (
                ("input", tensor.is_input),
                ("output", tensor.is_output),
                ("variable", tensor.is_variable),
                ("unused", not tensor.is_used),
            )
            page.text(row, 7, ", ".join(use for use, is_so in uses if is_so))
            page.number(row, _TENSOR_SIZE, tensor.bytes)
            page.text(row, 9, "yes" if tensor.is_dynamic else "", CENTRED)
            sizes.append(tensor.bytes)
            row += 1
    _sum_above(page, _TENSOR_SIZE, row, sizes, COUNT)
    _finish(page, row, len(_TENSOR_HEADS), left_out)


def _prepare(page: Page, title: str, heads: Sequence[tuple[str, float]]) -> None:
    page.widths([width for _, width in heads])
    page.text(0, 0, title, HEADING)
    page.text(_SUMS, 0, "Sum of the rows shown", NOTE)
    for column, (head, _) in enumerate(heads):
        page.text(_HEADS, column, head, HEAD)
    page.sheet.set_row(0, 22)
    page.sheet.set_row(_HEADS, 30)
    page.sheet.freeze_panes(TOP, 1)
    page.sheet.repeat_rows(_HEADS)


def _sum_above(page: Page, column: int, end: int, figures: Sequence[float], look: Look) -> None:
    """A sum of what a filter leaves; 109 is the sum without hidden rows."""
    if end > TOP:
        formula = f"=SUBTOTAL(109,{area(TOP, end - 1, column)})"
        page.formula(_SUMS, column, formula, sum(figures), dataclasses.replace(look, bold=True))


def _finish(page: Page, end: int, columns: int, left_out: int) -> None:
    page.printed(max(end - 1, _HEADS), columns - 1)
    if end > TOP:
        page.sheet.autofilter(_HEADS, 0, end - 1, columns - 1)
    if left_out:
        page.text(0, 3, f"{left_out:,} more rows are left out; --export FILE.json has all.", PLAIN)
