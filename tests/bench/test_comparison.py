"""Which operators of two models belong together, and what their times come to."""

from __future__ import annotations

import dataclasses

import pytest

from tests.report.bench_reports import accuracy
from tflint.bench.comparison import accuracy_of_both, paired_operators
from tflint.bench.inventory import operators_of
from tflint.bench.operators_in_turns import PASSES, with_times
from tflint.lint.context import LintedModel
from tflint.model.builder import ModelBuilder
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.report.bench_compare_result import ComparedOperator, OperatorFate
from tflint.report.bench_result import BenchedModel, OperatorRow
from tflint.target.target import find_target


def network(*names: str, weights: TensorType | None = None) -> Model:
    """Unary operators one after another, with a dense layer for `DENSE`."""
    model = ModelBuilder()
    x = model.input((1, 16), name="x")
    for place, name in enumerate(names):
        if name == "DENSE":
            x = model.fully_connected(x, units=16, weights=weights)
        else:
            y = model.tensor((1, 16), name=f"{name} {place}")
            model.operator(name, [x], [y])
            x = y
    model.output(x)
    return model.build()


def row(model: Model) -> BenchedModel:
    return BenchedModel("m", 1, operators=operators_of(LintedModel(find_target("tflm"), model)))


def paired(before: Model, after: Model) -> list[ComparedOperator]:
    return list(paired_operators(before, after, row(before), row(after)))


def told(found: list[ComparedOperator]) -> list[tuple[str, int | None, int | None]]:
    return [
        (
            f"{one.fate.value} {one.name}",
            None if one.before is None else one.before.index,
            None if one.after is None else one.after.index,
        )
        for one in found
    ]


def test_operators_of_one_model_are_kept() -> None:
    model = network("DENSE", "RELU", "LOGISTIC")

    assert told(paired(model, model)) == [
        ("kept FULLY_CONNECTED", 0, 0),
        ("kept RELU", 1, 1),
        ("kept LOGISTIC", 2, 2),
    ]


def test_what_came_and_went_stands_where_it_was() -> None:
    before = network("DENSE", "RELU", "TANH", "LOGISTIC")
    after = network("DENSE", "TANH", "ABS", "LOGISTIC")

    found = [(one.fate.value, one.name) for one in paired(before, after)]
    assert found == [
        ("kept", "FULLY_CONNECTED"),
        ("removed", "RELU"),
        ("kept", "TANH"),
        ("added", "ABS"),
        ("kept", "LOGISTIC"),
    ]


def test_another_type_of_weights_is_a_change_that_is_told() -> None:
    (one,) = paired(network("DENSE"), network("DENSE", weights=TensorType.INT8))

    assert one.fate is OperatorFate.CHANGED
    assert ("type", "FLOAT32", "INT8") in [(f.field, f.before, f.after) for f in one.fields]


def test_every_operator_of_both_is_there_once() -> None:
    before = network("RELU", "ABS", "TANH", "NEG", "RELU", "RELU")
    after = network("TANH", "RELU", "NEG", "EXP", "ABS", "RELU")
    found = paired(before, after)

    for side, model in (("before", before), ("after", after)):
        places = [getattr(one, side).index for one in found if getattr(one, side) is not None]
        assert sorted(places) == list(range(len(model.subgraphs[0].operators)))
    assert [one.after.index for one in found if one.after] == list(range(6))


def operator(index: int = 0) -> OperatorRow:
    return OperatorRow(0, index, "CONV_2D", None, 10, 1, 1, 1)


def test_times_of_passes_come_to_a_ratio() -> None:
    one = ComparedOperator(OperatorFate.KEPT, "CONV_2D", operator(0), operator(1))
    before = [{(0, 0): 10 + 0.1 * i} for i in range(PASSES)]
    after = [{(0, 1): (10 + 0.1 * i) * (0.5 + 0.001 * i)} for i in range(PASSES)]
    found = with_times(one, before, after, 50)

    assert found.ratio is not None
    assert 0.5 <= found.ratio.low < found.ratio.ratio < found.ratio.high <= 0.505
    assert (found.ratio.loads, found.ratio.runs) == (PASSES, (50 * PASSES, 50 * PASSES))
    assert found.before is not None
    assert found.after is not None
    assert found.before.us_avg == pytest.approx(10.25)
    assert found.after.us_avg == pytest.approx(5.15, rel=0.01)


@pytest.mark.parametrize("missing", [0, PASSES - 1])
def test_a_time_that_is_missing_or_nothing_leaves_no_ratio(missing: int) -> None:
    one = ComparedOperator(OperatorFate.KEPT, "CONV_2D", operator(), operator())
    whole = [{(0, 0): 1.0}] * PASSES
    part = [{} if number == missing else times for number, times in enumerate(whole)]
    none = [{(0, 0): 0.0 if number == missing else 1.0} for number in range(PASSES)]

    assert with_times(one, whole, part, 1).ratio is None
    assert with_times(one, none, whole, 1).ratio is None
    alone = dataclasses.replace(one, fate=OperatorFate.ADDED, before=None)
    found = with_times(alone, whole, whole, 1)
    assert found.ratio is None
    assert found.after is not None
    assert found.after.us_avg == 1.0


def test_accuracies_compare_on_the_same_samples_only() -> None:
    one = accuracy(((2, 0), (1, 1)), ("a", "b"))
    before = dataclasses.replace(one, sha256="1", right=b"\1\1\0\1")
    after = dataclasses.replace(before, right=b"\1\0\1\1")
    found = accuracy_of_both(before, after)

    assert accuracy_of_both(None, after) == {} == accuracy_of_both(before, None)
    assert (found["accuracy"].both, found["accuracy"].only_before) == (2, 1)
    for other in (
        dataclasses.replace(after, sha256="2"),
        dataclasses.replace(after, split="train"),
        dataclasses.replace(after, n=5, right=b"\1\1\1\1\1"),
    ):
        assert "accuracy" not in accuracy_of_both(before, other)
        assert accuracy_of_both(before, other)["notes"]
