"""A model's section of the page: its figures, operators, tensors, classes and its arena."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from tflint.printable import counted, percent_text, printable
from tflint.report import memory_wording
from tflint.report.accuracy_result import Accuracy
from tflint.report.bench_result import (
    BenchedModel,
    OperatorRow,
    RuntimeUse,
    TensorRow,
    WeightsUse,
    shares,
)
from tflint.report.bench_wording import (
    MAX_NAME,
    baseline_text,
    facts_text,
    interval_text,
    noise_text,
    number_text,
    percent_figure,
    ram_budget,
    samples_text,
    total_text,
    us_text,
)
from tflint.report.html_page import bullets, cell, marked_cell, table, table_of_cells
from tflint.report.memory_chart import blocks
from tflint.report.memory_drawing import KEY, drawing
from tflint.report.reference_wording import accuracy_notes, reference_notes
from tflint.report.runs_drawing import runs_drawing
from tflint.report.wording import capital

MODEL_STYLE = """
details.model { border-top: 1px solid var(--line); padding: .5rem 0 }
details.model > summary { color: var(--ink) }
details.model > div { scroll-margin-top: 3.5rem }
details.model > summary .faint { margin-left: .6em } details.model h3 { font-size: 1rem;
  margin: 1.5rem 0 .3rem } .side { display: flex; flex-wrap: wrap; gap: .5rem 3rem }
.side > * { min-width: 0; max-width: 100% } .side > .spread {
  flex: 1 1 26rem } details.model table { font-size: .9em }
td.label { min-width: 6rem } td.bar { min-width: 9rem; width: 12rem }
td.bar span { display: block; height: .8em;
  margin-top: .3em; background: var(--series-0); min-width: 1px }
table.confusion { border-collapse: separate; border-spacing: 2px } table.confusion td {
  text-align: right; padding: .25rem .6rem; border: 0; position: relative; z-index: 0 }
table.confusion td i { position: absolute; inset: 0; z-index: -1; background: var(--alarm) }
table.confusion td.right i { background: var(--good) } table.confusion th { border: 0;
  padding-right: .6rem; max-width: 12rem }
