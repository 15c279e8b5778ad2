"""What becomes of a network behind the worker, with the worker rigged: no TensorFlow is needed."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tflint.archive.reader import zip_of_config
from tflint.convert import reconversion
from tflint.convert.jobs import reconvert_all
from tflint.convert.options import ReconvertJob, ReconvertOptions
from tflint.convert.request import (
    Attempt,
    Network,
    Origin,
    OriginKind,
    Port,
    Rebuilt,
    Request,
    Support,
)
from tflint.convert.worker_process import Converted, SourceRefused
from tflint.errors import HostFailed, MissingExtra, TflintError, UnreadableModel
from tflint.execution.hosts import Host, execute, is_installed
from tflint.execution.process import Limits
from tflint.finding import FixSafety
from tflint.fix.options import FixOptions
from tflint.fix.proof import proving, trials
from tflint.fix.proof.samples import Samples
from tflint.fix.repaired import Repaired, RepairRun
from tflint.lint.discover import Artifact
from tflint.lint.plan import Plan
from tflint.lint.registry import all_rules
from tflint.model.builder import ModelBuilder
from tflint.model.reader import parse_model
from tflint.model.writer import write_model
from tflint.rule import Kind
from tflint.target.target import find_target
from tflint_rules.example_models import flex_conv

pytestmark = pytest.mark.skipif(not is_installed(Host.LITERT), reason="needs LiteRT")
needs_quantiser = pytest.mark.skipif(
    importlib.util.find_spec("ai_edge_quantizer") is None, reason="needs ai-edge-quantizer"
)
RNG = np.random.default_rng(3)
PLAN = Plan(find_target("tflm"), all_rules())
ORDER = (0, 2, 3, 1)
Rig = Callable[[Converted], list[Request]]


@pytest.fixture(autouse=True)
def litert_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """One runtime is enough for what runtimes have no part in."""
    for module in (proving, trials):
        monkeypatch.setattr(module, "is_installed", lambda host: host is not Host.TFLM)


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Rig:
    """Puts what the worker sends in its place; returns what it was asked for."""

    def use(answer: Converted | TflintError) -> list[Request]:
        requests: list[Request] = []

        def convert(request: Request, limits: Limits, say: Callable[[str], None]) -> Converted:
            requests.append(request)
            if isinstance(answer, TflintError):
                raise answer
            return answer

        monkeypatch.setattr(reconversion, "convert", convert)
        return requests

    return use


def channels_last() -> bytes:
    """A convolution over a (1, 12, 12, 2) map and a dense layer."""
    build = ModelBuilder(seed=5)
    x = build.conv_2d(build.input((1, 12, 12, 2)), 4, 3)
    build.output(build.softmax(build.fully_connected(build.flatten(x), 3)))
    return write_model(build.build())


def converted(
    model: bytes | None = None, *, off: float = 0.0, count: int = 40, **fields: Any
) -> Converted:
    """What a worker sends of a channels_first network that became `channels_last`."""
    made = channels_last() if model is None else model
    given = RNG.standard_normal((count, 1, 12, 12, 2)).astype(np.float32)
    (answers,) = execute(channels_last(), (given,), Host.LITERT)
    network = Network(
        "tf-keras 2.21.0",
        (Port("x", (None, 2, 12, 12), "float32", ORDER),),
        (Port("y", (None, 3), "float32"),),
        (Rebuilt("channels_last", ("conv",)),),
    )
    whole = Converted(
        network,
        (Attempt(Support.BUILTIN),),
        made,
        samples=Samples((given.transpose(0, 1, 4, 2, 3),)),
        reference=(np.roll(answers, 1, axis=-1) if off else answers,),
    )
    return dataclasses.replace(whole, **fields)


def archive(folder: Path, **layer: Any) -> Artifact:
    """A `.keras` file of a convolution; channels_first unless said otherwise."""
    path = folder / "net.keras"
    path.write_bytes(zip_of_config(config(**layer)))
    return Artifact(path, path.name, Kind.KERAS_ARCHIVE)


def config(**layer: Any) -> dict[str, object]:
    from tflint_rules.example_archives import saved_sequential

    given = {"filters": 4, "kernel_size": 3, "data_format": "channels_first", **layer}
    return dict(saved_sequential((None, 2, 12, 12), ("Conv2D", given)))


def job(artifact: Artifact) -> ReconvertJob:
    kind = OriginKind.FACTORY if artifact.kind is Kind.KERAS_SOURCE else OriginKind.ARCHIVE
    return ReconvertJob(artifact, Origin(kind, artifact.path, artifact.shown), PLAN)


def run(artifact: Artifact, **options: Any) -> Repaired:
    return reconversion.reconvert(
        job(artifact), lambda report: report, FixOptions(**options), ReconvertOptions()
    )


# A result


def test_a_proved_result_is_offered_with_what_is_gone(tmp_path: Path, rig: Rig) -> None:
    requests = rig(converted())
    repaired = run(archive(tmp_path))
    fix = repaired.fix
    assert fix.proof is not None
    assert fix.proof.holds, fix.proof.failure
    assert fix.proof.method == "keras+litert-reference"
    assert fix.is_proved
    assert parse_model(repaired.after).subgraphs
    assert [one.finding.code for one in fix.fixed] == ["TFL101"]
    assert fix.fixed[0].safety is FixSafety.RECONVERT
    assert requests[0].is_rebuilt
    assert requests[0].quantize is None
    assert requests[0].random_samples


def test_answers_that_differ_leave_nothing_to_write(tmp_path: Path, rig: Rig) -> None:
    rig(converted(off=1))
    artifact = archive(tmp_path)
    repaired = run(artifact)
    assert not repaired.fix.is_proved
    assert repaired.after == artifact.path.read_bytes()
    assert not any(one.applied for one in repaired.fix.passes)
    assert [left.finding.code for left in repaired.fix.left] == ["TFL101"]
    assert repaired.fix.fails(None)


def test_an_original_that_answers_nothing_proves_nothing(tmp_path: Path, rig: Rig) -> None:
    rig(converted(samples=None, reference=()))
    fix = run(archive(tmp_path)).fix
    assert fix.proof is not None
    assert "no answers" in (fix.proof.failure or "")


def test_a_network_that_is_not_converted_is_told_and_left(tmp_path: Path, rig: Rig) -> None:
    failed = Attempt(Support.BUILTIN, "no way")
    rig(dataclasses.replace(converted(), model=None, attempts=(failed,)))
    repaired = run(archive(tmp_path))
    assert repaired.fix.conversion is not None
    assert not repaired.fix.conversion.is_done
    assert repaired.fix.proof is None
    assert repaired.fix.fails(None)
    assert repaired.after == repaired.before


@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
def test_flex_operators_become_builtins(tmp_path: Path, rig: Rig, data_format: str) -> None:
    """As the converter leaves them when SELECT_TF_OPS is allowed."""
    model = flex_conv(data_format)
    from tflint.fix.proof.flex_reference import run_with_flex

    shape = model.subgraphs[0].tensors[model.subgraphs[0].inputs[0]].shape
    given = RNG.standard_normal((20, *shape)).astype(np.float32)
    data = write_model(model)
    reference = run_with_flex(data, (given,))
    network = Network("SavedModel", (Port("x", shape, "float32"),), (Port("y", (1, 3), "float32"),))
    sent = Converted(
        network,
        (Attempt(Support.BUILTIN, "no Conv2D"), Attempt(Support.SELECT)),
        data,
        samples=Samples((given,)),
        reference=reference,
    )
    rig(sent)
    repaired = run(archive(tmp_path))
    assert repaired.fix.proof is not None
    assert repaired.fix.proof.holds, repaired.fix.proof.failure
    assert not any(code.is_custom for code in parse_model(repaired.after).operator_codes)


def test_what_only_tensorflow_has_is_no_result(tmp_path: Path, rig: Rig) -> None:
    build = ModelBuilder()
    build.output(build.unary("FlexStridedMystery", build.input((1, 12, 12, 2))))
    rig(converted(write_model(build.build())))
    fix = run(archive(tmp_path)).fix
    assert fix.conversion is not None
    assert not fix.conversion.has_result
    assert fix.fails(None)


def test_what_the_trained_network_computes_stays(tmp_path: Path, rig: Rig) -> None:
    """A pool over other axes than was meant: only training changes that."""
    from tflint_rules.example_archives import saved_sequential

    conv = {"filters": 4, "kernel_size": 3, "data_format": "channels_first"}
    mixed = saved_sequential((None, 2, 12, 12), ("Conv2D", conv), ("MaxPooling2D", {}))
    path = tmp_path / "net.keras"
    path.write_bytes(zip_of_config(dict(mixed)))
    rig(converted())
    fix = run(Artifact(path, "net.keras", Kind.KERAS_ARCHIVE)).fix
    assert "TFL102" in {left.finding.code for left in fix.left}
    assert "TFL101" in {one.finding.code for one in fix.fixed}


# int8


def ranges(folder: Path) -> Path:
    return folder / "unread.npy"  # The worker is rigged, nobody reads it.


@needs_quantiser
def test_int8_is_held_against_the_original(tmp_path: Path, rig: Rig) -> None:
    requests = rig(converted(count=60))
    fix = run(archive(tmp_path), quantize="int8", calibrate=ranges(tmp_path)).fix
    assert requests[0].quantize == "int8"
    assert requests[0].calibrate == ranges(tmp_path)
    assert fix.proof is not None
    assert fix.proof.holds, fix.proof.failure
    assert fix.proof.tolerance == 0.02
    assert fix.proof.max_error > 0


@needs_quantiser
def test_what_tflint_does_not_quantise_tensorflow_may(tmp_path: Path, rig: Rig) -> None:
    loop = unquantisable()
    sent = converted(loop, count=60)
    rig(sent)
    alone = run(archive(tmp_path), quantize="int8", calibrate=ranges(tmp_path)).fix
    assert alone.conversion is not None
    assert alone.conversion.refusal
    assert alone.fails(None)
    rig(dataclasses.replace(sent, quantized=channels_last()))
    helped = run(archive(tmp_path), quantize="int8", calibrate=ranges(tmp_path)).fix
    assert helped.proof is not None
    assert helped.proof.holds, helped.proof.failure
    assert any("TensorFlow" in note for note in helped.notes)


def unquantisable() -> bytes:
    """The same network, and a loop that nobody enters."""
    from tflint.model.schema import TensorType, WhileOptions

    build = ModelBuilder(seed=5)
    x = build.conv_2d(build.input((1, 12, 12, 2)), 4, 3)
    y = build.softmax(build.fully_connected(build.flatten(x), 3))
    condition, body = build.subgraph("condition"), build.subgraph("body")
    a = condition.input((1, 3))
    truth = condition.constant((1,), TensorType.BOOL, b"\0")
    condition.output(truth)
    _ = a
    body.output(body.unary("ABS", body.input((1, 3))))
    z = build.tensor((1, 3))
    build.operator("WHILE", [y], [z], WhileOptions(cond_subgraph_index=1, body_subgraph_index=2))
    build.output(z)
    return write_model(build.build())


# What cannot be carried out


def test_a_worker_that_came_to_no_end_is_an_error(tmp_path: Path, rig: Rig) -> None:
    for error in (HostFailed("killed"), SourceRefused("no network"), MissingExtra("it", "convert")):
        rig(error)
        with pytest.raises(type(error)):
            run(archive(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["net.keras"]


def test_one_that_fails_does_not_keep_the_others(tmp_path: Path, rig: Rig) -> None:
    one, two = (tmp_path / name for name in ("one", "two"))
    jobs = []
    for folder in (one, two):
        folder.mkdir()
        jobs.append(job(archive(folder)))
    rig(converted())
    (one / "net.keras").write_bytes(b"nothing")
    found: RepairRun = reconvert_all(
        jobs, lambda report: report, FixOptions(), ReconvertOptions(), lambda text: None
    )
    assert found.files[0].fix.failure is not None
    assert found.files[1].fix.is_proved


def test_an_archive_that_cannot_be_read_starts_no_worker(tmp_path: Path, rig: Rig) -> None:
    artifact = archive(tmp_path)
    artifact.path.write_bytes(b"PK\x03\x04 and no more")
    requests = rig(converted())
    with pytest.raises(UnreadableModel, match=r"net\.keras"):
        run(artifact)
    assert not requests


def test_without_litert_there_is_no_proof_and_no_worker(
    tmp_path: Path, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconversion, "is_installed", lambda host: False)
    requests = rig(converted())
    with pytest.raises(MissingExtra, match="quantize"):
        run(archive(tmp_path))
    assert not requests


# Sources

SOURCE = """\
from tensorflow import keras


