"""The tables that make a model, as frozen dataclasses that mirror the schema field by field.

They say what the file says, no more: indices are not checked, names may hold anything.
`tflint.model.graph` is the view with meaning. Vectors that are not in the file are
`ABSENT`, an empty tuple; strings and tables that are not there are None.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tflint.model.record import ABSENT, Record, UnknownField, UnknownTable
from tflint.model.schema import (
    BUILTIN_OPERATORS,
    ExternalBuffer,
    ExternalBufferGroup,
    SparsityParameters,
    TensorType,
    VariantSubType,
)

# The field that older schemas have for an operator's code is one signed byte; newer
# writers put this value there when the code does not fit.
PLACEHOLDER_FOR_GREATER_OP_CODES = 127
# `TFLITE_SCHEMA_VERSION` in tensorflow/lite/version.h.
SCHEMA_VERSION = 3
CUSTOM = BUILTIN_OPERATORS.index("CUSTOM")
_BUILTIN_NAMES = frozenset(BUILTIN_OPERATORS)


@dataclass(frozen=True, slots=True)
class QuantizationParameters:
    """`real = scale * (quantized - zero_point)`, one pair a tensor or one a slice.

    `scale` and `zero_point` have one entry (per tensor) or one for each index of the
    dimension `quantized_dimension` (per channel). `min` and `max` are what the converter
    recorded; no runtime reads them.
    """

    min: tuple[float, ...] = ABSENT
    max: tuple[float, ...] = ABSENT
    scale: tuple[float, ...] = ABSENT
    zero_point: tuple[int, ...] = ABSENT
    details: Record | UnknownTable | None = None
    quantized_dimension: int = 0
    unknown_fields: tuple[UnknownField, ...] = ()


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor of a subgraph. `shape_signature` has -1 where `shape` only shows a 1."""

    shape: tuple[int, ...] = ABSENT
    type: TensorType = TensorType.FLOAT32
    buffer: int = 0
    name: str | None = None
    quantization: QuantizationParameters | None = None
    is_variable: bool = False
    sparsity: SparsityParameters | None = None
    shape_signature: tuple[int, ...] = ABSENT
    has_rank: bool = False
    variant_tensors: tuple[VariantSubType, ...] = ABSENT
    external_buffer: int = 0
    unknown_fields: tuple[UnknownField, ...] = ()


