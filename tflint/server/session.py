"""What the server knows of each open text: when it is checked, and what came out."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from tflint.errors import TflintError
from tflint.finding import Finding
from tflint.printable import printable
from tflint.server.checking import Outcome, Subject, check_text
from tflint.server.options import Found
from tflint.server.positions import Text
from tflint.server.repairs import Repair, find_repair

_T = TypeVar("_T")
# Deeply nested sources take a deep stack, and threads of some systems have 128 KiB.
_STACK_BYTES = 32 * 1024 * 1024
# How long nothing may be typed before the text is checked.
DELAY_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Part:
    """A text of the editor's with its version: a whole source, or a notebook's `cell`, from 1."""

    uri: str
    version: int | None
    text: Text
    cell: int | None = None

    def has(self, finding: Finding) -> bool:
        """Whether a finding is in this text; of those about a whole notebook, the first cell."""
        cell = finding.location.cell
        return (1 if cell is None and self.cell is not None else cell) == self.cell


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An open source or notebook as it was at one time."""

    uri: str
    parts: tuple[Part, ...]
    subject: Subject

    def part(self, uri: str) -> Part | None:
        """The text of an address."""
        return next((part for part in self.parts if part.uri == uri), None)


@dataclass(frozen=True, slots=True)
class Checked:
    """A snapshot, the configuration that held for it, and what its check came to.

    `fault` is why there is no outcome.
    """

    snapshot: Snapshot
    found: Found
    outcome: Outcome | None
    fault: str | None = None

    def findings(self, part: Part) -> list[Finding]:
        """The findings in one of the snapshot's texts."""
        found = () if self.outcome is None else self.outcome.report.findings
        return [finding for finding in found if part.has(finding)]


@dataclass(slots=True)
class _Entry:
    """The work on one text: the task that checks it, its last result, its repairs."""

    task: asyncio.Task[Checked | None] | None = None
    checked: Checked | None = None
    repairs: dict[Finding | None, asyncio.Future[Repair | None]] = field(default_factory=dict)


class Session:
    """Checks texts off the event loop, each some time after the last change.

    `take` gives a text as it is now, or None when it is closed, and `publish` gets each result
    that is not out of date, both on the event loop. `configure` finds the configuration for a
    text's path, on another thread.
    """

    def __init__(
        self,
        take: Callable[[str], Snapshot | None],
        configure: Callable[[Path], Found],
        publish: Callable[[Checked], None],
    ) -> None:
        self._take, self._configure, self._publish = take, configure, publish
        self._entries: dict[str, _Entry] = {}
        before = threading.stack_size(_STACK_BYTES)
        try:
            # One thread: two would only take turns. Repairs do not wait for checks.
            self._checker = _executor("tflint-check")
            self._repairer = _executor("tflint-repair")
        finally:
            threading.stack_size(before)

    @property
    def uris(self) -> list[str]:
        """The addresses of the texts that are looked after."""
        return list(self._entries)

    def request(self, uri: str, delay: float = DELAY_SECONDS) -> None:
        """Check a text after a while; a request that is still under way is replaced."""
        entry = self._entries.setdefault(uri, _Entry())
        entry.repairs = {}
        if entry.task is not None:
            entry.task.cancel()
        entry.task = asyncio.get_running_loop().create_task(self._check(uri, entry, delay))

    def close(self, uri: str) -> None:
        """Forget a text."""
        entry = self._entries.pop(uri, None)
        if entry is not None and entry.task is not None:
            entry.task.cancel()

    def last(self, uri: str) -> Checked | None:
        """The last result for a text; the text may have changed since."""
        entry = self._entries.get(uri)
        return None if entry is None else entry.checked

    async def current(self, uri: str) -> Checked | None:
        """The result for a text as it is now, waited for; None when it changes meanwhile."""
        entry = self._entries.get(uri)
        if entry is None or entry.task is None:
            return None
        try:
            return await asyncio.shield(entry.task)
        except asyncio.CancelledError:
            return None

    async def repair(self, checked: Checked, finding: Finding | None) -> Repair | None:
        """The repair of one finding, or all safe ones for None; computed once for each result."""
        entry = self._entries.get(checked.snapshot.uri)
        if entry is None or entry.checked is not checked or checked.outcome is None:
            return None
        if finding not in entry.repairs:
            subject, settings = checked.snapshot.subject, checked.found.settings
            entry.repairs[finding] = asyncio.ensure_future(
                _run(self._repairer, lambda: find_repair(subject, settings, finding))
            )
        return await asyncio.shield(entry.repairs[finding])

    def stop(self) -> None:
        """Begin nothing more."""
        for uri in self.uris:
            self.close(uri)
        for executor in (self._checker, self._repairer):
            executor.shutdown(wait=False, cancel_futures=True)

    async def _check(self, uri: str, entry: _Entry, delay: float) -> Checked | None:
        if delay:
            await asyncio.sleep(delay)
        snapshot = self._take(uri)
        if snapshot is None:
            return None
        taken = snapshot
        # A change meanwhile cancels this task, and with it the result.
        entry.checked = await _run(self._checker, lambda: _checked(taken, self._configure))
        self._publish(entry.checked)
        return entry.checked


def _executor(name: str) -> ThreadPoolExecutor:
    executor = ThreadPoolExecutor(1, thread_name_prefix=name)
    # The thread is made by the first task, and has to be made with the larger stack.
    executor.submit(int).result()
    return executor


async def _run(executor: Executor, work: Callable[[], _T]) -> _T:
    return await asyncio.get_running_loop().run_in_executor(executor, work)


def _checked(snapshot: Snapshot, configure: Callable[[Path], Found]) -> Checked:
    """Check a text. Whatever goes wrong is said in one line, and the server goes on."""
    found = configure(snapshot.subject.path)
    try:
        return Checked(snapshot, found, check_text(snapshot.subject, found.settings))
    except TflintError as error:
        return Checked(snapshot, found, None, str(error))
    except Exception as error:
        what = printable(f"{type(error).__name__}: {error}", 300)
        return Checked(snapshot, found, None, f"internal error, please report it: {what}")
