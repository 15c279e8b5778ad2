"""Tasks: what is tested on is not trained on, and an epoch is the same whenever it is made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.reference_models.music_classifier.recorded import GENRES, arrays
from tests.reference_models.recorded_files import write
from tflint.errors import UsageError
from tflint_reference_models.application import CHOSEN, ORIGINAL, Task
from tflint_reference_models.music_classifier import data
from tflint_reference_models.music_classifier import train as subject
from tflint_reference_models.music_classifier.features import standardised
from tflint_reference_models.music_classifier.teacher import fitted

EXPERIMENTS = {one.name: one for one in subject.APPLICATION.experiments}
NETWORKS = [(name, network) for name, one in EXPERIMENTS.items() for network in one.networks]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("recordings")
    write(made / data.FILE, arrays(each=6))
    return made


def task_of(folder: Path, experiment: str, network: str, fold: int = 0, seed: int = 0) -> Task:
    return EXPERIMENTS[experiment].networks[network].task(folder, fold, seed)


@pytest.mark.parametrize(("experiment", "network"), NETWORKS)
def test_a_task_fits_its_network(folder: Path, experiment: str, network: str) -> None:
    task = task_of(folder, experiment, network)

    shape = (216, 1, 13) if network == CHOSEN else (216, 13, 1)
    for samples in (task.epoch(0), task.validation, task.test):
        assert samples.inputs.shape == (len(samples.labels), *shape)
        assert samples.inputs.dtype == np.float32
    assert task.calibration.shape[1:] == shape
    assert task.classes == GENRES
    assert task.trained_samples == len(task.epoch(0).labels)


@pytest.mark.parametrize(
    ("experiment", "folds", "kind"), [("artist", 3, "artist"), ("song", 2, "song")]
)
def test_groups_are_on_one_side_and_tested_on_once(
    folder: Path, experiment: str, folds: int, kind: str
) -> None:
    tested: list[int] = []
    for fold in range(folds):
        task = task_of(folder, experiment, ORIGINAL, fold)
        assert task.test.groups is not None
        assert task.validation.groups is not None
        assert task.test.group_kind == kind
        test, validation = (set(one.groups.tolist()) for one in (task.test, task.validation))
        assert not test & validation
        tested += test
    assert len(tested) == len(set(tested))


def test_both_networks_are_tested_on_the_same(folder: Path) -> None:
    for name in EXPERIMENTS:
        ours, theirs = (task_of(folder, name, network) for network in (CHOSEN, ORIGINAL))
        np.testing.assert_array_equal(
            ours.test.inputs[:, :, 0], theirs.test.inputs[..., 0], strict=True
        )
        np.testing.assert_array_equal(ours.test.labels, theirs.test.labels)
        np.testing.assert_array_equal(ours.epoch(0).labels, theirs.epoch(0).labels)


def test_an_epoch_is_the_same_whenever_it_is_made(folder: Path) -> None:
    first, again = (task_of(folder, "artist", CHOSEN, seed=5) for _ in range(2))
    other = task_of(folder, "artist", CHOSEN, seed=6)
    copies = subject.LESSONS.copies

    third = first.epoch(3)
    repeated = again.epoch(3 + copies)

    np.testing.assert_array_equal(third.inputs, repeated.inputs)
    assert third.answers is not None
    assert repeated.answers is not None
    np.testing.assert_array_equal(third.answers, repeated.answers)
    assert not np.array_equal(third.inputs, first.epoch(4).inputs)
    assert not np.array_equal(third.inputs, other.epoch(3).inputs)


def test_the_teacher_never_hears_what_is_tested_on(tmp_path: Path) -> None:
    held = arrays(each=6)
    write(tmp_path / data.FILE, held)
    before = task_of(tmp_path, "artist", CHOSEN).epoch(0)
    recorded = data.recordings(tmp_path)
    tested = recorded.fold == 1
    held["mfcc_q"][tested] = np.random.default_rng(1).integers(-99, 99, (tested.sum(), 1290, 13))

    write(tmp_path / data.FILE, held)
    after = task_of(tmp_path, "artist", CHOSEN).epoch(0)

    np.testing.assert_array_equal(before.inputs, after.inputs)
    assert before.answers is not None
    assert after.answers is not None
    np.testing.assert_array_equal(before.answers, after.answers)


def test_a_teacher_of_windows_at_random_hears_no_frame_that_is_tested_on(folder: Path) -> None:
    recorded = data.recordings(folder)
    parted = subject.at_random(recorded, 0)
    quiet = replace(
        recorded, steps=np.where(is_learned(parted)[:, :, np.newaxis], recorded.steps, 0)
    )

    lessons = replace(subject.RANDOM_LESSONS, copies=1)
    made = subject.taught(subject.at_random, lessons, folder, 0, 0).epoch(0)
    (folder / "other").mkdir()
    write(folder / "other" / data.FILE, arrays(each=6) | {"mfcc_q": quiet.steps})
    again = subject.taught(subject.at_random, lessons, folder / "other", 0, 0).epoch(0)

    np.testing.assert_array_equal(made.inputs, again.inputs)
    assert made.answers is not None
    assert again.answers is not None
    np.testing.assert_array_equal(made.answers, again.answers)


def is_learned(parted: subject.Parted) -> np.ndarray:
    """Which frames (songs, 1290) are in a window that is trained on."""
    found = np.zeros((len(parted.songs), data.LENGTH), bool)
    for place in parted.learned:
        begin = data.STARTS[place % data.PIECES]
        found[place // data.PIECES, begin : begin + 216] = True
    return found


def test_answers_are_those_of_a_machine_that_was_told_the_windows_as_they_are(
    folder: Path,
) -> None:
    parted = subject.by_artist(data.recordings(folder), 0)
    train, lessons = parted.learned, subject.LESSONS

    samples = task_of(folder, "artist", CHOSEN).epoch(0)

    machine = fitted(
        subject.standardised_windows(parted.windows, train),
        parted.windows.labels[train],
        10,
        lessons.ridge,
        lessons.width,
    )
    expected = machine.answers(samples.inputs.transpose(0, 1, 3, 2), lessons.sharpness)
    assert samples.answers is not None
    np.testing.assert_allclose(samples.answers, expected, atol=1e-5)


@pytest.mark.parametrize("parting", [subject.by_artist, subject.by_song, subject.at_random])
def test_all_that_is_not_tested_on_is_learned_where_epochs_are_fixed(
    folder: Path, parting: subject.Parting
) -> None:
    parted = parting(data.recordings(folder), 0)
    rest = np.setdiff1d(np.arange(parted.windows.count), parted.split.test)

    if parted.split.is_honest:
        np.testing.assert_array_equal(parted.learned, rest)
    else:
        np.testing.assert_array_equal(np.union1d(parted.learned, parted.split.validation), rest)


def test_runs_are_songs(folder: Path) -> None:
    recorded = data.recordings(folder)
    task = task_of(folder, "artist", CHOSEN)

    assert task.test.runs is not None
    songs, counts = np.unique(task.test.runs, return_counts=True)
    assert set(counts.tolist()) == {data.PIECES}
    np.testing.assert_array_equal(recorded.fold[songs], 1)
    assert task.test.groups is not None
    np.testing.assert_array_equal(recorded.artist[task.test.runs], task.test.groups)
    assert task.votes
    assert not task_of(folder, "random", CHOSEN).votes


def test_what_is_tested_on_is_standardised_and_not_varied(folder: Path) -> None:
    recorded = data.recordings(folder)
    windows = data.filtered_windows(recorded)
    split = data.split(windows, recorded)

    task = task_of(folder, "artist", CHOSEN)

    expected = standardised(windows.inputs[split.test][..., 0])
    np.testing.assert_array_equal(task.test.inputs[:, :, 0], expected)


def test_missing_recordings_are_refused(tmp_path: Path) -> None:
    for experiment, network in NETWORKS:
        with pytest.raises(UsageError, match=r"there is no .*gtzan"):
            task_of(tmp_path, experiment, network)


def test_only_the_random_split_is_not_honest() -> None:
    assert [name for name, one in EXPERIMENTS.items() if not one.is_honest] == ["random"]
