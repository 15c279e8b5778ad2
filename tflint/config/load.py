"""Finding the configuration and putting its sources together."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tflint.config.parse import PARSERS, Document, parse_document
from tflint.config.settings import DEFAULTS, Origin, Settings, Source
from tflint.config.toml_lines import KeyLines
from tflint.errors import UsageError
from tflint.lint.discover import shown_path
from tflint.printable import printable

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

OWN_FILE = "tflint.toml"
PYPROJECT = "pyproject.toml"
SECTION = ("tool", "tflint")
VARIABLE_PREFIX = "TFLITE_LINT_"
MAX_BYTES = 1_000_000


class InvalidConfiguration(UsageError):
    """All problems of a configuration, a line each."""

    def __init__(self, problems: Iterable[str]) -> None:
        found = list(problems)
        head = [f"the configuration has {len(found)} problems:"] if len(found) > 1 else []
        super().__init__("\n  ".join((*head, *found)))


def load_settings(
    options: Mapping[str, Any] | None = None,
    *,
    config: Iterable[str] = (),
    isolated: bool = False,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """The configuration of a run.

    `options` are settings that the command line or a caller gives, by name; those that are
    None or empty count as not given. `config` are the arguments of `--config`: one file at
    most, and `KEY=VALUE` pairs. `isolated` leaves files and environment out. `folder` is
    where the search for a file begins: there and upwards, the nearest folder that has a
    `tflint.toml` or a `pyproject.toml` with a `[tool.tflint]` table.

    Raises `InvalidConfiguration` with every problem of every source.
    """
    start = (folder or Path.cwd()).absolute()
    files, pairs = _arguments(config)
    if len(files) > 1:
        raise UsageError(f"`--config` names {len(files)} files; one at most")
    path = files[0] if files else None if isolated else _find(start)
    documents: list[Document] = []
    if path is not None:
        documents.append(_read(path))
    if not isolated:
        documents.append(_from_environment(os.environ if environment is None else environment))
    documents.append(_from_pairs(pairs, start))
    documents.append(_from_options(options or {}))
    problems = [problem for document in documents for problem in document.problems]
    if problems:
        raise InvalidConfiguration(problems)
    values: dict[str, Any] = dict(DEFAULTS)
    origins: dict[str, Origin] = {}
    for document in documents:
        # Who selects anew starts from nothing: what a weaker source adds or leaves out is gone.
        if "select" in document.values:
            for key in ("extend-select", "ignore"):
                values[key] = ()
                origins.pop(key, None)
        values.update(document.values)
        origins.update(document.origins)
    return Settings(
        root=path.parent.absolute() if path else start,
        file=path,
        values=values,
        origins=origins,
        models=tuple(entry for document in documents for entry in document.models),
        suppressions=tuple(entry for document in documents for entry in document.suppressions),
    )


def _find(start: Path) -> Path | None:
    """The nearest configuration file, from `start` upwards."""
    for folder in (start, *start.parents):
        own = folder / OWN_FILE
        if own.is_file():
            return own
        shared = folder / PYPROJECT
        if shared.is_file() and _has_section(shared):
            return shared
    return None


def _has_section(path: Path) -> bool:
    """Whether a `pyproject.toml` configures tflint; of one that cannot be parsed, its text says."""
    try:
        text = _text(path)
    except UsageError:
        # Not ours to complain about, unless it has to do with tflint.
        return _begins_section(path)
    if "tflint" not in text:
        return False
    try:
        return _section(tomllib.loads(text), SECTION) is not None
    except (tomllib.TOMLDecodeError, RecursionError):
        return "[tool.tflint" in text


def _begins_section(path: Path) -> bool:
    """Whether a file that is no text, or too much of it, seems to configure tflint."""
    try:
        with path.open("rb") as file:
            return b"[tool.tflint" in file.read(MAX_BYTES)
    except OSError:
        return False


def _text(path: Path) -> str:
    shown = printable(shown_path(path), 400)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise UsageError(f"`{shown}` is too large for a configuration")
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except FileNotFoundError as error:
        raise UsageError(f"`{shown}` does not exist") from error
    except OSError as error:
        raise UsageError(f"`{shown}` cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"`{shown}` is not UTF-8") from error


def _read(path: Path) -> Document:
    """A configuration file; what keeps it from being parsed is its one problem."""
    shown = printable(shown_path(path), 400)
    text = _text(path)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidConfiguration([_syntax_problem(shown, text, str(error))]) from error
    except RecursionError as error:
        raise InvalidConfiguration([f"{shown}: nested too deeply"]) from error
    prefix = SECTION if _section(document, SECTION) is not None else ()
    if path.name == PYPROJECT and not prefix:
        return Document()  # Named by `--config`: a project without settings.
    table = _section(document, prefix)
    lines = KeyLines(text)
    if not isinstance(table, dict):
        line = lines.line(prefix)
        raise InvalidConfiguration([f"{shown}:{line}: `{'.'.join(prefix)}` is not a table"])
    found = parse_document(table, shown, lines, prefix, path.parent.absolute())
    if prefix and path.name != PYPROJECT:
        for key in document:
            if key != "tool":
                line = lines.line((key,))
                found.problems.append(
                    f"{shown}:{line}: `{printable(key)}` stands outside of [tool.tflint]"
                )
    return found


def _syntax_problem(shown: str, text: str, message: str) -> str:
    """What the TOML parser says, with the line in front as everywhere else."""
    place = _PLACE.search(message)
    line = text.count("\n") + 1
    if place is not None:
        line = int(place[1]) if place[1] else line
        message = message[: place.start()]
    hint = ""
    if _IGNORE_LIST.search(text) and _IGNORE_TABLE.search(text):
        hint = (
            "; `ignore` cannot be a list and tables at once: write the tables into the list, "
            "`{ path = ..., rules = [...], reason = ... }`"
        )
    return f"{shown}:{line}: {printable(message, 400)}{hint}"


# Where the parser found the mistake, as it says at the end of its message.
_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_IGNORE_LIST = re.compile(r"^[ \t]*(?:tool\.tflint\.)?ignore[ \t]*=", re.MULTILINE)
_IGNORE_TABLE = re.compile(r"^[ \t]*\[\[[ \t]*(?:tool\.tflint\.)?ignore[ \t]*\]\]", re.MULTILINE)


def _section(document: Mapping[str, Any], path: tuple[str, ...]) -> object:
    found: object = document
    for part in path:
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _arguments(config: Iterable[str]) -> tuple[list[Path], list[str]]:
    """The files and the `KEY=VALUE` pairs among the arguments of `--config`."""
    files, pairs = [], []
    for text in config:
        key, equals, _ = text.partition("=")
        if (equals and key.strip().replace("_", "-") in PARSERS) or (
            equals and not os.path.exists(text)
        ):
            pairs.append(text)
        else:
            files.append(Path(text))
    return files, pairs


def _from_pairs(pairs: Iterable[str], folder: Path) -> Document:
    """`--config KEY=VALUE`: the value is TOML, or else a plain string."""
    found = Document()
    for pair in pairs:
        key, _, text = pair.partition("=")
        origin = Origin(Source.COMMAND_LINE, name=f"--config {key.strip()}")
        _put(found, key.strip().replace("_", "-"), _toml_value(text), origin, folder)
    return found


def _toml_value(text: str) -> object:
    try:
        value: object = tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        return text.strip()
    return value


def _from_environment(environment: Mapping[str, str]) -> Document:
    """`TFLITE_LINT_FAIL_ON` and the like; other variables of that prefix are not settings."""
    found = Document()
    for key in PARSERS:
        name = VARIABLE_PREFIX + key.upper().replace("-", "_")
        text = environment.get(name)
        if text:
            _put(found, key, text, Origin(Source.ENVIRONMENT, name=name), Path.cwd())
    return found


def _from_options(options: Mapping[str, Any]) -> Document:
    found = Document()
    for key, value in options.items():
        if value is not None and value not in ([], ()):
            _put(found, key, value, Origin(Source.COMMAND_LINE, name=f"--{key}"), Path.cwd())
    return found


def _put(found: Document, key: str, value: object, origin: Origin, folder: Path) -> None:
    """Parse one value that does not come from a file, and keep it or its problem."""
    one = parse_document({key: value}, origin.name, KeyLines(""), (), folder)
    # There is no line that a problem could be on, and the origin says which setting it is.
    found.problems += [
        problem.replace(":1: ", ": ", 1).replace(f": `{key}`: ", ": ", 1)
        for problem in one.problems
    ]
    found.values.update(one.values)
    found.origins.update(dict.fromkeys(one.origins, origin))
    found.models += one.models
    found.suppressions += [replace(entry, file="", line=None) for entry in one.suppressions]
