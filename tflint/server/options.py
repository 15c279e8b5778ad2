"""What an editor may set, and the configuration that holds for a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tflint.config.load import OWN_FILE, PYPROJECT, load_settings
from tflint.config.settings import Settings
from tflint.errors import UsageError
from tflint.printable import printable

# The settings that make sense of one file in an editor, as configuration files call them.
KEYS = ("target", "max-flash", "max-ram", "max-macs", "select", "extend-select", "ignore")
CONFIGURATION_FILES = (OWN_FILE, PYPROJECT)
# An editor may hand over its settings whole, with ours in a part of its own.
_SECTION = "tflint"


@dataclass(frozen=True, slots=True)
class Options:
    """What the editor set, by the names of configuration files, and what is wrong with it."""

    values: Mapping[str, str | list[str]] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def read_options(given: object) -> Options:
    """The options in `initializationOptions` or in changed settings, both of any form.

    Names may be written as in configuration files or as in JSON (`extendSelect`).
    """
    if isinstance(given, Mapping) and isinstance(given.get(_SECTION), Mapping):
        given = given[_SECTION]
    if given is None:
        return Options()
    if not isinstance(given, Mapping):
        return Options(problems=("the options are not an object",))
    values: dict[str, str | list[str]] = {}
    problems = []
    for name, value in given.items():
        key = "".join(f"-{c.lower()}" if c.isupper() else c for c in str(name)).replace("_", "-")
        if key not in KEYS:
            problems.append(f"unknown option `{printable(str(name))}`; there are {', '.join(KEYS)}")
        elif isinstance(value, bool) or not _is_text(value):
            problems.append(f"option `{key}` is neither a text nor a list of texts")
        elif isinstance(value, list):
            values[key] = value
        elif value is not None:
            values[key] = str(value)
    return Options(values, tuple(problems))


def _is_text(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(item, str) for item in value)
    return value is None or isinstance(value, (str, int))


@dataclass(frozen=True, slots=True)
class Found:
    """The settings for a file; `problem` is why they are not those that were asked for."""

    settings: Settings
    problem: str | None = None


def settings_for(folder: Path | None, options: Options) -> Found:
    """The configuration as `tflint check` finds it in a folder, with the editor's options.

    They are read anew each time: that takes a few milliseconds, and is never out of date.
    """
    try:
        return Found(load_settings(dict(options.values), folder=folder))
    except (UsageError, OSError) as error:
        problem = str(error)
    try:
        return Found(load_settings(folder=folder, isolated=True), problem)
    except OSError:  # The working directory is gone.
        return Found(load_settings(folder=Path("/"), isolated=True), problem)
