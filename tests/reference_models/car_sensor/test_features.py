"""What CarSensor's networks take is in g, without gravity, and the same in a stream."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.reference_models.shared_recordings import shared_recordings
from tflint_reference_models.car_sensor import data
from tflint_reference_models.car_sensor import features as subject
from tflint_reference_models.dataset import Floats
from tflint_reference_models.gravity import vertical_and_horizontal, without_mean


def driven(seed: int, count: int = 100) -> Floats:
    rng = np.random.default_rng(seed)
    return rng.normal((0.3, 9.5, 2.4), 0.4, (count, 3)).astype(np.float32)


def test_features_are_in_g() -> None:
    windows = np.stack([driven(seed) for seed in range(3)])

    axes, series = subject.axes(windows), subject.series(windows)

    assert axes.shape == (3, 100, 3)
    assert series.shape == (3, 100, 2)
    assert axes.dtype == series.dtype == np.float32
    np.testing.assert_allclose(axes * np.float32(9.80665), without_mean(windows), rtol=1e-6)
    np.testing.assert_allclose(
        series * np.float32(9.80665), vertical_and_horizontal(windows), rtol=1e-6
    )


def test_gravity_leaves_nothing_behind() -> None:
    window = np.tile(np.array([0, 9.80665, 0], np.float32), (100, 1))

    assert not np.abs(subject.axes(window)).max()
    assert not np.abs(subject.series(window)).max()
    assert not np.abs(subject.streamed(window)[0]).max()


def test_amounts_are_the_sums_they_stand_for() -> None:
    windows = np.stack([driven(seed) for seed in range(3)])
    level = subject.axes(windows).astype(np.float64)

    found = subject.amounts(windows)

    assert found.shape == (3, 18)
    assert found.dtype == np.float32
    for window, axis in np.ndindex(3, 3):
        x = level[window, :, axis].tolist()
        changes = [abs(x[k] - x[k - 1]) for k in range(1, 100)]
        slower = [abs(x[k] - x[k - 4]) for k in range(4, 100)]
        values = (
            math.sqrt(sum(value * value for value in x) / 100),
            sum(map(abs, x)) / 100,
            max(map(abs, x)),
            sum(changes) / 99,
            max(changes),
            sum(slower) / 96,
        )
        expected = [math.log(value + 0.003) / 6 for value in values]
        assert found[window, axis::3].tolist() == pytest.approx(expected, rel=1e-6)


def test_movement_is_amounts_twice() -> None:
    windows = np.stack([driven(seed, 256) for seed in range(3)])

    found = subject.movement(windows)

    assert found.shape == (3, 30)
    assert found.dtype == np.float32
    centres = np.repeat([-3, -3, -1.7, -3, -1.7, -3], 3)
    np.testing.assert_allclose(
        found[:, :18] * 1.5 + centres, subject.amounts(windows) * 6, rtol=1e-5
    )
    upright = subject.series(windows).astype(np.float64)
    for channel in range(2):
        x = upright[:, :, channel]
        changes = np.abs(x[:, 1:] - x[:, :-1])
        values = (
            np.sqrt((x * x).sum(axis=1) / 256),
            np.abs(x).sum(axis=1) / 256,
            np.abs(x).max(axis=1),
            changes.sum(axis=1) / 255,
            changes.max(axis=1),
            np.abs(x[:, 4:] - x[:, :-4]).sum(axis=1) / 252,
        )
        expected = (np.log(np.stack(values, axis=1) + 0.003) - centres[::3]) / 1.5
        np.testing.assert_allclose(found[:, 18 + channel :: 2], expected, rtol=1e-4, atol=1e-5)


def test_how_the_phone_lies_does_not_change_the_last_of_movement() -> None:
    windows = np.stack([driven(seed, 256) for seed in range(3)])
    turned = windows[:, :, [1, 2, 0]] * np.array([1, -1, -1], np.float32)

    first, second = subject.movement(windows), subject.movement(turned)

    np.testing.assert_allclose(first[:, 18:], second[:, 18:], atol=1e-5)
    assert np.abs(first[:, :18] - second[:, :18]).max() > 0.01


def test_rest_is_the_least_there_is() -> None:
    still = np.tile(np.array([1, 2, 9], np.float32), (100, 1))

    np.testing.assert_array_equal(subject.amounts(still), np.float32(math.log(0.003) / 6))


@pytest.mark.parametrize("cut", [0, 1, 37, 100])
def test_a_stream_goes_on_where_it_stopped(cut: int) -> None:
    readings = driven(4)

    first, state = subject.streamed(readings[:cut])
    second, _ = subject.streamed(readings[cut:], state)

    whole, _ = subject.streamed(readings)
    np.testing.assert_array_equal(np.concatenate([first, second]), whole)
    assert whole.dtype == np.float32


@pytest.mark.shared
def test_features_of_the_recordings() -> None:
    """Nearly all is within 1.25 g: what a quantised input has to show."""
    recorded = data.recordings(shared_recordings("car.npz"))
    windows = data.windows(recorded)

    axes = subject.axes(windows.inputs)

    assert np.isfinite(axes).all()
    assert np.abs(axes.mean(axis=1)).max() < 1e-6
    assert float(np.percentile(np.abs(axes), 99.9)) == pytest.approx(1.2255, abs=1e-3)
    assert np.isfinite(subject.series(windows.inputs)).all()
    assert np.abs(subject.amounts(windows.inputs)).max() < 1
