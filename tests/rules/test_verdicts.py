"""What a rule says is true of the runtime that it speaks for."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tests.rules.findings import findings
from tests.tflm_worker import runs_on_tflm
from tflint.finding import Severity
from tflint.lint.registry import all_rules, find_rule
from tflint.lint.runner import check_example
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_channel, per_tensor
from tflint.model.schema import (
    FullyConnectedOptions,
    ReshapeOptions,
    SoftmaxOptions,
    SparsityParameters,
    TensorType,
)
from tflint.model.tables import Model, QuantizationParameters
from tflint.model.writer import write_model
from tflint.rule import Rule
from tflint.target.target import find_target
from tflint_rules.example_models import flex_options

INT8 = TensorType.INT8


def rule(code: str) -> type[Rule]:
    found = find_rule(code)
    assert found is not None
    return found


def convolution(filter_quantization: QuantizationParameters) -> Model:
    model = ModelBuilder()
    model.output(model.conv_2d(model.input((1, 8, 8, 1), INT8), filters=4, kernel=3))
    weights = model.operators[0].inputs[1]
    model.tensors[weights] = dataclasses.replace(
        model.tensors[weights], quantization=filter_quantization
    )
    return model.build()


FOUR = per_channel((0.01,) * 4, 0)


@pytest.mark.parametrize(
    "quantization",
    [
        pytest.param(FOUR, id="sound"),
        pytest.param(per_channel((0.01,) * 3, 0), id="three scales for four filters"),
        pytest.param(dataclasses.replace(FOUR, quantized_dimension=9), id="no such dimension"),
        pytest.param(dataclasses.replace(FOUR, quantized_dimension=2), id="another dimension"),
        pytest.param(dataclasses.replace(FOUR, zero_point=(0,)), id="one zero point"),
        pytest.param(dataclasses.replace(FOUR, zero_point=()), id="no zero point"),
    ],
)
def test_bad_quantization_is_an_error_where_tflm_refuses_it(
    quantization: QuantizationParameters, tmp_path: Path
) -> None:
    model = convolution(quantization)
    errors = [f for f in findings("TFL006", model) if f.severity is Severity.ERROR]

    path = tmp_path / "model.tflite"
    path.write_bytes(write_model(model))
    ((ran, log),) = runs_on_tflm([path])
    assert ran is (not errors), log


@pytest.mark.parametrize(
    ("name", "type", "scale", "beta"),
    [
        ("SOFTMAX", TensorType.INT8, 2.0**-26, 1.0),
        ("SOFTMAX", TensorType.INT8, 1.01 * 2.0**-26, 1.0),
        ("SOFTMAX", TensorType.INT8, 2.0**-25, 0.25),
        ("SOFTMAX", TensorType.INT8, 2.0**-10, 0.0),
        ("SOFTMAX", TensorType.INT8, 2.0**-10, None),
        ("SOFTMAX", TensorType.INT16, 2.0**-27, 1.0),
        ("LOG_SOFTMAX", TensorType.INT8, 2.0**-27, None),
        ("LOG_SOFTMAX", TensorType.INT8, 2.0**-25, None),
    ],
)
def test_a_softmax_of_next_to_nothing_is_an_error_where_tflm_stops(
    name: str, type: TensorType, scale: float, beta: float | None, tmp_path: Path
) -> None:
    pytest.importorskip("tflite_micro", reason="needs the extra `tflm`")
    model = ModelBuilder()
    x = model.input((1, 8), type, per_tensor(scale))
    fixed = {"LOG_SOFTMAX": per_tensor(1 / 16, 127), "SOFTMAX": per_tensor(1 / 256, -128)}[name]
    y = model.tensor((1, 8), type, per_tensor(1 / 32768) if type is TensorType.INT16 else fixed)
    options = None if beta is None else SoftmaxOptions(beta=beta)
    model.operator(name, [x], [y], options)
    model.output(y)
    built = model.build()
    path = tmp_path / "m.tflite"
    path.write_bytes(write_model(built))
    ((ran, _),) = runs_on_tflm([path])

    assert (not findings("TFL006", built)) is ran
    assert findings("TFL006", built, "litert") == ()


def test_what_a_runtime_tolerates_is_one_finding_for_all_tensors() -> None:
    model = ModelBuilder()
    x = model.input((1, 8, 8, 2), TensorType.INT8)
    for _ in range(5):
        x = model.conv_2d(x, 2, 1)
        bias = model.operators[-1].inputs[2]
        found = model.tensors[bias].quantization
        assert found is not None
        wrong = dataclasses.replace(found, quantized_dimension=3)
        model.tensors[bias] = dataclasses.replace(model.tensors[bias], quantization=wrong)
    model.output(x)
    (finding,) = findings("TFL006", model.build())

    assert finding.severity is Severity.WARNING
    assert "and 4 more: quantised along dimension 3" in finding.message
    assert len(findings("TFL006", model.build(), "litert")) == 5


def test_a_missing_kernel_is_one_finding_for_all_that_need_it() -> None:
    model = ModelBuilder()
    x = model.input((1, 8))
    for name in ("GELU", "RELU", "GELU", "SIGN"):
        x = model.unary(name, x)
    model.output(x)
    gelu, sign = findings("TFL203", model.build())

    says = "Failed to get registration from op code"
    assert gelu.message == (f'TFLM has no GELU kernel, which GELU #0, GELU #2 need ("{says} GELU")')
    assert gelu.location.operator == 0
    assert sign.message == f'TFLM has no SIGN kernel ("{says} SIGN")'


def test_sparse_weights_are_one_finding() -> None:
    """TFLM lacks the operator that expands them, so it never comes to read them wrong."""
    model = ModelBuilder()
    x = model.input((1, 8))
    for _ in range(3):
        stored, w, y = model.constant((8, 8)), model.tensor((8, 8)), model.tensor((1, 8))
        sparse = dataclasses.replace(model.tensors[stored], sparsity=SparsityParameters())
        model.tensors[stored] = sparse
        model.operator("DENSIFY", [stored], [w])
        model.operator("FULLY_CONNECTED", [x, w, -1], [y], FullyConnectedOptions())
        x = y
    model.output(x)
    built = model.build()

    (finding,) = findings("TFL203", built)
    assert "dense weights" in finding.help
    for code in ("TFL212", "TFL605"):
        assert findings(code, built) == ()
    assert findings("TFL605", built, "litert") == ()


def test_lists_of_tensors_are_named_by_the_operators_that_make_them() -> None:
    model = ModelBuilder()
    x, y = model.input((1, 8)), model.tensor((1,), TensorType.VARIANT)
    model.operator("FlexTensorListReserve", [x], [y])
    model.output(model.unary("RELU", x))
    assert findings("TFL205", model.build()) == ()

    model.operators.clear()
    model.output(model.unary("RELU", x))
    assert "VARIANT" in findings("TFL205", model.build())[0].message


def test_options_of_another_operator_are_no_options() -> None:
    """A runtime that finds another member in the union takes all options for zero."""
    model = ModelBuilder()
    x, y = model.input((1, 8, 8, 1)), model.tensor((1, 6, 6, 2))
    model.operator(
        "CONV_2D", [x, model.constant((2, 3, 3, 1)), model.constant((2,))], [y], ReshapeOptions()
    )
    model.output(y)

    assert [f.severity for f in findings("TFL005", model.build())] == [Severity.ERROR]


def test_a_buffer_that_tensors_share_takes_flash_once() -> None:
    model = ModelBuilder()
    x, buffer = model.input((1, 64), INT8), model.buffer(bytes(4096))
    for _ in range(4):
        y = model.tensor((1, 64), INT8)
        weights = model.tensor((64, 64), INT8, per_tensor(0.1), buffer=buffer)
        model.operator("FULLY_CONNECTED", [x, weights, -1], [y], FullyConnectedOptions())
        x = y
    model.output(x)
    file = write_model(model.build())

    assert len(file) < 8 * 1024
    assert findings("TFL302", file, "cortex-m4:flash=8K") == ()


def test_a_tensor_is_said_with_its_subgraph_even_if_no_operator_reads_it() -> None:
    model = ModelBuilder()
    model.output(model.unary("RELU", model.input((1, 4))))
    model.constant((100_000,))
    (finding,) = findings("TFL302", model.build())

    assert (finding.location.subgraph, finding.location.tensor) == (0, 2)


def test_a_custom_operator_is_no_builtin_whatever_its_name() -> None:
    model = ModelBuilder()
    x, y = model.input((1, 4), TensorType.FLOAT64), model.tensor((1, 4))
    model.operator("MyOp", [x], [y])
    model.output(y)
    built = model.build()
    code = dataclasses.replace(built.operator_codes[0], custom_code="SOFTMAX")

    assert findings("TFL205", dataclasses.replace(built, operator_codes=(code,))) == ()


def test_tensorflows_convolution_has_the_layout_of_its_attributes() -> None:
    model = ModelBuilder()
    x, y = model.input((1, 32, 32, 1)), model.tensor((1, 30, 30, 8))
    options = flex_options("Conv2D", {"data_format": "NHWC", "padding": "VALID"})
    model.operator("FlexConv2D", [x, model.constant((3, 3, 1, 8))], [y], custom_options=options)
    model.output(model.fully_connected(model.flatten(y), units=16))
    (finding,) = findings("TFL301", model.build())

    assert "30 x 30 x 8" in finding.message


def test_a_message_stays_readable_however_many_inputs_an_operator_has() -> None:
    model = ModelBuilder()
    x, y = model.input((1, 4), TensorType.FLOAT64), model.tensor((1, 4))
    model.operator("ADD", [x] * 20_000, [y])
    model.output(y)

    found = check_example(model.build(), all_rules(), find_target("tflm")).findings
    assert found
    assert max(len(finding.message) for finding in found) < 5_000


@pytest.mark.parametrize("option", [["TFL2"], ["hybrid-kernel"]])
def test_an_unreadable_file_never_passes_for_checked(option: list[str]) -> None:
    """Whichever rules are selected: a file that was not looked at is not a clean one."""
    from tflint.lint.selection import select_rules

    report = check_example(
        b"no model at all, but long enough", select_rules(option, []), find_target("tflm")
    )
    assert report.findings


def test_a_readable_file_is_only_seen_by_the_rules_that_were_selected() -> None:
    from tflint.lint.selection import select_rules

    model = ModelBuilder()
    model.output(model.unary("RELU", model.input((1, 4))))
    odd = dataclasses.replace(model.build(), version=4)

    assert findings("TFL001", odd)
    others = select_rules([], ["TFL001", "TFL7"])
    assert check_example(odd, others, find_target("litert")).findings == ()


@pytest.mark.parametrize(
    ("shape", "computed", "target", "errors"),
    [
        pytest.param((1, 3), False, "tflm", 1, id="TFLM takes the file's word"),
        pytest.param((1, 3), True, "tflm", 1, id="also where the shape is computed"),
        pytest.param((1, 3), False, "litert", 1, id="LiteRT follows a constant"),
        pytest.param((1, 3), True, "litert", 0, id="what it computes is not in the file"),
        pytest.param((), False, "tflm", 0, id="a shape that may just be unknown"),
    ],
)
def test_a_reshape_is_wrong_only_where_both_shapes_are_known(
    shape: tuple[int, ...], computed: bool, target: str, errors: int
) -> None:
    model = ModelBuilder()
    x, y = model.input((1, 4)), model.tensor(shape)
    int32 = TensorType.INT32
    to = model.input((2,), int32) if computed else model.constant((2,), int32, (1, 3))
    model.operator("RESHAPE", [x, to], [y])
    model.output(y)

    assert len(findings("TFL004", model.build(), target)) == errors