@dataclass(frozen=True, slots=True)
class OperatorCode:
    """An entry of the table of operators that a model uses."""

    deprecated_builtin_code: int = 0
    custom_code: str | None = None
    version: int = 1
    builtin_code: int = 0
    unknown_fields: tuple[UnknownField, ...] = ()

    @property
    def code(self) -> int:
        """The builtin operator code.

        Files older than schema 3a have only the deprecated byte, some newer ones only the
        wide field: the larger of the two is the code, as in TFLite's `GetBuiltinCode`.
        """
        return max(self.builtin_code, self.deprecated_builtin_code)

    @property
    def is_custom(self) -> bool:
        """Whether `custom_code` names the operator."""
        return self.code == CUSTOM

    @property
    def name(self) -> str:
        """`CONV_2D`, the custom code such as `FlexConv2D`, or `UNKNOWN_<code>`.

        A custom operator that calls itself like a builtin is `CUSTOM:<custom code>`.
        """
        if self.is_custom:
            name = self.custom_code
            return f"CUSTOM:{name}" if name in _BUILTIN_NAMES else name or "CUSTOM"
        if 0 <= self.code < len(BUILTIN_OPERATORS):
            return BUILTIN_OPERATORS[self.code]
        return f"UNKNOWN_{self.code}"


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator. Input -1 is an optional input that is left out."""

    opcode_index: int = 0
    inputs: tuple[int, ...] = ABSENT
    outputs: tuple[int, ...] = ABSENT
    builtin_options: Record | UnknownTable | None = None
    custom_options: memoryview | bytes | None = None
    custom_options_format: int = 0
    mutating_variable_inputs: tuple[bool, ...] = ABSENT
    intermediates: tuple[int, ...] = ABSENT
    # Where a writer puts what lies outside is not part of what a model says.
    large_custom_options_offset: int = field(default=0, compare=False)
    large_custom_options_size: int = 0
    builtin_options2: Record | UnknownTable | None = None
    debug_metadata_index: int = -1
    unknown_fields: tuple[UnknownField, ...] = ()

    @property
    def is_external(self) -> bool:
        """Whether `custom_options` lie behind the flatbuffer instead of in it."""
        return is_external(self.large_custom_options_offset, self.large_custom_options_size)


@dataclass(frozen=True, slots=True)
class Buffer:
    """Constant data. `data` is a view into the file, wherever in the file it lies.

    `position` is where they start, in bytes from the file's beginning.
    """

    data: memoryview | bytes | None = None
    offset: int = field(default=0, compare=False)
    size: int = 0
    unknown_fields: tuple[UnknownField, ...] = ()
    position: int | None = field(default=None, compare=False)

    @property
    def is_external(self) -> bool:
        """Whether the data lie behind the flatbuffer, as models over 2 GB have them."""
        return is_external(self.offset, self.size)


@dataclass(frozen=True, slots=True)
class SubGraph:
    """Tensors and the operators over them, in execution order."""

    tensors: tuple[Tensor, ...] = ABSENT
    inputs: tuple[int, ...] = ABSENT
    outputs: tuple[int, ...] = ABSENT
    operators: tuple[Operator, ...] = ABSENT
    name: str | None = None
    debug_metadata_index: int = -1
    unknown_fields: tuple[UnknownField, ...] = ()


@dataclass(frozen=True, slots=True)
class Metadata:
    """A named buffer, such as `min_runtime_version` or `OfflineMemoryAllocation`."""

    name: str | None = None
    buffer: int = 0
    unknown_fields: tuple[UnknownField, ...] = ()


@dataclass(frozen=True, slots=True)
class TensorMap:
    """A signature's name for a tensor."""

    name: str | None = None
    tensor_index: int = 0
    unknown_fields: tuple[UnknownField, ...] = ()


@dataclass(frozen=True, slots=True)
class SignatureDef:
    """A callable entry into a model: names for one subgraph's inputs and outputs."""

    inputs: tuple[TensorMap, ...] = ABSENT
    outputs: tuple[TensorMap, ...] = ABSENT
    signature_key: str | None = None
    subgraph_index: int = 0
    unknown_fields: tuple[UnknownField, ...] = ()


@dataclass(frozen=True, slots=True)
class Model:
    """The root of a `.tflite` file. `file_bytes` is its length, 0 for one not from a file."""

    version: int = 0
    operator_codes: tuple[OperatorCode, ...] = ABSENT
    subgraphs: tuple[SubGraph, ...] = ABSENT
    description: str | None = None
    buffers: tuple[Buffer, ...] = ABSENT
    metadata_buffer: tuple[int, ...] = ABSENT
    metadata: tuple[Metadata, ...] = ABSENT
    signature_defs: tuple[SignatureDef, ...] = ABSENT
    external_buffer_groups: tuple[ExternalBufferGroup, ...] = ABSENT
    external_buffers: tuple[ExternalBuffer, ...] = ABSENT
    unknown_fields: tuple[UnknownField, ...] = ()
    file_bytes: int = field(default=0, compare=False)


STRUCTURE: dict[str, type] = {
    table.__name__: table
    for table in (
        Model,
        SubGraph,
        Tensor,
        QuantizationParameters,
        Operator,
        OperatorCode,
        Buffer,
        Metadata,
        TensorMap,
        SignatureDef,
    )
}


def is_external(offset: int, size: int) -> bool:
    """Whether these fields point behind the flatbuffer; 0 and 1 are a writer's placeholders.

    Source: `InterpreterBuilder` in tensorflow/lite/core/interpreter_builder.cc.
    """
    return offset > 1 and size > 1
