"""The list of targets, as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from tflint.printable import size_text
from tflint.report.style import Line, Span, line
from tflint.target.target import DEFAULT_TARGET, Target


def render_text(targets: Sequence[Target]) -> Iterator[Line]:
    """A line a target, columns aligned."""
    rows = [("name", "runtime", "core", "flash", "ram", "")]
    rows += [
        (
            target.name,
            target.runtime_name,
            target.core or "-",
            _size(target.flash_bytes),
            _size(target.ram_bytes),
            target.description,
        )
        for target in targets
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    for i, row in enumerate(rows):
        cells = [text.ljust(width) for text, width in zip(row, widths, strict=False)]
        role = "dim" if i == 0 else ""
        yield line(
            Span(cells[0], "code" if row[0] == DEFAULT_TARGET else role),
            Span("  " + "  ".join(cells[1:]) + "  ", role),
            Span(row[5], "dim"),
        )
    yield line()
    yield line("with a budget: ", Span("--target cortex-m4:flash=256K,ram=64K", "code"))


def render_json(targets: Sequence[Target]) -> str:
    """The document, sizes in bytes, null where there is no limit."""
    document = {
        "schema": 1,
        "default": DEFAULT_TARGET,
        "targets": [
            {
                "name": target.name,
                "description": target.description,
                "runtime": target.runtime_name,
                "core": target.core,
                "flash_bytes": target.flash_bytes,
                "ram_bytes": target.ram_bytes,
            }
            for target in targets
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def _size(size: int | None) -> str:
    return "-" if size is None else size_text(size)
