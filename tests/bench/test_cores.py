"""Cores are chosen among those that are allowed, the fast and quiet ones first."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tflint.bench import cores
from tflint.bench.cores import allowed_cores, keep_to, quiet_cores

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux keeps to cores")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    found = Machine()
    monkeypatch.setattr(cores, "allowed_cores", lambda: found.allowed)
    monkeypatch.setattr(cores, "_work", found.work)
    monkeypatch.setattr(cores, "_read", lambda path: found.files.get(path, ""))
    monkeypatch.setattr(cores.time, "sleep", lambda seconds: None)
    return found


class Machine:
    """Some cores, each with a share of work."""

    def __init__(self) -> None:
        self.allowed: tuple[int, ...] | None = (0, 1, 2, 3)
        self.shares: dict[int, float] = {}
        self.files: dict[str, str] = {}
        self._looks = 0

    def work(self) -> dict[int, float]:
        self._looks += 1
        return {core: share * 0.2 * self._looks for core, share in self.shares.items()}

    def has(self, core: int, name: str, text: str) -> None:
        self.files[f"/sys/devices/system/cpu/cpu{core}/{name}"] = text


def test_the_quietest_core_is_chosen(machine: Machine) -> None:
    machine.shares = {0: 0.9, 1: 0.5, 2: 0.1, 3: 0.7}

    assert quiet_cores(1) == (2,)
    assert quiet_cores(2) == (1, 2)


def test_core_0_is_left_to_interrupts(machine: Machine) -> None:
    assert quiet_cores(1) == (1,)


def test_only_allowed_cores_are_chosen(machine: Machine) -> None:
    """As in a container, that is given some."""
    machine.allowed = (1, 3)
    machine.shares = {0: 0.0, 1: 0.9, 2: 0.0, 3: 0.8}

    assert quiet_cores(1) == (3,)
    assert quiet_cores(2) == (1, 3)
    assert quiet_cores(5) == (1, 3)


def test_a_busy_neighbour_on_the_same_physical_core_counts(machine: Machine) -> None:
    for core in range(4):
        machine.has(core, "topology/thread_siblings_list", "0-1\n" if core < 2 else "2,3\n")
    machine.shares = {0: 0.8, 1: 0.0, 2: 0.2, 3: 0.2}

    assert quiet_cores(1) == (2,)


def test_threads_go_to_different_physical_cores(machine: Machine) -> None:
    for core in range(4):
        machine.has(core, "topology/thread_siblings_list", f"{core % 2},{core % 2 + 2}")

    chosen = quiet_cores(2)

    assert chosen is not None
    assert {core % 2 for core in chosen} == {0, 1}


@pytest.mark.parametrize("name", ["cpu_capacity", "cpufreq/cpuinfo_max_freq"])
def test_slow_cores_are_not_chosen(machine: Machine, name: str) -> None:
    for core, speed in enumerate((1000, 950, 400, 400)):
        machine.has(core, name, f"{speed}\n")
    machine.shares = {0: 0.5, 1: 0.3, 2: 0.0, 3: 0.0}

    assert quiet_cores(1) == (1,)


@pytest.mark.parametrize("text", ["", "x", "-1", "99999999999999999999", "0-99999", "0-1-2,,"])
def test_what_the_system_says_may_be_nonsense(machine: Machine, text: str) -> None:
    for core in range(4):
        for name in ("cpu_capacity", "topology/thread_siblings_list"):
            machine.has(core, name, text)

    assert quiet_cores(1) == (1,)


def test_where_no_core_can_be_chosen_there_is_none(machine: Machine) -> None:
    machine.allowed = None

    assert quiet_cores(1) is None
    assert keep_to(None) is None


@linux
def test_a_process_and_its_threads_are_kept_to_the_cores() -> None:
    core = max(os.sched_getaffinity(0))
    code = (
        "import os, threading\n"
        "from tflint.bench.cores import keep_to\n"
        f"print(keep_to([{core}]))\n"
        "print(keep_to([4095]))\n"
        "thread = threading.Thread(target=lambda: print(os.sched_getaffinity(0)))\n"
        "thread.start(); thread.join()\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout.split("\n") == [f"({core},)", "None", f"{{{core}}}", ""]


@linux
def test_chosen_are_real_cores() -> None:
    chosen, allowed = quiet_cores(1, seconds=0.01), allowed_cores()

    assert chosen is not None
    assert allowed is not None
    assert len(chosen) == 1
    assert set(chosen) <= set(allowed)
