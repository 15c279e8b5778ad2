"""Transposes between NCHW and NHWC (TFL101), and those that are for something else."""

from __future__ import annotations

from functools import partial

import pytest

from tests.rules.findings import findings as findings_of
from tflint.finding import Confidence
from tflint.model.builder import ModelBuilder
from tflint.model.schema import TensorType, TransposeOptions
from tflint.model.tables import Model

TO_LAST, TO_FIRST = (0, 2, 3, 1), (0, 3, 1, 2)


findings = partial(findings_of, "TFL101")


def transpose(model: ModelBuilder, x: int, *perm: int) -> int:
    y = model.tensor([model.shape(x)[p] for p in perm])
    argument = model.constant((len(perm),), TensorType.INT32, perm)
    model.operator("TRANSPOSE", [x, argument], [y], TransposeOptions())
    return y


def test_what_leaving_them_out_saves_is_said() -> None:
    model = ModelBuilder()
    x = transpose(model, model.input((1, 3, 16, 16)), *TO_LAST)
    model.output(transpose(model, model.conv_2d(x, 8, 3), *TO_FIRST))
    (finding,) = findings(model.build())
    # 16 x 16 x 3 and 14 x 14 x 8 floats.
    assert "9.1 KiB copied" in finding.message
    assert "saves 2 operators and 9.1 KiB" in finding.help
    assert finding.confidence is Confidence.HIGH


def test_a_pair_that_cancels_is_not_counted_beside_those_that_do_not() -> None:
    model = ModelBuilder()
    x = transpose(model, model.input((1, 3, 16, 16)), *TO_LAST)
    x = model.conv_2d(x, 8, 3)
    x = transpose(model, transpose(model, x, *TO_FIRST), *TO_LAST)
    model.output(transpose(model, model.conv_2d(x, 8, 3), *TO_FIRST))
    (finding,) = findings(model.build())

    assert finding.message.startswith("2 TRANSPOSE")
    assert finding.location.operator == 0


def test_a_pair_with_another_reader_between_does_not_cancel() -> None:
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 16, 16, 3)), 8, 3)
    between = transpose(model, x, *TO_FIRST)
    model.output(between, model.conv_2d(transpose(model, between, *TO_LAST), 4, 3))
    (finding,) = findings(model.build())

    # The way back is TFL601's: whoever reads it can read what was there before.
    assert finding.message.startswith("1 TRANSPOSE")


def sequence(kind: str) -> Model:
    model = ModelBuilder()
    if kind == "attention behind a Conv1D":
        x = model.conv_2d(model.input((1, 1, 64, 3)), 8, (1, 3))
        x = transpose(model, model.reshape(x, (1, 62, 8)), 0, 2, 1)
        model.output(model.unary("ABS", x))
    elif kind == "flattened":
        x = transpose(model, model.input((1, 3, 64)), 0, 2, 1)
        model.output(model.fully_connected(model.reshape(x, (1, 192)), 4))
    elif kind == "cut into images":
        x = transpose(model, model.input((1, 3, 64)), 0, 2, 1)
        model.output(model.conv_2d(model.reshape(x, (1, 16, 12, 1)), 4, 3))
    else:
        raise AssertionError(kind)
    return model.build()


@pytest.mark.parametrize("kind", ["attention behind a Conv1D", "flattened", "cut into images"])
def test_sequences_are_transposed_for_other_reasons(kind: str) -> None:
    assert findings(sequence(kind)) == ()


def test_sequences_into_a_convolution_and_back_are_one_finding() -> None:
    model = ModelBuilder()
    x = transpose(model, model.input((1, 3, 64)), 0, 2, 1)
    x = model.conv_2d(model.reshape(x, (1, 1, 64, 3)), 8, (1, 3))
    model.output(transpose(model, model.reshape(x, (1, 62, 8)), 0, 2, 1))
    (finding,) = findings(model.build())

    assert finding.message.startswith("2 TRANSPOSE operators between NCW and NWC")
    assert finding.confidence is Confidence.MEDIUM


def test_a_permutation_that_is_none_is_survived() -> None:
    model = ModelBuilder()
    x = model.input((1, 3, 16, 16))
    for perm in ((0, 9, -4, 1), (0, 0, 0, 0), (0, 2, 3)):
        y = model.tensor((1, 16, 16, 3))
        argument = model.constant((len(perm),), TensorType.INT32, perm)
        model.operator("TRANSPOSE", [x, argument], [y], TransposeOptions())
        model.output(model.conv_2d(y, 2, 3))

    assert findings(model.build()) == ()
