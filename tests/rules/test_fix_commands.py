"""The command that a finding gives works when it is pasted: the finding is gone behind it."""

from __future__ import annotations

import dataclasses
import os
import shlex
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Call, call  # noqa: F401 - a fixture
from tflint.archive.reader import zip_of_config
from tflint.convert.options import ReconvertJob
from tflint.finding import Finding, FixSafety
from tflint.fix.options import FixOptions
from tflint.fix.repaired import Accept, Repaired
from tflint.fix.result_file import fixed_path
from tflint.lint.registry import built_in_rules
from tflint.lint.runner import check_bytes, check_example
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint.report.convert_result import Conversion
from tflint.report.fix_result import FileFix, Proof
from tflint.rule import Bad, Kind, Rule
from tflint.target.target import find_target
from tflint_rules.example_archives import saved_sequential

# A path that a shell would take apart.
NAME = "it's a model.tflite"
# Repairs that build the network anew: the source is the user's, and named in the command.
RECONVERT = "--reconvert"


def commands(rule: type[Rule], example: Bad) -> dict[str, list[Finding]]:
    """The commands that the rule's findings in an example give, where that is a model."""
    report = check_example(example.build(), [rule], find_target(example.target))
    found: dict[str, list[Finding]] = {}
    if report.kind is Kind.TFLITE:
        for finding in report.findings:
            if finding.fix is not None:
                found.setdefault(finding.fix.command, []).append(finding)
    return found


CASES = [
    pytest.param(rule, example, id=f"{rule.meta.code}-{example.title}")
    for rule in built_in_rules()
    if Kind.TFLITE in rule.meta.applies_to
    for example in rule.examples
    if isinstance(example, Bad) and commands(rule, example)
]


def network() -> bytes:
    """An archive of a small network; what it is, is told by its first bytes."""
    return zip_of_config(saved_sequential((None, 4), ("Dense", {"units": 2})))


def test_every_kind_of_repair_is_among_the_cases() -> None:
    kinds = {
        (
            finding.fix.safety,
            "--quantize" in command,
            RECONVERT in command or command.startswith("tflint convert "),
        )
        for case in CASES
        for command, found in commands(*case.values).items()
        for finding in found
        if finding.fix is not None
    }

    assert kinds == {
        (FixSafety.SAFE, False, False),
        (FixSafety.UNSAFE, False, False),
        (FixSafety.RECONVERT, True, False),
        (FixSafety.RECONVERT, False, True),
    }


@pytest.mark.parametrize(("rule", "example"), CASES)
def test_a_pasted_command_repairs_what_it_is_for(
    call: Call,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rule: type[Rule],
    example: Bad,
) -> None:
    # What proves a result is tested elsewhere, and examples need not run on any runtime.
    held = Proof("none", 1, True, 0.0, 0.0, float("inf"))
    monkeypatch.setattr("tflint.fix.proof.proving.prove", lambda *models, **options: held)
    built = example.build()
    assert isinstance(built, (Model, bytes))
    path = tmp_path / NAME
    path.write_bytes(built if isinstance(built, bytes) else write_model(built))
    target = find_target(example.target)
    before = check_bytes(path.read_bytes(), [rule], target, NAME).findings

    for finding in before:
        if finding.fix is None:
            continue
        words = shlex.split(finding.fix.command)
        if words[1] == "convert":
            assert words[2:5] == ["model.h5", "-o", NAME]
            continue
        assert words[:3] == ["tflint", "fix", NAME]
        if RECONVERT in words or "--quantize" in words:
            continue
        fixed_path(path).unlink(missing_ok=True)
        result = call(*words[1:], cwd=tmp_path)
        assert result.code == 0, result.stderr + result.stdout
        after = check_bytes(fixed_path(path).read_bytes(), [rule], target, NAME).findings
        left = [one for one in after if one.fix == finding.fix]
        assert not left, (left[0].message, result.stdout)


RECONVERTED = [
    case for case in CASES if any(RECONVERT in command for command in commands(*case.values))
]


