"""What `tflint bench` measured as GitHub-flavoured Markdown, for pull requests and model cards.

The table of the models first, then what could not be measured; the rest is folded away, model by
model, and cut where a comment on GitHub ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tflint.printable import counted, printable
from tflint.report.accuracy_result import Accuracy
from tflint.report.bench_columns import Column, columns
from tflint.report.bench_result import BenchedModel, BenchReport
from tflint.report.bench_wording import (
    MARKS,
    baseline_text,
    headline,
    interval_text,
    machine_text,
    marks,
    marks_of_application,
    model_names,
    noise_text,
    noisy_text,
    number_text,
    percent_figure,
    samples_text,
    total_text,
    us_text,
)
from tflint.report.gfm import cell, code, prose
from tflint.report.reference_wording import accuracy_notes, reference_notes
from tflint.report.wording import capital

# GitHub takes 65,536 characters in a comment; some of them close the document.
MAX_CHARACTERS = 65_000
_CLOSING_ROOM = 300
_MAX_TABLE = 30_000
_MAX_TEXT = 1000
# Classes, the side of a confusion matrix, operators and tensors of a model that are shown.
_CLASSES, _MATRIX, _OPERATORS = 40, 12, 20


def render(report: BenchReport) -> str:
    """The document, at most `MAX_CHARACTERS` long, ending in a newline."""
    kept, room = [], MAX_CHARACTERS - _CLOSING_ROOM
    for block in _blocks(report):
        room -= len(block)
        if room < 0:
            kept.append("\n_The rest does not fit: `--export report.json` has everything._\n")
            break
        kept.append(block)
    return "".join(kept)


def _blocks(report: BenchReport) -> Iterator[str]:
    """The parts of the document that are shown as a whole or not at all."""
    names = [code(name) for name in model_names(report.models)]
    yield f"## tflint bench\n\n{_prose(capital(headline(report)))}.\n"
    if report.models:
        yield _summary(report, names)
    failures = [
        f"- {name}: {_prose(one.part)}: {_prose(one.text)}\n"
        for name, model in zip(names, report.models, strict=True)
        for one in model.failures
    ]
    if failures:
        yield "\n### Not measured\n\n"
        yield from failures
    yield f"\nMeasured on {_prose(machine_text(report.machine))}, {_prose(report.started)}.\n"
    notes = [*report.machine.notes, noisy_text(report.models)]
    for note in filter(None, notes):
        yield f"\n- note: {_prose(note)}\n"
    for name, model in zip(names, report.models, strict=True):
        details = "".join(_details(model))
        if details:
            yield f"\n### {name}\n{details}"


def _summary(report: BenchReport, names: Sequence[str]) -> str:
    """The table, as many models as it has room for; the best figures are bold."""
    shown = columns(report)
    best, here = marks(report.models), marks_of_application(report.models)
    titles = [f"{one.title} {_cell(one.of)}".strip() for one in shown]
    lines = [
        _row(["model", *titles]),
        _row(["---", *("---:" if column.is_figure else "---" for column in shown)]),
    ]
    for place, (name, model) in enumerate(zip(names, report.models, strict=True)):
        cells = [_figure(column, model, best[place], here[place]) for column in shown]
        lines.append(_row([cell(name), *cells]))
    text, left = "\n", len(lines)
    for line in lines:
        if len(text) + len(line) > _MAX_TABLE:
            break
        text += line
        left -= 1
    if left:
        text += f"\nand {counted(left, 'more model')}\n"
    given = [what for what in MARKS if any(what in marked for marked in best)]
    if given:
        text += f"\nBold: {', '.join(given)} of all"
        text += "; in italics, of its application.\n" if any(here) else ".\n"
    return text


def _figure(
    column: Column, model: BenchedModel, best: Sequence[str], of_application: Sequence[str]
) -> str:
    text = column.text(model)
    if not column.is_figure:
        return _cell(text)
    if column.best in best:
        return f"**{text}**"
    return f"_{text}_" if column.best in of_application else text


def _details(model: BenchedModel) -> Iterator[str]:
    """What is folded away below a model's name."""
    parts = [
        ("latency", "".join(_latency(model))),
        ("accuracy", "" if model.accuracy is None else "".join(_classes(model.accuracy))),
        ("original", "".join(_reference(model))),
        (counted(len(model.operators), "operator"), _operators(model)),
        ("runtimes", "".join(_reasons(model))),
        ("notes", "".join(f"- note: {_prose(note)}\n" for note in model.notes)),
    ]
    held = [(title, text) for title, text in parts if text]
    if held:
        titles = capital(", ".join(title for title, _ in held))
        content = "\n".join(text for _, text in held)
        yield f"\n<details><summary>{titles}</summary>\n\n{content}\n</details>\n"


