"""Tasks: what is trained on is not tested on, and an epoch is the same however often it is made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reference_models.car_sensor.recorded import write_recordings
from tflint.errors import UsageError
from tflint_reference_models.application import CHOSEN, ORIGINAL, Measure, Task
from tflint_reference_models.car_sensor import data, model
from tflint_reference_models.car_sensor import train as subject
from tflint_reference_models.car_sensor.features import axes, movement

EXPERIMENTS = {one.name: one for one in subject.APPLICATION.experiments}
NETWORKS = [(name, network) for name, one in EXPERIMENTS.items() for network in one.networks]
READINGS = {"short": data.WINDOW}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("recordings")
    write_recordings(made, readings=300)
    return made


def task_of(folder: Path, experiment: str, network: str, fold: int = 0, seed: int = 0) -> Task:
    return EXPERIMENTS[experiment].networks[network].task(folder, fold, seed)


@pytest.mark.parametrize(("experiment", "network"), NETWORKS)
def test_a_task_fits_its_network(folder: Path, experiment: str, network: str) -> None:
    task = task_of(folder, experiment, network)

    readings = READINGS.get(experiment, model.READINGS)
    shape = (1, 1, 30) if network == CHOSEN else (readings, 1, 3)
    expected = model.CHOSEN if network == CHOSEN else model.original(readings)
    assert expected.input_shape == shape
    for samples in (task.epoch(0), task.validation, task.test):
        assert samples.inputs.shape == (len(samples.labels), *shape)
        assert samples.inputs.dtype == np.float32
        assert np.isfinite(samples.inputs).all()
    assert task.calibration.shape[1:] == shape
    assert len(task.calibration) > 0
    assert task.trained_samples == len(task.epoch(0).labels)
    assert task.classes == data.CLASSES
    assert [name for name, _ in task.sha256] == ["car.npz"]


@pytest.mark.parametrize(
    ("experiment", "network"), [held for held in NETWORKS if held[0] != "random"]
)
def test_each_group_is_tested_on_once(folder: Path, experiment: str, network: str) -> None:
    trained = EXPERIMENTS[experiment].networks[network]
    recorded = data.recordings(folder)
    by: data.Group = "user" if experiment == "user" else "session"
    windows = data.windows(recorded, by, READINGS.get(experiment, model.READINGS))
    tested: list[int] = []
    for fold in range(trained.folds):
        task = trained.task(folder, fold, 0)
        assert task.test.groups is not None
        assert task.validation.groups is not None
        test, validation = set(task.test.groups.tolist()), set(task.validation.groups.tolist())
        assert not test & validation
        assert task.trained_groups == len(np.unique(windows.groups)) - len(test)
        assert task.trained_samples == windows.count - len(task.test.labels)
        tested += test

    assert sorted(tested) == np.unique(windows.groups).tolist()


def test_both_networks_decide_on_the_same_windows(folder: Path) -> None:
    ours, theirs = (task_of(folder, "session", network, fold=1) for network in (CHOSEN, ORIGINAL))

    for mine, original in ((ours.test, theirs.test), (ours.epoch(2), theirs.epoch(2))):
        np.testing.assert_array_equal(mine.labels, original.labels)
    groups = [task.test.groups for task in (ours, theirs)]
    weights = [task.epoch(2).weights for task in (ours, theirs)]
    for held in (groups, weights):
        assert held[0] is not None
        assert held[1] is not None
        np.testing.assert_array_equal(held[0], held[1])


@pytest.mark.parametrize("network", [CHOSEN, ORIGINAL])
def test_an_epoch_is_the_same_whenever_it_is_made(folder: Path, network: str) -> None:
    first, again = (task_of(folder, "session", network, seed=5) for _ in range(2))
    other = task_of(folder, "session", network, seed=6)

    third = first.epoch(3)

    np.testing.assert_array_equal(third.inputs, again.epoch(3).inputs)
    np.testing.assert_array_equal(third.inputs, first.epoch(3 + subject.VARIANTS).inputs)
    np.testing.assert_array_equal(third.labels, again.epoch(4).labels)
    assert not np.array_equal(third.inputs, first.epoch(4).inputs)
    assert not np.array_equal(third.inputs, other.epoch(3).inputs)


def test_what_is_tested_and_calibrated_on_is_not_varied(folder: Path) -> None:
    windows = data.windows(data.recordings(folder), "session", model.READINGS)
    split = data.split(windows)
    learned = np.sort(np.concatenate([split.train, split.validation]))

    for seed in (0, 1):
        ours = task_of(folder, "session", CHOSEN, seed=seed)
        theirs = task_of(folder, "session", ORIGINAL, seed=seed)
        for task, features in ((ours, movement), (theirs, axes)):
            flat = features(windows.inputs).reshape(windows.count, -1)
            for inputs, places in (
                (task.test.inputs, split.test),
                (task.validation.inputs, split.validation),
                (task.calibration, learned[:: subject.CALIBRATION]),
            ):
                np.testing.assert_array_equal(inputs.reshape(len(inputs), -1), flat[places])


def test_windows_at_random_are_not_varied(folder: Path) -> None:
    task = task_of(folder, "random", CHOSEN)

    np.testing.assert_array_equal(task.epoch(0).inputs, task.epoch(1).inputs)
    assert not task.votes


def test_runs_are_segments_in_their_order(folder: Path) -> None:
    task = task_of(folder, "session", CHOSEN)
    runs, groups = task.test.runs, task.test.groups

    assert runs is not None
    assert groups is not None
    assert len(np.unique(runs)) < len(runs)
    for run in np.unique(runs):
        places = np.flatnonzero(runs == run)
        assert len(set(groups[places].tolist())) == 1
        assert len(set(task.test.labels[places].tolist())) == 1
        np.testing.assert_array_equal(places, np.arange(places[0], places[-1] + 1))


def test_a_varied_window_is_of_its_own_segment(folder: Path) -> None:
    """Of what is felt a little more or less, the order of readings stays, axis by axis."""
    recorded = data.recordings(folder)
    cuts = data.cuts(recorded, model.READINGS)
    places = np.arange(0, len(cuts.starts), 3)

    varied = subject.varied(cuts, places, seed=3, variant=2)

    moved = 0
    for place, window in zip(places, varied, strict=True):
        segment = recorded.segments[cuts.segments[place]].acceleration
        orders = np.argsort(window[:, 0]).tolist()
        starts = [
            start
            for start in range(len(segment) - model.READINGS + 1)
            if np.argsort(segment[start : start + model.READINGS, 0]).tolist() == orders
        ]
        # Readings are whole numbers: two that are equal may change places after rounding.
        if len(starts) == 1:
            as_cut = int(cuts.starts[place] - cuts.first[place])
            assert abs(starts[0] - as_cut) <= subject.FARTHEST
            moved += starts[0] != as_cut
    assert moved > 1


@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5)), min_size=2, max_size=60).filter(
        lambda held: len({label for label, _ in held}) == 2
    )
)
def test_both_classes_weigh_the_same(held: list[tuple[int, int]]) -> None:
    labels = np.array([label for label, _ in held])
    sessions = np.array([10 * label + session for label, session in held])

    weights = subject.session_weights(labels, sessions)

    for label in (0, 1):
        assert weights[labels == label].sum() == pytest.approx(len(labels) / 2, rel=1e-5)
        of_sessions = {
            session: weights[sessions == session] for session in sessions[labels == label]
        }
        shares = {
            session: found.sum() / np.sqrt(len(found)) for session, found in of_sessions.items()
        }
        assert np.ptp(list(shares.values())) < 1e-4 * max(shares.values())


def test_missing_recordings_are_refused(tmp_path: Path) -> None:
    for experiment, network in NETWORKS:
        with pytest.raises(UsageError, match=r"there is no .*car\.npz"):
            task_of(tmp_path, experiment, network)


def test_only_the_random_split_is_not_honest() -> None:
    assert {name for name, one in EXPERIMENTS.items() if not one.is_honest} == {"random"}
    assert subject.APPLICATION.experiments[0].name == "session"
    assert all(EXPERIMENTS[goal.experiment].is_honest for goal in subject.APPLICATION.goals)
    assert {goal.measure for goal in subject.APPLICATION.goals} == {Measure.BALANCED}
