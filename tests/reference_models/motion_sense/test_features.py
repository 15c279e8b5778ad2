"""Spectra against the sums they stand for, plots against the original's."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.reference_models.shared_recordings import shared_recordings
from tflint_reference_models.dataset import Floats
from tflint_reference_models.motion_sense import data
from tflint_reference_models.motion_sense import features as subject


def shaken(seed: int, count: int = 256) -> Floats:
    rng = np.random.default_rng(seed)
    return rng.normal((0.1, 0.9, 0.2), 0.4, (count, 3)).astype(np.float32)


def test_bands_are_the_sums_they_stand_for() -> None:
    window = shaken(1)
    series = subject.series(window).astype(np.float64)

    found = subject.bands(window)

    assert found.shape == (24, 2)
    assert found.dtype == np.float32
    for channel in range(2):
        level = series[:, channel] - math.fsum(series[:, channel]) / 256
        powers = []
        for line in range(subject.BANDS[-1]):
            real = imaginary = 0.0
            for k in range(256):
                value = level[k] * (0.5 - 0.5 * math.cos(2 * math.pi * k / 256))
                real += value * math.cos(2 * math.pi * line * k / 256)
                imaginary += value * math.sin(2 * math.pi * line * k / 256)
            powers.append(real * real + imaginary * imaginary)
        for band, (first, end) in enumerate(
            zip(subject.BANDS[:-1], subject.BANDS[1:], strict=True)
        ):
            mean = sum(powers[first:end]) / (end - first)
            assert found[band, channel] == pytest.approx(math.log(mean + 1e-3) / 8, rel=1e-6)


def test_a_step_of_two_a_second_is_in_its_band() -> None:
    window = np.zeros((256, 3), np.float32)
    window[:, 1] = 1 + 0.3 * np.sin(2 * np.pi * 2 * np.arange(256) / 50)

    loudest = int(subject.bands(window)[:, 0].argmax())

    line = 2 / (50 / 256)
    assert subject.BANDS[loudest] <= round(line) < subject.BANDS[loudest + 1]


def test_bands_of_many_windows_are_each_its_own() -> None:
    windows = np.stack([shaken(seed) for seed in range(5)])

    found = subject.bands(windows)

    for place in range(5):
        np.testing.assert_array_equal(found[place], subject.bands(windows[place]))
    with pytest.raises(ValueError, match="windows of 256 readings, not of 128"):
        subject.bands(windows[:, :128])


def test_rest_is_the_floor() -> None:
    still = np.tile(np.array([0, 0, 1], np.float32), (256, 1))

    np.testing.assert_array_equal(subject.bands(still), np.float32(math.log(1e-3) / 8))


def direct_plot(readings: Floats, size: int) -> Floats:
    """The recipe read literally: distances by subtraction, the blur as a loop over pixels."""
    count = len(readings)
    wide = readings.astype(np.float64)
    plot = np.minimum(
        np.floor(np.sqrt(np.square(wide[:, np.newaxis] - wide).sum(axis=2)) / 0.1), 100
    )
    factor = count / size
    spread = (factor - 1) / 2
    reach = int(4 * spread + 0.5)
    kernel = np.exp(-0.5 * np.square(np.arange(-reach, reach + 1) / spread))
    kernel /= kernel.sum()
    padded = np.pad(plot, reach)
    blurred = np.array([np.convolve(row, kernel, "valid") for row in padded])
    blurred = np.array([np.convolve(column, kernel, "valid") for column in blurred.T]).T
    found = np.zeros((size, size))
    for row, column in np.ndindex(size, size):
        y, x = (row + 0.5) * factor - 0.5, (column + 0.5) * factor - 0.5
        top, left = math.floor(y), math.floor(x)
        for dy, dx in np.ndindex(2, 2):
            part = (1 - abs(y - top - dy)) * (1 - abs(x - left - dx))
            found[row, column] += part * blurred[top + dy, left + dx]
    return (found / 100).astype(np.float32)


@pytest.mark.parametrize("count", [64, 65, 100, 131])
def test_a_plot_is_the_recipe(count: int) -> None:
    readings = shaken(count, count)

    found = subject.recurrence_plot(readings)

    assert found.shape == (32, 32)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, found.T, atol=1e-7)
    np.testing.assert_allclose(found, direct_plot(readings, 32), atol=1e-6)


def test_plots_of_many_windows_are_each_its_own() -> None:
    windows = np.stack([shaken(seed, 128) for seed in range(5)])

    found = subject.recurrence_plot(windows)

    assert found.shape == (5, 32, 32)
    for place in range(5):
        single = subject.recurrence_plot(windows[place])
        np.testing.assert_allclose(found[place], single, atol=1e-6)


def test_a_plot_tells_nothing_of_gravity_and_turns() -> None:
    window = shaken(3, 128)
    turn, _ = np.linalg.qr(np.random.default_rng(4).normal(size=(3, 3)))
    other = ((window + np.array([0.3, -0.8, 0.1])) @ turn).astype(np.float32)

    # A distance on the edge of a step may round to the other side.
    found = subject.recurrence_plot(other) - subject.recurrence_plot(window)
    assert np.abs(found).max() < 1e-3


def test_a_plot_of_too_few_rows() -> None:
    with pytest.raises(ValueError, match="63 rows for a plot of 32"):
        subject.recurrence_plot(shaken(0, 63))


@pytest.mark.shared
def test_plots_of_the_recordings_at_half_the_rate() -> None:
    """The 25 Hz file holds means of two rows: less noise, so not to the last digit."""
    folder = shared_recordings("motionsense_dm25hz.npz", "motionsense_rp32.npz")
    with np.load(folder / "motionsense_dm25hz.npz") as held:
        motion = held["dm"].astype(np.float32) * held["scale"]
        rows = np.split(motion, np.cumsum(held["trial_len"])[:-1])
        names = held["trial"]
    with np.load(folder / "motionsense_rp32.npz") as held:
        plots = held["rp12"].astype(np.float32) / 100
        assert (names == held["trial"]).all()

    for place in range(0, 360, 17):
        if len(rows[place]) > 2_000:
            continue  # as good, and slow
        found = subject.recurrence_plot(rows[place])
        assert np.corrcoef(found.ravel(), plots[place].ravel())[0, 1] > 0.985, names[place]
        assert np.abs(found - plots[place]).max() < 0.08, names[place]


@pytest.mark.shared
def test_bands_of_the_recordings_tell_the_classes_apart() -> None:
    """The nearest mean, by subject: far over chance (46 %), so features and labels belong."""
    windows = data.windows(data.recordings(shared_recordings("motionsense.npz")))
    split = data.split(windows)
    values = subject.bands(windows.inputs).reshape(windows.count, -1)
    learnt, labels = values[split.train], windows.labels[split.train]
    spread = learnt.std(axis=0)
    means = np.stack([learnt[labels == label].mean(axis=0) for label in range(3)])

    apart = np.square((values[split.validation, np.newaxis] - means) / spread).sum(axis=2)

    assert (apart.argmin(axis=1) == windows.labels[split.validation]).mean() > 0.9
    assert -1 < values.min() < values.max() < 1.5
