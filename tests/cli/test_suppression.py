"""Findings that a configuration accepts, with a reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Call

ENTRY = """
[[ignore]]
path = "{path}"
rules = {rules}
reason = "the firmware registers it"
"""


def configure(folder: Path, *entries: tuple[str, str]) -> None:
    text = "".join(ENTRY.format(path=path, rules=rules) for path, rules in entries)
    (folder / "tflint.toml").write_text(text, encoding="utf-8")


def check(call: Call, folder: Path, *arguments: str) -> tuple[int, dict[str, int], list[str]]:
    result = call("check", ".", "--format", "json", *arguments, cwd=folder)
    document = json.loads(result.stdout)
    return result.code, document["summary"], document["notes"]


@pytest.mark.parametrize("rules", ['["TFL202"]', '["custom-op"]', '"TFL2"', '["TFL1", "TFL202"]'])
def test_an_accepted_finding_does_not_fail(call: Call, models: Path, rules: str) -> None:
    configure(models, ("error.tflite", rules))
    code, summary, _ = check(call, models)

    assert code == 0
    assert (summary["error"], summary["suppressed"]) == (0, 1)


@pytest.mark.parametrize(
    ("path", "rules"), [("other.tflite", '["TFL202"]'), ("error.tflite", '["TFL203"]')]
)
def test_other_paths_and_rules_are_not_meant(
    call: Call, models: Path, path: str, rules: str
) -> None:
    configure(models, (path, rules))

    assert check(call, models)[0] == 1


def unused(call: Call, folder: Path, *arguments: str) -> list[tuple[str, int]]:
    """The file and line of each entry that is said to silence nothing."""
    result = call("check", *(arguments or (".",)), "--format", "json", cwd=folder)
    findings = json.loads(result.stdout)["findings"]
    return [(f["path"], f["line"]) for f in findings if f["code"] == "TFL901"]


def test_an_entry_that_silences_nothing_is_a_finding(call: Call, models: Path) -> None:
    configure(models, ("error.tflite", '"TFL202"'), ("clean.tflite", '"TFL202"'))

    assert unused(call, models) == [("tflint.toml", 7)]
    result = call("check", ".", cwd=models)
    assert "tflint.toml\n  has entries of no use" in result.stdout
    assert "4 files checked" in result.stdout


def test_an_entry_for_one_file_is_judged_when_that_was_checked(call: Call, models: Path) -> None:
    configure(models, ("clean.tflite", '"TFL202"'))

    assert unused(call, models, "clean.tflite") == [("tflint.toml", 2)]
    assert unused(call, models, "error.tflite") == []


def test_an_entry_for_several_is_judged_when_all_were_checked(call: Call, models: Path) -> None:
    configure(models, ("*.tflite", '"TFL203"'))

    assert unused(call, models) == [("tflint.toml", 2)]
    assert unused(call, models, "clean.tflite", "error.tflite") == []


def test_that_an_entry_is_of_no_use_can_be_accepted(call: Call, models: Path) -> None:
    configure(models, ("clean.tflite", '"TFL202"'))

    assert unused(call, models, ".", "--ignore", "TFL901") == []
    assert call("baseline", cwd=models).code == 0
    assert unused(call, models, ".", "--baseline", "tflint-baseline.json") == []


def test_it_is_not_called_unused_when_it_could_not_be_used(call: Call, models: Path) -> None:
    configure(models, ("nosuch.tflite", '"TFL202"'), ("clean.tflite", '"TFL202"'))

    assert unused(call, models, ".", "--select", "TFL4,TFL901") == []


def test_an_unreadable_model_can_be_accepted_by_name(call: Call, models: Path) -> None:
    (models / "broken.tflite").write_bytes(b"\0" * 100)
    configure(models, ("error.tflite", '"TFL202"'), ("broken.tflite", '["TFL002", "TFL001"]'))

    assert check(call, models)[0] == 0
