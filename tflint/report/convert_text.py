"""What `tflint convert` did, for people: the conversion, the passes, the proof, the findings."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.printable import printable
from tflint.report.conversion_text import render_conversion
from tflint.report.convert_report import Budget, ConvertReport, Limit
from tflint.report.fix_model_text import pass_lines, proof_lines
from tflint.report.style import Line, Span, line, wrap
from tflint.report.text import render_file
from tflint.report.wording import MAX_MESSAGE, path_text

WIDTH = 100
# Of a note: runtimes can be long-winded.
_MAX_NOTE = 300


def render(report: ConvertReport) -> Iterator[Line]:
    """The report, line by line."""
    title: list[str | Span] = [Span(path_text(report.path), "path")]
    if report.output is not None:
        title.append(Span(f" -> {path_text(report.output)}", "dim"))
    yield line(*title)
    yield from render_conversion(report.conversion)
    if report.may_be_written:
        yield from pass_lines(report.passes, is_dry=False)
    if report.bytes is not None:
        yield from _wrapped(_size(report), "  ")
    if report.proof is not None and not report.conversion.refusal:
        yield from proof_lines(report.proof)
    for note in report.notes:
        yield from _wrapped(f"note: {printable(note, _MAX_NOTE)}", "  ", "dim")
    if report.checked is not None and report.may_be_written:
        yield line()
        yield from render_file(report.checked, usual=None)
        if report.budget is not None:
            yield from _budget(report.budget)
    yield line()
    yield line(_closing(report))


def _size(report: ConvertReport) -> str:
    text = f"file {report.bytes:,} bytes"
    if report.float_bytes is not None and report.float_bytes != report.bytes:
        text += f", {report.float_bytes:,} as converted to float"
    return text + ("" if report.arena is None else f"; arena {report.arena:,} bytes")


def _budget(budget: Budget) -> Iterator[Line]:
    for what, limit in (("flash", budget.flash), ("RAM", budget.ram)):
        if limit is not None:
            yield line("  ", Span(_limit(what, limit), "good" if limit.is_kept else "error"))


def _limit(what: str, limit: Limit) -> str:
    if limit.bytes is None:
        return f"{what}: cannot be told, of {limit.limit:,} bytes"
    return f"{what}: {limit.bytes:,} of {limit.limit:,} bytes"


def _closing(report: ConvertReport) -> str:
    name = printable(report.target.name)
    if not report.conversion.has_result:
        return f"not converted for {name}: nothing was written"
    if not report.may_be_written:
        return f"converted, but not as it was asked for on {name}: nothing was written"
    if report.output is None:
        return f"converted for {name}"
    return f"converted for {name}: {path_text(report.output)}"


def _wrapped(text: str, indent: str, role: str = "") -> Iterator[Line]:
    for part in wrap(printable(text, MAX_MESSAGE), WIDTH, indent):
        yield line(Span(part, role))
