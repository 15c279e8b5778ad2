"""What the wheel has of the reference models: all forms, what was recorded with them, cards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tflint.report.bench_result import APPLICATIONS

PACKAGE = Path("reference_models/tflint_reference_models")
FORMS = ("float32", "float16", "dynamic", "int8")
# Of the models and what was recorded with them; code comes on top.
MOST_BYTES = 2_000_000


def wanted(application: str) -> set[str]:
    """The files of an application that are no code."""
    return {
        *(f"{application}_{form}.tflite" for form in FORMS),
        *(f"{application}.keras", "metrics.json", "manifest.json", "card.md"),
    }


def in_wheel() -> dict[str, Path]:
    """What the build backend would put into the wheel, by its path there; nothing is built."""
    pytest.importorskip("hatchling")
    from hatchling.builders.wheel import WheelBuilder

    builder = WheelBuilder(str(ROOT))
    files = builder.recurse_included_files()
    return {Path(one.distribution_path).as_posix(): Path(one.path) for one in files}


def test_the_wheel_has_models_records_and_cards() -> None:
    files = in_wheel()
    there = [name for name in APPLICATIONS if (ROOT / PACKAGE / name / "metrics.json").exists()]
    missing = {
        f"{PACKAGE.name}/{application}/{name}"
        for application in there
        for name in wanted(application)
    } - set(files)

    assert there
    assert missing == set()
    data = [path for name, path in files.items() if not name.endswith(".py")]
    assert sum(path.stat().st_size for path in data if PACKAGE.name in path.as_posix()) < MOST_BYTES
    # Recordings are of others, and workbooks are for the repository.
    assert not [name for name in files if name.endswith((".npz", ".npy", ".wav", ".xlsx"))]
    assert not [name for name in files if "/.training" in name or "/original/" in name]


@pytest.mark.parametrize("application", APPLICATIONS)
def test_what_was_recorded_is_of_the_files_that_are_there(application: str) -> None:
    from tflint_reference_models.shipped import known_models

    folder = ROOT / PACKAGE / application
    if not (folder / "metrics.json").exists():
        pytest.skip(f"{application} is not there yet")
    known = known_models([folder / f"{application}_{form}.tflite" for form in FORMS])

    assert [one and one.reference.form for one in known] == list(FORMS)
    for one in known:
        assert one is not None
        assert one.recorded is not None, one.note
        assert one.recorded.files
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert wanted(application) - {"metrics.json", "manifest.json", "card.md"} <= set(
        manifest["files"]
    )
