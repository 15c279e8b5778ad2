"""The formats of `tflint memory`: what each is for, and how to get at its renderer.

A format's module is imported when a report is rendered in it, and no sooner: pictures take a
plotting library, which is an extra.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass

from tflint.errors import UnknownName
from tflint.report.memory_result import MemoryReport


@dataclass(frozen=True, slots=True)
class MemoryFormat:
    """One output format; its module's `render` gives a text, or bytes if it `is_binary`.

    `text` is not rendered from here when it goes to a terminal: that decides width and colour.
    """

    name: str
    purpose: str
    module: str
    is_binary: bool = False

    def document(self, report: MemoryReport) -> str | bytes:
        """The finished document; raises `MissingExtra` where its library is not installed."""
        if self.name == "text":
            from tflint.report.memory_text import render
            from tflint.report.style import plain

            return plain(render(report))
        found: str | bytes = importlib.import_module(self.module).render(report)
        return found


_ALL = (
    MemoryFormat("text", "for people: totals, timeline, peak", "tflint.report.memory_text"),
    MemoryFormat("json", "for scripts", "tflint.report.memory_json"),
    MemoryFormat("csv", "a row a buffer, for spreadsheets", "tflint.report.memory_csv"),
    MemoryFormat("html", "one page that works offline", "tflint.report.memory_html"),
    MemoryFormat("png", "a picture of the plan", "tflint.report.memory_png", is_binary=True),
    MemoryFormat("svg", "a picture of the plan that scales", "tflint.report.memory_svg"),
)
FORMATS = {format.name: format for format in _ALL}
NAMES = tuple(FORMATS)


def find_format(name: str) -> MemoryFormat:
    """The format of this name; raises `UnknownName`."""
    if name not in FORMATS:
        raise UnknownName("format", name, NAMES, f"formats are {', '.join(NAMES)}")
    return FORMATS[name]
