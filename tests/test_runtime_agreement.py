"""What tflint calls an error, TFLM refuses; what it lets pass, TFLM runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.random_networks import random_network
from tests.tflm_worker import runs_on_tflm
from tflint.finding import Severity
from tflint.lint.registry import all_rules
from tflint.lint.runner import check_bytes
from tflint.model.writer import write_model
from tflint.target.target import find_target

NETWORKS = 400
BATCH = 50


@pytest.mark.parametrize("first", range(0, NETWORKS, BATCH))
def test_verdicts_on_random_networks(first: int, tmp_path: Path) -> None:
    files = [write_model(random_network(seed)) for seed in range(first, first + BATCH)]
    paths = [tmp_path / f"{first + i}.tflite" for i in range(BATCH)]
    for path, data in zip(paths, files, strict=True):
        path.write_bytes(data)
    rules, target = all_rules(), find_target("tflm")
    disagreements = []
    for path, data, (ran, log) in zip(paths, files, runs_on_tflm(paths), strict=True):
        findings = check_bytes(data, rules, target).findings
        errors = [f.message for f in findings if f.severity is Severity.ERROR]
        if ran == bool(errors):
            disagreements.append(f"{path.name}: TFLM {'runs it' if ran else log}; {errors}")
    assert not disagreements, "\n".join(disagreements)


def test_the_networks_are_of_both_kinds() -> None:
    rules, target = all_rules(), find_target("tflm")
    failing = 0
    for seed in range(100):
        report = check_bytes(write_model(random_network(seed)), rules, target)
        failing += any(f.severity is Severity.ERROR for f in report.findings)
    assert 20 < failing < 80
