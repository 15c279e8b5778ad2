"""Which findings of an original are gone in what it was converted to, and which are there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tflint.convert.request import Rebuilt
from tflint.finding import Finding, FixSafety
from tflint.fix.model.outcome import left_findings
from tflint.fix.model.repair import Repair
from tflint.fix.options import FixOptions
from tflint.lint.registry import find_rule
from tflint.report.convert_result import Conversion, OperatorDiagnosis
from tflint.report.fix_result import FileFix, FixedFinding, LeftFinding
from tflint.report.result import FileReport
from tflint.rule import SOURCES, Kind

# What only an archive has, and no model that is made of it: code that runs when it is loaded.
_GONE = frozenset(("TFL007", "TFL114"))
# What is said of a layer's form alone.
_OF_FORM = frozenset(("TFL101",))
_RECONVERT = "--reconvert"
_OF_GRAPHS = (
    "a SavedModel is a graph without layers that could be built in another form: reconvert the"
    " archive or the source that it was made from"
)
_KEPT = "the trained network computes this, and so does the result: only training changes it"


def fixed_of(
    before: FileReport,
    after: FileReport,
    source: FileFix | None,
    rebuilt: Sequence[Rebuilt] = (),
) -> tuple[FixedFinding, ...]:
    """The findings that are gone: of a source those that its repair took away, else those that
    the result has none of, or that were about the form of a layer that was `rebuilt`.
    """
    layers = {name for part in rebuilt for name in part.layers}
    if source is not None:
        return source.fixed
    there = {finding.code for finding in after.findings}
    return tuple(
        FixedFinding(finding, FixSafety.RECONVERT)
        for finding in before.findings
        if _is_gone(finding, before.kind, there)
        or (finding.code in _OF_FORM and finding.location.layer in layers)
    )


def left_of(
    before: FileReport,
    after: FileReport,
    source: FileFix | None,
    work: Repair,
    options: FixOptions,
) -> tuple[LeftFinding, ...]:
    """The findings of the result, and those of the original that no model can show."""
    there = {finding.code for finding in after.findings}
    shown = after.findings
    if before.kind is not Kind.TFLITE:
        shown = tuple(map(_by_reconversion, shown))
    result = left_findings(shown, work, options)
    if source is not None:
        known = {(left.finding.code, left.finding.severity) for left in source.left}
        others = (one for one in result if _key(one.finding) not in known)
        return (*source.left, *others)
    kept = (
        finding
        for finding in before.findings
        if finding.code not in there and not _is_gone(finding, before.kind, there)
    )
    return (*_kept(kept), *result)


def still_there(conversion: Conversion, work: Repair) -> tuple[OperatorDiagnosis, ...]:
    """The operators of a diagnosis that the result still has.

    The diagnosis is of what the converter left, from which the passes have taken some.
    """
    names = {code.name.removeprefix("Flex") for code in work.model.operator_codes}
    return tuple(one for one in conversion.operators if one.name in names)


def of_a_graph(conversion: Conversion) -> Conversion:
    """A diagnosis that sends nobody to rebuild what has no layers."""
    operators = (
        replace(one, way=_OF_GRAPHS) if _RECONVERT in one.way else one
        for one in conversion.operators
    )
    return replace(conversion, operators=tuple(operators))


def _by_reconversion(finding: Finding) -> Finding:
    """The finding with a command that repairs what the result is made of, not a .tflite."""
    fix = finding.fix
    if fix is None or not fix.command.startswith("tflint fix "):
        return finding
    # What builds the network need not be named here, as for a .tflite.
    command = fix.command.partition(" --source ")[0]
    if _RECONVERT not in command:
        command = f"{command} {_RECONVERT}"
    return replace(finding, fix=replace(fix, command=command))


def _kept(findings: Iterable[Finding]) -> Iterable[LeftFinding]:
    return (LeftFinding(finding, reasons=((_KEPT, finding.location),)) for finding in findings)


def _key(finding: Finding) -> tuple[str, object]:
    return finding.code, finding.severity


def _is_gone(finding: Finding, kind: Kind, there: set[str]) -> bool:
    """Whether the result has nothing of a finding; a rule that no model is checked by says
    nothing of it, but for code that only the archive holds.
    """
    if kind is Kind.TFLITE or kind in SOURCES:
        return finding.code not in there
    rule = find_rule(finding.code)
    if rule is None or Kind.TFLITE not in rule.meta.applies_to:
        return finding.code in _GONE
    return finding.code not in there
