"""What rules say about one file: run one by one, put in order, each at its place once."""

from __future__ import annotations

import dataclasses
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from tflint.errors import TflintError
from tflint.finding import Finding, Fix
from tflint.lint.fingerprint import fingerprints
from tflint.lint.registry import plugin_of
from tflint.printable import printable
from tflint.report.result import FailedRule, FileReport
from tflint.rule import Rule
from tflint.target.target import DEFAULT_TARGET, Target

# A file that breaks one rule more often is one problem, not that many.
MAX_FINDINGS_PER_RULE = 200
# In a source, before comments accept any.
MAX_FINDINGS_IN_SOURCE = 20_000


class RuleRun:
    """What the rules say about one file, as it comes in."""

    def __init__(self, most: int | None = None) -> None:
        self._most = MAX_FINDINGS_PER_RULE if most is None else most
        self.findings: list[Finding] = []
        self.notes: list[str] = []
        self.failed: list[FailedRule] = []

    def add(self, rule: type[Rule], path: str, check: Callable[[Rule], Iterator[Finding]]) -> None:
        """Run one rule. That a plug-in's rule fails is noted; a built-in one must not."""
        most = self._most
        code = rule.meta.code
        try:
            found = list(islice(check(rule()), most + 1))
        except Exception as error:
            plugin = plugin_of(rule)
            what = printable(f"{type(error).__name__}: {error}", 200)
            if plugin is None:
                raise RuleFailed(code, path, what) from error
            self.failed.append(FailedRule(code, what))
            self.notes.append(
                f"{code} of plug-in `{plugin.name}` ({plugin.package}) failed: {what}"
            )
            return
        if len(found) > most:
            self.notes.append(f"{code}: only the first {most} are listed")
        self.findings += found[:most]

    def sorted(self) -> list[Finding]:
        """The findings of all rules in the order they are shown."""
        return in_order(self.findings)


class RuleFailed(TflintError):
    """A built-in rule raised an exception: a mistake of ours, in one line."""

    def __init__(self, code: str, path: str, what: str) -> None:
        super().__init__(
            f"internal error in {code} on `{printable(path)}`, please report it: {what} "
            f"(--ignore {code} goes on without)"
        )
        self._parts = (code, path, what)
        self.code = code

    def __reduce__(self) -> tuple[type[RuleFailed], tuple[str, str, str]]:
        # Exceptions are pickled with their message alone, and this one comes from workers.
        return type(self), self._parts


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Findings by severity, rule and place."""
    return sorted(findings, key=_order)


def _order(finding: Finding) -> tuple[int, str, int, int, int, int, int, int]:
    at = finding.location
    return (
        finding.severity.rank,
        finding.code,
        at.cell or 0,
        at.line or 0,
        at.column or 0,
        -1 if at.subgraph is None else at.subgraph,
        -1 if at.operator is None else at.operator,
        -1 if at.tensor is None else at.tensor,
    )


def each_once(findings: Sequence[Finding]) -> list[Finding]:
    """The worst finding of each rule at each place: loops and calls visit a place repeatedly."""
    found: dict[tuple[object, ...], Finding] = {}
    for finding in findings:
        at = finding.location
        key = (finding.code, at.cell, at.line, at.column, at.end_line, at.end_column, at.layer)
        found.setdefault(key, finding)
    return list(found.values())


def with_most(report: FileReport) -> FileReport:
    """The report with as many findings of each rule as are worth listing."""
    counts: Counter[str] = Counter()
    kept: list[Finding] = []
    for finding in report.findings:
        counts[finding.code] += 1
        if counts[finding.code] <= MAX_FINDINGS_PER_RULE:
            kept.append(finding)
    cut = [code for code, count in counts.items() if count > MAX_FINDINGS_PER_RULE]
    notes = (f"{code}: only the first {MAX_FINDINGS_PER_RULE} are listed" for code in cut)
    return dataclasses.replace(report, findings=tuple(kept), notes=(*report.notes, *notes))


def addressed(
    findings: Sequence[Finding], path: str, target: Target | None = None
) -> Iterator[Finding]:
    """The findings with path, fingerprint, and a command for their repair that can be pasted."""
    # As part of a command, a name must not be taken for an option.
    argument = shlex.quote(f"./{path}" if path.startswith("-") else path)
    if target is not None and target.name != DEFAULT_TARGET:
        argument += f" --target {shlex.quote(target.name)}"
    for finding, fingerprint in zip(findings, fingerprints(findings, path), strict=True):
        fix = finding.fix
        command = fix and fix.command.replace("{path}", argument)
        yield dataclasses.replace(
            finding,
            path=path,
            fix=fix and Fix(fix.safety, command or ""),
            fingerprint=fingerprint,
        )
