"""`docs/benchmarking.md` names every option and key, and its figures are those of the files."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from benchmarking_page import (
    PAGE,
    headline_part,
    models_part,
    seed_rows,
    sums_part,
    wrong_part,
)
from tests.conftest import SHARED_MODELS
from tests.report.bench_reports import BENCH_REPORTS
from tflint.cli.main import app
from tflint.model.changes import FieldChange
from tflint.report import bench_compare_json
from tflint.report.bench_compare_result import (
    AccuracyDifference,
    BenchComparison,
    ComparedOperator,
    OperatorFate,
    Ratio,
)
from tflint.report.bench_json import render

TEXT = PAGE.read_text(encoding="utf-8")


def golden(name: str) -> str:
    """An output that the tests of reports hold."""
    folder = Path(__file__).parent.parent / "report" / "golden"
    return (folder / name).read_text(encoding="utf-8")


def part(name: str) -> str:
    """What stands on the page between the comments of this name."""
    _, _, rest = TEXT.partition(f"<!-- {name}: begin -->\n")
    return rest.partition(f"<!-- {name}: end -->")[0]


def keys(value: object) -> Iterator[str]:
    """All keys in a document."""
    if isinstance(value, dict):
        yield from value
        for held in value.values():
            yield from keys(held)
    elif isinstance(value, list):
        for held in value:
            yield from keys(held)


def comparison() -> BenchComparison:
    """One in which nothing is left out."""
    report = BENCH_REPORTS["whole"]()
    pair = report.models[:2]
    ratio = Ratio(0.5, 0.4, 0.6, 2.0, 1.0, 6, (100, 100))
    changed = FieldChange("version", "1", "2")
    rows = [row.operators[0] for row in pair]
    operator = ComparedOperator(
        OperatorFate.CHANGED, "CONV_2D", rows[0], rows[1], ratio, (changed,)
    )
    return BenchComparison(
        dataclasses.replace(report, models=pair),
        is_same_file=False,
        latency=ratio,
        init=ratio,
        first=ratio,
        operators=(operator,),
        accuracy=AccuracyDifference(1, 2, 3, 4, -0.1, 0.3, 0.5),
    )


def test_every_option_is_on_the_page() -> None:
    command = typer.main.get_command(app).commands["bench"]  # type: ignore[attr-defined]
    everywhere = {"--help", "--config", "--isolated", "--color"}
    options = {name for one in command.params for name in one.opts if name.startswith("--")}

    assert sorted(name for name in options - everywhere if name not in TEXT) == []


def test_every_key_is_on_the_page() -> None:
    named = set(re.findall(r"`([a-z0-9_]+)(?:\[\])?`", TEXT))
    found = {key for build in BENCH_REPORTS.values() for key in keys(json.loads(render(build())))}
    found |= set(keys(json.loads(golden("bench.json"))))
    found |= set(keys(json.loads(bench_compare_json.render(comparison()))))

    assert len(found) > 50
    # What `tool` holds is said in other pages.
    assert sorted(found - named - {"version"}) == []


@pytest.mark.shared
def test_figures_of_the_originals_models_are_those_of_their_files() -> None:
    shared = SHARED_MODELS.parent
    if not (shared / "models" / "seed").is_dir():
        pytest.skip(f"no models in {SHARED_MODELS} (set TFLITE_LINT_SHARED)")
    rows = seed_rows(shared)

    assert len(rows) == 23
    assert part("models") == models_part(rows)
    assert part("headline") == headline_part(rows)
    assert part("sums") == sums_part(rows)
    assert part("wrong") == wrong_part(rows, shared)


@pytest.mark.shared
def test_the_run_has_a_row_for_each_model(shared_models: list[Path]) -> None:
    seed = SHARED_MODELS / "seed"
    names = {
        path.relative_to(seed).with_suffix("").as_posix()
        for path in shared_models
        if path.is_relative_to(seed)
    }

    rows = [line.split("|")[1].strip() for line in part("run").splitlines() if "/" in line[:40]]
    assert names <= set(rows)
    assert re.match(r"\d{4}-\d\d-\d\d, .+ core", part("run"))
