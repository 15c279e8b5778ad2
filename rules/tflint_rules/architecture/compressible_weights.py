"""TFL308."""

from __future__ import annotations

import random
from collections.abc import Container, Iterator
from dataclasses import dataclass

from tflint.finding import Finding, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.constants import Constants, channel_layout
from tflint.model.graph import Graph, Value
from tflint.model.schema import TensorType
from tflint.model.streaming import Layout
from tflint.model.tables import Model
from tflint.printable import size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule
from tflint_rules.example_models import overwrite

# The operator that TFLM expands compressed constants with, into the arena.
_DECODE = "TFLM_DECODE"
# Indices have up to 7 bits, and 16 bytes stand in front of the tables. Source: LutAncillaryData
# and DecodeCommonMetadata in TFLM's compression tool (tflite-micro of August 2026).
_MAX_BITS = 7
_HEADER_BYTES = 16
_TYPES = frozenset(
    (
        TensorType.FLOAT32,
        TensorType.INT8,
        TensorType.INT16,
        TensorType.INT32,
        TensorType.INT64,
        TensorType.BOOL,
    )
)
# Positions of inputs that kernels read when they run, not when they prepare.
_POSITIONS: dict[str, Container[int]] = {
    "CONV_2D": (1, 2),
    "DEPTHWISE_CONV_2D": (1, 2),
    "FULLY_CONNECTED": (1, 2),
    "TRANSPOSE_CONV": (1, 3),
    "CONCATENATION": range(1 << 31),
    "ASSIGN_VARIABLE": (1,),
}
_NOWHERE = range(0)
# What makes a DECODE operator, its scratch and its time worth having.
_LEAST_SAVING = 1024
_LEAST_SHARE = 0.25
# A table for each channel needs channels that are much longer than it.
_LEAST_DEPTH = 16


def _layer(values: int, *, units: int = 64, scales: bool = False) -> Model:
    """Weights of so many values: a dense layer with one scale, or a convolution with many."""
    model, choose = ModelBuilder(), random.Random(0)
    if scales:
        y = model.conv_2d(model.input((1, 4, 4, 128), TensorType.INT8), units, kernel=1)
    else:
        y = model.fully_connected(model.input((1, 128), TensorType.INT8), units)
    model.output(y)
    overwrite(model, 0, 1, bytes(choose.randrange(values) for _ in range(128 * units)))
    return model.build()


def _narrow() -> Model:
    model = ModelBuilder()
    model.output(model.conv_2d(model.input((1, 4, 4, 32), TensorType.INT8), 64, kernel=1))
    overwrite(model, 0, 1, bytes(range(16)) * 128)
    return model.build()


@dataclass(frozen=True, slots=True)
class _Table:
    """A constant as indices of `bits` into `tables` of `values` each, in `bytes` of the file."""

    bits: int
    values: int
    tables: int
    bytes: int


