"""TensorFlow's operators in NumPy give what TensorFlow gives."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.fix.flex_models import Recorded, flex, recorded
from tests.runtimes import Array
from tflint.analysis.flex.table import PLANS
from tflint.errors import HostFailed, ModelRefused
from tflint.execution.process import Limits
from tflint.fix.proof.flex_reference import has_flex, run_with_flex
from tflint.fix.proof.tensorflow.table import KERNELS
from tflint.model.builder import ModelBuilder
from tflint.model.schema import TensorType, WhileOptions
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint_rules.example_models import Attribute, flex_conv

CASES = recorded()
A = np.zeros((2, 3), np.float32)


def _run(model: Model, *inputs: Array) -> tuple[Array, ...]:
    return run_with_flex(write_model(model), [array[None] for array in inputs])


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_an_operator_gives_what_tensorflow_gives(case: Recorded) -> None:
    model, inputs = case.model()

    found = _run(model, *inputs)

    assert len(found) == len(case.outputs)
    for a, b in zip(found, case.outputs, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a[0], b, rtol=2e-6, atol=2e-6)


def test_there_is_a_kernel_for_every_operator_that_is_rewritten() -> None:
    assert not set(PLANS) - set(KERNELS)


def test_most_operators_that_are_rewritten_were_recorded() -> None:
    # What TensorFlow does not run by itself, and other names of the same.
    others = {
        "BatchMatMulV3",
        "CheckNumerics",
        "EnsureShape",
        "FusedBatchNorm",
        "FusedBatchNormV2",
        "IdentityN",
        "Snapshot",
    }
    assert set(PLANS) - {case.operator for case in CASES} == others


def test_samples_stay_apart() -> None:
    (case,) = (case for case in CASES if case.name == "Conv2D SAME NCHW")
    model, (x,) = case.model()

    (found,) = run_with_flex(write_model(model), [np.stack([x, x * 2, x * 0])])

    np.testing.assert_allclose(found[1], found[0] * 2, rtol=1e-6)
    assert not found[2].any()


def _sandwich() -> Model:
    """A builtin, an operator of TensorFlow, two builtins."""
    model = ModelBuilder()
    x = model.unary("NEG", model.input((2, 3)))
    (y,) = flex(model, "Softsign", [x], [A], {})
    model.output(model.unary("RELU", model.unary("NEG", y)), x)
    return model.build()


def test_builtins_between_run_on_litert() -> None:
    pytest.importorskip("ai_edge_litert", reason="needs the extra `quantize`")
    x = np.array([[1, -2, 3], [0, 1, -0.5]], np.float32)

    found, negated = _run(_sandwich(), x)

    np.testing.assert_allclose(found[0], np.maximum(x / (1 + np.abs(x)), 0), rtol=1e-6)
    np.testing.assert_array_equal(negated[0], -x)


def test_builtins_without_a_reference_kernel_run_all_the_same() -> None:
    pytest.importorskip("ai_edge_litert", reason="needs the extra `quantize`")
    model = ModelBuilder()
    (x,) = flex(model, "Neg", [model.input((2, 3))], [A], {})
    model.output(model.unary("ELU", x))

    (found,) = _run(model.build(), A + 1)

    np.testing.assert_allclose(found[0], A + np.expm1(-1), rtol=1e-6)


def test_a_model_without_such_operators_has_none() -> None:
    assert has_flex(flex_conv("NCHW"))
    model = ModelBuilder()
    model.output(model.unary("RELU", model.input((1, 4))))
    assert not has_flex(model.build())


def _single(name: str, attributes: dict[str, Attribute], *constants: Array) -> Model:
    model = ModelBuilder()
    operands = [model.input((2, 3))]
    for array in constants:
        type = TensorType[array.dtype.name.upper()]
        operands.append(model.constant(array.shape, type, array.tobytes()))
    model.output(*flex(model, name, operands, [A], attributes))
    return model.build()


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (_single("RFFT2D", {}), "RFFT2D is not known"),
        (_single("Conv2D", {}, np.zeros((1, 1, 1, 1), np.float32)), "`strides`"),
        (_single("Reshape", {}, np.array([5, 5], np.int32)), "does not take"),
        (_single("Reshape", {}), "does not take"),
        (_single("Tile", {}, np.array([1 << 20, 1 << 20], np.int32)), "too large"),
        (_single("Pad", {}, np.full((2, 2), 1 << 30, np.int32)), "too large"),
        (_single("BroadcastTo", {}, np.full(3, 1 << 20, np.int32)), "too large"),
        (_single("FusedBatchNormV3", {"is_training": True}), "from the batch"),
        (_single("BiasAdd", {"data_format": "NCHW_VECT_C"}), "does not take"),
    ],
)
def test_what_cannot_be_run_is_refused(model: Model, why: str) -> None:
    with pytest.raises(ModelRefused, match=why):
        _run(model, A)


def test_variables_and_control_flow_are_refused() -> None:
    model = ModelBuilder()
    x = model.input((2, 3))
    state = model.tensor((2, 3), is_variable=True)
    (y,) = flex(model, "AddV2", [x, state], [A], {})
    model.output(y)
    with pytest.raises(ModelRefused, match="variables"):
        _run(model.build(), A)

    model = ModelBuilder()
    x, y = model.input((2, 3)), model.tensor((2, 3))
    model.operator("WHILE", [x], [y], WhileOptions(1, 1))
    model.output(y)
    body = model.subgraph("body")
    body.output(*flex(body, "Relu", [body.input((2, 3))], [A], {}))
    with pytest.raises(ModelRefused, match="control flow"):
        _run(model.build(), A)


def test_a_value_that_nothing_makes_is_refused() -> None:
    model = ModelBuilder()
    model.input((2, 3))
    model.output(*flex(model, "Relu", [model.tensor((2, 3))], [A], {}))
    with pytest.raises(ModelRefused, match="nothing makes"):
        _run(model.build(), A)


def test_an_operator_that_lacks_an_input_is_refused() -> None:
    model = _single("Relu", {})
    (operator,) = model.subgraphs[0].operators
    operator = dataclasses.replace(operator, inputs=(-1,))
    graph = dataclasses.replace(model.subgraphs[0], operators=(operator,))
    with pytest.raises(ModelRefused, match="lacks an input"):
        _run(dataclasses.replace(model, subgraphs=(graph,)), A)


def test_samples_are_taken_in_turns_when_they_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    (case,) = (case for case in CASES if case.name == "Conv2D SAME NCHW")
    model, (x,) = case.model()
    many = np.stack([x * i for i in range(7)])
    whole = run_with_flex(write_model(model), [many])

    monkeypatch.setattr("tflint.fix.proof.flex_reference._MOST_BYTES", 1)

    np.testing.assert_array_equal(run_with_flex(write_model(model), [many])[0], whole[0])


def test_a_run_ends_when_its_time_is_up() -> None:
    with pytest.raises(HostFailed, match="too long"):
        run_with_flex(write_model(_single("Relu", {})), [A[None]], Limits(seconds=0.0))


def test_turns_between_the_two_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tflint.fix.proof.flex_reference._MOST_PARTS", 1)
    pytest.importorskip("ai_edge_litert", reason="needs the extra `quantize`")
    with pytest.raises(ModelRefused, match="take turns"):
        _run(_sandwich(), A)


def test_weights_of_float16_take_no_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tflint.fix.proof.flex_reference._MOST_PARTS", 0)
    model = ModelBuilder()
    stored = model.constant((3, 2), TensorType.FLOAT16)
    weights = model.tensor((3, 2))
    model.operator("DEQUANTIZE", [stored], [weights])
    model.output(*flex(model, "MatMul", [model.input((2, 3)), weights], [A[:, :2]], {}))

    (found,) = _run(model.build(), np.eye(2, 3, dtype=np.float32))

    data = model.buffers[model.tensors[stored].buffer].data
    assert data is not None
    np.testing.assert_array_equal(found[0], np.frombuffer(data, np.float16).reshape(3, 2)[:2])
