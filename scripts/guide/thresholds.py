"""What a threshold does that became part of the last bias: the same network with it and without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from guide.calibration import SEED, answers, float_model
from guide.recorded import recorded
from tflint_reference_models.application import CHOSEN
from tflint_reference_models.dataset import Floats, Integers


def thresholds(folder: Path) -> dict[str, Any]:
    """Of each reference model with a threshold, what it decides with and without.

    Of the samples that the threshold was chosen by.
    """
    found: dict[str, Any] = {}
    for one in recorded():
        threshold = one.result.thresholds[0]
        if not one.is_shipped or threshold is None:
            continue
        task = one.of.experiments[0].networks[CHOSEN].task(folder, 0, SEED)
        samples = task.validation
        given = answers(float_model(one.of.name).read_bytes(), samples.inputs)[:, 0]
        # Of the logit x less ln(t / (1 - t)) the model answers 1 - t where x is 0.
        found[one.of.name] = {
            "threshold": threshold,
            "class": task.classes[1],
            "without": rates(given, samples.labels, 1 - threshold),
            "with": rates(given, samples.labels, 0.5),
        }
    return found


def rates(given: Floats, labels: Integers, at: float) -> dict[str, float]:
    """How much of the second class is found, and how much of the first is taken for it."""
    decided = given >= at
    return {
        "found": float(decided[labels == 1].mean()),
        "false": float(decided[labels == 0].mean()),
    }
