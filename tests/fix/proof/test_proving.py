"""A proof holds for what is the same, and fails for the right reason for what is not."""

from __future__ import annotations

import dataclasses
import importlib.util
import math

import numpy as np
import pytest

from tests.conftest import SHARED_MODELS
from tests.fix.proof import rigged
from tests.fix.quantize.float_networks import dilated_network
from tflint.errors import HostFailed, MissingExtra, UsageError
from tflint.execution import hosts
from tflint.execution.hosts import Host, is_installed
from tflint.execution.process import Limits
from tflint.fix.model.model_fix import OutputChange
from tflint.fix.proof import proving, trials
from tflint.fix.proof.proving import prove
from tflint.fix.proof.samples import Samples
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_tensor
from tflint.model.reader import parse_model
from tflint.model.schema import GatherOptions, RandomOptions, TensorType
from tflint.model.writer import write_model
from tflint.report.fix_result import Proof

pytestmark = pytest.mark.skipif(not is_installed(Host.LITERT), reason="needs LiteRT")
needs_tflm = pytest.mark.skipif(not is_installed(Host.TFLM), reason="needs TFLM")
on_litert = pytest.mark.usefixtures("litert_alone")
BOTH = "litert-reference+tflm" if is_installed(Host.TFLM) else "litert-reference"


@pytest.fixture
def litert_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """One runtime is enough, and half the time, for what the runtime has no part in."""
    for module in (proving, trials):
        monkeypatch.setattr(module, "is_installed", lambda host: host is not Host.TFLM)


def exactly(before: bytes, after: bytes, samples: Samples | None = None) -> Proof:
    return prove(before, after, samples=samples, exact=True, tolerance=0.02)


def nearly(
    before: bytes,
    after: bytes,
    samples: Samples | None = None,
    *changes: OutputChange,
    tolerance: float = 0.02,
) -> Proof:
    return prove(before, after, samples=samples, exact=False, tolerance=tolerance, outputs=changes)


# To the bit


@pytest.mark.parametrize("type", [TensorType.FLOAT32, TensorType.INT8])
def test_a_model_proves_itself(type: TensorType) -> None:
    data = write_model(rigged.network(type))
    for proof in (exactly(data, data), nearly(data, data)):
        assert proof.failure is None
        assert proof.bit_equal
        assert proof.method == BOTH
        assert (proof.max_error, proof.mean_error, proof.snr_db) == (0, 0, math.inf)
        assert proof.inputs >= 10


def test_one_weight_that_changes_in_its_last_place_is_seen() -> None:
    before = rigged.linear([[1.5, 2.5], [3.5, 4.5]])
    after = rigged.nearly(before, 4.5, float(np.nextafter(np.float32(4.5), np.float32(5))))

    proof = exactly(before, after)

    assert not proof.holds
    assert not proof.bit_equal
    assert proof.max_error > 0
    assert proof.failure is not None
    assert proof.failure.startswith("output `main/tensor_3` on LiteRT differs for ")
    assert "random inputs, by up to" in proof.failure
    assert nearly(before, after).holds


def test_a_zero_of_the_other_sign_is_seen() -> None:
    build = ModelBuilder()
    build.output(build.unary("NEG", build.input((1, 4))))
    before = write_model(build.build())
    build = ModelBuilder()
    x, y = build.input((1, 4)), build.tensor((1, 4))
    build.operator("SUB", [build.constant((1,), TensorType.FLOAT32, (0.0,)), x], [y])
    build.output(y)

    proof = exactly(before, write_model(build.build()))

    assert proof.failure is not None
    assert "extreme input" in proof.failure


def test_samples_are_run_as_well() -> None:
    """The weight is of an input that only the samples show."""
    build = ModelBuilder()
    x = build.input((1, 2))
    build.output(build.unary("RELU", rigged.dense(build, x, [[-1.0, 0.25]], [-1e7])))
    before = write_model(build.build())
    after = rigged.nearly(before, 0.25, 0.5)

    assert exactly(before, after).holds
    proof = exactly(before, after, rigged.samples([0, 0], [0, 1e9]))

    assert proof.failure is not None
    assert "differs for 1 of 2 samples" in proof.failure
    assert "(first: number 1)" in proof.failure


