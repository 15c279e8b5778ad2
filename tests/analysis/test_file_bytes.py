"""What TFL607 and TFL609 say a file loses is what it loses, and runtimes do not miss it."""

from __future__ import annotations

import dataclasses
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.rewrite import rewrite
from tests.rules.findings import findings
from tests.runtimes import RUNTIMES, assert_bit_equal, random_inputs, run
from tflint.analysis import file_bytes
from tflint.analysis.unread_notes import _repeated_zero_points
from tflint.finding import Severity
from tflint.model.builder import ModelBuilder
from tflint.model.reader import parse_model, read_model
from tflint.model.record import ABSENT
from tflint.model.schema import TensorType
from tflint.model.tables import Model, Tensor
from tflint.model.writer import write_model

# What alignment may add or take at each entry that goes.
SLACK = 8


def network(channels: int = 16) -> Model:
    """Three int8 convolutions with long names, minimum and maximum, and zero points."""
    model = ModelBuilder()
    x = model.input((1, 12, 12, 1), TensorType.INT8)
    for _ in range(3):
        x = model.conv_2d(x, channels, 3)
    model.output(x)
    for index, tensor in enumerate(model.tensors):
        assert tensor.quantization is not None
        scales = tensor.quantization.scale
        noted = dataclasses.replace(
            tensor.quantization, min=tuple(-s for s in scales), max=tuple(scales)
        )
        name = f"model/block_{index}/Conv2D;with/a/long/name/{'x' * index}"
        model.tensors[index] = dataclasses.replace(tensor, name=name, quantization=noted)
    return model.build()


def with_tensors(model: Model, **changes: object) -> Model:
    """The model with these fields changed in every tensor; quantisation's by their name."""

    def change(tensor: Tensor) -> Tensor:
        found = tensor.quantization
        inside: dict[str, Any] = {k: v for k, v in changes.items() if k in ("min", "max")}
        outside: dict[str, Any] = {k: v for k, v in changes.items() if k not in inside}
        if inside and found is not None:
            outside["quantization"] = dataclasses.replace(found, **inside)
        return dataclasses.replace(tensor, **outside)

    graphs = [
        dataclasses.replace(graph, tensors=tuple(map(change, graph.tensors)))
        for graph in model.subgraphs
    ]
    return dataclasses.replace(model, subgraphs=tuple(graphs))


def lost(model: Model, after: Model) -> int:
    return len(write_model(model)) - len(write_model(after))


def test_names_and_ranges_take_what_is_said() -> None:
    model = network()
    tensors = model.subgraphs[0].tensors
    names = sum(file_bytes.string_bytes(tensor.name) for tensor in tensors)
    found = [tensor.quantization for tensor in tensors if tensor.quantization]
    ranges = sum(
        file_bytes.vector_bytes(q.min, 4) + file_bytes.vector_bytes(q.max, 4) for q in found
    )

    assert abs(lost(model, with_tensors(model, name=None)) - names) <= SLACK * len(tensors)
    assert abs(lost(model, with_tensors(model, min=ABSENT, max=ABSENT)) - ranges) <= 64
    everything = with_tensors(model, quantization=None)
    held = sum(file_bytes.quantization_bytes(tensor.quantization) for tensor in tensors)
    assert abs(lost(model, everything) - held) <= SLACK * len(tensors)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_runtimes_do_without_names_and_ranges(runtime: str) -> None:
    model = network()

    assert_bit_equal(model, with_tensors(model, name=None, min=ABSENT, max=ABSENT), runtime)


def share_zero_points(data: bytes) -> bytes:
    """The file with every list of zero points read from where the first equal one stands."""
    raw, (start,) = bytearray(data), struct.unpack_from("<I", data)

    def field(table: int, slot: int) -> int:
        vtable = table - struct.unpack_from("<i", raw, table)[0]
        size = struct.unpack_from("<H", raw, vtable)[0]
        at = struct.unpack_from("<H", raw, vtable + 4 + 2 * slot)[0] if 4 + 2 * slot < size else 0
        return table + at if at else 0

    def follow(at: int) -> int:
        return int(at + struct.unpack_from("<I", raw, at)[0])

    first: dict[bytes, int] = {}
    graph = follow(follow(field(start, 2)) + 4)
    tensors = follow(field(graph, 0))
    places = []
    for i in range(struct.unpack_from("<I", raw, tensors)[0]):
        quantization = field(follow(tensors + 4 + 4 * i), 4)
        points = field(follow(quantization), 3) if quantization else 0
        if points:
            places.append((points, follow(points)))
    # References only lead forwards, so the last list serves all.
    for points, at in sorted(places, key=lambda place: place[1], reverse=True):
        count = struct.unpack_from("<I", raw, at)[0]
        kept = first.setdefault(bytes(raw[at : at + 4 + 8 * count]), at)
        struct.pack_into("<I", raw, points, kept - points)
    return bytes(raw)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_runtimes_take_zero_points_that_are_stored_once(runtime: str) -> None:
    model = network()
    data = write_model(model)
    shared = share_zero_points(data)
    inputs = random_inputs(model, 1)

    assert shared != data
    assert _repeated_zero_points(parse_model(data)) == 5 * (4 + 16 * 8)
    assert _repeated_zero_points(parse_model(shared)) == 0
    for left, right in zip(run(data, inputs, runtime), run(shared, inputs, runtime), strict=True):
        np.testing.assert_array_equal(left, right)


