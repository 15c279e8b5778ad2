"""Tasks: what is trained on is not tested on, and an epoch is the same however often it is made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.reference_models.motion_sense.recorded import write_plots, write_recordings
from tflint.errors import UsageError
from tflint_reference_models.application import CHOSEN, ORIGINAL, Task
from tflint_reference_models.motion_sense import data
from tflint_reference_models.motion_sense import train as subject

EXPERIMENTS = {one.name: one for one in subject.APPLICATION.experiments}
NETWORKS = [(name, network) for name, one in EXPERIMENTS.items() for network in one.networks]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("recordings")
    write_recordings(made, readings=260)
    write_plots(made)
    return made


def task_of(folder: Path, experiment: str, network: str, fold: int = 0, seed: int = 0) -> Task:
    return EXPERIMENTS[experiment].networks[network].task(folder, fold, seed)


@pytest.mark.parametrize(("experiment", "network"), NETWORKS)
def test_a_task_fits_its_network(folder: Path, experiment: str, network: str) -> None:
    task = task_of(folder, experiment, network)

    shape = (24, 1, 2) if (network, experiment) in OF_BANDS else (32, 32, 1)
    tests = (task.epoch(0), task.validation, task.test)
    for samples in tests:
        assert samples.inputs.shape == (len(samples.labels), *shape)
        assert samples.inputs.dtype == np.float32
        assert np.isfinite(samples.inputs).all()
    assert task.calibration.shape[1:] == shape
    assert len(task.calibration) > 0
    assert task.classes == data.CLASSES
    assert [name for name, _ in task.sha256]


OF_BANDS = {(CHOSEN, "subject"), (CHOSEN, "folds"), (CHOSEN, "random"), (ORIGINAL, "bands")}


@pytest.mark.parametrize(
    ("experiment", "network"),
    [("subject", CHOSEN), ("folds", CHOSEN), ("plots", CHOSEN), ("plots", ORIGINAL)],
)
def test_subjects_are_on_one_side(folder: Path, experiment: str, network: str) -> None:
    folds = EXPERIMENTS[experiment].networks[network].folds
    tested: list[int] = []
    for fold in range(folds):
        task = task_of(folder, experiment, network, fold)
        assert task.test.groups is not None
        assert task.validation.groups is not None
        test, validation = set(task.test.groups.tolist()), set(task.validation.groups.tolist())
        assert not test & validation
        assert task.trained_groups == data.SUBJECTS - len(test) - len(validation)
        tested += test
    assert len(tested) == len(set(tested))
    assert set(tested) == (set(range(1, 25)) if folds > 1 else set(data.TEST_SUBJECTS))


@pytest.mark.parametrize(("experiment", "network"), [("subject", CHOSEN), ("plots", ORIGINAL)])
def test_an_epoch_is_the_same_whenever_it_is_made(
    folder: Path, experiment: str, network: str
) -> None:
    first, again = (task_of(folder, experiment, network, seed=5) for _ in range(2))
    other = task_of(folder, experiment, network, seed=6)

    third = first.epoch(3)

    assert len(third.inputs) == len(first.epoch(4).inputs)
    np.testing.assert_array_equal(third.inputs, again.epoch(3).inputs)
    np.testing.assert_array_equal(third.labels, again.epoch(4).labels)
    assert not np.array_equal(third.inputs, first.epoch(4).inputs)
    assert not np.array_equal(third.inputs, other.epoch(3).inputs)


def test_what_is_tested_and_calibrated_on_is_not_varied(folder: Path) -> None:
    windows = data.windows(data.recordings(folder))
    split = data.split(windows)
    expected = subject.as_bands(windows.inputs)

    for seed in (0, 1):
        task = task_of(folder, "subject", CHOSEN, seed=seed)
        np.testing.assert_array_equal(task.test.inputs, expected[split.test])
        np.testing.assert_array_equal(task.validation.inputs, expected[split.validation])
        np.testing.assert_array_equal(task.calibration, expected[split.train[::20]])


def test_runs_are_trials_in_their_order(folder: Path) -> None:
    task = task_of(folder, "subject", CHOSEN)
    runs, groups = task.test.runs, task.test.groups

    assert runs is not None
    assert groups is not None
    for run in np.unique(runs):
        places = np.flatnonzero(runs == run)
        assert len(set(groups[places].tolist())) == 1
        assert len(set(task.test.labels[places].tolist())) == 1
        np.testing.assert_array_equal(places, np.arange(places[0], places[-1] + 1))


def test_the_original_takes_plots_of_the_same_windows(folder: Path) -> None:
    ours, theirs = (task_of(folder, "subject", network) for network in (CHOSEN, ORIGINAL))

    np.testing.assert_array_equal(ours.test.labels, theirs.test.labels)
    np.testing.assert_array_equal(ours.test.groups, theirs.test.groups)
    np.testing.assert_array_equal(ours.epoch(0).labels, theirs.epoch(0).labels)
    # Moments at rest are alike, moments of running are not.
    means = [theirs.test.inputs[theirs.test.labels == label].mean() for label in (2, 0, 1)]
    assert means == sorted(means)


def test_missing_recordings_are_refused(tmp_path: Path) -> None:
    for experiment, network in NETWORKS:
        with pytest.raises(UsageError, match=r"there is no .*motionsense"):
            task_of(tmp_path, experiment, network)


def test_only_random_splits_are_not_honest() -> None:
    dishonest = {name for name, one in EXPERIMENTS.items() if not one.is_honest}

    assert dishonest == {"random", "plots-random"}
    assert subject.APPLICATION.experiments[0].is_honest
