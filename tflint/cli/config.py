"""`tflint config`, and `tflint check --show-settings`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tflint.cli.complete import complete_words
from tflint.errors import UnknownName, UsageError

if TYPE_CHECKING:
    from tflint.config.settings import Settings
    from tflint.report.settings_table import Plain, ShownSettings

FORMATS = ("text", "json")


def config(
    path: Annotated[
        str | None, typer.Argument(help="A model: show what holds for this one.")
    ] = None,
    config: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE|KEY=VALUE",
            help="A configuration file instead of the nearest, or one setting. Repeatable.",
        ),
    ] = None,
    isolated: Annotated[
        bool, typer.Option("--isolated", help="Leave configuration files and variables out.")
    ] = False,
    format: Annotated[
        str,
        typer.Option(
            "--format",
            help="Output format: text, json.",
            autocompletion=complete_words(*FORMATS),
        ),
    ] = "text",
) -> None:
    """Show the settings in force and where each came from."""
    from tflint.config.load import load_settings

    if format not in FORMATS:
        raise UnknownName("format", format, FORMATS, f"formats are {', '.join(FORMATS)}")
    print_settings(
        load_settings(config=config or (), isolated=isolated), [path] if path else [], format
    )


def print_settings(settings: Settings, paths: list[str], format: str = "text") -> None:
    """Print a configuration; of one path, what holds for that."""
    from tflint.cli.output import emit, print_lines
    from tflint.report.settings_table import render_json, render_text

    if len(paths) > 1:
        raise UsageError("settings are shown for one path at a time")
    shown = _shown(settings, paths[0] if paths else None)
    if format == "json":
        emit(render_json(shown))
    else:
        print_lines(render_text(shown))


def _shown(settings: Settings, path: str | None) -> ShownSettings:
    from tflint.lint.discover import shown_path
    from tflint.lint.registry import all_rules
    from tflint.report.settings_table import ShownEntry, ShownSetting, ShownSettings

    values, origins = dict(settings.values), dict(settings.origins)
    entries, ignores = settings.models, settings.suppressions
    rules = settings.rules
    if path is not None:
        values, origins = settings.for_model(Path(path))
        entries = settings.matching(Path(path))
        ignores = tuple(e for e in ignores if e.applies_to(Path(path), settings.root))
        rules = settings.plan(Path(path)).rules
    return ShownSettings(
        file=shown_path(settings.file) if settings.file else None,
        root=settings.root.as_posix(),
        path=path,
        settings=tuple(
            ShownSetting(key, _plain(value), str(origins.get(key, "default")))
            for key, value in values.items()
        ),
        models=tuple(
            ShownEntry(
                tuple(pattern.text for pattern in entry.paths),
                tuple((key, _plain(value)) for key, value in entry.values.items()),
                str(entry.origin),
            )
            for entry in entries
        ),
        ignores=tuple(
            ShownEntry(
                tuple(str(pattern) for pattern in entry.paths),
                (("rules", list(entry.rules)), ("reason", entry.reason)),
                entry.where,
            )
            for entry in ignores
        ),
        rules=tuple(rule.meta.code for rule in rules),
        rule_count=len(all_rules()),
    )


def _plain(value: Any) -> Plain:
    """A value as it would stand in a file: text, a number, or a list of texts."""
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, Path):
        return str(value)
    return [f"{item[0]}={item[1]}" if isinstance(item, tuple) else str(item) for item in value]