def test_names_of_inputs_and_outputs_are_an_interface() -> None:
    model = ModelBuilder()
    x = model.input((1, 4), name="a" * 4000)
    y = model.unary("RELU", x)
    model.tensors[y] = dataclasses.replace(model.tensors[y], name="b" * 4000)
    model.output(y)
    assert findings("TFL609", model.build()) == ()

    model.output(model.unary("RELU", y))
    model.outputs.remove(y)
    (finding,) = findings("TFL609", model.build())
    assert "3.9 KiB of tensor names" in finding.message


@pytest.mark.parametrize(
    ("notes", "weights", "fires"),
    [(200, 0, False), (600, 0, True), (1200, 60_000, False), (5000, 120_000, True)],
)
def test_notes_count_from_a_share_of_the_file_or_a_sector_of_flash(
    notes: int, weights: int, fires: bool
) -> None:
    model = ModelBuilder()
    x = model.input((1, weights // 4 + 1))
    y = model.fully_connected(x, 1)
    w = model.operators[0].inputs[1]
    model.tensors[w] = dataclasses.replace(model.tensors[w], name="n" * notes)
    model.output(y)

    assert bool(findings("TFL609", model.build())) is fires


@pytest.mark.shared
def test_over_a_third_of_the_reference_keyword_spotter(shared_models: list[Path]) -> None:
    (path,) = (path for path in shared_models if path.name == "kws_ref_model.tflite")
    (finding,) = findings("TFL609", path.read_bytes())

    assert "37 % of the file" in finding.message
    model = read_model(path)
    stripped = with_tensors(model, name=None, min=ABSENT, max=ABSENT)
    assert 10_600 < lost(model, stripped) < 11_200


def entries(kind: str) -> tuple[Model, Model]:
    """A model with entries that no one uses, and the same model without."""
    builders = ModelBuilder(), ModelBuilder()
    for model in builders:
        model.output(model.unary("RELU", model.input((1, 4))))
    more, less = builders
    if kind == "tensor":
        for _ in range(4):
            more.tensor((1, 2, 3, 4), TensorType.INT8)
    if kind == "constant":
        more.constant((1000,))
    if kind == "buffer":
        more.buffer(bytes(1000))
    if kind == "code":
        for name in ("ADD", "CONV_2D", "ACustomOperatorOfALongName"):
            more.operator_code(name)
    if kind == "metadata":
        more.metadata("NothingInThere", b"")
    return more.build(), less.build()


@pytest.mark.parametrize("kind", ["tensor", "constant", "buffer", "code", "metadata"])
def test_unused_entries_take_what_is_said(kind: str) -> None:
    more, less = entries(kind)
    (finding,) = findings("TFL607", more)
    number, unit = finding.message.split("uses: ")[1].split()[:2]
    size = float(number.replace(",", "")) * {"B": 1, "KiB": 1024}[unit]

    assert findings("TFL607", less) == ()
    # A vtable that nothing else shares is not counted, and a size is rounded to 0.1 KiB.
    assert abs(lost(more, less) - size) <= 64


def dead_end(kind: str) -> Model:
    model = ModelBuilder()
    x = model.input((1, 8, 8, 1))
    y = model.conv_2d(x, 2, 3)
    z = model.conv_2d(x, 4, 3)
    if kind == "chain":
        model.softmax(z)
    if kind == "cycle":
        model.operator("RELU", [model.unary("RELU", z)], [z])
    if kind == "custom":
        model.operator("MyLogger", [z], [model.tensor((1,))])
    if kind == "signature":
        model.signature({"x": x}, {"y": y, "z": z})
    if kind == "variable":
        state = model.tensor(model.shape(z), is_variable=True)
        model.operator("RELU", [z], [state])
    model.output(y)
    return model.build()


DEAD_ENDS = {
    "one": [1],
    "chain": [1, 2],
    "cycle": [1, 2, 3],
    "custom": [],
    "signature": [],
    "variable": [],
}


@pytest.mark.parametrize(("kind", "dead"), DEAD_ENDS.items())
def test_operators_that_lead_nowhere(kind: str, dead: list[int]) -> None:
    model = dead_end(kind)
    found = [f for f in findings("TFL607", model) if f.severity is Severity.WARNING]

    assert len(found) == bool(dead)
    if dead:
        assert found[0].message.count("#") == len(dead)
        assert "MACs" in found[0].message
    if kind == "chain":
        assert_bit_equal(model, rewrite(model, gone=dead), "litert")
        assert_bit_equal(model, rewrite(model, gone=dead), "tflm")
