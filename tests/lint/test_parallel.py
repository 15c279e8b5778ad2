"""Checking files in several processes."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from tflint.finding import Finding, Severity
from tflint.lint.discover import discover
from tflint.lint.findings import RuleFailed
from tflint.lint.parallel import Job, WorkerDied, check_each
from tflint.lint.plan import Plan
from tflint.model.builder import ModelBuilder
from tflint.model.writer import write_model
from tflint.rule import Metadata, ModelContext, Rule
from tflint.target.target import find_target


class Crashing(Rule):
    """Fails."""

    meta = Metadata("ACME001", "crashing", Severity.ERROR)

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        """Raise what a mistake raises."""
        raise ZeroDivisionError("division by zero")
        yield


class Dying(Rule):
    """Ends its process, as the kernel does where memory runs out."""

    meta = Metadata("ACME002", "dying", Severity.ERROR)

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        """End the process."""
        import os

        os._exit(9)
        yield


def jobs_for(folder: Path, rule: type[Rule]) -> list[Job]:
    model = ModelBuilder()
    model.output(model.unary("RELU", model.input((1, 4))))
    for i in range(4):
        (folder / f"m{i}.tflite").write_bytes(write_model(model.build()))
    plan = Plan(find_target("tflm"), (rule,))
    return [(artifact, plan) for artifact in discover([str(folder)])]


@pytest.mark.parametrize("processes", [1, 2])
def test_a_rule_that_fails_is_named_wherever_it_ran(tmp_path: Path, processes: int) -> None:
    with pytest.raises(RuleFailed, match=r"internal error in ACME001 on .*ZeroDivisionError"):
        list(check_each(jobs_for(tmp_path, Crashing), processes))


def test_a_failure_survives_the_way_from_a_worker() -> None:
    failed = RuleFailed("TFL204", "m.tflite", "ZeroDivisionError: division by zero")

    assert str(pickle.loads(pickle.dumps(failed))) == str(failed)


def test_a_worker_that_dies_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(WorkerDied, match="a worker process was killed"):
        list(check_each(jobs_for(tmp_path, Dying), 2))
