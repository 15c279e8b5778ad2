"""What a schema newer than ours adds to a file survives reading and rewriting.

Each model here is written with plain `flatbuffers`, has fields in slots that our schema does
not know, and is read back with plain `flatbuffers` after one rewrite and after two.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

import flatbuffers
import pytest

from tests.model import raw
from tests.model.raw import RawTable, Write, scalar, write_offsets, write_table, write_vector
from tflint.model.reader import parse_model
from tflint.model.record import UnknownTable
from tflint.model.wire import layout
from tflint.model.writer import write_model

# A slot far enough behind the last known one to leave a gap.
FIRST_NEW = {name: layout(name).slot_count + 2 for name in ("Model", "Tensor", "Operator")}
OPTIONS_CODE_OF_THE_FUTURE = 250


@pytest.fixture(params=[1, 2], ids=["rewritten once", "rewritten twice"])
def rewrite(request: pytest.FixtureRequest) -> Callable[[bytes], bytes]:
    """Read and write a file, once or twice over."""

    def rewrite(data: bytes) -> bytes:
        for _ in range(request.param):
            data = write_model(parse_model(data))
        return data

    return rewrite


def model_file(
    in_model: Callable[[flatbuffers.Builder], dict[int, Write | int]] = lambda _: {},
    in_operator: Callable[[flatbuffers.Builder], dict[int, Write | int]] = lambda _: {},
    in_tensor: Callable[[flatbuffers.Builder], dict[int, Write | int]] = lambda _: {},
) -> bytes:
    """A model of one RELU over named tensors, with more fields in three of its tables."""
    builder = flatbuffers.Builder(0)
    # Known tables of every common shape come first, so that new tables share their vtables.
    data = write_vector(builder, "B", bytes(range(64)))
    buffers = [write_table(builder, {}), write_table(builder, {0: data})]
    code = write_table(builder, {0: scalar("b", 19), 3: scalar("i", 19)})
    shape = write_vector(builder, "i", [1, 4])
    scale = write_vector(builder, "f", [0.5])
    zero_point = write_vector(builder, "q", [3])
    quantization = write_table(builder, {2: scale, 3: zero_point})
    tensors = [
        write_table(
            builder,
            {0: shape, 3: builder.CreateString(name), 4: quantization, **in_tensor(builder)},
        )
        for name in ("x", "y")
    ]
    inputs, outputs = write_vector(builder, "i", [0]), write_vector(builder, "i", [1])
    operator = write_table(builder, {1: inputs, 2: outputs, **in_operator(builder)})
    graph = write_table(
        builder,
        {
            0: write_offsets(builder, tensors),
            1: inputs,
            2: outputs,
            3: write_offsets(builder, [operator]),
            4: builder.CreateString("main"),
        },
    )
    fields: dict[int, Write | int] = {
        0: scalar("I", 3),
        1: write_offsets(builder, [code]),
        2: write_offsets(builder, [graph]),
        4: write_offsets(builder, buffers),
        **in_model(builder),
    }
    builder.Finish(write_table(builder, fields), file_identifier=b"TFL3")
    return bytes(builder.Output())


def tables_of(data: bytes, kind: str) -> Iterator[RawTable]:
    """Where a `model_file` has its models, operators or tensors."""
    model = raw.root(data)
    graph = model.tables(2)[0]
    yield from {"Model": [model], "Operator": graph.tables(3), "Tensor": graph.tables(0)}[kind]


def into(kind: str, fields: Callable[[flatbuffers.Builder, int], dict[int, Write | int]]) -> bytes:
    """A model file with these fields, from its first new slot on, in tables of this kind."""
    return model_file(**{f"in_{kind.lower()}": lambda builder: fields(builder, FIRST_NEW[kind])})


NUMBERS = [
    ("?", True),
    ("B", 200),
    ("b", -3),
    ("H", 60_000),
    ("h", -300),
    ("I", 4_000_000_000),
    ("i", -70_000),
    ("f", 0.375),
    ("Q", 2**63 + 5),
    ("q", -(2**40)),
    ("d", -1e300),
]

everywhere = pytest.mark.parametrize("kind", ["Model", "Operator", "Tensor"])


@everywhere
@pytest.mark.parametrize(("format", "value"), NUMBERS)
def test_a_number_of_any_width(
    kind: str, format: str, value: float, rewrite: Callable[[bytes], bytes]
) -> None:
    slot = FIRST_NEW[kind]
    data = rewrite(into(kind, lambda _, slot: {slot: scalar(format, value)}))
    assert [t.scalar(slot, format) for t in tables_of(data, kind)] == [
        value for _ in tables_of(data, kind)
    ]


@everywhere
def test_numbers_side_by_side(kind: str, rewrite: Callable[[bytes], bytes]) -> None:
    def fields(_: flatbuffers.Builder, first: int) -> dict[int, Write | int]:
        return {first + i: scalar(*number) for i, number in enumerate(NUMBERS)}

    for table in tables_of(rewrite(into(kind, fields)), kind):
        for slot, (format, value) in enumerate(NUMBERS, FIRST_NEW[kind]):
            assert table.scalar(slot, format) == value


VECTORS: list[tuple[str, list[int] | list[float]]] = [
    ("B", [7]),
    ("B", list(range(1, 101))),
    ("B", [0] * 40),
    ("H", [1, 2, 3]),
    ("i", [-1, 2, -3, 0, 0]),
    ("i", [0] * 33),
    ("q", [2**40, 0]),
    ("d", [0.5] * 20),
]


@everywhere
@pytest.mark.parametrize(("format", "values"), VECTORS)
def test_a_vector(
    kind: str,
    format: str,
    values: list[int] | list[float],
    rewrite: Callable[[bytes], bytes],
) -> None:
    slot = FIRST_NEW[kind]
    data = rewrite(into(kind, lambda b, slot: {slot: write_vector(b, format, values)}))
    for table in tables_of(data, kind):
        assert table.vector(slot, format) == tuple(values)
        alignment = max(4, struct.calcsize(format))
        assert (table.target(slot) + 4) % alignment == 0


@everywhere
@pytest.mark.parametrize("text", ["a", "abc", "a name of some length", "é" * 300])
def test_a_string(kind: str, text: str, rewrite: Callable[[bytes], bytes]) -> None:
    slot = FIRST_NEW[kind]
    data = rewrite(into(kind, lambda b, slot: {slot: b.CreateString(text)}))
    assert {table.string(slot) for table in tables_of(data, kind)} == {text.encode()}


@everywhere
def test_many_fields_that_refer_to_something(kind: str, rewrite: Callable[[bytes], bytes]) -> None:
    def fields(b: flatbuffers.Builder, first: int) -> dict[int, Write | int]:
        found: dict[int, Write | int] = {
            first + i: write_vector(b, *vector) for i, vector in enumerate(VECTORS)
        }
        return found | {first + len(VECTORS): b.CreateString("and a string")}

    for table in tables_of(rewrite(into(kind, fields)), kind):
        for slot, (format, values) in enumerate(VECTORS, FIRST_NEW[kind]):
            assert table.vector(slot, format) == tuple(values)
        assert table.string(FIRST_NEW[kind] + len(VECTORS)) == b"and a string"


def nested(builder: flatbuffers.Builder, number: int) -> int:
    """A table with a number, a name, a vector and another table in it."""
    name = builder.CreateString(f"nested {number}")
    values = write_vector(builder, "q", [number, -number])
    inner = write_table(builder, {0: scalar("d", number / 2), 3: scalar("B", 9)})
    return write_table(builder, {0: scalar("i", number), 1: name, 2: values, 4: inner})


def assert_nested(table: RawTable, number: int) -> None:
    assert table.scalar(0, "i") == number
    assert table.string(1) == f"nested {number}".encode()
    assert table.vector(2, "q") == (number, -number)
    assert table.table(4).scalar(0, "d") == number / 2
    assert table.table(4).scalar(3, "B") == 9


@everywhere
def test_a_table(kind: str, rewrite: Callable[[bytes], bytes]) -> None:
    slot = FIRST_NEW[kind]
    data = rewrite(into(kind, lambda b, slot: {slot: nested(b, 21)}))
    for table in tables_of(data, kind):
        assert_nested(table.table(slot), 21)


@everywhere
@pytest.mark.parametrize("count", [1, 3, 40])
def test_a_vector_of_tables(kind: str, count: int, rewrite: Callable[[bytes], bytes]) -> None:
    slot = FIRST_NEW[kind]
    data = rewrite(
        into(
            kind,
            lambda b, slot: {slot: write_offsets(b, [nested(b, i + 1) for i in range(count)])},
        )
    )
    for table in tables_of(data, kind):
        children = table.tables(slot)
        assert len(children) == count
        for i, child in enumerate(children):
            assert_nested(child, i + 1)


@everywhere
def test_a_vector_of_strings(kind: str, rewrite: Callable[[bytes], bytes]) -> None:
    texts = ["one", "two", "three and four", "", "five"]
    slot = FIRST_NEW[kind]
    data = rewrite(
        into(kind, lambda b, slot: {slot: write_offsets(b, [b.CreateString(t) for t in texts])})
    )
    for table in tables_of(data, kind):
        assert table.strings(slot) == [text.encode() for text in texts]


@everywhere
def test_tables_whose_vtables_belong_to_known_tables(
    kind: str, rewrite: Callable[[bytes], bytes]
) -> None:
    """Builders write equal vtables once: a new table's may lie beside any other table."""

    def fields(b: flatbuffers.Builder, first: int) -> dict[int, Write | int]:
        buffer_like = write_table(b, {0: write_vector(b, "B", [1, 2, 3])})
        quantization_like = [
            write_table(b, {2: b.CreateString(f"q{i}"), 3: write_vector(b, "i", [i + 1])})
            for i in range(3)
        ]
        return {
            first: buffer_like,
            first + 1: write_offsets(b, quantization_like),
            first + 2: scalar("i", 5),
        }

    for table in tables_of(rewrite(into(kind, fields)), kind):
        first = FIRST_NEW[kind]
        assert table.table(first).vector(0, "B") == (1, 2, 3)
        for i, child in enumerate(table.tables(first + 1)):
            assert child.string(2) == f"q{i}".encode()
            assert child.vector(3, "i") == (i + 1,)
        assert table.scalar(first + 2, "i") == 5


