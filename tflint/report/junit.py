"""The report as JUnit XML, for CI systems that know tests but no linters.

A suite for each file, a test case for each finding, one that passes for a file without any.
What fails the run fails its case: a finding at the level of `--fail-on` or above. With
`never` the CI system decides, and errors fail as they do without the option. Findings below
the level are cases that pass and say what they found: a red test that does not stop the
build teaches to ignore red tests. Accepted findings are cases that are skipped.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from xml.etree import ElementTree

from tflint.finding import Finding, Severity
from tflint.printable import printable
from tflint.report.result import FileReport, LintReport
from tflint.report.wording import (
    MAX_MESSAGE,
    MAX_PATH,
    archive_text,
    facts_text,
    full_message,
    place,
    safe,
    silence_text,
    verdict,
)

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


def render(report: LintReport) -> str:
    """The document, ASCII only, ending in a newline."""
    level = report.fail_on or Severity.ERROR
    suites = [_suite(file, level) for file in report.files]
    if report.notes:
        # Nothing but a suite can say something.
        about_run = _element("testsuite", name="tflint", tests="0", failures="0", errors="0")
        about_run.append(_output(report.notes))
        suites.append(about_run)
    totals = {key: str(sum(int(suite.get(key, "0")) for suite in suites)) for key in _TOTALS}
    root = _element("testsuites", name="tflint", **totals)
    root.extend(suites)
    ElementTree.indent(root)
    # As references, what is not ASCII survives any encoding of stdout.
    data: bytes = ElementTree.tostring(root, encoding="us-ascii", xml_declaration=False)
    return f"{_DECLARATION}{data.decode('ascii')}\n"


_TOTALS = ("tests", "failures", "errors")


def _suite(file: FileReport, level: Severity) -> ElementTree.Element:
    names: Counter[str] = Counter()
    # Jenkins takes what is behind the last dot for the class.
    folder = printable(posixpath.splitext(file.path)[0], MAX_PATH)
    cases = []
    for found in file.findings:
        finding = safe(found)
        case = _case(folder, finding, names)
        if finding.severity.rank <= level.rank:
            failure = _element("failure", message=finding.message, type=finding.code)
            failure.text = _details(finding)
            case.append(failure)
        else:
            case.append(_output([_details(finding)]))
        cases.append(case)
    for silenced in file.silenced:
        finding = safe(silenced.finding)
        case = _case(folder, finding, names)
        skipped = _element("skipped", message=silence_text(silenced))
        skipped.text = _details(finding)
        case.append(skipped)
        cases.append(case)
    if not cases:
        cases.append(_element("testcase", classname=folder, name="no findings"))
    suite = _element(
        "testsuite",
        name=printable(file.path, MAX_PATH),
        tests=str(len(cases)),
        failures=str(sum(case.find("failure") is not None for case in cases)),
        errors="0",
        skipped=str(len(file.silenced)),
    )
    suite.append(_properties(file))
    suite.extend(cases)
    if file.notes:
        suite.append(_output(file.notes))
    return suite


def _case(folder: str, finding: Finding, names: Counter[str]) -> ElementTree.Element:
    """A test case under a name that no other has: GitLab takes those for one."""
    where = place(finding.location)
    name = f"{finding.code} {finding.name}" + (f": {where}" if where else "")
    names[name] += 1
    if names[name] > 1:
        name = f"{name} ({names[name]})"
    return _element("testcase", classname=folder, name=name)


def _details(finding: Finding) -> str:
    context = finding.location.context
    text = f"{finding.severity.value}: {full_message(finding)}"
    return f"{text}\nat {context}" if context else text


def _properties(file: FileReport) -> ElementTree.Element:
    properties = {"target": printable(file.target.name), "verdict": verdict(file)[0]}
    if file.facts is not None:
        properties["figures"] = facts_text(file.facts)
    if file.archive is not None:
        properties["figures"] = archive_text(file.archive)
    element = _element("properties")
    element.extend(_element("property", name=name, value=properties[name]) for name in properties)
    return element


def _output(lines: tuple[str, ...] | list[str]) -> ElementTree.Element:
    element = _element("system-out")
    element.text = "\n".join(
        printable(line, MAX_MESSAGE) for text in lines for line in text.split("\n")
    )
    return element


def _element(tag: str, **attributes: str) -> ElementTree.Element:
    """An element. Its texts have been made printable, so XML 1.0 allows all their characters."""
    return ElementTree.Element(tag, attributes)
