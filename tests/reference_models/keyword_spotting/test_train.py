"""Tasks: an epoch is the same however often it is made, and nothing of a test is in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reference_models.keyword_spotting.recorded import files, written
from tflint.errors import UsageError
from tflint_reference_models.application import CHOSEN, ORIGINAL, Task
from tflint_reference_models.keyword_spotting import data
from tflint_reference_models.keyword_spotting import train as subject
from tflint_reference_models.keyword_spotting.features import as_frames

EXPERIMENTS = {one.name: one for one in subject.APPLICATION.experiments}
NETWORKS = [(name, network) for name, one in EXPERIMENTS.items() for network in one.networks]
SHAPES = {CHOSEN: (11, 1, 20), ORIGINAL: (20, 11, 1)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("recordings"), files(utterances=400))


def task_of(folder: Path, experiment: str, network: str, seed: int = 0) -> Task:
    return EXPERIMENTS[experiment].networks[network].task(folder, 0, seed)


@pytest.mark.parametrize(("experiment", "network"), NETWORKS)
def test_a_task_fits_its_network(folder: Path, experiment: str, network: str) -> None:
    task = task_of(folder, experiment, network)

    tests = (task.epoch(0), task.validation, task.test, *task.others.values())
    for samples in tests:
        assert samples.inputs.shape == (len(samples.labels), *SHAPES[network])
        assert samples.inputs.dtype == np.float32
        assert np.isfinite(samples.inputs).all()
    assert task.calibration.shape[1:] == SHAPES[network]
    assert len(task.calibration) > 0
    assert task.classes == data.CLASSES
    assert [name for name, _ in task.sha256] == list(files())
    assert bool(task.others) == EXPERIMENTS[experiment].is_honest


def test_an_epoch_is_the_same_whenever_it_is_made(folder: Path) -> None:
    first, again = (task_of(folder, "official", CHOSEN, seed=5) for _ in range(2))
    other = task_of(folder, "official", CHOSEN, seed=6)

    third = first.epoch(3)

    assert len(third.inputs) == len(first.epoch(4).inputs)
    np.testing.assert_array_equal(third.inputs, again.epoch(3).inputs)
    np.testing.assert_array_equal(third.labels, again.epoch(4).labels)
    assert not np.array_equal(third.inputs, first.epoch(4).inputs)
    assert not np.array_equal(third.inputs, other.epoch(3).inputs)


def test_an_epoch_has_every_on_and_words_that_no_language_has() -> None:
    words = np.array(["on", "no", "yes", "up"])[np.arange(400) % 4]
    # Each utterance is told by its level, and rises from its first frame to its last.
    coefficients = np.zeros((400, 20, 11), np.float32)
    coefficients += np.arange(400, dtype=np.float32)[:, np.newaxis, np.newaxis]
    coefficients += np.arange(11, dtype=np.float32) / 100
    labels = (words == "on").astype(np.int64)
    trained_on = subject.Utterances(coefficients, labels, words, np.arange(300))

    features, found = trained_on.epoch(np.random.default_rng(1))

    numbers = np.floor(features.min(axis=(1, 2))).astype(np.int64)
    backwards = features[:, 0, 0] > features[:, 0, -1]
    assert set(numbers[(found == 1)].tolist()) == set(np.flatnonzero(labels[:300]).tolist())
    np.testing.assert_array_equal(found == 1, (words[numbers] == "on") & ~backwards)
    assert numbers.max() < 300
    assert "no" not in words[numbers[backwards]]
    assert "on" in words[numbers[backwards]]
    assert len(np.unique(numbers[~backwards])) == np.count_nonzero(~backwards)
    assert np.count_nonzero(~backwards & (found == 0)) == round(0.4 * 225)


def test_what_is_tested_and_calibrated_on_is_not_varied(folder: Path) -> None:
    recorded = data.recordings(folder)
    windows = data.windows(recorded)
    split = data.split(windows, recorded)
    expected = as_frames(windows.inputs[..., 0])

    for seed in (0, 1):
        task = task_of(folder, "official", CHOSEN, seed)
        np.testing.assert_array_equal(task.test.inputs, expected[split.test])
        np.testing.assert_array_equal(task.validation.inputs, expected[split.validation])
        np.testing.assert_array_equal(task.calibration, expected[split.train[::40]])
        unheard = task.others[subject.UNHEARD]
        np.testing.assert_array_equal(unheard.inputs, expected[data.unheard(windows, recorded)])
        assert not unheard.labels.any()
        assert unheard.groups is not None
        np.testing.assert_array_equal(
            unheard.groups, recorded.words[data.unheard(windows, recorded)]
        )


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=400))
@settings(max_examples=60)
def test_the_operating_point_keeps_false_accepts(scores: list[float]) -> None:
    given_ = np.array([*scores, 1.0], np.float32)
    labels = np.array([0] * len(scores) + [1])

    threshold = subject.operating_point(given_, labels)

    assert 0 < threshold < 1
    passed = np.count_nonzero(given_[:-1] > threshold + 1e-6)
    assert passed <= subject.FALSE_ACCEPTS * len(scores) + 1


def test_broken_recordings_are_refused_before_anything_is_trained(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"speech_on\.npz"):
        task_of(tmp_path, "official", CHOSEN)
