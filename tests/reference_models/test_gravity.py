"""Gravity parted from motion, held against loops of one reading at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tflint_reference_models.dataset import Floats
from tflint_reference_models.gravity import high_passed, vertical_and_horizontal, without_mean

seeds = st.integers(0, 2**32 - 1)


def readings(seed: int, count: int = 64) -> Floats:
    """Readings of a 16-bit sensor that lies somehow and is shaken."""
    rng = np.random.default_rng(seed)
    lies = rng.normal(size=3)
    moved = rng.normal(scale=rng.uniform(0.01, 1), size=(count, 3))
    held = np.round((lies / np.linalg.norm(lies) + moved) * 4096) / 4096
    found: Floats = held.astype(np.float32)
    return found


def turned(seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """A rotation at random."""
    basis, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    found: np.ndarray[tuple[int, ...], np.dtype[np.float64]] = basis * np.sign(np.linalg.det(basis))
    return found


@given(seeds)
def test_what_is_left_is_what_a_loop_leaves(seed: int) -> None:
    window = readings(seed)
    mean = [math.fsum(window[:, axis].tolist()) / 64 for axis in range(3)]
    size = math.sqrt(sum(part * part for part in mean))

    level, parts = without_mean(window), vertical_and_horizontal(window)

    for place, reading in enumerate(window.tolist()):
        moved = [value - part for value, part in zip(reading, mean, strict=True)]
        along = sum(value * part for value, part in zip(moved, mean, strict=True)) / size
        across = math.sqrt(max(sum(value * value for value in moved) - along * along, 0))
        # 64 is a power of two, and the readings have 16 bits: exact up to the last rounding.
        assert level[place].tolist() == [float(np.float32(value)) for value in moved]
        assert parts[place].tolist() == pytest.approx([along, across], abs=1e-6)


@given(seeds, seeds)
def test_turning_the_sensor_changes_nothing(seed: int, turn: int) -> None:
    window = readings(seed)
    elsewhere = (window.astype(np.float64) @ turned(turn)).astype(np.float32)

    # Rounding to 32 bits moves a horizontal of zero by about the root of it.
    np.testing.assert_allclose(
        vertical_and_horizontal(elsewhere), vertical_and_horizontal(window), atol=2e-3
    )


def test_many_windows_are_each_its_own() -> None:
    windows = np.stack([readings(seed) for seed in range(6)]).reshape(2, 3, 64, 3)

    for function in (without_mean, vertical_and_horizontal):
        found = function(windows)
        assert found.dtype == np.float32
        for place in np.ndindex(2, 3):
            np.testing.assert_array_equal(found[place], function(windows[place]))


def test_upwards_is_positive() -> None:
    window = np.zeros((4, 3), np.float32)
    window[:, 2] = [1, 1, 1, 2]  # jolted upwards once
    window[:, 0] = [0, 0.5, 0, -0.5]

    found = vertical_and_horizontal(window)

    np.testing.assert_allclose(found[:, 0], [-0.25, -0.25, -0.25, 0.75])
    np.testing.assert_allclose(found[:, 1], [0, 0.5, 0, 0.5])


def test_without_gravity_all_is_horizontal() -> None:
    window = np.array([[3, 4, 0], [-3, -4, 0]], np.float32)

    np.testing.assert_array_equal(vertical_and_horizontal(window), [[0, 5], [0, 5]])
    np.testing.assert_array_equal(vertical_and_horizontal(np.zeros((5, 3), np.float32)), 0)


@given(seeds, st.lists(st.integers(0, 64), max_size=5), st.integers(1, 8))
def test_a_stream_in_pieces_is_the_stream(seed: int, cuts: list[int], shift: int) -> None:
    stream = readings(seed)
    whole, last = high_passed(stream, None, shift)

    state, parts = None, []
    for piece in np.split(stream, sorted(cuts)):
        part, state = high_passed(piece, state, shift)
        parts.append(part)

    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert state is not None
    assert last is not None
    np.testing.assert_array_equal(state, last)
    assert whole.dtype == last.dtype == np.float32


def test_a_stream_forgets_gravity_and_keeps_vibration() -> None:
    """The gain at the corner is that of the formula's transfer function."""
    count, shift = 4096, 4
    angle = 2.0**-shift  # radians a reading
    stream = np.zeros((count, 3), np.float32)
    stream[:, 0], stream[:, 1] = 9.81, np.sin(np.arange(count) * angle)

    found, state = high_passed(stream, None, shift)

    turn = np.exp(-1j * angle)
    part = 2.0**-shift
    gain = abs((1 - part) * (1 - turn) / (1 - (1 - part) * turn))
    assert np.abs(found[:, 0]).max() == 0
    assert np.abs(found[count // 2 :, 1]).max() == pytest.approx(gain, rel=1e-2)
    assert gain == pytest.approx(math.sqrt(0.5), rel=0.05)
    assert state is not None
    assert state[0] == np.float32(9.81)


def test_nothing_yet_leaves_no_state() -> None:
    out, state = high_passed(np.zeros((0, 3), np.float32), None, 4)

    assert out.shape == (0, 3)
    assert state is None
