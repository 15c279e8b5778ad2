"""Applications are named by whole words of a path's innermost part that names any."""

from __future__ import annotations

import pytest

from tflint.bench.applications import _NAMES, application_of
from tflint.report.bench_result import APPLICATIONS


def test_each_application_has_names() -> None:
    assert tuple(_NAMES) == APPLICATIONS


@pytest.mark.parametrize(
    ("path", "application"),
    [
        ("models/MotionSense/reduced.tflite", "motion_sense"),
        ("MotionSense\\reduced.tflite", "motion_sense"),
        ("motion-sense.tflite", "motion_sense"),
        ("motionsense2.tflite", "motion_sense"),
        ("MOTION_SENSE/m.tflite", "motion_sense"),
        ("music_classifier_int8.tflite", "music_classifier"),
        ("MusicClassifierV2.tflite", "music_classifier"),
        ("music-genre/m.tflite", "music_classifier"),
        ("kws_ref_model.tflite", "keyword_spotting"),
        ("KWSModel.tflite", "keyword_spotting"),
        ("keyword_spotting/m.tflite", "keyword_spotting"),
        ("KeywordSpotting/m.tflite", "keyword_spotting"),
        ("keyword spotting.tflite", "keyword_spotting"),
        ("CarSensor/reduced_float16.tflite", "car_sensor"),
        ("car-sensor.fixed.tflite", "car_sensor"),
    ],
)
def test_names_as_people_write_them(path: str, application: str) -> None:
    assert application_of(path) == application


@pytest.mark.parametrize(
    "path",
    [
        "",
        "m.tflite",
        "slow_motion/sensed.tflite",
        "motion/sense.tflite",
        "EmotionSense/m.tflite",
        "emotion_sense.tflite",
        "oscar_sensor.tflite",
        "car_sensors_survey.tflite",
        "blokws.tflite",
        "wake_on.tflite",
        "motion_sense_or_car_sensor.tflite",
        "\udcff\u202e=cmd.tflite",
    ],
)
def test_nothing_is_guessed(path: str) -> None:
    assert application_of(path) is None


def test_the_innermost_name_counts() -> None:
    assert application_of("MotionSense/kws/m.tflite") == "keyword_spotting"


def test_names_of_any_length_take_no_time() -> None:
    assert application_of("aA" * 200_000) is None
