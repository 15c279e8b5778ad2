"""`--reconvert` and what belongs to it: checked before any process starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tflint.cli.convert_request import existing, limits, refuse_overwriting
from tflint.config.settings import Settings
from tflint.convert.jobs import Reading, Refused, reconvert_jobs
from tflint.convert.options import ReconvertJob, ReconvertOptions
from tflint.errors import UsageError

NONE = "none"


@dataclass(frozen=True, slots=True)
class ReconvertFlags:
    """The options of `tflint fix` that are for --reconvert alone, as they were given."""

    source: str | None = None
    weights: str | None = None
    modules: Sequence[str] = ()
    signature: str | None = None
    trust: bool = False
    legacy_keras: bool | None = None
    keep_input_layout: bool = False
    time_limit: float | None = None
    memory_limit: str | None = None

    @property
    def given(self) -> list[str]:
        """The names of those that were given."""
        named = {
            "--source": self.source is not None,
            "--weights": self.weights is not None,
            "--with": bool(self.modules),
            "--signature": self.signature is not None,
            "--trust": self.trust,
            "--legacy-keras": self.legacy_keras is not None,
            "--keep-input-layout": self.keep_input_layout,
            "--time-limit": self.time_limit is not None,
            "--memory-limit": self.memory_limit is not None,
        }
        return [name for name, is_given in named.items() if is_given]


def refuse_without_reconvert(flags: ReconvertFlags, quantize: str | None) -> None:
    """Raise `UsageError` for options that say nothing without --reconvert."""
    if flags.given:
        raise UsageError(f"{flags.given[0]} is for --reconvert")
    if quantize == NONE:
        raise UsageError("--quantize none is for --reconvert: without it, models stay as they are")


def reconvert_mode(quantize: str | None, calibrate: str | None) -> str | None:
    """How results are quantised: to int8 where there are samples for it, unless said otherwise."""
    if quantize is None:
        return None if calibrate is None else "int8"
    return None if quantize == NONE else quantize


def reconvert_options(flags: ReconvertFlags) -> ReconvertOptions:
    """How to reconvert. Raises `UsageError`."""
    seconds, memory_bytes = limits(flags.time_limit, flags.memory_limit)
    return ReconvertOptions(flags.keep_input_layout, seconds, memory_bytes)


def found_jobs(
    paths: Sequence[str],
    flags: ReconvertFlags,
    settings: Settings,
    output: Path | None,
    calibrate: Path | None,
) -> list[ReconvertJob | Refused]:
    """What is to be reconverted. Raises `UsageError`, also for what -o must not overwrite."""
    modules = existing("--with", flags.modules)
    reading = Reading(
        source=flags.source,
        weights=flags.weights,
        modules=modules,
        signature=flags.signature,
        is_trusted=flags.trust,
        is_legacy=flags.legacy_keras,
    )
    jobs = reconvert_jobs(paths, reading, settings.plan, settings.excludes)
    if output is not None:
        read = [job.artifact.path for job in jobs]
        origins = [job.origin for job in jobs if isinstance(job, ReconvertJob)]
        read += [origin.path for origin in origins]
        read += [origin.weights for origin in origins if origin.weights is not None]
        refuse_overwriting(output, [*read, *modules, *([] if calibrate is None else [calibrate])])
    return jobs


def refuse_with_reconvert(*, in_place: bool, is_stdin: bool) -> None:
    """Raise `UsageError` for options that contradict --reconvert."""
    if is_stdin:
        raise UsageError("--reconvert reads files, not stdin")
    if in_place:
        raise UsageError("--in-place repairs a model as it is; --reconvert makes another file: -o")
