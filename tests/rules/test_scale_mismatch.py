"""TFL405 against TFLM and LiteRT: what it warns of is wrong there, what it lets pass is right."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.rules.findings import findings as findings_of
from tests.tflm_worker import runs_on_tflm
from tflint.finding import Finding, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import GraphBuilder, per_channel, per_tensor
from tflint.model.schema import (
    AddOptions,
    ConcatenationOptions,
    PackOptions,
    SpaceToBatchNDOptions,
    TensorType,
)
from tflint.model.tables import Model, QuantizationParameters, Tensor
from tflint.model.writer import write_model

INT8, INT16, INT32 = TensorType.INT8, TensorType.INT16, TensorType.INT32
IN = per_tensor(1 / 16)
STORED = (16, -16, 32, -32)

# Prints what comes out of a model with one int8 input that is given STORED.
RUN = """
import json, sys
import numpy as np
from tflite_micro import runtime
interpreter = runtime.Interpreter.from_file(sys.argv[1], arena_size=1 << 16)
if len(sys.argv) > 2:
    given = np.array(json.loads(sys.argv[2]), np.int8)
    interpreter.set_input(given.reshape(interpreter.get_input_details(0)["shape"]), 0)
interpreter.invoke()
print(json.dumps(interpreter.get_output(0).ravel().tolist()))
"""


def findings(model: Model, target: str = "tflm", code: str = "TFL405") -> tuple[Finding, ...]:
    return findings_of(code, model, target)


def run_on_tflm(
    model: Model, folder: Path, given: Sequence[int] | None = STORED, perturb: str = "0"
) -> list[float]:
    pytest.importorskip("tflite_micro", reason="needs the extra `tflm`")
    path = folder / "m.tflite"
    path.write_bytes(write_model(model))
    arguments = [] if given is None else [json.dumps(given)]
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(path), *arguments],
        capture_output=True,
        check=True,
        env={**os.environ, "MALLOC_PERTURB_": perturb},
    )
    result: list[float] = json.loads(done.stdout)
    return result


def unary(name: str, quantization: QuantizationParameters, type: TensorType = INT8) -> Model:
    model = ModelBuilder()
    x = model.input((1, 4), type, IN)
    y = model.tensor((1, 4), type, quantization)
    arguments = {
        "RESHAPE": lambda: [model.constant((2,), INT32, (1, 4))],
        "TRANSPOSE": lambda: [model.constant((2,), INT32, (0, 1))],
        "EXPAND_DIMS": lambda: [model.constant((), INT32, (0,))],
    }
    more = arguments[name]() if name in arguments else []
    model.operator(name, [x, *more], [y])
    model.output(y)
    return model.build()


def binary(
    name: str,
    quantizations: Sequence[QuantizationParameters | None],
    output: QuantizationParameters | None = IN,
    type: TensorType = INT8,
) -> Model:
    """An operator with an input for each quantisation given."""
    model = ModelBuilder()
    inputs = []
    for quantization in quantizations:
        x = model.input((1, 4), type, IN)
        model.tensors[x] = replace_quantization(model, x, quantization)
        inputs.append(x)
    shapes = {"CONCATENATION": (1, 4 * len(inputs)), "PACK": (len(inputs), 1, 4)}
    options = {
        "CONCATENATION": ConcatenationOptions(axis=1),
        "PACK": PackOptions(values_count=len(inputs)),
        "ADD": AddOptions(),
    }
    y = model.tensor(shapes.get(name, (1, 4)), type, output)
    model.tensors[y] = replace_quantization(model, y, output)
    model.operator(name, inputs, [y], options.get(name))
    model.output(y)
    return model.build()


def replace_quantization(
    model: GraphBuilder, tensor: int, quantization: QuantizationParameters | None
) -> Tensor:
    return dataclasses.replace(model.tensors[tensor], quantization=quantization)


def reals(stored: Sequence[float], quantization: QuantizationParameters) -> list[float]:
    return [quantization.scale[0] * (q - quantization.zero_point[0]) for q in stored]


@pytest.mark.parametrize("name", ["RESHAPE", "TRANSPOSE", "RELU6"])
@pytest.mark.parametrize("factor", [2.0, 0.8])
def test_the_ratio_in_the_warning_is_what_comes_out(
    name: str, factor: float, tmp_path: Path
) -> None:
    output = per_tensor(factor / 16)
    model = unary(name, output)
    (finding,) = findings(model)
    found = re.search(r"come out ([\d.]+) times too (large|small)", finding.message)
    assert found is not None
    stated = float(found[1]) if found[2] == "large" else 1 / float(found[1])

    expected = reals(STORED, IN) if name != "RELU6" else [1, 0, 2, 0]
    got = reals(run_on_tflm(model, tmp_path), output)
    assert finding.severity is Severity.WARNING
    assert got == pytest.approx([stated * value for value in expected], rel=0.01)


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(lambda: unary("RELU", per_tensor(1 / 8, -128)), id="RELU"),
        pytest.param(lambda: unary("ABS", per_tensor(1 / 8, 5)), id="ABS"),
        pytest.param(lambda: unary("RESHAPE", IN), id="RESHAPE with one scale"),
    ],
)
def test_what_passes_is_right(model: Callable[[], Model], tmp_path: Path) -> None:
    built = model()
    assert findings(built) == ()

    name = built.operator_codes[0].name
    right = {"RELU": [1, 0, 2, 0], "ABS": [1, 1, 2, 2]}.get(name, reals(STORED, IN))
    output = built.subgraphs[0].tensors[built.subgraphs[0].outputs[0]].quantization
    assert output is not None
    assert reals(run_on_tflm(built, tmp_path), output) == pytest.approx(right, abs=0.13)


JUDGED = {
    "sigmoid": unary("LOGISTIC", per_tensor(1 / 256, -128)),
    "sigmoid's zero point": unary("LOGISTIC", per_tensor(1 / 256, -127)),
    "sigmoid's scale": unary("LOGISTIC", per_tensor(1 / 128, -128)),
    "softmax, almost": unary("SOFTMAX", per_tensor(1 / 255, -128)),
    "int16 tanh": unary("TANH", per_tensor(2**-15, 0), INT16),
    "near int16 tanh": unary("TANH", per_tensor(2**-15 * 1.0005, 0), INT16),
    "not so near": unary("TANH", per_tensor(2**-15 * 1.001, 0), INT16),
    "int16 zero point": unary("RELU", per_tensor(1 / 16, 3), INT16),
    "concatenation": binary("CONCATENATION", [IN, IN]),
    "concatenation of five": binary("CONCATENATION", [IN] * 5),
    "the last differs": binary("CONCATENATION", [*[IN] * 4, per_tensor(0.1)]),
    "the first differs": binary("CONCATENATION", [per_tensor(0.1), IN]),
    "one without a scale": binary("CONCATENATION", [IN, None]),
    "none with a scale": binary("CONCATENATION", [None, None], None),
    "pack": binary("PACK", [IN, per_tensor(0.1)]),
    "sum of alike": binary("ADD_N", [IN, IN], per_tensor(0.1)),
    "sum of unlike": binary("ADD_N", [IN, per_tensor(0.1)]),
    "sum with zero points": binary("ADD_N", [per_tensor(1 / 16, 4)] * 2),
    "add rescales": binary("ADD", [IN, per_tensor(0.1, 9)]),
    "int16 product": binary("MUL", [per_tensor(0.1, 1), IN], type=INT16),
}


def test_errors_are_what_tflm_refuses(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.tflite" for number in range(len(JUDGED))]
    for path, model in zip(paths, JUDGED.values(), strict=True):
        path.write_bytes(write_model(model))
    ran = {name: outcome[0] for name, outcome in zip(JUDGED, runs_on_tflm(paths), strict=True)}
    passed = {
        name: not any(finding.severity is Severity.ERROR for finding in findings(model))
        for name, model in JUDGED.items()
    }

    assert passed == ran
    assert 5 < sum(ran.values()) < len(ran) - 5


@pytest.mark.parametrize(
    ("off", "refused"), [(0.0, False), (5e-7, False), (2e-6, True), (1e-3, True)]
)
@pytest.mark.parametrize("scale", [1 / 16, 1 / 1024])
def test_pools_compare_scales_absolutely(
    off: float, refused: bool, scale: float, tmp_path: Path
) -> None:
    model = ModelBuilder()
    x = model.input((1, 4, 4, 1), INT8, per_tensor(scale))
    y = model.pool_2d(x)
    model.tensors[y] = replace_quantization(model, y, per_tensor(scale + off))
    model.output(y)
    built = model.build()
    path = tmp_path / "m.tflite"
    path.write_bytes(write_model(built))

    assert bool(findings(built)) is refused
    assert runs_on_tflm([path])[0][0] is not refused


def test_a_difference_too_small_to_matter_is_none() -> None:
    assert findings(unary("RESHAPE", per_tensor(1.003 / 16))) == ()
    assert findings(unary("RESHAPE", per_tensor(1.005 / 16))) != ()


def test_a_zero_point_of_weights_that_tflm_ignores() -> None:
    model = ModelBuilder()
    model.output(model.conv_2d(model.input((1, 4, 4, 1), INT8), filters=2, kernel=3))
    weights = model.operators[0].inputs[1]
    uneven = dataclasses.replace(per_channel((0.1, 0.1), 0), zero_point=(0, 7))
    model.tensors[weights] = replace_quantization(model, weights, uneven)
    (finding,) = findings(model.build())

    assert finding.severity is Severity.WARNING
    assert "zero point 7, not 0" in finding.message
    assert [f.severity for f in findings(model.build(), "litert")] == [Severity.ERROR]


@pytest.mark.parametrize("scale", [0.0, float("nan"), float("inf"), -1.0])
def test_scales_that_cannot_be_are_another_rules_business(scale: float) -> None:
    assert findings(unary("RESHAPE", per_tensor(scale))) == ()


def test_cmsis_nn_demands_what_its_sources_say() -> None:
    pool = ModelBuilder()
    x = pool.input((1, 4, 4, 1), INT8, IN)
    y = pool.pool_2d(x)
    pool.tensors[y] = replace_quantization(pool, y, per_tensor(0.1))
    pool.output(y)
    (finding,) = findings(pool.build(), "tflm-cmsis-nn")
    assert finding.severity is Severity.ERROR
    # Its ADD has a preparation of its own, of which nothing is written down.
    assert findings(binary("ADD", [IN, IN], type=INT16), "tflm-cmsis-nn") == ()


def space_to_batch(padding: int) -> Model:
    model = ModelBuilder()
    side = (2 + 2 * padding) // 2
    x = model.input((1, 2, 2, 1), INT8, IN)
    y = model.tensor((4, side, side, 1), INT8, IN)
    blocks = model.constant((2,), INT32, (2, 2))
    paddings = model.constant((2, 2), INT32, (padding,) * 4)
    model.operator("SPACE_TO_BATCH_ND", [x, blocks, paddings], [y], SpaceToBatchNDOptions())
    model.output(y)
    return model.build()


@pytest.mark.skipif(sys.platform != "linux", reason="fills fresh memory as glibc can")
@pytest.mark.parametrize("padding", [0, 1])
def test_memory_matters_exactly_where_tfl213_says_so(padding: int, tmp_path: Path) -> None:
    model = space_to_batch(padding)
    clean, dirty = (run_on_tflm(model, tmp_path, perturb=perturb) for perturb in ("255", "51"))

    assert (clean != dirty) is bool(padding)
    assert bool(findings(model, code="TFL213")) is bool(padding)


def test_litert_demands_the_same_of_any_number_of_inputs() -> None:
    model = binary("CONCATENATION", [*[IN] * 4, per_tensor(0.1)])
    (finding,) = findings(model, "litert")

    assert finding.severity is Severity.ERROR
    assert "input 4" in finding.message
