"""`tflint doctor`."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tflint.cli.options import TextOrJson, check_format
from tflint.errors import ExitCode, TflintError
from tflint.version import __version__

if TYPE_CHECKING:
    from tflint.report.installation import Installation, Part

# What each optional package is for, by extra.
EXTRAS = {
    "tflite-micro": ("tflm", "runs models on TFLM itself"),
    "ai-edge-litert": ("quantize", "runs models on LiteRT: proves repairs, times `tflint bench`"),
    "ai-edge-quantizer": ("quantize", "quantises models: `tflint fix --quantize`"),
    "tensorflow": ("convert", "converts networks: `tflint convert`, `tflint fix --reconvert`"),
    "keras": ("convert", "loads networks of Keras 3"),
    "tf-keras": ("convert", "loads networks of Keras 2, and makes fused LSTMs"),
    "libcst": ("fix", "repairs Python sources and notebooks"),
    "matplotlib": ("report", "draws the pictures of `tflint memory` and `tflint bench`"),
    "xlsxwriter": ("report", "writes the workbooks of `tflint bench`"),
    "pygls": ("server", "findings and repairs in an editor: `tflint server`"),
}


def doctor(
    format: TextOrJson = "text",
) -> None:
    """Show what is installed, and what is wrong."""
    from tflint.cli.output import emit, print_lines
    from tflint.report.installation import render_json, render_text

    check_format(format)
    found = _examine()
    if format == "json":
        emit(render_json(found))
    else:
        print_lines(render_text(found))
    raise typer.Exit(ExitCode.FINDINGS if found.problems else ExitCode.OK)


def _examine() -> Installation:
    from tflint.api import plugin_problems
    from tflint.config.load import load_settings
    from tflint.lint.registry import all_rules, plugins
    from tflint.report.installation import Installation, Part
    from tflint.target.runtime import RUNTIMES, load_runtime
    from tflint.target.target import named_targets

    problems = list(plugin_problems())
    config = None
    try:
        settings = load_settings()
        config = str(settings.file) if settings.file else None
    except TflintError as error:
        problems.append(str(error))
    dependencies = tuple(_dependencies())
    problems += [f"{part.name} is not installed" for part in dependencies if part.version is None]
    return Installation(
        tflint=__version__,
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        location=str(Path(sys.modules["tflint"].__file__ or "").parent),
        config=config,
        rules=len(all_rules()),
        targets=len(named_targets()),
        dependencies=dependencies,
        extras=tuple(
            Part(name, _version(name), f"{purpose}: pip install 'tflint[{extra}]'")
            for name, (extra, purpose) in EXTRAS.items()
        ),
        runtimes=tuple(
            Part(title, runtime.date, runtime.source)
            for name, (title, _) in RUNTIMES.items()
            for runtime in [load_runtime(name)]
        ),
        plugins=tuple(
            Part(plugin.name, plugin.package, _codes(rule.meta.code for rule in plugin.rules))
            for plugin in plugins()
        ),
        problems=tuple(problems),
    )


def _dependencies() -> Iterator[Part]:
    """What tflint cannot do without, by its own metadata; nothing when it runs from a checkout."""
    import re
    from importlib.metadata import PackageNotFoundError, requires

    from tflint.report.installation import Part

    try:
        needed = requires("tflint") or []
    except PackageNotFoundError:
        return
    for requirement in needed:
        name = re.match(r"[\w.-]+", requirement)
        if name is None or "extra ==" in requirement:
            continue
        version = _version(name[0])
        if version is None and "python_version" in requirement:
            continue  # For another Python.
        yield Part(name[0], version)


def _version(name: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _codes(codes: Iterable[str]) -> str:
    return ", ".join(codes)
