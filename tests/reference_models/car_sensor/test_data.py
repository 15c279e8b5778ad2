"""Segments, windows and splits: of files made here, and of the recordings."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reference_models.car_sensor.recorded import SEGMENTS, write_recordings
from tests.reference_models.shared_recordings import shared_recordings
from tests.reference_models.whole_groups import assert_parts_whole_groups, groups
from tflint.errors import UsageError
from tflint_reference_models.car_sensor import data as subject

both = pytest.mark.parametrize("by", ["session", "user"])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> subject.Recordings:
    folder = tmp_path_factory.mktemp("car_sensor")
    write_recordings(folder)
    return subject.recordings(folder)


def test_segments_are_in_metres_per_second_squared(tmp_path: Path) -> None:
    path = write_recordings(tmp_path)

    recorded = subject.recordings(tmp_path)

    with np.load(path) as held:
        length = held["seg_len"][0]
        first, steps = held["acc"][:length], held["dt_ms"][:length]
    assert len(recorded.segments) == len(SEGMENTS)
    np.testing.assert_array_equal(recorded.segments[0].acceleration, first * np.float32(1 / 400))
    np.testing.assert_array_equal(recorded.segments[0].steps, steps)
    assert recorded.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_sessions_and_users_that_are_one_are_one(made: subject.Recordings) -> None:
    assert {session for _, _, session in SEGMENTS} >= {20, 21}
    assert 21 not in {segment.session for segment in made.segments}
    assert {segment.user for segment in made.segments} == {0, 1, 2, 8}


@both
def test_windows_carry_their_segment_s_class_and_group(
    made: subject.Recordings, by: subject.Group
) -> None:
    data, activities = subject.windows(made, by), subject.activities(made)

    at = 0
    for segment in made.segments:
        for begin in range(0, len(segment.acceleration) - 100 + 1, 50):
            assert data.labels[at] == (segment.activity in {0, 1, 2})
            assert activities[at] == segment.activity
            assert data.groups[at] == (segment.session if by == "session" else segment.user)
            np.testing.assert_array_equal(
                data.inputs[at], segment.acceleration[begin : begin + 100]
            )
            at += 1
    assert at == data.count == len(activities)
    assert data.sha256 == (("car.npz", made.sha256),)


@both
def test_folds_test_each_group_once(made: subject.Recordings, by: subject.Group) -> None:
    data = subject.windows(made, by)

    splits = subject.folds(data)

    for split in splits:
        assert_parts_whole_groups(data, split)
    tested = [group for split in splits for group in groups(data, split)[2]]
    assert sorted(tested) == np.unique(data.groups).tolist()
    first = subject.split(data)
    assert first.test.tolist() == splits[0].test.tolist()
    assert first.train.tolist() == splits[0].train.tolist()


@given(seed=st.integers(0, 2**32 - 1))
def test_the_random_split_is_called_what_it_is(made: subject.Recordings, seed: int) -> None:
    data = subject.windows(made)

    split = subject.random_split(data, seed)

    assert not split.is_honest
    assert "as the original did" in split.name
    places = np.concatenate([split.train, split.validation, split.test])
    assert sorted(places.tolist()) == list(range(data.count))
    assert len(split.test) == round(data.count / 5)


COUNT = len(SEGMENTS)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"label_names": np.array(list("abcde"))}, r"`label_names` in car\.npz is a b c d e"),
        ({"acc": np.zeros((10, 3), np.int16)}, "not within 1 to 10"),
        ({"acc": np.zeros((10, 4), np.int16)}, r"has the shape \(10, 4\), not \(None, 3\)"),
        ({"scale": np.float32(np.inf)}, r"`scale` in car\.npz holds what is no finite"),
        ({"dt_ms": np.zeros(99_999, np.uint16)}, "and `dt_ms` holds 99,999 readings"),
        ({"seg_label": np.full(COUNT, 5)}, "5 to 5, which is not within 0 to 4"),
        ({"seg_user": np.full(COUNT, 9)}, "9 to 9, which is not within 0 to 8"),
        ({"seg_session": np.ones(3, np.int16)}, "not one label, user and session a segment"),
        ({"seg_len": None}, "holds no array `seg_len`"),
    ],
)
def test_recordings_that_are_not_as_they_should_be(
    tmp_path: Path, other: dict[str, Any], words: str
) -> None:
    write_recordings(tmp_path, **other)

    with pytest.raises(UsageError, match=words) as raised:
        subject.recordings(tmp_path)

    assert "\n" not in str(raised.value)


def test_what_is_missing_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="GitHub as vlomonaco/US-TransportationMode"):
        subject.recordings(tmp_path)


def test_too_short_and_too_few(tmp_path: Path, made: subject.Recordings) -> None:
    write_recordings(tmp_path, readings=9, seg_len=None)
    data = subject.windows(made, "user")

    with pytest.raises(UsageError, match=r"no recording in car\.npz is 9999 readings long"):
        subject.windows(made, length=9999)
    with pytest.raises(UsageError, match="recordings of 3 users; at least 4 are needed"):
        subject.folds(data.chosen(np.flatnonzero(data.groups != 8)))


@pytest.mark.shared
def test_the_recordings() -> None:
    recorded = subject.recordings(shared_recordings("car.npz"))
    by_session, by_user = subject.windows(recorded), subject.windows(recorded, "user")
    activities = subject.activities(recorded)

    assert len(recorded.segments) == 102
    assert by_session.inputs.shape == (6_585, 100, 3)
    assert np.bincount(by_session.labels).tolist() == [3_731, 2_854]
    assert np.bincount(activities).tolist() == [2_218, 146, 490, 2_348, 1_383]
    assert len(np.unique(by_session.groups)) == 92  # of 93, two of which are one
    assert np.unique(by_user.groups).tolist() == [0, 1, 2, 3, 4, 6, 8]
    minutes = [
        sum(s.steps.sum(dtype=np.float64) for s in recorded.segments if s.activity == activity)
        for activity in range(5)
    ]
    assert [round(total / 60_000) for total in minutes] == [283, 54, 160, 306, 294]


@pytest.mark.shared
def test_the_splits_of_the_recordings() -> None:
    recorded = subject.recordings(shared_recordings("car.npz"))
    activities = subject.activities(recorded)
    tested = {}
    for by in get_args(subject.Group):
        data = subject.windows(recorded, by)
        splits = subject.folds(data)
        for split in splits:
            assert_parts_whole_groups(data, split)
        tested[by] = [np.bincount(activities[s.test], minlength=5).tolist() for s in splits]

    assert tested == {
        "session": [
            [761, 0, 0, 500, 246],
            [334, 43, 146, 644, 102],
            [323, 81, 120, 655, 91],
            [299, 22, 201, 405, 341],
            [501, 0, 23, 144, 603],
        ],
        "user": [
            [433, 146, 421, 550, 1137],
            [430, 0, 0, 1630, 189],
            [1111, 0, 0, 132, 0],
            [244, 0, 69, 36, 57],
        ],
    }


@pytest.mark.shared
def test_no_two_sessions_hold_the_same_readings() -> None:
    """Twelve readings that move are in one session only: what the list of sessions rests on."""
    recorded = subject.recordings(shared_recordings("car.npz"))

    owner: dict[bytes, int] = {}
    for segment in recorded.segments:
        counts = np.round(segment.acceleration * 400).astype(np.int16)
        runs = np.lib.stride_tricks.sliding_window_view(counts, 12, axis=0)
        for run in runs[(np.ptp(runs, axis=2) > 40).any(axis=1)]:
            assert owner.setdefault(run.tobytes(), segment.session) == segment.session


@given(st.integers(1, 120), st.integers(1, 80), st.integers(-300, 300))
def test_cuts_are_where_windows_are(length: int, stride: int, by: int) -> None:
    rng = np.random.default_rng(length)
    sizes = (90, 3, 200, 120)
    segments = tuple(
        subject.Segment(
            rng.normal(size=(size, 3)).astype(np.float32), np.zeros(size, np.float32), 0, place, 0
        )
        for place, size in enumerate(sizes)
    )
    recorded = subject.Recordings(segments, "")

    windows = subject.windows(recorded, "session", length, stride)
    cuts = subject.cuts(recorded, length, stride)

    count = len(cuts.starts)
    np.testing.assert_array_equal(cuts.moved(np.zeros(count, np.int64)), windows.inputs)
    np.testing.assert_array_equal(cuts.segments, windows.groups)
    moved = cuts.moved(np.full(count, by))
    for place, window in zip(cuts.segments, moved, strict=True):
        views = np.lib.stride_tricks.sliding_window_view(segments[place].acceleration, length, 0)
        assert any(np.array_equal(window.T, view) for view in views)