def build():
    # The sensor gives channels first.
    inputs = keras.Input((2, 12, 12))
    x = keras.layers.Conv2D(4, 3, data_format="channels_first")(inputs)
    x = keras.layers.Flatten(data_format="channels_first")(x)
    return keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(x))
"""


def source(folder: Path) -> Artifact:
    path = folder / "net.py"
    path.write_text(SOURCE, encoding="utf-8")
    return Artifact(path, "net.py", Kind.KERAS_SOURCE)


def test_the_repaired_source_is_offered_with_the_model(tmp_path: Path, rig: Rig) -> None:
    requests = rig(converted())
    artifact = source(tmp_path)
    repaired = run(artifact)
    assert requests[0].repaired_source is not None
    assert "channels_first" not in requests[0].repaired_source
    assert repaired.source is not None
    assert repaired.source.after.decode() == requests[0].repaired_source
    assert "# The sensor gives channels first." in requests[0].repaired_source
    assert "TFL101" in {one.finding.code for one in repaired.fix.fixed}
    assert "-    x = keras.layers.Conv2D(4, 3, data_format" in repaired.fix.diff
    assert artifact.path.read_text(encoding="utf-8") == SOURCE


def test_a_source_that_would_build_something_else_is_left(tmp_path: Path, rig: Rig) -> None:
    sent = converted()
    network = dataclasses.replace(sent.network, source_refusal="it gives other answers")
    rig(dataclasses.replace(sent, network=network))
    repaired = run(source(tmp_path))
    assert repaired.fix.is_proved
    assert repaired.source is None
    assert not repaired.fix.diff
    assert any("left as it is: it gives other answers" in note for note in repaired.fix.notes)


def test_an_unproved_model_leaves_the_source_as_well(tmp_path: Path, rig: Rig) -> None:
    rig(converted(off=1))
    repaired = run(source(tmp_path))
    assert not repaired.fix.is_proved
    assert repaired.source is None
    assert not repaired.fix.diff


def test_weights_for_the_repaired_source_are_offered_with_it(tmp_path: Path, rig: Rig) -> None:
    rig(converted(weights=b"carried"))
    artifact = source(tmp_path)
    weights = tmp_path / "net.weights.h5"
    weights.write_bytes(b"the old ones")
    given = job(dataclasses.replace(artifact, shown="net.py:build"))
    with_weights = dataclasses.replace(
        given, origin=dataclasses.replace(given.origin, weights=weights)
    )
    repaired = reconversion.reconvert(
        with_weights, lambda report: report, FixOptions(), ReconvertOptions()
    )
    assert repaired.weights == (tmp_path / "net.fixed.weights.h5", b"carried")
    assert any("net.fixed.weights.h5" in note for note in repaired.fix.notes)
    assert not any("train again" in note for note in repaired.fix.notes)
    assert "net.py:build" not in repaired.fix.diff
    assert run(artifact).weights is None


# A .tflite and what builds its network


@pytest.mark.parametrize(("donor", "holds"), [("int8 weights", True), ("floats", False)])
def test_a_rounded_original_is_no_measure_of_rounding(
    tmp_path: Path, rig: Rig, donor: str, holds: bool
) -> None:
    sent = converted()
    (answers,) = sent.reference
    network = dataclasses.replace(sent.network, answered_by="litert-reference")
    rig(dataclasses.replace(sent, network=network, reference=(answers + np.float32(1e-3),)))
    path = tmp_path / "m.tflite"
    path.write_bytes(hybrid() if donor == "int8 weights" else channels_last())
    artifact = Artifact(path, "m.tflite", Kind.TFLITE)
    fix = run(artifact).fix
    assert fix.proof is not None
    assert fix.proof.holds is holds, fix.proof.failure
    assert fix.proof.method == "litert-reference"
    assert fix.bytes_before == path.stat().st_size
    assert (fix.comparison is not None) is holds


def hybrid() -> bytes:
    from tflint.model.schema import TensorType

    build = ModelBuilder()
    build.output(build.fully_connected(build.input((1, 8)), 4, weights=TensorType.INT8))
    return write_model(build.build())


def test_a_network_that_answers_otherwise_than_the_tflite_is_told(tmp_path: Path, rig: Rig) -> None:
    network = Network("keras 3", donor_refusal="it answers otherwise")
    requests = rig(Converted(network, ()))
    path = tmp_path / "m.tflite"
    path.write_bytes(channels_last())
    repaired = run(Artifact(path, "m.tflite", Kind.TFLITE))
    assert requests[0].donor == channels_last()
    assert repaired.fix.conversion is not None
    assert repaired.fix.conversion.refusal == "it answers otherwise"
    assert repaired.fix.fails(None)
    assert repaired.after == repaired.before
