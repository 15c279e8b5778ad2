"""JUnit XML: what Jenkins' schema allows, and what counts as a failure."""

from __future__ import annotations

import dataclasses
from xml.etree import ElementTree

import pytest

from tests.report.sample_report import MODEL, file, finding, report, sample
from tflint.finding import Severity
from tflint.report.junit import render
from tflint.report.result import LintReport, Silence, SilencedFinding

# Attributes that Jenkins' schema (junit-10.xsd of its xunit plug-in) requires and allows, and
# the elements inside.
RULES: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": (set(), {"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors"},
        {"skipped", "time", "timestamp", "hostname", "id", "package", "file", "log", "url"},
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "properties": (set(), set(), {"property"}),
    "property": ({"name", "value"}, set(), set()),
    "testcase": (
        {"name"},
        {"time", "classname", "group"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": (set(), {"type", "message"}, set()),
    "skipped": (set(), {"type", "message"}, set()),
    "system-out": (set(), set(), set()),
}


def suites(found: LintReport) -> ElementTree.Element:
    """The document, held against the schema and its own counts."""
    root = ElementTree.fromstring(render(found))
    assert root.tag == "testsuites"
    for element in root.iter():
        required, allowed, inside = RULES[element.tag]
        assert required <= set(element.attrib) <= required | allowed
        assert {child.tag for child in element} <= inside
    for suite in root:
        cases = suite.findall("testcase")
        assert int(suite.attrib["tests"]) == len(cases)
        assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure"))
        assert int(suite.get("skipped", 0)) == len(suite.findall("testcase/skipped"))
        names = [(case.get("classname"), case.get("name")) for case in cases]
        assert len(set(names)) == len(names)
    for total in ("tests", "failures", "errors"):
        assert int(root.attrib[total]) == sum(int(suite.attrib[total]) for suite in root)
    return root


def failed(found: LintReport) -> list[str | None]:
    return [failure.get("type") for failure in suites(found).iter("failure")]


def test_there_is_a_suite_for_each_file_and_one_for_notes() -> None:
    found = sample()
    names = [suite.get("name") for suite in suites(found)]

    assert names == [file.path for file in found.files] + ["tflint"]


def test_a_clean_file_is_a_test_that_passes() -> None:
    root = suites(report(file()))

    assert [case.get("name") for case in root.iter("testcase")] == ["no findings"]
    assert root.attrib["failures"] == "0"
    assert len(suites(report())) == 0


@pytest.mark.parametrize(
    ("level", "codes"),
    [
        (Severity.ERROR, ["E"]),
        (Severity.WARNING, ["E", "W"]),
        (Severity.INFO, ["E", "W", "I"]),
        (None, ["E"]),
    ],
)
def test_what_fails_the_run_fails_its_test(level: Severity | None, codes: list[str]) -> None:
    found = [
        finding(code="E", severity=Severity.ERROR),
        finding(code="W", severity=Severity.WARNING),
        finding(code="I", severity=Severity.INFO),
    ]
    run = dataclasses.replace(report(file(MODEL, *found)), fail_on=level)

    assert failed(run) == codes
    # What passes says what it found.
    assert sum(1 for _ in suites(run).iter("system-out")) == 3 - len(codes)


def test_accepted_findings_are_skipped_with_the_reason() -> None:
    silenced = SilencedFinding(finding(), Silence.BASELINE, "since 2024")
    root = suites(report(file(silenced=(silenced,))))

    assert [s.get("message") for s in root.iter("skipped")] == [
        "accepted by the baseline: since 2024"
    ]
    assert root.attrib["failures"] == "0"


def test_findings_at_one_place_have_names_of_their_own() -> None:
    root = suites(report(file(MODEL, finding(), finding(), finding())))

    assert [case.get("name") for case in root.iter("testcase")][1:] == [
        "TFL204 hybrid-kernel: operator #5 FULLY_CONNECTED (2)",
        "TFL204 hybrid-kernel: operator #5 FULLY_CONNECTED (3)",
    ]


def test_text_comes_back_as_it_was() -> None:
    message = 'a < b && "c" ]]> <![CDATA[ é 漢'
    [failure] = suites(report(file(MODEL, finding(message=message)))).iter("failure")

    assert failure.get("message") == message
    assert message in (failure.text or "")
