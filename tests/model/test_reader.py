"""What is not a model is refused, with the reason; what is one is read as it is."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Callable
from pathlib import Path

import flatbuffers
import pytest

from tests.model import raw
from tests.model.raw import Write, scalar, write_offsets, write_table, write_vector
from tests.model.sample_models import annotated_model, float_model
from tflint.errors import MalformedModel, NotAModel, UnreadableModel
from tflint.model.reader import parse_model, read_model
from tflint.model.record import ABSENT
from tflint.model.schema import BUILTIN_OPERATORS, Conv2DOptions, TensorType
from tflint.model.tables import Buffer, Operator, OperatorCode
from tflint.model.writer import write_model

MODEL = write_model(float_model())
ROOT = raw.root(MODEL)
GRAPH = ROOT.tables(2)[0]
TENSOR = GRAPH.tables(0)[0]
OPERATOR = GRAPH.tables(3)[0]
OPTIONS = OPERATOR.table(4)


def vtable_of(table: raw.RawTable) -> int:
    """Where a table's vtable is."""
    (back,) = struct.unpack_from("<i", table.data, table.at)
    return table.at - int(back)


def poke(at: int, format: str, *values: int, data: bytes = MODEL) -> bytes:
    """The model with other numbers at one place."""
    changed = bytearray(data)
    struct.pack_into(f"<{format}", changed, at, *values)
    return bytes(changed)


OUTSIDE = "an offset points outside"
MALFORMED = [
    ("root offset null", poke(0, "I", 0), OUTSIDE),
    ("root offset past the end", poke(0, "I", len(MODEL)), OUTSIDE),
    ("root offset at the last bytes", poke(0, "I", len(MODEL) - 3), OUTSIDE),
    ("root offset unaligned", poke(0, "I", ROOT.at + 1), OUTSIDE),
    ("root offset largest", poke(0, "I", 2**32 - 1), OUTSIDE),
    ("vtable before the file", poke(ROOT.at, "i", ROOT.at + 2), "vtable lies outside"),
    ("vtable behind the file", poke(ROOT.at, "i", ROOT.at - len(MODEL)), "vtable lies outside"),
    ("vtable at an odd place", poke(ROOT.at, "i", 3), "vtable lies outside"),
    ("vtable too short", poke(vtable_of(ROOT), "H", 2), "vtable's size is impossible"),
    ("vtable of odd size", poke(vtable_of(ROOT), "H", 13), "vtable's size is impossible"),
    ("vtable past the end", poke(vtable_of(ROOT), "H", 65_534), "vtable's size is impossible"),
    ("table shorter than its head", poke(vtable_of(ROOT) + 2, "H", 3), "vtable places a field"),
    ("table past the end", poke(vtable_of(ROOT) + 2, "H", 65_535), "table reaches past the end"),
    ("field outside its table", poke(vtable_of(ROOT) + 4, "H", 60_000), "vtable places a field"),
    (
        "field past the end of its table",
        poke(vtable_of(ROOT) + 4, "H", struct.unpack_from("<H", MODEL, vtable_of(ROOT) + 2)[0] - 1),
        "field reaches past",
    ),
    ("field off its alignment", poke(vtable_of(ROOT) + 4, "H", 5), "off its alignment"),
    ("vector offset null", poke(ROOT.position(2), "I", 0), OUTSIDE),
    ("vector offset past the end", poke(ROOT.position(2), "I", len(MODEL)), OUTSIDE),
    ("vector past the end", poke(ROOT.target(2), "I", len(MODEL)), "vector reaches past"),
    ("vector of largest length", poke(ROOT.target(2), "I", 2**32 - 1), "vector reaches past"),
    ("element offset null", poke(ROOT.target(2) + 4, "I", 0), OUTSIDE),
    ("element offset past the end", poke(ROOT.target(2) + 4, "I", 2**31), OUTSIDE),
    ("constant past the end", poke(ROOT.tables(4)[1].target(0), "I", 2**30), "vector reaches past"),
    ("shape past the end", poke(TENSOR.target(0), "I", 2**28), "vector reaches past"),
    ("name past the end", poke(TENSOR.target(3), "I", 2**28), "vector reaches past"),
    ("name unterminated", poke(TENSOR.target(3), "I", 3), "string is not terminated"),
    ("options offset null", poke(OPERATOR.position(4), "I", 0), OUTSIDE),
    ("options of another table", poke(OPTIONS.at, "i", OPTIONS.at), "vtable"),
    ("no subgraphs", poke(ROOT.target(2), "I", 0), "no subgraph"),
    ("no vector of subgraphs", poke(vtable_of(ROOT) + 8, "H", 0), "no subgraph"),
    ("empty", b"", "0 bytes long"),
    ("a few bytes", b"\x1c\0\0\0TFL3", "8 bytes long"),
    ("only a head", b"\x1c\0\0\0TFL3" + bytes(8), OUTSIDE),
]


