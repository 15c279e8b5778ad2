"""Recordings of words as small as the loader takes them, as the real ones are laid out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tests.reference_models.recorded_files import write
from tflint_reference_models.keyword_spotting.data import WORD

Files = dict[str, dict[str, Any]]


def files(seed: int = 0, utterances: int = 60) -> Files:
    """Files as the real ones are laid out, with all the ways in which a recording comes twice.

    Rows 0 and 1 are the test clips 0 and 1, the second without a match, for it is short; rows 2
    and 3 are one utterance.
    """
    rng = np.random.default_rng(seed)
    rows = rng.normal(0, 40, (utterances, 20, 11))
    labels = np.array([WORD, "yes"])[np.arange(utterances) % 2]
    matches = np.full(utterances, -1)
    clips = np.concatenate([rows[:2], rng.normal(0, 40, (8, 20, 11))])
    matches[0] = 0
    rows[1, :, 8:] = 0
    rows[3] = rows[2]
    labels[3] = labels[2]
    names = np.array(["cat", "dog", "wow", "zero"])
    more = rng.normal(0, 40, (40, 20, 11))
    more[0] = clips[2] + 0.05  # rounded otherwise; a word that is kept apart
    return {
        "speech_on.npz": {
            "mfcc": rows.astype(np.float16),
            "mfcc_label": labels,
            "mfcc_raw_match": matches.astype(np.int16),
            "clip_mfcc": clips.astype(np.float16),
            "clip_label": np.array([WORD, "yes", "unknown", WORD, "bed", "yes", *["no"] * 4]),
            "clip_split": np.array(["test"] * 4 + ["train"] * 3 + ["validation"] * 3),
        },
        "speech_on_more.npz": {
            "mfcc": more.astype(np.float16),
            "label_names": names,
            "mfcc_label": ((np.arange(40) + 1) % 4).astype(np.int8),
            "mfcc_raw_match": np.full(40, -1, np.int16),
        },
        "speech_on_raw16k.npz": {"wav": np.zeros((10, 16000), np.int16), "fs": np.int32(16000)},
    }


def written(folder: Path, held: Files) -> Path:
    for name, arrays in held.items():
        write(folder / name, arrays)
    return folder
