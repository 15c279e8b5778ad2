"""Varied windows against those they stand for, and against what people do differently."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.reference_models.motion_sense.recorded import write_recordings
from tflint_reference_models.dataset import Floats
from tflint_reference_models.motion_sense import augmentation as subject
from tflint_reference_models.motion_sense import data
from tflint_reference_models.motion_sense.features import bands

NOTHING = subject.Variation(pace=0, force=0, lean=0, noise=0)


class Drawn(np.random.Generator):
    """Draws the middle of what is evenly spread, once these numbers are used up."""

    def __init__(self, *first: float) -> None:
        super().__init__(np.random.PCG64(0))
        self.first = list(first)

    def uniform(self, low=0.0, high=1.0, size=None):  # type: ignore[no-untyped-def]
        value = self.first.pop(0) if self.first else (low + high) / 2
        return np.full(size or (), value)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> data.Recordings:
    folder = tmp_path_factory.mktemp("recordings")
    write_recordings(folder)
    return data.recordings(folder)


def walked(pace: float, seconds: float = 20, force: float = 0.3) -> data.Recordings:
    """Someone who takes `pace` steps a second, the phone held upright."""
    time = np.arange(0, seconds, 1 / data.RATE)
    readings = np.zeros((len(time), 3), np.float32)
    readings[:, 1] = 1 + force * np.sin(2 * np.pi * pace * time)
    return data.Recordings((data.Trial(readings, 2, 1, 7),), "")


def test_cuts_are_where_the_windows_are(recorded: data.Recordings) -> None:
    windows = data.windows(recorded)

    found = subject.cuts(recorded)

    assert len(found.trials) == len(found.begins) == windows.count
    for place in range(windows.count):
        trial = recorded.trials[found.trials[place]]
        begin = found.begins[place]
        np.testing.assert_array_equal(
            trial.acceleration[begin : begin + data.WINDOW], windows.inputs[place]
        )


def test_a_trial_shorter_than_a_window_has_no_cuts() -> None:
    short = data.Trial(np.zeros((100, 3), np.float32), 0, 1, 1)
    recorded = data.Recordings((short, *walked(2).trials), "")

    assert set(subject.cuts(recorded).trials.tolist()) == {1}


def test_windows_that_vary_by_nothing_are_the_windows(recorded: data.Recordings) -> None:
    windows = data.windows(recorded)

    found = subject.Readings(recorded).varied(subject.cuts(recorded), NOTHING, Drawn())

    np.testing.assert_allclose(found, windows.inputs, atol=1e-6)


def test_windows_stay_within_their_trial(recorded: data.Recordings) -> None:
    # Each trial is a number of its own, so that a reading of another shows.
    marked = data.Recordings(
        tuple(
            data.Trial(np.full_like(trial.acceleration, number), 0, 1, 1)
            for number, trial in enumerate(recorded.trials)
        ),
        "",
    )
    where = subject.cuts(marked)
    variation = subject.Variation(pace=0.8, force=0, lean=0, noise=0)

    for seed in range(5):
        found = subject.Readings(marked).varied(where, variation, np.random.default_rng(seed))
        expected = np.broadcast_to(where.trials[:, np.newaxis, np.newaxis], found.shape)
        np.testing.assert_allclose(found, expected, atol=1e-3)


def test_the_same_generator_gives_the_same_windows(recorded: data.Recordings) -> None:
    readings, where = subject.Readings(recorded), subject.cuts(recorded)

    def once(seed: int) -> Floats:
        return readings.varied(where, subject.Variation(), np.random.default_rng(seed))

    np.testing.assert_array_equal(once(1), once(1))
    assert not np.array_equal(once(1), once(2))
    assert once(1).dtype == np.float32
    assert once(1).shape == (len(where.trials), data.WINDOW, 3)


def test_a_quicker_pace_raises_the_frequency() -> None:
    slow, quick = walked(2.0), walked(2.0 * np.exp(0.2))
    where = subject.cuts(slow)
    first = subject.Cuts(where.trials[:1], where.begins[:1] + 256)

    found = subject.Readings(slow).varied(first, NOTHING, Drawn(0.2))

    expected = data.windows(quick).inputs[2:3]
    assert np.abs(bands(found) - bands(expected)).max() < 0.2
    assert bands(found)[0, :, 0].argmax() == bands(expected)[0, :, 0].argmax()
    assert bands(found)[0, :, 0].argmax() != bands(data.windows(slow).inputs)[2, :, 0].argmax()


def test_force_changes_what_moves_and_not_gravity() -> None:
    recorded = walked(2.0)
    where = subject.cuts(recorded)
    readings = subject.Readings(recorded)
    variation = subject.Variation(pace=0, force=0.5, lean=0, noise=0)

    found = readings.varied(where, variation, np.random.default_rng(3))

    sizes = found[:, :, 1].std(axis=1) / data.windows(recorded).inputs[:, :, 1].std(axis=1)
    assert sizes.min() >= np.exp(-0.5) - 0.05
    assert sizes.max() <= np.exp(0.5) + 0.05
    assert sizes.max() - sizes.min() > 0.2
    np.testing.assert_allclose(found[:, :, 1].mean(axis=1), 1, atol=0.02)


def test_plots_vary_within_their_bounds() -> None:
    rng = np.random.default_rng(0)
    plots = rng.uniform(0, 1, (200, 32, 32, 1)).astype(np.float32)
    before = plots.copy()

    found = subject.varied_plots(plots, np.random.default_rng(1))

    np.testing.assert_array_equal(plots, before)
    assert found.dtype == np.float32
    assert found.min() >= 0
    assert found.max() <= 1
    ahead = np.abs(found - plots).mean(axis=(1, 2, 3))
    back = np.abs(found - plots[:, ::-1, ::-1]).mean(axis=(1, 2, 3))
    is_back = back < ahead
    assert 60 < is_back.sum() < 140
    assert np.minimum(ahead, back).max() < 0.15


def test_bands_of_turned_windows_are_the_same(tmp_path: Path) -> None:
    """Why no window is turned in training."""
    write_recordings(tmp_path)
    windows = data.windows(data.recordings(tmp_path)).inputs[::40]
    turn, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))

    np.testing.assert_allclose(
        bands((windows @ turn).astype(np.float32)), bands(windows), atol=1e-3
    )
