"""The columns of the tables of models that `tflint bench` prints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from tflint.report.bench_refusals import (
    is_for_others,
    numbered_reasons,
    reason_key,
    refusal_of,
    runtime_title,
)
from tflint.report.bench_result import (
    BenchedModel,
    RuntimeUse,
    fastest,
    most_accurate,
    smallest,
)
from tflint.report.bench_wording import (
    UNKNOWN,
    number_text,
    percent_figure,
    runtime_names,
    runtime_of,
    us_text,
)
from tflint.report.style import Span
from tflint.report.text_table import Column

BEST, BEST_HERE, DISTURBED, TOO_LARGE = "*", "+", "!", ">"

Best = Callable[[Sequence[BenchedModel]], frozenset[int]]
Group = tuple[str | None, list[int]]
Reasons = Mapping[str, tuple[int, list[RuntimeUse]]]


def model_columns(models: Sequence[BenchedModel], groups: Sequence[Group]) -> Iterator[Column]:
    """What the table of any models has of each, in the order of its rows."""
    yield Column("stored", [Span(m.quantization or UNKNOWN) for m in models], 4, is_text=True)
    files = [number_text(m.file_bytes if m.file_bytes else None) for m in models]
    yield Column("file B", _marked(files, models, groups, smallest))
    counts = [number_text(m.weights.count if m.weights else None) for m in models]
    yield Column("weights", [Span(text) for text in counts], 3)
    sizes = [number_text(m.weights.bytes if m.weights else None) for m in models]
    yield Column("weight B", [Span(text) for text in sizes], 7)
    yield from arena_columns(models)
    times = [us_text(m.latency.avg if m.latency else None) for m in models]
    yield Column("avg us", _marked(times, models, groups, fastest))
    yield Column("spread", _spread(models), 5)
    if any(m.accuracy for m in models):
        shares = [
            f"{percent_figure(m.accuracy.value)} %" if m.accuracy else UNKNOWN for m in models
        ]
        yield Column("accuracy", _marked(shares, models, groups, most_accurate))
        intervals = [
            f"{100 * m.accuracy.low:.1f}-{100 * m.accuracy.high:.1f}" if m.accuracy else ""
            for m in models
        ]
        yield Column("95 %", [Span(text, "dim") for text in intervals], 6)


def arena_columns(models: Sequence[BenchedModel]) -> Iterator[Column]:
    """The arena on each runtime; on those behind the first only where it is another one."""
    reasons = numbered_reasons(models)
    first: list[Span] = []
    for runtime in runtime_names(models):
        cells = [_arena(model, runtime, reasons) for model in models]
        if not any(cell.text.endswith(TOO_LARGE) for cell in cells):
            cells = [Span(cell.text.rstrip(), cell.role) for cell in cells]
        title = runtime_title(runtime).removeprefix("TFLM with ")
        if not first:
            yield Column("arena B", cells)
            first = cells
        elif any(
            one != other and one.role not in ("error", "dim")
            for one, other in zip(cells, first, strict=True)
        ):
            yield Column(f"{title} B", cells, 8)


def _arena(model: BenchedModel, runtime: str, reasons: Reasons) -> Span:
    use, refusal = runtime_of(model, runtime), refusal_of(model)
    if use is None or is_for_others(use):
        return Span(f"{UNKNOWN} ", "dim")
    if use.runnable or refusal is None:
        sign, role = (TOO_LARGE, "warning") if use.fits is False else (" ", "")
        return Span(number_text(use.min_arena_bytes) + sign, role)
    number, _ = reasons.get(reason_key(refusal.reason), (None, []))
    return Span("no " if number is None else f"no ({number}) ", "error")


def _spread(models: Sequence[BenchedModel]) -> list[Span]:
    """The spread of the runs, with a sign where something disturbed them."""
    cells = []
    for model in models:
        if model.noise is None:
            cells.append(Span(UNKNOWN))
        else:
            sign = DISTURBED if model.noise.is_noisy else " "
            role = "warning" if model.noise.is_noisy else ""
            cells.append(Span(f"{100 * model.noise.spread:.0f} %{sign}", role))
    if not disturbed(models):
        return [Span(cell.text.rstrip(), cell.role) for cell in cells]
    return cells


def disturbed(models: Sequence[BenchedModel]) -> int:
    """How many models' times something disturbed."""
    return sum(model.noise is not None and model.noise.is_noisy for model in models)


def _marked(
    texts: Sequence[str], models: Sequence[BenchedModel], groups: Sequence[Group], best: Best
) -> list[Span]:
    """The figures with a sign behind the best of all, and of each application."""
    signs = [" "] * len(texts)
    start = 0
    for _, places in groups if len(groups) > 1 else ():
        for place in best(models[start : start + len(places)]):
            signs[start + place] = BEST_HERE
        start += len(places)
    for place in best(models):
        signs[place] = BEST
    if not "".join(signs).strip():
        return [Span(text) for text in texts]
    return [
        Span(text + sign, "" if sign == " " else "good")
        for text, sign in zip(texts, signs, strict=True)
    ]
