"""Coefficients: against their definition written out, and what holds for any sound."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tflint_reference_models.mfcc import Recipe, Stream, cosines, filters, frequency, mel, mfcc

SMALL = Recipe(rate=8000, size=64, hop=16, mels=20, coefficients=8)


def sound(seed: int, samples: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.standard_normal(samples) * 0.1).astype(np.float32)


def written_out(samples: np.ndarray, recipe: Recipe) -> np.ndarray:
    """The formula of the module, sum by sum."""
    size, half, last = recipe.size, recipe.size // 2, len(samples) - 1
    highest = 15 + 27 * math.log(recipe.rate / 2 / 1000) / math.log(6.4)
    edges = []
    for place in range(recipe.mels + 2):
        slaney = highest * place / (recipe.mels + 1)
        above = 1000 * 6.4 ** ((slaney - 15) / 27)
        edges.append(slaney * 200 / 3 if slaney < 15 else above)
    heard = []
    for frame in range(1 + len(samples) // recipe.hop):
        part = []
        for n in range(size):
            place = abs(frame * recipe.hop - half + n)
            place = last - abs(last - place)
            part.append(float(samples[place]) * math.sin(math.pi * n / size) ** 2)
        turns = np.exp(-2j * np.pi * np.outer(np.arange(half + 1), np.arange(size)) / size)
        power = np.abs(turns @ np.array(part)) ** 2
        line = []
        for low, middle, high in zip(edges, edges[1:], edges[2:], strict=False):
            total = 0.0
            for place, value in enumerate(power):
                hertz = place * recipe.rate / size
                weight = min((hertz - low) / (middle - low), (high - hertz) / (high - middle))
                total += max(weight, 0) * 2 / (high - low) * value
            line.append(10 * math.log10(max(total, 1e-10)))
        heard.append(line)
    loudest = max(max(line) for line in heard)
    result = []
    for line in heard:
        audible = [max(level, loudest - recipe.top_db) for level in line]
        row = []
        for k in range(recipe.coefficients):
            angles = [math.cos(math.pi * k * (n + 0.5) / recipe.mels) for n in range(recipe.mels)]
            norm = math.sqrt((1 if k == 0 else 2) / recipe.mels)
            row.append(norm * sum(a * b for a, b in zip(angles, audible, strict=True)))
        result.append(row)
    return np.array(result)


@pytest.mark.parametrize("samples", [33, 64, 100, 160])
def test_it_is_the_formula(samples: int) -> None:
    given_ = sound(samples, samples)
    given_[: samples // 2] = 0  # so that something is too low to be heard
    np.testing.assert_allclose(mfcc(given_, SMALL), written_out(given_, SMALL), atol=1e-4)


def test_mels_and_back() -> None:
    hertz = np.linspace(0, 11025, 200)
    np.testing.assert_allclose(frequency(mel(hertz)), hertz, atol=1e-8)
    assert mel(np.array([1000.0])) == pytest.approx([15.0])
    assert mel(np.array([6400.0])) == pytest.approx([42.0])


def test_triangles_have_the_area_one() -> None:
    recipe = Recipe(rate=16000, size=2048, hop=512, mels=128, coefficients=20)
    areas = filters(recipe).sum(axis=1) * recipe.rate / recipe.size
    assert areas[40:].mean() == pytest.approx(1, abs=0.01)
    assert (filters(recipe) >= 0).all()


def test_the_cosines_are_orthonormal() -> None:
    table = cosines(20, 20)
    np.testing.assert_allclose(table @ table.T, np.eye(20), atol=1e-12)


@given(st.integers(0, 99), st.floats(1, 50))
@settings(max_examples=20)
def test_gain_moves_the_first_coefficient_only(seed: int, gain: float) -> None:
    # Louder, as what is quieter may come to lie on the floor, which does not move.
    plain = mfcc(sound(seed, 160), SMALL)
    louder = mfcc(sound(seed, 160) * np.float32(gain), SMALL)
    moved = 20 * math.log10(gain) * math.sqrt(SMALL.mels)
    np.testing.assert_allclose(louder[:, 0] - plain[:, 0], moved, atol=0.01)
    np.testing.assert_allclose(louder[:, 1:], plain[:, 1:], atol=0.01)


def test_silence_is_the_least_there_is() -> None:
    found = mfcc(np.zeros(160, np.float32), SMALL)
    np.testing.assert_allclose(found[:, 0], -100 * math.sqrt(SMALL.mels), rtol=1e-6)
    np.testing.assert_allclose(found[:, 1:], 0, atol=1e-4)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(32, np.float32),
        np.zeros((1, 160), np.float32),
        np.full(160, np.nan, np.float32),
        np.full(160, np.inf, np.float32),
    ],
)
def test_what_cannot_be_heard_is_refused(samples: np.ndarray) -> None:
    with pytest.raises(ValueError, match="finite samples"):
        mfcc(samples, SMALL)


@given(st.lists(st.integers(0, 90), min_size=1, max_size=12), st.integers(0, 99))
@settings(max_examples=30)
def test_a_stream_does_not_mind_how_it_is_cut(pieces: list[int], seed: int) -> None:
    whole = sound(seed, sum(pieces))
    one, many = Stream(SMALL), Stream(SMALL)
    found = [many.feed(part) for part in np.split(whole, np.cumsum(pieces)[:-1])]
    np.testing.assert_array_equal(np.concatenate(found), one.feed(whole))


def test_a_stream_gives_the_frames_that_mirror_nothing() -> None:
    samples = sound(3, 320)
    stream = Stream(SMALL)
    found, whole = stream.feed(samples), mfcc(samples, SMALL)
    # The first whole frame is centred on sample 32, the window's third frame.
    np.testing.assert_allclose(found, whole[2 : 2 + len(found)], atol=1e-4)
    stream.forget()
    np.testing.assert_array_equal(stream.feed(samples), found)


def test_single_precision_is_within_a_hundredth() -> None:
    """What a device computes: a radix-2 FFT and sums in 32 bits."""
    recipe = Recipe(rate=16000, size=2048, hop=512, mels=128, coefficients=20)
    samples = sound(5, 2048)
    stream = Stream(recipe)
    turned = fft32(samples * hann32(recipe.size))[: recipe.size // 2 + 1]
    power = turned.real**2 + turned.imag**2
    triangles, table = filters(recipe).astype(np.float32), cosines(128, 20).astype(np.float32)
    heard = 10 * np.log10(np.maximum(triangles @ power, np.float32(1e-10)))
    audible = np.maximum(heard, heard.max() - np.float32(80))
    assert audible.dtype == np.float32
    np.testing.assert_allclose(table @ audible, stream.feed(samples)[0], atol=0.01)


def hann32(size: int) -> np.ndarray:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)).astype(np.float32)


def fft32(samples: np.ndarray) -> np.ndarray:
    size = len(samples)
    if size == 1:
        return samples.astype(np.complex64)
    even, odd = fft32(samples[::2]), fft32(samples[1::2])
    turns = np.exp(-2j * np.pi * np.arange(size // 2) / size).astype(np.complex64)
    return np.concatenate([even + turns * odd, even - turns * odd])
