"""Charts of Matplotlib as SVG for a page: its text as text, its colours those of the page.

What Matplotlib writes is a document of its own: fixed colours, a style sheet for everything,
identifiers, a date. A page with several charts has its own of all these, and a dark mode.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from tflint.errors import MissingExtra
from tflint.printable import size_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# The colours to draw with, by the variables of the page's style sheet that take their place.
COLORS = {
    "ink": "#1b1f24",
    "faint": "#5b6470",
    "line": "#d9dde2",
    "ground": "#fefefe",
    "alarm": "#b42318",
    "series-0": "#0072b2",
    "series-1": "#56b4e9",
    "series-2": "#e69f00",
    "series-3": "#009e73",
    "series-4": "#cc79a7",
    "series-5": "#b8a200",
    "series-6": "#7a5cbf",
    "series-7": "#9aa2ac",
}
SERIES = [color for name, color in COLORS.items() if name.startswith("series-")]
# The same in CSS, for the page. In the dark, what is too dark to be seen is lighter.
CHART_STYLE = f"""
:root {{ {"; ".join(f"--{name}: {hex}" for name, hex in COLORS.items() if "series" in name)} }}
@media (prefers-color-scheme: dark) {{ :root {{ --series-0: #2a86c7; --series-1: #8ccdf2;
  --series-6: #a48ae0;
  --series-7: #78818c }} }}
.chart text {{ fill: var(--ink) }} .chart g:hover > path {{ stroke: var(--ink) }}
"""
# Matplotlib types the keys, differently from release to release.
_SETTINGS: Any = {
    "backend": "svg",
    "svg.fonttype": "none",
    "svg.hashsalt": "tflint",
    "font.family": ["DejaVu Sans"],
    "font.size": 12,
    # A name from a model may hold a dollar sign, which is no formula.
    "text.parse_math": False,
    "text.color": COLORS["ink"],
    "axes.edgecolor": COLORS["line"],
    "axes.labelcolor": COLORS["faint"],
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "xtick.color": COLORS["faint"],
    "ytick.color": COLORS["ink"],
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "grid.color": COLORS["line"],
    "grid.linewidth": 1,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.bottom": False,
    "axes.axisbelow": True,
    "path.simplify": False,
}
# So that a point is a pixel of the page.
_DPI = 72


@contextmanager
def new_figure(width: int, height: int) -> Iterator[Figure]:
    """A figure of so many pixels to draw on, under the settings that the page wants.

    Raises `MissingExtra` without Matplotlib.
    """
    try:
        import matplotlib as mpl
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra("a page with charts", "report") from error

    with warnings.catch_warnings(), mpl.rc_context({**mpl.rcParamsDefault, **_SETTINGS}):
        # The browser has the glyphs that Matplotlib's font has not.
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
        figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI)
        FigureCanvasSVG(figure)
        yield figure


def inline_svg(figure: Figure, name: str, label: str, titles: Mapping[str, str]) -> str:
    """The figure as an `svg` element, inside `new_figure`.

    `name` tells its identifiers from those of other charts, `label` is read to those who do not
    see it. `titles` are what a pointer shows, by the `gid` of what it rests on.
    """
    stream = io.BytesIO()
    figure.savefig(stream, format="svg", metadata={"Date": None})
    root = ElementTree.fromstring(stream.getvalue())
    for element in list(root):
        if element.tag.endswith("}metadata"):
            root.remove(element)
    _plain(root, name, titles)
    _trim(root)
    _, _, width, height = root.attrib["viewBox"].split()
    root.attrib = {
        "class": "chart",
        "role": "img",
        "aria-label": label,
        "viewBox": f"0 0 {width} {height}",
        "width": width,
        "height": height,
    }
    return ElementTree.tostring(root, encoding="unicode")


def rounded_size(bytes: float) -> str:
    """Round bytes for an axis: `64 KiB`."""
    return size_text(round(bytes)).replace(".0 ", " ")


def _plain(root: ElementTree.Element, name: str, titles: Mapping[str, str]) -> None:
    """Without namespaces, which HTML knows none of, and with the page's colours."""
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        for child in [child for child in element if child.tag.endswith("}style")]:
            element.remove(child)
        shown = titles.get(element.attrib.pop("id", "")) if element.tag == "g" else None
        if shown is not None:
            title = ElementTree.Element("title")
            title.text = shown
            element.insert(0, title)
        element.attrib = {
            key.rpartition("}")[2]: _attribute(key, value, name)
            for key, value in element.attrib.items()
        }


def _trim(element: ElementTree.Element) -> None:
    """Without groups that hold nothing, blanks between elements and turns by no degree."""
    element.tail = None
    if element.tag not in ("text", "title"):
        element.text = None
    if element.attrib.get("transform", "").startswith(("rotate(-0 ", "rotate(0 ")):
        del element.attrib["transform"]
    for child in list(element):
        _trim(child)
        if child.tag in ("g", "defs") and not len(child):
            element.remove(child)


def _attribute(key: str, value: str, name: str) -> str:
    key = key.rpartition("}")[2]
    if key == "id":
        return f"{name}-{value}"
    if key == "href":
        return value.replace("#", f"#{name}-", 1)
    if key == "clip-path":
        return value.replace("url(#", f"url(#{name}-", 1)
    return _style(value) if key == "style" else value


def _style(style: str) -> str:
    """The declarations, with variables for colours and without the font's family."""
    kept = []
    for declaration in style.split(";"):
        property, _, value = (part.strip() for part in declaration.partition(":"))
        if property == "font":
            size = next(word for word in value.split() if word.endswith("px"))
            kept.append(f"font-size:{size}")
        elif property and not property.startswith("font-f"):
            for variable, color in COLORS.items():
                value = value.replace(color, f"var(--{variable})")
            kept.append(f"{property}:{value}")
    return ";".join(kept)
