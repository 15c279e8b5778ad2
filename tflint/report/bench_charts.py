"""The charts that compare models: sizes, times, accuracies, arenas and where the time goes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tflint.printable import counted, printable
from tflint.report.bar_chart import Bar, Row, bar_chart
from tflint.report.bench_result import QUANTIZATIONS, BenchedModel, BenchReport
from tflint.report.bench_wording import (
    accuracy_text,
    model_names,
    ram_budget,
    runtime_names,
    runtime_of,
    shortened,
    us_text,
)
from tflint.report.chart_svg import COLORS, SERIES
from tflint.report.scatter_chart import Point, scatter_chart

# Models in a chart, panels of data sets, kinds of operators and runtimes told apart.
MAX_ROWS, MAX_PANELS, MAX_KINDS, MAX_RUNTIMES = 40, 6, 6, 3


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: `key` has what its colours mean, by variables of the style sheet."""

    title: str
    svg: str
    key: tuple[tuple[str, str], ...] = ()
    note: str = ""
    is_wide: bool = False


def charts(report: BenchReport) -> list[Chart]:
    """The charts that there are figures for. Raises `MissingExtra` without Matplotlib."""
    models, names = report.models, model_names(report.models)
    drawn = (_sizes, _latencies, _accuracies, _arenas, _kinds)
    found = [draw(models, names) for draw in drawn]
    return [chart for chart in found if chart is not None]


def _sizes(models: Sequence[BenchedModel], names: Sequence[str]) -> Chart | None:
    rows = []
    for place, model in enumerate(models):
        if model.weights is None:
            continue
        weights, file = min(model.weights.bytes, model.file_bytes), model.file_bytes
        title = f"{names[place]}: a file of {file:,} bytes, {model.weights.bytes:,} of weights"
        bars = (
            Bar(0, weights, COLORS["series-0"]),
            Bar(weights, file, COLORS["series-1"]),
        )
        rows.append(Row(names[place], bars, file, f"{file:,} B", title))
    key = (("series-0", "weights"), ("series-1", "the rest of the file"))
    return _bars("sizes", "Size", "bytes", rows, key)


def _latencies(models: Sequence[BenchedModel], names: Sequence[str]) -> Chart | None:
    rows = []
    for place, model in enumerate(models):
        found = model.latency
        if found is None or not math.isfinite(found.avg):
            continue
        title = (
            f"{names[place]}: {us_text(found.avg)} µs on average, p50 {us_text(found.p50)}, "
            f"p95 {us_text(found.p95)}, of {counted(found.runs, 'run')}"
        )
        bar = Bar(0, found.avg, _color(model), found.p50, found.p95)
        rows.append(Row(names[place], (bar,), found.avg, f"{us_text(found.avg)} µs", title))
    note = "Bars end at the average; lines go from p50 to p95."
    return _bars("latencies", "Latency", "µs", rows, _quantizations(models), note)


def _accuracies(models: Sequence[BenchedModel], names: Sequence[str]) -> Chart | None:
    """Accuracy against size, a panel a data set, as those of different data do not compare."""
    panels: dict[str, list[Point]] = {}
    for model, name in zip(models, names, strict=True):
        found = model.accuracy
        if found is None:
            continue
        part = f", {printable(found.split)}" if found.split else ""
        shown = panels.setdefault(f"{printable(found.dataset)}{part}", [])
        title = f"{name}: {accuracy_text(found)}, {model.file_bytes:,} bytes"
        shown.append(
            Point(
                name=name.rpartition("/")[2].removesuffix(".tflite"),
                x=model.file_bytes,
                y=100 * found.value,
                low=100 * found.low,
                high=100 * found.high,
                color=_color(model),
                title=title,
            )
        )
    if not panels:
        return None
    drawn = {title: points[:MAX_ROWS] for title, points in list(panels.items())[:MAX_PANELS]}
    note = "Lines are the Wilson intervals of 95 %."
    left = sum(map(len, panels.values())) - sum(map(len, drawn.values()))
    if left:
        note += f" Without {counted(left, 'more model')}; the table has all."
    svg = scatter_chart("accuracies", "Accuracy against size", drawn)
    wide = len(drawn) > 1
    return Chart("Accuracy against size", svg, _quantizations(models), note, is_wide=wide)