"""
# The side of the largest confusion matrix; of larger ones the most frequent mistakes are told.
_MATRIX, _MISTAKES = 24, 20
_MOST_ROWS, _MOST_BLOCKS = 300, 2000


@dataclass(frozen=True, slots=True)
class Room:
    """What a model has room for, so that a page of any number of models opens at once."""

    rows: int
    blocks: int

    @classmethod
    def of(cls, models: int) -> Room:
        """Equal shares for so many models."""
        share = max(models, 1)
        return cls(min(_MOST_ROWS, max(3000 // share, 8)), min(_MOST_BLOCKS, 6000 // share))


def model_section(
    model: BenchedModel, name: str, id: str, badges: str, room: Room, *, is_open: bool
) -> Iterator[str]:
    """The section; `badges` is HTML."""
    yield f'<details class="model"{" open" * is_open}><summary>'
    yield f'<strong>{escape(name)}</strong>{badges}<span class="faint">'
    # A link to what is inside opens the section; one to the section would only lead to it.
    yield f'{escape(printable(facts_text(model)))}</span></summary><div id="{id}">'
    for failure in model.failures:
        text = printable(f"{failure.part}: {failure.text}", 1000)
        yield f'<p class="error">{escape(text)}</p>'
    if model.notes:
        yield from bullets((printable(note, 1000) for note in model.notes), "faint")
    yield from _figures(model)
    yield from _runtimes(model)
    yield from _operators(model, room)
    if model.accuracy is not None:
        yield from _accuracy(model.accuracy, room)
    if model.reference is not None:
        yield from bullets(f"{capital(said)}." for said in reference_notes(model.reference))
    yield from _plan(model, room)
    yield from _tensors(model.tensors, room)
    yield "</div></details>"


def _figures(model: BenchedModel) -> Iterator[str]:
    weights = model.weights
    sizes = [("file", f"{model.file_bytes:,} B")]
    if weights is not None:
        sizes += [
            ("weights", f"{weights.count:,}"),
            ("weights, bytes", f"{weights.bytes:,} B"),
            *_stored(weights),
            ("dynamic tensors", f"{model.dynamic_bytes or 0:,} B"),
            ("MACs", number_text(model.macs)),
            ("tensors used", f"{sum(tensor.is_used for tensor in model.tensors):,}"),
            ("operators", f"{len(model.operators):,}"),
        ]
    if model.application is not None:
        sizes.append(("application", printable(model.application)))
    yield '<div class="side"><div>'
    yield from table((), (("", row) for row in sizes))
    yield "</div>"
    found = model.latency
    if found is not None:
        times = {
            "initialisation": found.init,
            "first inference": found.first,
            "warm-up, average": found.warmup_avg,
            "average": found.avg,
            "p50": found.p50,
            "p95": found.p95,
            "least": found.least,
            "most": found.most,
            "standard deviation": found.deviation,
        }
        yield "<div>"
        yield from table((), (("", (what, f"{us_text(us)} µs")) for what, us in times.items()))
        yield '</div><div class="spread">'
        yield f"<p>{counted(found.runs, 'run')} after {found.warmup_runs:,} to warm up</p>"
        if model.noise is not None:
            role = "warning" if model.noise.is_noisy else "faint"
            yield f'<p class="{role}">{escape(noise_text(model.noise))}</p>'
        drawn = runs_drawing(found)
        if drawn:
            yield f'<div class="scroll" tabindex="0">{drawn}</div>'
        yield "</div>"
    yield "</div>"


def _stored(weights: WeightsUse) -> Iterator[tuple[str, str]]:
    """What the file holds of the weights, where tensors share it."""
    if weights.stored_bytes is not None and weights.stored_bytes != weights.bytes:
        yield "of these stored", f"{weights.stored_bytes:,} B"


def _runtimes(model: BenchedModel) -> Iterator[str]:
    if not model.runtimes:
        return
    limit = ram_budget(model)

    def ram(use: RuntimeUse) -> str:
        text = number_text(use.ram_bytes)
        if limit is None or use.ram_bytes is None:
            return text
        return f"{text} ({percent_text(use.ram_bytes / max(limit, 1))} of {limit:,})"

    rows = []
    for use in model.runtimes:
        over = limit is not None and use.ram_bytes is not None and use.ram_bytes > limit
        answer = "runs" if use.runnable else "does not run"
        why = printable(use.reason or "", 1000) + ("does not fit its RAM" * (over and use.runnable))
        cells = cell(printable(use.runtime), "word") + cell(printable(use.target), "word")
        cells += cell(answer, "word good" if use.runnable else "word error")
        figures = (
            *(number_text(use.min_arena_bytes), number_text(use.arena_bytes)),
            *(ram(use), number_text(use.flash_bytes)),
        )
        cells += "".join(cell(text, "figure") for text in figures) + cell(why, "name")
        rows.append(("", cells))
    titles = (
        *("runtime", "target", ""),
        *("smallest arena (B)", "arena used (B)", "RAM (B)", "flash (B)", ""),
    )
    yield "<h3>Runtimes for microcontrollers</h3>"
    yield from table_of_cells(_head(titles, frozenset((3, 4, 5, 6))), rows)


def _operators(model: BenchedModel, room: Room) -> Iterator[str]:
    operators = model.operators
    if not operators:
        return
    parts = shares(model)
    most = max((part for part in parts if part is not None), default=0.0) or 1.0
    is_noted = any(operator.note for operator in operators)
    shown = operators[: room.rows]
    rows = []
    for operator, part in zip(shown, parts, strict=False):
        bar = "" if part is None else f'<span style="width:{100 * part / most:.1f}%"></span>'
        share = "" if part is None else percent_text(part)
        figures = (
            *(operator.macs, operator.weight_bytes),
            *(operator.input_bytes, operator.output_bytes),
        )
        cells = cell(_place(operator), "figure") + cell(printable(operator.name), "name")
        cells += (
            cell(us_text(operator.us_avg), "figure")
            + cell(share, "figure")
            + marked_cell(bar, "bar")
        )
        cells += "".join(cell(f"{figure:,}", "figure") for figure in figures)
        cells += cell(printable(operator.output, MAX_NAME), "name")
        cells += cell(printable(operator.note, MAX_NAME)) if is_noted else ""
        rows.append(("", cells))
    titles = (
        *("#", "operator", "µs", "share", "", "MACs", "weights (B)", "inputs (B)"),
        *("outputs (B)", "output", *(("note",) if is_noted else ())),
    )
    yield "<h3>Operators</h3>"
    yield from table_of_cells(_head(titles, frozenset((0, 2, 3, 5, 6, 7, 8))), rows)
    yield from _left(len(operators) - len(shown), "more operator")
    if model.operator_total is not None:
        yield f'<p class="faint">{escape(capital(total_text(model.operator_total)))}.</p>'


def _place(row: OperatorRow | TensorRow) -> str:
    return f"{row.subgraph}:{row.index}" if row.subgraph else f"{row.index}"


def _accuracy(accuracy: Accuracy, room: Room) -> Iterator[str]:
    yield "<h3>Accuracy</h3>"
    value = f"{percent_figure(accuracy.value)} %, {interval_text(accuracy.low, accuracy.high)}"
    yield f"<p><strong>{escape(value)}</strong>: {escape(samples_text(accuracy))}; "
    yield f"{escape(printable(accuracy.decision, MAX_NAME))}.</p>"
    held = baseline_text(accuracy)
    if held:
        yield f'<p class="faint">To compare: {escape(held)}.</p>'
    for said in accuracy_notes(accuracy):
        yield f'<p class="faint">{escape(capital(said))}.</p>'
    if not accuracy.classes:
        return
    shown = accuracy.classes[: room.rows]
    rows = []
    for score in shown:
        recall = score.recall
        bar = "" if recall is None else f'<span style="width:{100 * recall:.1f}%"></span>'
        interval = "" if recall is None else interval_text(score.low, score.high)
        figures = (f"{score.n:,}", f"{score.correct:,}", percent_figure(recall), interval)
        known = score.precision is not None
        precise = interval_text(score.precision_low, score.precision_high) if known else ""
        cells = cell(_label(score.label), "label") + "".join(
            cell(text, "figure") for text in figures
        )
        cells += marked_cell(bar, "bar") + cell(percent_figure(score.precision), "figure")
        cells += cell(precise, "figure") + cell(percent_figure(score.f1), "figure")
        rows.append(("", cells))
    titles = (
        *("class", "samples", "right", "recall (%)", "interval", ""),
        *("precision (%)", "interval", "F1 (%)"),
    )
    yield '<div class="side"><div>'
    yield from table_of_cells(_head(titles, frozenset((1, 2, 3, 4, 6, 7, 8))), rows)
    yield from _left(len(accuracy.classes) - len(shown), "more class")
    yield "</div><div>"
    labels = [_label(score.label) for score in accuracy.classes]
    if 0 < len(accuracy.confusion) <= _MATRIX:
        yield from _matrix(labels, accuracy.confusion)
    else:
        yield from _mistakes(labels, accuracy.confusion)
    yield "</div></div>"


def _matrix(labels: Sequence[str], confusion: Sequence[Sequence[int]]) -> Iterator[str]:
    """Rows are what samples are, columns what they were taken for; the share of a row colours."""
    head = cell("is \\ taken for", "", "th")
    head += "".join(cell(label, "figure", "th") for label in labels)
    rows = []
    for truth, (label, counts) in enumerate(zip(labels, confusion, strict=True)):
        whole = sum(counts) or 1
        cells = cell(label, "", "th")
        for decided, count in enumerate(counts):
            shade = f'<i style="opacity:{0.75 * count / whole:.2f}"></i>' if count else ""
            cells += marked_cell(f"{shade}{count:,}", "right" if truth == decided else "")
        rows.append(("", cells))
    yield from table_of_cells(head, rows, "confusion")


def _mistakes(labels: Sequence[str], confusion: Sequence[Sequence[int]]) -> Iterator[str]:
    pairs = [
        (count, truth, decided)
        for truth, counts in enumerate(confusion)
        for decided, count in enumerate(counts)
        if count and truth != decided
    ]
    if not pairs:
        return
    pairs.sort(key=lambda pair: (-pair[0], pair[1:]))
    yield "<p>The most frequent mistakes:</p>"
    rows = [
        ("", (labels[truth], f"{count:,}", labels[decided]))
        for count, truth, decided in pairs[:_MISTAKES]
    ]
    yield from table(("is", "samples", "taken for"), rows)


def _label(label: str) -> str:
    return printable(label) or "(no name)"


def _plan(model: BenchedModel, room: Room) -> Iterator[str]:
    plan = model.memory
    if plan is None:
        return
    yield "<h3>Plan of the arena</h3>"
    verdict, role = memory_wording.verdict(plan)
    yield f'<p class="faint">{escape(memory_wording.subject(plan))}</p>'
    yield f'<p class="{role}">{escape(verdict)}</p>'
    if len(blocks(plan)) > room.blocks:
        yield (
            "<p>Too many tensors to be drawn among so many models: "
            "<code>tflint memory MODEL --format html</code> draws them.</p>"
        )
        return
    yield f'<p class="faint">{KEY}</p>'
    yield f'<div class="scroll" tabindex="0">{drawing(plan, is_alone=False)}</div>'


def _tensors(tensors: Sequence[TensorRow], room: Room) -> Iterator[str]:
    if not tensors:
        return
    shown = tensors[: room.rows]
    yield f"<details><summary>{counted(len(tensors), 'tensor')}</summary>"
    rows = (
        (
            "",
            cell(_place(tensor), "figure")
            + cell(printable(tensor.name, MAX_NAME), "name")
            + cell(_shape_text(tensor.shape), "word")
            + cell(printable(tensor.dtype), "word")
            + cell(f"{tensor.bytes:,}", "figure")
            + cell(_kind(tensor), "word"),
        )
        for tensor in shown
    )
    titles = ("#", "name", "shape", "type", "bytes", "kind")
    yield from table_of_cells(_head(titles, frozenset((0, 4))), rows)
    yield from _left(len(tensors) - len(shown), "more tensor")
    yield "</details>"


def _shape_text(shape: Sequence[int]) -> str:
    sizes = " x ".join(map(str, shape[:8])) + (" x ..." if len(shape) > 8 else "")
    return sizes or "scalar"


def _kind(tensor: TensorRow) -> str:
    roles = {"input": tensor.is_input, "output": tensor.is_output, "variable": tensor.is_variable}
    held = [role for role, holds in roles.items() if holds]
    held += ["unused"] * (not tensor.is_used)
    return ", ".join([printable(tensor.kind), *held])


def _head(titles: Iterable[str], figures: frozenset[int]) -> str:
    return "".join(cell(text, "figure" * (i in figures), "th") for i, text in enumerate(titles))


def _left(count: int, noun: str) -> Iterator[str]:
    if count > 0:
        yield f'<p class="faint">and {counted(count, noun)}; the JSON has all</p>'
