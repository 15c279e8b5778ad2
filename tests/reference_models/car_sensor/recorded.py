"""Files laid out as CarSensor's are, with made-up readings: small, and told apart easily."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

# (activity, user, session) of each segment: 20 and 21 are one session, 0 and 7 one user.
SEGMENTS = tuple(
    (place % 5, user, 3 * place + user if place != 6 else 20 + user // 8)
    for place in range(7)
    for user in (0, 1, 2, 7, 8)
)


def write_recordings(folder: Path, readings: int = 260, **other: Any) -> Path:
    """Write `car.npz`; arrays in `other` replace ours, None leaves one out."""
    rng = np.random.default_rng(8)
    lengths = [readings + 11 * place for place in range(len(SEGMENTS))]
    much = (0.5, 0.6, 0.2, 0.02, 3.0)
    readings_of = [
        rng.normal((0.3, 9.5, 2.4), much[activity], (length, 3))
        for length, (activity, _, _) in zip(lengths, SEGMENTS, strict=True)
    ]
    steps = rng.integers(40, 400, sum(lengths))
    steps[np.cumsum([0, *lengths[:-1]])] = 0
    held = {
        "acc": np.round(np.concatenate(readings_of) * 400).astype(np.int16),
        "scale": np.float32(1 / 400),
        "dt_ms": steps.astype(np.uint16),
        "seg_len": np.array(lengths, np.int32),
        "seg_label": np.array([activity for activity, _, _ in SEGMENTS], np.int8),
        "seg_user": np.array([user for _, user, _ in SEGMENTS], np.int8),
        "seg_session": np.array([session for _, _, session in SEGMENTS], np.int16),
        "label_names": np.array(["Car", "Bus", "Train", "Still", "Walking"]),
    }
    path = folder / "car.npz"
    np.savez(path, **{key: kept for key, kept in (held | other).items() if kept is not None})
    return path