@pytest.mark.parametrize(
    ("data", "reason"), [m[1:] for m in MALFORMED], ids=[m[0] for m in MALFORMED]
)
def test_a_malformed_file_is_refused_with_its_reason(data: bytes, reason: str) -> None:
    with pytest.raises(MalformedModel, match=reason):
        parse_model(data)


def test_the_files_behind_these_tests_are_models() -> None:
    assert parse_model(MODEL) == float_model()


def test_the_message_says_where() -> None:
    with pytest.raises(MalformedModel) as error:
        parse_model(poke(ROOT.target(2), "I", len(MODEL)))
    assert error.value.position == ROOT.target(2)
    assert f"at byte {ROOT.target(2):,}" in str(error.value)


OTHERS = [
    ("LFS pointer", b"version https://git-lfs.github.com/spec/v1\noid sha256:12\n", "git lfs pull"),
    ("HDF5", b"\x89HDF\r\n\x1a\n" + bytes(100), "HDF5"),
    ("ZIP", b"PK\x03\x04" + bytes(100), "ZIP"),
    ("gzip", b"\x1f\x8b\x08" + bytes(100), "gzip"),
    ("HTML", b"\n  <!doctype html><title>404</title>", "HTML"),
    ("HTML without a doctype", b"<HTML><body>Not found</body></HTML>", "HTML"),
    ("HTML with a byte order mark", b"\xef\xbb\xbf<html><body>Not found", "HTML"),
    ("size prefix", struct.pack("<I", len(MODEL)) + MODEL, "size prefix"),
    ("another flatbuffer", poke(4, "4s", b"ABCD"), "ABCD"),  # type: ignore[arg-type]
    ("text", b"import tensorflow as tf\nmodel = ...", "identifier"),
]


@pytest.mark.parametrize(("data", "reason"), [o[1:] for o in OTHERS], ids=[o[0] for o in OTHERS])
def test_something_else_is_called_by_its_name(data: bytes, reason: str) -> None:
    with pytest.raises(NotAModel, match=reason):
        parse_model(data)


def test_a_model_whose_first_bytes_look_like_gzip_is_a_model() -> None:
    """Its root offset may be any number; the identifier decides."""
    with pytest.raises(MalformedModel, match=OUTSIDE):
        parse_model(poke(0, "4B", 0x20, 0x1F, 0x8B, 0x00))


@pytest.mark.parametrize(
    "data", [MODEL, write_model(annotated_model())], ids=["float", "annotated"]
)
def test_a_truncated_file_is_never_read_past_its_end(data: bytes) -> None:
    whole = parse_model(data)
    for length in range(len(data)):
        try:
            model = parse_model(data[:length])
        except UnreadableModel:
            continue
        assert model == whole, "only padding may be missing"


