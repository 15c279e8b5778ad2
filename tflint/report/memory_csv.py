"""The buffers of the plan as a table, for spreadsheets: a row a buffer."""

from __future__ import annotations

import csv
import io
import re

from tflint.memory.arena import Buffer
from tflint.printable import printable
from tflint.report.memory_result import MemoryReport

HEADER = (
    *("subgraph", "tensor", "operator", "name", "kind", "shape", "type"),
    *("bytes", "reserved_bytes", "offset", "first", "last", "at_peak"),
)
MAX_NAME = 1000
# What spreadsheets take for a formula at the start of a cell.
_FORMULA = re.compile(r"[=+\-@\t\r]")


def render(report: MemoryReport) -> str:
    """The table with a header, lines ending in LF.

    Names are printable, and those that begin like a formula have a ' before them.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(HEADER)
    peak = report.arena.peak_scope
    for buffer in report.arena.buffers:
        writer.writerow(
            (
                *_what(buffer),
                buffer.bytes,
                buffer.reserved,
                buffer.offset,
                buffer.first,
                buffer.last,
                "yes" if buffer.first <= peak <= buffer.last else "no",
            )
        )
    return stream.getvalue()


def _what(buffer: Buffer) -> tuple[object, ...]:
    value, node = buffer.value, buffer.node
    if value is None:
        name = "" if node is None else _cell(node.name)
        return buffer.subgraph, "", "" if node is None else node.index, name, "scratch", "", ""
    shape = "x".join(map(str, value.shape))
    made = "" if value.producer is None else value.producer.index
    kind = "input" if value.is_input else "output" if value.is_output else "activation"
    return buffer.subgraph, value.index, made, _cell(value.name), kind, shape, value.type.name


def _cell(text: str) -> str:
    """A text that is one line and no formula."""
    if _FORMULA.match(text):
        text = f"'{text}"
    return printable(text, MAX_NAME)