def test_new_fields_in_all_tables_at_once(rewrite: Callable[[bytes], bytes]) -> None:
    def fields(kind: str) -> Callable[[flatbuffers.Builder], dict[int, Write | int]]:
        return lambda b: {
            FIRST_NEW[kind]: nested(b, 5),
            FIRST_NEW[kind] + 1: write_vector(b, "B", [1] * 50),
            FIRST_NEW[kind] + 2: write_offsets(b, [nested(b, 6), nested(b, 7)]),
        }

    data = rewrite(model_file(fields("Model"), fields("Operator"), fields("Tensor")))
    for kind in ("Model", "Operator", "Tensor"):
        for table in tables_of(data, kind):
            assert_nested(table.table(FIRST_NEW[kind]), 5)
            assert table.vector(FIRST_NEW[kind] + 1, "B") == (1,) * 50
            for number, child in zip((6, 7), table.tables(FIRST_NEW[kind] + 2), strict=True):
                assert_nested(child, number)


def test_options_of_an_unknown_type(rewrite: Callable[[bytes], bytes]) -> None:
    def fields(b: flatbuffers.Builder) -> dict[int, Write | int]:
        options = write_table(b, {0: scalar("i", 77), 2: b.CreateString("mode"), 3: scalar("B", 1)})
        return {3: scalar("B", OPTIONS_CODE_OF_THE_FUTURE), 4: options}

    data = rewrite(model_file(in_operator=fields))
    operator = next(tables_of(data, "Operator"))
    assert operator.scalar(3, "B") == OPTIONS_CODE_OF_THE_FUTURE
    assert operator.table(4).scalar(0, "i") == 77
    assert operator.table(4).string(2) == b"mode"
    assert operator.table(4).scalar(3, "B") == 1

    options = parse_model(data).subgraphs[0].operators[0].builtin_options
    assert isinstance(options, UnknownTable)
    assert options.type_code == OPTIONS_CODE_OF_THE_FUTURE


