"""`tflint fix --reconvert` as it is called: what becomes a job, and where results go."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.archive.messages import graph, metadata, write_saved_model
from tests.cli.conftest import Call
from tests.cli.rigged_conversions import Rig, dense_network, lstm, relu_network, samples
from tflint.archive.reader import zip_of_config
from tflint.convert.request import OriginKind, Port, Rebuilt, Request
from tflint.convert.worker_process import Converted
from tflint.errors import HostFailed
from tflint.model.reader import parse_model
from tflint_rules.example_archives import saved_sequential

FIXED = "net.fixed.tflite"


def test_an_archive_becomes_a_model_beside_it(call: Call, rig: Rig, archive: Path) -> None:
    before = (archive / "net.keras").read_bytes()
    result = call("fix", "net.keras", "--reconvert", cwd=archive)

    assert (result.code, result.stderr) == (0, "")
    assert parse_model((archive / FIXED).read_bytes()).subgraphs
    assert (archive / "net.keras").read_bytes() == before
    assert result.stdout.startswith(f"net.keras -> {FIXED}\n  read by keras 3.15.1")
    assert "proved over" in result.stdout
    assert "--calibrate DATA" in result.stdout
    (request,) = rig.requests
    assert request.is_rebuilt
    assert not request.keeps_layout


def test_options_reach_the_worker(call: Call, rig: Rig, archive: Path) -> None:
    (archive / "mine.py").write_text("")
    result = call(
        *("fix", "net.keras", "--reconvert", "--keep-input-layout", "--with", "mine.py"),
        *("--no-legacy-keras", "--trust", "--time-limit", "20", "--memory-limit", "4G"),
        *("-o", "other.tflite"),
        cwd=archive,
    )

    assert result.code == 0, result.stderr
    (request,), (limits,) = rig.requests, rig.limits
    assert request.keeps_layout
    assert request.origin.modules == (archive / "mine.py",)
    assert (request.origin.is_legacy, request.origin.is_trusted) == (False, True)
    assert (limits.seconds, limits.memory_bytes) == (20, 4 << 30)
    assert (archive / "other.tflite").exists()
    assert not (archive / FIXED).exists()


@pytest.mark.parametrize(
    ("options", "mode"),
    [
        ((), None),
        (("--calibrate", "data.npy"), "int8"),
        (("--calibrate", "data.npy", "--quantize", "none"), None),
        (("--calibrate", "data.npy", "--quantize", "int16x8"), "int16x8"),
    ],
)
def test_integers_where_there_are_samples(
    call: Call, rig: Rig, archive: Path, options: tuple[str, ...], mode: str | None
) -> None:
    pytest.importorskip("ai_edge_quantizer", reason="needs the extra `quantize`")
    rig.answer = lambda request: dense_network()
    result = call(
        *("fix", "net.keras", "--reconvert", "--format", "json", "--fail-on", "never", *options),
        cwd=archive,
    )

    assert result.code == 0, result.stderr
    (file,) = json.loads(result.stdout)["files"]
    assert rig.requests[0].quantize == mode
    assert file["quantize"] == (mode or "none")
    types = {t.type.name for t in parse_model((archive / FIXED).read_bytes()).subgraphs[0].tensors}
    assert ("INT8" in types) is (mode is not None)


def test_all_archives_of_a_folder(call: Call, rig: Rig, archive: Path) -> None:
    shutil.copy(archive / "net.keras", archive / "second.keras")
    write_saved_model(archive / "saved", graph(), metadata(("root", {})))
    (archive / "old.tflite").write_bytes(relu_network().model or b"")
    result = call("fix", ".", "--reconvert", cwd=archive)

    assert result.code == 0, result.stderr
    made = sorted(path.name for path in archive.glob("*.fixed.tflite"))
    assert made == [FIXED, "saved.fixed.tflite", "second.fixed.tflite"]
    kinds = [request.origin.kind for request in rig.requests]
    assert sorted(kind.value for kind in kinds) == ["archive", "archive", "saved-model"]


def test_one_that_fails_does_not_keep_the_others(call: Call, rig: Rig, archive: Path) -> None:
    shutil.copy(archive / "net.keras", archive / "second.keras")

    def answer(request: Request) -> Converted:
        if request.origin.path.name == "net.keras":
            raise HostFailed("the conversion ran out of memory")
        return relu_network()

    rig.answer = answer
    lambdas = saved_sequential((None, 4), ("Lambda", {"function": {"class_name": "__lambda__"}}))
    (archive / "third.keras").write_bytes(zip_of_config(lambdas))
    result = call("fix", ".", "--reconvert", cwd=archive)

    assert result.code == 2
    errors = result.stderr.splitlines()
    assert len(errors) == 2
    assert "`net.keras`: the conversion ran out of memory" in errors[0]
    assert "third.keras" in errors[1]
    assert "--trust" in errors[1]
    assert (archive / "second.fixed.tflite").exists()
    assert not (archive / FIXED).exists()


def test_a_factory_of_a_source(call: Call, rig: Rig, archive: Path) -> None:
    result = call("fix", "net.py:build", "--reconvert", cwd=archive)

    assert (result.code, result.stderr) == (0, "")
    (request,) = rig.requests
    assert (request.origin.kind, request.origin.factory) == (OriginKind.FACTORY, "build")
    assert (archive / FIXED).exists()
    assert result.stdout.startswith("net.py -> net.fixed.tflite")


CHANNELS_FIRST = """\
import keras
from keras import layers


