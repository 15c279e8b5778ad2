"""The models that are shipped are what their metrics, manifests and cards say, and small enough.

Their accuracy is measured again where the recordings are (marked `shared`).
"""

from __future__ import annotations

import importlib.util
import json
import re
from dataclasses import replace
from importlib import metadata, resources
from pathlib import Path

import numpy as np
import pytest

from tests.reference_models.shared_recordings import SHARED_DATA
from tflint.api import run_convert
from tflint.convert.options import ConvertOptions
from tflint.convert.origin import parse_origin
from tflint.execution.hosts import Host, execute, is_installed
from tflint.fix.proof.interface import first_entry
from tflint.lint.memory_report import measured as on_this_host
from tflint.lint.memory_report import report_on
from tflint.model.reader import parse_model
from tflint_reference_models.application import CHOSEN, ORIGINAL
from tflint_reference_models.applications import NAMES, application
from tflint_reference_models.training.figures import figures_of, settings
from tflint_reference_models.training.forms import SHIPPED, measured, require_integers
from tflint_reference_models.training.goals import MIN_ARENA
from tflint_reference_models.training.manifest import MANIFEST, file_name
from tflint_reference_models.training.metrics import METRICS, from_json
from tflint_reference_models.training.renewal import renewed
from tflint_reference_models.training.results import FORM_NAMES, FormResult, Result

PACKAGE = Path(str(resources.files("tflint_reference_models")))
TRAINED = [name for name in NAMES if (PACKAGE / name / METRICS).is_file()]
# Of the issue: the most that int8 weights may take, in bytes.
MOST = {"motion_sense": 6144, "music_classifier": 43_008, "keyword_spotting": 6144}
MOST["car_sensor"] = 2632
each = pytest.mark.parametrize("name", TRAINED)


def results_of(name: str) -> tuple[Result, ...]:
    text = (PACKAGE / name / METRICS).read_text(encoding="utf-8")
    told, results = from_json(text, METRICS)
    assert told == name
    return results


def first(name: str, network: str) -> Result:
    """What a network of the experiment whose models are shipped came to."""
    experiment = application(name).experiments[0].name
    (found,) = (
        one for one in results_of(name) if (one.experiment, one.network) == (experiment, network)
    )
    return found


def int8(name: str, network: str) -> FormResult:
    found = first(name, network).form(SHIPPED)
    assert found is not None
    return found


@each
def test_metrics_manifest_and_card_are_those_of_the_files(name: str) -> None:
    """Run `make docs` where this fails after a change of cards or of the memory model."""
    folder = PACKAGE / name
    for file, text in renewed(application(name), folder).items():
        assert (folder / file).read_text(encoding="utf-8") == text, file


@each
def test_every_form_of_both_networks_is_there(name: str) -> None:
    for network in (CHOSEN, ORIGINAL):
        result = first(name, network)
        made = {form.form for form in result.forms} | {one.form for one in result.refused}
        assert made == set(FORM_NAMES)
        for form in (None, *(form.form for form in result.forms)):
            assert (PACKAGE / name / file_name(name, network, form)).is_file()
    assert first(name, CHOSEN).refused == ()
    listed = json.loads((PACKAGE / name / MANIFEST).read_text(encoding="utf-8"))["files"]
    folder = PACKAGE / name
    there = {path for suffix in ("keras", "tflite") for path in folder.rglob(f"*.{suffix}")}
    assert {folder / file for file in listed} == there


@each
def test_nothing_is_left_over_from_a_shorter_training(name: str) -> None:
    of = application(name)
    for result in results_of(name):
        recipe = of.experiment(result.experiment).networks[result.network].recipe
        assert (result.epochs, result.notes) == (recipe.epochs, ())
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", result.date)
        assert re.fullmatch(r"[0-9a-f]{64}", result.code_sha256)


@each
def test_limits_of_a_reference_model(name: str) -> None:
    data = (PACKAGE / name / file_name(name, CHOSEN, SHIPPED)).read_bytes()
    figures = figures_of(data)
    require_integers(data)
    assert figures.weight_bytes <= MOST[name] == application(name).weight_bytes
    assert [use.refusal for use in figures.uses] == [None] * len(figures.uses)
    assert all((use.min_arena_bytes or 0) <= MIN_ARENA for use in figures.uses)
    excused = {"TFL504", "TFL505"}  # where the card says why
    assert {one.code for one in figures.warnings} <= excused
    if figures.warnings:
        assert "Findings" in {heading for heading, _ in application(name).prose}


