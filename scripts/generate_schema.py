"""Write `tflint/model/schema.py` from the flatbuffers code that LiteRT ships.

The TFLite schema reaches Python only as generated accessors. This script reads those
accessors as text (it never runs them), recovers every table's fields, slots, types and
defaults, and writes them as one compact table plus a typed class for each operator's
options. `tests/model/test_schema.py` holds the result against the independent `tflite`
package, so a mistake here or there shows.

Run with `make schema`; needs the `dev` extra.
"""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "tflint" / "model" / "schema.py"

SCALARS = {
    "Bool": "bool",
    "Uint8": "u8",
    "Int8": "i8",
    "Uint16": "u16",
    "Int16": "i16",
    "Uint32": "u32",
    "Int32": "i32",
    "Uint64": "u64",
    "Int64": "i64",
    "Float32": "f32",
    "Float64": "f64",
}

# The accessors return plain integers for enums; these fields are worth a name.
ENUM_FIELDS = {
    ("Tensor", "type"): "TensorType",
    ("VariantSubType", "type"): "TensorType",
    ("CastOptions", "in_data_type"): "TensorType",
    ("CastOptions", "out_data_type"): "TensorType",
    ("ArgMaxOptions", "output_type"): "TensorType",
    ("ArgMinOptions", "output_type"): "TensorType",
    ("ShapeOptions", "out_type"): "TensorType",
    ("UniqueOptions", "idx_out_type"): "TensorType",
    ("TransposeConvOptions", "quantized_bias_type"): "TensorType",
    ("FullyConnectedOptions", "quantized_bias_type"): "TensorType",
    ("Conv2DOptions", "quantized_bias_type"): "TensorType",
}
ENUM_BY_NAME = {
    "padding": "Padding",
    "fused_activation_function": "ActivationFunctionType",
}
ENUMS = ("TensorType", "Padding", "ActivationFunctionType", "MirrorPadMode")
# Hand-written as documented dataclasses in `tflint/model/tables.py`.
STRUCTURE = (
    "Model",
    "SubGraph",
    "Tensor",
    "QuantizationParameters",
    "Operator",
    "OperatorCode",
    "Buffer",
    "Metadata",
    "TensorMap",
    "SignatureDef",
)
UNION_BY_FIELD = {
    "builtin_options": "BuiltinOptions",
    "builtin_options2": "BuiltinOptions2",
    "details": "QuantizationDetails",
    "array_segments": "SparseIndexVector",
    "array_indices": "SparseIndexVector",
}


@dataclass(frozen=True)
class Field:
    """One slot of a table: its snake-case name, wire kind and default as written."""

    slot: int
    name: str
    kind: str
    default: str


def snake_case(name: str) -> str:
    """`FusedActivationFunction` -> `fused_activation_function`, `StrideW` -> `stride_w`."""
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def field_of(table: str, method: str, body: str) -> Field | None:
    """Recover a field from its accessor's source text, or None for helper methods."""
    offset = re.search(r"self\._tab\.Offset\((\d+)\)", body)
    if offset is None or re.search(r".(AsNumpy|Length|IsNone)$", method):
        return None
    slot = (int(offset[1]) - 4) // 2
    name = snake_case(method)
    flags = re.search(r"self\._tab\.Get\(flatbuffers\.number_types\.(\w+)Flags, (\w)", body)
    child = re.search(r"obj = (\w+)\(\)", body)
    vector = "self._tab.Vector(o)" in body
    if "self._tab.Union(" in body:
        kind = UNION_BY_FIELD[name]
    elif "self._tab.String(" in body:
        kind = "[str]" if vector else "str"
    elif flags is not None:
        kind = SCALARS[flags[1]]
        enum = ENUM_FIELDS.get((table, name)) or ENUM_BY_NAME.get(name)
        kind = f"[{kind}]" if vector else enum or kind
    elif child is not None:
        kind = f"[{child[1]}]" if vector else child[1]
    else:
        raise SystemExit(f"{table}.{method}: accessor not understood")
    default = re.findall(r"return (\S+)", body)[-1]
    return Field(slot, name, kind, default)


def read_schema(source: str) -> tuple[dict[str, list[Field]], dict[str, dict[str, int]]]:
    """All tables (fields in slot order) and all enums of the generated module."""
    tables: dict[str, list[Field]] = {}
    enums: dict[str, dict[str, int]] = {}
    for node in ast.parse(source).body:
        if not isinstance(node, ast.ClassDef):
            continue
        constants = {
            item.targets[0].id: item.value.value
            for item in node.body
            if isinstance(item, ast.Assign)
            and isinstance(item.targets[0], ast.Name)
            and isinstance(item.value, ast.Constant)
            and isinstance(item.value.value, int)
        }
        if constants:
            enums[node.name] = constants
        elif any(isinstance(i, ast.FunctionDef) and i.name == "GetRootAs" for i in node.body):
            found = [
                field_of(node.name, item.name, ast.unparse(item))
                for item in node.body
                if isinstance(item, ast.FunctionDef)
            ]
            tables[node.name] = sorted((f for f in found if f), key=lambda f: f.slot)
    return tables, enums


