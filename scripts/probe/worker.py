"""Try models in processes that may die: a runtime's crash is an answer like any other."""

from __future__ import annotations

import ctypes
import os
import pickle
import select
import signal
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tflint.model.schema import TensorType
from tflint.model.tables import QuantizationParameters

Item = TypeVar("Item")

# Seconds that one model may take before it counts as hung.
TIMEOUT = 10.0
# Models tried by one process. Heap damage done by one model may surface with a later one;
# a fresh process now and then, and a second try after a crash, keep that apart.
BATCH = 500
# glibc's M_PERTURB fills fresh memory with the complement of a byte. Arenas come zeroed, as
# after a reset of the device; or dirty, to see whether a kernel reads what it never wrote.
M_PERTURB = -6
ZEROED, DIRTY = 0xFF, 0x33


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one model.

    `says` is what the runtime wrote to its log. `results` are the reals that the outputs
    stand for, None where they cannot be read; `reals` those of the inputs; `outputs` says how
    the outputs are stored.
    """

    accepted: bool
    crashed: bool = False
    says: str = ""
    results: tuple[tuple[float, ...], ...] | None = None
    reals: tuple[tuple[float, ...], ...] = ()
    outputs: tuple[tuple[TensorType, QuantizationParameters | None], ...] = ()


CRASH = Outcome(accepted=False, crashed=True, says="crashes")


class Log:
    """Collects what C++ code writes to standard error, below Python's notice."""

    def __init__(self) -> None:
        # Open as long as the process lives.
        self._file = tempfile.TemporaryFile()  # noqa: SIM115
        os.dup2(self._file.fileno(), 2)

    def take(self) -> str:
        """What came since the last call."""
        self._file.seek(0)
        text = self._file.read().decode(errors="replace")
        self._file.seek(0)
        self._file.truncate()
        return text


def try_all(
    attempts: Sequence[Item], run: Callable[[Item, Log], Outcome], memory: int = ZEROED
) -> list[Outcome]:
    """The outcome of each attempt, in order; `run` is called in child processes."""
    outcomes: list[Outcome] = []
    while len(outcomes) < len(attempts):
        batch = attempts[len(outcomes) : len(outcomes) + BATCH]
        done = list(_in_child(batch, run, memory))
        if len(done) < len(batch):
            again = list(_in_child(batch[len(done) : len(done) + 1], run, memory))
            done += again or [CRASH]
        outcomes += done
    return outcomes


def _in_child(
    batch: Sequence[Item], run: Callable[[Item, Log], Outcome], memory: int
) -> Iterator[Outcome]:
    """Outcomes of a batch up to the first crash."""
    receiving, sending = os.pipe()
    child = os.fork()
    if child == 0:
        _work(batch, run, memory, sending)
    os.close(sending)
    try:
        with os.fdopen(receiving, "rb", buffering=0) as stream:
            for _ in batch:
                outcome = _receive(stream.fileno())
                if outcome is None:
                    break
                yield outcome
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _work(
    batch: Sequence[Item], run: Callable[[Item, Log], Outcome], memory: int, sending: int
) -> None:
    """The child's life: never returns."""
    try:
        ctypes.CDLL(None).mallopt(M_PERTURB, memory)
        log = Log()
        for item in batch:
            try:
                message = pickle.dumps(run(item, log))
            except Exception:
                message = pickle.dumps(f"{item}: {traceback.format_exc()}")
            os.write(sending, len(message).to_bytes(4, "little") + message)
    finally:
        os._exit(0)


def _receive(pipe: int) -> Outcome | None:
    """The next message, or None when the child died or hangs."""
    length = _read(pipe, 4)
    message = _read(pipe, int.from_bytes(length, "little")) if length else b""
    if not message:
        return None
    outcome = pickle.loads(message)
    if not isinstance(outcome, Outcome):
        raise RuntimeError(f"the probe itself failed: {outcome}")
    return outcome


def _read(pipe: int, count: int) -> bytes:
    data = b""
    while len(data) < count:
        ready, _, _ = select.select([pipe], [], [], TIMEOUT)
        piece = os.read(pipe, count - len(data)) if ready else b""
        if not piece:
            return b""
        data += piece
    return data
