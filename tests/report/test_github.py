"""Workflow commands, read back as the runner of GitHub Actions reads them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.report.sample_report import MODEL, SOURCE, file, finding, report, sample
from tflint.finding import Location, Severity
from tflint.report.github import render
from tflint.report.repository import GITHUB
from tflint.report.result import LintReport


@dataclass(frozen=True)
class Command:
    name: str
    properties: dict[str, str]
    message: str


def parse(line: str) -> Command:
    """One command, by the rules of the runner's `ActionCommand.TryParseV2`."""
    assert line.startswith("::")
    head, separator, data = line[2:].partition("::")
    assert separator
    name, _, listed = head.partition(" ")
    properties = {}
    for pair in listed.split(",") if listed else []:
        key, equals, value = pair.partition("=")
        assert equals
        assert key not in properties
        value = value.replace("%0D", "\r").replace("%0A", "\n")
        properties[key] = value.replace("%3A", ":").replace("%2C", ",").replace("%25", "%")
    data = data.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
    return Command(name, properties, data)


def commands(found: LintReport) -> list[Command]:
    return [parse(line) for line in render(found).splitlines()]


@pytest.fixture(autouse=True)
def _no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(GITHUB, raising=False)


def test_the_worst_of_all_files_come_first() -> None:
    names = [command.name for command in commands(sample())]

    # Ten of each kind are shown for a step.
    order = ["error", "warning", "notice", "debug"]
    assert names == sorted(names, key=order.index)
    assert set(names) == set(order)


def test_a_model_has_line_one_and_its_place_in_the_message() -> None:
    first = commands(sample())[0]

    assert first.properties == {"file": MODEL, "line": "1", "title": "TFL204 hybrid-kernel"}
    assert first.message.startswith("operator #5 FULLY_CONNECTED: FULLY_CONNECTED has")
    assert "75 % of all\nrepair (reconvert): quantise" in first.message
    assert first.message.endswith("--calibrate DATA")


def test_a_source_has_its_lines_and_columns() -> None:
    [command] = [c for c in commands(sample()) if c.properties.get("file") == SOURCE]
    where = {key: command.properties[key] for key in ("line", "endLine", "col", "endColumn")}

    assert where == {"line": "5", "endLine": "5", "col": "47", "endColumn": "61"}


def test_columns_are_left_out_over_several_lines() -> None:
    at = Location(line=5, column=4, end_line=7, end_column=2)
    [command, _] = commands(report(file(SOURCE, finding(SOURCE, at=at))))

    assert command.properties.keys() == {"file", "line", "endLine", "title"}


@pytest.mark.parametrize("path", ["a,b=c.tflite", "a::b:c.tflite", "100%25.tflite", "a\nb.tflite"])
def test_paths_come_out_as_they_are(path: str) -> None:
    [command, _] = commands(report(file(path, finding(path))))

    assert command.properties["file"] == path


def test_a_message_cannot_add_a_command() -> None:
    message = "x\n::error::y\r::stop-commands::z"
    found = [finding(message=message, help=message, severity=Severity.INFO)]
    [command, last] = commands(report(file(MODEL, *found)))

    assert (command.name, last.name) == ("notice", "debug")


def test_paths_are_from_the_root_of_the_repository(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    inside = tmp_path / "firmware"
    inside.mkdir()
    monkeypatch.chdir(inside)
    monkeypatch.setenv(GITHUB, str(tmp_path))

    def path_of(path: str) -> str:
        return commands(report(file(path, finding(path))))[0].properties["file"]

    assert path_of("m.tflite") == "firmware/m.tflite"
    assert path_of("../m.tflite") == "m.tflite"
    assert path_of(f"{tmp_path.as_posix()}/x/m.tflite") == "x/m.tflite"
    assert path_of("../../m.tflite") == "../../m.tflite"
