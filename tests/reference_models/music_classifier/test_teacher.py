"""The kernel machine that teaches: what its statistics are, and that it learns."""

from __future__ import annotations

import numpy as np
import pytest

from tflint_reference_models.music_classifier.teacher import fitted, statistics


def windows(count: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, 216, 13, 1)).astype(np.float32)


def test_statistics_are_those_of_numpy() -> None:
    made = windows(3) * np.linspace(0.5, 2, 13, dtype=np.float32)[:, np.newaxis] + 1

    found = statistics(made)

    x = made[..., 0].astype(np.float64)
    assert found.shape == (3, 13 * 4 + 78 * 2 + 13 * (1 + 6 + 5))
    np.testing.assert_allclose(found[:, :13], x.mean(axis=1), rtol=1e-4)
    np.testing.assert_allclose(found[:, 13:26], np.log(x.std(axis=1)), atol=4e-3)
    pairs = np.triu_indices(13, 1)
    for place, one in enumerate(x):
        np.testing.assert_allclose(found[place, 52:130], np.corrcoef(one.T)[pairs], atol=4e-3)
    medians = found[:, -39:-26]
    np.testing.assert_allclose(medians, np.sort(x, axis=1)[:, 108], atol=0.05)


def test_silence_has_statistics() -> None:
    assert np.isfinite(statistics(np.zeros((2, 216, 13, 1), np.float32))).all()


def test_it_answers_what_it_was_told_and_about_others_alike() -> None:
    labels = np.arange(60) % 3
    spread = np.array([0.5, 1, 2], np.float32)
    made, unseen = (
        windows(60, seed) * spread[labels][:, np.newaxis, np.newaxis, np.newaxis] for seed in (0, 1)
    )

    machine = fitted(made, labels, 3, ridge=0.1, width=0.7)

    for given in (made, unseen):
        answers = machine.answers(given, 3)
        assert answers.shape == (60, 3)
        assert answers.dtype == np.float32
        np.testing.assert_allclose(answers.sum(axis=1), 1, rtol=1e-5)
        np.testing.assert_array_equal(answers.argmax(axis=1), labels)
    known, unknown = (machine.answers(given, 3).max(axis=1).mean() for given in (made, unseen))
    assert known > unknown


def test_what_is_like_nothing_gets_the_prior() -> None:
    labels = np.array([0] * 6 + [1] * 2)
    machine = fitted(windows(8), labels, 2, ridge=1, width=0.7)

    answers = machine.answers(windows(2) * 1000, 1)

    odds = np.exp(2 * np.array([6 / 8, 2 / 8]) - 1)
    np.testing.assert_allclose(answers, np.tile(odds / odds.sum(), (2, 1)), rtol=1e-4)


@pytest.mark.parametrize("sharpness", [1.0, 4.0])
def test_sharper_answers_decide_the_same(sharpness: float) -> None:
    machine = fitted(windows(20), np.arange(20) % 4, 4, ridge=1, width=0.7)
    unseen = windows(30, 1)

    soft, sharp = machine.answers(unseen, sharpness), machine.answers(unseen, 2 * sharpness)

    np.testing.assert_array_equal(soft.argmax(axis=1), sharp.argmax(axis=1))
    assert (sharp.max(axis=1) > soft.max(axis=1)).all()
