"""`tflint train`."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from tflint.cli.complete import complete_words
from tflint.cli.options import Config, Isolated
from tflint.errors import UsageError
from tflint.printable import printable

# In a log, where a line each epoch would be noise.
LOG_EVERY_S = 30.0
# Written out, as `--help` need not load what knows them; a test holds them together.
APPLICATIONS = ("motion_sense", "music_classifier", "keyword_spotting", "car_sensor")


def train(
    application: Annotated[
        str,
        typer.Argument(
            metavar="APP",
            help=f"What to train: {', '.join(APPLICATIONS)}.",
            autocompletion=complete_words(*APPLICATIONS),
        ),
    ],
    original: Annotated[
        bool,
        typer.Option("--original", help="Train the original's network instead, the same way."),
    ] = False,
    experiment: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="How recordings are parted; `all` for each way, with both networks.",
            show_default="the one whose models are shipped",
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER",
            help="Folder with the recordings.",
            show_default="TFLITE_LINT_DATA, or `data` in the configuration",
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FOLDER", help="Folder to write to.", show_default="./APP"
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(min=1, max=100_000, help="Epochs.", show_default="what the recipe says"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Seed of the training.")] = 0,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Threads of TensorFlow.")] = 2,
    fresh: Annotated[
        bool,
        typer.Option("--fresh", help="Begin anew, not where an interrupted call ended."),
    ] = False,
    time_limit: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            min=1,
            max=1e7,
            help="End a training after this long; it can be gone on with.",
        ),
    ] = 3600.0,
    config: Config = None,
    isolated: Isolated = False,
) -> None:
    """Train a reference application on recordings, and write models, metrics and a card.

    TensorFlow runs in a process of its own. The same call goes on where one was interrupted.
    """
    from tflint.api import run_train
    from tflint.cli.interrupts import INTERRUPTED, two_interrupts
    from tflint.cli.output import print_lines
    from tflint.cli.progress import Progress
    from tflint.config.load import load_settings
    from tflint_reference_models.training.options import ALL, TrainOptions

    if original and experiment == ALL:
        raise UsageError("--experiment all trains both networks: leave --original out")
    if not math.isfinite(time_limit):
        raise UsageError("--time-limit is a number of seconds, such as 600")
    settings = load_settings({"data": data}, config=config or (), isolated=isolated)
    options = TrainOptions(
        Path(application if output is None else os.path.expanduser(output)),
        original=original,
        experiment=experiment,
        epochs=epochs,
        seed=seed,
        threads=threads,
        fresh=fresh,
        seconds=time_limit,
    )
    progress = Progress(log_every_s=LOG_EVERY_S)
    try:
        with two_interrupts():
            try:
                report = run_train(settings, application, options, progress.say)
            finally:
                progress.clear()
    except KeyboardInterrupt:
        print(f"tflint: {_interrupted(options.output)}", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    print_lines(report.lines())


def _interrupted(output: Path) -> str:
    from tflint_reference_models.training.kept_states import STATES, is_something_kept

    if not is_something_kept(output):
        return "interrupted; nothing is kept"
    shown = printable(str(output / STATES), 400)
    return f"interrupted; what was trained is kept in `{shown}`, and the same call goes on from it"
