"""The plan of the arena as a figure, drawn by Matplotlib: operators across, bytes up.

Nothing in a figure depends on when or where it is drawn: no dates, fixed identifiers, the font
that Matplotlib brings along.
"""

from __future__ import annotations

import io
import textwrap
import warnings
from typing import TYPE_CHECKING, Any

from tflint.errors import MissingExtra
from tflint.printable import size_text
from tflint.report import memory_wording as wording
from tflint.report.memory_chart import (
    Block,
    Frame,
    blocks,
    byte_ticks,
    frame,
    scope_label,
    scope_name,
    ticks,
)
from tflint.report.memory_result import MemoryReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 144
HEIGHT_INCHES = 6.2
# An operator gets this many inches across, within what a page or a screen shows.
_PER_SCOPE = 0.45
_NARROWEST, _WIDEST = 9.0, 18.0
# Names fit under the axis up to so many operators.
_NAMED = 40
# Colours that also differ in grey and for the colour-blind (Okabe and Ito).
FILLS = {"held": "#e69f00", "block": "#8ec7e8", "scratch": "#d6c3dd"}
_INK, _FAINT, _PERSISTENT, _OVER = "#1b1f24", "#6b7280", "#d9dde2", "#c02424"
# Matplotlib types the keys, differently from release to release.
_SETTINGS: Any = {
    "svg.hashsalt": "tflint",
    "svg.fonttype": "path",
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    # A name from a model may hold a dollar sign, which is no formula.
    "text.parse_math": False,
    "hatch.linewidth": 0.6,
    "path.simplify": False,
}


def draw(report: MemoryReport, format: str) -> bytes:
    """The figure as `png` or `svg`; raises `MissingExtra` without Matplotlib."""
    try:
        import matplotlib as mpl
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra(f"a picture ({format})", "plot") from error

    settings = {**mpl.rcParamsDefault, **_SETTINGS, "backend": "agg"}
    with warnings.catch_warnings(), mpl.rc_context(settings):
        # What the font has no glyph for is drawn as a box, which says as much.
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
        figure = Figure(figsize=(_width(report), HEIGHT_INCHES), dpi=DPI, layout="constrained")
        FigureCanvasAgg(figure)
        _compose(figure, report)
        stream = io.BytesIO()
        metadata = (
            {"Software": "tflint"} if format == "png" else {"Date": None, "Creator": "tflint"}
        )
        figure.savefig(stream, format=format, metadata=metadata)
    return stream.getvalue()


def _width(report: MemoryReport) -> float:
    return min(max(_PER_SCOPE * len(report.arena.scopes) + 2, _NARROWEST), _WIDEST)


def _compose(figure: Figure, report: MemoryReport) -> None:
    axes = figure.add_subplot()
    arena = report.arena
    scopes = max(len(arena.scopes), 1)
    drawn = frame(report)
    for block in blocks(report):
        _draw_block(axes, block, scopes, drawn.highest)
    _persistent(axes, report, drawn, scopes)
    axes.set_xlim(0, scopes)
    # Where the persistent section is thin, what is written on it stands above.
    room = 1.04 if drawn.top - arena.nonpersistent_bytes >= 0.1 * drawn.top else 1.12
    axes.set_ylim(0, max(room * drawn.top, 1.06 * drawn.highest))
    _budget(axes, drawn, scopes)
    _peak(axes, report)
    _axes_texts(axes, report, drawn, scopes)
    _heading(axes, report)
    _legend(figure, report)


def _draw_block(axes: Axes, block: Block, scopes: int, top: int) -> None:
    from matplotlib.patches import Rectangle

    width, height = block.right - block.left, block.top - block.bottom
    # A hair's breadth between neighbours, less where operators are thin.
    gap = 0.04 if scopes <= 60 else 0.0
    axes.add_patch(
        Rectangle(
            (block.left + gap, block.bottom),
            width - 2 * gap,
            height,
            facecolor=FILLS[block.kind],
            edgecolor=_INK,
            linewidth=0.6 if scopes <= 60 else 0.25,
            hatch="////" if block.kind == "scratch" else None,
        )
    )
    # About how much room there is, in points: of the width of the figure and of its height.
    across = 72 * min(_PER_SCOPE, (_WIDEST - 2) / scopes) * width
    up = 72 * (HEIGHT_INCHES - 1.8) * height / top
    if block.label and up >= 9 and across >= 6 * len(block.label):
        axes.text(
            block.left + width / 2,
            block.bottom + height / 2,
            block.label,
            ha="center",
            va="center",
            fontsize=8,
            color=_INK,
            clip_on=True,
        )


def _persistent(axes: Axes, report: MemoryReport, drawn: Frame, scopes: int) -> None:
    """The persistent section, which fills the arena from its end."""
    from matplotlib.patches import Rectangle

    height = drawn.top - drawn.bottom
    axes.add_patch(
        Rectangle(
            (0, drawn.bottom), scopes, height, facecolor=_PERSISTENT, edgecolor=_FAINT, lw=0.6
        )
    )
    # At the end where the peak is not pointed at.
    late = 2 * report.arena.peak_scope >= scopes
    notes = [(drawn.text, drawn.top, _INK)]
    if drawn.passing >= 0.06 * drawn.top:
        text = f"{drawn.passing:,} bytes more while TFLM makes its plan"
        notes.append((text, drawn.bottom, _FAINT))
    for text, top, color in notes:
        axes.annotate(
            text,
            (0 if late else scopes, top),
            xytext=(6 if late else -6, -4),
            textcoords="offset points",
            ha="left" if late else "right",
            va="top",
            color=color,
        )


