"""A result is held against what a framework answers, in whatever order and layout that is."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from tests.fix.proof import rigged
from tflint.errors import UsageError
from tflint.execution.hosts import Host, is_installed
from tflint.fix.proof import proving, trials
from tflint.fix.proof.against import Answers, Named, in_terms_of, prove_against
from tflint.fix.proof.interface import Array
from tflint.fix.proof.samples import Samples
from tflint.fix.proof.trials import Reference
from tflint.model.builder import ModelBuilder
from tflint.model.writer import write_model
from tflint.report.fix_result import Proof

needs_litert = pytest.mark.skipif(not is_installed(Host.LITERT), reason="needs LiteRT")
needs_tflm = pytest.mark.skipif(not is_installed(Host.TFLM), reason="needs TFLM")
RNG = np.random.default_rng(7)


@pytest.fixture
def litert_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (proving, trials):
        monkeypatch.setattr(module, "is_installed", lambda host: host is not Host.TFLM)


def softmax(values: Array) -> Array:
    shares = np.exp(values - values.max(axis=-1, keepdims=True))
    found: Array = (shares / shares.sum(axis=-1, keepdims=True)).astype(np.float32)
    return found


WEIGHTS = RNG.standard_normal((2, 24)).astype(np.float32)


def picture(factor: float = 1.0) -> bytes:
    """A dense layer behind a flattened (1, 3, 4, 2) picture."""
    build = ModelBuilder()
    x = build.flatten(build.input((1, 3, 4, 2)))
    weights = [[factor * float(value) for value in row] for row in WEIGHTS]
    build.output(rigged.dense(build, x, weights, [0.0, 1.0]))
    return write_model(build.build())


def channels_first(*, permuted: bool = True) -> Answers:
    """What a channels_first network answers that `picture` is the result of.

    Where its weights are not `permuted`, those of the dense layer were taken over as they are.
    """
    given = RNG.standard_normal((8, 2, 3, 4)).astype(np.float32)
    flat = (given.transpose(0, 2, 3, 1) if permuted else given).reshape(8, 24)
    answers = (flat @ WEIGHTS.T + [0, 1]).astype(np.float32)
    return Answers(Samples((given,)), (answers,), (Named("x", (0, 2, 3, 1)),), (Named("dense"),))


def classes(*, labels: list[int] | None = None) -> Answers:
    """The answers of `rigged.classifier()`."""
    given = RNG.standard_normal((30, 3)).astype(np.float32)
    samples = Samples((given,), None if labels is None else np.array(labels))
    return Answers(samples, (softmax(4 * given),), (Named("x"),), (Named("y"),))


def held(answers: Answers, result: bytes, *, is_float: bool = True) -> Proof:
    return prove_against(
        in_terms_of(result, answers), result, result, tolerance=0.02, is_float=is_float
    )


# The terms of the model


def test_other_layouts_are_turned() -> None:
    turned = in_terms_of(picture(), channels_first())
    (values,) = turned.samples.inputs
    assert values.shape == (8, 1, 3, 4, 2)
    assert turned.outputs[0].shape == (8, 1, 2)


def test_a_batch_of_one_is_taken_as_it_is() -> None:
    answers = channels_first()
    batched = dataclasses.replace(
        answers,
        samples=Samples((answers.samples.inputs[0][:, np.newaxis],)),
        outputs=(answers.outputs[0][:, np.newaxis],),
    )
    plain, with_batch = (in_terms_of(picture(), each) for each in (answers, batched))
    assert np.array_equal(plain.samples.inputs[0], with_batch.samples.inputs[0])
    assert np.array_equal(plain.outputs[0], with_batch.outputs[0])


def test_inputs_and_outputs_are_found_by_name() -> None:
    a, b = (RNG.standard_normal((5, 2)).astype(np.float32) for _ in range(2))
    answers = Answers(
        Samples((b, a)),
        (a + b, a - b),
        (Named("b"), Named("a")),
        (Named("sum"), Named("difference")),
    )
    turned = in_terms_of(rigged.difference(turned=False), answers)
    assert np.array_equal(turned.samples.inputs[0][:, 0], a)
    assert np.array_equal(turned.outputs[0][:, 0], a - b)


def test_names_of_others_leave_the_order() -> None:
    a, b = (RNG.standard_normal((5, 2)).astype(np.float32) for _ in range(2))
    answers = Answers(
        Samples((a, b)), (a - b, a + b), (Named("left"), Named("right")), (Named("1"), Named("2"))
    )
    turned = in_terms_of(rigged.difference(turned=False), answers)
    assert np.array_equal(turned.samples.inputs[1][:, 0], b)
    assert np.array_equal(turned.outputs[1][:, 0], a + b)


def test_numbered_outputs_are_in_the_order_of_their_numbers() -> None:
    build = ModelBuilder()
    x = build.input((1, 2))
    y, z = build.unary("ABS", x), build.unary("NEG", x)
    build.output(y, z)
    build.signature({"x": x}, {"output_1": y, "output_0": z})
    a = RNG.standard_normal((5, 2)).astype(np.float32)
    answers = Answers(Samples((a,)), (-a, np.abs(a)), (Named("x"),), (Named("p"), Named("q")))
    assert np.array_equal(
        in_terms_of(write_model(build.build()), answers).outputs[0][:, 0], np.abs(a)
    )


def test_another_number_of_inputs_is_refused() -> None:
    answers = dataclasses.replace(channels_first(), inputs=(Named("a"), Named("b")))
    with pytest.raises(UsageError, match="2 inputs, the converted model 1"):
        in_terms_of(picture(), answers)


def test_another_order_of_dimensions_than_the_model_has_is_refused() -> None:
    wrong = dataclasses.replace(channels_first(), inputs=(Named("x", (0, 3, 2, 1)),))
    with pytest.raises(UsageError, match=r"`x` is \(1, 4, 3, 2\) .* \(1, 3, 4, 2\)"):
        in_terms_of(picture(), wrong)


# The proof


@needs_litert
@needs_tflm
def test_a_float_result_is_held_to_rounding_on_both_runtimes() -> None:
    proof = held(channels_first(), picture())
    assert proof.holds, proof.failure
    assert proof.method == "keras+litert-reference+tflm"
    assert 0 < proof.max_error < 1e-5


@needs_litert
@pytest.mark.usefixtures("litert_alone")
def test_weights_in_the_order_of_another_layout_fail() -> None:
    proof = held(channels_first(permuted=False), picture())
    assert "more than rounding" in (proof.failure or "")


@needs_litert
@pytest.mark.usefixtures("litert_alone")
def test_a_float_result_off_by_more_than_rounding_fails_though_it_decides_alike() -> None:
    off = picture(1.003)
    proof = held(channels_first(), off)
    assert "more than rounding" in (proof.failure or "")
    assert held(channels_first(), off, is_float=False).holds


@needs_litert
@pytest.mark.usefixtures("litert_alone")
def test_decisions_and_accuracy_are_those_of_the_framework() -> None:
    answers = classes()
    right = np.argmax(answers.outputs[0], axis=-1)
    labelled = dataclasses.replace(
        answers, samples=dataclasses.replace(answers.samples, labels=right)
    )
    good = held(labelled, rigged.classifier(), is_float=False)
    bad = held(labelled, rigged.classifier(swapped=True), is_float=False)
    assert good.holds
    assert good.top1_agreement == 1
    assert good.accuracy_after == 1
    assert not bad.holds
    assert bad.accuracy_after is not None
    assert bad.accuracy_after < 1


@needs_litert
@pytest.mark.usefixtures("litert_alone")
def test_the_framework_is_named_and_nothing_is_run_in_its_place() -> None:
    answers = dataclasses.replace(classes(), source=Reference.TENSORFLOW)
    proof = held(answers, rigged.classifier())
    assert proof.holds
    assert proof.method == "tensorflow+litert-reference"


@needs_litert
def test_what_no_runtime_runs_is_not_proved() -> None:
    answers = Answers(
        Samples((np.zeros((3, 4), np.float32),)),
        (np.zeros((3, 4), np.float32),),
        (Named("x"),),
        (Named("y"),),
    )
    proof = held(answers, rigged.custom())
    assert "nothing runs the result" in (proof.failure or "")
    assert math.isinf(proof.snr_db)


@needs_litert
@needs_tflm
def test_a_runtime_that_refuses_the_result_is_told() -> None:
    given = RNG.standard_normal((20, 8)).astype(np.float32)
    model = rigged.hybrid()
    from tflint.execution.hosts import execute

    (answer,) = execute(model, (given[:, np.newaxis],), Host.LITERT)
    answers = Answers(Samples((given,)), (answer,), (Named("x"),), (Named("y"),))
    proof = held(answers, model, is_float=False)
    assert proof.holds, proof.failure
    assert proof.method == "keras+litert-reference"
    assert any(note.startswith("TFLM does not run the result") for note in proof.notes)
