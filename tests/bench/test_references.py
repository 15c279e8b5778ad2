"""Which samples reference models are measured on, and what is shown where there are none."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from tflint.bench.data_plan import Plan
from tflint.bench.datasets import LabelledData
from tflint.bench.known_models import KnownModel, recorded_accuracy, with_known
from tflint.bench.labels import Labels
from tflint.bench.references import References, with_recordings
from tflint.errors import UsageError
from tflint.report.accuracy_result import Recorded
from tflint.report.bench_result import BenchedModel
from tflint.report.reference_result import Baseline, Reference

RECORDED = Recorded("2026-11-20", "0.1.0")


def data(name: str, digest: str = "12") -> LabelledData:
    labels: dict[str | None, Labels] = {None: Labels("labels", np.zeros(3, np.int64), None)}
    arrays = {"features": np.zeros((3, 2))}
    files = ((f"{name}.npz", digest),)
    return LabelledData(name, f"{name}.npz", digest, arrays, np.arange(3), labels, files=files)


def known(application: str, digest: str = "12", **more: str) -> KnownModel:
    recorded = recorded_accuracy(
        ((8, 2), (1, 9)), ("no", "yes"), ((f"{application}.npz", digest),), RECORDED, "0.5"
    )
    return KnownModel(Reference(application, application, "", "int8"), recorded, **more)


def without(count: int) -> Plan:
    return Plan((None,) * count, (None,) * count)


def asked(*missing: str) -> tuple[list[str], Callable[[str], LabelledData]]:
    """What was asked for, and what answers; the recordings of some applications are not there."""
    names: list[str] = []

    def samples_of(name: str) -> LabelledData:
        names.append(name)
        if name in missing:
            raise UsageError(f"there is no `{name}.npz`")
        return data(name)

    return names, samples_of


def test_each_application_is_read_once() -> None:
    names, samples_of = asked()
    models = (known("a"), known("a"), None, known("b"))
    plan = with_recordings(without(4), References(models, samples_of))

    assert names == ["a", "b"]
    assert [one and one.name for one in plan.data] == ["a.npz", "a.npz", None, "b.npz"]
    assert plan.notes == (None,) * 4


def test_data_that_were_named_count() -> None:
    names, samples_of = asked()
    named = Plan((data("mine"), None), (None, None))
    plan = with_recordings(named, References((known("a"), known("b")), samples_of))

    assert names == ["b"]
    assert [one and one.name for one in plan.data] == ["mine.npz", "b.npz"]


def test_missing_recordings_are_a_note_where_others_are_there() -> None:
    _, samples_of = asked("a")
    plan = with_recordings(without(2), References((known("a"), known("b")), samples_of))

    assert plan.data[0] is None
    assert plan.notes == ("accuracy not measured: there is no `a.npz`", None)


def test_a_folder_with_nothing_in_it_is_refused() -> None:
    _, samples_of = asked("a", "b")
    with pytest.raises(UsageError, match=r"there is no `a\.npz`"):
        with_recordings(without(2), References((known("a"), known("b")), samples_of))


def test_other_recordings_than_the_recorded_ones_are_told() -> None:
    _, samples_of = asked()
    first = known("a", note_measured="measured on the first of 3")
    plan = with_recordings(without(2), References((first, known("b", "34")), samples_of))

    assert plan.notes[0] == "measured on the first of 3"
    assert plan.notes[1] is not None
    assert "others than those" in plan.notes[1]


def test_without_a_folder_nothing_changes() -> None:
    assert with_recordings(without(1), References((known("a"),))) == without(1)


def test_what_is_measured_comes_before_what_was_recorded() -> None:
    one = known("a", note="5 networks")
    row = BenchedModel("a.tflite", 10, notes=("first",))

    shown = with_known(row, one)
    assert shown.accuracy == one.recorded
    assert shown.notes == ("first", "5 networks")

    assert one.recorded is not None
    measured = dataclasses.replace(one.recorded, recorded=None)
    held = with_known(dataclasses.replace(row, accuracy=measured), one)
    assert held.accuracy == measured
    assert (held.notes, held.reference) == (("first",), one.reference)

    assert with_known(row, None) == row


def test_no_decisions_are_no_accuracy() -> None:
    assert recorded_accuracy(((0, 0), (0, 0)), ("a", "b"), (), RECORDED, "") is None


def test_figures_of_all_folds_are_not_held_against_one() -> None:
    one = known("a")
    assert one.recorded is not None
    theirs = recorded_accuracy(((5, 5), (5, 5)), ("no", "yes"), (), RECORDED, "0.5")
    assert theirs is not None
    reference = dataclasses.replace(one.reference, baseline=Baseline(1_916, theirs))
    folded = dataclasses.replace(one, reference=reference, folds=5)
    measured = dataclasses.replace(one.recorded, recorded=None)
    row = BenchedModel("a.tflite", 10, accuracy=measured)

    alone = with_known(row, folded).reference
    assert alone is not None
    assert alone.baseline is None
    assert alone.further == (
        ("5 folds together", one.recorded),
        ("the original's network (1,916 B of weights), 5 folds together", theirs),
    )
    # As it was recorded, both are over all folds.
    recorded = with_known(dataclasses.replace(row, accuracy=None), folded)
    assert recorded.reference == reference
    single = dataclasses.replace(folded, folds=1)
    assert with_known(row, single).reference == reference
