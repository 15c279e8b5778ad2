"""A chart of horizontal bars: a row a thing, its name before it and its figure behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tflint.report.bench_wording import shortened
from tflint.report.chart_svg import COLORS, inline_svg, new_figure, rounded_size
from tflint.report.memory_chart import byte_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH = 580
# A row's height, what is above and below all rows, and beside the bars for names and figures.
_ROW, _TOP, _BOTTOM, _NAME, _VALUE = 22, 6, 42, 218, 80
_LETTERS = 30
_THICK, _PALE = 0.62, 0.35
# Bars tell lengths up to this ratio; beyond it dots on a logarithmic axis tell more.
_WIDEST_RATIO = 150


@dataclass(frozen=True, slots=True)
class Bar:
    """From `start` to `end`, with a line from `low` to `high`; `lane` is its place in the row."""

    start: float
    end: float
    color: str
    low: float | None = None
    high: float | None = None
    lane: int = 0
    is_pale: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A name, its bars, its figure and that as text, and what is told of it in words."""

    name: str
    bars: tuple[Bar, ...]
    value: float
    text: str
    title: str

    @property
    def end(self) -> float:
        """Where the longest bar ends."""
        return max(bar.end for bar in self.bars)


def bar_chart(
    name: str, label: str, axis: str, rows: Sequence[Row], limit: float | None = None
) -> str:
    """The `svg` element; `axis` is the unit. Raises `MissingExtra` without Matplotlib.

    `name` tells the identifiers of charts apart, `limit` is drawn across all rows.
    """
    height = _TOP + _ROW * len(rows) + _BOTTOM
    ends = [row.end for row in rows if row.end > 0] or [1.0]
    is_log = max(ends) > _WIDEST_RATIO * min(ends)
    with new_figure(WIDTH, height) as figure:
        axes = figure.add_axes(
            (
                _NAME / WIDTH,
                _BOTTOM / height,
                (WIDTH - _NAME - _VALUE) / WIDTH,
                (height - _BOTTOM - _TOP) / height,
            )
        )
        titles = {}
        for number, row in enumerate(rows):
            for part, bar in enumerate(row.bars):
                gid = f"{number}-{part}"
                titles[gid] = row.title
                _draw(axes, number, bar, max(one.lane for one in row.bars) + 1, gid, is_log)
            axes.annotate(
                row.text,
                (1, number),
                xycoords=("axes fraction", "data"),
                xytext=(_VALUE - 6, 0),
                textcoords="offset points",
                ha="right",
                va="center",
            )
        names = [shortened(row.name.removesuffix(".tflite"), _LETTERS) for row in rows]
        axes.set_yticks(range(len(rows)), names)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        highs = [bar.high for row in rows for bar in row.bars if bar.high is not None]
        _scale(axes, axis, min(ends), max([*ends, *highs, limit or 0]), is_log)
        if limit is not None:
            axes.axvline(limit, color=COLORS["alarm"], linewidth=1.5, linestyle=(0, (5, 3)))
        return inline_svg(figure, name, label, titles)


def _draw(axes: Axes, number: int, bar: Bar, lanes: int, gid: str, is_log: bool) -> None:
    thick = _THICK / lanes
    at = number - _THICK / 2 + thick * (bar.lane + 0.5)
    alpha = _PALE if bar.is_pale else None
    if is_log:
        drawn = axes.plot([bar.end], [at], "o", color=bar.color, markersize=7, alpha=alpha)[0]
        drawn.set_gid(gid)
    else:
        axes.barh(at, bar.end - bar.start, thick, bar.start, color=bar.color, alpha=alpha, gid=gid)
    if bar.low is not None and bar.high is not None:
        axes.plot(
            [bar.low, bar.high],
            [at, at],
            color=COLORS["ink"],
            linewidth=1.6,
            solid_capstyle="butt",
            marker="|",
            markersize=7,
        )


def _scale(axes: Axes, unit: str, least: float, most: float, is_log: bool) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

    axes.tick_params(axis="y", pad=8)
    axes.grid(axis="x")
    is_bytes = unit == "bytes"
    text = "" if is_bytes else unit
    axes.set_xlabel(f"{text}, each step ten times the one before".strip(", ") if is_log else text)
    if is_log:
        axes.set_xscale("log")
        axes.set_xlim(least * 0.6, most * 1.6)
        axes.xaxis.set_major_locator(LogLocator(numticks=8))
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.set_xlim(0, most * 1.02)
        axes.xaxis.set_major_locator(
            FixedLocator(byte_ticks(int(most), 5)) if is_bytes else MaxNLocator(5)
        )
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda at, _: rounded_size(at) if is_bytes else f"{at:,.6g}")
    )
