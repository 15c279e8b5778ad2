"""What can be configured, and where each value came from."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from tflint.config.path_patterns import PathPattern
from tflint.errors import UsageError
from tflint.finding import Severity
from tflint.lint.plan import Plan
from tflint.lint.selection import select_rules, selected_codes
from tflint.lint.suppression import Suppression
from tflint.rule import Rule
from tflint.target.target import DEFAULT_TARGET, Target, find_target


class Source(Enum):
    """Where values come from, the weakest first."""

    DEFAULT = "default"
    FILE = "file"
    ENVIRONMENT = "environment"
    COMMAND_LINE = "command line"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where one value came from: `path` and `line` of a file, the name of a variable or option."""

    source: Source
    path: str = ""
    line: int | None = None
    name: str = ""

    def __str__(self) -> str:
        if self.source is Source.FILE:
            return f"{self.path}:{self.line}"
        return self.name or self.source.value


DEFAULT = Origin(Source.DEFAULT)
# The settings that a single model may have of its own; the others concern a whole run.
BUDGET_KEYS = {"max-flash": "flash_bytes", "max-ram": "ram_bytes", "max-macs": "max_macs"}


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """A `[[tool.tflint.models]]` entry: settings of the models that one of its paths matches."""

    paths: tuple[PathPattern, ...]
    values: Mapping[str, Any]
    origin: Origin


@dataclass(frozen=True, slots=True)
class Settings:
    """The configuration of a run. `root` is the folder that paths and patterns start from.

    `values` holds every setting by its name in configuration files, `origins` where each came
    from. Of several `models` entries that match a file, later ones win; what the command line
    or the environment says wins over all of them, except that ignored rules add up.
    """

    root: Path
    file: Path | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    origins: Mapping[str, Origin] = field(default_factory=dict)
    models: tuple[ModelSettings, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    _plans: dict[tuple[int, ...], Plan] = field(default_factory=dict, compare=False, repr=False)

    def origin(self, key: str) -> Origin:
        """Where the value of a setting came from."""
        return self.origins.get(key, DEFAULT)

    @property
    def target(self) -> Target:
        """The target of files for which no `models` entry says otherwise."""
        return self._target(self.values)

    @property
    def rules(self) -> tuple[type[Rule], ...]:
        """The rules for files for which no `models` entry says otherwise."""
        return self._rules(self.values)

    @property
    def fail_on(self) -> Severity | None:
        """The lowest severity that fails a run; None when nothing does."""
        level = self.values["fail-on"]
        return None if level == "never" else Severity(level)

    def without_baseline(self) -> Settings:
        """The same settings, but for the baseline."""
        return dataclasses.replace(self, values={**self.values, "baseline": None})

    def excludes(self, path: Path) -> bool:
        """Whether a file found in a folder is to be left out."""
        patterns: tuple[PathPattern, ...] = self.values["exclude"]
        return any(pattern.matches(path, self.root) for pattern in patterns)

    def matching(self, path: Path) -> tuple[ModelSettings, ...]:
        """The `models` entries for a file."""
        return tuple(
            entry
            for entry in self.models
            if any(pattern.matches(path, self.root) for pattern in entry.paths)
        )

    def for_model(self, path: Path) -> tuple[dict[str, Any], dict[str, Origin]]:
        """The values that hold for one file, and where they came from."""
        values, origins = dict(self.values), dict(self.origins)
        for entry in self.matching(path):
            for key, value in entry.values.items():
                if key == "ignore":
                    values[key] = (*values[key], *value)
                elif self.origin(key).source in (Source.DEFAULT, Source.FILE):
                    values[key] = value
                else:
                    continue
                origins[key] = entry.origin
            # A budget that stands above belongs to the target that it was written for.
            if "target" in entry.values and self.origin("target").source in (
                Source.DEFAULT,
                Source.FILE,
            ):
                for key in BUDGET_KEYS:
                    weak = self.origin(key).source in (Source.DEFAULT, Source.FILE)
                    if weak and key not in entry.values:
                        values[key] = None
                        origins.pop(key, None)
        return values, origins

    def plan(self, path: Path) -> Plan:
        """What to check one file for: its target and its rules."""
        key = tuple(self.models.index(entry) for entry in self.matching(path))
        if key not in self._plans:
            values, _ = self.for_model(path)
            # Ignored for this model is ignored, however closely it was selected for all.
            ignored = selected_codes(
                tuple(s for i in key for s in self.models[i].values.get("ignore", ()))
            )
            try:
                selected = self._rules({**values, "ignore": self.values["ignore"]})
                rules = tuple(rule for rule in selected if rule.meta.code not in ignored)
                self._plans[key] = Plan(self._target(values), rules)
            except UsageError as error:
                origin = self.models[key[-1]].origin if key else DEFAULT
                raise UsageError(f"{origin}: {error}" if key else str(error)) from error
        return self._plans[key]

    def _target(self, values: Mapping[str, Any]) -> Target:
        target = find_target(values["target"])
        budget = {
            field_: values[key] for key, field_ in BUDGET_KEYS.items() if values[key] is not None
        }
        return dataclasses.replace(target, **budget) if budget else target

    def _rules(self, values: Mapping[str, Any]) -> tuple[type[Rule], ...]:
        return select_rules(values["select"], values["ignore"], values["extend-select"])


DEFAULTS: dict[str, Any] = {
    "target": DEFAULT_TARGET,
    "max-flash": None,
    "max-ram": None,
    "max-macs": None,
    "select": (),
    "extend-select": (),
    "ignore": (),
    "fail-on": Severity.ERROR.value,
    "format": "text",
    "output": (),
    "baseline": None,
    "data": None,
    "exclude": (),
    "jobs": None,
}
