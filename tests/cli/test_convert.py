"""`tflint convert` as it is called: options, reports, exit codes, and what is written."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import math
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import numpy as np
import pytest

from tests.cli.conftest import Call, custom
from tests.cli.program import environment
from tests.cli.rigged_conversions import (
    Rig,
    dense_network,
    lstm,
    network,
    relu_network,
    samples,
)
from tflint.cli import convert as command
from tflint.convert import options
from tflint.convert.request import (
    Attempt,
    Needed,
    Network,
    OriginKind,
    Place,
    Port,
    Request,
    Support,
)
from tflint.convert.worker_process import Converted, SourceRefused
from tflint.errors import HostFailed, MissingExtra
from tflint.finding import Severity
from tflint.fix.proof.samples import Samples
from tflint.fix.quantize.static_quantization import NotQuantized
from tflint.model.reader import parse_model
from tflint.model.writer import write_model

HEAVY = ("numpy", "tensorflow", "keras", "tf_keras", "flatbuffers", "h5py", "libcst", "rich")


def test_a_network_is_converted_proved_checked_and_written(
    call: Call,
    rig: Rig,
    archive: Path,
) -> None:
    result = call("convert", "net.keras", "-o", "net.tflite", cwd=archive)

    assert (result.code, result.stderr) == (0, "")
    assert parse_model((archive / "net.tflite").read_bytes()).subgraphs
    assert result.stdout.startswith("net.keras -> net.tflite\n  read by keras 3.15.1")
    assert "converts with builtin operators" in result.stdout
    assert "proved over" in result.stdout
    assert "keras+litert-reference" in result.stdout
    assert "no findings for TFLM" in result.stdout
    assert result.stdout.endswith("converted for tflm: net.tflite\n")
    (request,) = rig.requests
    assert request.origin.kind is OriginKind.ARCHIVE
    assert (request.batch, request.fallback, request.quantize) == (1, Support.BUILTIN, None)
    assert not request.is_rebuilt
    assert not request.keeps_layout


def test_nothing_is_wider_than_a_hundred_columns(
    call: Call,
    rig: Rig,
    archive: Path,
) -> None:
    rig.answer = lambda request: lstm()
    result = call("convert", "net.keras", "-o", "net.tflite", cwd=archive)

    assert max(map(len, result.stdout.splitlines())) <= 100


def test_what_cannot_be_converted_is_diagnosed_and_nothing_is_written(
    call: Call,
    rig: Rig,
    archive: Path,
) -> None:
    rig.answer = lambda request: lstm()
    (archive / "net.tflite").write_bytes(b"of before")
    result = call("convert", "net.keras", "-o", "net.tflite", cwd=archive)

    assert (result.code, result.stderr) == (1, "")
    assert (archive / "net.tflite").read_bytes() == b"of before"
    assert "does not convert with builtin operators: 'tf.TensorListReserve'" in result.stdout
    assert "converts with TensorFlow's operators as well (select)" in result.stdout
    assert result.stdout.endswith("not converted for tflm: nothing was written\n")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (HostFailed("the conversion took longer than 900 s"), 2),
        (SourceRefused("the class `Mine` is not known"), 2),
        (MissingExtra("converting (TensorFlow)", "convert"), 2),
    ],
)
def test_what_comes_to_no_end_is_an_error_and_leaves_nothing(
    call: Call,
    rig: Rig,
    archive: Path,
    error: Exception,
    code: int,
) -> None:
    def fail(request: Request) -> Converted:
        raise error

    rig.answer = fail
    before = sorted(os.listdir(archive))
    result = call("convert", "net.keras", "-o", "net.tflite", cwd=archive)

    assert (result.code, result.stdout) == (code, "")
    assert result.stderr == f"tflint: {error}\n"
    assert sorted(os.listdir(archive)) == before


def test_tensorflow_that_is_not_there_is_said_before_anything_starts(
    call: Call,
    archive: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "tensorflow" else found(name)
    )
    result = call("convert", "net.keras", "-o", "net.tflite", cwd=archive)

    assert (result.code, result.stdout) == (2, "")
    assert "pip install 'tflint[convert]'" in result.stderr


BAD = [
    (["net.keras"], "--output"),
    (["missing.keras", "-o", "a.tflite"], "`missing.keras` does not exist"),
    (["net.keras", "-o", "a.bin"], "-o is the .tflite to write, not `a.bin`"),
    (["net.keras", "-o", "none/a.tflite"], "`none` is no folder"),
    (["net.keras", "-o", "-"], "needs a file"),
    (["net.keras", "-o", "."], "is a folder"),
    (["linked.tflite", "-o", "linked.tflite"], "`linked.tflite` is"),
    (["net.keras", "-o", "alias.tflite"], "-o would overwrite `net.keras`"),
    (["net.keras", "-o", "a.tflite", "--quantize", "int4"], "unknown mode of quantisation `int4`"),
    (["net.keras", "-o", "a.tflite", "--quantize", "int8"], "needs real inputs"),
    (["net.keras", "-o", "a.tflite", "--calibration", "mse"], "--calibration is for --quantize"),
    (["net.keras", "-o", "a.tflite", "--calibrate", "no.npy"], "`no.npy` does not exist"),
    (["net.keras", "-o", "a.tflite", "--calibrate", "random"], "--calibrate random is for"),
    (["net.keras", "-o", "a.tflite", "--tolerance", "2"], "--tolerance is a share"),
    (["net.keras", "-o", "a.tflite", "--fallback", "flex"], "unknown fallback `flex`"),
    (["net.keras", "-o", "a.tflite", "--batch", "0"], "--batch is a number of 1 or more"),
    (["net.keras", "-o", "a.tflite", "--batch", "-3"], "--batch is a number of 1 or more"),
    (["net.keras", "-o", "a.tflite", "--batch", "1_0"], "--batch is a number of 1 or more"),
    (["net.keras", "-o", "a.tflite", "--time-limit", "0"], "--time-limit is a number"),
    (["net.keras", "-o", "a.tflite", "--time-limit", "nan"], "--time-limit is a number"),
    (["net.keras", "-o", "a.tflite", "--memory-limit", "1M"], "--memory-limit is less than"),
    (["net.keras", "-o", "a.tflite", "--memory-limit", "much"], "--memory-limit: `much`"),
    (["net.keras", "-o", "a.tflite", "--with", "no.py"], "`no.py` does not exist (--with)"),
    (["net.keras", "-o", "a.tflite", "--with", "."], "`.` is no file (--with)"),
    (["net.keras", "-o", "a.tflite", "--format", "sarif"], "unknown format `sarif`"),
    (["net.keras", "-o", "a.tflite", "--color", "always", "--format", "json"], "contradict"),
    (["net.keras", "-o", "a.tflite", "--color", "loud"], "unknown colour choice `loud`"),
    (["net.keras", "-o", "a.tflite", "--target", "toaster"], "unknown target `toaster`"),
    (["net.keras", "-o", "a.tflite", "--max-ram", "much"], "is not a size"),
    (["net.keras", "-o", "a.tflite", "--select", "TFL999"], "TFL999"),
    (["net.keras", "-o", "a.tflite", "--weights", "data.npy"], "--weights goes with"),
    (["net.keras", "-o", "a.tflite", "--signature", "run"], "--signature goes with a SavedModel"),
]


@pytest.mark.parametrize(("arguments", "says"), BAD)
def test_what_is_wrong_with_a_call_is_said_before_a_worker_starts(
    call: Call,
    rig: Rig,
    archive: Path,
    arguments: list[str],
    says: str,
) -> None:
    (archive / "alias.tflite").symlink_to(archive / "net.keras")
    (archive / "linked.tflite").write_bytes(b"")
    before = sorted(os.listdir(archive))
    result = call("convert", *arguments, cwd=archive)

    assert (result.code, result.stdout) == (2, "")
    assert says in result.stderr
    assert result.stderr.count("\n") == 1
    assert rig.requests == []
    assert sorted(os.listdir(archive)) == before


def test_a_result_in_the_saved_model_is_refused(
    call: Call,
    rig: Rig,
    archive: Path,
) -> None:
    from tests.archive.messages import graph, metadata, write_saved_model

    write_saved_model(archive / "saved", graph(), metadata(("root", {})))
    result = call("convert", "saved", "-o", "saved/a.tflite", cwd=archive)

    assert result.code == 2
    assert "`saved/a.tflite` is in `saved`, which is read" in result.stderr


def test_options_reach_the_worker(call: Call, rig: Rig, archive: Path) -> None:
    (archive / "mine.py").write_text("")
    result = call(
        *("convert", "net.py:build", "-o", "a.tflite", "--batch", "any", "--fallback", "select"),
        *("--with", "mine.py", "--legacy-keras", "--calibrate", "data.npy"),
        *("--time-limit", "12.5", "--memory-limit", "3G", "--trust"),
        cwd=archive,
    )

    assert result.code == 0, result.stderr
    (request,), (limits,) = rig.requests, rig.limits
    origin = request.origin
    assert (origin.kind, origin.factory, origin.shown) == (
        OriginKind.FACTORY,
        "build",
        "net.py:build",
    )
    assert (origin.modules, origin.is_legacy, origin.is_trusted) == (
        (archive / "mine.py",),
        True,
        True,
    )
    assert (request.batch, request.fallback, request.random_samples) == (None, Support.SELECT, 0)
    assert request.calibrate == Path("data.npy")
    assert (limits.seconds, limits.memory_bytes) == (12.5, 3 << 30)
    assert "--quantize int8 makes integers of it" in " ".join(result.stdout.split())


def test_what_does_not_answer_as_the_original_is_not_written(
    call: Call,
    rig: Rig,
    archive: Path,
) -> None:
    wrong = -np.maximum(samples().inputs[0], 0)
    rig.answer = lambda request: relu_network(reference=(wrong,))
    result = call("convert", "net.keras", "-o", "net.tflite", cwd=archive)

    assert (result.code, result.stderr) == (1, "")
    assert "not proved, so nothing was written" in result.stdout
    assert "not as it was asked for on tflm: nothing was written" in result.stdout
    assert not (archive / "net.tflite").exists()


def test_int8_by_real_inputs(call: Call, rig: Rig, archive: Path) -> None:
    pytest.importorskip("ai_edge_quantizer", reason="needs the extra `quantize`")
    rig.answer = lambda request: dense_network()
    result = call(
        *("convert", "net.keras", "-o", "net.tflite", "--quantize", "int8"),
        *("--calibrate", "data.npy", "--calibration", "minmax", "--format", "json"),
        cwd=archive,
    )

    assert (result.code, result.stderr) == (0, "")
    (file,) = json.loads(result.stdout)["files"]
    assert (file["quantize"], file["written"], file["proof"]["holds"]) == ("int8", True, True)
    assert any(one["code"] == "quantize" and one["applied"] for one in file["passes"])
    assert rig.requests[0].quantize == "int8"
    tensors = parse_model((archive / "net.tflite").read_bytes()).subgraphs[0].tensors
    assert {tensor.type.name for tensor in tensors} <= {"INT8", "INT32"}


def refuse(*arguments: object, **options: object) -> None:
    raise NotQuantized("the model has 2 subgraphs")


def test_what_our_quantiser_refuses_is_taken_from_tensorflow_or_not_written(
    call: Call,
    rig: Rig,
    archive: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tflint.fix.quantize.requantize.requantize", refuse)
    monkeypatch.setattr("tflint.fix.quantize.worker_process.check_installed", lambda: None)
    arguments = ("convert", "net.keras", "-o", "a.tflite", "--quantize", "int8")
    arguments += ("--calibrate", "data.npy")

    result = call(*arguments, cwd=archive)
    assert (result.code, result.stderr) == (1, "")
    assert "nothing was written: no int8: the model has 2 subgraphs" in result.stdout
    assert not (archive / "a.tflite").exists()

    made = relu_network().model
    rig.answer = lambda request: relu_network(quantized=made)
    result = call(*arguments, cwd=archive)
    assert (result.code, result.stderr) == (0, "")
    assert "quantised by TensorFlow" in result.stdout
    assert (archive / "a.tflite").exists()


def test_a_fallback_is_written_and_the_check_says_what_it_costs(
    call: Call,
    rig: Rig,
    archive: Path,
) -> None:
    flex = write_model(custom().build()).replace(b"MyWindow", b"FlexRoll")
    rig.answer = lambda request: network(flex, np.zeros(0), samples=None, reference=())
    result = call(
        *("convert", "net.keras", "-o", "a.tflite", "--fallback", "select", "--isolated"),
        *("--select", "TFL2"),
        cwd=archive,
    )

    assert result.code == 1, result.stderr
    assert "TFL201" in result.stdout
    assert (archive / "a.tflite").exists()


@pytest.mark.parametrize("kind", [Support.SELECT, Support.CUSTOM])
def test_a_fallback_that_nothing_runs_is_written_and_said_to_be_unproved(
    call: Call, rig: Rig, archive: Path, kind: Support
) -> None:
    name = {Support.SELECT: b"FlexErf_", Support.CUSTOM: b"Digamma_"}[kind]
    data = write_model(custom().build()).replace(b"MyWindow", name)
    needed = Needed(name.decode().removeprefix("Flex"), kind, Place("layer", "Lambda"))
    attempts = (Attempt(Support.BUILTIN, "no", (needed,)), Attempt(kind, None, (needed,)))
    rig.answer = lambda request: network(data, np.zeros((64, 1, 4)), attempts=attempts)
    arguments = ("convert", "net.keras", "-o", "a.tflite", "--fallback", kind.value, "--isolated")
    result = call(*arguments, cwd=archive)

    assert result.code == 1, result.stderr
    assert "not held against the original" in " ".join(result.stdout.split())
    assert {Support.SELECT: "TFL201", Support.CUSTOM: "TFL202"}[kind] in result.stdout
    assert (archive / "a.tflite").read_bytes() == data

    (archive / "a.tflite").unlink()
    result = call(*arguments, "--quantize", "float16", cwd=archive)
    assert result.code == 1, result.stderr
    assert "nothing quantises operators that are no builtins" in result.stdout
    assert not (archive / "a.tflite").exists()


def test_a_budget_is_held_and_told(call: Call, rig: Rig, archive: Path) -> None:
    arguments = ("convert", "net.keras", "-o", "a.tflite", "--max-ram", "1K", "--max-flash", "1M")
    result = call(*arguments, cwd=archive)
    assert (result.code, result.stderr) == (1, "")
    assert "TFL501" in result.stdout
    assert "of 1,024 bytes" in result.stdout

    result = call(*arguments, "--format", "json", "--fail-on", "never", cwd=archive)
    (file,) = json.loads(result.stdout)["files"]
    assert result.code == 0
    assert file["budget"]["fits"] is False
    assert file["budget"]["ram"]["limit"] == 1024
    assert file["budget"]["flash"]["fits"] is True


def test_findings_that_are_accepted_do_not_fail(
    call: Call,
    rig: Rig,
    archive: Path,
) -> None:
    (archive / "tflint.toml").write_text(
        '[[models]]\npath = "*.tflite"\nmax-ram = "1K"\nignore = ["TFL501"]\n'
    )
    result = call("convert", "net.keras", "-o", "a.tflite", cwd=archive)

    assert (result.code, result.stderr) == (0, "")
    assert "TFL501" not in result.stdout


def test_an_interface_that_was_turned_is_told(
    call: Call,
    rig: Rig,
    archive: Path,
) -> None:
    port = Port("image", (None, 1, 32, 32), "float32", (0, 2, 3, 1))
    answer = relu_network(reference=(), samples=None)
    described = dataclasses.replace(answer.network, inputs=(port,))
    rig.answer = lambda request: dataclasses.replace(answer, network=described)
    text = call("convert", "net.keras", "-o", "a.tflite", cwd=archive).stdout
    document = call("convert", "net.keras", "-o", "a.tflite", "--format", "json").stdout

    said = "input `image` is (1, 32, 32, 1) now, was (1, 1, 32, 32): transpose with (0, 2, 3, 1)"
    assert said in " ".join(text.split())
    (found,) = json.loads(document)["files"][0]["inputs"]
    assert (found["shape"], found["order"]) == ([1, 32, 32, 1], [0, 2, 3, 1])


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_to(
    call: Call,
    rig: Rig,
    archive: Path,
) -> None:
    (archive / "out").mkdir()
    (archive / "out").chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        result = call("convert", "net.keras", "-o", "out/a.tflite", cwd=archive)
    finally:
        (archive / "out").chmod(stat.S_IRWXU)

    assert (result.code, result.stdout) == (2, "")
    assert "cannot be written" in result.stderr


TEXT, NUMBER = {"type": "string"}, {"type": "number"}
OPTIONAL_TEXT, OPTIONAL_COUNT = {"type": ["string", "null"]}, {"type": ["integer", "null"]}


def closed(**properties: Any) -> dict[str, Any]:
    """An object of exactly these keys."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def listed(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


