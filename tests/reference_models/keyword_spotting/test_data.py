"""Recordings of words, and that nothing of the test is trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reference_models.keyword_spotting.recorded import files, written
from tests.reference_models.shared_recordings import shared_recordings
from tflint.errors import UsageError
from tflint_reference_models.keyword_spotting.data import (
    UNHEARD,
    Recordings,
    filled,
    joined,
    lengths,
    random_split,
    recordings,
    split,
    unheard,
    windows,
)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Recordings:
    return recordings(written(tmp_path_factory.mktemp("data"), files()))


def assert_honest(recorded: Recordings) -> None:
    data = windows(recorded)
    parted = split(data, recorded)
    second = unheard(data, recorded)
    sides = [parted.train, parted.validation, parted.test, second]
    for place, one in enumerate(sides):
        for other in sides[place + 1 :]:
            assert not set(data.groups[one].tolist()) & set(data.groups[other].tolist())
    for side in (parted.train, parted.validation):
        assert not set(recorded.words[side].tolist()) & set(UNHEARD)
        assert not (recorded.official[side] == "test").any()
    assert set(recorded.words[second].tolist()) <= set(UNHEARD)
    assert set(parted.test.tolist()) == set(np.flatnonzero(recorded.official == "test").tolist())


def test_windows(small: Recordings) -> None:
    data = windows(small)
    assert data.inputs.shape == (110, 20, 11, 1)
    assert data.classes == ("other", "on")
    assert data.group_kind == "utterance"
    assert [name for name, _ in data.sha256] == list(files())
    np.testing.assert_array_equal(data.labels == 1, small.words == "on")
    assert np.isfinite(data.inputs).all()


def test_nothing_of_the_test_is_trained_on(small: Recordings) -> None:
    assert_honest(small)
    parted = split(windows(small), small)
    assert parted.is_honest
    shut = {0, 1, 60}  # matched; short and not matched; rounded
    assert not shut & {*parted.train.tolist(), *parted.validation.tolist()}
    assert 60 not in unheard(windows(small), small)


def test_of_two_that_are_one_a_single_one_is_trained_on(small: Recordings) -> None:
    parted = split(windows(small), small)
    used = {*parted.train.tolist(), *parted.validation.tolist()}
    assert 2 in used
    assert 3 not in used


def test_the_original_split_is_named_as_such(small: Recordings) -> None:
    parted = random_split(windows(small))
    assert not parted.is_honest
    places = np.concatenate([parted.train, parted.validation, parted.test])
    assert sorted(places.tolist()) == list(range(110))


def test_splits_are_the_same_each_time(small: Recordings) -> None:
    data = windows(small)
    for one, other in zip(
        (split(data, small), random_split(data)),
        (split(data, small), random_split(data)),
        strict=True,
    ):
        np.testing.assert_array_equal(one.train, other.train)
        np.testing.assert_array_equal(one.validation, other.validation)


def test_what_is_too_short_goes_on_quietly() -> None:
    features = np.random.default_rng(2).normal(0, 9, (3, 20, 11)).astype(np.float32)
    features[1, :, 6:] = 0
    features[2] = 0
    assert lengths(features).tolist() == [11, 6, 0]
    found = filled(features)
    quietest = features[1, 0, :6].argmin()
    np.testing.assert_array_equal(found[1, :, 6:], np.repeat(features[1, :, [quietest]].T, 5, 1))
    np.testing.assert_array_equal(found[[0, 2]], features[[0, 2]])
    assert not features[1, :, 6:].any(), "the stored features are not changed"


@given(st.lists(st.tuples(st.integers(-1, 5), st.integers(0, 9)), min_size=1, max_size=30))
@settings(max_examples=60)
def test_what_is_linked_is_one(links: list[tuple[int, int]]) -> None:
    clips, twins = (np.array(column, np.int64) for column in zip(*links, strict=True))
    numbers = joined(clips, twins)
    for one in range(len(links)):
        for other in range(len(links)):
            if twins[one] == twins[other] or clips[one] == clips[other] >= 0:
                assert numbers[one] == numbers[other]
    # No more than that: each number is one connected lot.
    for number in np.unique(numbers):
        lot = set(np.flatnonzero(numbers == number).tolist())
        reached = {min(lot)}
        while True:
            wider = {
                other
                for other in lot
                for one in reached
                if twins[one] == twins[other] or clips[one] == clips[other] >= 0
            }
            if wider == reached:
                break
            reached = wider
        assert reached == lot


@given(st.integers(0, 10**6))
@settings(max_examples=10)
def test_it_is_honest_whatever_was_recorded(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    held = files(seed, 40 + seed % 40)
    assert_honest(recordings(written(tmp_path_factory.mktemp("seed"), held)))


BREAKS = {
    "another rate": ("speech_on_raw16k.npz", "fs", np.int32(8000), "8000 Hz, not 16000"),
    "no rate": ("speech_on_raw16k.npz", "fs", np.float32(1), "no integer in `fs`"),
    "shape": ("speech_on_raw16k.npz", "wav", np.zeros((10, 8000), np.int16), "has the shape"),
    "clips": ("speech_on_raw16k.npz", "wav", np.zeros((9, 16000), np.int16), "no 10 clips"),
    "floats": ("speech_on_raw16k.npz", "wav", np.zeros((10, 16000)), "of 16 bits"),
    "nan": ("speech_on.npz", "mfcc", np.full((60, 20, 11), np.nan, np.float16), "finite"),
    "integers": ("speech_on.npz", "mfcc", np.zeros((60, 20, 11), np.int8), "finite"),
    "numbers": ("speech_on.npz", "mfcc_label", np.zeros(60), "no names in `mfcc_label`"),
    "lengths": ("speech_on.npz", "mfcc_label", np.full(59, "on"), "different lengths"),
    "match": ("speech_on.npz", "mfcc_raw_match", np.full(60, 10), "not from -1 to 9"),
    "split": ("speech_on.npz", "clip_split", np.full(10, "exam"), "another split"),
    "label": ("speech_on_more.npz", "mfcc_label", np.full(40, 4), "not from 0 to 3"),
    "objects": (
        "speech_on_more.npz",
        "label_names",
        np.array([None] * 4),
        "holds Python objects, not numbers",
    ),
}


@pytest.mark.parametrize("kind", BREAKS)
def test_broken_arrays_are_refused(tmp_path: Path, kind: str) -> None:
    name, key, array, words = BREAKS[kind]
    held = files()
    held[name][key] = array
    with pytest.raises(UsageError, match=words) as caught:
        recordings(written(tmp_path, held))
    assert "\n" not in str(caught.value)
    assert name in str(caught.value)


@pytest.mark.parametrize("name", list(files()))
def test_a_missing_file_says_how_to_get_it(tmp_path: Path, name: str) -> None:
    written(tmp_path, files())
    (tmp_path / name).unlink()
    with pytest.raises(UsageError, match=r"Speech Commands.*github"):
        recordings(tmp_path)


@pytest.mark.parametrize("key", ["mfcc", "clip_split"])
def test_a_missing_array_is_named(tmp_path: Path, key: str) -> None:
    held = files()
    del held["speech_on.npz"][key]
    with pytest.raises(UsageError, match=f"no array `{key}`"):
        recordings(written(tmp_path, held))


@pytest.mark.shared
def test_the_real_recordings() -> None:
    recorded = recordings(
        shared_recordings("speech_on.npz", "speech_on_more.npz", "speech_on_raw16k.npz")
    )
    data = windows(recorded)
    assert_honest(recorded)
    assert (recorded.first_clip, data.count) == (16570 + 39280, 57141)
    assert int((recorded.words[:16570] == "on").sum()) == 2367
    assert int((recorded.words[recorded.first_clip :] == "on").sum()) == 93
    parted = split(data, recorded)
    counts = [
        np.bincount(data.labels[side]).tolist()
        for side in (parted.train, parted.validation, parted.test)
    ]
    assert counts == [[37037, 2002], [5278, 285], [957, 85]]
    assert len(unheard(data, recorded)) == 10393
    # 518 rows are known to equal a test clip; 44 more do, which are short or equal one of those.
    tested = np.isin(data.groups[: recorded.first_clip], data.groups[parted.test])
    assert int(tested.sum()) == 562
    # No utterance is two words, but for a silence and a clip whose word is not told.
    for number in np.flatnonzero(np.bincount(data.groups) > 1):
        words = set(recorded.words[data.groups == number].tolist()) - {"unknown"}
        assert len(words) == 1 or words == {"bird", "silence"}
