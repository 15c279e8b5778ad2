"""`docs/guide.md` states what was measured, and what it says of the figures is so."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from guide.calibration import float_model
from guide.leaks import leaks, nearest
from guide.networks import (
    DYNAMIC,
    FIXED,
    FLOAT,
    FLOAT16,
    FLOAT_IO,
    INT8,
    INT16,
    RECONVERTED,
    SELECT,
    SIZES,
    TENSORFLOW,
    cases,
)
from guide.page import FACTS, PAGE, TEXT, page
from guide.recorded import recorded
from guide.tables import Figures, code
from guide.thresholds import rates
from tests.conftest import SHARED_MODELS

KNOWN: dict[str, Any] = json.loads(FACTS.read_text(encoding="utf-8"))
HELD = Figures(KNOWN["networks"])
WRITTEN = TEXT.read_text(encoding="utf-8")


def arena(name: str, form: str = INT8) -> int:
    return int(HELD.row(name, form)["arena"])


def operators(name: str, form: str = INT8) -> list[str]:
    return list(HELD.row(name, form)["operators"])


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "docs/guide.md is stale: run `make docs`"


def test_everything_was_measured_in_each_of_its_forms() -> None:
    expected = {name: {"parameters", *case.forms} for name, case in cases().items()}

    assert {name: set(row) for name, row in KNOWN["networks"].items()} == expected


def test_the_text_states_no_figure_of_its_own() -> None:
    text = re.sub(r"\{[^}]*\}|`[^`]*`|\]\([^)]*\)", "", WRITTEN)
    # The input of CarSensor, and the steps of eight bits.
    allowed = {"100", "256"}

    assert set(re.findall(r"\d[\d.,]*\d\d|\d+ ?%|\d+ dB|\d+ bytes", text)) <= allowed


def test_each_tip_names_its_rule() -> None:
    _, *tips = WRITTEN.split("\n### ")

    assert len(tips) > 20
    assert [
        tip.partition("\n")[0] for tip in tips if "{rule[" not in tip and "No rule" not in tip
    ] == []


def test_links_within_the_page_lead_to_headings() -> None:
    headings = re.findall(r"^#+ (.*)$", WRITTEN, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in headings}

    assert set(re.findall(r"\]\(#([^)]*)\)", WRITTEN)) <= anchors


def test_the_first_map_decides_the_arena() -> None:
    assert 2.5 * arena("stride") < arena("original")
    assert arena("growing") < arena("original") < arena("original", TENSORFLOW)
    assert arena("late pools") > 3 * arena("growing")
    assert HELD.of("macs|late pools") > 10 * HELD.of("macs|growing")
    assert HELD.of("weights|stride") == HELD.of("weights|original")
    # Not less for the separable one.
    assert arena("growing, stride, separable") >= arena("growing, stride")


def test_the_inputs_size_changes_no_weight() -> None:
    assert len({HELD.of(f"weights|input {size}") for size in SIZES}) == 1
    arenas = [arena(f"input {size}") for size in SIZES]
    assert arenas == sorted(arenas)
    assert arena("bilinear") > arena("no resizing")


def test_dropout_is_gone() -> None:
    for key in ("weights", "arena", "macs"):
        assert HELD.of(f"{key}|dropout") == HELD.of(f"{key}|growing")
    assert operators("dropout") == operators("growing")


def test_pools_divide_the_dense_layer() -> None:
    weights = [HELD.of(f"weights|N1 M0 P{pools}") for pools in (1, 2, 3)]
    assert 9000 < weights[0] - weights[1] == 4 * (weights[1] - weights[2])
    assert HELD.of("weights|N2 M0 P1,2") == HELD.of("weights|N2 M0 P2,1")
    assert HELD.of("macs|N2 M0 P1,2") > HELD.of("macs|N2 M0 P2,1")


def test_global_pooling_takes_the_weights_behind_it() -> None:
    assert 5 * HELD.of("weights|head average") < HELD.of("weights|head flatten")
    assert HELD.of("weights|head average") == HELD.of("weights|head max")
    assert HELD.of("flash|head average") > HELD.of("flash|head max")
    assert "CONCATENATION" in operators("head both")


@pytest.mark.parametrize(
    ("form", "runs"),
    [(FLOAT, True), (FLOAT16, False), (DYNAMIC, False), (INT8, True), (INT16, True)],
)
def test_which_forms_run(form: str, runs: bool) -> None:
    assert (HELD.row("growing", form)["refusal"] is None) is runs


def test_float_ends_are_taken_out() -> None:
    assert {"QUANTIZE", "DEQUANTIZE"} <= set(operators("growing", FLOAT_IO))
    assert not {"QUANTIZE", "DEQUANTIZE"} & set(operators("growing", FIXED))
    assert arena("growing", FIXED) < arena("growing", FLOAT_IO)


def test_channels_last_needs_no_transposes() -> None:
    assert "TRANSPOSE" in operators("channels_first", TENSORFLOW)
    assert arena("channels_first", RECONVERTED) < arena("channels_first", TENSORFLOW)
    assert "TRANSPOSE" not in operators("channels_last", TENSORFLOW)
    assert "TRANSPOSE" in operators("mixed", RECONVERTED)
    assert 1.3 * arena("mixed, channels_last") < arena("mixed", TENSORFLOW)


def test_a_norm_before_the_activation_is_free() -> None:
    assert operators("norm before", TENSORFLOW) == operators("norm none", TENSORFLOW)
    assert len(operators("norm after", TENSORFLOW)) > len(operators("norm none", TENSORFLOW))


def test_relu_is_part_of_the_convolution() -> None:
    assert operators("activation relu") == operators("activation relu6")
    for name in ("leaky_relu", "tanh", "sigmoid"):
        assert arena(f"activation {name}") > arena("activation relu")


def test_a_signal_ends_in_the_same_operators() -> None:
    assert operators("1-D") == ["RESHAPE", *operators("1-D as an image")]
    assert len(operators("1-D", TENSORFLOW)) > len(operators("1-D as an image", TENSORFLOW))


def test_what_is_only_copied() -> None:
    plain = operators("copy none")
    assert operators("copy zero padding") == plain
    assert "CONCATENATION" in operators("copy concatenated")
    assert operators("copy residual").count("ADD") == 1
    assert len(operators("copy rescaling", TENSORFLOW)) > len(plain)


def test_the_ends_and_the_kernels() -> None:
    assert HELD.of("flash|logits") < HELD.of("flash|sigmoid") < HELD.of("flash|softmax")
    assert code(("ADD",)) > code(("RESHAPE",)) > code(())


def test_select_operators_do_not_run() -> None:
    assert HELD.row("bicubic", SELECT)["refusal"] is not None
    assert HELD.row("bilinear")["refusal"] is None


def test_the_calibrated_model_is_the_one_that_is_shipped() -> None:
    held = KNOWN["calibration"]
    data = float_model(held["application"]).read_bytes()

    again = "python scripts/measure_guide.py calibration"
    assert hashlib.sha256(data).hexdigest() == held["sha256"], again


def test_the_thresholds_are_those_of_the_shipped_models() -> None:
    shipped = {one.of.name: one.result.thresholds[0] for one in recorded() if one.is_shipped}

    for name, row in KNOWN["thresholds"].items():
        again = "python scripts/measure_guide.py thresholds"
        assert row["threshold"] == pytest.approx(shipped[name]), again


def test_varied_samples_and_a_norm_are_worth_more_than_a_seed() -> None:
    ways = KNOWN["trainings"]["ways"]

    assert min(ways["as it is"]) > max(ways["no norm"])
    assert np.mean(ways["as it is"]) > np.mean(ways["not varied"])


def test_quiet_samples_and_few_ruin_a_calibration() -> None:
    held = KNOWN["calibration"]
    sets = {name: row["best"] for name, row in held["sets"].items()}
    full = held["float32"]["recall"]

    assert sets["real, 30"]["recall"] > full - 0.01
    assert sets["real, 1"]["recall"] < full - 0.1
    assert sets["only sitting or standing"]["recall"] < full - 0.1


def test_random_windows_flatter() -> None:
    held = KNOWN["leaks"]

    assert held["motion_sense"]["at random"] > held["motion_sense"]["subject"]
    car = [held["car_sensor"][how] for how in ("at random", "session", "user")]
    assert car == sorted(car, reverse=True)
    music = [held["music_classifier"][how] for how in ("at random", "song", "artist")]
    assert music == sorted(music, reverse=True)


def test_the_neighbour_is_the_nearest() -> None:
    random = np.random.default_rng(3)
    known, wanted = (random.normal(size=(n, 5)).astype(np.float32) for n in (700, 1100))
    distances = np.linalg.norm(wanted[:, np.newaxis] - known, axis=2)

    assert nearest(known, wanted).tolist() == distances.argmin(axis=1).tolist()


def test_rates_are_of_each_class_by_itself() -> None:
    given = np.array([0.9, 0.4, 0.6, 0.1, 0.2], np.float32)
    labels = np.array([1, 1, 0, 0, 0])

    assert rates(given, labels, 0.5) == {"found": 0.5, "false": pytest.approx(1 / 3)}
    assert rates(given, labels, 0.3) == {"found": 1.0, "false": pytest.approx(1 / 3)}


@pytest.mark.shared
def test_the_neighbour_says_the_same_again() -> None:
    folder = SHARED_MODELS.parent / "data"
    if not folder.is_dir():
        pytest.skip(f"no recordings in {folder} (set TFLITE_LINT_SHARED)")
    found = leaks(Path(folder))

    for application, row in KNOWN["leaks"].items():
        # Sums in another order may turn a window that is as near to two others.
        assert found[application] == pytest.approx(row, abs=0.003)
