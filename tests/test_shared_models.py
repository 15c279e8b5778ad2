"""The published models: the verdict is the one that a Cortex-M4 gave when it ran them."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SHARED_MODELS
from tflint.finding import Severity
from tflint.lint.discover import Artifact
from tflint.lint.registry import all_rules
from tflint.lint.runner import check_file
from tflint.report.result import FileReport
from tflint.rule import Kind
from tflint.target.target import find_target

MEASURED = SHARED_MODELS.parent / "facts" / "arena-cortex-m4.json"
pytestmark = pytest.mark.shared


@functools.cache
def check(path: Path, target: str = "tflm") -> FileReport:
    artifact = Artifact(path, path.name, Kind.TFLITE)
    return check_file(artifact, all_rules(), find_target(target))


@functools.cache
def measured() -> dict[str, Any]:
    if not MEASURED.exists():
        pytest.skip(f"needs {MEASURED}")
    models: dict[str, Any] = json.loads(MEASURED.read_text(encoding="utf-8"))["models"]
    return models


def name(path: Path) -> str:
    return path.relative_to(SHARED_MODELS).as_posix()


def error_codes(path: Path, target: str = "tflm") -> set[str]:
    return {f.code for f in check(path, target).findings if f.severity is Severity.ERROR}


def seeds(shared_models: list[Path]) -> list[Path]:
    return [path for path in shared_models if name(path).startswith("seed/")]


def with_error(shared_models: list[Path], code: str) -> set[str]:
    return {name(path) for path in seeds(shared_models) if code in error_codes(path)}


def test_sixteen_of_the_twenty_three_seeds_do_not_run(shared_models: list[Path]) -> None:
    found = seeds(shared_models)

    assert len(found) == 23
    assert sum(bool(error_codes(path)) for path in found) == 16


def test_eight_are_hybrid(shared_models: list[Path]) -> None:
    # So is the one with TensorFlow's operators, which fails for those before.
    found = with_error(shared_models, "TFL204") - with_error(shared_models, "TFL201")

    assert len(found) == 8
    assert all("drange" in model for model in found)


def test_seven_have_float16_weights(shared_models: list[Path]) -> None:
    found = with_error(shared_models, "TFL108")

    assert len(found) == 7
    assert all("float16" in model for model in found)


def test_one_has_tensorflows_operators(shared_models: list[Path]) -> None:
    assert with_error(shared_models, "TFL201") == {"seed/MotionSense/drange_selected_ops.tflite"}


def test_every_error_names_an_operator_and_a_reason(shared_models: list[Path]) -> None:
    for path in seeds(shared_models):
        for finding in check(path).findings:
            if finding.severity is Severity.ERROR:
                assert finding.location.operator is not None, finding
                assert finding.location.operator_name, finding
                assert finding.message, finding
                assert finding.help, finding


def test_no_model_gives_more_errors_than_it_has_causes(shared_models: list[Path]) -> None:
    """One cause is one rule: a hybrid model is not also of an unsupported type."""
    for path in seeds(shared_models):
        codes = error_codes(path)
        # TensorFlow's operators were kept for their layout, and their file is hybrid as well.
        if "TFL201" not in codes:
            assert len(codes) <= 1, (name(path), codes)


def test_no_tiny_int8_model_is_said_to_fail(shared_models: list[Path]) -> None:
    tiny = [path for path in shared_models if name(path).startswith("tiny/")]

    assert len(tiny) == 8
    assert {name(path): error_codes(path) for path in tiny if error_codes(path)} == {}


def test_person_detect_runs_on_tflm_and_not_on_litert() -> None:
    path = SHARED_MODELS / "tiny" / "person_detect.tflite"
    if not path.exists():
        pytest.skip(f"needs {path}")

    for target, severity, count in (
        ("tflm", Severity.WARNING, 1),  # and 13 more
        ("litert", Severity.ERROR, 14),
    ):
        found = [f for f in check(path, target).findings if f.code == "TFL006"]
        assert len(found) == count
        assert {f.severity for f in found} == {severity}


def test_the_verdict_is_that_of_the_reference_kernels(shared_model: Path) -> None:
    runs = measured()[name(shared_model)]["m4_ref"]["ok"]

    assert (not error_codes(shared_model)) is runs


def test_the_verdict_is_that_of_cmsis_nn(shared_model: Path) -> None:
    runs = measured()[name(shared_model)]["m4_cmsis"]["ok"]

    assert (not error_codes(shared_model, "tflm-cmsis-nn")) is runs


def test_what_the_runtime_printed_is_explained(shared_model: Path) -> None:
    """`tflint explain` on the log leads to a rule that fired on the model."""
    from tflint.lint.explain import rules_for_error

    result = measured()[name(shared_model)]["m4_ref"]
    if result["ok"]:
        assert "error" not in result
        return
    explained = {rule.meta.code for rule in rules_for_error("\n".join(result["error"]))}
    assert explained & error_codes(shared_model)


def test_every_file_is_readable_and_has_its_figures(shared_model: Path) -> None:
    report = check(shared_model)

    assert report.readable
    assert report.notes == ()
    assert report.facts is not None
    assert report.facts.file_bytes == shared_model.stat().st_size