def test_state_that_only_a_sequence_shows_is_seen() -> None:
    before, after = rigged.memory(0.5, 0.25), rigged.memory(0.5, 0.125)

    assert exactly(before, before).holds
    proof = exactly(before, after)

    assert proof.failure is not None
    assert "differs for 6 of 8 sequence steps" in proof.failure
    assert nearly(before, after).failure is not None


def test_other_signatures_are_run() -> None:
    assert exactly(rigged.two_ways(2.0), rigged.two_ways(2.0)).holds
    proof = exactly(rigged.two_ways(2.0), rigged.two_ways(2.5))
    assert proof.failure is not None
    assert "output `y` on LiteRT differs" in proof.failure
    missing = exactly(rigged.two_ways(2.0), rigged.two_ways(2.0, key="third"))
    assert missing.failure == "a signature is missing in the result"


def test_ports_may_change_places_where_a_signature_names_them() -> None:
    before = rigged.difference(turned=False)
    assert exactly(before, rigged.difference(turned=True)).holds
    assert not exactly(before, rigged.difference(turned=True, signed=False)).holds


@pytest.mark.parametrize("exact", [True, False])
def test_another_interface_is_told(exact: bool) -> None:
    def failure(before: bytes, after: bytes) -> str | None:
        return prove(before, after, samples=None, exact=exact, tolerance=0.02).failure

    def model(inputs: int, outputs: int, shape: tuple[int, ...]) -> bytes:
        build = ModelBuilder()
        ports = [build.input(shape, name=f"x{i}") for i in range(inputs)]
        build.output(*(build.unary("ABS", ports[0]) for _ in range(outputs)))
        return write_model(build.build())

    assert failure(model(1, 1, (1, 2)), model(2, 1, (1, 2))) == (
        "the original takes 1 input, the result 2"
    )
    assert failure(model(1, 1, (1, 2)), model(1, 3, (1, 2))) == (
        "the original gives 1 output, the result 3"
    )
    assert failure(model(1, 1, (1, 2)), model(1, 1, (1, 3))) == (
        "the input `x0` of shape (1, 2) has become (1, 3)"
    )
    assert failure(rigged.linear([[1.0, 2.0]]), rigged.linear([[1.0, 2.0]] * 2)) == (
        "output `main/tensor_3` on LiteRT: the shape (1, 1) has become (1, 2)"
    )


def test_indices_that_are_made_up_are_valid() -> None:
    build = ModelBuilder()
    x = build.input((1, 6), TensorType.INT32)
    y = build.tensor((1, 6, 2))
    build.operator("GATHER", [build.constant((5, 2)), x], [y], GatherOptions())
    build.output(y)
    data = write_model(build.build())

    proof = exactly(data, data)

    assert proof.holds
    assert proof.notes == () or not is_installed(Host.TFLM)


def test_an_input_of_unknown_batch_is_run_with_one() -> None:
    build = ModelBuilder()
    build.output(build.unary("ABS", build.input((1, 2), shape_signature=(-1, 2))))
    before = write_model(build.build())
    build = ModelBuilder()
    build.output(build.unary("ABS", build.input((1, 2))))

    assert exactly(before, write_model(build.build())).holds


# What does not run


def test_what_runs_nowhere_is_not_proved() -> None:
    proof = exactly(rigged.custom(), rigged.custom())

    assert proof.method == "none"
    assert not proof.bit_equal
    assert proof.failure is not None
    assert proof.failure.startswith("nothing runs the original and the result: LiteRT does not")
    assert "unresolved custom op: Mystery" in proof.failure


def test_a_result_that_no_longer_runs_is_told() -> None:
    before = rigged.linear([[1.0, 0.0, 0.0, 0.0]] * 4)
    proof = nearly(before, rigged.custom())

    assert proof.failure is not None
    assert proof.failure.startswith("the original runs for each random input; LiteRT does not run")