COUNTS = {severity.value: {"type": "integer"} for severity in Severity}
PORT = closed(
    name=TEXT,
    shape=listed(OPTIONAL_COUNT),
    dtype=TEXT,
    order={"anyOf": [listed({"type": "integer"}), {"type": "null"}]},
)
LIMIT = {
    "anyOf": [
        closed(limit={"type": "integer"}, bytes=OPTIONAL_COUNT, fits={"type": "boolean"}),
        {"type": "null"},
    ]
}
SCHEMA = closed(
    schema={"const": 1},
    tool=closed(name={"const": "tflint"}, version=TEXT),
    target=TEXT,
    files=listed(
        closed(
            path=TEXT,
            output=OPTIONAL_TEXT,
            written={"type": "boolean"},
            framework=TEXT,
            quantize={"enum": ["none", "dynamic", "float16", "int8", "int16x8"]},
            batch=OPTIONAL_COUNT,
            converted={"type": "boolean"},
            refusal=OPTIONAL_TEXT,
            attempts=listed(
                closed(allowed={"enum": ["builtin", "select", "custom"]}, error=OPTIONAL_TEXT)
            ),
            operators=listed(
                closed(
                    name=TEXT,
                    support={"enum": ["builtin", "select", "custom", "none"]},
                    count={"type": "integer", "minimum": 1},
                    layer=OPTIONAL_TEXT,
                    layer_class=OPTIONAL_TEXT,
                    path=OPTIONAL_TEXT,
                    line=OPTIONAL_COUNT,
                    cost=TEXT,
                    way=TEXT,
                )
            ),
            rebuilt=listed(closed(what=TEXT, layers=listed(TEXT))),
            inputs=listed(PORT),
            outputs=listed(PORT),
            bytes=OPTIONAL_COUNT,
            float_bytes=OPTIONAL_COUNT,
            arena=OPTIONAL_COUNT,
            passes=listed(
                closed(
                    code=TEXT,
                    name=TEXT,
                    applied={"type": "boolean"},
                    safety={"enum": ["safe", "unsafe", "reconvert"]},
                    places={"type": "integer"},
                    bytes_saved={"type": "integer"},
                    arena_saved=OPTIONAL_COUNT,
                    refused=OPTIONAL_TEXT,
                )
            ),
            proof={"type": ["object", "null"]},
            findings=listed({"type": "object", "required": ["code", "severity", "fix"]}),
            summary=closed(**COUNTS),
            budget={"anyOf": [closed(flash=LIMIT, ram=LIMIT, fits={}), {"type": "null"}]},
            notes=listed(TEXT),
        )
    ),
    summary=closed(
        files={"const": 1},
        converted={"type": "integer"},
        written={"type": "integer"},
        **COUNTS,
    ),
)


