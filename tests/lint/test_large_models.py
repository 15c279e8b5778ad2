"""Weights of hundreds of megabytes take little memory, and most rules do not touch them."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.check_scale import run, write_large_model
from tflint.lint.registry import all_rules
from tflint.lint.runner import check_model
from tflint.model.garbage import uncollected
from tflint.model.reader import read_model
from tflint.model.schema import TensorType
from tflint.rule import Rule
from tflint.target.target import find_target

ABOUT_WEIGHTS = ("TFL307", "TFL308", "TFL403", "TFL406", "TFL407", "TFL606")
SIZE = 192 << 20
SMAPS = Path("/proc/self/smaps")
pytestmark = pytest.mark.skipif(not SMAPS.exists(), reason="needs Linux's /proc/self/smaps")


@pytest.fixture(scope="module", params=[TensorType.INT8, TensorType.FLOAT32], ids=lambda t: t.name)
def large_model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of weights that are all zero, of which the disk holds next to nothing."""
    path = tmp_path_factory.mktemp("large") / f"{request.param.name}.tflite"
    write_large_model(path, request.param, None, SIZE)
    assert path.stat().st_size > SIZE
    return path


def touched(path: Path, rules: Sequence[type[Rule]]) -> int:
    """The bytes of a file that running rules over the model in it brings into memory."""
    # Operators and values refer to each other: earlier models go when the collector comes.
    gc.collect()
    model = read_model(path)
    report = check_model(model, rules, find_target("tflm"), "large.tflite")
    assert report.readable
    total, inside = 0, False
    for line in SMAPS.read_text(encoding="utf-8").splitlines():
        if "-" in line.split()[0]:
            inside = line.endswith(str(path))
        elif inside and line.startswith("Rss:"):
            total += int(line.split()[1]) * 1024
    return total


def test_only_rules_about_weights_read_them(large_model: Path) -> None:
    others = [rule for rule in all_rules() if rule.meta.code not in ABOUT_WEIGHTS]

    assert touched(large_model, others) < 4 << 20


@pytest.mark.parametrize("code", ABOUT_WEIGHTS)
def test_those_are_the_ones_that_do(code: str, large_model: Path) -> None:
    """What the test above looks at does show it. Which of them has to depends on the type."""
    (rule,) = (rule for rule in all_rules() if rule.meta.code == code)
    reads = touched(large_model, [rule]) > 4 << 20

    if code in ("TFL307", "TFL606") or (code == "TFL407" and "INT8" in large_model.name):
        assert reads
    if code == "TFL403":
        assert not reads, "there is no convolution in it"


def test_memory_is_that_of_a_few_chunks(large_model: Path) -> None:
    seconds, memory = run([sys.executable, "-m", "tflint", "check", str(large_model)])

    assert seconds > 0
    # Python and the program take 15 MiB.
    assert 4 << 20 < memory < 40 << 20


@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_is_left_as_it_was(enabled: bool) -> None:
    was_enabled = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        with uncollected():
            assert not gc.isenabled()
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if was_enabled else gc.disable)()
