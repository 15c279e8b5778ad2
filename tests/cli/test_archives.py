"""`tflint check` on archives, as a process: exit codes, and what it does not load."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from make_hdf5_samples import PACKED as HDF5
from tests.archive.messages import graph, metadata, write_saved_model
from tests.archive.recorded_networks import recorded_networks
from tests.cli.program import environment, tflint
from tflint.archive.reader import zip_of_config

CHAIN = next(each for each in recorded_networks() if each.name == "3-keras-chain")
HEAVY = ("numpy", "rich", "h5py", "libcst", "tensorflow", "keras", "flatbuffers", "google.protobuf")


@pytest.fixture
def archives(tmp_path: Path) -> Path:
    (tmp_path / "m.keras").write_bytes(zip_of_config(CHAIN.config))
    with zipfile.ZipFile(HDF5) as samples:
        sample = samples.read("latest.h5")
    (tmp_path / "weights.h5").write_bytes(sample.replace(b"model_config", b"other_config"))
    write_saved_model(tmp_path / "exported", graph(), metadata(("root", {})))
    return tmp_path


def test_a_folder_of_sound_archives_passes(archives: Path) -> None:
    done = tflint("check", ".", "--format", "json", cwd=archives)

    assert (done.code, done.stderr) == (0, "")
    files = json.loads(done.stdout)["files"]
    assert [(file["path"], file["kind"]) for file in files] == [
        ("m.keras", "keras-archive"),
        ("exported", "saved-model"),
    ]


def test_weights_that_are_named_fail(archives: Path) -> None:
    done = tflint("check", "weights.h5", cwd=archives)

    assert done.code == 1
    assert "holds weights only" in done.stdout


def test_code_in_an_archive_fails(archives: Path) -> None:
    write_saved_model(archives / "exported", graph(["PyFunc"]))
    done = tflint("check", "exported/saved_model.pb", cwd=archives)

    assert done.code == 1
    assert "TFL007 executable-content" in done.stdout


def test_nothing_heavy_is_loaded(archives: Path) -> None:
    (archives / "run.py").write_text(
        "import sys\n"
        "from tflint.cli.main import main\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        f"    print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "run.py", "check", "m.keras", "weights.h5", "exported"],
        cwd=archives,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stderr.splitlines()[-1] == "[]"
