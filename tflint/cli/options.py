"""Options and arguments that several commands have, declared once."""

from __future__ import annotations

from typing import Annotated

import typer

from tflint.cli.complete import complete_rules, complete_targets, complete_words
from tflint.cli.output import COLOR_CHOICES
from tflint.errors import UnknownName
from tflint.finding import Severity

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
