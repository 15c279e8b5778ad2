"""Real projects that tflint is held against: install them, check them, write down what was found.

Each project is installed from the package index without what it depends on, into a folder of its
own below `build/ecosystem`, and checked as `tflint check --isolated --select ALL` checks it. No
code of theirs runs (but for the build steps of those that are published as sources only).

    python scripts/ecosystem.py install     what is not there yet
    python scripts/ecosystem.py check       compare with what is recorded
    python scripts/ecosystem.py record      write what is found to tests/ecosystem/counts.json
                                            and docs/ecosystem.md
    python scripts/ecosystem.py time        seconds per 1,000 lines, the slowest files
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "ecosystem"
RECORDS = ROOT / "tests" / "ecosystem"
PROJECTS, REVIEWED = RECORDS / "projects.toml", RECORDS / "reviewed.toml"
COUNTS = RECORDS / "counts.json"
PAGE = ROOT / "docs" / "ecosystem.md"
BEGIN, END = "<!-- found: begin -->", "<!-- found: end -->"
# Set by `make test-ecosystem`; without it the tests about real projects are skipped.
VARIABLE = "TFLITE_LINT_ECOSYSTEM"


@dataclass(frozen=True)
class Project:
    """A published package at one version, and why it is among them."""

    name: str
    version: str
    why: str

    @property
    def folder(self) -> Path:
        """Where it is installed."""
        return FOLDER / self.name

    @property
    def requirement(self) -> str:
        """As pip takes it."""
        return f"{self.name}=={self.version}"


@dataclass(frozen=True)
class ReviewedError:
    """An error that reading the source confirmed."""

    path: str
    line: int
    code: str
    why: str


@dataclass
class Found:
    """What a check of a project came to."""

    project: Project
    files: int
    findings: list[dict[str, Any]]
    log: str
    code: int

    @property
    def counts(self) -> dict[str, int]:
        """How many findings there are of each rule and severity, as `TFL101 warning`."""
        found = Counter(f"{each['code']} {each['severity']}" for each in self.findings)
        return dict(sorted(found.items()))

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The findings that claim a failure."""
        return [each for each in self.findings if each["severity"] == "error"]


def projects() -> list[Project]:
    """The projects, those that were named when the rules were planned first."""
    document = tomllib.loads(PROJECTS.read_text(encoding="utf-8"))
    return [Project(**entry) for entry in document["projects"]]


def reviewed() -> list[ReviewedError]:
    """The errors that were read and are right."""
    document = tomllib.loads(REVIEWED.read_text(encoding="utf-8"))
    return [ReviewedError(**entry) for entry in document.get("errors", [])]


def install(project: Project) -> str | None:
    """Install a project unless it is there; returns why that failed."""
    done = project.folder / ".installed"
    if done.exists() and done.read_text(encoding="utf-8") == project.requirement:
        return None
    shutil.rmtree(project.folder, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps", "--no-compile", "--target", str(project.folder)]
    run = subprocess.run(
        [*pip, *options, project.requirement], capture_output=True, text=True, check=False
    )
    if run.returncode != 0:
        said = [line for line in run.stderr.splitlines() if line.startswith("ERROR")]
        return (said or run.stderr.splitlines() or ["no output"])[-1]
    done.write_text(project.requirement, encoding="utf-8")
    return None


def check(project: Project) -> Found:
    """Check a project as a user would, in a process of its own."""
    run = subprocess.run(
        [
            *(sys.executable, "-m", "tflint", "check", project.name),
            *("--isolated", "--select", "ALL", "--format", "json", "--jobs", "1"),
        ],
        cwd=FOLDER,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, _source_roots()))},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    document = json.loads(run.stdout) if run.stdout else {"files": [], "findings": []}
    return Found(project, len(document["files"]), document["findings"], run.stderr, run.returncode)


def _source_roots() -> Iterator[Path]:
    yield ROOT
    yield from (ROOT / name for name in ("rules", "mcu_runtime", "reference_models"))


def unreviewed(found: Found) -> list[dict[str, Any]]:
    """The errors of a project that nobody has read yet."""
    known = Counter((each.path, each.line, each.code) for each in reviewed())
    left = []
    for error in found.errors:
        key = (error["path"], error["line"], error["code"])
        if known[key] > 0:
            known[key] -= 1
        else:
            left.append(error)
    return left


