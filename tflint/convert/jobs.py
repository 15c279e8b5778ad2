"""`tflint fix --reconvert`: from paths to what builds the network of each, and through all of them.

What cannot be reconverted at all does not keep the others from it.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tflint.convert.options import ReconvertJob, ReconvertOptions
from tflint.convert.origin import parse_origin
from tflint.convert.request import Origin, OriginKind
from tflint.errors import TflintError, UsageError
from tflint.fix.options import FixOptions
from tflint.fix.repaired import Accept, Repaired, RepairRun
from tflint.fix.result_file import converted_path, fixed_path
from tflint.lint.discover import Artifact, discover, shown_path
from tflint.lint.plan import Plan
from tflint.printable import printable
from tflint.report.fix_result import FileFix, FixReport
from tflint.rule import ARCHIVES, SOURCES, Kind

MAX_SHOWN = 400


@dataclass(frozen=True, slots=True)
class Reading:
    """How networks are read: see `Origin`. `source` is what builds the network of a .tflite."""

    source: str | None = None
    weights: str | None = None
    modules: tuple[Path, ...] = ()
    signature: str | None = None
    is_trusted: bool = False
    is_legacy: bool | None = None

    def origin(self, text: str) -> Origin:
        """What a path or `module.py:factory` names. Raises `UsageError`."""
        return parse_origin(
            text,
            weights=self.weights,
            modules=self.modules,
            signature=self.signature,
            trust=self.is_trusted,
            legacy=self.is_legacy,
        )


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that was found and cannot be reconverted, and why."""

    artifact: Artifact
    reason: str


def reconvert_jobs(
    paths: Sequence[str],
    reading: Reading,
    plan_of: Callable[[Path], Plan],
    excluded: Callable[[Path], bool] = lambda path: False,
) -> list[ReconvertJob | Refused]:
    """What is to be reconverted: files, sources with a factory, the archives in folders.

    Raises `UsageError` for what is none of these, for a .tflite without what builds its network,
    and for two results of one name.
    """
    if reading.source is not None:
        return [_with_source(paths, reading, plan_of)]
    jobs: dict[str, ReconvertJob | Refused] = {}
    for text in paths:
        for artifact, origin in _found(text, reading, excluded):
            job: ReconvertJob | Refused
            name = os.path.abspath(artifact.path)
            if isinstance(origin, Origin):
                job = ReconvertJob(artifact, origin, plan_of(artifact.path))
                name += f":{origin.factory}"
            else:
                job = Refused(artifact, origin)
            jobs.setdefault(name, job)
    _refuse_one_name([job.artifact for job in jobs.values()])
    return list(jobs.values())


def reconvert_all(
    jobs: Sequence[ReconvertJob | Refused],
    accept: Accept,
    options: FixOptions,
    reconversion: ReconvertOptions,
    say: Callable[[str], None] = lambda text: None,
) -> RepairRun:
    """Reconvert one file after the other, in memory. Raises `TflintError` for the only one."""
    from tflint.convert.reconversion import reconvert

    files: list[Repaired] = []
    for done, job in enumerate(jobs, 1):
        which = f" ({done:,} of {len(jobs):,})" if len(jobs) > 1 else ""
        tell = functools.partial(_say_of, say, f"{job.artifact.path.name}{which}")
        try:
            if isinstance(job, Refused):
                raise UsageError(job.reason)
            files.append(reconvert(job, accept, options, reconversion, tell))
        except TflintError as error:
            if len(jobs) == 1:
                raise
            shown = printable(job.artifact.shown, MAX_SHOWN)
            files.append(_failed(job.artifact, f"`{shown}`: {error}"))
    return RepairRun(tuple(files), FixReport(tuple(file.fix for file in files)))


def _say_of(say: Callable[[str], None], name: str, what: str) -> None:
    say(f"{name}: {what}")


def _failed(artifact: Artifact, why: str) -> Repaired:
    return Repaired(artifact, FileFix(artifact.shown, artifact.kind, failure=why), b"", b"")


def result_path(artifact: Artifact) -> Path:
    """Where the result goes unless -o says otherwise."""
    if artifact.kind is Kind.TFLITE:
        return fixed_path(artifact.path)
    return converted_path(artifact.path)


def _with_source(
    paths: Sequence[str], reading: Reading, plan_of: Callable[[Path], Plan]
) -> ReconvertJob:
    """A .tflite and what builds its network."""
    if len(paths) != 1 or not os.path.isfile(paths[0]):
        raise UsageError("--source builds the network of a single .tflite: name that file")
    (artifact,) = discover(paths)
    if artifact.kind is not Kind.TFLITE:
        shown = printable(artifact.shown, MAX_SHOWN)
        raise UsageError(f"--source is for a .tflite; `{shown}` says itself what its network is")
    return ReconvertJob(artifact, reading.origin(reading.source or ""), plan_of(artifact.path))


def _found(
    text: str, reading: Reading, excluded: Callable[[Path], bool]
) -> Iterator[tuple[Artifact, Origin | str]]:
    """What one path names, and what builds it or why it cannot be read."""
    if os.path.isdir(text):
        yield from _in_folder(text, reading, excluded)
        return
    artifact = None
    if os.path.isfile(text):
        (artifact,) = discover([text])
        if artifact.kind is Kind.TFLITE:
            raise UsageError(
                f"`{printable(artifact.shown, MAX_SHOWN)}` is what a converter made: --source "
                "names the archive or module.py:factory that builds its network"
            )
    origin = reading.origin(text)
    if artifact is None or artifact.kind in SOURCES:
        if origin.kind is not OriginKind.FACTORY:
            raise UsageError(f"`{printable(text, MAX_SHOWN)}` is nothing that is reconverted")
        is_notebook = origin.path.suffix.lower() == ".ipynb"
        kind = Kind.NOTEBOOK if is_notebook else Kind.KERAS_SOURCE
        artifact = Artifact(origin.path, shown_path(origin.path), kind)
    yield artifact, origin


def _in_folder(
    text: str, reading: Reading, excluded: Callable[[Path], bool]
) -> Iterator[tuple[Artifact, Origin | str]]:
    archives = [one for one in discover([text], excluded) if one.kind in ARCHIVES]
    if not archives:
        raise UsageError(f"no archives in `{printable(text, MAX_SHOWN)}` to reconvert")
    for artifact in archives:
        try:
            yield artifact, reading.origin(os.fspath(artifact.path))
        except UsageError as error:
            if len(archives) == 1:
                raise
            yield artifact, str(error)


def _refuse_one_name(artifacts: Sequence[Artifact]) -> None:
    """Raise `UsageError` where one result would be written over another."""
    known: dict[str, Artifact] = {}
    for artifact in artifacts:
        target = result_path(artifact)
        other = known.setdefault(os.path.realpath(target), artifact)
        if other is not artifact:
            name, second = (printable(one.shown, MAX_SHOWN) for one in (other, artifact))
            is_one = other.path == artifact.path
            both = f"two networks of `{name}`" if is_one else f"`{name}` and `{second}`"
            raise UsageError(
                f"{both} would both become `{printable(shown_path(target), MAX_SHOWN)}`: "
                "reconvert each with -o"
            )
