"""Archives through `check`: what the report says of each kind, sound or not."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from make_hdf5_samples import PACKED as HDF5
from tests.archive.messages import graph, metadata, write_saved_model
from tests.archive.recorded_networks import recorded_networks
from tests.conftest import SHARED_MODELS
from tflint.archive.reader import zip_of_config
from tflint.lint.discover import discover
from tflint.lint.registry import all_rules
from tflint.lint.runner import check_file
from tflint.report.json_document import render
from tflint.report.result import FileReport, LintReport
from tflint.report.style import plain
from tflint.report.text import render_file
from tflint.target.target import find_target

TFLM = find_target("tflm")
CHAIN = next(each for each in recorded_networks() if each.name == "3-keras-chain")


def check(path: Path) -> FileReport:
    (artifact,) = discover([str(path)])
    return check_file(artifact, all_rules(), TFLM)


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def messages(report: FileReport) -> list[tuple[str, str]]:
    return [(found.code, found.message) for found in report.findings]


def test_a_keras_file_is_described_in_text_and_json(tmp_path: Path) -> None:
    report = check(write(tmp_path / "m.keras", zip_of_config(CHAIN.config)))

    assert report.readable
    text = plain(render_file(report))
    assert "Keras 3.15.1, 9 layers, 3,709 weights" in text
    (file,) = json.loads(render(LintReport(TFLM, (report,))))["files"]
    assert file["kind"] == "keras-archive"
    assert file["archive"] | {"file_bytes": 0} == {
        "file_bytes": 0,
        "keras_version": "3.15.1",
        "layers": 9,
        "weights": {"count": 3709},
    }


def test_a_saved_model_says_what_was_not_seen(tmp_path: Path) -> None:
    report = check(write_saved_model(tmp_path / "sm", graph(inputs={"x": (-1, 4)})))

    assert report.readable
    assert any("no Keras metadata" in note for note in report.notes)


def test_executable_content_is_the_verdict(tmp_path: Path) -> None:
    folder = write_saved_model(tmp_path / "sm", graph(["PyFunc"]), metadata(("root", {})))
    report = check(folder)

    assert [code for code, _ in messages(report)] == ["TFL007"]
    assert "runs code when it is loaded: 1 error" in plain(render_file(report))


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("m.keras", b"", "neither a zip archive nor HDF5"),
        ("m.keras", b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        ("m.h5", b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        ("m.h5", b"x" * 10_000, "not an HDF5 file"),
        ("m.h5", b"\x89HDF\r\n\x1a\n" + bytes(100), "addresses of an impossible size"),
    ],
)
def test_what_cannot_be_read_is_a_finding(
    tmp_path: Path, name: str, data: bytes, says: str
) -> None:
    report = check(write(tmp_path / name, data))

    ((code, message),) = messages(report)
    assert code == "TFL001"
    assert says in message
    assert not report.readable


def test_weights_alone_are_named_as_such(tmp_path: Path) -> None:
    with zipfile.ZipFile(HDF5) as samples:
        data = samples.read("earliest.h5").replace(b"model_config", b"other_config")
    report = check(write(tmp_path / "m.weights.h5", data))

    ((code, message),) = messages(report)
    assert code == "TFL001"
    assert message.startswith("the file holds weights only and no network")


def test_a_keras_file_of_the_old_days_is_hdf5(tmp_path: Path) -> None:
    with zipfile.ZipFile(HDF5) as samples:
        data = samples.read("latest.h5")
    report = check(write(tmp_path / "m.keras", data))

    # What the sample has for a configuration is none.
    assert "without a `class_name`" in messages(report)[0][1]


def test_an_unreadable_member_is_a_finding_whatever_is_selected(tmp_path: Path) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("config.json", "[" * 1000)
    (artifact,) = discover([str(write(tmp_path / "m.keras", data.getvalue()))])
    report = check_file(artifact, [], TFLM)

    assert messages(report)[0][0] == "TFL001"


@pytest.mark.shared
def test_the_fault_of_the_seed_is_found_in_its_archive() -> None:
    path = SHARED_MODELS / "seed" / "MotionSense" / "model.h5"
    if not path.exists():
        pytest.skip(f"no {path}")
    report = check(path)

    assert {"TFL101", "TFL102"} <= {code for code, _ in messages(report)}
    assert {found.location.layer for found in report.findings if found.code == "TFL101"} == {
        "conv2d"
    }


@pytest.mark.shared
def test_the_weights_of_all_seeds_are_those_stored() -> None:
    paths = sorted(SHARED_MODELS.rglob("*.h5"))
    if not paths:
        pytest.skip("no models")
    from tflint.archive.reader import read_archive

    for path in paths:
        archive = read_archive(path)
        (network,) = archive.keras.networks
        assert network.weights == archive.stored_weights
        assert network.is_complete
