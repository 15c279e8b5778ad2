"""The table of the reference models, grouped by application, beside what the original has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tflint.printable import counted, printable
from tflint.report.bench_result import BenchedModel
from tflint.report.bench_text_columns import DISTURBED, TOO_LARGE, arena_columns
from tflint.report.bench_wording import UNKNOWN, number_text, percent_figure, us_text
from tflint.report.reference_result import Reference
from tflint.report.reference_wording import (
    HOW_TO_MEASURE,
    PUBLISHED,
    SAME_DATA,
    files_text,
    further_text,
    kilobytes_text,
    recorded_text,
    same_data_text,
    two_class_text,
)
from tflint.report.style import Line, Span, line, text_width, wrap
from tflint.report.text_table import Column, fitted

RECORDED = "r"
_SHOWN_FORM = "int8"


def reference_table(models: Sequence[BenchedModel], width: int) -> Iterator[Line]:
    """Reference models only, in the order in which they were measured."""
    held = [(model, model.reference) for model in models if model.reference is not None]
    yield from _wrapped(_headline(models), width, "")
    table = fitted(
        Column("form", [Span(printable(of.form, 40)) for _, of in held], is_text=True),
        list(_columns(held)),
        width,
    )
    yield table.heading
    title = ""
    for row, (_, of) in zip(table.rows, held, strict=True):
        if of.title != title:
            title = of.title
            yield from _title(of, width)
        yield row
    yield from _legend(held, width)
    if table.left_out:
        left = f"no room for {', '.join(table.left_out)}: see --details, or --format json"
        yield from _wrapped(left, width, "  ", "dim")
    yield from _accuracies(held, width)


def _headline(models: Sequence[BenchedModel]) -> str:
    targets = {printable(use.target) for model in models for use in model.runtimes}
    arena = f", arena for {targets.pop()}" if len(targets) == 1 else ""
    return f"{counted(len(models), 'reference model')}, beside the original project's{arena}"


def _title(of: Reference, width: int) -> Iterator[Line]:
    title, summary = printable(of.title, 100), printable(of.summary, 200).rstrip(".")
    if text_width(title) + 2 + text_width(summary) <= width:
        yield line(Span(title, "path"), Span(f"  {summary}", "dim"))
        return
    yield from _wrapped(title, width, "", "path")
    yield from _wrapped(summary, width, "  ", "dim")


def _columns(held: Sequence[tuple[BenchedModel, Reference]]) -> Iterator[Column]:
    models = [model for model, _ in held]
    files = [number_text(model.file_bytes or None) for model in models]
    yield Column("file B", [Span(text) for text in files], 5)
    sizes = [number_text(model.weights.bytes if model.weights else None) for model in models]
    yield Column("weight B", [Span(text) for text in sizes])
    yield from arena_columns(models)
    if any(model.latency for model in models):
        yield Column("avg us", [_time(model) for model in models], 3)
    yield Column("accuracy", [_accuracy(model) for model in models])
    yield Column("95 %", [Span(_interval(model), "dim") for model in models], 4)
    balanced = [
        percent_figure(model.accuracy.balanced) if model.accuracy else UNKNOWN for model in models
    ]
    yield Column("balanced", [Span(text) for text in balanced], 2)
    yield Column("publ. KB", [_published_kilobytes(of) for _, of in held])
    yield Column("publ. %", [_published_accuracy(of) for _, of in held])
    if any(of.baseline for _, of in held):
        yield Column("same data", [_baseline(of) for _, of in held], 1)


def _time(model: BenchedModel) -> Span:
    is_noisy = model.noise is not None and model.noise.is_noisy
    sign = DISTURBED if is_noisy else " "
    text = us_text(model.latency.avg if model.latency else None)
    return Span(text + sign, "warning" if is_noisy else "")


def _accuracy(model: BenchedModel) -> Span:
    accuracy = model.accuracy
    if accuracy is None:
        return Span(f"{UNKNOWN} ")
    sign = RECORDED if accuracy.recorded else " "
    return Span(f"{percent_figure(accuracy.value)} %{sign}", "" if accuracy.recorded else "good")


def _interval(model: BenchedModel) -> str:
    accuracy = model.accuracy
    return f"{100 * accuracy.low:.1f}-{100 * accuracy.high:.1f}" if accuracy else ""


def _published_kilobytes(of: Reference) -> Span:
    return Span(kilobytes_text(of.published) if of.published else UNKNOWN, "dim")


def _published_accuracy(of: Reference) -> Span:
    return Span(percent_figure(of.published.accuracy) if of.published else UNKNOWN, "dim")


def _baseline(of: Reference) -> Span:
    return Span(percent_figure(of.baseline.accuracy.value) if of.baseline else UNKNOWN, "dim")


def _legend(held: Sequence[tuple[BenchedModel, Reference]], width: int) -> Iterator[Line]:
    if any(use.fits is False and use.runnable for model, _ in held for use in model.runtimes):
        yield line(Span(f"  {TOO_LARGE} takes more RAM or flash than the target has", "dim"))
    yield from _wrapped(PUBLISHED, width, "  ", "dim")
    if any(of.baseline for _, of in held):
        yield from _wrapped(SAME_DATA, width, "  ", "dim")


def _accuracies(held: Sequence[tuple[BenchedModel, Reference]], width: int) -> Iterator[Line]:
    """Of each application what its accuracy was measured on, and when."""
    shown: dict[str, tuple[BenchedModel, Reference]] = {}
    for model, of in held:
        if model.accuracy is not None and (of.title not in shown or of.form == _SHOWN_FORM):
            shown[of.title] = (model, of)
    if not shown:
        return
    yield line()
    is_recorded = any(model.accuracy and model.accuracy.recorded for model, _ in held)
    if is_recorded:
        yield line(Span(f"accuracy ({RECORDED}: as recorded, not measured here)", "path"))
        yield from _wrapped(HOW_TO_MEASURE, width, "  ", "dim")
    else:
        yield line(Span("accuracy", "path"))
    for model, of in shown.values():
        first, *more = _said(model, of)
        yield from _wrapped(first, width, "  ")
        for text in more:
            yield from _wrapped(text, width, "    ", "dim")


def _said(model: BenchedModel, of: Reference) -> Iterator[str]:
    accuracy = model.accuracy
    assert accuracy is not None, "only those with an accuracy are shown"
    when = f", {recorded_text(accuracy)}" if accuracy.recorded else ""
    split = f", {printable(of.split, 100)}" if of.split else ""
    samples = counted(accuracy.n, "sample")
    yield f"{printable(of.title)}: {samples} of {files_text(accuracy)}{split}{when}"
    form = printable(of.form, 40)
    two = two_class_text(accuracy)
    if two:
        yield f"{form} {two}"
    # What was measured just now is beside what was recorded.
    is_dated = accuracy.recorded is None
    for name, found in of.further:
        yield further_text(name, found, is_dated=is_dated)
    same = same_data_text(of, is_dated=is_dated)
    if same:
        yield f"the original's network, {form}: {same}"


def _wrapped(text: str, width: int, indent: str, role: str = "") -> Iterator[Line]:
    for part in wrap(text, width, indent) if text else ():
        yield line(Span(part, role))
