"""Record what TensorFlow's operators give, for tests that run without it.

    python tests/fix/proof/record_tensorflow.py     # with TensorFlow installed

writes `recorded.json` beside this file: for each case the operator, its attributes, its inputs and
its outputs, as TensorFlow computes them on the CPU. Element types are named as NumPy has them;
attributes that are types begin with `DT_`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import other_cases
import spatial_cases
import tensorflow as tf  # type: ignore[import-not-found,import-untyped,unused-ignore]

RECORDED = Path(__file__).with_name("recorded.json")
CASES = [
    *spatial_cases.spatial(),
    *other_cases.elementwise(),
    *other_cases.dense(),
    *other_cases.movement(),
]


def outputs_of(operator: str, inputs: dict[str, Any], attributes: dict[str, Any]) -> list[Any]:
    """What TensorFlow gives."""
    known = {
        name: getattr(tf, value[3:].lower().replace("float", "float32").replace("3232", "32"))
        if isinstance(value, str) and value.startswith("DT_")
        else value
        for name, value in attributes.items()
    }

    @tf.function  # type: ignore[misc,unused-ignore]
    def run(given: dict[str, Any]) -> Any:
        return getattr(tf.raw_ops, operator)(**given, **known)

    given = {
        name: [tf.constant(item) for item in value]
        if isinstance(value, list)
        else tf.constant(value)
        for name, value in inputs.items()
    }
    return [np.asarray(output) for output in tf.nest.flatten(run(given))]


def written(array: Any) -> dict[str, Any]:
    """An array as JSON has it, of reals as many digits as float32 needs."""
    values = array.reshape(-1).tolist()
    if array.dtype.kind == "f":
        values = [float(str(value)) for value in array.reshape(-1)]
    return {"type": array.dtype.name, "shape": list(array.shape), "values": values}


def main() -> None:
    """Record all cases."""
    lines = []
    for name, operator, inputs, attributes in CASES:
        flat = [
            item
            for value in inputs.values()
            for item in (value if isinstance(value, list) else [value])
        ]
        outputs = outputs_of(operator, inputs, attributes)
        if operator.startswith("FusedBatchNorm"):
            outputs = outputs[:1]
        if operator == "Squeeze":
            attributes = {"squeeze_dims": attributes["axis"]}
        case = {
            "name": f"{operator} {name}".strip(),
            "operator": operator,
            "attributes": attributes,
            "inputs": [written(array) for array in flat],
            "outputs": [written(array) for array in outputs],
        }
        lines.append(json.dumps(case, separators=(",", ":")))
    RECORDED.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
