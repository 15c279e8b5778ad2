"""What bears on the times of all models is told, and what the system does not say is not."""

from __future__ import annotations

import dataclasses
import importlib.util
from pathlib import Path

import pytest

from tflint.bench import machine as subject
from tflint.bench import upheaval
from tflint.bench.machine import require_runtime, this_machine
from tflint.bench.options import BenchOptions
from tflint.bench.upheaval import Watch, control_group_file
from tflint.errors import MissingExtra

BASE = BenchOptions(cores=(1,))


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of a file system of which the test writes what it needs."""

    def at(*parts: str) -> Path:
        return tmp_path.joinpath(*(part.lstrip("/") for part in parts))

    monkeypatch.setattr(subject, "Path", at)
    monkeypatch.setattr(upheaval, "Path", at)
    return tmp_path


def write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def test_a_machine_that_says_nothing_is_described(files: Path) -> None:
    found = this_machine(BASE)

    assert found.processor
    assert (found.cpus, found.threads, found.kernels) == ((1,), 1, "xnnpack")
    assert found.notes == ()


def test_the_processor_has_its_name(files: Path) -> None:
    write(files, "proc/cpuinfo", "processor\t: 0\nmodel name\t: Core\x1b[31m X\n")

    assert this_machine(BASE).processor == "Core\\x1b[31m X"


def test_more_threads_than_cores_are_told(files: Path) -> None:
    found = this_machine(dataclasses.replace(BASE, threads=4))

    assert found.notes == ("4 threads share 1 core: they wait for each other",)


@pytest.mark.parametrize(
    ("governor", "is_told"), [("performance\n", False), ("powersave\n", True), ("", False)]
)
def test_a_clock_that_follows_the_load_is_told(files: Path, governor: str, is_told: bool) -> None:
    if governor:
        write(files, "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", governor)

    notes = this_machine(BASE).notes

    assert [("governor powersave" in note) for note in notes] == [True] * is_told


@pytest.mark.parametrize(
    ("group", "path", "text", "is_told"),
    [
        ("0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max", "50000 100000\n", True),
        # In a container, whose own group is the root that it sees.
        ("0::/../x\n", "sys/fs/cgroup/cpu.max", "50000 100000\n", True),
        ("0::/\n", "sys/fs/cgroup/cpu.max", "max 100000\n", False),
        ("0::/\n", "sys/fs/cgroup/cpu.max", "250000 100000\n", False),
        ("0::/\n", "sys/fs/cgroup/cpu.max", "nonsense\n", False),
        ("0::/\n", "sys/fs/cgroup/cpu.max", "1 0\n", False),
        ("0::/\n", "sys/fs/cgroup/cpu.max", "", False),
        ("nonsense\n::\n\n", "sys/fs/cgroup/cpu.max", "max", False),
    ],
)
def test_a_quota_is_told(files: Path, group: str, path: str, text: str, is_told: bool) -> None:
    write(files, "proc/self/cgroup", group)
    write(files, path, text)

    notes = this_machine(BASE).notes

    assert [("may use 0.5 cores for 1 thread" in note) for note in notes] == [True] * is_told


@pytest.mark.parametrize(("quota", "is_told"), [("50000", True), ("-1", False)])
def test_a_quota_of_the_older_kind_is_told(files: Path, quota: str, is_told: bool) -> None:
    write(files, "proc/self/cgroup", "9:memory:/m\n1:cpu,cpuacct:/c\n")
    write(files, "sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_quota_us", quota)
    write(files, "sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_period_us", "100000")

    assert bool(this_machine(BASE).notes) == is_told


def test_what_happens_meanwhile_is_counted(files: Path) -> None:
    write(files, "proc/self/cgroup", "0::/\n")
    write(files, "sys/fs/cgroup/cpu.stat", "usage_usec 5\nnr_periods 7\nnr_throttled 3\n")
    watch = Watch()
    write(files, "sys/fs/cgroup/cpu.stat", "usage_usec 5\nnr_periods 9\nnr_throttled 5\n")

    seen = watch.seen()

    assert seen["throttled"] == 2
    assert seen["waiting"] is not None
    assert 0 <= seen["waiting"] <= 1


def test_what_the_system_does_not_say_is_none(files: Path) -> None:
    assert control_group_file("cpu.stat") is None
    assert Watch().seen()["throttled"] is None


def test_time_without_the_core_is_waiting() -> None:
    import time

    watch = Watch()
    time.sleep(0.2)

    waiting = watch.seen()["waiting"]
    assert waiting is not None
    assert waiting > 0.5


def test_a_coarse_clock_of_threads_tells_nothing_of_short_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As on Windows, where it goes on every 16 ms."""
    import time

    monkeypatch.setattr(
        upheaval.time, "thread_time_ns", lambda: time.perf_counter_ns() // 16_000_000 * 16_000_000
    )
    watch = Watch()
    time.sleep(0.01)

    assert watch.seen()["waiting"] is None


def test_without_litert_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: None if name == "ai_edge_litert" else find(name, *rest),
    )

    with pytest.raises(MissingExtra, match=r"pip install 'tflint\[report\]'"):
        require_runtime()


@pytest.mark.parametrize("error", [ModuleNotFoundError, ValueError])
def test_litert_that_is_kept_from_being_imported_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def refuse(name: str) -> None:
        raise error(name)

    monkeypatch.setattr(importlib.util, "find_spec", refuse)

    with pytest.raises(MissingExtra, match=r"pip install 'tflint\[report\]'"):
        require_runtime()
