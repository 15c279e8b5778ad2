"""Models in a few lines, for tests, rule examples and rewrites.

    model = ModelBuilder()
    x = model.input((1, 8, 8, 1))
    y = model.conv_2d(x, filters=4, kernel=3)
    model.output(model.fully_connected(y, units=2))
    write_model(model.build())

Weights come from a fixed pseudo-random sequence, so the same lines give the same bytes.
"""

from __future__ import annotations

import random
import struct

from tflint.model.graph_builder import GraphBuilder, Shape
from tflint.model.record import ABSENT
from tflint.model.schema import BUILTIN_OPERATORS, TensorType
from tflint.model.tables import (
    CUSTOM,
    PLACEHOLDER_FOR_GREATER_OP_CODES,
    SCHEMA_VERSION,
    Buffer,
    Metadata,
    Model,
    OperatorCode,
    SignatureDef,
    TensorMap,
)
from tflint.model.types import FORMATS, elements, packed_bytes


class ModelBuilder(GraphBuilder):
    """A model under construction, and at the same time its first subgraph."""

    def __init__(self, description: str = "built with tflint", *, seed: int = 0) -> None:
        super().__init__(self, "main")
        self._description = description
        self._random = random.Random(seed)
        self._codes: dict[tuple[str, int], OperatorCode] = {}
        self._graphs: list[GraphBuilder] = [self]
        self._metadata: list[Metadata] = []
        self._signatures: list[SignatureDef] = []
        # Buffer 0 is empty by convention: activations refer to it.
        self.buffers: list[Buffer] = [Buffer()]

    def subgraph(self, name: str) -> GraphBuilder:
        """A further subgraph."""
        graph = GraphBuilder(self, name)
        self._graphs.append(graph)
        return graph

    def buffer(self, data: bytes) -> int:
        """A new buffer with these bytes; returns its index."""
        self.buffers.append(Buffer(data))
        return len(self.buffers) - 1

    def operator_code(self, name: str, version: int = 1) -> int:
        """The index of an operator's code, entered into the table when it is new."""
        if (name, version) not in self._codes:
            builtin = name in BUILTIN_OPERATORS
            code = BUILTIN_OPERATORS.index(name) if builtin else CUSTOM
            self._codes[name, version] = OperatorCode(
                deprecated_builtin_code=min(code, PLACEHOLDER_FOR_GREATER_OP_CODES),
                custom_code=None if builtin else name,
                version=version,
                builtin_code=code,
            )
        return list(self._codes).index((name, version))

    def metadata(self, name: str, data: bytes) -> None:
        """Attach a named buffer."""
        self._metadata.append(Metadata(name, self.buffer(data)))

    def signature(
        self, inputs: dict[str, int], outputs: dict[str, int], key: str = "serving_default"
    ) -> None:
        """Name inputs and outputs of the first subgraph."""

        def maps(names: dict[str, int]) -> tuple[TensorMap, ...]:
            return tuple(TensorMap(name, index) for name, index in names.items())

        self._signatures.append(SignatureDef(maps(inputs), maps(outputs), key))

    def random_data(self, shape: Shape, type: TensorType) -> bytes:
        """Pseudo-random values: reals within 0.5 of zero, bytes over the whole range that
        weights may have; integers of other widths are zero.
        """
        code, count = FORMATS.get(type), elements(shape)
        if code == "f":
            values = [self._random.uniform(-0.5, 0.5) for _ in range(count)]
            return struct.pack(f"<{count}f", *values)
        if type is TensorType.FLOAT16:
            values = [self._random.uniform(-0.5, 0.5) for _ in range(count)]
            return struct.pack(f"<{count}e", *values)
        if type in (TensorType.INT8, TensorType.UINT8):
            raw = self._random.randbytes(count)
            # The quantisation specification keeps weights symmetric: -127 to 127.
            return raw.replace(b"\x80", b"\x81") if type is TensorType.INT8 else raw
        return bytes(packed_bytes(shape, type) or 0)

    def build(self) -> Model:
        """The model as it stands."""
        return Model(
            version=SCHEMA_VERSION,
            operator_codes=tuple(self._codes.values()),
            subgraphs=tuple(graph.finish() for graph in self._graphs),
            description=self._description,
            buffers=tuple(self.buffers),
            metadata=tuple(self._metadata) or ABSENT,
            signature_defs=tuple(self._signatures) or ABSENT,
        )
