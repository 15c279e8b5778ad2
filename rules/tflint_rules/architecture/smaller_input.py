"""The part of a model's input that is all the model reads, where cropping to it is exact."""

from __future__ import annotations

from tflint.analysis.needed import ELEMENTWISE, Need
from tflint.analysis.operator_kinds import RESHAPES
from tflint.analysis.windows import windows
from tflint.model.graph import Graph, Node, Value


def smaller_input(graph: Graph, needs: dict[int, Need]) -> tuple[Value, tuple[int, ...]] | None:
    """The one input that is not read to its end, and the shape that gives the same outputs.

    None where cropping would change more than that: where something pads its input, and so
    would put zeros in place of what was cropped, or where operators stand between that are
    not known to keep positions apart.
    """
    cropped = [v for v in graph.inputs if needs.get(v.index) is not None]
    if len(cropped) != 1 or not all(map(_stays_exact, graph.nodes, [needs] * len(graph.nodes))):
        return None
    return cropped[0], _shape(cropped[0], needs)


def _shape(value: Value, needs: dict[int, Need]) -> tuple[int, ...]:
    need = needs.get(value.index)
    return value.shape if need is None else tuple(span.size for span in need)


def _stays_exact(node: Node, needs: dict[int, Need]) -> bool:
    """Whether an operator makes what is read of its output from what is read of its input."""
    values = [*node.outputs, *(v for v in node.inputs if v is not None and v.data is None)]
    partial = [need for v in values if (need := needs.get(v.index)) is not None]
    if not partial:
        return True
    if any(span.first or span.step != 1 for need in partial for span in need):
        return False
    x, over = node.input(0), windows(node)
    if x is None or len(node.outputs) != 1:
        return False
    y = node.outputs[0]
    given, made = _shape(x, needs), _shape(y, needs)
    if node.name in RESHAPES:
        return [size for size in given if size != 1] == [size for size in made if size != 1]
    if node.name in ELEMENTWISE:
        shapes = [_shape(v, needs) for v in node.inputs if v is not None]
        return all(map(_fits, shapes, [made] * len(shapes)))
    if over is None:
        return False
    if given[0] != made[0]:
        return False
    for window, size, outputs in zip(over, given[1:3], made[1:3], strict=True):
        unchanged = size == window.inputs and outputs == window.outputs
        if not unchanged and (
            window.is_padded or (size - window.reach) // window.stride + 1 != outputs
        ):
            return False
    return True


def _fits(shape: tuple[int, ...], made: tuple[int, ...]) -> bool:
    """Whether an operand of this shape is broadcast to what is made."""
    if len(shape) > len(made):
        return False
    behind = made[len(made) - len(shape) :]
    return all(size in (1, of) for size, of in zip(shape, behind, strict=True))
