"""Decisions by several answers that follow each other: what a device does that does not hurry."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tflint_reference_models.dataset import Integers

Answers = NDArray[np.float64]


def voted(answers: Answers, runs: Integers, last: int) -> Answers:
    """The mean of the last so many answers of a run: (n, outputs) to (n, outputs).

    Answers of a run (equal in `runs`, (n,)) are in their order, whatever lies between them; at its
    start the mean is of as many as there are. Raises `ValueError` for fewer than one answer.
    """
    if last < 1:
        raise ValueError("the mean of one answer at least")
    found = np.empty_like(answers)
    for places in _places(runs):
        total = np.cumsum(np.concatenate([np.zeros((1, answers.shape[1])), answers[places]]), 0)
        ends = np.arange(1, len(places) + 1)
        starts = np.maximum(ends - last, 0)
        found[places] = (total[ends] - total[starts]) / (ends - starts)[:, np.newaxis]
    return found


def voted_once(answers: Answers, runs: Integers) -> tuple[Answers, Integers]:
    """The mean of all answers of each run, (runs, outputs), and the place of its first (runs,)."""
    places = _places(runs)
    means = [answers[one].mean(axis=0) for one in places]
    firsts = np.array([one[0] for one in places], np.int64)
    return np.array(means).reshape(len(places), answers.shape[1]), firsts


def _places(runs: Integers) -> list[Integers]:
    """The places of each run's answers, in their order; runs by their first."""
    order = np.argsort(runs, kind="stable")
    edges = np.flatnonzero(np.diff(runs[order])) + 1
    parts = [part for part in np.split(order, edges) if len(part)]
    return sorted(parts, key=lambda part: int(part[0]))
