"""`tflint baseline`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tflint.cli.complete import complete_targets

DEFAULT_NAME = "tflint-baseline.json"


def baseline(
    paths: Annotated[
        list[str] | None,
        typer.Argument(help="Models, or folders to search for them.", show_default="."),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The baseline. Without, the configured one.",
            show_default=DEFAULT_NAME,
        ),
    ] = None,
    prune: Annotated[
        bool,
        typer.Option("--prune", help="Only remove entries that no longer occur; accept nothing."),
    ] = False,
    target: Annotated[
        str | None,
        typer.Option(
            "--target",
            "-t",
            help="What the models are for, as in `check`.",
            autocompletion=complete_targets,
        ),
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
) -> None:
    """Accept today's findings; report later ones.

    `check --baseline FILE` then leaves out what the file lists.
    """
    from tflint.api import run
    from tflint.atomic_file import write_files
    from tflint.cli.output import emit
    from tflint.cli.progress import Progress
    from tflint.config.load import load_settings
    from tflint.lint.baseline import (
        Baseline,
        baseline_of,
        pruned,
        read_baseline,
        render_baseline,
        stale_entries,
    )
    from tflint.lint.discover import shown_path

    settings = load_settings({"target": target}, config=config or (), isolated=isolated)
    configured: Path | None = settings.values["baseline"]
    path = Path(output) if output else configured or settings.root / DEFAULT_NAME
    existing = read_baseline(path) if prune or path.exists() else Baseline(path)
    # What the baseline accepts so far is found anew: it must not silence itself.
    settings = settings.without_baseline()
    progress = Progress()
    try:
        report = run(settings, paths or ["."], progress)
    finally:
        progress.clear()
    stale = stale_entries(report, existing)
    kept = pruned(existing, stale)
    written = kept if prune else baseline_of(report, path, kept)
    write_files([(path, render_baseline(written))])
    count, before = len(written.entries), len(existing.entries)
    accepted = "1 finding" if count == 1 else f"{count:,} findings"
    added = count - (before - len(stale))
    emit(f"{shown_path(path)} accepts {accepted}: {added:,} new, {len(stale):,} removed\n")