def _latency(model: BenchedModel) -> Iterator[str]:
    found = model.latency
    if found is None:
        return
    figures = {
        "initialisation": found.init,
        "first": found.first,
        "warm-up": found.warmup_avg,
        "average": found.avg,
        "p50": found.p50,
        "p95": found.p95,
        "least": found.least,
        "most": found.most,
    }
    yield _row([f"{title} (µs)" for title in figures])
    yield _row(["---:"] * len(figures))
    yield _row([us_text(us) for us in figures.values()])
    noise = f"; {noise_text(model.noise)}" if model.noise else ""
    yield f"\nOf {counted(found.runs, 'run')}{noise}.\n"


def _reference(model: BenchedModel) -> Iterator[str]:
    """What a reference model is held against."""
    for said in () if model.reference is None else reference_notes(model.reference):
        yield f"- {_prose(capital(said))}.\n"


def _classes(accuracy: Accuracy) -> Iterator[str]:
    """What of which data, each class, and which classes are taken for which."""
    yield f"Right: {_prose(samples_text(accuracy))}; {_prose(accuracy.decision)}.\n"
    held = baseline_text(accuracy)
    if held:
        yield f"To compare: {_prose(held)}.\n"
    for said in accuracy_notes(accuracy):
        yield f"\n{_prose(capital(said))}.\n"
    if not accuracy.classes:
        return
    shown = accuracy.classes[:_CLASSES]
    yield "\n" + _row(["class", "samples", "right", "recall (%)", "interval", "precision (%)"])
    yield _row(["---", "---:", "---:", "---:", "---:", "---:"])
    for score in shown:
        known = score.recall is not None
        interval = interval_text(score.low, score.high) if known else ""
        yield _row(
            [
                _cell(score.label) or "-",
                f"{score.n:,}",
                f"{score.correct:,}",
                percent_figure(score.recall),
                interval,
                percent_figure(score.precision),
            ]
        )
    yield _more(len(accuracy.classes) - len(shown), "more class")
    if 0 < len(accuracy.confusion) <= _MATRIX:
        labels = [_cell(score.label) or "-" for score in accuracy.classes]
        yield "\n" + _row(["is \\ taken for", *labels])
        yield _row(["---", *["---:"] * len(labels)])
        for label, counts in zip(labels, accuracy.confusion, strict=True):
            yield _row([label, *(f"{count:,}" for count in counts)])


def _operators(model: BenchedModel) -> str:
    """The operators that take most time, or as the model has them where that is not known."""
    operators = model.operators
    if not operators:
        return ""
    slowest = sorted(operators, key=lambda operator: -(operator.us_avg or 0))[:_OPERATORS]
    lines = [
        _row(["#", "operator", "µs", "MACs", "weights (bytes)", "output (bytes)"]),
        _row(["---:", "---", "---:", "---:", "---:", "---:"]),
    ]
    for operator in slowest:
        at = f"{operator.subgraph}:{operator.index}" if operator.subgraph else f"{operator.index}"
        lines.append(
            _row(
                [
                    at,
                    cell(_code(operator.name)),
                    us_text(operator.us_avg),
                    f"{operator.macs:,}",
                    f"{operator.weight_bytes:,}",
                    f"{operator.output_bytes:,}",
                ]
            )
        )
    total = model.operator_total
    said = "" if total is None else f"\nOperators: {_prose(total_text(total))}.\n"
    return "".join(lines) + _more(len(operators) - len(slowest), "more operator") + said


def _reasons(model: BenchedModel) -> Iterator[str]:
    """Why runtimes do not take the model, or what they take."""
    for use in model.runtimes:
        of = f"- {_code(use.runtime)} for {_code(use.target)}: "
        if use.reason is not None:
            yield f"{of}does not run: {_prose(use.reason)}\n"
        else:
            ram, flash = number_text(use.ram_bytes), number_text(use.flash_bytes)
            yield f"{of}RAM {ram} bytes, flash {flash} bytes\n"


def _more(count: int, noun: str) -> str:
    return f"\nand {counted(count, noun)}\n" if count > 0 else ""


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _cell(text: str | None) -> str:
    return cell(_code(text)) if text else ""


def _prose(text: str) -> str:
    return prose(printable(text, _MAX_TEXT))


def _code(text: str) -> str:
    return code(printable(text, _MAX_TEXT))
