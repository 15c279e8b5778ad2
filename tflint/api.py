"""What scripts, notebooks and the command line run a check with."""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tflint.config.load import load_settings
from tflint.config.settings import Settings
from tflint.errors import UsageError
from tflint.lint.baseline import apply_baseline, read_baseline
from tflint.lint.discover import Artifact, discover, shown_path
from tflint.lint.parallel import Job, check_each
from tflint.lint.registry import all_rules, find_rule, plugin_of, plugins
from tflint.lint.selection import named_codes
from tflint.lint.suppression import suppress
from tflint.report.formats import find_format
from tflint.report.result import FileReport, LintReport
from tflint.rule import Kind

if TYPE_CHECKING:
    from tflint.bench.options import BenchOptions
    from tflint.convert.jobs import Refused
    from tflint.convert.options import ConvertOptions, ReconvertJob, ReconvertOptions
    from tflint.convert.run import ConvertRun
    from tflint.fix.options import FixOptions
    from tflint.fix.repaired import Accept, RepairRun
    from tflint.report.bench_compare_result import BenchComparison
    from tflint.report.bench_result import BenchReport
    from tflint.target.target import Target
    from tflint_reference_models.training.options import TrainOptions
    from tflint_reference_models.training.report import TrainReport

PathLike = str | os.PathLike[str]
_NO_FOLDER = "--data FOLDER is for the reference models; for models that are named it is a .npz"


def check(
    paths: PathLike | Iterable[PathLike] = ".",
    *,
    target: str | None = None,
    select: Iterable[str] = (),
    extend_select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    baseline: PathLike | None = None,
    jobs: int | None = 1,
    config: PathLike | Mapping[str, Any] | None = None,
    isolated: bool = False,
) -> LintReport:
    """Check models and Keras sources, as `tflint check` does.

    Args:
        paths: files, and folders to search.
        target: a name from `tflint targets`, or inline as `cortex-m4:flash=256K,ram=64K`.
        select: codes, prefixes or names of the rules to run; all when empty.
        extend_select: rules to run as well.
        ignore: rules not to run.
        baseline: a file of accepted findings, as `tflint baseline` writes it.
        jobs: processes to check files in; None for as many as are worth it.
        config: a configuration file, or settings by name such as `{"fail-on": "warning"}`.
            Without it, the nearest `tflint.toml` or `pyproject.toml` counts.
        isolated: leave configuration files and the environment out.

    Returns:
        The report: `findings`, `files`, `count(severity)`, `fails(level)`; `render` prints it.

    Raises:
        tflint.UsageError: a path, name or configuration is wrong. An unreadable model is
            not an error but a finding.

    Nothing is printed, and no model or source is executed.
    """
    several = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    options: dict[str, Any] = {
        "target": target,
        "select": _listed(select),
        "extend-select": _listed(extend_select),
        "ignore": _listed(ignore),
        "baseline": None if baseline is None else os.fspath(baseline),
        "jobs": jobs,
    }
    given: list[str] = []
    if isinstance(config, Mapping):
        options = {**config, **{key: value for key, value in options.items() if value}}
    elif config is not None:
        given = [os.fspath(config)]
    settings = load_settings(options, config=given, isolated=isolated)
    return run(settings, [os.fspath(path) for path in several])


def render(report: LintReport, format: str = "text") -> str:
    """The report in one of the formats of `tflint check --format`, without colour.

    Raises `tflint.UsageError` for a format that does not exist.
    """
    return find_format(format).document(report)


def run(
    settings: Settings,
    paths: Iterable[str],
    progress: Callable[[int, int], None] = lambda done, of: None,
    accept: Callable[[list[Path]], None] = lambda files: None,
    given: Sequence[Artifact] = (),
) -> LintReport:
    """Check paths under a configuration, and what is `given` in memory.

    `progress` is told how many files of how many are done. `accept` gets the files before any
    is read, and may raise. Raises `UsageError` for paths that cannot be searched and a baseline
    that cannot be read.
    """
    baseline_path = settings.values["baseline"]
    baseline = None if baseline_path is None else read_baseline(baseline_path)
    searched = list(paths)
    artifacts = [*given, *discover(searched, settings.excludes)]
    accept([artifact.path for artifact in artifacts])
    jobs: list[Job] = [(artifact, settings.plan(artifact.path)) for artifact in artifacts]
    files = tuple(check_each(jobs, settings.values["jobs"], lambda done: progress(done, len(jobs))))
    ran = {rule.meta.code: rule for _, plan in jobs for rule in plan.rules}
    report = LintReport(
        settings.target,
        files,
        rules=tuple(ran[code] for code in sorted(ran)),
        notes=(*plugin_problems(), *_failures(files)),
        fail_on=settings.fail_on,
    )
    whole = any(_holds(Path(path), settings.root) for path in searched)
    report = suppress(report, settings.suppressions, settings.root, is_whole=whole)
    return report if baseline is None else apply_baseline(report, baseline)