def _budget(axes: Axes, drawn: Frame, scopes: int) -> None:
    """A line where the RAM that is left for the arena ends, or a note that it is higher up."""
    if not drawn.limit_text:
        return
    if drawn.limit is None:
        axes.annotate(
            f"\N{UPWARDS ARROW} {drawn.limit_text}",
            (1, 1),
            xycoords="axes fraction",
            ha="right",
            va="bottom",
            color=_FAINT,
            fontsize=8,
        )
        return
    over = drawn.top > drawn.limit
    axes.axhline(drawn.limit, color=_OVER, linewidth=1.4, linestyle=(0, (6, 3)))
    axes.annotate(
        drawn.limit_text,
        (scopes, drawn.limit),
        xytext=(-4, -4 if over else 3),
        textcoords="offset points",
        ha="right",
        va="top" if over else "bottom",
        color=_OVER,
        fontsize=8,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.8},
    )


def _peak(axes: Axes, report: MemoryReport) -> None:
    """An arrow from above to the operator during which the most is alive."""
    arena = report.arena
    if not arena.buffers or not arena.scopes:
        return
    where = arena.peak_scope / len(arena.scopes)
    side = "left" if where < 0.33 else "right" if where > 0.67 else "center"
    axes.annotate(
        f"peak: {wording.peak_text(report)} alive",
        (arena.peak_scope + 0.5, arena.nonpersistent_bytes),
        xytext=(0, 15),
        textcoords="offset points",
        ha=side,
        va="bottom",
        color=_OVER,
        zorder=4,
        arrowprops={
            "arrowstyle": "-|>",
            "color": _OVER,
            "shrinkA": 0,
            "shrinkB": 0,
            "relpos": ({"left": 0, "right": 1, "center": 0.5}[side], 0),
        },
    )


def _axes_texts(axes: Axes, report: MemoryReport, drawn: Frame, scopes: int) -> None:
    named = scopes <= _NAMED
    at = list(ticks(scopes, 40 if named else 30))
    labels = [
        f"{scope_name(report, s)} {scope_label(report, s)}"
        if named and s
        else scope_label(report, s)
        for s in at
    ]
    axes.set_xticks([s + 0.5 for s in at], labels, rotation=60 if named else 0)
    if named:
        for text in axes.get_xticklabels():
            text.set(ha="right", rotation_mode="anchor", fontsize=8)
        if report.arena.peak_scope in at:
            axes.get_xticklabels()[at.index(report.arena.peak_scope)].set_color(_OVER)
    else:
        axes.set_xlabel("operator")
    marks = byte_ticks(drawn.highest if drawn.is_to_scale else drawn.bottom)
    axes.set_yticks(marks, [f"{mark:,}" for mark in marks])
    axes.set_ylabel("bytes from the arena's start")
    axes.tick_params(colors=_FAINT, labelcolor=_INK, length=3)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _heading(axes: Axes, report: MemoryReport) -> None:
    """Title, what was planned and why it does not run, from the top down; the legend beside."""
    size = report.arena.min_arena_bytes
    lines = [(wording.subject(report), _FAINT)]
    if report.reason is not None:
        letters = round(12 * _width(report))
        text = textwrap.wrap(wording.verdict(report)[0], letters, max_lines=3, placeholder=" ...")
        lines += [(part, _OVER) for part in text]
    height = 6 + 12 * len(lines)
    for row, (shown, color) in enumerate(reversed(lines)):
        note = axes.annotate(
            shown,
            (0, 1),
            xycoords="axes fraction",
            xytext=(0, 6 + 12 * row),
            textcoords="offset points",
            fontsize=8.5,
            color=color,
            va="bottom",
        )
        note.set_in_layout(False)
    in_kib = f" ({size_text(size)})" if size >= 1024 else ""
    axes.set_title(
        f"{wording.file_name(report)}: smallest arena {size:,} bytes{in_kib}",
        loc="left",
        fontsize=12,
        fontweight="bold",
        pad=height + 4,
    )


def _legend(figure: Figure, report: MemoryReport) -> None:
    from matplotlib.patches import Patch

    kinds = {block.kind for block in blocks(report)}
    texts = {"held": "alive at the peak", "block": "other tensors", "scratch": "scratch memory"}
    patches = [
        Patch(
            facecolor=FILLS[kind],
            edgecolor=_INK,
            linewidth=0.6,
            label=text,
            hatch="////" if kind == "scratch" else None,
        )
        for kind, text in texts.items()
        if kind in kinds
    ]
    if patches:
        figure.legend(
            handles=patches,
            loc="outside lower right",
            ncols=len(patches),
            frameon=False,
            fontsize=8.5,
        )