def with_union_types(tables: dict[str, list[Field]]) -> None:
    """Drop the `*_type` slot of each union: reader and writer derive it from the value."""
    for name, fields in tables.items():
        unions = {f.name for f in fields if f.kind in UNION_BY_FIELD.values()}
        tables[name] = [f for f in fields if f.name.removesuffix("_type") not in unions - {f.name}]


def python_type(kind: str) -> str:
    """The annotation of a field of this wire kind."""
    if kind == "[u8]":
        return "memoryview | bytes | None"
    if kind.startswith("["):
        return f"tuple[{python_type(kind[1:-1]).removesuffix(' | None')}, ...]"
    if kind == "str":
        return "str | None"
    if kind == "bool":
        return "bool"
    if kind in ("f32", "f64"):
        return "float"
    if kind in SCALARS.values():
        return "int"
    if kind in UNION_BY_FIELD.values():
        return "Record | UnknownTable | None"
    return kind if kind in ENUMS else f"{kind} | None"


def python_default(field: Field) -> str:
    """The default of a field in the class body."""
    if field.kind == "[u8]":
        return "None"
    if field.kind.startswith("["):
        return "ABSENT"
    if field.kind in ENUMS:
        return f"{field.kind}({field.default})"
    return field.default


def wire(fields: list[Field]) -> str:
    """One table as a line: `name:kind@slot=default`, separated by blanks."""
    return " ".join(
        f"{f.name}:{f.kind}@{f.slot}" + (f"={f.default}" if f.default not in ("0", "None") else "")
        for f in fields
    ).replace("=False", "")


def class_source(name: str, fields: list[Field]) -> str:
    """The typed class of a table that tflint passes through."""
    if not fields:
        return f"class {name}(Record): ..."
    lines = [f"class {name}(Record):"]
    lines += [f"    {f.name}: {python_type(f.kind)} = {python_default(f)}" for f in fields]
    return "\n".join(lines)


def render(tables: dict[str, list[Field]], enums: dict[str, dict[str, int]], version: str) -> str:
    """The module's text."""
    unions = {
        union: [n for n, _ in sorted(enums[union].items(), key=lambda item: item[1])]
        for union in dict.fromkeys(UNION_BY_FIELD.values())
    }
    for union, names in unions.items():
        if [enums[union][n] for n in names] != list(range(len(names))):
            raise SystemExit(f"union {union} has gaps")
    operators = sorted(enums["BuiltinOperator"], key=enums["BuiltinOperator"].__getitem__)
    if [enums["BuiltinOperator"][n] for n in operators] != list(range(len(operators))):
        raise SystemExit("BuiltinOperator has gaps")
    used = {f.kind.strip("[]") for fields in tables.values() for f in fields}
    used |= {member for names in unions.values() for member in names} | {"Model"}
    ordered = {name: tables[name] for name in sorted(tables) if name in used}

    out = [
        '"""The TFLite schema: enums, wire layout of every table, a class for each options table.',
        "",
        f"Generated by `scripts/generate_schema.py` from ai-edge-litert {version}; do not edit.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "from tflint.model.record import ABSENT, Record, SchemaEnum, UnknownTable",
        "",
        f'SCHEMA_SOURCE = "ai-edge-litert {version}"',
        "",
    ]
    for enum in ENUMS:
        out += ["", f"class {enum}(SchemaEnum):"]
        out += [f'    """`{enum}` of the schema; values it does not know keep their number."""', ""]
        out += [f"    {name} = {value}" for name, value in enums[enum].items()]
        out += [""]
    out += ["", "# Indexed by builtin operator code.", "BUILTIN_OPERATORS = ("]
    out += [f'    "{name}",' for name in operators]
    out += [")", "", "# Indexed by union type code; 0 is NONE.", "UNIONS = {"]
    for union, names in unions.items():
        out += [f'    "{union}": (', *(f'        "{name}",' for name in names), "    ),"]
    out += [
        "}",
        "",
        "# Table -> fields as `name:kind@slot=default`; `[u8]` is read as a view.",
        "WIRE = {",
    ]
    for name, fields in ordered.items():
        text = wire(fields).split(" ")
        out.append(f'    "{name}": (')
        out += [
            f'        "{part}{" " if i + 1 < len(text) else ""}"' for i, part in enumerate(text)
        ]
        out.append("    ),")
    out += ["}", ""]
    for name, fields in ordered.items():
        if name not in STRUCTURE:
            out += ["", class_source(name, fields), ""]
    return "\n".join(out) + "\n"


def main() -> None:
    """Regenerate the module and format it."""
    spec = importlib.util.find_spec("ai_edge_litert")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("ai-edge-litert is not installed: pip install 'tflint[dev]'")
    package = Path(next(iter(spec.submodule_search_locations)))
    source = (package / "schema_py_generated.py").read_text(encoding="utf-8")
    tables, enums = read_schema(source)
    with_union_types(tables)
    version = importlib.metadata.version("ai-edge-litert")
    TARGET.write_text(render(tables, enums, version), encoding="utf-8")
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", str(TARGET)], check=True)


if __name__ == "__main__":
    main()
