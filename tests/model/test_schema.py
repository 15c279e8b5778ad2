"""The generated schema against a second opinion, the `tflite` package, and its own source."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.metadata
import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tflint.model import schema
from tflint.model.builder import ModelBuilder
from tflint.model.record import SchemaEnum
from tflint.model.tables import STRUCTURE
from tflint.model.wire import Field, Shape, layout
from tflint.model.writer import write_model

tflite = pytest.importorskip("tflite", reason="tflite, the second opinion, is not installed")

# What LiteRT's schema has and that of `tflite` 2.18 does not have yet.
NEWER_TABLES = {"BlockwiseQuantization", "MultiAxisQuantization", "ExternalBuffer"}
NEWER_TABLES |= {"ExternalBufferGroup", "StablehloCaseOptions"}
NEWER_FIELDS = {
    ("FullyConnectedOptions", "quant_spec"),
    ("Model", "external_buffer_groups"),
    ("Model", "external_buffers"),
    ("Operator", "debug_metadata_index"),
    ("StableHLOCompositeOptions", "version"),
    ("SubGraph", "debug_metadata_index"),
    ("Tensor", "external_buffer"),
}
# Fields that the schema declares deprecated; no runtime reads them.
DEPRECATED = {
    ("ResizeBilinearOptions", "NewHeight"),
    ("ResizeBilinearOptions", "NewWidth"),
    ("SignatureDef", "DeprecatedTag"),
}
PREPEND = {
    "PrependBoolSlot": "?",
    "PrependUint8Slot": "B",
    "PrependInt8Slot": "b",
    "PrependUint16Slot": "H",
    "PrependInt16Slot": "h",
    "PrependUint32Slot": "I",
    "PrependInt32Slot": "i",
    "PrependUint64Slot": "Q",
    "PrependInt64Slot": "q",
    "PrependFloat32Slot": "f",
    "PrependFloat64Slot": "d",
    "PrependUOffsetTRelativeSlot": "offset",
}


class Recorder:
    """Stands in for a flatbuffers builder and notes the one call made to it."""

    def __init__(self) -> None:
        self.call: tuple[str, tuple[object, ...]] = ("", ())

    def __getattr__(self, name: str) -> object:
        def note(*arguments: object) -> None:
            self.call = name, arguments

        return note


@dataclasses.dataclass(frozen=True)
class TheirField:
    """A field as `tflite` writes it; `width` is that of a vector's elements."""

    name: str
    slot: int
    format: str
    default: object
    width: object


def module_of(table: str) -> ModuleType:
    return importlib.import_module(f"tflite.{table}")


def their_tables() -> list[str]:
    """Every table of the `tflite` package."""
    names = [path.stem for path in Path(tflite.__file__).parent.glob("*.py")]
    return sorted(n for n in names if hasattr(getattr(module_of(n), n, None), "GetRootAs"))


def their_fields(table: str) -> Iterator[TheirField]:
    """The fields of a table, from what its `Add...` functions do to a builder."""
    module = module_of(table)
    for function in vars(module):
        name = function.removeprefix(f"{table}Add")
        if name == function:
            continue
        recorder = Recorder()
        getattr(module, function)(recorder, 0)
        prepend, (slot, _, default) = recorder.call
        assert isinstance(slot, int)
        width = None
        start_vector = getattr(module, f"{table}Start{name}Vector", None)
        if start_vector is not None:
            start_vector(recorder, 1)
            (width, *_) = recorder.call[1]
        yield TheirField(name, slot, PREPEND[prepend], default, width)


def camel_case(name: str) -> str:
    """How `tflite` writes our names: `stride_w` is `StrideW`."""
    return re.sub(r"(?:^|_)([a-z0-9])", lambda m: m[1].upper(), name)


TABLES = sorted(set(schema.WIRE) & set(their_tables()))


def test_the_same_tables() -> None:
    assert set(their_tables()) <= set(schema.WIRE)
    assert set(schema.WIRE) - set(their_tables()) == NEWER_TABLES


@pytest.mark.parametrize("table", TABLES)
def test_the_same_fields(table: str) -> None:
    ours = {field.slot: field for field in layout(table).fields}
    type_codes = {f.slot - 1 for f in ours.values() if f.shape is Shape.UNION}
    theirs = {field.slot: field for field in their_fields(table)}
    missing = {(table, field.name) for slot, field in ours.items() if slot not in theirs}
    assert missing <= NEWER_FIELDS
    for slot, field in theirs.items():
        if slot in type_codes:
            assert (field.format, field.default) == ("B", 0)
        elif slot not in ours:
            assert (table, field.name) in DEPRECATED
        else:
            assert_same(ours[slot], field)


def assert_same(ours: Field, theirs: TheirField) -> None:
    assert camel_case(ours.name).lower() == theirs.name.lower()
    if ours.shape is Shape.SCALAR:
        assert ours.format == f"<{theirs.format}"
        assert ours.default == theirs.default
    else:
        assert theirs.format == "offset"
        is_vector = ours.shape in (Shape.BYTES, Shape.SCALARS, Shape.TABLES)
        assert theirs.width == (
            (1 if ours.shape is Shape.BYTES else ours.width) if is_vector else None
        )


@pytest.mark.parametrize(
    "enum", ["TensorType", "Padding", "ActivationFunctionType", "MirrorPadMode"]
)
def test_the_same_enums(enum: str) -> None:
    ours: type[SchemaEnum] = getattr(schema, enum)
    theirs = {k: v for k, v in vars(getattr(module_of(enum), enum)).items() if k[0] != "_"}
    assert theirs.items() <= {member.name: int(member) for member in ours}.items()


