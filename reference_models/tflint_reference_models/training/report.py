"""What a call of `tflint train` came to, and what a terminal shows of it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tflint.printable import printable
from tflint.report.style import Line, Span, line, plain, wrap
from tflint.report.text_table import Column, fitted
from tflint_reference_models.applications import application
from tflint_reference_models.training.figures import TARGET
from tflint_reference_models.training.forms import SHIPPED
from tflint_reference_models.training.percent import interval_text, percent
from tflint_reference_models.training.results import FormResult, Result

WIDTH = 100
_UNKNOWN = "-"
_MAX_REASON = 300


@dataclass(frozen=True, slots=True)
class TrainReport:
    """The results of a call, the folder they are in, and the files that were written."""

    application: str
    output: Path
    results: tuple[Result, ...]
    files: tuple[str, ...]

    def lines(self) -> Iterator[Line]:
        """A table for each experiment, where the files are, and what to do with them; none longer
        than 100 columns but those to be copied.
        """
        of = application(self.application)
        for name in dict.fromkeys(result.experiment for result in self.results):
            yield line(Span(f"{of.title}, {of.experiment(name).title}", "path"))
            yield from _table([one for one in self.results if one.experiment == name])
            yield ()
        written = f"wrote {_shown(self.output)}: {', '.join(self.files)}"
        yield from (line(text) for text in wrap(written, WIDTH, ""))
        for path in self.files:
            if path == f"{self.application}_{SHIPPED}.tflite":
                model = shlex.quote(_shown(self.output / path))
                yield line(f"next: tflint check {model} --target {TARGET}")
                yield line(f"      tflint bench {shlex.quote(_shown(self.output))}")

    def summary(self) -> str:
        """The same without colours."""
        return plain(self.lines())


def _shown(path: Path) -> str:
    return printable(str(path), 400)


def _table(results: Sequence[Result]) -> Iterator[Line]:
    rows = [(result, form) for result in results for form in result.forms]
    names = [Span(f"{result.network}, {form.form}") for result, form in rows]
    forms = [form for _, form in rows]
    tests = [form.test for form in forms]
    columns = (
        _column("right", [percent(test.accuracy) for test in tests]),
        _column("95 %", [interval_text(test.interval) for test in tests], 3),
        _column("mean recall", [percent(test.balanced) for test in tests], 4),
        _column("of", [f"{test.n:,}" for test in tests], 2),
        _column("weights", [f"{form.weight_bytes:,}" for form in forms]),
        _column("file", [f"{form.file_bytes:,}" for form in forms], 1),
        _column("arena", [_arena(form) for form in forms]),
        Column("runs", [_runs(form) for form in forms], is_text=True),
    )
    if rows:
        table = fitted(Column("", names, is_text=True), columns, WIDTH)
        yield table.heading
        yield from table.rows
        yield line(Span(f"  sizes in bytes; arena and runs on {TARGET}", "dim"))
    for result in results:
        for refused in result.refused:
            why = printable(refused.reason, _MAX_REASON)
            text = f"{result.network}: no {refused.form}: {why}"
            yield from (line(Span(part, "warning")) for part in wrap(text, WIDTH, "  "))


def _column(title: str, cells: Sequence[str], rank: int = 0) -> Column:
    return Column(title, [Span(cell) for cell in cells], rank)


def _arena(form: FormResult) -> str:
    use = form.figures.use
    if use.refusal is not None or use.min_arena_bytes is None:
        return _UNKNOWN
    return f"{use.min_arena_bytes:,}"


def _runs(form: FormResult) -> Span:
    return Span("yes", "good") if form.figures.use.refusal is None else Span("no", "warning")
