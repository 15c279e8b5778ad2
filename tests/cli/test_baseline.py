"""Baselines: what is accepted stays quiet, what is new does not, what is gone is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tflint.model.builder import ModelBuilder
from tflint.model.tables import Model
from tflint.model.writer import write_model

NAME = "tflint-baseline.json"


def network(layers: int = 1, *, custom: bool = False) -> Model:
    """float32 layers, and a custom operator if asked for."""
    model = ModelBuilder()
    x = model.input((1, 64))
    for _ in range(layers):
        x = model.fully_connected(x, units=64)
    if custom:
        y = model.tensor((1, 64), name="window")
        model.operator("MyWindow", [x], [y])
        x = y
    model.output(x)
    return model.build()


def write(path: Path, model: Model) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(write_model(model))


def findings(output: str) -> list[str]:
    return [finding["code"] for finding in json.loads(output)["findings"]]


SELECT = ("--config", 'select=["TFL202", "TFL401"]')


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model that has an error and a warning, and a configuration."""
    write(tmp_path / "models" / "m.tflite", network(custom=True))
    (tmp_path / "tflint.toml").write_text('select = ["TFL202", "TFL401"]\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(call: Call, *arguments: str) -> tuple[int, list[str], dict[str, int], list[str]]:
    result = call("check", ".", "--format", "json", "--baseline", NAME, *arguments)
    document = json.loads(result.stdout)
    codes = [finding["code"] for finding in document["findings"]]
    return result.code, codes, document["summary"], document["notes"]


def test_what_is_accepted_does_not_count(call: Call, project: Path) -> None:
    before = call("check", "--format", "json")
    written = call("baseline")
    code, codes, summary, notes = check(call)

    assert before.code == 1
    assert findings(before.stdout) == ["TFL202", "TFL401"]
    assert written.stdout == f"{NAME} accepts 2 findings: 2 new, 0 removed\n"
    assert (code, codes, notes) == (0, [], [])
    assert (summary["error"], summary["warning"], summary["baselined"]) == (0, 0, 2)


def test_what_is_new_counts(call: Call, project: Path) -> None:
    call("baseline")
    write(project / "models" / "new.tflite", network(custom=True))
    code, codes, summary, _ = check(call)

    assert (code, codes, summary["baselined"]) == (1, ["TFL202", "TFL401"], 2)


def test_not_counts_but_places_are_accepted(call: Call, project: Path) -> None:
    """One problem solved does not pay for another one."""
    call("baseline")
    write(project / "models" / "m.tflite", network(custom=False))
    write(project / "models" / "n.tflite", network(custom=True))
    code, codes, _, notes = check(call)

    assert code == 1
    assert "TFL202" in codes
    assert len(notes) == 1


def test_stale_entries_are_noted_and_pruned(call: Call, project: Path) -> None:
    call("baseline")
    write(project / "models" / "m.tflite", network(custom=False))
    code, _, _, notes = check(call)
    pruned = call("baseline", "--prune")
    _, _, summary, after = check(call)

    assert code == 0
    assert notes == [
        "1 entry of the baseline no longer occurs (TFL202 in models/m.tflite); "
        "`tflint baseline --prune` removes them"
    ]
    assert pruned.stdout == f"{NAME} accepts 1 finding: 0 new, 1 removed\n"
    assert (summary["baselined"], after) == (1, [])


def test_pruning_accepts_nothing_new(call: Call, project: Path) -> None:
    call("baseline")
    write(project / "models" / "new.tflite", network(custom=True))
    call("baseline", "--prune")

    assert check(call)[0] == 1


def test_entries_of_files_that_are_gone_are_stale(call: Call, project: Path) -> None:
    write(project / "models" / "gone.tflite", network())
    call("baseline")
    (project / "models" / "gone.tflite").unlink()

    assert "TFL401 in models/gone.tflite" in check(call)[3][0]


def test_what_was_not_checked_is_not_stale(call: Call, project: Path) -> None:
    write(project / "models" / "other.tflite", network(custom=True))
    call("baseline")
    result = call(
        "check", "models/m.tflite", "--baseline", NAME, "--select", "TFL4", "--format", "json"
    )

    assert json.loads(result.stdout)["notes"] == []


def test_a_baseline_of_some_files_keeps_the_entries_of_others(call: Call, project: Path) -> None:
    write(project / "models" / "other.tflite", network(custom=True))
    call("baseline")
    again = call("baseline", "models/m.tflite")

    assert "accepts 4 findings: 0 new, 0 removed" in again.stdout
    assert check(call)[0] == 0


def test_it_means_the_same_from_any_folder(
    call: Call, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("baseline")
    monkeypatch.chdir(project / "models")
    result = call("check", "m.tflite", "--baseline", f"../{NAME}", "--format", "json")

    assert (result.code, json.loads(result.stdout)["summary"]["baselined"]) == (0, 2)


def test_it_outlives_a_conversion_that_moves_operators(call: Call, project: Path) -> None:
    """Indices and figures change; what a finding is about does not."""
    write(project / "models" / "m.tflite", network(1, custom=True))
    call("baseline", "--config", 'select=["TFL202"]')
    write(project / "models" / "m.tflite", network(5, custom=True))
    code, codes, summary, notes = check(call, "--select", "TFL202")

    assert (code, codes, summary["baselined"], notes) == (0, [], 1, [])


def test_it_can_be_configured(call: Call, project: Path) -> None:
    call("baseline")
    with (project / "tflint.toml").open("a", encoding="utf-8") as file:
        file.write(f'baseline = "{NAME}"\n')

    assert call("check").code == 0
    assert call("check", "--isolated").code == 1


def test_writing_it_twice_gives_the_same_bytes(call: Call, project: Path) -> None:
    call("baseline")
    first = (project / NAME).read_bytes()
    call("baseline")

    assert (project / NAME).read_bytes() == first
    assert json.loads(first)["findings"][0]["path"] == "models/m.tflite"


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": 2, "findings": []}', '{"schema": 1, "findings": [3]}']
)
def test_what_is_no_baseline_is_an_error_and_stays_as_it_is(
    call: Call, project: Path, text: str
) -> None:
    (project / NAME).write_text(text, encoding="utf-8")
    checked = call("check", "--baseline", NAME)
    written = call("baseline")

    for result in (checked, written):
        assert result.code == 2
        assert f"{NAME}` is not a baseline" in result.stderr
        assert len(result.stderr.splitlines()) == 1
    assert (project / NAME).read_text(encoding="utf-8") == text


def test_a_missing_one_says_how_to_write_it(call: Call, project: Path) -> None:
    result = call("check", "--baseline", "nosuch.json")

    assert result.code == 2
    assert "does not exist; `tflint baseline` writes one" in result.stderr


def test_it_means_the_same_through_a_link(call: Call, project: Path) -> None:
    call("baseline")
    link = project.parent / "link"
    try:
        link.symlink_to(project, target_is_directory=True)
    except OSError:
        pytest.skip("symbolic links cannot be made here")
    result = call("check", str(link / "models"), "--baseline", NAME, "--format", "json")

    assert json.loads(result.stdout)["summary"]["baselined"] == 2


def test_what_is_no_baseline_is_said_with_the_path_as_given(call: Call, project: Path) -> None:
    Path("bad.json").write_bytes(b"\x1c\0\0\0TFL3\xff")
    missing = call("check", "--baseline", "nosuch.json")
    bad = call("check", "--baseline", "bad.json")

    assert (missing.code, bad.code) == (2, 2)
    assert "the baseline `nosuch.json` does not exist" in missing.stderr
    assert bad.stderr == "tflint: `bad.json` is not a baseline: it is not UTF-8\n"
