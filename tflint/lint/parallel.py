"""Checking many files: in this process, or in several."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence

from tflint.errors import TflintError
from tflint.lint.discover import Artifact
from tflint.lint.plan import Plan
from tflint.lint.runner import check_file
from tflint.report.result import FileReport

# Starting a process costs about as much as checking thirty small models.
FILES_WORTH_A_PROCESS = 64
_CHUNK = 8

Job = tuple[Artifact, Plan]


class WorkerDied(TflintError):
    """A worker process was killed, most likely because memory ran out."""

    def __init__(self) -> None:
        super().__init__("a worker process was killed (out of memory?); try --jobs 1")


def usual_jobs(files: int) -> int:
    """How many processes are worth their start for this many files."""
    return max(1, min(_cpus(), files // FILES_WORTH_A_PROCESS))


def check_each(
    jobs_to_do: Sequence[Job],
    processes: int | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Iterator[FileReport]:
    """The report of each file, in order. `progress` is told how many are done.

    `processes` is None for as many as are worth it. Raises `WorkerDied`.
    """
    count = usual_jobs(len(jobs_to_do)) if processes is None else processes
    count = min(count, len(jobs_to_do))
    reports = (
        (_check(job) for job in jobs_to_do) if count <= 1 else _in_processes(jobs_to_do, count)
    )
    for done, report in enumerate(reports, 1):
        progress(done)
        yield report


def _in_processes(jobs_to_do: Sequence[Job], count: int) -> Iterator[FileReport]:
    import multiprocessing
    import threading
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    # A fork has everything imported already, but copies the locks of other threads, if there are
    # any, in whatever state they are.
    alone = sys.platform == "linux" and threading.active_count() == 1
    context = multiprocessing.get_context("fork" if alone else "spawn")
    pool = ProcessPoolExecutor(count, mp_context=context)
    try:
        chunk = max(1, min(_CHUNK, len(jobs_to_do) // count))
        yield from pool.map(_check, jobs_to_do, chunksize=chunk)
    except BrokenProcessPool as error:
        raise WorkerDied from error
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _check(job: Job) -> FileReport:
    artifact, plan = job
    return check_file(artifact, plan.rules, plan.target)


def _cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
