"""Which of the four applications a model is for, as far as its path says."""

from __future__ import annotations

import re

# What people call them, as words in a row: file and folder names break words at signs, at
# digits and at capitals, and write some of them as one.
_NAMES: dict[str, tuple[str, ...]] = {
    "motion_sense": ("motion sense", "motionsense"),
    "music_classifier": (
        "music classifier",
        "musicclassifier",
        "music classification",
        "music genre",
        "genre classifier",
        "genre classification",
    ),
    "keyword_spotting": ("keyword spotting", "keywordspotting", "keyword spotter", "kws"),
    "car_sensor": ("car sensor", "carsensor"),
}
# A word is capitals, or a capital and what follows it in small letters.
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def application_of(path: str) -> str | None:
    """The application that the innermost part of the path names whole words of.

    `motion_sense` for `models/MotionSense/reduced.tflite`, `keyword_spotting` for
    `kws_ref_model.tflite`; None for `slow_motion/sensed.tflite`, and where one part names two.
    """
    for part in reversed(re.split(r"[/\\]", path)):
        words = f" {' '.join(_WORD.findall(part)).lower()} "
        found = {
            application
            for application, names in _NAMES.items()
            if any(f" {name} " in words for name in names)
        }
        if found:
            return found.pop() if len(found) == 1 else None
    return None
