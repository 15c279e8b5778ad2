"""What ai-edge-quantizer leaves in float, quantised with the ranges that were found.

It puts DEQUANTIZE in front of an operator that it does not know and QUANTIZE behind, also where
runtimes have an integer kernel: EXPAND_DIMS, SQUEEZE, REDUCE_MAX, LEAKY_RELU, PRELU, ARG_MAX...
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tflint.analysis.float_regions import CONVERSIONS, int8_verdict
from tflint.analysis.operand_types import node_signature
from tflint.fix.model.model_edit import GraphEdit, ModelEdit
from tflint.fix.quantize.float_model import stored_numbers
from tflint.fix.quantize.identities import origin
from tflint.fix.quantize.ranges import Range
from tflint.model.graph import Graph, Node, Value, graphs
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import TensorType
from tflint.model.tables import Model, QuantizationParameters
from tflint.target.runtime import Runtime, Verdict

FLOAT32, INT8, INT16 = TensorType.FLOAT32, TensorType.INT8, TensorType.INT16

# Kernels that move or pick integers: the output has the scale of the input.
SAME_SCALE = frozenset(
    (
        *("AVERAGE_POOL_2D", "BATCH_TO_SPACE_ND", "BROADCAST_TO", "DEPTH_TO_SPACE", "EXPAND_DIMS"),
        *("GATHER", "GATHER_ND", "MAX_POOL_2D", "MIRROR_PAD", "PAD"),
        *("REDUCE_MAX", "REDUCE_MIN", "RESHAPE", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"),
        *("REVERSE_V2", "SLICE", "SPACE_TO_BATCH_ND", "SPACE_TO_DEPTH", "SPLIT", "SPLIT_V"),
        *("SQUEEZE", "STRIDED_SLICE", "TILE", "TRANSPOSE", "UNPACK"),
    )
)
# Kernels that rescale between any two scales.
_ANY_SCALE = frozenset(
    [
        "ABS",
        "DIV",
        "ELU",
        "HARD_SWISH",
        "LEAKY_RELU",
        "PRELU",
        "RELU",
        "RELU6",
        "RSQRT",
        "SQUARED_DIFFERENCE",
    ]
)
# Kernels whose output scale is written into them, for int8.
FIXED_SCALE = {"L2_NORMALIZATION": (1 / 128, 0), "LOG_SOFTMAX": (16 / 256, 127)}
# Kernels that read integers and give indices or truth values.
_READERS = frozenset(
    ["ARG_MAX", "ARG_MIN", "EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL", "NOT_EQUAL"]
)
# Kernels that compare integers, so that all have one scale.
_OUTPUT_SCALE = frozenset(("MAXIMUM", "MINIMUM"))
KNOWN = SAME_SCALE | _OUTPUT_SCALE | _ANY_SCALE | frozenset(FIXED_SCALE) | _READERS


@dataclass(frozen=True, slots=True)
class _Integer:
    """An integer tensor that stands for a float one."""

    index: int
    quantization: QuantizationParameters


def without_float_operators(
    model: Model, ranges: Mapping[int, Range], type: TensorType, runtime: Runtime
) -> Model:
    """A quantised model, with plain names, whose float operators compute in integers too.

    `ranges` are those of the first subgraph's tensors in the float model, by index; `type` is
    INT8 or INT16. Operators stay that the runtime is known to have no such kernel for.
    """
    edit = ModelEdit(model)
    graph = graphs(model)[0]
    if not any(_is_left(node) for node in graph.nodes):
        return model
    _Conversion(edit.graph(0), graph, ranges, type, runtime).run()
    return edit.finish()


def _is_left(node: Node) -> bool:
    return node.name in KNOWN and any(
        value is not None and value.type is FLOAT32 for value in (*node.inputs, *node.outputs)
    )


class _Conversion:
    """One walk over the operators in their order, from integer inputs on."""

    def __init__(
        self,
        changed: GraphEdit,
        graph: Graph,
        ranges: Mapping[int, Range],
        type: TensorType,
        runtime: Runtime,
    ) -> None:
        self._changed = changed
        self._graph = graph
        self._ranges = ranges
        self._type = type
        self._runtime = runtime
        self._integers: dict[Value, _Integer] = {}
        # Integer tensors that are read no more, and what is in their place.
        self._moved: dict[int, int] = {}
        # Float tensors that somebody still reads as such.
        self._dequantized: list[Node] = []

    def run(self) -> None:
        for node in self._graph.nodes:
            if node.name == "DEQUANTIZE":
                source = node.input(0)
                if source is not None and source.quantization and source.type is self._type:
                    found = source.quantization
                    index = self._moved.get(source.index, source.index)
                    self._integers[node.outputs[0]] = _Integer(index, found)
                    self._dequantized.append(node)
            elif node.name not in CONVERSIONS and self._may_convert(node):
                self._convert(node)
        for node in self._dequantized:
            self._drop_unread(node)

    def _may_convert(self, node: Node) -> bool:
        if not _is_left(node) or not node.inputs or not node.outputs:
            return False
        if self._type is not INT8 and node.name in FIXED_SCALE:
            return False
        for value in node.inputs:
            if value is None or value.type is not FLOAT32:
                continue
            if value not in self._integers and stored_numbers(value) is None:
                return False
        if not any(value in self._integers for value in node.inputs):
            return False
        outputs = [value for value in node.outputs if value.type is FLOAT32]
        if node.name in SAME_SCALE | _READERS or node.name in FIXED_SCALE:
            is_known = True
        else:
            is_known = all(self._range(value) is not None for value in outputs)
        return is_known and self._verdict(node) is not Verdict.REFUSED

    def _verdict(self, node: Node) -> Verdict:
        if self._type is INT8:
            return int8_verdict(self._runtime, node)
        kernel = self._runtime.kernel(node.name)
        if kernel is None:
            return Verdict.REFUSED
        return kernel.verdict(node_signature(kernel, node).replace("FLOAT32", "INT16"))

    def _range(self, value: Value) -> Range | None:
        place = origin(value.tensor)
        return None if place is None or place[0] else self._ranges.get(place[1])

    def _convert(self, node: Node) -> None:
        shared = self._shared(node)
        inputs = []
        for position, value in enumerate(node.operator.inputs):
            operand = node.inputs[position]
            if operand is None or operand.type is not FLOAT32:
                inputs.append(self._moved.get(value, value))
            elif operand in self._integers:
                found = self._integers[operand]
                if shared is not None and not _equal(found.quantization, shared):
                    found = self._rescaled(node, operand, found, shared)
                inputs.append(found.index)
            else:
                inputs.append(self._constant(operand, shared))
        self._changed.change_operator(node.index, inputs=tuple(inputs))
        for output in node.outputs:
            if output.type is FLOAT32:
                self._give(node, output, shared)

    def _shared(self, node: Node) -> QuantizationParameters | None:
        """The scale that all operands have, for kernels that do not rescale."""
        if node.name in SAME_SCALE:
            return next(self._integers[v] for v in node.inputs if v in self._integers).quantization
        # What lies beyond the output's ends is not the larger, or the smaller, of two.
        return self._wanted(node.outputs[0]) if node.name in _OUTPUT_SCALE else None

    def _wanted(self, value: Value) -> QuantizationParameters:
        """The scale of who reads a value, or that of its range."""
        for reader in value.consumers:
            found = reader.outputs[0].quantization if reader.name == "QUANTIZE" else None
            if found is not None:
                return found
        return self._parameters(self._range(value) or (0.0, 1.0))

    def _rescaled(
        self, node: Node, value: Value, found: _Integer, wanted: QuantizationParameters
    ) -> _Integer:
        index = self._changed.add_tensor(value.shape, self._type, wanted, name=value.tensor.name)
        self._changed.insert_before(node.index, "QUANTIZE", [found.index], [index])
        return _Integer(index, wanted)

    def _constant(self, value: Value, wanted: QuantizationParameters | None) -> int:
        numbers = stored_numbers(value)
        assert numbers is not None
        real = numbers.astype(np.float64)
        quantization = wanted or self._parameters(
            (float(np.min(real, initial=0)), float(np.max(real, initial=0)))
        )
        bounds = np.iinfo(np.int8 if self._type is INT8 else np.int16)
        levels = np.rint(real / quantization.scale[0]) + quantization.zero_point[0]
        data = np.clip(levels, bounds.min, bounds.max).astype(bounds.dtype).tobytes()
        return self._changed.add_tensor(
            value.shape, self._type, quantization, name=value.tensor.name, data=data
        )

    def _give(self, node: Node, value: Value, same: QuantizationParameters | None) -> None:
        """Make an output an integer tensor, with the scale of who reads it if that may be."""
        exits = [reader for reader in value.consumers if reader.name == "QUANTIZE"]
        wanted = same
        if wanted is None and node.name in FIXED_SCALE:
            wanted = per_tensor(*FIXED_SCALE[node.name])
        if wanted is None:
            wanted = self._wanted(value)
        self._changed.change_tensor(value.index, type=self._type, quantization=wanted)
        self._integers[value] = _Integer(value.index, wanted)
        for reader in exits:
            result = reader.outputs[0]
            if result.type is not self._type or result.quantization is None:
                continue
            if not _equal(result.quantization, wanted):
                continue
            if not result.is_output:
                self._changed.read_instead(result.index, value.index)
                self._moved[result.index] = value.index
                self._changed.remove(reader.index)
            elif not value.is_output:
                self._changed.write_instead(value.index, result.index)
                self._changed.remove(reader.index)
                self._integers[value] = _Integer(result.index, wanted)

    def _parameters(self, found: Range) -> QuantizationParameters:
        low, high = min(found[0], 0.0), max(found[1], 0.0)
        if self._type is INT16:
            return per_tensor(max(-low, high, 1e-30) / 32767)
        scale = max(high - low, 1e-30) / 255
        # As a file holds it, so that zero stays on a step.
        (rounded,) = struct.unpack("<f", struct.pack("<f", scale))
        return per_tensor(rounded, min(max(round(-128 - low / rounded), -128), 127))

    def _drop_unread(self, node: Node) -> None:
        """Take a DEQUANTIZE out that only operators read which do not any more."""
        value = node.outputs[0]
        if value.is_output:
            return
        for reader in value.consumers:
            try:
                operator = self._changed.operator(reader.index)
            except LookupError:
                continue
            if value.index in operator.inputs:
                return
        self._changed.remove(node.index)


def _equal(left: QuantizationParameters, right: QuantizationParameters) -> bool:
    return left.scale == right.scale and left.zero_point == right.zero_point
