"""The JSON document, against the interface: these keys, these types, in ASCII."""

from __future__ import annotations

import json
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from tflint import __version__
from tflint.lint.registry import all_rules
from tflint.lint.runner import check_example
from tflint.report.json_document import render
from tflint.report.result import FileReport, LintReport
from tflint.rule import Bad, Kind
from tflint.target.target import find_target

TFLM = find_target("tflm")


def record(**properties: Any) -> dict[str, Any]:
    """An object with all of these keys; others are an addition, which is allowed."""
    return {"type": "object", "required": list(properties), "properties": properties}


def nullable(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


TEXT = {"type": "string"}
COUNT = {"type": "integer", "minimum": 0}
FROM_ONE = nullable({"type": "integer", "minimum": 1})
PATH = {"type": "string", "pattern": r"^[^\\]+$"}

# INTERFACE.md, "`tflint check --format json`".
SCHEMA = record(
    schema={"const": 1},
    tool=record(name={"const": "tflint"}, version={"const": __version__}),
    target=TEXT,
    files=array(
        record(
            path=PATH,
            kind={"enum": [kind.value for kind in Kind]},
            readable={"type": "boolean"},
            model=nullable(
                record(
                    file_bytes=COUNT,
                    operators=COUNT,
                    tensors=COUNT,
                    weights=nullable(record(count=COUNT, bytes=COUNT)),
                    macs=nullable(COUNT),
                    arena=nullable(
                        record(
                            runtime=TEXT,
                            bytes=COUNT,
                            min_bytes=COUNT,
                            runnable={"type": "boolean"},
                            reason=nullable(TEXT),
                        )
                    ),
                )
            ),
        )
    ),
    findings=array(
        record(
            code={"type": "string", "pattern": r"^TFL\d{3}$"},
            name={"type": "string", "pattern": r"^[a-z0-9-]+$"},
            severity={"enum": ["error", "warning", "info"]},
            confidence={"enum": ["high", "medium", "low"]},
            message={"type": "string", "minLength": 1},
            path=PATH,
            line=FROM_ONE,
            column=FROM_ONE,
            end_line=FROM_ONE,
            end_column=FROM_ONE,
            subgraph=nullable(COUNT),
            operator=nullable(COUNT),
            operator_name=nullable(TEXT),
            tensor=nullable(COUNT),
            fix=nullable(
                record(
                    safety={"enum": ["safe", "unsafe", "reconvert"]},
                    command={"type": "string", "pattern": "^tflint "},
                )
            ),
            help=TEXT,
            fingerprint={"type": "string", "pattern": "^[0-9a-f]{32}$"},
        )
    ),
    summary=record(
        files=COUNT, error=COUNT, warning=COUNT, info=COUNT, suppressed=COUNT, baselined=COUNT
    ),
)


def document(*files: FileReport) -> dict[str, Any]:
    text = render(LintReport(TFLM, files))
    assert text.isascii()
    assert text.endswith("}\n")
    parsed: dict[str, Any] = json.loads(text)
    return parsed


BAD = [
    pytest.param(example, id=f"{rule.meta.name}-{example.title}")
    for rule in all_rules()
    for example in rule.examples
    if isinstance(example, Bad)
]


@pytest.mark.parametrize("example", BAD)
def test_every_document_follows_the_interface(example: Bad) -> None:
    report = check_example(example.build(), all_rules(), find_target(example.target))
    found = document(report)

    jsonschema.validate(found, SCHEMA)
    assert found["findings"]
    assert found["files"][0]["readable"] is report.readable
    assert (found["files"][0]["model"] is None) is (report.facts is None)


def test_no_files_and_no_findings_are_a_document() -> None:
    found = document()

    jsonschema.validate(found, SCHEMA)
    assert found["findings"] == found["files"] == []


def test_the_summary_counts_what_is_listed() -> None:
    reports = [
        check_example(example.values[0].build(), all_rules(), TFLM, f"{i}")  # type: ignore[union-attr]
        for i, example in enumerate(BAD[:12])
    ]
    found = document(*reports)

    for severity in ("error", "warning", "info"):
        listed = [f for f in found["findings"] if f["severity"] == severity]
        assert found["summary"][severity] == len(listed)
    assert found["summary"]["files"] == 12
    assert {f["path"] for f in found["findings"]} <= {f["path"] for f in found["files"]}
    assert len({f["fingerprint"] for f in found["findings"]}) == len(found["findings"])


def test_a_tensor_or_operator_is_always_said_with_its_subgraph() -> None:
    for example in BAD:
        built = example.values[0].build()  # type: ignore[union-attr]
        for finding in document(check_example(built, all_rules(), TFLM))["findings"]:
            if finding["operator"] is not None or finding["tensor"] is not None:
                assert finding["subgraph"] is not None, finding
