"""The rules there are: those of the `tflint_rules` package, and those of plug-ins."""

from __future__ import annotations

import functools
import importlib
from dataclasses import replace

from tflint.lint.plugins import LoadedPlugin, load_plugins, rules_in
from tflint.rule import Rule

BUILT_IN = "tflint_rules"


@functools.cache
def built_in_rules() -> tuple[type[Rule], ...]:
    """Every rule that comes with tflint, by code."""
    found: dict[str, type[Rule]] = {}
    for rule in rules_in(importlib.import_module(BUILT_IN)):
        other = found.setdefault(rule.meta.code, rule)
        if other is not rule:
            raise RuntimeError(f"{rule.__name__} and {other.__name__} share {rule.meta.code}")
    return tuple(found[code] for code in sorted(found))


@functools.cache
def plugins() -> tuple[LoadedPlugin, ...]:
    """The plug-ins that are installed; one whose rules clash with others is left out."""
    taken = {word for rule in built_in_rules() for word in _words(rule)}
    found = []
    for plugin in load_plugins():
        words = [word for rule in plugin.rules for word in _words(rule)]
        clash = next((w for i, w in enumerate(words) if w in taken or w in words[:i]), None)
        if clash is not None:
            plugin = replace(plugin, rules=(), problem=f"`{clash}` is another rule's")
        taken.update(word for rule in plugin.rules for word in _words(rule))
        found.append(plugin)
    return tuple(found)


@functools.cache
def all_rules() -> tuple[type[Rule], ...]:
    """Every rule: the built-in ones by code, then those of plug-ins by code."""
    others = [rule for plugin in plugins() for rule in plugin.rules]
    return (*built_in_rules(), *sorted(others, key=lambda rule: rule.meta.code))


def plugin_of(rule: type[Rule]) -> LoadedPlugin | None:
    """The plug-in that a rule comes from; None for a built-in one."""
    return next((plugin for plugin in plugins() if rule in plugin.rules), None)


def find_rule(text: str) -> type[Rule] | None:
    """The rule with this code, name or alias, whatever the case."""
    wanted = text.strip().lower()
    return next((rule for rule in all_rules() if wanted in _words(rule)), None)


def _words(rule: type[Rule]) -> list[str]:
    meta = rule.meta
    return [word.lower() for word in (meta.code, meta.name, *meta.aliases)]
