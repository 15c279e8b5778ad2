"""`tflint train`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tflint.cli.complete import complete_words
from tflint.cli.options import Config, Isolated
from tflint.errors import UsageError

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
            metavar="SECONDS", min=1, help="End a training after this long; it can be gone on with."
        ),
    ] = 3600.0,
    config: Config = None,
    isolated: Isolated = False,
) -> None:
    """Train a reference application on recordings, and write models, metrics and a card.

    TensorFlow runs in a process of its own. The same call goes on where one was interrupted.
    """
    from tflint.api import run_train
    from tflint.cli.output import emit
    from tflint.cli.progress import Progress
    from tflint.config.load import load_settings
    from tflint_reference_models.training.options import ALL, TrainOptions

    settings = load_settings({"data": data}, config=config or (), isolated=isolated)
    if original and experiment == ALL:
        raise UsageError("--experiment all trains both networks: leave --original out")
    options = TrainOptions(
        Path(output or application),
        original=original,
        experiment=experiment,
        epochs=epochs,
        seed=seed,
        threads=threads,
        fresh=fresh,
        seconds=time_limit,
    )
    progress = Progress()
    try:
        report = run_train(settings, application, options, progress.say)
    finally:
        progress.clear()
    emit(report.summary())