@needs_tflm
def test_what_only_litert_runs_is_proved_there() -> None:
    proof = exactly(rigged.hybrid(), rigged.hybrid())

    assert proof.holds
    assert proof.method == "litert-reference"
    assert len(proof.notes) == 1
    assert proof.notes[0].startswith("TFLM runs neither the original nor the result")
    assert not exactly(rigged.hybrid(), rigged.hybrid(0.5)).holds


@needs_tflm
@pytest.mark.shared
def test_what_only_tflm_runs_is_proved_there() -> None:
    path = SHARED_MODELS / "tiny" / "person_detect.tflite"
    if not path.exists():
        pytest.skip(f"no models in {SHARED_MODELS}")
    data = path.read_bytes()

    proof = exactly(data, write_model(parse_model(data)))

    assert proof.holds
    assert proof.method == "tflm"


@needs_tflm
def test_a_result_that_tflm_newly_runs_is_held_against_the_original_on_litert() -> None:
    """For a tolerance only: two runtimes need not agree to the bit."""
    build = ModelBuilder()
    x = build.input((1, 4))
    half = build.constant((4,), TensorType.FLOAT16, np.array([1, 2, 3, 4], "<f2").tobytes())
    whole, y = build.tensor((4,)), build.tensor((1, 4))
    build.operator("DEQUANTIZE", [half], [whole])
    build.operator("MUL", [x, whole], [y])
    build.output(y)
    before = write_model(build.build())

    def after(*factors: float) -> bytes:
        build = ModelBuilder()
        x, y = build.input((1, 4)), build.tensor((1, 4))
        build.operator("MUL", [x, build.constant((4,), TensorType.FLOAT32, factors)], [y])
        build.output(y)
        return write_model(build.build())

    proof = nearly(before, after(1, 2, 3, 4))
    assert proof.holds
    assert proof.method == "litert-reference+tflm"
    assert proof.notes == ("TFLM runs the result; it does not run the original",)
    assert exactly(before, after(1, 2, 3, 4)).method == "litert-reference"
    assert not nearly(before, after(1, 2, 3, 9)).holds


@needs_tflm
def test_a_result_is_held_against_litert_where_tflm_goes_by_wrong_shapes() -> None:
    """As Keras 2 stores them for a Conv1D that is dilated, with the batch left open."""
    before = write_model(dilated_network(is_open=True))
    right = write_model(dilated_network(is_open=False))
    proof = nearly(before, right)
    assert proof.holds
    assert proof.method == "litert-reference+tflm"
    assert "TFLM gives other answers to the original than LiteRT does" in proof.notes[0]
    # What leaves the shapes as they are changes nothing for the worse.
    assert nearly(before, before).holds
    assert exactly(before, before).holds
    assert not exactly(before, right).holds
    # It has to be right where it is another one.
    assert not nearly(before, write_model(dilated_network(is_open=False, seed=1))).holds


def test_a_hang_is_no_failed_proof() -> None:
    good = rigged.linear([[1.0]])
    with pytest.raises(HostFailed, match=r"it was ended after 2\.02 seconds, on the original"):
        prove(
            rigged.endless(), rigged.endless(), samples=None, exact=True, tolerance=0,
            limits=Limits(seconds=2),
        )  # fmt: skip
    assert exactly(good, good).holds


