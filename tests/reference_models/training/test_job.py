"""What makes another training, and what does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tflint_reference_models.application import Recipe, Teacher
from tflint_reference_models.training.job import Job, state_prefix, with_epochs

JOB = Job("car_sensor", "session", "chosen", 0, 0, None, "recordings", "state")
DATA, CODE = (("car.npz", "00"),), "aa"
NAME = JOB.state_name(DATA, CODE)


@pytest.mark.parametrize(
    "other",
    [
        replace(JOB, application="motion_sense"),
        replace(JOB, experiment="user"),
        replace(JOB, network="original"),
        replace(JOB, fold=1),
        replace(JOB, seed=1),
        replace(JOB, epochs=3),
        replace(JOB, threads=1),
    ],
)
def test_another_training_keeps_a_state_of_its_own(other: Job) -> None:
    assert other.state_name(DATA, CODE) != NAME


def test_other_data_and_other_code_begin_anew() -> None:
    assert JOB.state_name((("car.npz", "01"),), CODE) != NAME
    assert JOB.state_name(DATA, "ab") != NAME


def test_where_files_are_makes_no_other_training() -> None:
    assert replace(JOB, folder="elsewhere", state="there").state_name(DATA, CODE) == NAME


def test_the_name_tells_what_is_trained() -> None:
    assert NAME.rpartition("-")[0] == state_prefix("session", "chosen")


def test_a_worker_is_sent_all_of_it() -> None:
    assert Job.from_json(JOB.to_json()) == JOB


def test_epochs_are_those_of_the_teacher_as_well() -> None:
    teacher = Teacher(lambda: None, Recipe(80, batch=32))
    found = with_epochs(Recipe(50, rate=0.5, teacher=teacher), 2)
    assert (found.epochs, found.rate) == (2, 0.5)
    assert found.teacher is not None
    assert (found.teacher.recipe.epochs, found.teacher.recipe.batch) == (2, 32)
