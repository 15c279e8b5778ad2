"""`tflint explain` as it is called; what it answers is tested with `tflint.lint.explain`."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from tests.cli.conftest import Call
from tests.cli.program import environment
from tests.report.test_json_document import TEXT, array, nullable, record

DOCUMENT = record(
    schema={"const": 1},
    matches=array(
        record(
            kind={"enum": ["rule", "operator", "message"]},
            name=TEXT,
            text=nullable(TEXT),
            by=nullable(TEXT),
            source=nullable(TEXT),
            cause=nullable(TEXT),
            repair=nullable(TEXT),
            rules=array({"type": "string", "pattern": r"^TFL\d{3}$"}),
            operator=nullable(TEXT),
            runtimes=array(
                record(
                    runtime=TEXT,
                    kernel={"type": "boolean"},
                    register=nullable(TEXT),
                    versions=nullable(array({"type": "integer"})),
                    accepts=nullable(array(TEXT)),
                )
            ),
        )
    ),
)


@pytest.mark.parametrize(
    "text",
    [
        "TFL204",
        "CONV_2D",
        "WHERE",
        "Hybrid models are not supported on TFLite Micro.",
        "Didn't find op for builtin opcode 'WHERE' version '1'\nAllocateTensors() failed",
    ],
)
def test_json_has_the_same_keys_for_every_answer(call: Call, text: str) -> None:
    result = call("explain", text, "--format", "json")
    found: dict[str, Any] = json.loads(result.stdout)

    assert (result.code, result.stderr) == (0, "")
    jsonschema.validate(found, DOCUMENT)
    assert found["matches"]
    keys = {tuple(match) for match in found["matches"]}
    assert {frozenset(key) for key in keys} == {frozenset(next(iter(keys)))}


def test_the_log_is_read_from_standard_input(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("boot\nAllocateTensors() failed\n"))
    result = call("explain", "-")

    assert result.code == 0
    assert result.stdout.startswith("AllocateTensors() failed\n")


def test_a_serial_line_may_bring_anything() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tflint", "explain", "-"],
        input=b"\xff\xfe\x00boot\x1b[2J\nAllocateTensors() failed\xff\n",
        env=environment(),
        capture_output=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(rb"AllocateTensors() failed\xff")
    assert b"\x1b" not in done.stdout


def test_what_is_not_known_is_no_answer(call: Call) -> None:
    result = call("explain", "the light stays off", "--format", "json")

    assert (result.code, result.stdout) == (2, "")
    assert "give a rule, an operator, or the line that the runtime printed" in result.stderr