def test_known_options_with_a_field_more(rewrite: Callable[[bytes], bytes]) -> None:
    conv_2d = 1
    slot = layout("Conv2DOptions").slot_count

    def fields(b: flatbuffers.Builder) -> dict[int, Write | int]:
        options = write_table(
            b, {1: scalar("i", 2), slot: scalar("H", 513), slot + 1: b.CreateString("fast")}
        )
        return {3: scalar("B", conv_2d), 4: options}

    operator = next(tables_of(rewrite(model_file(in_operator=fields)), "Operator"))
    assert operator.table(4).scalar(1, "i") == 2
    assert operator.table(4).scalar(slot, "H") == 513
    assert operator.table(4).string(slot + 1) == b"fast"


def everything(b: flatbuffers.Builder, first: int) -> dict[int, Write | int]:
    """Fields of every kind, for comparisons of whole models."""
    fields: dict[int, Write | int] = {
        first + 2 * i: write_vector(b, *vector) for i, vector in enumerate(VECTORS)
    }
    fields |= {first + 2 * i + 1: scalar(*number) for i, number in enumerate(NUMBERS[:7])}
    fields[first + 30] = nested(b, 3)
    fields[first + 31] = write_offsets(b, [nested(b, 4), nested(b, 5)])
    fields[first + 32] = b.CreateString("the last")
    return fields


@everywhere
def test_the_model_read_back_is_the_same(kind: str) -> None:
    model = parse_model(into(kind, everything))
    assert parse_model(write_model(model)) == model


@everywhere
def test_a_vector_ends_where_a_table_begins(kind: str) -> None:
    """Also where the table's vtable lies behind it, as rewriting puts those of others."""

    def fields(b: flatbuffers.Builder, first: int) -> dict[int, Write | int]:
        found: dict[int, Write | int] = {}
        for slot in range(first, first + 6, 2):
            found[slot] = write_table(b, {0: write_vector(b, "B", [255] * 61)})
            found[slot + 1] = write_vector(b, "B", [1] * 33)
        return found

    model = parse_model(into(kind, fields))
    again = parse_model(write_model(model))
    assert again == model
    assert parse_model(write_model(again)) == model


@everywhere
def test_rewriting_does_not_let_the_file_grow(kind: str) -> None:
    once = write_model(parse_model(into(kind, everything)))
    twice = write_model(parse_model(once))
    thrice = write_model(parse_model(twice))
    assert len(thrice) == len(twice)
    assert len(twice) <= len(once) + 64
