"""The buffers of the plan as a table, for spreadsheets: a row a buffer."""

from __future__ import annotations

import csv
import io

from tflint.memory.arena import Buffer
from tflint.report.memory_result import MemoryReport
from tflint.report.spreadsheet_text import spreadsheet_text

HEADER = (
    *("subgraph", "tensor", "operator", "name", "kind", "shape", "type"),
    *("bytes", "reserved_bytes", "offset", "first", "last", "at_peak"),
)


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
        name = "" if node is None else spreadsheet_text(node.name)
        return buffer.subgraph, "", "" if node is None else node.index, name, "scratch", "", ""
    shape = "x".join(map(str, value.shape))
    made = "" if value.producer is None else value.producer.index
    kind = "input" if value.is_input else "output" if value.is_output else "activation"
    return (
        buffer.subgraph,
        value.index,
        made,
        spreadsheet_text(value.name),
        kind,
        shape,
        value.type.name,
    )
