"""What a terminal shows of a training: a table for each experiment, files, and what to do next."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.reference_models.training.made_up import DYNAMIC, FLOAT, INT8, OURS
from tflint_reference_models.application import CHOSEN, ORIGINAL
from tflint_reference_models.applications import application
from tflint_reference_models.training.report import WIDTH, TrainReport
from tflint_reference_models.training.results import Refused, Result

NAME = "motion_sense"
FIRST = application(NAME).experiments[0]
FILES = ("metrics.json", "motion_sense_int8.tflite")
RESULT = replace(OURS, experiment=FIRST.name, forms=(FLOAT, DYNAMIC, INT8), refused=())


def shown(*results: Result, output: Path = Path("out"), files: tuple[str, ...] = FILES) -> str:
    return TrainReport(NAME, output, results, files).summary()


def test_a_row_for_each_form() -> None:
    text = shown(RESULT)
    rows = [line for line in text.splitlines() if line.startswith("  chosen, ")]
    assert [row.split()[1] for row in rows] == ["float32", "dynamic", "int8"]
    # 185 of 200; the ends of the interval are rounded outwards.
    assert " ".join(rows[2].split()) == (
        "chosen, int8 92.5 % 87.9 to 95.5 % 92.5 % 200 3,100 7,000 5,100 yes"
    )
    # What does not run takes no arena.
    assert rows[1].split()[-2:] == ["-", "no"]
    assert f"{FIRST.title}" in text.splitlines()[0]


def test_networks_of_an_experiment_share_a_table() -> None:
    text = shown(RESULT, replace(RESULT, network=ORIGINAL))
    assert text.count("mean recall") == 1
    assert text.count(f"  {ORIGINAL}, int8") == text.count(f"  {CHOSEN}, int8") == 1


def test_forms_that_do_not_hold_up_are_told() -> None:
    text = shown(replace(RESULT, refused=(Refused("int8", "off by 0.4\x1b[2J " + "x" * 400),)))
    assert "chosen: no int8: off by 0.4\\x1b[2J" in text
    assert max(map(len, text.splitlines())) <= WIDTH


def test_what_to_do_next_can_be_copied() -> None:
    lines = shown(RESULT, output=Path("my models")).splitlines()
    assert lines[-2:] == [
        "next: tflint check 'my models/motion_sense_int8.tflite' --target arduino-nano-33-ble",
        "      tflint bench 'my models'",
    ]


def test_nothing_is_next_where_no_model_was_written() -> None:
    text = shown(RESULT, files=("metrics.json", "original/motion_sense_int8.tflite"))
    assert text.splitlines()[-1] == "wrote out: metrics.json, original/motion_sense_int8.tflite"


def test_no_line_is_longer_than_a_terminal() -> None:
    files = tuple(f"original/motion_sense_{number}.tflite" for number in range(9))
    large = replace(INT8, figures=replace(INT8.figures, weight_bytes=10**9, file_bytes=10**9))
    text = shown(replace(RESULT, forms=(large,)), files=files)
    assert max(map(len, text.splitlines())) <= WIDTH
