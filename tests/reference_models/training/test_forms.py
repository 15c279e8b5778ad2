"""What forms decide is counted as `tflint bench` counts it, by group and by votes besides."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from tests.bench.labelled import classifier, data
from tests.bench.labelled import measured as benched
from tflint.errors import ModelRefused
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint_reference_models.application import Samples, Task
from tflint_reference_models.training.figures import figures_of
from tflint_reference_models.training.forms import NotConverted, measured, require_integers

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("ai_edge_litert") is None, reason="needs LiteRT"
)
RNG = np.random.default_rng(9)
N = 120
INPUTS = RNG.normal(0, 1, (N, 6, 6, 2)).astype(np.float32)
LABELS = RNG.integers(0, 4, N)
SUBJECTS = np.repeat([4, 12, 7], 40)
TEST = Samples(
    INPUTS, LABELS, groups=SUBJECTS, group_kind="subject", runs=np.repeat(np.arange(12), 10)
)


def task(test: Samples = TEST, **other: object) -> Task:
    return Task(("a", "b", "c", "d"), lambda epoch: test, test.inputs, test, test, **other)  # type: ignore[arg-type]


def silent(text: str) -> None:
    pass


def probability() -> Model:
    """One output, which is its input: class 1 above 0.5."""
    build = ModelBuilder()
    x = build.input((1, 1), TensorType.INT8, per_tensor(1 / 256, -128), name="x")
    build.output(build.reshape(x, (1, 1)))
    return build.build()


@pytest.mark.parametrize("type", [TensorType.FLOAT32, TensorType.INT8])
def test_counts_are_those_of_bench(tmp_path: Path, type: TensorType) -> None:
    model = classifier(type)
    expected, _ = benched(model, data(tmp_path, x=INPUTS, y=LABELS))

    found = measured(write_model(model), "int8", task(), silent)

    assert found.test.confusion == expected.confusion
    assert found.test.interval == (expected.low, expected.high)
    assert found.test.balanced == pytest.approx(expected.balanced)
    assert [(group.name, group.n) for group in found.test.groups] == [
        ("4", 40),
        ("7", 40),
        ("12", 40),
    ]
    assert found.test.group_kind == "subject"


def test_only_int8_is_told_by_group() -> None:
    found = measured(write_model(classifier()), "float32", task(), silent)
    assert found.test.groups == ()


def test_further_tests_may_lack_classes_and_have_groups_of_names() -> None:
    words = Samples(INPUTS[:6], np.zeros(6, np.int64), groups=np.array(["bed", "dog"] * 3))
    found = measured(write_model(classifier()), "int8", task(others={"unheard": words}), silent)
    counts = found.others["unheard"]
    assert counts.occurring == (0,)
    assert [group.name for group in counts.groups] == ["bed", "dog"]


def test_votes_are_means_of_answers_in_their_order() -> None:
    answers = np.array([0.75, 0.25, 0.5, 0.125, 1.0, 0.5], np.float32)[:, np.newaxis]
    labels = np.array([1, 1, 1, 0, 0, 0])
    test = Samples(answers, labels, runs=np.array([1, 1, 1, 0, 0, 0]))
    of_two = Task(
        ("no", "yes"),
        lambda epoch: test,
        answers,
        test,
        test,
        votes={"two windows": 2, "the whole run": 0},
    )

    found = measured(write_model(probability()), "int8", of_two, silent)

    assert found.test.confusion == ((2, 1), (2, 1))
    # 0.75, 0.5, 0.375 are yes, no, no; 0.125, 0.5625, 0.75 are no, yes, yes.
    assert found.votes["two windows"].confusion == ((1, 2), (2, 1))
    # Half is not above half.
    assert found.votes["the whole run"].confusion == ((0, 1), (1, 0))


def test_votes_need_runs() -> None:
    test = Samples(INPUTS, LABELS)
    with pytest.raises(ValueError, match="runs"):
        measured(write_model(classifier()), "int8", task(test, votes={"two": 2}), silent)


def test_what_is_no_number_is_no_decision() -> None:
    build = ModelBuilder()
    x = build.input((1, 2), name="x")
    build.output(build.unary("LOG", x))
    values = np.full((3, 2), -1, np.float32)
    test = Samples(values, np.array([0, 1, 0]))
    of_two = Task(("a", "b"), lambda epoch: test, values, test, test)
    with pytest.raises(ModelRefused, match="no number"):
        measured(write_model(build.build()), "float32", of_two, silent)


def test_int8_takes_and_gives_int8() -> None:
    require_integers(write_model(probability()))
    with pytest.raises(NotConverted, match="float32, not int8"):
        require_integers(write_model(classifier()))


def test_figures_of_a_file() -> None:
    found = figures_of(write_model(classifier()))
    assert found.weights > 0
    assert found.macs
    assert dict(found.operators)["CONV_2D"] == 1
    assert [use.runtime for use in found.uses] == ["tflm-cmsis-nn", "tflm"]
    assert found.use.refusal is None
    assert found.use.min_arena_bytes
    assert "TFL401" in {one.code for one in found.warnings}
