"""The tables of the guide about recordings and what was trained on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from guide.markdown import table
from guide.recorded import recorded
from tflint_reference_models.application import CHOSEN
from tflint_reference_models.training.percent import percent, percent_at_most

Facts = Mapping[str, Any]

APPLICATIONS = {
    "motion_sense": "MotionSense",
    "car_sensor": "CarSensor",
    "music_classifier": "MusicClassifier",
    "keyword_spotting": "KeywordSpotting",
}


SETS = {
    "normal noise": "noise, normal",
    "uniform noise": "noise, uniform in 0 to 1",
    "zeros": "zeros",
}


def calibration_table(held: Facts) -> str:
    rows = [["none: float32", "", percent(held["float32"]["recall"]), "", ""]]
    for name, row in held["sets"].items():
        title = SETS.get(name) or name.replace("real, ", "real samples: ").replace("only ", "only ")
        found = row["best"]
        if "fails" in found:
            rows.append([title, f"{row['count']:,}", "refused", "", ""])
            continue
        rows.append(
            [
                title,
                f"{row['count']:,}",
                percent(found["recall"]),
                percent(found["agreement"]),
                f"{found['decibels']:.1f} dB",
            ]
        )
    titles = ["calibrated with", "samples", "mean recall", "decides as float32", "signal to noise"]
    return table(titles, rows)


LEAKS = (
    ("motion_sense", "at random", "MotionSense, spectra", "at random"),
    ("motion_sense", "subject", "MotionSense, spectra", "by subject"),
    ("car_sensor", "at random", "CarSensor, raw readings", "at random"),
    ("car_sensor", "session", "CarSensor, raw readings", "by session"),
    ("car_sensor", "user", "CarSensor, raw readings", "by person"),
    ("music_classifier", "at random", "MusicClassifier, means of MFCCs", "at random"),
    ("music_classifier", "song", "MusicClassifier, means of MFCCs", "by song"),
    ("music_classifier", "artist", "MusicClassifier, means of MFCCs", "by artist"),
)


def leaks_table(held: Facts) -> str:
    rows = [[title, how, percent(held[application][key])] for application, key, title, how in LEAKS]
    return table(["recordings and features", "parted", "mean recall"], rows, 2)


def int8_table() -> str:
    """What the shipped models decide right in floats and in integers."""
    rows = []
    for one in recorded():
        floats, integers = one.recall("float32"), one.recall("int8")
        forms = [one.result.form(name) for name in ("float32", "int8")]
        if one.is_shipped and floats is not None and integers is not None:
            sizes = [f"{form.weight_bytes:,}" for form in forms if form is not None]
            rows.append([one.of.title, *sizes, percent(floats), percent(integers)])
    titles = ["", "weights, float32", "int8", "mean recall, float32", "int8"]
    return table(titles, rows)


def splits_table() -> str:
    """What our networks decide right by how recordings were parted."""
    rows = []
    for one in recorded():
        integers = one.recall("int8")
        if one.result.network == CHOSEN and integers is not None:
            rows.append([one.of.title, one.experiment, percent(integers)])
    return table(["", "recordings parted", "mean recall, int8"], rows, 2)


def thresholds_table(held: Facts) -> str:
    """What is found and what is falsely taken for it, with a threshold and without."""
    rows = []
    for name, row in held.items():
        for key, title in (
            ("without", "decides at a half"),
            ("with", f"at {row['threshold']:.2f}"),
        ):
            found = row[key]
            rows.append(
                [
                    f"{APPLICATIONS[name]}: {row['class']}",
                    title,
                    percent(found["found"]),
                    percent_at_most(found["false"]),
                ]
            )
    if not rows:
        return "What it was worth, the cards of the reference models with one output say."
    return table(["", "", "found", "of others taken for it"], rows, 2)


WAYS = {
    "as it is": "batch norm, samples varied",
    "not varied": "batch norm, samples as they are",
    "no norm": "no batch norm, samples varied",
}


def trainings_table(held: Facts) -> str:
    """The mean recall of each way of training, a column a seed."""
    ways: Mapping[str, Sequence[float]] = held["ways"]
    rows = [[WAYS[name], *map(percent, recalls)] for name, recalls in ways.items()]
    return table(["trained with", *["mean recall"] * (len(rows[0]) - 1)], rows)