def test_a_crash_is_no_failed_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runtime goes down where an input begins with 13."""
    monkeypatch.setitem(hosts._WORKERS, Host.LITERT, "tests.execution.crashing_worker")
    data = rigged.linear([[1.0]])
    with pytest.raises(HostFailed, match=r"LiteRT failed: it crashed \(SIGSEGV\), on the original"):
        exactly(data, data, rigged.samples([13]))


def test_a_missing_runtime_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    data = rigged.linear([[1.0]])
    with monkeypatch.context() as patch:
        patch.setattr(proving, "is_installed", lambda host: False)
        assert "TFLM is not installed (`pip install 'tflint[tflm]'`)" in exactly(data, data).notes
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra):
        exactly(data, data)


# Within a tolerance


def test_integers_at_both_ends_are_the_same_reals() -> None:
    """What the operators QUANTIZE and DEQUANTIZE did is done to inputs and outputs."""
    proof = nearly(rigged.framed(islands=True), rigged.framed(islands=False))

    assert proof.holds
    assert (proof.max_error, proof.mean_error, proof.snr_db) == (0, 0, math.inf)
    assert proof.top1_agreement == 1
    assert not exactly(rigged.framed(islands=True), rigged.framed(islands=False)).holds


@on_litert
def test_classes_that_are_taken_for_one_another_fail() -> None:
    proof = nearly(rigged.classifier(), rigged.classifier(swapped=True))

    assert not proof.holds
    assert proof.top1_agreement is not None
    assert proof.top1_agreement < 0.7
    assert proof.failure is not None
    assert "decisions are the same, less than 98 %" in proof.failure
    assert "these inputs are random: --calibrate DATA judges by real ones" in proof.notes


@on_litert
def test_a_few_close_calls_are_tolerated() -> None:
    before, after = rigged.classifier(), rigged.classifier(shift=0.05)
    assert nearly(before, before).top1_agreement == 1
    proof = nearly(before, after)
    assert proof.holds
    assert 0 < proof.max_error < 0.02
    assert proof.snr_db > 30


@on_litert
def test_the_share_that_may_change_is_the_tolerance() -> None:
    rows = [[1, 0, 0] if i % 2 else [0, 1, 0] for i in range(94)] + [[0.01, 0, 0.015]] * 6
    given = rigged.samples(*rows)
    before, after = rigged.classifier(), rigged.classifier(shift=0.1)

    assert nearly(before, after, given).failure is not None
    proof = nearly(before, after, given, tolerance=0.06)
    assert proof.holds
    assert proof.top1_agreement == pytest.approx(0.94)


@on_litert
def test_positives_that_vanish_fail_although_nearly_all_decisions_are_the_same() -> None:
    """Ten of 500: a model that never says yes agrees in 98 % of the cases."""
    before, never = rigged.detector(-1.0), rigged.detector(-9.0)

    proof = nearly(before, never, rigged.rare())

    assert proof.top1_agreement == 0.98
    assert proof.failure is not None
    assert "0 of 10 positive answers are left, less than 95 %" in proof.failure
    assert nearly(before, before, rigged.rare()).holds


@on_litert
def test_positives_that_are_made_up_fail() -> None:
    before, more = rigged.detector(-1.0), rigged.detector(-0.7495)
    proof = nearly(before, more, rigged.rare(), tolerance=0.03)
    assert proof.failure is not None
    assert "positive answers are new, more than 7.5 %" in proof.failure


@on_litert
def test_a_logit_decides_by_its_sign() -> None:
    before = rigged.detector(-1.0, tail=False)
    proof = nearly(before, rigged.detector(-9.0, tail=False), rigged.rare())
    assert proof.failure is not None
    assert "0 of 10 positive answers are left" in proof.failure


@pytest.mark.parametrize(
    ("change", "make"), [("softmax", rigged.classifier), ("logistic", rigged.detector)]
)
def test_an_output_that_became_logits_is_compared_as_what_it_was(change: str, make: object) -> None:
    if make is rigged.classifier:
        before, after = rigged.classifier(), rigged.classifier(tail=False)
    else:
        before, after = rigged.detector(0.1), rigged.detector(0.1, tail=False)

    assert nearly(before, after, None, OutputChange(0, change)).max_error < 1e-6
    assert nearly(before, after, None, OutputChange(0, change)).holds
    assert not nearly(before, after).holds


@on_litert
def test_regressions_are_held_to_their_error() -> None:
    build = ModelBuilder()
    x = build.input((1, 3, 3, 2))
    build.output(build.unary("ABS", x))
    before = write_model(build.build())

    def scaled(factor: float) -> bytes:
        build = ModelBuilder()
        x, y = build.input((1, 3, 3, 2)), build.tensor((1, 3, 3, 2))
        factors = build.constant((1,), TensorType.FLOAT32, (factor,))
        build.operator("MUL", [build.unary("ABS", x), factors], [y])
        build.output(y)
        return write_model(build.build())

    good, bad = nearly(before, scaled(1.01)), nearly(before, scaled(1.3))
    assert good.holds
    assert good.top1_agreement is None
    assert bad.failure is not None
    assert "more than 2 % of the range" in bad.failure


@on_litert
def test_accuracy_is_measured_where_labels_are_given() -> None:
    rows = [[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0], [0.5, 0, 0]]
    given = rigged.samples(*rows, labels=[0, 1, 2, 1])
    before, after = rigged.classifier(), rigged.classifier(swapped=True)

    same, worse = nearly(before, before, given), nearly(before, after, given)

    assert (same.accuracy_before, same.accuracy_after) == (0.75, 0.75)
    assert (worse.accuracy_before, worse.accuracy_after) == (0.75, 0.5)
    assert nearly(before, before, rigged.samples(*rows)).accuracy_before is None


@on_litert
def test_nothing_may_stop_being_a_number() -> None:
    def scaled(factor: float) -> bytes:
        build = ModelBuilder()
        x, y = build.input((1, 2)), build.tensor((1, 2))
        factors = build.constant((2,), TensorType.FLOAT32, (1.0, factor))
        build.operator("MUL", [x, factors], [y])
        build.output(y)
        return write_model(build.build())

    proof = nearly(scaled(2), scaled(math.nan))

    assert proof.failure is not None
    assert "is not finite for a random input" in proof.failure
    assert (proof.max_error, proof.snr_db) == (math.inf, -math.inf)


@on_litert
def test_extremes_have_to_be_finite_but_not_right() -> None:
    """The result saturates where no sample goes."""
    given = rigged.samples(*([math.sin(i)] for i in range(50)))
    before = rigged.linear([[2.0]])
    build = ModelBuilder()
    y = rigged.dense(build, build.input((1, 1)), [[1.0]], [0.0])
    low, clipped, z = (build.tensor((1, 1)) for _ in range(3))
    build.operator("MAXIMUM", [y, build.constant((1,), TensorType.FLOAT32, (-1.0,))], [low])
    build.operator("MINIMUM", [low, build.constant((1,), TensorType.FLOAT32, (1.0,))], [clipped])
    build.operator("ADD", [clipped, clipped], [z])
    build.output(z)
    after = write_model(build.build())

    assert nearly(before, after, given).holds
    build = ModelBuilder()
    y = rigged.dense(build, build.input((1, 1)), [[2.0]], [0.0])
    flat, z = build.tensor((1, 1)), build.tensor((1, 1))
    zero = build.constant((1,), TensorType.FLOAT32, (0.0,))
    build.operator("MUL", [build.unary("EXP", build.unary("ABS", y)), zero], [flat])
    build.operator("ADD", [flat, y], [z])
    build.output(z)
    proof = nearly(before, write_model(build.build()), given)
    assert proof.failure is not None
    assert "is not finite for an extreme input" in proof.failure


@on_litert
def test_samples_for_another_model_are_refused() -> None:
    data = rigged.difference(turned=False)
    with pytest.raises(UsageError, match="the samples are for 1 input, the model takes 2"):
        exactly(data, data, rigged.samples([1, 2]))


@on_litert
def test_more_samples_than_there_is_time_for_are_spread_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(proving, "_MOST", 0)
    data = rigged.linear([[1.0]])
    proof = exactly(data, data, rigged.samples(*([float(i)] for i in range(100))))

    assert "16 of 100 samples were run: all would take too long" in proof.notes


@on_litert
def test_quantised_rewrites_may_be_a_step_off() -> None:
    before = write_model(rigged.network(TensorType.INT8))
    model = parse_model(before)
    build = dataclasses.replace(model, description="the same")
    assert nearly(before, write_model(build)).holds
    other = write_model(rigged.network(TensorType.INT8, seed=1))
    assert not nearly(before, other).holds


def test_inputs_that_no_runtime_takes_ask_for_others() -> None:
    """A shape that is an input may be none of those that are made up."""
    build = ModelBuilder()
    x, shape = build.input((1, 6)), build.input((2,), TensorType.INT32)
    y = build.tensor((2, 3), shape_signature=(-1, -1))
    hybrid = build.fully_connected(x, 6, weights=TensorType.INT8)  # Not for TFLM.
    build.operator("RESHAPE", [hybrid, shape], [y])
    build.output(y)
    data = write_model(build.build())

    proof = exactly(data, data)
    assert proof.failure is not None
    assert proof.failure.endswith("--calibrate gives it other inputs")
    given = Samples((np.ones((2, 1, 6), np.float32), np.array([[2, 3], [2, 3]], np.int32)))
    proof = exactly(data, data, given)
    assert proof.holds
    assert any("was not run for any random input" in note for note in proof.notes)


@on_litert
def test_a_model_without_inputs_is_run_once() -> None:
    build = ModelBuilder()
    build.output(build.unary("ABS", build.constant((1, 2))))
    data = write_model(build.build())

    proof = exactly(data, data)

    assert proof.holds
    assert proof.inputs == 1


@pytest.mark.parametrize(
    ("shape", "type", "reason"),
    [
        ((1, 2), TensorType.STRING, "is of type STRING, which cannot be compared"),
        ((2**30, 2**30), TensorType.FLOAT32, "is too large to be run here"),
        ((1,) * 70, TensorType.FLOAT32, "is too large to be run here"),
    ],
)
def test_what_cannot_be_made_up_fails_the_proof(
    shape: tuple[int, ...], type: TensorType, reason: str
) -> None:
    build = ModelBuilder()
    build.input(shape, type, name="x")
    proof = exactly(write_model(build.build()), write_model(build.build()))
    assert proof.failure == f"`x` {reason}"


@pytest.mark.parametrize("shape", [(0,), (1, 0), (2, 0, 3)])
def test_empty_inputs_do_no_harm(shape: tuple[int, ...]) -> None:
    build = ModelBuilder()
    build.output(build.unary("ABS", build.input(shape)))
    data = write_model(build.build())
    for proof in (exactly(data, data), nearly(data, data)):
        assert proof.method in ("none", "litert-reference", "tflm", BOTH)


@on_litert
def test_a_model_with_two_outputs_of_which_one_changes_fails() -> None:
    def model(factor: float) -> bytes:
        build = ModelBuilder()
        x = build.input((1, 4))
        y = build.tensor((1, 4))
        factors = build.constant((1,), TensorType.FLOAT32, (factor,))
        build.operator("MUL", [x, factors], [y])
        build.output(build.unary("ABS", x), y)
        return write_model(build.build())

    assert nearly(model(1.0), model(1.001)).holds
    proof = nearly(model(1.0), model(-1.0))
    assert proof.failure is not None
    assert proof.failure.startswith("output `main/tensor_1` on LiteRT: ")


def test_optimised_kernels_stand_in_where_there_is_no_reference_kernel() -> None:
    def model(type: TensorType, factor: float = 1.0) -> bytes:
        build = ModelBuilder()
        x = build.input((1, 6), type)
        scaled = build.tensor((1, 6), type, per_tensor(0.05 * factor))
        build.operator("QUANTIZE", [x], [scaled])
        y = build.unary("ELU", scaled)
        build.output(y)
        return write_model(build.build())

    data = model(TensorType.INT8)
    proof = exactly(data, data)

    assert proof.holds
    assert proof.method == BOTH.replace("-reference", "")
    assert not exactly(data, model(TensorType.INT8, 1.5)).holds


@on_litert
def test_random_numbers_are_told() -> None:
    build = ModelBuilder()
    x = build.input((1, 8))
    noise, y = build.tensor((1, 8)), build.tensor((1, 8))
    shape = build.constant((2,), TensorType.INT32, (1, 8))
    build.operator("RANDOM_UNIFORM", [shape], [noise], RandomOptions())
    build.operator("ADD", [x, noise], [y])
    build.output(y)
    data = write_model(build.build())

    proof = exactly(data, data)

    assert proof.failure is not None
    assert proof.failure.endswith("(the model draws random numbers)")
