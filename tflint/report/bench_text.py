"""What `tflint bench` measured, for people: a table of at most 100 columns, and what it means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from tflint.printable import counted, printable
from tflint.report.bench_refusals import (
    numbered_reasons,
)
from tflint.report.bench_result import (
    BenchedModel,
    BenchReport,
    fastest,
    most_accurate,
    smallest,
)
from tflint.report.bench_text_columns import (
    BEST,
    BEST_HERE,
    DISTURBED,
    TOO_LARGE,
    Group,
    disturbed,
    model_columns,
)
from tflint.report.bench_text_details import details_of
from tflint.report.bench_text_reference import reference_table
from tflint.report.bench_wording import (
    machine_text,
)
from tflint.report.reference_wording import are_references
from tflint.report.style import Line, Span, inert, line, trimmed, wrap
from tflint.report.text_table import Column, fitted
from tflint.report.wording import path_text

WIDTH = 100
NARROWEST = 60
# Reasons, failures and notes that are listed.
SHOWN = 20

_FIGURE = re.compile(r"[0-9][0-9.,]*")


def render(
    report: BenchReport, width: int = WIDTH, *, details: bool | None = None
) -> Iterator[Line]:
    """The report, line by line, none longer than `width` (60 to 100).

    `details` adds those of each model; None where there is but one.
    """
    width = min(max(width, NARROWEST), WIDTH)
    for spans in _report(report, width, details):
        yield inert(trimmed(spans), width)


def _report(report: BenchReport, width: int, details: bool | None) -> Iterator[Line]:
    models = report.models
    if details is None:
        details = len(models) == 1 and report.asked <= 1
    if len(models) == 1 and details:
        yield from details_of(models[0], width)
    elif models:
        if are_references(models):
            yield from reference_table(models, width)
        else:
            yield from _table(models, width)
        yield from _refusals(models, width)
        yield from _failures(models, width)
        yield from _notes(models, width)
        if details:
            for model in models:
                yield line()
                yield from details_of(model, width)
    yield from _run(report, width)


def _wrapped(text: str, width: int, indent: str, role: str = "") -> Iterator[Line]:
    for part in wrap(text, width, indent) if text else ():
        yield line(Span(part, role))


# The table


def _table(models: Sequence[BenchedModel], width: int) -> Iterator[Line]:
    groups = _groups(models)
    folder = _common_folder([model.path for model in models])
    yield from _wrapped(_headline(models, folder), width, "")
    folders = [_common_folder([models[i].path for i in places]) for _, places in groups]
    order = [i for _, places in groups for i in places]
    names = []
    for (_, places), group_folder in zip(groups, folders, strict=True):
        names += [Span(_below(models[i].path, group_folder)) for i in places]
    table = fitted(
        Column("model", names, is_text=True),
        list(model_columns([models[i] for i in order], groups)),
        width,
    )
    yield table.heading
    rows = iter(table.rows)
    for (application, places), group_folder in zip(groups, folders, strict=True):
        if len(groups) > 1 or application is not None:
            inner = group_folder[len(folder) :]
            spans = [Span(application or "others", "path")]
            if inner:
                spans.append(Span(f"  {_folder_text(inner)}", "dim"))
            text = "".join(span.text for span in spans)
            for part in wrap(text, width, ""):
                yield line(*spans) if part == text else line(Span(part, "path"))
        for _ in places:
            yield next(rows)
    yield from _legend(models, groups, width)
    if table.left_out:
        left = f"no room for {', '.join(table.left_out)}: see --details, or --format json"
        yield from _wrapped(left, width, "  ", "dim")


def _headline(models: Sequence[BenchedModel], folder: Sequence[str]) -> str:
    """`23 models in seed/: latency on average of 200 runs, arena for tflm`."""
    head = counted(len(models), "model") + (f" in {_folder_text(folder)}" if folder else "")
    about = []
    runs = sorted({model.latency.runs for model in models if model.latency is not None})
    if runs:
        count = counted(runs[0], "run") if len(runs) == 1 else f"{runs[0]:,} to {runs[-1]:,} runs"
        about.append(f"latency on average of {count}")
    targets = {printable(use.target) for model in models for use in model.runtimes}
    if len(targets) == 1:
        about.append(f"arena for {targets.pop()}")
    return f"{head}: {', '.join(about)}" if about else head


def _groups(models: Sequence[BenchedModel]) -> list[Group]:
    """The places of the models by application, those of none behind the others."""
    found: dict[str | None, list[int]] = {}
    for place, model in enumerate(models):
        found.setdefault(model.application, []).append(place)
    return sorted(found.items(), key=lambda group: group[0] is None)


def _common_folder(paths: Sequence[str]) -> list[str]:
    """The folders that all of the paths lie in, from the outermost."""
    shared = [path.split("/")[:-1] for path in paths]
    common = []
    for parts in zip(*shared, strict=False):
        if len(set(parts)) > 1:
            break
        common.append(parts[0])
    return common


def _folder_text(folder: Sequence[str]) -> str:
    return path_text("/".join(folder) + "/")


def _below(path: str, folder: Sequence[str]) -> str:
    # Its end tells it from others; no column is as wide as what is kept.
    return path_text("/".join(path.split("/")[len(folder) :])[-WIDTH:]) or "(no name)"


def _legend(models: Sequence[BenchedModel], groups: Sequence[Group], width: int) -> Iterator[Line]:
    ways = (("smallest", smallest), ("fastest", fastest), ("most accurate", most_accurate))
    named = [f"the {word}" for word, best in ways if best(models)]
    if any(use.fits is False and use.runnable for model in models for use in model.runtimes):
        yield line(Span(f"  {TOO_LARGE} takes more RAM or flash than the target has", "dim"))
    if not named:
        return
    text = f"{BEST} {', '.join(named)}"
    members = [[models[i] for i in places] for _, places in groups]
    if len(groups) > 1 and any(best(group) for _, best in ways for group in members):
        text += f" of all; {BEST_HERE} of its application"
    yield from _wrapped(text, width, "  ", "dim")


# What is said below it


def _refusals(models: Sequence[BenchedModel], width: int) -> Iterator[Line]:
    """Why models do not run, each reason once, with what would help."""
    reasons = numbered_reasons(models)
    if not reasons:
        return
    yield line()
    yield line(Span("do not run on a microcontroller", "path"))
    for number, refused in list(reasons.values())[:SHOWN]:
        many = f"{counted(len(refused), 'model')}, such as: " if len(refused) > 1 else ""
        text = f"({number}) {many}{printable(refused[0].reason or '', 400)}"
        first, *rest = wrap(text, width, "      ")
        yield line(Span("  " + first.lstrip()))
        for part in rest:
            yield line(part)
    yield from _more(len(reasons) - SHOWN)
    if are_references(models):
        return
    hint = (
        "`tflint check FILE` says all that is in the way; "
        "`tflint fix FILE --quantize int8 --calibrate DATA` makes most models run"
    )
    yield from _wrapped(hint, width, "  ", "dim")


def _failures(models: Sequence[BenchedModel], width: int) -> Iterator[Line]:
    failed = [(model, failure) for model in models for failure in model.failures]
    if not failed:
        return
    yield line()
    yield line(Span("not measured", "path"))
    for model, failure in failed[:SHOWN]:
        yield from _wrapped(f"{_called(model)}, {failure.part}", width, "  ", "error")
        yield from _wrapped(printable(failure.text, 1000), width, "    ")
    yield from _more(len(failed) - SHOWN)


def _notes(models: Sequence[BenchedModel], width: int) -> Iterator[Line]:
    """The notes; what differs in figures only once, as of the first model."""
    found: dict[str, list[tuple[BenchedModel, str]]] = {}
    for model in models:
        for note in model.notes:
            found.setdefault(_FIGURE.sub("", note), []).append((model, note))
    if found:
        yield line()
    for those in list(found.values())[:SHOWN]:
        model, note = those[0]
        about = _called(model)
        if len(those) > 1:
            about = f"{counted(len(those), 'model')}, such as {about}"
        yield from _wrapped(f"note: {about}: {printable(note, 1000)}", width, "", "dim")
    yield from _more(len(found) - SHOWN)


def _called(model: BenchedModel) -> str:
    """Its path, or of a reference model what the table calls it."""
    of = model.reference
    return (
        path_text(model.path)
        if of is None
        else f"{printable(of.title, 100)} {printable(of.form, 40)}"
    )


def _more(count: int) -> Iterator[Line]:
    if count > 0:
        yield line("  ", Span(f"and {count:,} more; `--format json` has all", "dim"))


def _run(report: BenchReport, width: int) -> Iterator[Line]:
    """What it was measured on, how quietly, and what became of it."""
    if report.models:
        yield line()
    yield from _wrapped(machine_text(report.machine), width, "", "dim")
    for note in report.machine.notes:
        yield from _wrapped(printable(note, 400), width, "", "dim")
    noisy = disturbed(report.models)
    if noisy:
        text = (
            f"the times of {counted(noisy, 'model')} were disturbed ({DISTURBED}): they spread "
            "by 10 % or more, or other programs had the core; small differences mean nothing"
        )
        yield from _wrapped(text, width, "", "warning")
    yield from _wrapped(_load_text(report.models, report.machine.cores), width, "", "warning")
    whole = sum(model.is_whole for model in report.models)
    part = len(report.models) - whole
    if report.is_interrupted:
        of = f" of {report.asked:,}" if report.asked else ""
        text = f"interrupted: {len(report.models):,}{of} measured"
        yield from _wrapped(text, width, "", "error")
        return
    done = "measured" if report.machine.threads else "read, none of them run,"
    text = f"{counted(len(report.models), 'model')} {done} in {report.seconds:,.1f} s"
    spans = [Span(text, "good" if not part else "")]
    if part:
        spans.append(Span(f", {part:,} of them not wholly", "error"))
    yield line(*spans)


def _load_text(models: Iterable[BenchedModel], cores: int) -> str:
    """That others wanted the cores as well."""
    loads = [m.noise.load_before for m in models if m.noise and m.noise.load_before is not None]
    if not loads or max(loads) <= cores:
        return ""
    return (
        f"busy: {max(loads):.1f} processes wanted {counted(cores, 'core')}; times are longer than "
        "on a quiet machine"
    )
