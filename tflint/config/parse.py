"""From a configuration document to values: each key checked, every problem kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tflint.config.path_patterns import PathPattern
from tflint.config.settings import BUDGET_KEYS, ModelSettings, Origin, Source
from tflint.config.toml_lines import KeyLines
from tflint.errors import UnknownName, UsageError
from tflint.finding import Severity
from tflint.lint.selection import check_selector
from tflint.lint.suppression import Suppression
from tflint.printable import printable
from tflint.report.formats import FORMATS, find_format
from tflint.target.target import find_target, parse_count, parse_size

LEVELS = (*(severity.value for severity in Severity), "never")
MAX_JOBS = 1024
_TABLES = ("models", "ignore", "extend-ignore")


@dataclass(slots=True)
class Document:
    """What one configuration document says, and every problem it has."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)
    models: list[ModelSettings] = field(default_factory=list)
    suppressions: list[Suppression] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class _Reader:
    """Reads the table that holds the configuration, `prefix` being where it is in the file."""

    def __init__(self, path: str, lines: KeyLines, prefix: tuple[str, ...], folder: Path) -> None:
        self.path, self.lines, self.prefix, self.folder = path, lines, prefix, folder
        self.document = Document()

    def read(self, table: Mapping[str, Any]) -> Document:
        """Everything in the table."""
        for key, value in table.items():
            if key == "models":
                self._entries(key, value, self._model)
            elif key in ("ignore", "extend-ignore") and isinstance(value, list):
                self._ignore(key, value)
            else:
                self._value(key, value, (key,), self.document.values, self.document.origins)
        return self.document

    def _value(
        self,
        key: str,
        value: object,
        at: tuple[str | int, ...],
        values: dict[str, Any],
        origins: dict[str, Origin],
        known: Mapping[str, Callable[[object], Any]] | None = None,
    ) -> None:
        parsers = PARSERS if known is None else known
        if key not in parsers:
            hint = _suggestion(key, [*parsers, *_TABLES])
            self._problem(at, f"unknown key `{printable(key)}`{hint}")
            return
        parse = parsers[key]
        if isinstance(value, list) and key in _LISTS:
            found: list[Any] = []
            for i, item in enumerate(value):
                for part in self._attempt(parse, [item], (*at, i)) or ():
                    found.append(part)
            values[key] = tuple(found)
        else:
            parsed = self._attempt(parse, value, at)
            if parsed is None:
                return
            values[key] = parsed
        if key in ("baseline", "data"):
            values[key] = self.folder / values[key]
        if key == "output":
            values[key] = tuple((name, self.folder / path) for name, path in values[key])
        origins[key] = self._origin(at)

    def _attempt(
        self, parse: Callable[[object], Any], value: object, at: tuple[str | int, ...]
    ) -> Any:
        try:
            return parse(value)
        except UsageError as error:
            self._problem(at, f"`{self._name(at)}`: {error}")
        return None

    def _entries(
        self, key: str, value: object, read: Callable[[Mapping[str, Any], tuple[str, int]], None]
    ) -> None:
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            self._problem((key,), f"`{key}` must be an array of tables, `[[{self._table(key)}]]`")
            return
        for i, entry in enumerate(value):
            read(entry, (key, i))

    def _model(self, entry: Mapping[str, Any], at: tuple[str, int]) -> None:
        paths = self._paths(entry, at)
        values: dict[str, Any] = {}
        for key, value in entry.items():
            if key not in ("path", "paths"):
                self._value(key, value, (*at, key), values, {}, MODEL_PARSERS)
        if paths:
            self.document.models.append(ModelSettings(paths, values, self._origin(at)))

    def _ignore(self, key: str, entries: list[object]) -> None:
        """`ignore` is a list of selectors, an array of tables with paths and reasons, or both.

        TOML has no way to write both in one file but inline tables; `extend-ignore` is there
        for selectors beside `[[ignore]]`.
        """
        selectors: list[str] = []
        for i, entry in enumerate(entries):
            if isinstance(entry, dict):
                self._suppression(entry, (key, i))
            else:
                selectors += list(self._attempt(_selectors, [entry], (key, i)) or ())
        if selectors:
            before = self.document.values.get("ignore", ())
            self.document.values["ignore"] = (*before, *selectors)
            self.document.origins["ignore"] = self._origin((key,))

    def _suppression(self, entry: Mapping[str, Any], at: tuple[str, int]) -> None:
        paths = self._paths(entry, at)
        rules: list[str] = []
        given = entry.get("rules", entry.get("rule"))
        if given is None:
            self._problem(at, "`rules` is missing: which findings are to be ignored")
        else:
            items = given if isinstance(given, list) else [given]
            for i, item in enumerate(items):
                rules += self._attempt(_selectors, [item], (*at, "rules", i)) or ()
            if not items:
                self._problem((*at, "rules"), "`rules` is empty")
        reason = entry.get("reason")
        if not isinstance(reason, str) or not reason.strip():
            self._problem(at, "`reason` is missing: say why these findings are acceptable")
        for key in entry:
            if key not in ("path", "paths", "rule", "rules", "reason"):
                hint = _suggestion(key, ["path", "rules", "reason"])
                self._problem((*at, key), f"unknown key `{printable(key)}`{hint}")
        if paths and rules and isinstance(reason, str):
            origin = self._origin(at)
            self.document.suppressions.append(
                Suppression(paths, tuple(rules), reason.strip(), origin.path, origin.line)
            )

    def _paths(self, entry: Mapping[str, Any], at: tuple[str, int]) -> tuple[PathPattern, ...]:
        name = "paths" if "paths" in entry else "path"
        if name not in entry:
            self._problem(at, "`path` is missing: the files that this entry is for")
            return ()
        given = entry[name]
        items = given if isinstance(given, list) else [given]
        found: list[PathPattern] = []
        for i, item in enumerate(items):
            found += self._attempt(_patterns, [item], (*at, name, i)) or ()
        if not items:
            self._problem((*at, name), f"`{name}` is empty")
        return tuple(found)

    def _origin(self, at: tuple[str | int, ...]) -> Origin:
        return Origin(Source.FILE, self.path, self.lines.line((*self.prefix, *at)))

    def _problem(self, at: tuple[str | int, ...], message: str) -> None:
        self.document.problems.append(
            f"{self.path}:{self.lines.line((*self.prefix, *at))}: {message}"
        )

    def _name(self, at: tuple[str | int, ...]) -> str:
        return ".".join(str(part) for part in at if not isinstance(part, int))

    def _table(self, key: str) -> str:
        return ".".join((*self.prefix, key))


