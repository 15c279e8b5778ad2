"""The Python interface."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import tflint
from tests.cli.program import environment
from tflint.model.builder import ModelBuilder
from tflint.model.writer import write_model


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model with an error."""
    builder = ModelBuilder()
    x, y = builder.input((1, 16)), builder.tensor((1, 16))
    builder.operator("MyWindow", [x], [y])
    builder.output(y)
    path = tmp_path / "m.tflite"
    path.write_bytes(write_model(builder.build()))
    monkeypatch.chdir(tmp_path)
    return path


def test_check_gives_a_report(model: Path) -> None:
    report = tflint.check(model, select=["TFL202"])
    finding = next(iter(report.findings))

    assert isinstance(report, tflint.Report)
    assert (finding.code, finding.path) == ("TFL202", "m.tflite")
    assert finding.severity is tflint.Severity.ERROR
    assert report.fails(tflint.Severity.ERROR)
    assert report.count(tflint.Severity.ERROR) == 1


def test_a_selector_may_be_a_single_string(model: Path) -> None:
    assert [f.code for f in tflint.check(str(model), select="TFL202").findings] == ["TFL202"]
    assert not list(tflint.check([model], ignore="TFL202", select="TFL2").findings)


def test_the_configuration_of_the_folder_counts_unless_isolated(model: Path) -> None:
    Path("tflint.toml").write_text('target = "cortex-m7"\n', encoding="utf-8")

    assert tflint.check(model).target.name == "cortex-m7"
    assert tflint.check(model, isolated=True).target.name == "tflm"
    assert tflint.check(model, target="cortex-m3").target.name == "cortex-m3"


def test_settings_can_be_given_by_name(model: Path) -> None:
    report = tflint.check(model, config={"target": "cortex-m7", "ignore": ["TFL202"]})

    assert report.target.name == "cortex-m7"
    assert "TFL202" not in [finding.code for finding in report.findings]


def test_a_report_is_rendered_like_the_command_lines(model: Path) -> None:
    report = tflint.check(model)

    assert json.loads(tflint.render(report, "json"))["summary"]["error"] == 1
    assert "MyWindow" in tflint.render(report)
    with pytest.raises(tflint.UsageError, match="unknown format `pdf`"):
        tflint.render(report, "pdf")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"paths": "nosuch.tflite"}, "does not exist"),
        ({"select": ["TFL999"]}, "unknown rule"),
        ({"target": "nosuch"}, "unknown target"),
        ({"config": {"nosuch": 1}}, "unknown key"),
        ({"config": "nosuch.toml"}, "does not exist"),
        ({"jobs": 0}, "number of processes"),
    ],
)
def test_what_is_wrong_is_raised(model: Path, arguments: dict[str, object], says: str) -> None:
    with pytest.raises(tflint.UsageError, match=says):
        tflint.check(**{"paths": model, **arguments})  # type: ignore[arg-type]


def test_several_processes_give_the_same_report(model: Path) -> None:
    for i in range(5):
        Path(f"m{i}.tflite").write_bytes(model.read_bytes())
    Path("broken.tflite").write_bytes(b"broken")

    assert tflint.check(".", jobs=3) == tflint.check(".", jobs=1)


def test_every_public_name_is_there() -> None:
    for name in tflint.__all__:
        assert getattr(tflint, name) is not None
        assert name in dir(tflint)
    with pytest.raises(AttributeError, match="nosuch"):
        _ = tflint.nosuch  # type: ignore[attr-defined]


def test_importing_it_loads_next_to_nothing() -> None:
    code = "import sys, tflint; print(sorted(m for m in sys.modules if m.startswith('tflint')))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "['tflint', 'tflint.version']"