def build():
    return keras.Sequential([
        keras.Input((3, 8, 8)),
        layers.Conv2D(4, 3, data_format="channels_first"),
    ])
"""


def test_a_source_and_its_model_are_written_together_or_not_at_all(
    call: Call, rig: Rig, archive: Path
) -> None:
    pytest.importorskip("libcst", reason="needs the extra `fix`")
    (archive / "net.py").write_text(CHANNELS_FIRST)
    wrong = -np.maximum(samples().inputs[0], 0)
    rig.answer = lambda request: relu_network(reference=(wrong,))
    result = call("fix", "net.py:build", "--reconvert", cwd=archive)
    assert result.code == 1
    assert (archive / "net.py").read_text() == CHANNELS_FIRST
    assert not (archive / FIXED).exists()

    rig.answer = lambda request: relu_network()
    result = call("fix", "net.py:build", "--reconvert", "--diff", cwd=archive)
    assert result.code == 1
    assert (archive / "net.py").read_text() == CHANNELS_FIRST
    assert not (archive / FIXED).exists()
    assert '-        layers.Conv2D(4, 3, data_format="channels_first"),' in result.stdout

    result = call("fix", "net.py:build", "--reconvert", "--format", "json", cwd=archive)
    (file,) = json.loads(result.stdout)["files"]
    assert "channels_first" not in (archive / "net.py").read_text()
    assert (file["output"], file["source_output"]) == (FIXED, "net.py")
    assert rig.requests[-1].repaired_source is not None


def test_a_model_with_its_source(call: Call, rig: Rig, archive: Path) -> None:
    (archive / "net.tflite").write_bytes(relu_network().model or b"")
    asked = call("fix", "net.tflite", "--reconvert", cwd=archive)
    result = call("fix", "net.tflite", "--reconvert", "--source", "net.py:build", cwd=archive)

    assert asked.code == 2
    assert "--source names the archive or module.py:factory" in asked.stderr
    assert result.code == 0, result.stderr
    (request,) = rig.requests
    assert request.donor == (archive / "net.tflite").read_bytes()
    assert request.origin.factory == "build"
    assert (archive / FIXED).exists()


def test_what_changed_about_the_interface_is_in_every_report(
    call: Call, rig: Rig, archive: Path
) -> None:
    found = relu_network()
    turned = Port("x", (1, 4, 1, 1), "float32", (0, 2, 3, 1))
    part = Rebuilt("channels last", ("conv", "pool"))
    described = dataclasses.replace(found.network, inputs=(turned,), rebuilt=(part,))
    values = samples().inputs[0].reshape(64, 1, 4, 1, 1)
    answer = dataclasses.replace(
        found,
        network=described,
        model=_turned_model(),
        samples=dataclasses.replace(samples(), inputs=(values,)),
        reference=(np.maximum(values.reshape(64, 1, 1, 1, 4), 0),),
    )
    rig.answer = lambda request: answer
    text = " ".join(call("fix", "net.keras", "--reconvert", cwd=archive).stdout.split())
    result = call("fix", "net.keras", "--reconvert", "--format", "json")

    assert "rebuilt: channels last (`conv`, `pool`)" in text
    assert "input `x` is (1, 1, 1, 4) now, was (1, 4, 1, 1): transpose with (0, 2, 3, 1)" in text
    (file,) = json.loads(result.stdout)["files"]
    assert file["rebuilt"] == [{"what": "channels last", "layers": ["conv", "pool"]}]
    assert file["interface"] == [
        {
            "kind": "input",
            "name": "x",
            "before": [1, 4, 1, 1],
            "after": [1, 1, 1, 4],
            "order": [0, 2, 3, 1],
        }
    ]
    # What scripts rely on, whatever was repaired.
    needed = {"path", "output", "passes", "bytes", "arena", "proof", "written"}
    assert needed <= set(file)


def _turned_model() -> bytes:
    from tests.cli.conftest import named
    from tflint.model.builder import ModelBuilder
    from tflint.model.writer import write_model

    model = ModelBuilder()
    x = model.input((1, 1, 1, 4))
    return write_model(named(model, x, model.unary("RELU", x)).build())


def test_what_cannot_be_converted_fails_with_its_diagnosis(
    call: Call, rig: Rig, archive: Path
) -> None:
    rig.answer = lambda request: lstm()
    (archive / FIXED).write_bytes(relu_network().model or b"")
    before = (archive / FIXED).read_bytes()
    result = call("fix", "net.keras", "--reconvert", cwd=archive)

    assert (result.code, result.stderr) == (1, "")
    assert "does not convert with builtin operators" in result.stdout
    assert "1 file not converted" in result.stdout
    assert (archive / FIXED).read_bytes() == before


def test_a_failed_worker_leaves_nothing(call: Call, rig: Rig, archive: Path) -> None:
    def fail(request: Request) -> Converted:
        raise HostFailed("the conversion took longer than 900 s and was ended")

    rig.answer = fail
    before = sorted(os.listdir(archive))
    result = call("fix", "net.keras", "--reconvert", cwd=archive)

    assert (result.code, result.stdout) == (2, "")
    assert result.stderr.endswith("the conversion took longer than 900 s and was ended\n")
    assert sorted(os.listdir(archive)) == before


BAD = [
    (["net.keras", "--source", "net.py:build"], "--source is for --reconvert"),
    (["net.keras", "--keep-input-layout"], "--keep-input-layout is for --reconvert"),
    (["net.keras", "--weights", "a.h5"], "--weights is for --reconvert"),
    (["net.keras", "--with", "net.py"], "--with is for --reconvert"),
    (["net.keras", "--signature", "run"], "--signature is for --reconvert"),
    (["net.keras", "--trust"], "--trust is for --reconvert"),
    (["net.keras", "--no-legacy-keras"], "--legacy-keras is for --reconvert"),
    (["net.keras", "--time-limit", "3"], "--time-limit is for --reconvert"),
    (["net.keras", "--memory-limit", "3G"], "--memory-limit is for --reconvert"),
    (["net.keras", "--quantize", "none"], "--quantize none is for --reconvert"),
    (["net.keras", "--reconvert", "--in-place"], "--in-place repairs a model as it is"),
    (["-", "--stdin-filename", "a.py", "--reconvert"], "--reconvert reads files, not stdin"),
    (["net.keras", "--reconvert", "--quantize", "int8"], "needs real inputs"),
    (["net.keras", "--reconvert", "--quantize", "int4"], "unknown mode of quantisation `int4`"),
    (["net.keras", "--reconvert", "-o", "a.bin"], "-o is the .tflite to write"),
    (["net.keras", "--reconvert", "-o", "alias.tflite"], "-o would overwrite `net.keras`"),
    (["net.keras", "net.py", "--reconvert", "-o", "a.tflite"], "-o takes the result of a single"),
    (["net.keras", "--reconvert", "--diff", "-o", "a.tflite"], "--diff writes nothing"),
    (["net.keras", "--reconvert", "--source", "net.py:build"], "--source is for a .tflite"),
    (["net.keras", "net.tflite", "--reconvert", "--source", "net.py:build"], "a single .tflite"),
    (["net.keras", "twin/net.keras", "--reconvert", "--with", "no.py"], "`no.py` does not exist"),
    (["net.keras", "net.py:build", "--reconvert"], "would both become `net.fixed.tflite`"),
    (["net.py:build", "net.py:other", "--reconvert"], "two networks of `net.py` would both become"),
    (["empty", "--reconvert"], "no models or Keras sources in `empty`"),
    (["only", "--reconvert"], "no archives in `only` to reconvert"),
    (["none.keras", "--reconvert"], "`none.keras` does not exist"),
    (["net.py:none", "--reconvert"], "`net.py` defines no `none`"),
    (["net.keras", "--reconvert", "--time-limit", "-1"], "--time-limit is a number"),
    (["net.tflite", "--reconvert"], "--source names the archive"),
]


@pytest.mark.parametrize(("arguments", "says"), BAD)
def test_what_is_wrong_with_a_call_is_said_before_a_worker_starts(
    call: Call, rig: Rig, archive: Path, arguments: list[str], says: str
) -> None:
    (archive / "alias.tflite").symlink_to(archive / "net.keras")
    (archive / "net.tflite").write_bytes(relu_network().model or b"")
    for folder in ("empty", "only", "twin"):
        (archive / folder).mkdir()
    shutil.copy(archive / "net.py", archive / "only")
    before = sorted(os.listdir(archive))
    result = call("fix", *arguments, cwd=archive)

    assert (result.code, result.stdout) == (2, "")
    assert says in result.stderr
    assert result.stderr.count("\n") == 1
    assert rig.requests == []
    assert sorted(os.listdir(archive)) == before


def test_a_file_of_someone_else_is_not_replaced(call: Call, rig: Rig, archive: Path) -> None:
    (archive / FIXED).write_bytes(b"notes, not a model")
    result = call("fix", "net.keras", "--reconvert", cwd=archive)

    assert result.code == 2
    assert "is no model: -o has to say where to write" in result.stderr
    assert (archive / FIXED).read_bytes() == b"notes, not a model"


def test_the_result_is_as_private_as_the_archive(call: Call, rig: Rig, archive: Path) -> None:
    (archive / "net.keras").chmod(0o600)
    assert call("fix", "net.keras", "--reconvert", cwd=archive).code == 0

    assert (archive / FIXED).stat().st_mode & 0o777 == 0o600
