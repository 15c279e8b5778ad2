"""Sources that are damaged on purpose: a report each time, in bounded time."""

from __future__ import annotations

import functools
import os
import random
import time
from pathlib import Path

import pytest

import ecosystem
from tests.ecosystem.mutations import MUTATIONS, Mutation
from tflint.lint.registry import all_rules
from tflint.lint.runner import check_code
from tflint.target.target import find_target

# CPU seconds for a variant, and for each 1,000 lines of it: several times what any takes.
SECONDS, SECONDS_PER_THOUSAND = 15.0, 5.0
MOST_BYTES = 100_000
TARGET = find_target("tflm")

every_mutation = pytest.mark.parametrize(
    "mutation", MUTATIONS, ids=lambda mutation: mutation.__name__
)


@functools.cache
def examples() -> tuple[str, ...]:
    """The sources that rules are shown with."""
    built = [example.build() for rule in all_rules() for example in rule.examples]
    return tuple(source for source in built if isinstance(source, str))


@functools.cache
def real_sources() -> tuple[str, ...]:
    """The sources of the projects that are about Keras."""
    found = []
    for path in sorted(ecosystem.FOLDER.rglob("*.py")):
        data = path.read_bytes()
        if b"keras" in data and len(data) <= MOST_BYTES:
            found.append(data.decode("utf-8", "replace"))
    return tuple(found)


def survives(source: str) -> None:
    started = time.process_time()
    report = check_code(source.encode("utf-8", "surrogatepass"), all_rules(), TARGET)
    taken = time.process_time() - started

    assert report.failed_rules == ()
    assert taken < SECONDS + SECONDS_PER_THOUSAND * source.count("\n") / 1000


def try_variants(mutation: Mutation, sources: tuple[str, ...], count: int, folder: Path) -> None:
    """Check variants of these sources; one that fails is left in a file."""
    for seed in range(count):
        rng = random.Random(f"{mutation.__name__} {seed}")
        variant = mutation(rng, rng.choice(sources), sources)
        try:
            survives(variant)
        except BaseException:
            kept = folder / f"{mutation.__name__}_{seed}.py"
            kept.write_bytes(variant.encode("utf-8", "surrogatepass"))
            print(f"seed {seed}: {kept}")
            raise


@every_mutation
def test_variants_of_examples(mutation: Mutation, tmp_path: Path) -> None:
    assert len(examples()) > 20
    try_variants(mutation, examples(), 40, tmp_path)


@every_mutation
@pytest.mark.skipif(ecosystem.VARIABLE not in os.environ, reason="opt-in: `make test-ecosystem`")
@pytest.mark.network
@pytest.mark.slow
def test_variants_of_real_sources(mutation: Mutation, tmp_path: Path) -> None:
    assert len(real_sources()) > 300
    try_variants(mutation, real_sources(), 60, tmp_path)
