"""Protocol buffers and SavedModels, made for tests."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path


def varint(value: int) -> bytes:
    parts = []
    while True:
        value, low = value >> 7, value & 0x7F
        parts.append(low | (0x80 if value else 0))
        if not value:
            return bytes(parts)


def field(number: int, value: int | bytes | str) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value & (1 << 64) - 1)
    content = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(content)) + content


def tensor_info(shape: Sequence[int], dtype: int = 1) -> bytes:
    dims = b"".join(field(2, field(1, size)) for size in shape)
    return field(1, "x:0") + field(2, dtype) + field(3, dims)


def graph(
    operators: Sequence[str] = (),
    functions: Sequence[str] = (),
    inputs: Mapping[str, Sequence[int]] = {},
    outputs: Mapping[str, Sequence[int]] = {},
    objects: bytes = b"",
) -> bytes:
    """A `saved_model.pb` with these operators in the graph and in a function."""
    nodes = b"".join(field(1, field(1, "n") + field(2, each)) for each in operators)
    inside = b"".join(field(3, field(1, "n") + field(2, each)) for each in functions)
    signature = b"".join(
        field(number, field(1, name) + field(2, tensor_info(shape)))
        for number, tensors in ((1, inputs), (2, outputs))
        for name, shape in tensors.items()
    )
    metagraph = field(2, nodes + field(2, field(1, inside)))
    metagraph += field(5, field(1, "serving_default") + field(2, signature))
    return field(1, 1) + field(2, metagraph + objects)


def metadata(*described: tuple[str, Mapping[str, object]]) -> bytes:
    """A `keras_metadata.pb` with these objects: the path of each and its description."""
    return b"".join(
        field(
            1,
            field(2, index)
            + field(3, path)
            + field(4, "_tf_keras_layer" if index else "_tf_keras_sequential")
            + field(5, json.dumps(description)),
        )
        for index, (path, description) in enumerate(described)
    )


def write_saved_model(folder: Path, pb: bytes, keras: bytes | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "saved_model.pb").write_bytes(pb)
    if keras is not None:
        (folder / "keras_metadata.pb").write_bytes(keras)
    return folder