def test_reading_a_file(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(MODEL)
    model = read_model(path)
    assert model == float_model()
    assert model.file_bytes == len(MODEL)
    constant = model.buffers[1]
    assert isinstance(constant.data, memoryview)
    assert constant.data.readonly
    assert constant.position is not None
    assert MODEL[constant.position :].startswith(constant.data.tobytes())


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.touch()
    with pytest.raises(MalformedModel, match="empty"):
        read_model(path)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_model(tmp_path / "model.tflite")


# Files of other writers

Tables = Callable[[flatbuffers.Builder], list[dict[int, Write | int]]]


def file_with(
    codes: Tables = lambda _: [{}],
    operators: Tables = lambda _: [{}],
    tensors: Tables = lambda _: [{}],
    buffers: Tables = lambda _: [{}],
    tail: bytes = b"",
) -> bytes:
    """A model of these tables, written by `flatbuffers` alone, and bytes behind it."""
    builder = flatbuffers.Builder(0)

    def tables(fields: Tables) -> int:
        return write_offsets(builder, [write_table(builder, f) for f in fields(builder)])

    graph = write_table(builder, {0: tables(tensors), 3: tables(operators)})
    graphs = write_offsets(builder, [graph])
    model: dict[int, Write | int] = {
        0: scalar("I", 3),
        1: tables(codes),
        2: graphs,
        4: tables(buffers),
    }
    builder.Finish(write_table(builder, model), file_identifier=b"TFL3")
    return bytes(builder.Output()) + tail


CUSTOM = BUILTIN_OPERATORS.index("CUSTOM")


@pytest.mark.parametrize(
    ("deprecated", "wide", "code", "name"),
    [
        (3, None, 3, "CONV_2D"),
        (None, 3, 3, "CONV_2D"),
        (3, 3, 3, "CONV_2D"),
        (None, None, 0, "ADD"),
        (127, 150, 150, BUILTIN_OPERATORS[150]),
        (None, 150, 150, BUILTIN_OPERATORS[150]),
        (127, None, 127, BUILTIN_OPERATORS[127]),
        (CUSTOM, CUSTOM, CUSTOM, "CUSTOM"),
        (None, CUSTOM, CUSTOM, "CUSTOM"),
        (127, 5000, 5000, "UNKNOWN_5000"),
    ],
)
def test_the_operator_code_is_the_larger_of_its_two_fields(
    deprecated: int | None, wide: int | None, code: int, name: str
) -> None:
    fields: dict[int, Write | int] = {}
    if deprecated is not None:
        fields[0] = scalar("b", deprecated)
    if wide is not None:
        fields[3] = scalar("i", wide)
    model = parse_model(file_with(codes=lambda _: [fields]))
    assert model.operator_codes[0].code == code
    assert model.operator_codes[0].name == name
    assert model.operator_codes[0].version == 1
    assert parse_model(write_model(model)) == model


def test_a_custom_operator_has_its_own_name() -> None:
    data = file_with(codes=lambda b: [{0: scalar("b", CUSTOM), 1: b.CreateString("FlexErf")}])
    (code,) = parse_model(data).operator_codes
    assert code.is_custom
    assert code.name == "FlexErf"


def test_missing_fields_have_the_schemas_defaults() -> None:
    model = parse_model(file_with())
    assert model.operator_codes == (OperatorCode(),)
    assert model.buffers == (Buffer(),)
    (tensor,) = model.subgraphs[0].tensors
    assert tensor.type is TensorType.FLOAT32
    assert tensor.shape is ABSENT
    assert tensor.name is None
    assert model.subgraphs[0].operators == (Operator(),)
    assert model.subgraphs[0].operators[0].debug_metadata_index == -1


def test_external_data_are_found_through_offset_and_size() -> None:
    def buffers(at: int) -> Tables:
        return lambda _: [{}, {1: scalar("Q", at), 2: scalar("Q", 7)}]

    length = len(file_with(buffers=buffers(2)))
    data = file_with(buffers=buffers(length + 9), tail=b"." * 9 + b"weights")
    buffer = parse_model(data).buffers[1]
    assert buffer.data == b"weights"
    assert buffer.position == length + 9
    assert buffer.is_external


@pytest.mark.parametrize(
    ("offset", "size"), [(2**20, 7), (2**63, 7), (2**64 - 1, 2**64 - 1), (16, 2**40)]
)
def test_external_data_outside_the_file_are_refused(offset: int, size: int) -> None:
    fields: dict[int, Write | int] = {1: scalar("Q", offset), 2: scalar("Q", size)}
    with pytest.raises(MalformedModel, match="external data"):
        parse_model(file_with(buffers=lambda _: [fields]))


@pytest.mark.parametrize(("offset", "size"), [(0, 0), (1, 1), (1, 2**40), (2**40, 1)])
def test_a_writers_placeholders_are_not_external(offset: int, size: int) -> None:
    fields: dict[int, Write | int] = {1: scalar("Q", offset), 2: scalar("Q", size)}
    (buffer,) = parse_model(file_with(buffers=lambda _: [fields])).buffers
    assert not buffer.is_external
    assert buffer.data is None


def test_data_inside_the_flatbuffer_go_before_data_outside() -> None:
    data = file_with(
        buffers=lambda b: [
            {0: write_vector(b, "B", [1, 2, 3]), 1: scalar("Q", 2**40), 2: scalar("Q", 2**40)}
        ]
    )
    assert parse_model(data).buffers[0].data == b"\1\2\3"


def test_large_custom_options_are_found_behind_the_flatbuffer() -> None:
    def operators(at: int) -> Tables:
        return lambda _: [{9: scalar("Q", at), 10: scalar("Q", 4)}]

    length = len(file_with(operators=operators(2)))
    data = file_with(operators=operators(length), tail=b"opts")
    assert parse_model(data).subgraphs[0].operators[0].custom_options == b"opts"
    with pytest.raises(MalformedModel, match="external data"):
        parse_model(data[:-1])


def test_external_data_are_not_taken_for_fields_of_a_newer_schema() -> None:
    """An unknown number may happen to be the distance to them."""

    def buffers(at: int, number: int) -> Tables:
        return lambda _: [{1: scalar("Q", at), 2: scalar("Q", 12), 6: scalar("I", number)}]

    def table(data: bytes) -> raw.RawTable:
        return raw.root(data).tables(4)[0]

    length = len(file_with(buffers=buffers(2, 2)))
    field = table(file_with(buffers=buffers(length, 2))).position(6)
    number = length - field
    assert number % 4 == 0
    data = file_with(buffers=buffers(length, number), tail=struct.pack("<3I", 4, 1, 2))
    rewritten = write_model(parse_model(data))
    assert table(rewritten).scalar(6, "I") == number


def test_shape_signature_and_rank() -> None:
    def tensors(b: flatbuffers.Builder) -> list[dict[int, Write | int]]:
        shape, signature = write_vector(b, "i", [1, 8]), write_vector(b, "i", [-1, 8])
        return [{0: shape, 7: signature, 8: scalar("?", True)}, {0: write_vector(b, "i", [])}]

    dynamic, unranked = parse_model(file_with(tensors=tensors)).subgraphs[0].tensors
    assert dynamic.shape == (1, 8)
    assert dynamic.shape_signature == (-1, 8)
    assert dynamic.has_rank
    assert unranked.shape == ()
    assert unranked.shape is not ABSENT
    assert unranked.shape_signature is ABSENT
    assert not unranked.has_rank


@pytest.mark.parametrize(
    "name", [b"caf\xe9", b"\xff\xfe\x00x", b"\xed\xa0\x80", b"", "tänzer/☃".encode()]
)
def test_names_survive_whatever_their_encoding(name: bytes) -> None:
    def tensors(b: flatbuffers.Builder) -> list[dict[int, Write | int]]:
        return [{3: b.CreateString(name)}]

    model = parse_model(file_with(tensors=tensors))
    rewritten = write_model(model)
    assert raw.root(rewritten).tables(2)[0].tables(0)[0].string(3) == name
    assert parse_model(rewritten) == model


def test_tables_may_share_what_they_refer_to() -> None:
    def tensors(b: flatbuffers.Builder) -> list[dict[int, Write | int]]:
        shape, name = write_vector(b, "i", [1, 4]), b.CreateString("shared")
        return [{0: shape, 3: name}, {0: shape, 3: name}]

    first, second = parse_model(file_with(tensors=tensors)).subgraphs[0].tensors
    assert first == second
    assert first.shape == (1, 4)


def test_options_type_without_options() -> None:
    data = file_with(operators=lambda _: [{3: scalar("B", 1)}])
    assert parse_model(data).subgraphs[0].operators[0].builtin_options is None


def test_options_without_fields() -> None:
    data = file_with(operators=lambda b: [{3: scalar("B", 1), 4: write_table(b, {})}])
    assert parse_model(data).subgraphs[0].operators[0].builtin_options == Conv2DOptions()


def test_any_buffer_will_do() -> None:
    model = float_model()
    for data in (bytearray(MODEL), memoryview(MODEL), memoryview(bytearray(MODEL))):
        assert parse_model(data) == model  # type: ignore[arg-type]
    assert dataclasses.replace(model, file_bytes=1) == model
