"""TFL010: the models a reader of the deprecated field takes for others are written in both."""

from __future__ import annotations

import dataclasses
from typing import Any

from tests.fix.model.passes import hold_equal, hold_examples, hold_untouched, repaired
from tflint.model.builder import ModelBuilder
from tflint.model.tables import Model


def _network() -> Model:
    model = ModelBuilder()
    x = model.unary("HARD_SWISH", model.conv_2d(model.input((1, 8, 8, 1)), 2, 3))
    model.output(model.fully_connected(model.flatten(x), 3))
    return model.build()


def _without(model: Model, field: str) -> Model:
    none: dict[str, Any] = {field: 0}
    codes = [dataclasses.replace(code, **none) for code in model.operator_codes]
    return dataclasses.replace(model, operator_codes=tuple(codes))


def test_the_examples_of_the_rule_are_repaired() -> None:
    hold_examples("TFL010")


def test_codes_of_either_field_are_written_in_both() -> None:
    model = _network()
    for field in ("builtin_code", "deprecated_builtin_code"):
        after = repaired("TFL010", _without(model, field))

        assert after.operator_codes == model.operator_codes
        hold_equal(model, after)


def test_a_model_of_today_stays_as_it_is() -> None:
    hold_untouched("TFL010", _network())
