"""The settings in force and where each came from, as a table and as JSON.

It knows settings by what they look like only: this floor is below the configuration's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tflint.printable import printable
from tflint.report.json_text import json_text
from tflint.report.style import Line, Span, line, wrap

WIDTH = 100
Plain = str | int | list[str] | None


@dataclass(frozen=True, slots=True)
class ShownSetting:
    """One setting: its value, and where that came from, for people."""

    name: str
    value: Plain
    origin: str


@dataclass(frozen=True, slots=True)
class ShownEntry:
    """A `models` or `ignore` entry: paths, what it sets, where it stands."""

    paths: tuple[str, ...]
    settings: tuple[tuple[str, Plain], ...]
    origin: str


@dataclass(frozen=True, slots=True)
class ShownSettings:
    """A configuration to show. `path` is the one model that it is for, if it is for one."""

    file: str | None
    root: str
    path: str | None
    settings: tuple[ShownSetting, ...]
    models: tuple[ShownEntry, ...]
    ignores: tuple[ShownEntry, ...]
    rules: tuple[str, ...]
    rule_count: int


def render_text(shown: ShownSettings) -> Iterator[Line]:
    """A line a setting, where it came from in the last column."""
    whom = f" for {printable(shown.path, 60)}" if shown.path else ""
    file = printable(shown.file, 400) if shown.file else "no configuration file"
    yield line(Span("settings", "path"), f"{whom}, ", Span(file, "path"))
    width = max(len(setting.name) for setting in shown.settings)
    for setting in shown.settings:
        origin = "" if setting.origin == "default" else f"  from {setting.origin}"
        room = WIDTH - width - 4 - len(origin)
        parts = wrap(printable(_text(setting.value), 2000), max(room, 30), "")
        yield line(
            "  ",
            Span(f"{setting.name:<{width}}", "dim" if not origin else "code"),
            f"  {parts[0]}",
            Span(printable(origin, 200), "dim"),
        )
        for part in parts[1:]:
            yield line(" " * (width + 4), part)
    for title, entries in (("models", shown.models), ("ignore", shown.ignores)):
        if entries:
            yield line()
            yield line(Span(title, "path"))
        for entry in entries:
            yield line(
                "  ",
                Span(printable(", ".join(entry.paths), 200), "code"),
                Span(f"  from {entry.origin}", "dim"),
            )
            for name, value in entry.settings:
                for part in wrap(f"{name} = {printable(_text(value), 2000)}", WIDTH, "    "):
                    yield line(part)
    yield line()
    yield line(f"{len(shown.rules)} of {shown.rule_count} rules run", Span(":", "dim"))
    for part in wrap(" ".join(shown.rules), WIDTH, "  "):
        yield line(Span(part, "dim"))


def render_json(shown: ShownSettings) -> str:
    """The document."""
    document = {
        "schema": 1,
        "file": shown.file,
        "root": shown.root,
        "path": shown.path,
        "settings": {
            setting.name: {"value": setting.value, "origin": setting.origin}
            for setting in shown.settings
        },
        "models": _entries(shown.models),
        "ignore": _entries(shown.ignores),
        "rules": list(shown.rules),
    }
    return json_text(document)


def _entries(entries: Sequence[ShownEntry]) -> list[dict[str, object]]:
    return [
        {"paths": list(entry.paths), **dict(entry.settings), "origin": entry.origin}
        for entry in entries
    ]


def _text(value: Plain) -> str:
    if value is None:
        return "-"
    if isinstance(value, list):
        return ", ".join(value) or "-"
    return f"{value:,}" if isinstance(value, int) else value