@pytest.mark.parametrize("answer", [relu_network, lstm, dense_network])
def test_the_json_document_is_what_the_documentation_says(
    call: Call,
    rig: Rig,
    archive: Path,
    answer: Any,
) -> None:
    rig.answer = lambda request: answer()
    result = call(
        *("convert", "net.keras", "-o", "a.tflite", "--format", "json", "--max-ram", "100K"),
        cwd=archive,
    )
    document = json.loads(result.stdout)

    assert result.stdout.isascii()
    jsonschema.validate(document, SCHEMA)
    (file,) = document["files"]
    assert file["written"] == (archive / "a.tflite").exists() == (result.code == 0)
    assert file["output"] == ("a.tflite" if file["written"] else None)


def test_hostile_names_do_not_reach_the_terminal(
    call: Call,
    rig: Rig,
    archive: Path,
) -> None:
    evil = "\x1b[31m\u202e\n::error::"
    port = Port(evil, (1, 4), "float32", (1, 0))
    described = Network(
        evil, (port,), (port,), notes=(evil,), layers={evil: Place(evil, evil, evil, 1)}
    )
    attempts = (Attempt(Support.BUILTIN, evil),)
    rig.answer = lambda request: network(
        None, np.zeros((64, 1, 4)), network=described, attempts=attempts
    )
    result = call("convert", "net.keras", "-o", "a.tflite", cwd=archive)

    assert result.code == 1
    assert "\x1b" not in result.stdout
    assert "\u202e" not in result.stdout
    assert not any(line.lstrip().startswith("::") for line in result.stdout.splitlines())


def test_the_words_of_the_options_are_those_of_the_program() -> None:
    assert command.MODES == options.MODES
    assert set(command.FALLBACKS) == {kind.value for kind in Support} - {"builtin"}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("convert", "--help"), 0),
        (("fix", "--help"), 0),
        (("check", "net.keras"), 0),
        (("convert", "net.keras"), 2),
    ],
)
def test_help_and_a_mistake_load_nothing_heavy(
    archive: Path,
    arguments: tuple[str, ...],
    code: int,
) -> None:
    (archive / "run.py").write_text(
        "import sys\n"
        "from tflint.cli.main import main\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        f"    print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "run.py", *arguments],
        cwd=archive,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr.splitlines()[-1]) == (code, "[]")


def test_samples_are_those_of_the_answers() -> None:
    """The rig's own: what proves nothing must not pass for a proof."""
    found = relu_network()
    assert isinstance(found.samples, Samples)
    assert np.array_equal(found.reference[0], np.maximum(found.samples.inputs[0], 0))
    assert math.isfinite(float(found.reference[0].sum()))
