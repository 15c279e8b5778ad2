"""`tflint baseline`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tflint.cli.options import Config, Isolated, Models, Target

DEFAULT_NAME = "tflint-baseline.json"


def baseline(
    paths: Models = None,
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
    target: Target = None,
    config: Config = None,
    isolated: Isolated = False,
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
    from tflint.printable import counted

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
    added = count - (before - len(stale))
    accepted = counted(count, "finding")
    emit(f"{shown_path(path)} accepts {accepted}: {added:,} new, {len(stale):,} removed\n")
