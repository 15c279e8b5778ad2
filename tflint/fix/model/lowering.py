"""Carrying out what `analysis/integer_regions` found: a float region becomes integers."""

from __future__ import annotations

import struct
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tflint.analysis.float_regions import FLOAT32
from tflint.analysis.integer_grids import Grid
from tflint.analysis.integer_kernels import integer_kernel
from tflint.analysis.integer_layers import LAYERS
from tflint.analysis.lowering import Lowering
from tflint.fix.model.layer_constants import layer_constants
from tflint.fix.model.model_edit import GraphEdit
from tflint.model.graph import Node, Value
from tflint.model.schema import (
    ActivationFunctionType,
    AddOptions,
    DequantizeOptions,
    QuantizeOptions,
    ReshapeOptions,
    SubOptions,
    TensorType,
)
from tflint.model.types import QUANTIZED_RANGES

# QUANTIZE takes integers from its second version on, DEQUANTIZE gives them from int8 and int16.
REQUANTIZE_VERSION = 2
_DEQUANTIZE_VERSION = 2
_NONE = ActivationFunctionType.NONE
# By default, these take int16 on scales that are powers of two only.
_ANY_SCALE: dict[str, type[AddOptions] | type[SubOptions]] = {
    "ADD": AddOptions,
    "SUB": SubOptions,
}


class Lowerer:
    """Regions of one subgraph on their way to integers; constants are quantised once."""

    def __init__(self, edit: GraphEdit) -> None:
        self._edit = edit
        self._constants: dict[tuple[Value, Grid], int] = {}
        self._replaced: dict[int, int] = {}

    def lower(self, found: Lowering) -> None:
        """Put integer operators in the place of the region's float ones; `finish` comes last."""
        _RegionEdit(self._edit, found, self._constants, self._replaced).apply()

    def finish(self) -> None:
        """Lead readers of what is made no more to what they read instead."""
        if self._replaced:
            self._edit.lead(followed(self._replaced))


def followed(replaced: Mapping[int, int]) -> dict[int, int]:
    """What is read in the end instead of each tensor, where that is read no more either."""
    ends = dict(replaced)
    for old in replaced:
        end, passed = old, []
        while end in ends:
            passed.append(end)
            end = ends[end]
        # Each link is followed once, however long the chain.
        ends.update(dict.fromkeys(passed, end))
    return ends


