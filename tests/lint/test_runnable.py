"""Whether a model runs, and why not in the runtime's words."""

from __future__ import annotations

import pytest

from tests.model import sample_models as sample
from tflint.lint.context import LintedModel
from tflint.lint.runnable import refusal
from tflint.model.builder import ModelBuilder
from tflint.model.reader import parse_model
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint.target.target import find_target
from tflint_rules.example_models import flex_conv


def why(model: Model, target: str = "tflm") -> str | None:
    return refusal(LintedModel(find_target(target), parse_model(write_model(model))))


def unary(name: str) -> Model:
    model = ModelBuilder()
    model.output(model.unary(name, model.input((1, 4))))
    return model.build()


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (sample.dynamic_range_model(), "Hybrid models are not supported on TFLite Micro."),
        (sample.float16_model(), "input->type == kTfLiteInt8"),
        (sample.custom_operator_model(), "Failed to get registration from op code CUSTOM"),
        (flex_conv("NCHW"), "Failed to get registration from op code CUSTOM"),
        (unary("GELU"), "Failed to get registration from op code GELU"),
    ],
)
def test_a_refusal_has_the_words_of_the_runtime(model: Model, words: str) -> None:
    assert words in (why(model) or "")


@pytest.mark.parametrize(
    "model",
    [sample.float_model(), sample.int8_model(), sample.multi_subgraph_model(), unary("RELU")],
)
@pytest.mark.parametrize("target", ["tflm", "tflm-cmsis-nn", "cortex-m4:flash=1,ram=1,macs=1"])
def test_what_runs_is_not_refused_for_its_size(model: Model, target: str) -> None:
    assert why(model, target) is None


def test_what_cannot_be_planned_is_refused() -> None:
    model = ModelBuilder()
    # Each tensor is addressable, both together are not.
    model.output(model.unary("RELU", model.input((40_000, 40_000), TensorType.INT8)))

    assert "32 bits" in (why(model.build()) or "")
