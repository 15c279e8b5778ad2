"""SARIF 2.1.0: valid by OASIS' schema, and what GitHub code scanning asks for beyond it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import jsonschema
import pytest

from tests.report.sample_report import BOARD, MODEL, SOURCE, file, finding, report, sample
from tests.report.sarif_schema import validate
from tflint.finding import Location, Severity
from tflint.lint.registry import all_rules
from tflint.lint.runner import check_example
from tflint.report.repository import GITHUB
from tflint.report.result import LintReport, Silence, SilencedFinding
from tflint.report.sarif import MAX_RESULTS, render
from tflint.rule import Bad
from tflint.target.target import find_target


@pytest.fixture(autouse=True)
def _no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(GITHUB, raising=False)


def run_of(found: LintReport) -> dict[str, Any]:
    """The one run of a document that is valid."""
    text = render(found)
    assert text.isascii()
    document = json.loads(text)
    validate(document)
    [run] = document["runs"]
    check_references(run)
    result: dict[str, Any] = run
    return result


def check_references(run: dict[str, Any]) -> None:
    """What a schema cannot say: indices and identifiers lead to each other."""
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        [location] = result["locations"]
        physical = location["physicalLocation"]
        artifact = run["artifacts"][physical["artifactLocation"]["index"]]["location"]
        assert artifact["uri"] == physical["artifactLocation"]["uri"]
        assert physical["region"]["startLine"] >= 1
        base = physical["artifactLocation"].get("uriBaseId")
        assert base is None or base in run["originalUriBaseIds"]


def result_of(found: LintReport) -> dict[str, Any]:
    [result] = run_of(found)["results"]
    one: dict[str, Any] = result
    return one


def text_of(message: str, **changes: object) -> str:
    found = finding(message=message, at=Location(), **changes)
    text: str = result_of(report(file(MODEL, found)))["message"]["text"]
    return text


def test_the_schema_refuses_what_is_wrong() -> None:
    document = json.loads(render(sample()))
    validate(document)
    document["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"] = {
        "startLine": 0
    }

    with pytest.raises(jsonschema.ValidationError):
        validate(document)


@pytest.mark.parametrize("found", [sample(), report(), report(file())], ids=["all", "0", "clean"])
def test_every_report_is_valid(found: LintReport) -> None:
    run = run_of(found)

    silenced = sum(len(one.silenced) for one in found.files)
    assert len(run["results"]) == sum(1 for _ in found.findings) + silenced
    assert len(run["artifacts"]) == len(found.files)


BAD = [
    pytest.param(example, id=f"{rule.meta.name}-{example.title}")
    for rule in all_rules()
    for example in rule.examples
    if isinstance(example, Bad)
]


@pytest.mark.parametrize("example", BAD)
def test_what_every_rule_finds_is_valid(example: Bad) -> None:
    target = find_target(example.target)
    one = check_example(example.build(), all_rules(), target)

    assert run_of(LintReport(target, (one,), all_rules()))["results"]


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.meta.name)
def test_a_rule_says_what_github_shows(rule: type) -> None:
    [found] = run_of(LintReport(BOARD, (), (rule,)))["tool"]["driver"]["rules"]

    assert found["shortDescription"]["text"] == rule.summary()  # type: ignore[attr-defined]
    assert 0 < len(found["fullDescription"]["text"]) <= 1024
    assert "##" not in found["help"]["text"]
    assert "## What it does" in found["help"]["markdown"]
    assert found["properties"]["precision"] in ("very-high", "high", "medium", "low")
    assert found["properties"]["problem.severity"] in ("error", "warning", "recommendation")
    assert found["defaultConfiguration"]["level"] in ("error", "warning", "note")
    assert 0 < len(found["properties"]["tags"]) <= 10


def test_levels_are_those_of_the_findings() -> None:
    for severity, level in zip(Severity, ("error", "warning", "note"), strict=True):
        assert result_of(report(file(MODEL, finding(severity=severity))))["level"] == level


def test_a_rule_that_is_not_ours_has_a_descriptor() -> None:
    run = run_of(report(file(MODEL, finding(code="ACME1", severity=Severity.WARNING)), rules=()))

    [rule] = run["tool"]["driver"]["rules"]
    assert (rule["id"], rule["defaultConfiguration"]["level"]) == ("ACME1", "warning")


def test_operators_and_tensors_are_logical_locations() -> None:
    [location] = result_of(report(file(MODEL, finding())))["locations"]

    assert [place["fullyQualifiedName"] for place in location["logicalLocations"]] == [
        "subgraph 0/operator 5 FULLY_CONNECTED",
        "subgraph 0/tensor 9",
    ]
    assert location["physicalLocation"]["region"] == {"startLine": 1}


@pytest.mark.parametrize(
    ("at", "region"),
    [
        (
            Location(line=5, column=4, end_line=7, end_column=1),
            {"startLine": 5, "startColumn": 4, "endLine": 7, "endColumn": 1},
        ),
        (Location(line=5), {"startLine": 5}),
        (Location(line=5, column=4), {"startLine": 5, "startColumn": 4}),
        (Location(line=0, column=0), {"startLine": 1}),
        (Location(line=5, end_line=4, end_column=2), {"startLine": 5}),
    ],
)
def test_regions_are_the_spans_of_a_source(at: Location, region: dict[str, int]) -> None:
    [location] = result_of(report(file(SOURCE, finding(SOURCE, at=at))))["locations"]

    assert location["physicalLocation"]["region"] == region


@pytest.mark.parametrize(
    "path",
    ["a b.tflite", "a#b?c.tflite", "100%.tflite", "é漢/ü.tflite", "a:b.tflite", "x\\y\n\0.tflite"],
)
def test_relative_paths_are_percent_encoded(path: str) -> None:
    [location] = result_of(report(file(path, finding(path))))["locations"]
    artifact = location["physicalLocation"]["artifactLocation"]
    parts = urlsplit(artifact["uri"])

    assert artifact["uriBaseId"] == "%SRCROOT%"
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
    assert artifact["uri"].isascii()
    assert unquote(parts.path) == path


def test_bytes_of_a_path_that_are_not_utf8_stay_what_they_are() -> None:
    path = b"a\xff.tflite".decode("utf-8", "surrogateescape")
    [location] = result_of(report(file(path, finding(path))))["locations"]

    assert location["physicalLocation"]["artifactLocation"]["uri"] == "a%FF.tflite"


@pytest.mark.skipif("os.name == 'nt'", reason="paths of POSIX")
def test_paths_outside_the_working_directory_are_file_uris(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    for path in (f"{tmp_path}/a b.tflite", "../a b.tflite"):
        [location] = result_of(report(file(path, finding(path))))["locations"]
        artifact = location["physicalLocation"]["artifactLocation"]
        assert artifact == {"uri": (tmp_path / "a b.tflite").as_uri(), "index": 0}


def test_paths_are_from_the_root_of_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    monkeypatch.setenv(GITHUB, str(tmp_path))
    [location] = result_of(report(file("m.tflite", finding("m.tflite"))))["locations"]

    assert location["physicalLocation"]["artifactLocation"]["uri"] == "in/m.tflite"


def test_fingerprints_tell_findings_on_the_same_line_apart() -> None:
    """GitHub takes results of one rule in one file with one such hash for one alert."""
    results = run_of(report(file(MODEL, *(finding(at=Location(operator=i)) for i in range(3)))))
    hashes = {r["partialFingerprints"]["primaryLocationLineHash"] for r in results["results"]}
    assert len(hashes) == 3

    # In a source GitHub's upload computes it from the line, and complains of another.
    source = result_of(report(file(SOURCE, finding(SOURCE, at=Location(line=3)))))
    assert source["partialFingerprints"].keys() == {"tflint/v1"}


def test_silenced_findings_are_suppressed_with_their_reason() -> None:
    kinds = {Silence.IN_SOURCE: "inSource", Silence.CONFIGURATION: "external"}
    for silence, kind in kinds.items():
        silenced = SilencedFinding(finding(), silence, "because")
        result = result_of(report(file(silenced=(silenced,))))
        [suppression] = result["suppressions"]
        assert suppression["kind"] == kind
        assert suppression["justification"].endswith(": because")
        assert "baselineState" not in result


def test_with_a_baseline_every_result_has_a_state() -> None:
    known = SilencedFinding(finding(), Silence.BASELINE)
    results = run_of(report(file(MODEL, finding(), silenced=(known,))))["results"]

    assert [result["baselineState"] for result in results] == ["new", "unchanged"]
    assert [len(result.get("suppressions", [])) for result in results] == [0, 1]


def test_notes_are_notifications() -> None:
    [invocation] = run_of(sample())["invocations"]
    [about_run] = invocation["toolConfigurationNotifications"]
    [about_file] = invocation["toolExecutionNotifications"]

    assert invocation["executionSuccessful"] is True
    assert about_run["message"]["text"] == "1 stale baseline entry"
    assert about_file["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == MODEL


def test_the_category_is_the_target() -> None:
    run = run_of(report(target=BOARD))

    assert run["automationDetails"]["id"] == "tflint/cortex-m4:flash=256K,ram=64K/"


def test_names_become_neither_links_nor_placeholders() -> None:
    """3.11.5 and 3.11.6 of the standard."""
    assert text_of("[a](https://example.com)") == "\\[a](https://example.com)"
    assert text_of("shape [1 x 4] (int8)") == "shape [1 x 4] (int8)"
    assert text_of("{0} of {x}") == "{{0}} of {{x}}"
    assert text_of("{x}") == "{x}"


def test_the_worst_are_kept_where_github_takes_no_more() -> None:
    many = [finding(severity=Severity.INFO) for _ in range(MAX_RESULTS)]
    found = report(file("a.tflite", *many), file(MODEL, finding(), finding()))
    [run] = json.loads(render(found))["runs"]

    assert len(run["results"]) == MAX_RESULTS
    assert [result["level"] for result in run["results"][-2:]] == ["error", "error"]
    [note] = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith("2 results are left out")
