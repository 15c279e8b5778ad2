"""What `tflint bench` measured as GitHub-flavoured Markdown, for pull requests and model cards.

The table of the models first, then what could not be measured; the rest is folded away, model by
model, and cut where a comment on GitHub ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from tflint.printable import counted, printable
from tflint.report.bench_result import Accuracy, BenchedModel, BenchReport, OperatorRow
from tflint.report.bench_wording import (
    accuracy_text,
    headline,
    interval_text,
    machine_text,
    marks,
    model_names,
    noise_text,
    noisy_text,
    number_text,
    percent_figure,
    runtime_names,
    runtime_of,
    samples_text,
    us_text,
)
from tflint.report.gfm import cell, code, prose

# GitHub takes 65,536 characters in a comment; some of them close the document.
MAX_CHARACTERS = 65_000
_CLOSING_ROOM = 300
_MAX_TABLE = 30_000
_MAX_TEXT = 1000
# Classes, the side of a confusion matrix, operators and tensors of a model that are shown.
_CLASSES, _MATRIX, _OPERATORS = 40, 12, 20

_Column = tuple[str, bool, Callable[[BenchedModel], str]]


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
    yield f"## tflint bench\n\n{_prose(_capital(headline(report)))}.\n"
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
    noisy = noisy_text(report.models)
    if noisy:
        yield f"\n- note: {_prose(noisy)}\n"
    for name, model in zip(names, report.models, strict=True):
        details = "".join(_details(model))
        if details:
            yield f"\n### {name}\n{details}"


def _summary(report: BenchReport, names: Sequence[str]) -> str:
    """The table; what is the best of a column is bold, and a column nobody has a figure in is
    left out.
    """
    columns = [column for column in _columns(report) if any(map(column[2], report.models))]
    best = marks(report.models)
    bold = {"file (bytes)": "smallest", "avg (µs)": "fastest", "accuracy": "most accurate"}
    rows = [
        ("model", *(title for title, _, _ in columns)),
        ("---", *("---:" if is_figure else "---" for _, is_figure, _ in columns)),
    ]
    for name, model, marked in zip(names, report.models, best, strict=True):
        cells = [cell(name)]
        for title, _, text in columns:
            shown = text(model)
            cells.append(f"**{shown}**" if shown and bold.get(title) in marked else shown)
        rows.append(tuple(cells))
    text, left = "\n", len(rows)
    for row in rows:
        if len(text) > _MAX_TABLE:
            break
        text += _row(row)
        left -= 1
    if left:
        text += f"\nand {counted(left, 'more model')}\n"
    chosen = [f"{mark} {title.partition(' ')[0]}" for title, mark in bold.items()]
    if any(best):
        text += f"\nBold: the {chosen[0].split()[0]}, the {chosen[1].split()[0]} and the most accurate.\n"
    return text


def _columns(report: BenchReport) -> list[_Column]:
    """Titles, whether they are figures, and the cell's Markdown of a model."""

    def plain(text: str | None) -> str:
        return "" if text is None else cell(_prose(text))

    def figure(number: int | None) -> str:
        return "" if number is None else number_text(number)

    def arena(model: BenchedModel, runtime: str) -> str:
        use = runtime_of(model, runtime)
        if use is None:
            return ""
        return figure(use.min_arena_bytes) if use.runnable else "does not run"

    return [
        ("quantisation", False, lambda model: plain(model.quantization)),
        ("file (bytes)", True, lambda model: figure(model.file_bytes)),
        ("weights", True, lambda model: figure(model.weights and model.weights.count)),
        ("weights (bytes)", True, lambda model: figure(model.weights and model.weights.bytes)),
        ("dynamic (bytes)", True, lambda model: figure(model.dynamic_bytes)),
        ("MACs", True, lambda model: figure(model.macs)),
        ("avg (µs)", True, lambda model: us_text(model.latency.avg) if model.latency else ""),
        ("p95 (µs)", True, lambda model: us_text(model.latency.p95) if model.latency else ""),
        ("accuracy", True, lambda model: accuracy_text(model.accuracy) if model.accuracy else ""),
        *(
            (f"arena {code(printable(name))}", True, lambda model, name=name: arena(model, name))
            for name in runtime_names(report.models)
        ),
    ]
