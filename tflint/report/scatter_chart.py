"""A chart of points with intervals: accuracies against sizes, a panel for each data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tflint.report.bench_wording import shortened
from tflint.report.chart_svg import COLORS, inline_svg, new_figure, rounded_size
from tflint.report.style import text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# A panel: its width and height, and the room beside what is drawn. Two stand side by side.
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 580, 290, 50, 14, 30, 30
_LETTERS = 22
# About what a letter takes, in pixels.
_LETTER, _LINE = 6.4, 14
# Where a point's name may stand, in pixels from it, and which of its sides is there.
_PLACES = (
    (8, 0, "left"),
    (-8, 0, "right"),
    (8, 12, "left"),
    (8, -12, "left"),
    (-8, 12, "right"),
    (-8, -12, "right"),
    *(
        (right, up, side)
        for up in (-24, 24, -36, 36)
        for right, side in ((8, "left"), (-8, "right"))
    ),
)


@dataclass(frozen=True, slots=True)
class Point:
    """A thing at `x`, `y`, which lies between `low` and `high`; `title` tells it in words."""

    name: str
    x: float
    y: float
    low: float
    high: float
    color: str
    title: str


def scatter_chart(name: str, label: str, panels: Mapping[str, Sequence[Point]]) -> str:
    """The `svg` element: bytes across, on a logarithmic axis, percents up.

    Raises `MissingExtra` without Matplotlib.
    """
    across = 1 if len(panels) == 1 else 2
    rows = -(-len(panels) // across)
    width, height = across * _WIDTH, rows * _HEIGHT
    titles: dict[str, str] = {}
    with new_figure(width, height) as figure:
        for number, (title, points) in enumerate(panels.items()):
            left = _WIDTH * (number % across) + _LEFT
            bottom = height - _HEIGHT * (number // across + 1) + _BOTTOM
            inner = (_WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM)
            axes = figure.add_axes(
                (left / width, bottom / height, inner[0] / width, inner[1] / height)
            )
            axes.set_title(shortened(title, 70), loc="left", fontsize=12, pad=10)
            _scale(axes, points)
            _draw(axes, points, f"{number}")
            titles |= {f"{number}-{i}": point.title for i, point in enumerate(points)}
            _name(axes, points, inner)
        return inline_svg(figure, name, label, titles)


def _scale(axes: Axes, points: Sequence[Point]) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

    least, most = (choose(max(point.x, 1.0) for point in points) for choose in (min, max))
    axes.set_xscale("log")
    axes.set_xlim(least / 1.5, most * 2.2)
    marks, step = [], 1
    while least / 1.5 * 2 ** (6 * step) < most * 2.2:
        step += 1
    mark = 1
    while mark <= most * 2.2:
        marks.append(mark)
        mark *= 2**step
    axes.xaxis.set_major_locator(FixedLocator([mark for mark in marks if mark >= least / 1.5]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda at, _: rounded_size(at)))
    low, high = min(point.low for point in points), max(point.high for point in points)
    margin = max((high - low) * 0.12, 1.0)
    axes.set_ylim(low - margin, high + margin)
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %"))
    axes.tick_params(axis="y", colors=COLORS["faint"])
    axes.spines["left"].set_visible(False)
    axes.grid(visible=True)


def _draw(axes: Axes, points: Sequence[Point], panel: str) -> None:
    for i, point in enumerate(points):
        x = max(point.x, 1.0)
        axes.plot([x, x], [point.low, point.high], color=point.color, linewidth=2, alpha=0.45)
        axes.plot([x], [point.y], "o", color=point.color, markersize=9, gid=f"{panel}-{i}")


def _name(axes: Axes, points: Sequence[Point], inner: tuple[float, float]) -> None:
    """Names beside the points, where there is room; a pointer shows those that are left out."""
    at = axes.transData.transform([(max(point.x, 1.0), point.y) for point in points])
    origin = axes.transAxes.transform((0, 0))
    taken = [(x - 6, y - 6, x + 6, y + 6) for x, y in at]
    for point, (x, y) in zip(points, at, strict=True):
        text = shortened(point.name, _LETTERS)
        size = _LETTER * text_width(text)
        for right, up, side in _PLACES:
            start = x + right if side == "left" else x + right - size
            box = (start, y + up - _LINE / 2, start + size, y + up + _LINE / 2)
            inside = (
                box[0] >= origin[0]
                and box[1] >= origin[1]
                and box[2] <= origin[0] + inner[0]
                and box[3] <= origin[1] + inner[1] + _LINE / 2
            )
            if inside and not any(_touch(box, other) for other in taken):
                taken.append(box)
                axes.annotate(
                    text,
                    (max(point.x, 1.0), point.y),
                    (right, up),
                    textcoords="offset points",
                    ha=side,
                    va="center",
                    fontsize=11,
                )
                break


def _touch(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