def table(results: Sequence[Found]) -> Iterator[str]:
    """The page's part that is generated: what was found in which project, the errors."""
    yield "| project | files | errors | warnings | info | rules |"
    yield "|---|--:|--:|--:|--:|---|"
    for found in results:
        severities = Counter(each["severity"] for each in found.findings)
        codes = Counter(each["code"] for each in found.findings)
        named = ", ".join(f"{code} {count:,}" for code, count in sorted(codes.items()))
        figures = " | ".join(f"{severities[name]:,}" for name in ("error", "warning", "info"))
        project = found.project
        yield f"| {project.name} {project.version} | {found.files:,} | {figures} | {named} |"
    yield ""
    errors = [error for error in reviewed() if any(_has(found, error) for found in results)]
    if errors:
        yield "| error | where | why it is one |"
        yield "|---|---|---|"
        for error in errors:
            yield f"| {error.code} | `{error.path}:{error.line}` | {error.why} |"
    else:
        yield "No error was found in any of them."


def _has(found: Found, error: ReviewedError) -> bool:
    key = (error.path, error.line, error.code)
    return any((each["path"], each["line"], each["code"]) == key for each in found.errors)


def record(results: Sequence[Found]) -> None:
    """Write down what was found: for the test that holds it, and for readers."""
    counts = {found.project.name: found.counts for found in results}
    COUNTS.write_text(json.dumps(counts, indent=2) + "\n", encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    head, rest = page.split(BEGIN)
    written = "\n".join(("", *table(results), ""))
    PAGE.write_text(f"{head}{BEGIN}\n{written}\n{END}{rest.split(END)[1]}", encoding="utf-8")


def times(found: Sequence[Project]) -> Iterator[str]:
    """CPU seconds per 1,000 lines of the sources that are about Keras, and the slowest files."""
    from tflint.config.load import load_settings
    from tflint.lint.discover import discover
    from tflint.lint.runner import check_file
    from tflint.rule import SOURCES

    settings = load_settings(isolated=True)
    taken: list[tuple[float, int, str]] = []
    for project in found:
        for artifact in discover([str(project.folder)]):
            if artifact.kind in SOURCES:
                plan = settings.plan(artifact.path)
                start = time.process_time()
                check_file(artifact, plan.rules, plan.target)
                seconds = time.process_time() - start
                lines = artifact.path.read_bytes().count(b"\n")
                shown = artifact.path.relative_to(FOLDER).as_posix()
                taken.append((seconds, lines, shown))
    seconds, lines = sum(row[0] for row in taken), sum(row[1] for row in taken)
    per_thousand = 1000 * seconds / max(lines, 1)
    yield f"{len(taken):,} files, {lines:,} lines: {seconds:.1f} s, {per_thousand:.3f} s per 1,000"
    for seconds, lines, shown in sorted(taken, reverse=True)[:20]:
        yield f"{seconds:7.2f} s  {lines:6,} lines  {shown}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the commands; returns the exit code."""
    parser = argparse.ArgumentParser(description="tflint against real projects")
    parser.add_argument("command", choices=("install", "check", "record", "time"))
    parser.add_argument("names", nargs="*", help="only these projects")
    given = parser.parse_args(arguments)
    chosen = [p for p in projects() if not given.names or p.name in given.names]
    if given.command == "install":
        problems = {p.requirement: problem for p in chosen if (problem := install(p))}
        for requirement, problem in problems.items():
            print(f"{requirement}: {re.sub(r'https?://[^ ]+', '...', problem)}", file=sys.stderr)
        return 1 if problems else 0
    if given.command == "time":
        print("\n".join(times(chosen)))
        return 0
    results = [check(project) for project in chosen]
    for found in results:
        print(f"{found.project.requirement}: {found.files} files, {found.counts}")
        for error in unreviewed(found):
            place = f"{error['path']}:{error['line']}:{error['column']}"
            print(f"  not reviewed: {place}: {error['code']} {error['message']}")
    if given.command == "record" and not given.names:
        record(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
