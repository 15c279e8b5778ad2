"""TFL404: uint8 networks compute in int8.

Activations keep their scales, and their integers are 128 less. Weights lose their zero point: a
channel that reaches no further than 127 steps from it keeps its numbers and scale, others are
rounded once more, to a scale of their own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tflint.analysis.integer_grids import INT8, UINT8, Grid, grid_of
from tflint.analysis.integer_layers import LAYERS
from tflint.analysis.unsigned_activations import (
    Component,
    int8_version,
    signable_components,
)
from tflint.finding import FixSafety
from tflint.fix.model.layer_constants import symmetric
from tflint.fix.model.lowering import REQUANTIZE_VERSION, meaning
from tflint.fix.model.model_edit import GraphEdit, ModelEdit
from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext
from tflint.model.graph import Node, Value
from tflint.model.schema import QuantizeOptions, TensorType
from tflint.printable import printable

_REACH = 127


def _rewrite(context: RewriteContext) -> Rewrite | None:
    runtime = context.target.runtime
    if not context.unsafe or not runtime.is_mcu:
        return None
    edit, places, notes = ModelEdit(context.model), 0, []
    for graph, dataflow in zip(context.graphs, context.dataflows, strict=True):
        for component in signable_components(graph, runtime, dataflow):
            Signing(edit.graph(graph.index)).sign(component)
            places += 1
            notes += [_note(v) for v in component.values if v.is_input or v.is_output]
    return Rewrite(edit.finish(), places, FixSafety.UNSAFE, tuple(notes)) if places else None


class Signing:
    """uint8 components of one subgraph on their way to int8; constants are turned once."""

    def __init__(self, edit: GraphEdit) -> None:
        self._edit = edit
        self._constants: dict[Value, int] = {}
        self._weights: dict[tuple[Value, int], tuple[int, NDArray[np.float64]]] = {}

    def sign(self, component: Component) -> None:
        """Make the component's activations int8, and constants beside them."""
        for value in component.values:
            self._edit.change_tensor(value.index, type=INT8, quantization=_signed(value).parameters)
        for node in component.nodes:
            if node.name in LAYERS:
                self._give_weights(node)
            else:
                self._give_constants(node)
                if node.name == "CONCATENATION":
                    self._rescale(node)
            self._edit.change_version(node.index, max(int8_version(node), node.code.version))
        for node in component.conversions:
            self._edit.change_version(node.index, max(int8_version(node), node.code.version))

    def _give_constants(self, node: Node) -> None:
        inputs = list(node.operator.inputs)
        for position, value in enumerate(node.inputs):
            if value is None or value.type is not UINT8 or value.data is None:
                continue
            if value not in self._constants:
                data = np.frombuffer(value.data, dtype=np.uint8) ^ 0x80
                self._constants[value] = self._edit.add_tensor(
                    value.shape,
                    INT8,
                    _signed(value).parameters,
                    name=value.tensor.name,
                    data=data.tobytes(),
                )
            inputs[position] = self._constants[value]
        self._edit.change_operator(node.index, inputs=tuple(inputs))

    def _rescale(self, node: Node) -> None:
        """uint8 parts of other scales are rescaled by the operator, int8 ones are not."""
        wanted = _signed(node.outputs[0])
        operator = self._edit.operator(node.index)
        inputs = list(operator.inputs)
        for position, value in enumerate(node.inputs):
            if value is None or value.type is not UINT8 or _signed(value) == wanted:
                continue
            made = self._edit.add_tensor(value.shape, INT8, wanted.parameters)
            self._edit.insert_before(
                node.index,
                "QUANTIZE",
                [inputs[position]],
                [made],
                QuantizeOptions(),
                version=REQUANTIZE_VERSION,
            )
            inputs[position] = made
        self._edit.change_operator(node.index, inputs=tuple(inputs))

    def _give_weights(self, node: Node) -> None:
        operands = LAYERS[node.name]
        x, w, b = (node.input(p) for p in (operands.data, operands.weights, operands.bias))
        assert x is not None and w is not None
        inputs = list(node.operator.inputs)
        inputs[operands.weights], shares = self._weights_of(w, operands.axis)
        if b is not None:
            inputs[operands.bias] = self._bias(b, _signed(x), w, shares)
        self._edit.change_operator(node.index, inputs=tuple(inputs))

    def _weights_of(self, w: Value, axis: int) -> tuple[int, NDArray[np.float64]]:
        """The int8 weights, and what each channel's scale is of the old one."""
        key = w, axis
        if key not in self._weights:
            grid = grid_of(w)
            assert grid is not None and w.data is not None
            steps = np.frombuffer(w.data, dtype=np.uint8).astype(np.int32) - grid.zero_point
            shaped: NDArray[np.int32] = steps.reshape(w.shape)
            steps = np.moveaxis(shaped, axis, -1)
            peaks = np.abs(steps).reshape(-1, steps.shape[-1]).max(0)
            scales = (grid.scale * np.maximum(peaks / _REACH, 1.0)).astype(np.float32)
            shares = scales.astype(np.float64) / grid.scale
            shares[peaks <= _REACH] = 1.0
            rounded = np.clip(np.rint(steps / shares), -_REACH, _REACH)
            signed = np.moveaxis(rounded.astype(np.int8), -1, axis)
            index = self._edit.add_tensor(
                w.shape,
                INT8,
                symmetric(scales, axis),
                name=w.tensor.name,
                data=np.ascontiguousarray(signed).tobytes(),
            )
            self._weights[key] = index, shares
        return self._weights[key]

    def _bias(self, b: Value, x: Grid, w: Value, shares: NDArray[np.float64]) -> int:
        grid = grid_of(w)
        assert grid is not None and b.data is not None
        numbers = np.frombuffer(b.data, dtype="<i4") / shares
        bounds = np.iinfo(np.int32)
        rounded = np.clip(np.rint(numbers), bounds.min, bounds.max).astype("<i4")
        scales = (x.scale * grid.scale * shares).astype(np.float32)
        return self._edit.add_tensor(
            b.shape,
            TensorType.INT32,
            symmetric(scales, 0),
            name=b.tensor.name,
            data=rounded.tobytes(),
        )


def _signed(value: Value) -> Grid:
    grid = grid_of(value)
    assert grid is not None
    return grid.as_type(INT8)


def _note(value: Value) -> str:
    side = "input" if value.is_input else "output"
    return (
        f"{side} `{printable(value.name, 60)}` is int8 now, it was uint8: its integers are 128 "
        f"less, {meaning(_signed(value))}"
    )


# A scale for each channel takes room; what uint8 would take of the arena, no runtime gives it.
FIX = ModelFix(
    "TFL404", _rewrite, may_grow_file=True, may_exceed_original=True, may_grow_arena=True
)
