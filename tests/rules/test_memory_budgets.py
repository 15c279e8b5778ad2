"""TFL502, TFL505 and TFL506: what they say of models, and when they have nothing to say."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cpu_time import assert_linear
from tests.memory.graph_shapes import chain
from tests.rules.findings import findings
from tflint.finding import Severity
from tflint.lint.context import LintedModel
from tflint.model.builder import ModelBuilder
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.target.target import find_target
from tflint_rules.memory.peak_one_op import PeakOneOp
from tflint_rules.memory.plan_above_bound import changed


def gaps(tiny: int) -> Model:
    """A plan with gaps of 2 KiB, and tiny operators, whose bookkeeping adds up."""
    model = ModelBuilder()
    x = model.input((1, 4096), TensorType.INT8)
    for size in (2048, 3072, 4096, 1024, 4096):
        y = model.tensor((1, size), TensorType.INT8)
        model.operator("ABS", [x], [y])
        x = y
    model.output(x, chain(model, model.input((1,)), tiny))
    return model.build()


def peak(tiny: int) -> Model:
    """One operator that holds 4 KiB, and tiny ones."""
    model = ModelBuilder()
    x, y = model.input((1, 2048), TensorType.INT8), model.tensor((1, 2048), TensorType.INT8)
    small = model.tensor((1, 16), TensorType.INT8)
    model.operator("ABS", [x], [y])
    model.operator("ABS", [y], [small])
    model.output(small, chain(model, model.input((1,)), tiny))
    return model.build()


def fan(branches: int) -> Model:
    """A tensor that every operator reads, so all of them share the peak."""
    model = ModelBuilder()
    x = model.input((1, 4096), TensorType.INT8)
    for _ in range(branches):
        model.operator("ABS", [x], [model.tensor((1, 16), TensorType.INT8)])
    model.output(x)
    return model.build()


@pytest.mark.parametrize(("code", "build"), [("TFL506", gaps), ("TFL505", peak)])
def test_a_smaller_head_saves_nothing_where_planning_takes_more(
    code: str, build: Callable[[int], Model]
) -> None:
    assert findings(code, build(1))
    assert not findings(code, build(400))


def test_the_saving_is_that_of_the_smallest_arena() -> None:
    """With some tiny operators, planning takes more than the arena without its gaps."""
    helps = [str(each.help) for n in range(1, 400, 3) for each in findings("TFL506", gaps(n))]
    full = "saves 1.0 KiB of RAM"
    assert helps[0].endswith(full)
    assert any("saves" in text and not text.endswith(full) for text in helps)


def test_sizes_that_read_the_same_are_told_in_bytes() -> None:
    assert changed(5600, 5616) == "5,600 B in place of 5,616 B"
    assert changed(1024, 5616) == "1.0 KiB in place of 5.5 KiB"


def test_flash_that_was_measured_is_no_estimate() -> None:
    model = ModelBuilder()
    model.output(model.unary("EXP", model.input((1, 16))))
    (measured,) = findings("TFL502", model.build(), "cortex-m4:flash=1K")
    (elsewhere,) = findings("TFL502", model.build(), "cortex-m0plus:flash=1K")
    assert "it takes about" not in measured.message
    assert " to " not in measured.message
    assert "it takes about" in elsewhere.message


def test_a_peak_that_all_share_takes_linear_time() -> None:
    def planned(branches: int) -> LintedModel:
        context = LintedModel(find_target("tflm"), fan(branches))
        assert context.memory is not None
        return context

    assert_linear(lambda context: list(PeakOneOp().check_model(context)), planned, 4096)


@pytest.mark.parametrize(("flash", "confidence"), [("16K", "HIGH"), ("22K", "MEDIUM")])
def test_within_the_estimate_s_error_the_confidence_is_medium(flash: str, confidence: str) -> None:
    model = ModelBuilder()
    x = model.fully_connected(model.input((1, 16)), units=16)
    model.output(model.unary("RELU", x))
    (finding,) = findings("TFL502", model.build(), f"cortex-m4:flash={flash}")

    assert finding.severity is Severity.ERROR
    assert finding.confidence.name == confidence