def test_the_same_operators() -> None:
    theirs = {k: v for k, v in vars(tflite.BuiltinOperator).items() if k[0] != "_"}
    assert theirs == {
        name: code for code, name in enumerate(schema.BUILTIN_OPERATORS) if name in theirs
    }
    assert set(schema.BUILTIN_OPERATORS) - set(theirs) == {"STABLEHLO_CASE"}


@pytest.mark.parametrize("union", ["BuiltinOptions", "BuiltinOptions2", "QuantizationDetails"])
def test_the_same_unions(union: str) -> None:
    theirs = {v: k for k, v in vars(getattr(tflite, union)).items() if k[0] != "_"}
    assert schema.UNIONS[union][: len(theirs)] == tuple(theirs[code] for code in sorted(theirs))


def nontrivial(field: Field, seed: int) -> object:
    """A value for this field that is not its default."""
    if field.shape is Shape.SCALAR:
        if field.format == "<?":
            return not field.default
        number = seed % 2 + 1 if field.enum else seed + 1 + int(field.default)
        return field.enum(number) if field.enum else number
    if field.shape is Shape.STRING:
        return f"text {seed}"
    if field.shape is Shape.BYTES:
        return bytes([seed, 0, 255])
    assert field.shape is Shape.SCALARS
    return (True, False) if field.format == "<?" else (seed, seed + 1, 0)


OPTIONS = [
    (union, name)
    for union in ("BuiltinOptions", "BuiltinOptions2")
    for name in schema.UNIONS[union][1:]
    if name in TABLES
]


@pytest.mark.parametrize(("union", "name"), OPTIONS)
def test_they_read_the_options_that_we_write(union: str, name: str) -> None:
    fields = {
        field.name: nontrivial(field, seed) for seed, field in enumerate(layout(name).fields, 1)
    }
    options = getattr(schema, name)(**fields)
    builder = ModelBuilder()
    builder.operator("ADD", [], [], options if union == "BuiltinOptions" else None)
    if union == "BuiltinOptions2":
        builder.operators[0] = dataclasses.replace(builder.operators[0], builtin_options2=options)
    operator = tflite.Model.GetRootAs(write_model(builder.build()), 0).Subgraphs(0).Operators(0)
    assert getattr(operator, f"{union}Type")() == schema.UNIONS[union].index(name)
    found = getattr(operator, union)()
    table = getattr(module_of(name), name)()
    table.Init(found.Bytes, found.Pos)
    for field in layout(name).fields:
        if (name, field.name) in NEWER_FIELDS:
            continue
        accessor = next(a for a in dir(table) if a.lower() == camel_case(field.name).lower())
        value = fields[field.name]
        if field.shape is Shape.SCALAR:
            assert getattr(table, accessor)() == value
        elif field.shape is Shape.STRING:
            assert getattr(table, accessor)().decode() == value
        else:
            assert isinstance(value, bytes | tuple)
            assert getattr(table, f"{accessor}Length")() == len(value)
            assert [getattr(table, accessor)(i) for i in range(len(value))] == list(value)


@pytest.mark.parametrize("table", sorted(STRUCTURE))
def test_dataclasses_have_the_fields_of_the_schema(table: str) -> None:
    ours = {field.name for field in dataclasses.fields(STRUCTURE[table])}
    wire = {field.name for field in layout(table).fields}
    assert wire <= ours
    assert ours - wire <= {"unknown_fields", "position", "file_bytes"}


@pytest.mark.parametrize("table", sorted(set(schema.WIRE) - set(STRUCTURE)))
def test_records_have_the_fields_and_defaults_of_the_schema(table: str) -> None:
    record = getattr(schema, table)()
    names = [field.name for field in layout(table).fields]
    assert [field.name for field in dataclasses.fields(record)] == [*names, "unknown_fields"]
    for field in layout(table).fields:
        if field.shape is Shape.SCALAR:
            assert getattr(record, field.name) == field.default


def test_dataclass_defaults_are_those_of_the_schema() -> None:
    for name, table in STRUCTURE.items():
        record = table()
        for field in layout(name).fields:
            if field.shape is Shape.SCALAR:
                assert getattr(record, field.name) == field.default, (name, field.name)


def test_every_table_that_is_referred_to_is_there() -> None:
    for table in schema.WIRE:
        for field in layout(table).fields:
            if field.shape in (Shape.TABLE, Shape.TABLES):
                assert field.refers_to in schema.WIRE
            if field.shape is Shape.UNION:
                assert set(schema.UNIONS[field.refers_to][1:]) <= set(schema.WIRE)


def test_schema_is_what_the_generator_writes() -> None:
    source = schema.SCHEMA_SOURCE.removeprefix("ai-edge-litert ")
    try:
        installed = importlib.metadata.version("ai-edge-litert")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("ai-edge-litert, the schema's source, is not installed")
    if installed != source:
        pytest.skip(f"schema.py comes from ai-edge-litert {source}, installed is {installed}")
    from scripts import generate_schema

    spec = importlib.util.find_spec("ai_edge_litert")
    assert spec is not None
    assert spec.submodule_search_locations
    package = Path(next(iter(spec.submodule_search_locations)))
    generated = (package / "schema_py_generated.py").read_text(encoding="utf-8")
    tables, enums = generate_schema.read_schema(generated)
    generate_schema.with_union_types(tables)
    text = generate_schema.render(tables, enums, installed)
    target = generate_schema.TARGET
    formatted = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(target), "-"],
        input=text,
        capture_output=True,
        check=True,
        text=True,
        cwd=target.parents[2],
    ).stdout
    assert target.read_text(encoding="utf-8") == formatted
