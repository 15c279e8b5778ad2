"""All that `tflint bench` measured of one model, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tflint.printable import counted, printable
from tflint.report.accuracy_result import Accuracy, ClassScore
from tflint.report.bench_refusals import is_for_others, reason_key, runtime_title
from tflint.report.bench_result import BenchedModel, Latency, RuntimeUse, TensorRow, shares
from tflint.report.bench_wording import (
    UNKNOWN,
    baseline_text,
    interval_text,
    noise_text,
    number_text,
    percent_figure,
    samples_text,
    us_text,
)
from tflint.report.reference_wording import accuracy_notes, reference_notes
from tflint.report.style import Line, Span, line, wrap
from tflint.report.text_table import Column, fitted
from tflint.report.wording import path_text

# Rows of each table that are listed; a network for a microcontroller has fewer.
SHOWN = 40
# More columns than this, and a confusion matrix is told by what was confused.
_MOST_CLASSES = 12
_MOST_CONFUSIONS = 10
_LABEL = 10


def details_of(model: BenchedModel, width: int) -> Iterator[Line]:
    """The model, line by line, none longer than `width`."""
    yield from _wrapped(path_text(model.path), width, "", "path")
    yield from _wrapped(_subject(model), width, "  ", "dim")
    for failure in model.failures:
        text = f"{failure.part} was not measured: {printable(failure.text, 1000)}"
        yield from _wrapped(text, width, "  ", "error")
    rows = [*_figures(model)]
    if rows:
        yield line()
    for label, text, role in rows:
        start = f"  {label:<{_LABEL}}  "
        head, *more = wrap(text, width, " " * len(start))
        yield line(Span(start, "dim"), Span(head[len(start) :], role))
        for part in more:
            yield line(Span(part, role))
    for note in model.notes:
        yield from _wrapped(f"note: {printable(note, 1000)}", width, "  ", "dim")
    yield from _operators(model, width)
    yield from _tensors(model, width)
    if model.accuracy is not None:
        yield from _classes(model.accuracy, width)
        yield from _confusion(model.accuracy, width)


def _wrapped(text: str, width: int, indent: str, role: str = "") -> Iterator[Line]:
    for part in wrap(text, width, indent):
        yield line(Span(part, role))


def _subject(model: BenchedModel) -> str:
    parts = [model.quantization] if model.quantization else []
    parts.append(f"{model.file_bytes:,} B")
    if model.weights is not None:
        parts.append(f"{counted(model.weights.count, 'weight')} in {model.weights.bytes:,} B")
    if model.macs is not None:
        parts.append(f"{model.macs:,} MACs")
    if model.application is not None:
        parts.append(model.application)
    return ", ".join(parts)


def _figures(model: BenchedModel) -> Iterator[tuple[str, str, str]]:
    """What it comes to: a label, the figures, their role."""
    if model.latency is not None:
        yield "latency", _times(model.latency), ""
        yield "", _beginnings(model.latency), ""
    if model.noise is not None:
        yield "noise", noise_text(model.noise), "warning" if model.noise.is_noisy else ""
    if model.accuracy is not None:
        accuracy = model.accuracy
        share = percent_figure(accuracy.value)
        yield "accuracy", f"{share} % ({interval_text(accuracy.low, accuracy.high)} at 95 %)", ""
        yield "", f"{samples_text(accuracy)}; {printable(accuracy.decision, 200)}", ""
        yield from _compared(accuracy)
    for text in () if model.reference is None else reference_notes(model.reference):
        yield "", text, ""
    if model.dynamic_bytes is not None:
        made = sum(tensor.is_dynamic for tensor in model.tensors)
        yield "dynamic", f"{model.dynamic_bytes:,} B in {counted(made, 'tensor')}", ""
    yield from _runtimes(model.runtimes)


def _compared(accuracy: Accuracy) -> Iterator[tuple[str, str, str]]:
    """Where and when the accuracy was measured, and what one figure does not tell."""
    for text in (*accuracy_notes(accuracy), baseline_text(accuracy)):
        if text:
            yield "", text, ""


def _runtimes(uses: Sequence[RuntimeUse]) -> Iterator[tuple[str, str, str]]:
    """What each runtime takes, and why others do not: what is the same of several once."""
    refused: dict[str, list[RuntimeUse]] = {}
    for use in uses:
        if use.runnable:
            text = f"on {runtime_title(use.runtime)}: {_memory(use)} (for {printable(use.target)})"
            if use.fits is False:
                yield "runs", f"{text}, more than there is", "warning"
            else:
                yield "runs", text, "good"
        elif is_for_others(use):
            yield "", printable(use.reason or "", 400), "dim"
        else:
            refused.setdefault(reason_key(use.reason), []).append(use)
    for same in refused.values():
        titles = " and ".join(runtime_title(use.runtime) for use in same)
        reason = printable(same[0].reason or "it is refused", 1000)
        yield "fails", f"on {titles}: {reason}", "error"


def _times(latency: Latency) -> str:
    return (
        f"{us_text(latency.avg)} us on average, p50 {us_text(latency.p50)}, "
        f"p95 {us_text(latency.p95)}, {us_text(latency.least)} to {us_text(latency.most)} "
        f"({counted(latency.runs, 'run')})"
    )


def _beginnings(latency: Latency) -> str:
    parts = [f"initialisation {us_text(latency.init)}", f"first inference {us_text(latency.first)}"]
    if latency.warmup_avg is not None:
        parts.append(f"warm-up {us_text(latency.warmup_avg)} ({latency.warmup_runs:,})")
    return ", ".join(parts)


def _memory(use: RuntimeUse) -> str:
    """`arena 31,140 B, RAM 32,916 B, flash 48,236 B`."""
    figures = (
        ("arena", use.min_arena_bytes),
        ("RAM", use.ram_bytes),
        ("flash", use.flash_bytes),
    )
    return ", ".join(f"{what} {size:,} B" for what, size in figures if size is not None)


# Tables


def _section(title: str, summary: str, width: int) -> Iterator[Line]:
    yield line()
    text = f"  {title}  {summary}" if summary else f"  {title}"
    if len(text) <= width:
        yield line("  ", Span(title, "path"), f"  {summary}" if summary else "")
    else:
        yield line("  ", Span(title, "path"))
        yield from _wrapped(summary, width, "    ")


def _table(names: Column, columns: Sequence[Column], width: int) -> Iterator[Line]:
    table = fitted(names, columns, width, indent=4)
    yield table.heading
    yield from table.rows


def _more(count: int) -> Iterator[Line]:
    if count > 0:
        yield line("    ", Span(f"and {count:,} more; `--format json` has all", "dim"))


def _operators(model: BenchedModel, width: int) -> Iterator[Line]:
    operators = model.operators
    if not operators:
        return
    yield from _section("operators", _operator_summary(model), width)
    shown = operators[:SHOWN]
    if len(operators) > SHOWN:
        # Those that cost most, in the order in which they run.
        cost = {id(one): (one.us_avg or 0.0, one.macs) for one in operators}
        chosen = {id(one) for one in sorted(operators, key=lambda o: cost[id(o)])[-SHOWN:]}
        shown = tuple(one for one in operators if id(one) in chosen)
    share_of = {id(one): _share(part) for one, part in zip(operators, shares(model), strict=True)}
    columns = [
        Column("makes", [Span(printable(one.output, 24)) for one in shown], 4, is_text=True),
        Column("us", [Span(us_text(one.us_avg)) for one in shown]),
        Column("share", [Span(share_of[id(one)]) for one in shown], 1),
        Column("MACs", [Span(number_text(one.macs)) for one in shown], 2),
        Column("weight B", [Span(number_text(one.weight_bytes)) for one in shown], 3),
        Column("in B", [Span(number_text(one.input_bytes)) for one in shown], 6),
        Column("out B", [Span(number_text(one.output_bytes)) for one in shown], 5),
    ]
    several = any(one.subgraph for one in operators)
    names = Column(
        "operator",
        [Span(printable(one.name)) for one in shown],
        is_text=True,
        numbers=[_number(one.subgraph, one.index, several=several) for one in shown],
    )
    yield from _table(names, columns, width)
    yield from _more(len(operators) - len(shown))
    for note in dict.fromkeys(one.note for one in operators if one.note):
        yield from _wrapped(printable(note, 400), width, "    ", "dim")


def _number(subgraph: int, index: int, *, several: bool) -> str:
    """`#3 `, or `#1:3 ` where there are several subgraphs."""
    return f"#{subgraph}:{index} " if several else f"#{index} "


def _share(part: float | None) -> str:
    return UNKNOWN if part is None else f"{100 * part:.1f} %"


def _operator_summary(model: BenchedModel) -> str:
    total = model.operator_total
    if total is None:
        return "" if any(one.us_avg is not None for one in model.operators) else "not timed"
    call = f", {us_text(total.call_us)} us the call" if total.call_us else ""
    text = f"{us_text(total.us)} us in all, each timed alone{call}; "
    text += f"{us_text(total.whole_us)} us together"
    if total.timed < total.operators:
        text += f" ({total.timed:,} of {total.operators:,} timed)"
    return text


def _tensors(model: BenchedModel, width: int) -> Iterator[Line]:
    tensors = model.tensors
    if not tensors:
        return
    constants = sum(tensor.kind == "constant" for tensor in tensors)
    summary = f"{constants:,} constant, {len(tensors) - constants:,} others"
    yield from _section("tensors", summary, width)
    shown = tensors
    if len(tensors) > SHOWN:
        chosen = {id(one) for one in sorted(tensors, key=lambda one: one.bytes)[-SHOWN:]}
        shown = tuple(one for one in tensors if id(one) in chosen)
    columns = [
        Column("shape", [Span(_shape(one)) for one in shown], 2, is_text=True),
        Column("type", [Span(one.dtype) for one in shown], 1, is_text=True),
        Column("bytes", [Span(number_text(one.bytes)) for one in shown]),
        Column("kind", [Span(_kind(one)) for one in shown], 3, is_text=True),
    ]
    several = any(one.subgraph for one in tensors)
    names = Column(
        "tensor",
        [Span(printable(one.name, 400)) for one in shown],
        is_text=True,
        numbers=[_number(one.subgraph, one.index, several=several) for one in shown],
    )
    yield from _table(names, columns, width)
    yield from _more(len(tensors) - len(shown))


def _shape(tensor: TensorRow) -> str:
    sizes = list(map(str, tensor.shape[:6])) + ["..."] * (len(tensor.shape) > 6)
    return " x ".join(sizes) or "scalar"


def _kind(tensor: TensorRow) -> str:
    if tensor.is_input or tensor.is_output:
        return " and ".join(
            word
            for word, is_so in (("input", tensor.is_input), ("output", tensor.is_output))
            if is_so
        )
    return "variable" if tensor.is_variable else tensor.kind


def _classes(accuracy: Accuracy, width: int) -> Iterator[Line]:
    classes = accuracy.classes
    if not classes:
        return
    yield from _section("classes", "", width)
    shown = classes[:SHOWN]
    columns = [
        Column("samples", [Span(number_text(one.n)) for one in shown], 1),
        Column("found", [Span(number_text(one.correct)) for one in shown], 2),
        Column("recall %", [Span(percent_figure(one.recall)) for one in shown]),
        Column("95 %", [Span(_interval(one), "dim") for one in shown], 4),
        Column("precision %", [Span(percent_figure(one.precision)) for one in shown], 3),
    ]
    names = [Span(printable(one.label) or "(no name)") for one in shown]
    yield from _table(Column("class", names, is_text=True), columns, width)
    yield from _more(len(classes) - len(shown))


def _interval(score: ClassScore) -> str:
    return f"{100 * score.low:.1f}-{100 * score.high:.1f}" if score.n else ""


def _confusion(accuracy: Accuracy, width: int) -> Iterator[Line]:
    matrix, labels = accuracy.confusion, [one.label for one in accuracy.classes]
    if not matrix or len(matrix) != len(labels):
        return
    names = [printable(label) or "(no name)" for label in labels]
    columns = [
        Column(
            f"({place})",
            [
                Span(f"{row[place]:,}", "good" if place == i else "error" if row[place] else "dim")
                for i, row in enumerate(matrix)
            ],
        )
        for place in range(len(matrix))
    ]
    taken = sum(column.width + 2 for column in columns)
    if len(matrix) <= _MOST_CLASSES and taken + 30 <= width:
        yield from _section(
            "confusion matrix", "a row a class, in columns what it was taken for", width
        )
        rows = [Span(f"({i}) {name}") for i, name in enumerate(names)]
        yield from _table(Column("class", rows, is_text=True), columns, width)
        return
    confused = sorted(
        (
            (count, truth, taken_for)
            for truth, row in enumerate(matrix)
            for taken_for, count in enumerate(row)
            if count and truth != taken_for
        ),
        key=lambda one: (-one[0], one[1:]),
    )
    if confused:
        yield from _section("confused most often", "", width)
    for count, truth, taken_for in confused[:_MOST_CONFUSIONS]:
        text = f"{count:,} of {names[truth]} taken for {names[taken_for]}"
        yield from _wrapped(text, width, "    ")
    yield from _more(len(confused) - _MOST_CONFUSIONS)