@each
def test_the_original_is_reached_with_half_its_weights(name: str) -> None:
    ours, original = int8(name, CHOSEN), int8(name, ORIGINAL)
    theirs = original.weight_bytes
    assert ours.weight_bytes <= (theirs // 2 if theirs > 4096 else theirs)
    assert ours.test.n == original.test.n
    assert ours.test.accuracy >= original.test.accuracy


@each
def test_honest_figures_and_the_originals_are_told_apart(name: str) -> None:
    of = application(name)
    assert of.experiments[0].is_honest
    told = {(one.experiment, one.network) for one in results_of(name)}
    wanted = {(one.name, network) for one in of.experiments for network in one.networks}
    assert told == wanted
    assert not all(one.is_honest for one in of.experiments)


@each
def test_tflm_runs_it_in_as_few_bytes_and_answers_as_litert_does(name: str) -> None:
    if not all(map(is_installed, (Host.TFLM, Host.LITERT))):
        pytest.skip("needs tflite-micro and LiteRT")
    path = PACKAGE / name / file_name(name, CHOSEN, SHIPPED)
    data = path.read_bytes()
    host = on_this_host(report_on(parse_model(data), settings().target, str(path)), data).host
    assert host is not None
    assert host.agrees
    (port,) = first_entry(parse_model(data)).inputs
    rng = np.random.default_rng(5)
    samples = rng.integers(-128, 128, (64, *port.default_shape)).astype(np.int8)
    (ours,), (theirs,) = (execute(data, [samples], host) for host in (Host.TFLM, Host.LITERT))
    # Kernels may round differently by a step, which is several steps of a probability.
    assert np.abs(ours.astype(int) - theirs).max() <= 8


@each
@pytest.mark.slow
def test_the_float_model_is_what_the_converter_makes_of_the_keras_file(
    name: str, tmp_path: Path
) -> None:
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed")
    recorded = dict(first(name, CHOSEN).versions)
    for distribution in ("tensorflow", "keras"):
        if metadata.version(distribution) != recorded[distribution]:
            pytest.skip(f"made with {distribution} {recorded[distribution]}")
    network = tmp_path / f"{name}.keras"
    network.write_bytes((PACKAGE / name / file_name(name, CHOSEN, None)).read_bytes())
    run = run_convert(
        settings(), ConvertOptions(parse_origin(str(network))), network.with_suffix(".tflite")
    )
    assert run.data == (PACKAGE / name / file_name(name, CHOSEN, "float32")).read_bytes()


@each
@pytest.mark.shared
def test_tflm_decides_the_same_on_recordings(name: str) -> None:
    if not SHARED_DATA.is_dir() or not all(map(is_installed, (Host.TFLM, Host.LITERT))):
        pytest.skip("needs recordings (set TFLITE_LINT_SHARED), tflite-micro and LiteRT")
    of = application(name)
    task = of.experiments[0].networks[CHOSEN].task(SHARED_DATA, 0, first(name, CHOSEN).seed)
    data = (PACKAGE / name / file_name(name, CHOSEN, SHIPPED)).read_bytes()
    (port,) = first_entry(parse_model(data)).inputs
    chosen = task.test.inputs[:: len(task.test.inputs) // 400 + 1]
    samples = port.quantised(chosen).reshape(-1, *port.default_shape)
    (ours,), (theirs,) = (execute(data, [samples], host) for host in (Host.TFLM, Host.LITERT))
    one, other = (given.reshape(len(samples), -1).astype(int) for given in (ours, theirs))
    if one.shape[1] == 1:  # a probability, -128 to 127
        agree = (one > 0) == (other > 0)
    else:
        agree = one.argmax(axis=1) == other.argmax(axis=1)
    assert agree.mean() >= 0.99


@each
@pytest.mark.shared
@pytest.mark.skipif(importlib.util.find_spec("ai_edge_litert") is None, reason="needs LiteRT")
def test_what_is_recorded_is_measured_again(name: str) -> None:
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no {SHARED_DATA} (set TFLITE_LINT_SHARED)")
    of, result = application(name), first(name, CHOSEN)
    task = of.experiments[0].networks[CHOSEN].task(SHARED_DATA, 0, result.seed)
    assert task.sha256 == result.data_sha256
    data = (PACKAGE / name / file_name(name, CHOSEN, SHIPPED)).read_bytes()
    found, recorded = measured(data, SHIPPED, task, lambda text: None), int8(name, CHOSEN)
    if result.folds == 1:
        assert found == replace(recorded, others=found.others, votes=found.votes)
        assert dict(found.others) == dict(recorded.others)
        assert dict(found.votes) == dict(recorded.votes)
        return
    # The file is the first fold's: its groups are in no other.
    held = {group.name: group for group in recorded.test.groups}
    assert found.test.groups
    assert all(held[group.name] == group for group in found.test.groups)
