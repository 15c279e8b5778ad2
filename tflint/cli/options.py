"""Options and arguments that several commands have, declared once."""

from __future__ import annotations

from typing import Annotated

import typer

from tflint.cli.complete import complete_rules, complete_targets, complete_words
from tflint.cli.output import COLOR_CHOICES
from tflint.errors import UnknownName
from tflint.finding import Severity
from tflint.fix.options import CALIBRATIONS, DEFAULT_TOLERANCE

LEVEL_NAMES = (*(severity.value for severity in Severity), "never")
LEVELS = ", ".join(LEVEL_NAMES)
TEXT_OR_JSON = ("text", "json")

Models = Annotated[
    list[str] | None,
    typer.Argument(help="Models, sources, or folders to search for them.", show_default="."),
]
Target = Annotated[
    str | None,
    typer.Option(
        "--target",
        "-t",
        help="What the model is for: a name from `tflint targets`, or with a budget as "
        "cortex-m4:flash=256K,ram=64K.",
        show_default="tflm",
        autocompletion=complete_targets,
    ),
]
Select = Annotated[
    list[str] | None,
    typer.Option(
        help="Run only these rules: codes, prefixes or names. Repeatable.",
        autocompletion=complete_rules,
    ),
]
ExtendSelect = Annotated[
    list[str] | None,
    typer.Option(help="Run these rules as well. Repeatable.", autocompletion=complete_rules),
]
Ignore = Annotated[
    list[str] | None,
    typer.Option(
        help="Do not run these rules. Repeatable. Unreadable files are reported anyway.",
        autocompletion=complete_rules,
    ),
]
Config = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FILE|KEY=VALUE",
        help="A configuration file instead of the nearest, or one setting. Repeatable.",
    ),
]
Isolated = Annotated[
    bool, typer.Option("--isolated", help="Leave configuration files and variables out.")
]
StdinFilename = Annotated[
    str | None,
    typer.Option(
        "--stdin-filename",
        metavar="NAME",
        help="Read a source, notebook or model from stdin, and treat it as this file.",
    ),
]
Color = Annotated[
    str,
    typer.Option(
        help="Colour in text output: auto, always, never.",
        autocompletion=complete_words(*COLOR_CHOICES),
    ),
]
Calibrate = Annotated[
    str | None,
    typer.Option(
        metavar="DATA|random",
        help="Real inputs, before quantisation, for ranges and the proof: .npy, .npz, or a "
        "folder of .npy.",
    ),
]
Calibration = Annotated[
    str | None,
    typer.Option(
        metavar="METHOD",
        help=f"From inputs to ranges: {', '.join(CALIBRATIONS)}.",
        show_default="best",
        autocompletion=complete_words(*CALIBRATIONS),
    ),
]
Tolerance = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        help="How far results may be off that are not bit-equal: the share of decisions, and "
        "of the outputs' range.",
        show_default=str(DEFAULT_TOLERANCE),
    ),
]
Weights = Annotated[
    str | None,
    typer.Option(
        metavar="FILE", help="Weights to load into what a factory returns: .h5, checkpoint."
    ),
]
WithModules = Annotated[
    list[str] | None,
    typer.Option(
        "--with",
        metavar="MODULE.py",
        help="Run this source first, for the classes that the archive needs. Repeatable.",
    ),
]
Signature = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Which signature of a SavedModel.", show_default="the only"),
]
Trust = Annotated[bool, typer.Option("--trust", help="Let the archive run the code that it holds.")]
LegacyKeras = Annotated[
    bool | None,
    typer.Option(
        "--legacy-keras/--no-legacy-keras",
        help="Load with tf-keras (Keras 2), which alone makes fused LSTMs, or with Keras 3.",
        show_default="by the file",
    ),
]
TimeLimit = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        help="Give up after this long.",
        show_default="900",
    ),
]
MemoryLimit = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        help="Address space that TensorFlow may take, such as 8G.",
        show_default="16G",
    ),
]
TextOrJson = Annotated[
    str,
    typer.Option(
        "--format",
        help=f"Output format: {', '.join(TEXT_OR_JSON)}.",
        autocompletion=complete_words(*TEXT_OR_JSON),
    ),
]


def check_format(name: str, formats: tuple[str, ...] = TEXT_OR_JSON) -> None:
    """Raise `UnknownName` for a format that a command does not have."""
    if name not in formats:
        raise UnknownName("format", name, formats, f"formats are {', '.join(formats)}")
