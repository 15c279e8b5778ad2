"""Files are written whole or not at all, whatever stops the process that writes them."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.program import environment
from tflint import atomic_file
from tflint.atomic_file import write_files
from tflint.errors import UsageError

posix = pytest.mark.skipif(os.name == "nt", reason="signals, limits and locks of POSIX")

OLD, NEW = b"old" * 1000, b"new" * 100_000
# Each stops the process at another moment of writing.
MOMENTS = {
    "opened": "atomic_file._write = stop",
    "written": "os.fsync = stop",
    "synchronised": "os.chmod = stop",
    "before the first is in place": "os.replace = stop",
    "between two": "os.replace = lambda *names: (replace(*names), stop())",
}


def program(body: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    """A process that writes `a` and `b`, with something in its way."""
    code = f"""
import os, resource, signal
from pathlib import Path
from tflint import atomic_file
from tflint.errors import UsageError
replace = os.replace
def stop(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
{body}
try:
    new = {NEW[:3]!r} * 100_000
    atomic_file.write_files([(Path("a"), new), (Path("b"), new)])
except UsageError as error:
    print(error)
"""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment(),
        capture_output=True,
        timeout=60,
        check=False,
    )


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@posix
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_process_leaves_whole_files_and_the_next_cleans_up(
    tmp_path: Path, moment: str
) -> None:
    (tmp_path / "a").write_bytes(OLD)
    (tmp_path / "b").write_bytes(OLD)
    done = program(MOMENTS[moment], tmp_path)

    assert done.returncode == -signal.SIGKILL, done.stderr
    assert (tmp_path / "a").read_bytes() in (OLD, NEW)
    assert (tmp_path / "b").read_bytes() == OLD
    left = [name for name in names(tmp_path) if name not in ("a", "b")]
    assert left
    assert all(name.startswith(".tflint-") and name.endswith(".tmp") for name in left)

    write_files([(tmp_path / "c", b"next")])
    assert names(tmp_path) == ["a", "b", "c"]


@posix
def test_a_full_disk_leaves_everything_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(OLD)
    # The second file no longer fits: what `write` says is `File too large`, as of a full disk.
    limit = "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))"
    done = program(limit, tmp_path)

    assert done.returncode == 0, done.stderr
    assert done.stdout == b"`a` cannot be written: File too large\n"
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == OLD


@posix
def test_what_a_living_process_writes_is_left_alone(tmp_path: Path) -> None:
    body = "atomic_file._sync_folder = lambda folder: None\n"
    waits = "os.replace = lambda *names: (print('ready', flush=True), input(), replace(*names))"
    code = (
        "import os\nfrom pathlib import Path\nfrom tflint import atomic_file\n"
        "replace = os.replace\n"
        f"{body}{waits}\natomic_file.write_files([(Path('a'), b'new')])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        write_files([(tmp_path / "b", b"other")])
        process.communicate(b"\n", timeout=60)

    assert process.returncode == 0
    assert names(tmp_path) == ["a", "b"]
    assert (tmp_path / "a").read_bytes() == b"new"


@posix
def test_a_number_that_another_process_has_again_does_not_save_a_lock(tmp_path: Path) -> None:
    # As in a container, where the process of the next run has the number of the last.
    own = tmp_path / f".tflint-{os.getpid()}-0.tmp"
    own.write_bytes(b"left")
    alike = [".tflint-x-0.tmp", f".tflint-{os.getpid()}-0.tmp.bak", "tflint-1-0.tmp"]
    for name in alike:
        (tmp_path / name).write_bytes(b"someone else's")
    (tmp_path / ".tflint-999999999-1.tmp").mkdir()
    write_files([(tmp_path / "a", b"new")])

    assert names(tmp_path) == sorted(["a", ".tflint-999999999-1.tmp", *alike])


def test_what_reads_differently_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(OLD)
    monkeypatch.setattr(atomic_file, "_lock", lambda stream: stream.write(b"x"))
    with pytest.raises(UsageError, match="what was written reads differently"):
        write_files([(tmp_path / "a", NEW)])

    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == OLD


def test_a_disk_that_cannot_be_synchronised_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(UsageError, match="No space left on device"):
        write_files([(tmp_path / "a", NEW)])

    assert names(tmp_path) == []


def test_a_folder_that_is_gone_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        UsageError, match=r"^`gone/a` cannot be written: No such file or directory$"
    ):
        write_files([(Path("gone", "a"), NEW)])


@posix
def test_modes_are_kept_or_taken_over(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(OLD)
    (tmp_path / "a").chmod(0o640)
    write_files([(tmp_path / "a", NEW), (tmp_path / "b", NEW)], {tmp_path / "b": 0o600})

    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o600
