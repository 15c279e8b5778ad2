"""Workers end, whatever they do and whatever happens to who started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT
from tflint.execution import process
from tflint.execution.process import Ended, Limits, run_worker

RIGGED = "tests.execution.rigged_worker"
SMALL = Limits(seconds=20, memory_bytes=1 << 30)
posix = pytest.mark.skipif(os.name != "posix", reason="signals, limits and groups are POSIX'")
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")


def worker(task: str, limits: Limits = SMALL) -> Ended:
    return run_worker(RIGGED, {"task": task}, [np.arange(6.0).reshape(2, 3)], limits)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_worker_answers() -> None:
    ended = worker("nothing")

    assert (ended.fault, ended.log, ended.is_time_out) == (None, "", False)
    (_, _), (head, arrays) = ended.frames
    assert head == {"done": True}
    assert arrays[0].tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("task", ["spin", "spin in C", "sleep"])
def test_a_worker_that_hangs_is_ended(task: str) -> None:
    started = time.monotonic()
    ended = worker(task, Limits(seconds=1))

    assert time.monotonic() - started < 10
    assert ended.is_time_out
    assert ended.fault == "it was ended after 1 seconds"
    assert len(ended.frames) == 1


@posix
def test_a_crash_is_told_from_a_kill() -> None:
    assert worker("crash").fault == "it crashed (SIGSEGV)"
    assert "no memory left" in (worker("killed").fault or "")


def test_the_last_words_of_a_worker_are_kept() -> None:
    ended = worker("raise")

    assert ended.fault == "it ended with 1"
    assert ended.log.rstrip().endswith("RuntimeError: not today")


@posix
def test_memory_is_limited() -> None:
    assert "Unable to allocate" in worker("memory").log


def test_noise_does_not_get_between_the_frames() -> None:
    ended = worker("print")

    assert [sorted(head) for head, _ in ended.frames] == [["pid"], ["done"]]
    assert "noise" in ended.log


@posix
def test_a_log_is_read_piece_by_piece() -> None:
    assert worker("log").frames[1][0] == {"logs": ["first", "second"]}


@posix
def test_a_flood_of_noise_has_an_end() -> None:
    ended = worker("flood the log")

    assert set(ended.log[-100:]) <= set("x") or "File too large" in ended.log


def test_a_flood_of_outputs_has_an_end() -> None:
    ended = worker("flood the outputs", Limits(seconds=60, memory_bytes=256 << 20))

    assert not ended.is_time_out
    assert ended.fault == "it was ended: its outputs take too much memory"


def test_frames_are_heard_as_they_come() -> None:
    heard: list[tuple[float, object]] = []

    ended = run_worker(
        RIGGED,
        {"task": "in turn"},
        limits=SMALL,
        on_frame=lambda head: heard.append((time.monotonic(), head.get("number"))),
    )

    assert [number for _, number in heard] == [None, 0, 1, 2, None]
    assert heard[3][0] - heard[1][0] > 0.7  # seconds
    assert len(ended.frames) == len(heard)


@posix
def test_who_listens_may_give_up() -> None:
    """Then the worker is ended as well."""
    pids: list[int] = []

    def give_up(head: dict[str, object]) -> None:
        if isinstance(head.get("pid"), int):
            pids.append(int(str(head["pid"])))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_worker(RIGGED, {"task": "sleep"}, limits=SMALL, on_frame=give_up)

    assert _is_gone(pids[0])


@posix
@pytest.mark.parametrize("task", ["leave a child", "leave a child that left"])
def test_what_a_worker_leaves_behind_holds_nobody_up(task: str) -> None:
    """A child has the pipes open that the end of the worker would close."""
    started = time.monotonic()

    ended = worker(task, Limits(seconds=60))

    assert time.monotonic() - started < 20  # seconds
    assert (ended.fault, ended.is_time_out) == (None, False)
    assert ended.frames[-1][0] == {"done": True}


@posix
@pytest.mark.parametrize(("file_bytes", "is_whole"), [(16 << 20, False), (None, True)])
def test_files_are_limited(tmp_path: Path, file_bytes: int | None, is_whole: bool) -> None:
    path = tmp_path / "file"
    limits = Limits(seconds=60, file_bytes=file_bytes)

    ended = run_worker(RIGGED, {"task": "write a file", "path": str(path)}, limits=limits)

    assert (ended.fault is None) == is_whole
    assert (path.stat().st_size == 32 << 20) == is_whole


@posix
def test_of_any_amount_of_noise_the_end_is_kept() -> None:
    """Where files are not limited, the log is none."""
    ended = worker("flood the log", Limits(seconds=60, file_bytes=None))

    assert ended.fault is None
    assert ended.log == "x" * 4096
    assert worker("raise", Limits(seconds=60, file_bytes=None)).log.endswith("not today\n")


def test_the_current_folder_holds_no_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Models are checked where they lie, and so may be what is called like a module."""
    (tmp_path / "json.py").write_text("raise SystemExit('taken over')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])

    ended = worker("where")

    assert ended.fault is None
    assert not ended.frames[1][0]["json"].startswith(str(tmp_path))


@linux
@pytest.mark.parametrize("task", ["spin in C", "sleep"])
def test_a_worker_ends_with_who_started_it(task: str) -> None:
    """Also when that is killed, and while the worker holds Python's lock."""
    code = (
        "from tflint.execution.process import run_worker\n"
        f"run_worker({RIGGED!r}, {{'task': {task!r}}})\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=_environment())
    try:
        pid = _worker_of(parent.pid)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        assert _is_gone(pid)
    finally:
        parent.kill()


@linux
def test_an_interruption_ends_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    start = process._start

    def interrupted(*arguments: object) -> subprocess.Popen[bytes]:
        started.append(start(*arguments))  # type: ignore[arg-type]
        return started[0]

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(process, "_start", interrupted)
    monkeypatch.setattr(process, "_converse", interrupt)
    with pytest.raises(KeyboardInterrupt):
        worker("sleep")

    assert started[0].returncode == -signal.SIGKILL
    assert not is_alive(started[0].pid)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def _worker_of(parent: int) -> int:
    """The worker, once it runs Python code of its own: it then has spent time."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        listed = subprocess.run(
            ["cat", f"/proc/{parent}/task/{parent}/children"],
            capture_output=True,
            text=True,
            check=False,
        ).stdout.split()
        if listed:
            time.sleep(1)
            return int(listed[0])
        time.sleep(0.05)
    raise AssertionError("no worker was started")


def _is_gone(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if not is_alive(pid):
            return True
        time.sleep(0.05)
    return False
