"""The rules there are, found by walking the `tflint_rules` package."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from types import ModuleType

from tflint.rule import Rule

BUILT_IN = "tflint_rules"


@functools.cache
def all_rules() -> tuple[type[Rule], ...]:
    """Every rule, by code."""
    found: dict[str, type[Rule]] = {}
    for rule in _rules_in(importlib.import_module(BUILT_IN)):
        other = found.setdefault(rule.meta.code, rule)
        if other is not rule:
            raise RuntimeError(f"{rule.__name__} and {other.__name__} share {rule.meta.code}")
    return tuple(found[code] for code in sorted(found))


def find_rule(text: str) -> type[Rule] | None:
    """The rule with this code, name or alias, whatever the case."""
    wanted = text.strip().lower()
    for rule in all_rules():
        meta = rule.meta
        if wanted in (meta.code.lower(), meta.name, *(alias.lower() for alias in meta.aliases)):
            return rule
    return None


def _rules_in(package: ModuleType) -> list[type[Rule]]:
    rules = []
    for info in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        module = importlib.import_module(info.name)
        if info.ispkg:
            rules += _rules_in(module)
        else:
            rules += [
                value
                for value in vars(module).values()
                if isinstance(value, type)
                and issubclass(value, Rule)
                and value.__module__ == module.__name__
            ]
    return rules
