"""How many tensors a layer is called on, where not all of them are known."""

from __future__ import annotations

import pytest

from tflint.keras.values import UNKNOWN
from tflint.source.module import SourceModule


@pytest.mark.parametrize(
    ("given", "count"),
    [
        ("[a, b]", 2),
        ("(a, b, a)", 3),
        ("[keras.Input((3,)), b]", 2),
        ("a", 1),
        ("[x for x in a]", 1),
        ("[1.0, 2.0]", 2),
    ],
)
@pytest.mark.parametrize("kind", ["Dot(1)", "Subtract()", "Attention()", "Add()"])
def test_an_unknown_tensor_in_a_list_counts_as_one(kind: str, given: str, count: int) -> None:
    source = f"import keras\nfrom other import a, b\ny = keras.layers.{kind}({given})\n"
    [call] = [
        c
        for c in SourceModule(source).keras.calls
        if c.layer.kind == kind.split("(", maxsplit=1)[0]
    ]

    assert len(call.inputs) == count
    if count == 1:
        # It may stand for a list.
        assert call.inputs[0].shape is UNKNOWN
        assert call.fault is None
