"""Which rules run: codes, prefixes and names, the more specific one winning."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence

from tflint.errors import UnknownName, UsageError
from tflint.lint.registry import all_rules
from tflint.rule import Rule

ALL = "ALL"


def select_rules(
    select: Sequence[str], ignore: Sequence[str], extend_select: Sequence[str] = ()
) -> tuple[type[Rule], ...]:
    """The rules that `select` (all, when empty) or `extend_select` names and `ignore` does not.

    Each entry may hold several selectors separated by commas. As in ruff, the longer
    prefix wins: `--select TFL204 --ignore TFL2` runs TFL204. Raises `UnknownName` for a
    selector that matches nothing, `UsageError` when the two contradict or leave nothing.
    """
    if select and not _split(select):
        raise UsageError("`--select` names no rule")
    selectors = (_split(select) or [ALL]) + _split(extend_select)
    ignored = _split(ignore)
    both = sorted({s.lower() for s in selectors} & {s.lower() for s in ignored})
    if both:
        raise UsageError(f"`{both[0].upper()}` is both selected and ignored")
    rules = all_rules()
    for selector in (*selectors, *ignored):
        check_selector(selector)
    for rule in rules:
        if 0 < _best(rule, selectors) == _best(rule, ignored):
            raise UsageError(f"{rule.meta.code} ({rule.meta.name}) is both selected and ignored")
    chosen = tuple(rule for rule in rules if _best(rule, selectors) > _best(rule, ignored))
    if not chosen:
        raise UsageError("the selection leaves no rule to run")
    return chosen


def check_selector(selector: str) -> None:
    """Raise `UnknownName` for a selector that matches no rule."""
    rules = all_rules()
    if not any(_specificity(rule, selector) for rule in rules):
        known = [name for rule in rules for name in (rule.meta.code, rule.meta.name)]
        raise UnknownName("rule", selector, known, "`tflint rule` lists them")


@functools.cache
def selected_codes(selectors: tuple[str, ...]) -> frozenset[str]:
    """The codes of all rules that one of these selectors names."""
    return frozenset(rule.meta.code for rule in all_rules() if _best(rule, selectors))


def named_codes(selectors: Iterable[str]) -> frozenset[str]:
    """The codes of the rules that are named one by one, by code or name: no prefix, no `ALL`."""
    return frozenset(
        rule.meta.code
        for rule in all_rules()
        if _best(rule, _split(selectors)) > len(rule.meta.code)
    )


def _split(entries: Iterable[str]) -> list[str]:
    return [part for entry in entries for part in entry.replace(",", " ").split()]


def _best(rule: type[Rule], selectors: Iterable[str]) -> int:
    return max((_specificity(rule, selector) for selector in selectors), default=0)


def _specificity(rule: type[Rule], selector: str) -> int:
    """How closely a selector names a rule; 0 when it does not."""
    meta, wanted = rule.meta, selector.lower()
    if wanted == ALL.lower():
        return 1
    if wanted == meta.name or wanted in (alias.lower() for alias in meta.aliases):
        return len(meta.code) + 1
    if len(wanted) >= 3 and meta.code.lower().startswith(wanted):
        return len(wanted) + 1
    return 0
