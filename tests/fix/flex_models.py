"""Models of Flex operators, and what TensorFlow's operators gave when it was asked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.runtimes import Array
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import GraphBuilder
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint_rules.example_models import Attribute, flex_options

_RECORDED = Path(__file__).parent / "proof" / "recorded.json"
# Operators whose inputs of integers are values, not arguments.
_OF_INTEGERS = frozenset(
    [
        "Add",
        "AddV2",
        "Cast",
        "Div",
        "Equal",
        "FloorDiv",
        "FloorMod",
        "Greater",
        "GreaterEqual",
        "Less",
        "LessEqual",
        "Maximum",
        "Minimum",
        "Mul",
        "Neg",
        "NotEqual",
        "SquaredDifference",
        "Sub",
        "TruncateDiv",
    ]
)
# Inputs that layers store: their place, by operator.
_STORED = {
    "BiasAdd": (1,),
    "Conv2D": (1,),
    "Conv2DBackpropInput": (1,),
    "DepthwiseConv2dNative": (1,),
    "FusedBatchNormV3": (1, 2, 3, 4),
    "OneHot": (2, 3),
    "PadV2": (2,),
    "Pow": (1,),
}


@dataclass(frozen=True)
class Recorded:
    """One operator, what it was given and what TensorFlow made of it."""

    name: str
    operator: str
    attributes: dict[str, Attribute]
    inputs: tuple[Array, ...]
    outputs: tuple[Array, ...]

    def model(self) -> tuple[Model, list[Array]]:
        """A model of the operator, with arguments and weights as constants; its inputs' values."""
        model = ModelBuilder()
        given: list[Array] = []
        operands = []
        for place, array in enumerate(self.inputs):
            type = TensorType[array.dtype.name.upper()]
            is_argument = array.dtype.kind == "i" and self.operator not in _OF_INTEGERS
            stored = place in _STORED.get(self.operator, ())
            if self.operator == "Pow":
                stored = array.shape == () and place == 1
            if is_argument or stored:
                operands.append(model.constant(array.shape, type, array.tobytes()))
            else:
                operands.append(model.input(array.shape, type))
                given.append(array)
        results = flex(model, self.operator, operands, self.outputs, self.attributes)
        model.output(*results)
        return model.build(), given


def flex(
    graph: GraphBuilder,
    name: str,
    inputs: Sequence[int],
    like: Sequence[Array],
    attributes: Mapping[str, Attribute],
) -> list[int]:
    """A Flex operator whose outputs look like these."""
    outputs = [graph.tensor(a.shape, TensorType[a.dtype.name.upper()]) for a in like]
    options = flex_options(name, attributes)
    graph.operator(f"Flex{name}", inputs, outputs, custom_options=options)
    return outputs


def recorded() -> list[Recorded]:
    """All that was recorded (`tests/fix/proof/record_tensorflow.py`)."""
    return [
        Recorded(
            case["name"],
            case["operator"],
            {name: _attribute(value) for name, value in case["attributes"].items()},
            tuple(map(_array, case["inputs"])),
            tuple(map(_array, case["outputs"])),
        )
        for case in json.loads(_RECORDED.read_text(encoding="utf-8"))
    ]


def _array(written: Mapping[str, Any]) -> Array:
    return np.array(written["values"], dtype=written["type"]).reshape(written["shape"])


def _attribute(value: Any) -> Attribute:
    types = {
        "DT_FLOAT": TensorType.FLOAT32,
        "DT_INT32": TensorType.INT32,
        "DT_INT64": TensorType.INT64,
        "DT_BOOL": TensorType.BOOL,
    }
    if isinstance(value, list):
        return tuple(value)
    found: Attribute = types.get(value, value) if isinstance(value, str) else value
    return found
