"""Files laid out as MotionSense's are, with made-up readings: small, and told apart easily."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

# Trials as they are in the recordings: number and activity, as places in `dws ups wlk jog sit std`.
TRIALS = ((1, 0), (3, 1), (7, 2), (9, 3), (5, 4), (13, 4), (6, 5))


def write_recordings(folder: Path, readings: int = 400, **other: Any) -> Path:
    """Write `motionsense.npz`: 24 subjects, seven trials each; arrays in `other` replace ours."""
    rng = np.random.default_rng(5)
    pairs = [(subject, *trial) for trial in TRIALS for subject in range(1, 25)]
    lengths = [readings + 7 * subject for subject, _, _ in pairs]
    parts = []
    for length, (_, _, activity) in zip(lengths, pairs, strict=True):
        much = (0.3, 0.3, 0.6, 0.9, 0.01, 0.01)[activity]
        shaken = rng.normal((0, 0.9, 0.3), much, (length, 3))
        parts.append(np.round(shaken * 4096).clip(-32768, 32767))
    held = {
        "acc": np.concatenate(parts).astype(np.int16),
        "scale": np.float32(1 / 4096),
        "fs": np.int32(50),
        "trial_len": np.array(lengths, np.int32),
        "trial_act": np.array([activity for _, _, activity in pairs], np.int8),
        "trial_subject": np.array([subject for subject, _, _ in pairs], np.int8),
        "trial_no": np.array([number for _, number, _ in pairs], np.int8),
        "act_names": np.array(["dws", "ups", "wlk", "jog", "sit", "std"]),
    }
    return _written(folder / "motionsense.npz", held | other)


def write_plots(folder: Path, **other: Any) -> Path:
    """Write `motionsense_rp32.npz` for the same trials."""
    rng = np.random.default_rng(6)
    names = ("dws", "ups", "wlk", "jog", "sit", "std")
    pairs = [(subject, *trial) for trial in TRIALS for subject in range(1, 25)]
    held = {
        "rp12": rng.uniform(0, 100, (len(pairs), 32, 32)).astype(np.float16),
        "label": np.array([activity // 2 for _, _, activity in pairs], np.int8),
        "subject": np.array([subject for subject, _, _ in pairs], np.int8),
        "trial": np.array([f"{names[activity]}_{number}" for _, number, activity in pairs]),
    }
    return _written(folder / "motionsense_rp32.npz", held | other)


def _written(path: Path, arrays: dict[str, Any]) -> Path:
    np.savez(path, **{key: held for key, held in arrays.items() if held is not None})
    return path
