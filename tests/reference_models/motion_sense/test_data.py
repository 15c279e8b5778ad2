"""Trials, windows and splits: of files made here, and of the recordings."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reference_models.motion_sense.recorded import TRIALS, write_plots, write_recordings
from tests.reference_models.shared_recordings import shared_recordings
from tests.reference_models.whole_groups import assert_parts_whole_groups, groups
from tflint.errors import UsageError
from tflint_reference_models.motion_sense import data as subject


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("motion_sense")
    write_recordings(folder)
    write_plots(folder)
    return folder


def test_trials_are_in_g_and_the_copy_is_left_out(made: Path) -> None:
    recorded = subject.recordings(made)

    with np.load(made / "motionsense.npz") as held:
        first = held["acc"][: held["trial_len"][0]]
    assert len(recorded.trials) == 24 * len(TRIALS) - 1
    assert [t.number for t in recorded.trials if t.subject == 1] == [1, 3, 7, 9, 5, 6]
    np.testing.assert_array_equal(recorded.trials[0].acceleration, first / np.float32(4096))
    assert recorded.trials[0].acceleration.dtype == np.float32
    assert recorded.sha256 == hashlib.sha256((made / "motionsense.npz").read_bytes()).hexdigest()


def test_windows_carry_their_trial_s_class_and_subject(made: Path) -> None:
    recorded = subject.recordings(made)

    data = subject.windows(recorded)

    at = 0
    for trial in recorded.trials:
        for begin in range(0, len(trial.acceleration) - 256 + 1, 128):
            assert (data.labels[at], data.groups[at]) == (trial.activity // 2, trial.subject)
            np.testing.assert_array_equal(data.inputs[at], trial.acceleration[begin : begin + 256])
            at += 1
    assert at == data.count
    assert data.sha256 == (("motionsense.npz", recorded.sha256),)


def test_the_split_is_the_one_that_is_written_down(made: Path) -> None:
    for data in (subject.windows(subject.recordings(made)), subject.plots(made)):
        split = subject.split(data)

        assert_parts_whole_groups(data, split)
        assert split.name == "by subject"
        assert groups(data, split)[1:] == [{2, 10, 18}, {4, 8, 12, 16, 20, 24}]


@given(count=st.integers(3, 24))
def test_folds_test_each_subject_once(made: Path, count: int) -> None:
    data = subject.plots(made)

    splits = subject.folds(data, count)

    for split in splits:
        assert_parts_whole_groups(data, split)
    tested = [group for split in splits for group in groups(data, split)[2]]
    assert sorted(tested) == list(range(1, 25))
    again = subject.folds(data, count)
    assert [split.test.tolist() for split in again] == [split.test.tolist() for split in splits]


@given(seed=st.integers(0, 2**32 - 1))
def test_the_random_split_is_called_what_it_is(made: Path, seed: int) -> None:
    data = subject.plots(made)

    split = subject.random_split(data, seed)

    assert not split.is_honest
    assert "as the original did" in split.name
    places = np.concatenate([split.train, split.validation, split.test])
    assert sorted(places.tolist()) == list(range(data.count))
    assert len(split.test) == round(data.count / 10)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"fs": np.int32(100)}, "`fs` in motionsense.npz is 100 Hz; 50 Hz is needed"),
        ({"act_names": np.array(list("abcdef"))}, "`act_names` in motionsense.npz is a b c d e f"),
        ({"acc": np.zeros((10, 3), np.int16)}, "not within 1 to 10"),
        ({"acc": np.zeros((10, 2), np.int16)}, r"has the shape \(10, 2\), not \(None, 3\)"),
        ({"scale": np.float32(np.nan)}, "`scale` in motionsense.npz holds what is no finite"),
        ({"trial_subject": np.full(168, 25)}, "25 to 25, which is not within 1 to 24"),
        ({"trial_act": np.full(168, 6)}, "6 to 6, which is not within 0 to 5"),
        ({"trial_no": np.ones(167, np.int8)}, "not one activity, subject and number a trial"),
        ({"trial_len": None}, "holds no array `trial_len`"),
    ],
)
def test_recordings_that_are_not_as_they_should_be(
    tmp_path: Path, other: dict[str, Any], words: str
) -> None:
    write_recordings(tmp_path, **other)

    with pytest.raises(UsageError, match=words) as raised:
        subject.recordings(tmp_path)

    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"rp12": np.full((168, 32, 32), np.inf)}, "no finite number"),
        ({"rp12": np.zeros((168, 1, 32, 32))}, "has the shape"),
        ({"label": np.full(168, 3)}, "3 to 3, which is not within 0 to 2"),
        ({"subject": np.ones(9, np.int8)}, "not one label, subject and trial a plot"),
    ],
)
def test_plots_that_are_not_as_they_should_be(
    tmp_path: Path, other: dict[str, Any], words: str
) -> None:
    write_plots(tmp_path, **other)

    with pytest.raises(UsageError, match=words):
        subject.plots(tmp_path)


def test_what_is_missing_says_how_to_get_it(tmp_path: Path) -> None:
    for read in (subject.recordings, subject.plots):
        with pytest.raises(UsageError, match="GitHub as mmalekzadeh/motion-sense"):
            read(tmp_path)


def test_trials_that_are_too_short_and_subjects_that_are_missing(tmp_path: Path) -> None:
    write_recordings(tmp_path, readings=20)
    recorded = subject.recordings(tmp_path)
    some = subject.windows(recorded, length=24)

    with pytest.raises(UsageError, match=r"no recording in motionsense\.npz is 256 readings long"):
        subject.windows(recorded)
    with pytest.raises(UsageError, match=r"no recordings of the subjects \[12, 24\]"):
        subject.split(some.chosen(np.flatnonzero(some.groups % 12 != 0)))


@pytest.mark.shared
def test_the_recordings() -> None:
    recorded = subject.recordings(shared_recordings("motionsense.npz"))
    data = subject.windows(recorded)
    split = subject.split(data)

    assert len(recorded.trials) == 359
    assert sum(len(trial.acceleration) for trial in recorded.trials) == 1_433_825 - 10_419
    assert data.inputs.shape == (10_584, 256, 3)
    assert np.bincount(data.labels).tolist() == [2_086, 3_613, 4_885]
    assert np.unique(data.groups).tolist() == list(range(1, 25))
    assert_parts_whole_groups(data, split)
    assert np.bincount(data.labels[split.train]).tolist() == [1_283, 2_190, 3_143]
    assert np.bincount(data.labels[split.validation]).tolist() == [304, 527, 565]
    assert np.bincount(data.labels[split.test]).tolist() == [499, 896, 1_177]


@pytest.mark.shared
def test_no_two_trials_hold_the_same_readings() -> None:
    """Eight readings in a row are in one place only: what the list of copies rests on."""
    recorded = subject.recordings(shared_recordings("motionsense.npz"))
    weights = np.random.default_rng(0).integers(1, 2**40, (8, 3))

    sums = []
    for trial in recorded.trials:
        counts = np.round(trial.acceleration * 4096).astype(np.int64)
        ends = len(counts) - 7
        sums.append(sum((counts[k : k + ends] * weights[k]).sum(axis=1) for k in range(8)))
    owner = np.repeat(np.arange(len(sums)), [len(part) for part in sums])
    joined = np.concatenate(sums)
    order = np.argsort(joined, kind="stable")
    same = joined[order][1:] == joined[order][:-1]

    assert not (same & (owner[order][1:] != owner[order][:-1])).any()


@pytest.mark.shared
def test_the_plots() -> None:
    data = subject.plots(shared_recordings("motionsense_rp32.npz"))
    split = subject.split(data)

    assert data.inputs.shape == (359, 32, 32, 1)
    assert 0 <= data.inputs.min() <= data.inputs.max() <= 1
    assert np.bincount(data.labels).tolist() == [144, 120, 95]
    assert len(np.unique(data.inputs.reshape(359, -1), axis=0)) == 359
    assert (data.inputs.reshape(359, -1).max(axis=1) > 0).all()  # none of the rows of zeros
    assert_parts_whole_groups(data, split)
    assert len(split.test) == 90
