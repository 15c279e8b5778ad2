"""What a shell offers after TAB, and the scripts that make it ask."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator

from tflint.errors import UnknownName

SHELLS = ("bash", "zsh", "fish", "powershell", "pwsh")
INSTALL = "--install-completion"
SHOW = "--show-completion"
# Typer breaks descriptions at the width of a terminal, and in fish a second line is an offer
# of its own.
_WIDTH = 60

Offer = tuple[str, str]


def set_up_completion(arguments: list[str], program: str) -> bool:
    """Carry out `--show-completion SHELL` and `--install-completion SHELL`.

    Returns False for anything else: Typer has these options too, but only for the shell that
    it believes to be started from. Raises `UnknownName` for a shell that is none of `SHELLS`.
    """
    option, equals, shell = (arguments[0] if arguments else "").partition("=")
    if option not in (INSTALL, SHOW) or not (equals or len(arguments) > 1):
        return False
    shell = shell if equals else arguments[1]
    if shell not in SHELLS:
        raise UnknownName("shell", shell, SHELLS, f"shells are {', '.join(SHELLS)}")
    from typer.completion import (  # type: ignore[attr-defined]
        get_completion_script,
        install,
    )

    from tflint.cli.output import emit

    variable = f"_{program.replace('-', '_').upper()}_COMPLETE"
    if option == SHOW:
        script = get_completion_script(prog_name=program, complete_var=variable, shell=shell)
        emit(f"{script}\n")
    else:
        _, path = install(shell, program, variable)
        emit(f"{shell} completion is installed in {path}; new shells have it\n")
    return True


def complete_targets(incomplete: str) -> Iterator[Offer]:
    """Targets that begin like this, with what they are."""
    from tflint.target.target import named_targets

    for name, target in named_targets().items():
        if name.startswith(incomplete):
            yield _offer(name, target.description)


def complete_rules(incomplete: str) -> Iterator[Offer]:
    """Rules whose code or name begins like this, with what they find.

    In a list with commas, the last one.
    """
    from tflint.lint.registry import all_rules

    before, comma, word = incomplete.rpartition(",")
    for rule in all_rules():
        for known in (rule.meta.code, rule.meta.name):
            if known.lower().startswith(word.lower()):
                yield _offer(f"{before}{comma}{known}", rule.summary())


def complete_formats(incomplete: str) -> Iterator[Offer]:
    """Output formats that begin like this, with what they are for."""
    from tflint.report.formats import FORMATS

    for name, format in FORMATS.items():
        if name.startswith(incomplete):
            yield _offer(name, format.purpose)


def complete_outputs(incomplete: str) -> Iterator[Offer]:
    """The `FORMAT=` of `--output FORMAT=FILE`."""
    return ((f"{name}=", purpose) for name, purpose in complete_formats(incomplete))


def complete_memory_formats(incomplete: str) -> Iterator[Offer]:
    """Formats of `tflint memory` that begin like this, with what they are for."""
    from tflint.report.memory_formats import FORMATS

    for name, format in FORMATS.items():
        if name.startswith(incomplete):
            yield _offer(name, format.purpose)
    if "markdown".startswith(incomplete):
        yield _offer("markdown", "with --against: a comment on a pull request")


def complete_memory_outputs(incomplete: str) -> Iterator[Offer]:
    """The `FORMAT=` of `--output FORMAT=FILE` of `tflint memory`."""
    return ((f"{name}=", purpose) for name, purpose in complete_memory_formats(incomplete))


def complete_words(*words: str) -> Callable[[str], list[str]]:
    """A completion of one of a few words."""

    def complete(incomplete: str) -> list[str]:
        return [word for word in words if word.startswith(incomplete)]

    return complete


def _offer(value: str, description: str) -> Offer:
    return value, textwrap.shorten(description, _WIDTH, placeholder="...")
