"""Functions on tensors, as `keras.ops`, `tensorflow` and Python's operators have them."""

from __future__ import annotations

import pytest

from tests.keras.network_building import call
from tflint.keras.network import Layer, Shape
from tflint.keras.shapes.operations import bind_operation
from tflint.keras.values import UNKNOWN, Argument, Value

N = None
U = UNKNOWN


def operation(path: str, *positional: Value, **keywords: Value) -> Layer:
    kind = path.rpartition(".")[2]
    given = {name: Argument(value) for name, value in keywords.items()}
    # The tensors come first, and are not what is bound.
    behind = [Argument(U), *map(Argument, positional)]
    return Layer(kind, path, bind_operation(kind, behind, given))


@pytest.mark.parametrize(
    ("made", "shapes", "result"),
    [
        (operation("tensorflow.nn.relu"), [(N, 4, 3)], (N, 4, 3)),
        (operation("operator.add"), [(N, 4, 3), (N, 1, 3)], (N, 4, 3)),
        (operation("operator.add"), [(N, 4, 3), (3,)], (N, 4, 3)),
        (operation("operator.mul"), [(N, 4, 3)], U),  # by what is not seen
        (operation("keras.ops.multiply", x2=2.0), [(N, 4, 3)], (N, 4, 3)),
        (operation("tensorflow.reshape", (-1, 12)), [(N, 4, 3)], (N, 12)),
        (operation("tensorflow.reshape", (-1, 6)), [(N, 4, 3)], (U, 6)),
        (operation("tensorflow.reshape", (2, 6)), [(1, 4, 3)], (2, 6)),
        (operation("tensorflow.reshape", (2, 7)), [(1, 4, 3)], U),
        (operation("tensorflow.transpose", perm=(0, 2, 1)), [(N, 4, 3)], (N, 3, 4)),
        (operation("keras.backend.permute_dimensions", (0, 2, 1)), [(N, 4, 3)], (N, 3, 4)),
        (operation("tensorflow.concat", -1), [(N, 4, 3), (N, 4, 5)], (N, 4, 8)),
        (operation("tensorflow.concat", axis=1), [(N, 4, 3), U], U),
        (operation("tensorflow.reduce_mean", (1, 2)), [(N, 4, 3, 8)], (N, 8)),
        (operation("keras.ops.mean", axis=-1, keepdims=True), [(N, 4, 3)], (N, 4, 1)),
        (operation("keras.ops.expand_dims", -1), [(N, 4)], (N, 4, 1)),
        (operation("tensorflow.squeeze", axis=1), [(N, 1, 4)], (N, 4)),
        (operation("tensorflow.stack", axis=1), [(N, 4), (N, 4)], (N, 2, 4)),
        (operation("tensorflow.matmul"), [(N, 4, 3), (N, 3, 5)], (N, 4, 5)),
        (operation("mine.relu"), [(N, 4)], U),
        (operation("relu"), [(N, 4)], U),
    ],
)
def test_shapes(made: Layer, shapes: list[Shape], result: Shape) -> None:
    done = call(made, *shapes)

    assert (done.output_shapes, done.fault) == ((result,), None)
