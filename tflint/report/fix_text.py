"""What `tflint fix` did, for people: file by file what was repaired, what is left, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from tflint.finding import FixSafety, Location
from tflint.printable import counted, printable
from tflint.report.fix_model_text import has_news, render_model
from tflint.report.fix_result import FileFix, FixReport, LeftFinding
from tflint.report.style import Line, Span, line, wrap
from tflint.report.wording import MAX_MESSAGE, path_text, place

WIDTH = 100
INDENT = "            "
# Of a note about a model: runtimes can be long-winded.
MAX_NOTE = 300
# Places of one rule in one file that are listed.
SHOWN = 8


def render(report: FixReport, *, is_dry: bool = False) -> Iterator[Line]:
    """The report, line by line; `is_dry` for a run that writes nothing."""
    for file in report.files:
        if not (_has_news(file) or (file.is_model and len(report.files) == 1)):
            continue
        yield from _file(file, is_dry)
        yield line()
    yield from _notes(report.notes, "")
    yield from _closing(report, is_dry)


def _has_news(file: FileFix) -> bool:
    if file.is_model:
        return has_news(file)
    return bool(file.fixed or file.notes or any(left.has_repair for left in file.left))


def _file(file: FileFix, is_dry: bool) -> Iterator[Line]:
    title: list[str | Span] = [Span(path_text(file.path), "path")]
    if file.output is not None and file.output != file.path:
        title.append(Span(f" -> {path_text(file.output)}", "dim"))
    yield line(*title)
    if file.is_model:
        yield from render_model(file, is_dry=is_dry)
        if file.source_output is not None:
            yield from _notes([f"the source is repaired as well: {file.source_output}"], "  ")
        yield from _notes([printable(note, MAX_NOTE) for note in file.notes], "  ")
        return
    word = "would fix" if is_dry else "fixed"
    fixed = sorted(file.fixed, key=lambda found: found.finding.code)
    for code, group in groupby(fixed, key=lambda found: found.finding.code):
        found = list(group)
        at = _places([one.finding.location for one in found])
        name = printable(found[0].finding.name)
        yield line("  ", Span(f"{word:<10}", "good"), Span(printable(code), "code"), f" {name}{at}")
    for left in file.left:
        if left.has_repair:
            yield from _left(left)
    yield from _notes(file.notes, "  ")


def _left(left: LeftFinding) -> Iterator[Line]:
    finding = left.finding
    at = _places([finding.location])
    role = finding.severity.value
    name = printable(finding.name)
    yield line(
        "  ", Span(f"{'left':<10}", role), Span(printable(finding.code), "code"), f" {name}{at}"
    )
    if left.safety is not None:
        yield from _wrapped(f"--{left.safety.value} repairs it", INDENT)
    for reason, location in left.reasons:
        where = place(location)
        text = printable(reason, MAX_MESSAGE)
        known = where and where != place(finding.location)
        prefix = "not proved: " if left.is_unproved else "in the way: "
        yield from _wrapped(f"{prefix}{text}" + (f" ({where})" if known else ""), INDENT)


def _places(locations: list[Location]) -> str:
    places = list(dict.fromkeys(place(at) for at in locations if place(at)))
    if not places:
        return ""
    more = f" and {len(places) - SHOWN:,} more" if len(places) > SHOWN else ""
    return f"  {', '.join(places[:SHOWN])}{more}"


def _notes(notes: Iterable[str], indent: str) -> Iterator[Line]:
    for note in notes:
        yield from _wrapped(f"note: {printable(note, MAX_MESSAGE)}", indent)


def _wrapped(text: str, indent: str) -> Iterator[Line]:
    for part in wrap(text, WIDTH, indent):
        yield line(Span(part, "dim"))


def _closing(report: FixReport, is_dry: bool) -> Iterator[Line]:
    left = [found for found in report.left if found.has_repair]
    unsafe = sum(found.safety is FixSafety.UNSAFE for found in left)
    quantize = sum(found.safety is FixSafety.RECONVERT for found in left)
    failed = len(list(report.failures))
    others = sum(not found.has_repair for found in report.left)
    fixed = f"{report.fixed_count:,} {'to fix' if is_dry else 'fixed'}"
    text = f"{counted(len(report.files), 'file')}: {fixed}, {len(left):,} left"
    with_ = [(unsafe, "--unsafe"), (quantize, "--quantize")]
    hints = [f"{count:,} with {option}" for count, option in with_ if count]
    if hints:
        text += f" ({', '.join(hints)})"
    kept = sum(one.conversion is not None and not one.conversion.is_done for one in report.files)
    if kept:
        text += f", {counted(kept, 'file')} not converted"
    if failed:
        text += f", {counted(failed, 'file')} not repaired"
    yield line(text)
    if others:
        what = counted(others, "finding")
        yield line(Span(f"{what} without a repair of this kind: `tflint check` lists them", "dim"))