class _RegionEdit:
    def __init__(
        self,
        edit: GraphEdit,
        found: Lowering,
        constants: dict[tuple[Value, Grid], int],
        replaced: dict[int, int],
    ) -> None:
        self._edit = edit
        self._found = found
        self._constants = constants
        # Tensors that are made no more, and those that are read instead, of all regions.
        self._replaced = replaced
        self._lowered = set(found.nodes)
        # The tensors that hold a value's integers, on its own grid and on others.
        self._integers: dict[Value, int] = {}
        self._requantised: dict[tuple[Value, Grid], int] = {}

    def apply(self) -> None:
        for value in self._found.region.values:
            if value in self._found.grids:
                self._integers[value] = self._place(value, self._found.grids[value])
        for value in self._found.region.values:
            if value in self._found.grids:
                self._convert(value, self._found.grids[value])
        for node in self._found.nodes:
            self._rewrite(node)

    # Where the integers of a value are

    def _place(self, value: Value, grid: Grid) -> int:
        edit, producer = self._edit, value.producer
        source = self._found.source(value)
        if producer is not None and source == grid:
            tensor = producer.operator.inputs[0]
            if value in self._found.interface:
                # The output's name and place in signatures go to the integers.
                edit.output_instead(value.index, tensor)
                edit.change_tensor(tensor, name=value.tensor.name)
            return tensor
        carrier = self._found.carrier(value)
        if carrier is not None:
            return carrier.outputs[0].index
        if value in self._found.floats:
            return self._twin(value, grid)
        edit.change_tensor(
            value.index,
            type=grid.type,
            quantization=grid.parameters,
        )
        return value.index

    def _twin(self, value: Value, grid: Grid) -> int:
        name = f"{value.name}_{grid.type.name.lower()}" if value.tensor.name else None
        return self._add(value, grid, name)

    def _add(self, value: Value, grid: Grid, name: str | None) -> int:
        index = self._edit.add_tensor(value.shape, grid.type, grid.parameters, name=name)
        if value.tensor.shape_signature:
            self._edit.change_tensor(index, shape_signature=value.tensor.shape_signature)
        return index

    # The conversions around them

    def _convert(self, value: Value, grid: Grid) -> None:
        """Make the integers of a value from what there is, and give floats to who needs them."""
        edit, found, producer = self._edit, self._found, value.producer
        integers, source = self._integers[value], found.source(value)
        if source is not None and producer is not None:
            self._enter(value, grid, producer, source)
        elif producer is None:
            if value not in self._found.interface:
                self._insert_at_start("QUANTIZE", value.index, integers)
        elif producer not in self._lowered:
            edit.insert_after(
                producer.index, "QUANTIZE", [value.index], [integers], QuantizeOptions()
            )
        elif value in found.floats:
            edit.insert_after(
                producer.index,
                "DEQUANTIZE",
                [integers],
                [value.index],
                DequantizeOptions(),
                version=_DEQUANTIZE_VERSION,
            )
        merged = found.merged(value)
        for reader in value.consumers:
            if reader in merged:
                if reader.outputs[0].index != integers:
                    self._replaced[reader.outputs[0].index] = integers
                edit.remove(reader.index)
            elif reader.name == "QUANTIZE":
                edit.replace(
                    reader.index,
                    "QUANTIZE",
                    [integers],
                    [reader.outputs[0].index],
                    QuantizeOptions(),
                    version=REQUANTIZE_VERSION,
                )
        for node in value.consumers:
            for position, read in enumerate(node.inputs):
                wanted = found.operands.get((node, position))
                if read is value and wanted is not None:
                    self._requantise(value, wanted, node)

    def _enter(self, value: Value, grid: Grid, entry: Node, source: Grid) -> None:
        edit, integers = self._edit, self._integers[value]
        if source != grid:
            read = entry.operator.inputs[0]
            edit.insert_before(
                entry.index,
                "QUANTIZE",
                [read],
                [integers],
                QuantizeOptions(),
                version=REQUANTIZE_VERSION,
            )
        if value not in self._found.floats:
            edit.remove(entry.index)

    def _requantise(self, value: Value, grid: Grid, reader: Node) -> None:
        key = value, grid
        if key in self._requantised:
            return
        made = self._add(value, grid, None)
        self._requantised[key] = made
        arguments = ([self._integers[value]], [made], QuantizeOptions())
        producer = value.producer
        if producer is None:
            self._insert_at_start("QUANTIZE", self._integers[value], made)
        else:
            self._edit.insert_after(
                producer.index, "QUANTIZE", *arguments, version=REQUANTIZE_VERSION
            )

    def _insert_at_start(self, name: str, read: int, made: int) -> None:
        self._edit.insert_before(
            0, name, [read], [made], QuantizeOptions(), version=REQUANTIZE_VERSION
        )

    # The operators between

    def _rewrite(self, node: Node) -> None:
        edit, found = self._edit, self._found
        if node.name in LAYERS:
            self._rewrite_layer(node)
            return
        inputs: list[int] = []
        for position, index in enumerate(node.operator.inputs):
            value = node.inputs[position]
            if value is None or value.type is not FLOAT32:
                inputs.append(index)
            else:
                inputs.append(self._operand(node, position, value))
        outputs = [self._integers.get(value, value.index) for value in node.outputs]
        if node in found.reshapes:
            shape = node.outputs[0].shape
            argument = edit.add_tensor(
                (len(shape),),
                TensorType.INT32,
                data=struct.pack(f"<{len(shape)}i", *shape),
            )
            edit.replace(
                node.index,
                "RESHAPE",
                [inputs[0], argument],
                outputs,
                ReshapeOptions(new_shape=shape),
            )
            return
        edit.change_operator(node.index, inputs=tuple(inputs), outputs=tuple(outputs))
        options = _ANY_SCALE.get(node.name)
        if found.type is TensorType.INT16 and options is not None:
            fused = getattr(node.options, "fused_activation_function", _NONE)
            edit.change_operator(
                node.index,
                builtin_options=options(fused_activation_function=fused, pot_scale_int16=False),
            )
        kernel = integer_kernel(node)
        assert kernel is not None
        edit.change_version(node.index, max(kernel.version(found.type), node.code.version))

    def _rewrite_layer(self, node: Node) -> None:
        edit, found, operands = self._edit, self._found, LAYERS[node.name]
        x, w = node.input(operands.data), node.input(operands.weights)
        assert x is not None and w is not None
        inputs = list(node.operator.inputs)
        inputs[operands.data] = self._integers[x]
        outputs = (self._integers[node.outputs[0]],)
        parts = layer_constants(
            w, node.input(operands.bias), found.grids[x], found.grids[node.outputs[0]], operands
        )
        for position, part in ((operands.weights, parts.weights), (operands.bias, parts.bias)):
            if part is not None:
                inputs[position] = edit.add_tensor(
                    part.shape, part.type, part.quantization, name=part.name, data=part.data
                )
        edit.change_operator(node.index, inputs=tuple(inputs), outputs=outputs)
        kernel = integer_kernel(node)
        assert kernel is not None
        edit.change_version(node.index, max(kernel.version(found.type), node.code.version))

    def _operand(self, node: Node, position: int, value: Value) -> int:
        wanted = self._found.operands.get((node, position))
        if value not in self._found.grids:
            assert wanted is not None
            return self._constant(value, wanted)
        if wanted is None:
            return self._integers[value]
        return self._requantised[value, wanted]

    def _constant(self, value: Value, grid: Grid) -> int:
        key = value, grid
        if key not in self._constants:
            assert value.data is not None
            numbers = np.frombuffer(value.data, dtype="<f4")
            data = quantised(numbers, grid)
            tensor = value.tensor
            index = self._edit.add_tensor(
                tensor.shape, grid.type, grid.parameters, name=tensor.name, data=data
            )
            self._constants[key] = index
        return self._constants[key]


def meaning(grid: Grid) -> str:
    """What integers on a grid stand for, for the user to see: what a device has to do."""
    shift = f"{'+-'[grid.zero_point > 0]} {abs(grid.zero_point)}" if grid.zero_point else ""
    integer = f"(integer {shift})" if shift else "integer"
    return (
        f"scale {grid.scale:.9g}, zero point {grid.zero_point}; real = {grid.scale:.9g} * {integer}"
    )


def quantised(numbers: NDArray[np.float32], grid: Grid) -> bytes:
    """Reals as integers on a grid, rounded half away from zero as QUANTIZE does, clipped."""
    low, high = QUANTIZED_RANGES[grid.type]
    scaled = numbers.astype(np.float64) / grid.scale
    steps = np.copysign(np.floor(np.abs(scaled) + 0.5), scaled) + grid.zero_point
    code = {TensorType.INT8: "<i1", TensorType.INT16: "<i2", TensorType.UINT8: "<u1"}[grid.type]
    data: bytes = np.clip(steps, low, high).astype(code).tobytes()
    return data