@pytest.mark.parametrize(("rule", "example"), RECONVERTED)
def test_a_pasted_command_reconverts_with_a_source_in_its_place(
    call: Call,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rule: type[Rule],
    example: Bad,
) -> None:
    """The options mean what they say; what TensorFlow makes of it is tested in `tests/convert`."""
    built = example.build()
    assert isinstance(built, (Model, bytes))
    data = built if isinstance(built, bytes) else write_model(built)
    (tmp_path / NAME).write_bytes(data)
    (tmp_path / "model.py").write_text("import keras\n\n\ndef build():\n    return keras.Model()\n")
    (tmp_path / "model.h5").write_bytes(network())
    np.save(tmp_path / "DATA", np.zeros((4, 1)))
    os.replace(tmp_path / "DATA.npy", tmp_path / "DATA")
    jobs: list[tuple[ReconvertJob, FixOptions]] = []

    def reconvert(
        job: ReconvertJob, accept: Accept, options: FixOptions, *others: object
    ) -> Repaired:
        jobs.append((job, options))
        fix = FileFix(job.artifact.shown, job.artifact.kind, conversion=Conversion("keras 3"))
        return Repaired(job.artifact, fix, data, b"converted")

    monkeypatch.setattr("tflint.convert.reconversion.reconvert", reconvert)
    monkeypatch.setattr("tflint.cli.convert_request.require_tensorflow", lambda: None)
    for command in commands(rule, example):
        words = shlex.split(command.replace("example.tflite", shlex.quote(NAME)))
        if RECONVERT not in words:
            continue
        jobs.clear()
        result = call(*words[1:], cwd=tmp_path)

        assert result.code == 0, result.stderr
        assert fixed_path(tmp_path / NAME).read_bytes() == b"converted"
        ((job, options),) = jobs
        assert job.artifact.path.name == NAME
        is_archive = words[words.index("--source") + 1] == "model.h5"
        assert (job.origin.factory is None) is is_archive
        # What was rounded away is had again from the floats of an archive, with samples.
        assert options.quantize == ("int8" if is_archive else None)


def test_a_path_that_looks_like_an_option_is_none() -> None:
    example = next(case.values for case in CASES)
    rule, built = example[0], example[1].build()
    data = built if isinstance(built, bytes) else write_model(built)
    (finding, *_) = check_bytes(data, [rule], find_target("tflm"), "-o.tflite").findings
    assert finding.fix is not None

    assert "./-o.tflite" in finding.fix.command
    assert dataclasses.replace(finding).path == "-o.tflite"


QUANTIZED = [
    case
    for case in CASES
    if any("fix" in command and "--quantize" in command for command in commands(*case.values))
]


@pytest.mark.slow
@pytest.mark.parametrize(("rule", "example"), QUANTIZED)
def test_a_pasted_command_quantises_with_data_in_its_place(
    call: Call,  # noqa: F811
    tmp_path: Path,
    rule: type[Rule],
    example: Bad,
) -> None:
    pytest.importorskip("ai_edge_quantizer", reason="needs the extra `quantize`")
    built = example.build()
    assert isinstance(built, Model)
    (tmp_path / NAME).write_bytes(write_model(built))
    (command,) = commands(rule, example)
    words = shlex.split(command.replace("example.tflite", shlex.quote(NAME)))
    assert words[-2:] == ["--calibrate", "DATA"]
    graph = built.subgraphs[0]
    shape = graph.tensors[graph.inputs[0]].shape
    inputs = np.random.default_rng(1).normal(size=(64, *shape)).astype(np.float32)
    np.save(tmp_path / "my data.npy", inputs)
    # What random weights make of random inputs is a coin toss: the tolerance is not the point.
    options = ("my data.npy", "--tolerance", "0.5", "--calibration", "minmax")
    result = call(*words[1:-1], *options, cwd=tmp_path)

    assert result.code == 0, result.stderr + result.stdout
    data = fixed_path(tmp_path / NAME).read_bytes()
    left = check_bytes(data, [rule], find_target(example.target), NAME).findings
    assert not left, (left[0].message, result.stdout)