class CompressibleWeights(Rule):
    """Weights of so few different values that a table and short indices hold them in less.

    ## What it does
    Counts the different values of each constant of convolutions and dense layers; with a
    scale for each channel, those of each channel. Up to 128 fit TFLM's compression: a table
    of the values (one a scale), and an index of 1 to 7 bits for each weight. Names the bits,
    and the bytes before and after. Reports what saves at least 1 KiB and a quarter.

    ## Why it matters on a device
    Clustered or pruned weights take as much flash as any others unless they are compressed.
    In return, TFLM's DECODE operator expands the tensor into the arena before each use: RAM
    of the tensor's full size while its layer runs, and time for every weight.

    ## Repair
    TFLM's tool `compress.py` with a lookup table (`lut`) of these bits for the tensor, and a
    resolver with the DECODE operator; `tflint memory` tells whether the arena has room. The
    weights stay what they are, bit for bit.
    """

    meta = Metadata("TFL308", "compressible-weights", Severity.INFO)
    examples = (
        Bad("Clustered into 16 values", lambda: _layer(16), says="4 bits"),
        Bad("A table for each scale", lambda: _layer(16, scales=True), says="in each of 64"),
        Good("Too many values", lambda: _layer(200)),
        Good("100 values: 7 bits instead of 8 save too little", lambda: _layer(100)),
        Good("Too small to matter", lambda: _layer(16, units=8)),
        Good("Tables for 64 channels of 32 weights save too little", _narrow),
        Good("Not in LiteRT", lambda: _layer(16), target="litert"),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        if not context.runtime.is_mcu or _DECODE not in context.runtime.custom_operators:
            return
        seen: set[int] = set()
        for graph in context.graphs:
            for value in _decodable(graph):
                if value.tensor.buffer in seen:
                    continue
                table = _best(context.constants, value)
                if table is not None:
                    seen.add(value.tensor.buffer)
                    yield self._finding(value, table)

    def _finding(self, value: Value, table: _Table) -> Finding:
        saving = value.bytes - table.bytes
        few = f"{table.values:,} different values" if table.values > 1 else "one value"
        where = f" in each of {table.tables:,} channels" if table.tables > 1 else ""
        return self.finding(
            f"{value.elements:,} weights have {few}{where}: indices of {table.bits} "
            f"bit{'s' if table.bits > 1 else ''} and a table hold them in "
            f"{size_text(table.bytes)} instead of {size_text(value.bytes)}",
            node=value.consumers[0],
            value=value,
            help=f"compress with TFLM's lookup tables: saves {size_text(saving)} of flash, takes "
            f"{size_text(value.bytes)} of arena while the layer runs",
        )


def _decodable(graph: Graph) -> Iterator[Value]:
    """The larger constants whose kernels take them from the arena as well."""
    read: set[int] = set()
    refused: set[int] = set()
    for node in graph.nodes:
        positions = _POSITIONS.get(node.name, _NOWHERE)
        for position, value in enumerate(node.inputs):
            if value is not None and value.bytes >= _LEAST_SAVING:
                (read if position in positions else refused).add(value.index)
    for index in sorted(read - refused):
        value = graph.values[index]
        if value.is_constant and value.type in _TYPES and not value.is_output:
            yield value


def _best(constants: Constants, value: Value) -> _Table | None:
    """The table, or the tables, that TFLM would take, if they are worth it."""
    layout = _tables(value)
    limit = 0 if layout is None else _most_values(value, layout)
    if layout is None or not limit:
        return None
    found = constants.distinct_in_channels(value, layout, limit)
    # Weights that are all the same are dead, which TFL307 has more to say about.
    return _table(value, layout, found) if found is not None and found > 1 else None


def _tables(value: Value) -> Layout | None:
    """What has a table of its own: each channel if each has a scale, else the whole tensor.

    The kernel goes by the scales, whatever the compression tool was told. Source:
    `DecodeStateLut::Setup` in tensorflow/lite/micro/kernels/decode_state_lut.cc.
    """
    quantization = value.tensor.quantization
    scales = 0 if quantization is None else len(quantization.scale)
    axis = 0 if quantization is None else quantization.quantized_dimension
    if scales > 1:
        layout = channel_layout(value.shape, axis)
        return layout if axis in (0, len(value.shape) - 1) and layout.channels == scales else None
    return Layout(1, 1, value.elements) if scales == 0 or axis == 0 else None


def _table(value: Value, layout: Layout, values: int) -> _Table:
    bits = max((values - 1).bit_length(), 1)
    width = value.bytes // max(value.elements, 1)
    size = (layout.elements * bits + 7) // 8 + layout.channels * values * width
    return _Table(bits, values, layout.channels, size + _HEADER_BYTES)


def _most_values(value: Value, layout: Layout) -> int:
    """How many values a table may have for it to save enough; 0 if none does."""
    if layout.depth < _LEAST_DEPTH:
        return 0
    room = value.bytes - max(_LEAST_SAVING, value.bytes * _LEAST_SHARE) - _HEADER_BYTES
    one_of_each = layout.channels * (value.bytes // layout.elements)
    if not one_of_each:
        return 0  # the file holds less data than the shape has elements
    most = 0
    for bits in range(1, _MAX_BITS + 1):
        left = room - (layout.elements * bits + 7) // 8
        most = max(most, min(1 << bits, int(left // one_of_each)))
    return most