def _arenas(models: Sequence[BenchedModel], names: Sequence[str]) -> Chart | None:
    """What runtimes take: all RAM where the target has a limit to hold it against."""
    limits = {ram_budget(model) for model in models if model.runtimes}
    limit = limits.pop() if len(limits) == 1 else None
    runtimes = runtime_names(models)[:MAX_RUNTIMES]
    rows = []
    for place, model in enumerate(models):
        bars, said = [], []
        for number, runtime in enumerate(runtimes):
            use = runtime_of(model, runtime)
            size = None if use is None else use.min_arena_bytes if limit is None else use.ram_bytes
            if use is None or size is None:
                continue
            bars.append(Bar(0, size, SERIES[number], lane=number, is_pale=not use.runnable))
            runs = "" if use.runnable else ", where it does not run"
            said.append(f"{size:,} bytes on {printable(runtime)}{runs}")
        if bars:
            title = f"{names[place]}: {'; '.join(said)}"
            rows.append(Row(names[place], tuple(bars), bars[0].end, f"{bars[0].end:,.0f} B", title))
    key = tuple((f"series-{i}", printable(runtime)) for i, runtime in enumerate(runtimes))
    note = "Pale: does not run there. Figures are of the first."
    if limit is None:
        return _bars("arenas", "Smallest arena", "bytes", rows, key, note)
    note += f" The line is the target's RAM, {limit:,} bytes."
    return _bars("arenas", "RAM to plan for", "bytes", rows, key, note, limit)


def _kinds(models: Sequence[BenchedModel], names: Sequence[str]) -> Chart | None:
    """The share of each kind of operator in the time that all operators take."""
    times = [_times(model) for model in models]
    sums: dict[str, float] = {}
    for found in times:
        whole = sum(found.values()) or 1.0
        for kind, us in found.items():
            sums[kind] = sums.get(kind, 0.0) + us / whole
    kinds = sorted(sums, key=lambda kind: (-sums[kind], kind))
    told = kinds[: MAX_KINDS + (len(kinds) == MAX_KINDS + 1)]
    rest = len(SERIES) - 1
    rows = []
    for place, found in enumerate(times):
        whole = sum(found.values())
        if not whole:
            continue
        bars, at = [], 0.0
        for number, kind in enumerate(told):
            share = 100 * found.get(kind, 0.0) / whole
            if share:
                bars.append(Bar(at, at + share, SERIES[number]))
                at += share
        if 100 - at > 0.05:
            bars.append(Bar(at, 100, SERIES[rest]))
        ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
        said = ", ".join(f"{kind} {100 * us / whole:.0f} %" for kind, us in ordered[:8])
        text = f"{us_text(whole)} µs"
        rows.append(
            Row(names[place], tuple(bars), whole, text, f"{names[place]}: {said}; {text} in all")
        )
    key = [(f"series-{i}", kind) for i, kind in enumerate(told)]
    if len(kinds) > len(told):
        key.append((f"series-{rest}", counted(len(kinds) - len(told), "other kind")))
    return _bars("operators", "Where the time goes", "% of the operators' time", rows, tuple(key))


def _bars(
    name: str,
    title: str,
    unit: str,
    rows: Sequence[Row],
    key: tuple[tuple[str, str], ...] = (),
    note: str = "",
    limit: float | None = None,
) -> Chart | None:
    """A chart of the rows, of those with the least figures where there are too many."""
    if not rows:
        return None
    if len(rows) > MAX_ROWS:
        least = sorted(range(len(rows)), key=lambda i: (rows[i].value, i))[:MAX_ROWS]
        note += f" The {MAX_ROWS} of {len(rows):,} models with the least; the table has all."
        rows = [rows[i] for i in sorted(least)]
    svg = bar_chart(name, f"{title} of {counted(len(rows), 'model')}", unit, rows, limit)
    return Chart(title, svg, key, note.strip())


def _times(model: BenchedModel) -> dict[str, float]:
    found: dict[str, float] = {}
    for operator in model.operators:
        if operator.us_avg is not None and math.isfinite(operator.us_avg):
            kind = shortened(printable(operator.name), 32)
            found[kind] = found.get(kind, 0.0) + operator.us_avg
    return found


def _color(model: BenchedModel) -> str:
    if model.quantization in QUANTIZATIONS:
        return SERIES[QUANTIZATIONS.index(model.quantization)]
    return SERIES[-1]


def _quantizations(models: Sequence[BenchedModel]) -> tuple[tuple[str, str], ...]:
    there = {model.quantization for model in models if model.weights is not None}
    key = [(f"series-{i}", name) for i, name in enumerate(QUANTIZATIONS) if name in there]
    if there - set(QUANTIZATIONS):
        key.append((f"series-{len(SERIES) - 1}", "others"))
    return tuple(key)
