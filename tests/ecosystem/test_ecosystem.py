"""Real projects: no fault of ours, no error that reading does not confirm, no change unseen.

Opt-in: `make test-ecosystem` installs the projects from the package index and runs this.
"""

from __future__ import annotations

import functools
import json
import os

import pytest

import ecosystem

PROJECTS = ecosystem.projects()

needs_projects = pytest.mark.skipif(
    ecosystem.VARIABLE not in os.environ, reason="opt-in: `make test-ecosystem`"
)
# The tests of one project run in one worker, which checks it once.
every_project = pytest.mark.parametrize(
    "project",
    [
        pytest.param(project, id=project.name, marks=pytest.mark.xdist_group(project.name))
        for project in PROJECTS
    ],
)


@functools.cache
def found(project: ecosystem.Project) -> ecosystem.Found:
    problem = ecosystem.install(project)
    assert problem is None, problem
    return ecosystem.check(project)


@every_project
@needs_projects
@pytest.mark.network
@pytest.mark.slow
def test_nothing_of_ours_fails(project: ecosystem.Project) -> None:
    result = found(project)

    assert result.log == ""
    assert result.code in (0, 1)
    assert result.files > 0


@every_project
@needs_projects
@pytest.mark.network
@pytest.mark.slow
def test_every_error_was_read_and_is_right(project: ecosystem.Project) -> None:
    wrong = [
        f"{error['path']}:{error['line']}:{error['column']}: {error['code']} {error['message']}"
        for error in ecosystem.unreviewed(found(project))
    ]

    assert wrong == []


@every_project
@needs_projects
@pytest.mark.network
@pytest.mark.slow
def test_what_is_found_is_what_is_recorded(project: ecosystem.Project) -> None:
    """A difference is to be read; `python scripts/ecosystem.py record` then writes it down."""
    recorded = json.loads(ecosystem.COUNTS.read_text(encoding="utf-8"))

    assert found(project).counts == recorded[project.name]


def test_the_records_are_about_the_projects() -> None:
    names = [project.name for project in PROJECTS]
    recorded = json.loads(ecosystem.COUNTS.read_text(encoding="utf-8"))
    page = ecosystem.PAGE.read_text(encoding="utf-8")

    assert len(set(names)) == len(names) >= 17
    assert list(recorded) == names
    assert [p.name for p in PROJECTS if f"| {p.name} {p.version} |" not in page] == []
    assert [e for e in ecosystem.reviewed() if e.path.partition("/")[0] not in names] == []
    assert [e for e in ecosystem.reviewed() if len(e.why) < 20] == []


def test_an_error_is_reviewed_by_place_and_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    known = ecosystem.ReviewedError("p/a.py", 3, "TFL112", "because")
    monkeypatch.setattr(ecosystem, "reviewed", lambda: [known])
    error = {"path": "p/a.py", "line": 3, "code": "TFL112", "severity": "error"}
    other, warning = {**error, "line": 4}, {**error, "severity": "warning", "line": 5}
    result = ecosystem.Found(PROJECTS[0], 1, [error, other, warning, error], "", 1)

    assert ecosystem.unreviewed(result) == [other, error]
    assert result.counts == {"TFL112 error": 3, "TFL112 warning": 1}