def _holds(path: Path, folder: Path) -> bool:
    """Whether a search of the path finds all that is in the folder."""
    real = os.path.realpath(path)
    return os.path.commonpath((real, os.path.realpath(folder))) == real


def run_fix(
    settings: Settings,
    paths: Sequence[str],
    options: FixOptions | None = None,
    *,
    given: Artifact | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> RepairRun:
    """Repair sources and models in memory under a configuration; nothing is written.

    `given` is a source to repair instead of those at `paths`. Codes that the settings select one
    by one are `requested`. Results of earlier runs that a search finds are passed over. `say` is
    told what takes its time. Raises `UsageError` for paths that cannot be searched or hold nothing
    to repair, and `MissingExtra`.
    """
    # Repairs need LibCST and what goes with it, which no check does.
    from tflint.fix.options import FixOptions
    from tflint.fix.result_file import without_results
    from tflint.fix.run import repair_all

    options = _requested(settings, options or FixOptions())
    if given is None:
        found = without_results(discover(paths, settings.excludes), paths)
    elif given.kind is Kind.TFLITE:
        raise UsageError("a model is not repaired from stdin: give the path of its file")
    else:
        found = [given]
    jobs = [(artifact, settings.plan(artifact.path)) for artifact in found]
    return _finished(settings, repair_all(jobs, _acceptance(settings), options, say))


def _requested(settings: Settings, options: FixOptions) -> FixOptions:
    """The options with the codes that the settings select one by one."""
    values = settings.values
    named = named_codes((*values["select"], *values["extend-select"]))
    return dataclasses.replace(options, requested=named)


def _finished(settings: Settings, run: RepairRun) -> RepairRun:
    notes = (*plugin_problems(), *run.report.notes)
    report = dataclasses.replace(run.report, fail_on=settings.fail_on, notes=notes)
    return dataclasses.replace(run, report=report)


def run_reconvert(
    settings: Settings,
    jobs: Sequence[ReconvertJob | Refused],
    options: FixOptions,
    reconversion: ReconvertOptions,
    *,
    say: Callable[[str], None] = lambda text: None,
) -> RepairRun:
    """Reconvert what `tflint.convert.jobs.reconvert_jobs` found, in memory; nothing is written.

    `say` is told what takes its time. Raises as `run_convert` does where there is a single file.
    """
    from tflint.convert.jobs import reconvert_all

    requested = _requested(settings, options)
    run = reconvert_all(jobs, _acceptance(settings), requested, reconversion, say)
    return _finished(settings, run)


def run_convert(
    settings: Settings,
    options: ConvertOptions,
    output: Path,
    *,
    say: Callable[[str], None] = lambda text: None,
) -> ConvertRun:
    """Convert a network in memory under a configuration; nothing is written.

    `output` is the file that the result is for: how it is checked may depend on that. `say` is
    told what takes its time. Raises `TflintError` for what cannot be loaded, for a worker that came
    to no end, and for what is not installed.
    """
    from tflint.convert.run import convert_one

    run = convert_one(
        options,
        settings.plan(output),
        _acceptance(settings),
        shown_output=shown_path(output),
        say=say,
    )
    report = dataclasses.replace(
        run.report, fail_on=settings.fail_on, notes=(*plugin_problems(), *run.report.notes)
    )
    return dataclasses.replace(run, report=report)


def run_bench(
    settings: Settings,
    paths: Sequence[str],
    options: BenchOptions,
    say: Callable[[str], None] = lambda text: None,
    accept: Callable[[list[Path]], None] = lambda files: None,
) -> BenchReport:
    """Measure models under a configuration; without paths, the reference models.

    `say` is told what is being measured. `accept` gets the files before any is measured, and may
    raise. `KeyboardInterrupt` ends the measuring, not the call: the report has the models that
    were measured by then, and says so. The accuracy of reference models is measured where the
    options or the settings name a folder with their recordings, and is shown as it was recorded
    elsewhere; without LiteRT nothing of them is run. Raises `UsageError` where there are no models,
    and `MissingExtra` where LiteRT is not there, for models and samples that are named.
    """
    import datetime
    import time

    from tflint.bench.models import models_at

    found = models_at(paths, settings.excludes)
    if paths and options.recordings is not None:
        raise UsageError(_NO_FOLDER)
    target_of = _targets(settings, found, accept)

    # What is wrong with a call is said without loading what only measuring takes.
    from tflint.bench.cores import quiet_cores
    from tflint.bench.machine import has_runtime, require_runtime, this_machine
    from tflint.bench.references import References, references_to
    from tflint.bench.run import benched
    from tflint.report.bench_result import BenchedModel, BenchReport

    named = paths or options.datasets or options.recordings is not None
    if named or (options.runs_models and has_runtime()):
        require_runtime()
        options = dataclasses.replace(options, cores=quiet_cores(options.threads))
    else:
        options = dataclasses.replace(options, runs_models=False)
    references = References()
    if not paths:
        folder = options.recordings or settings.values["data"]
        references = references_to(found, folder if options.runs_models else None, say)
    machine = this_machine(options)
    started, clock = datetime.datetime.now().astimezone(), time.monotonic()
    rows: list[BenchedModel] = []
    is_interrupted = False
    try:
        for row in benched(found, target_of, options, say, references):
            rows.append(row)
    except KeyboardInterrupt:
        is_interrupted = True
    return BenchReport(
        tuple(rows),
        machine,
        started.isoformat(timespec="seconds"),
        time.monotonic() - clock,
        is_interrupted,
        asked=len(found),
    )


def run_bench_comparison(
    settings: Settings,
    paths: Sequence[str],
    options: BenchOptions,
    say: Callable[[str], None] = lambda text: None,
    accept: Callable[[list[Path]], None] = lambda files: None,
) -> BenchComparison:
    """Measure two models against each other, A first; as `run_bench` otherwise.

    Raises `UsageError` for anything but two files of models.
    """
    import datetime

    from tflint.bench.comparison import compared
    from tflint.bench.cores import quiet_cores
    from tflint.bench.machine import require_runtime
    from tflint.bench.models import two_models_at

    if options.recordings is not None:
        raise UsageError(_NO_FOLDER)
    found = two_models_at(paths)
    target_of = _targets(settings, found, accept)
    require_runtime()
    options = dataclasses.replace(options, cores=quiet_cores(options.threads))
    started = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
    return compared(found, target_of, options, started, say)


def run_train(
    settings: Settings,
    application: str,
    options: TrainOptions,
    say: Callable[[str], None] = lambda text: None,
) -> TrainReport:
    """Train a reference application on recordings, and write models, metrics and a card.

    Where `options` name no folder with recordings, the one of the settings counts. `say` is told
    what is being done. Raises `UsageError` for recordings that are missing or broken, before
    anything is trained; `MissingExtra` without TensorFlow, and `HostFailed` for a training that
    came to no end.
    """
    from tflint_reference_models.training.run import train_application

    folder = options.folder or settings.values["data"]
    return train_application(application, dataclasses.replace(options, folder=folder), say)


def _targets(
    settings: Settings,
    found: Sequence[tuple[Path, str]],
    accept: Callable[[list[Path]], None],
) -> Callable[[Path], Target]:
    """What tells the target of each of these models, once they are accepted.

    Raises what `accept` does, and `UsageError` for a configuration that names no target: it is
    wrong before it is needed.
    """
    accept([path for path, _ in found])
    targets = {path: settings.plan(path).target for path, _ in found}
    return targets.__getitem__


def _acceptance(settings: Settings) -> Accept:
    """What sets aside of a report what the configuration or a baseline accepts."""
    baseline_path = settings.values["baseline"]
    baseline = None if baseline_path is None else read_baseline(baseline_path)

    def accept(file: FileReport) -> FileReport:
        report = LintReport(settings.target, (file,), rules=all_rules())
        report = suppress(report, settings.suppressions, settings.root)
        return (report if baseline is None else apply_baseline(report, baseline)).files[0]

    return accept


def plugin_problems() -> Iterator[str]:
    """What is wrong with plug-ins, a sentence each."""
    for plugin in plugins():
        if plugin.problem is not None:
            yield f"plug-in `{plugin.name}` ({plugin.package}) was left out: {plugin.problem}"


def _failures(files: Iterable[FileReport]) -> Iterator[str]:
    """The rules of plug-ins that failed, each once."""
    failed = Counter(failure.code for file in files for failure in file.failed_rules)
    for code, count in failed.items():
        rule = find_rule(code)
        plugin = plugin_of(rule) if rule is not None else None
        name = plugin.name if plugin is not None else code
        yield f"plug-in `{name}`: {code} failed on {count:,} file{'s' if count > 1 else ''}"


def _listed(names: Iterable[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)