def _suggestion(key: str, known: Sequence[str]) -> str:
    import difflib

    near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    return f"; did you mean `{near[0]}`?" if near else ""


def parse_document(
    table: Mapping[str, Any], path: str, lines: KeyLines, prefix: tuple[str, ...], folder: Path
) -> Document:
    """The configuration in `table`, which stands at `prefix` of the file `path`.

    `folder` is what relative paths in it start from. Problems are collected, not raised.
    """
    return _Reader(path, lines, prefix, folder).read(table)


def _target(value: object) -> str:
    text = _text(value)
    find_target(text)
    return text


def _level(value: object) -> str:
    return _one_of(value, "level", LEVELS)


def _format(value: object) -> str:
    return find_format(_text(value)).name


def _one_of(value: object, kind: str, known: tuple[str, ...]) -> str:
    text = _text(value)
    if text not in known:
        raise UnknownName(kind, text, known, f"{kind}s are {', '.join(known)}")
    return text


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise UsageError(f"expected a string, found {_kind(value)}")
    return value


def _size(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if not isinstance(value, str):
        raise UsageError(f'expected a size like 20480 or "20K", found {_kind(value)}')
    return parse_size(value)


def _count(value: object) -> int:
    """A number of operations; `2.5M` has its usual meaning here, a million."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, float) and math.isfinite(value) and value >= 0 and value.is_integer():
        return int(value)
    if not isinstance(value, str):
        raise UsageError(f'expected a number like 2500000 or "2.5M", found {_kind(value)}')
    return parse_count(value)


def _jobs(value: object) -> int:
    if isinstance(value, str) and value.isdecimal() and len(value) < 6:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_JOBS:
        raise UsageError(f"expected a number of processes from 1 to {MAX_JOBS}")
    return value


def _texts(value: object) -> Iterator[str]:
    for item in value if isinstance(value, (list, tuple)) else [value]:
        yield _text(item)


def _selectors(value: object) -> tuple[str, ...]:
    found = [part for text in _texts(value) for part in text.replace(",", " ").split()]
    if not found:
        raise UsageError("names no rule")
    for selector in found:
        check_selector(selector)
    return tuple(found)


def _patterns(value: object) -> tuple[PathPattern, ...]:
    return tuple(PathPattern(text) for text in _texts(value))


def _outputs(value: object) -> tuple[tuple[str, str], ...]:
    return tuple(_output(text) for text in _texts(value))


def _output(text: str) -> tuple[str, str]:
    """`sarif=reports/tflint.sarif` in its two parts."""
    name, equals, file = text.partition("=")
    shown = printable(text, 400)
    if not equals:
        hint = f"formats are {', '.join(FORMATS)}"
        if name in FORMATS:
            hint = f"write --output {name}=FILE"
        raise UsageError(f"`{shown}` names no file: expected FORMAT=FILE; {hint}")
    found = find_format(name)
    if not file:
        raise UsageError(f"`{shown}` names no file: expected FORMAT=FILE")
    return found.name, _path(file)


def _path(value: object) -> str:
    text = _text(value)
    if not text.strip() or "\0" in text:
        raise UsageError("expected a path")
    return text


def _kind(value: object) -> str:
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a string"}
    if isinstance(value, dict):
        return "a table"
    return "an array" if isinstance(value, list) else names.get(type(value), "a date or time")


MODEL_PARSERS: dict[str, Callable[[object], Any]] = {
    "target": _target,
    **{key: _count if key == "max-macs" else _size for key in BUDGET_KEYS},
    "select": _selectors,
    "extend-select": _selectors,
    "ignore": _selectors,
}
PARSERS: dict[str, Callable[[object], Any]] = {
    **MODEL_PARSERS,
    "fail-on": _level,
    "format": _format,
    "output": _outputs,
    "baseline": _path,
    "data": _path,
    "exclude": _patterns,
    "jobs": _jobs,
}
_LISTS = frozenset(("select", "extend-select", "ignore", "output", "exclude"))
