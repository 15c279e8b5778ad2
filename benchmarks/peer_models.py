"""Models with the truth about them, and damaged files made from a good one.

The truth is what TFLM said: measured for the models of the folder `shared`, where that is there,
and held by a test for the example models of this repository.
"""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The models of `examples/build.py`, and whether TFLM runs them.
EXAMPLES = {
    "motion_select_ops": False,
    "motion_dynamic_range": False,
    "keyword_float32": True,
    "motion_int8": True,
}
MEASURED = "facts/arena-cortex-m4.json"
POINTER = b"""version https://git-lfs.github.com/spec/v1
oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
size 12345
"""


# Libraries of kernels that TFLM was built with, by their key in the measurements.
REFERENCE, CMSIS_NN = "reference kernels", "CMSIS-NN"
BUILDS = {REFERENCE: "m4_ref", CMSIS_NN: "m4_cmsis"}


@dataclass(frozen=True)
class Arena:
    """What TFLM needed, in bytes: `arena_used_bytes()`, and the smallest arena that works."""

    used: int
    smallest: int


@dataclass(frozen=True)
class Model:
    """A model file; `runs` on TFLM or does not. `arenas`: by library, where measured."""

    name: str
    path: Path
    runs: bool
    arenas: Mapping[str, Arena] = field(default_factory=dict)


def shared_models(shared: Path) -> list[Model]:
    """The models of which `shared` holds both the file and what TFLM made of it on a Cortex-M4."""
    facts = shared / MEASURED
    if not facts.exists():
        return []
    measured = json.loads(facts.read_text(encoding="utf-8"))["models"]
    found = [
        Model(name, shared / "models" / name, bool(entry["m4_ref"]["ok"]), measured_arenas(entry))
        for name, entry in measured.items()
    ]
    return sorted((model for model in found if model.path.exists()), key=lambda model: model.name)


def measured_arenas(entry: Mapping[str, Mapping[str, int]]) -> dict[str, Arena]:
    """Of one model, by library; none where TFLM refused it."""
    builds = {library: entry.get(key, {}) for library, key in BUILDS.items()}
    return {
        library: Arena(build["arena"], build["min_arena"])
        for library, build in builds.items()
        if "arena" in build and "min_arena" in build
    }


def example_models(folder: Path) -> list[Model]:
    """The models that `examples/build.py` has written into `folder`."""
    return [Model(name, folder / f"{name}.tflite", runs) for name, runs in EXAMPLES.items()]


def damaged(model: bytes) -> dict[str, bytes]:
    """Files that are no models any more, from one that is, each with what was done to it.

    `model` is a file whose first subgraph has an operator with an input, and a constant. Fields are
    found as the flatbuffers specification says, and not by our reader.
    """
    noise = random.Random(0).randbytes(len(model) - 8)
    root = _follow(model, 0)
    subgraphs = _follow(model, _field(model, root, 2))
    subgraph = _follow(model, subgraphs + 4)
    tensors = _follow(model, _field(model, subgraph, 0))
    every_tensor = [_follow(model, tensors + 4 + 4 * i) for i in range(_u32(model, tensors))]
    buffer = next(filter(None, (_slot(model, tensor, 2) for tensor in every_tensor)))
    operators = _follow(model, _field(model, subgraph, 3))
    operator = _follow(model, operators + 4)
    inputs = _follow(model, _field(model, operator, 1))
    return {
        "empty": b"",
        "a Git LFS pointer": POINTER,
        "an HTML page": b"<!DOCTYPE html>\n<html><title>404</title></html>\n",
        "first 8 bytes": model[:8],
        "first half": model[: len(model) // 2],
        "without its last 64 bytes": model[:-64],
        "header, then noise": model[:8] + noise,
        "root table beyond the end": _patched(model, 0, 0x7FFFFFF0),
        "vtable beyond the end": _patched(model, root, 0x7FFFFFF0),
        "2^31 subgraphs": _patched(model, subgraphs, 0x7FFFFFFF),
        "2^31 operators": _patched(model, operators, 0x7FFFFFFF),
        "operator reads tensor 1,000,000": _patched(model, inputs + 4, 1_000_000),
        "constant in buffer 1,000,000": _patched(model, buffer, 1_000_000),
    }


def _u32(data: bytes, at: int) -> int:
    return int(struct.unpack_from("<I", data, at)[0])


def _follow(data: bytes, at: int) -> int:
    """Where the offset at `at` leads."""
    return at + _u32(data, at)


def _slot(data: bytes, table: int, slot: int) -> int | None:
    """Where a table keeps a field, if it has it."""
    vtable = table - int(struct.unpack_from("<i", data, table)[0])
    if 4 + 2 * slot >= int(struct.unpack_from("<H", data, vtable)[0]):
        return None
    offset = int(struct.unpack_from("<H", data, vtable + 4 + 2 * slot)[0])
    return table + offset if offset else None


def _field(data: bytes, table: int, slot: int) -> int:
    """Where a table keeps a field; raises `ValueError` where it has none."""
    found = _slot(data, table, slot)
    if found is None:
        raise ValueError(f"the table at {table} has no field {slot}")
    return found


def _patched(data: bytes, at: int, value: int) -> bytes:
    return data[:at] + struct.pack("<I", value) + data[at + 4 :]
