"""Which models to measure: those that are named, those in folders, or the reference models."""

from __future__ import annotations

import importlib.resources
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

from tflint.errors import UsageError
from tflint.lint.discover import Artifact, discover
from tflint.printable import printable
from tflint.report.bench_result import APPLICATIONS, QUANTIZATIONS
from tflint.rule import SOURCES, Kind

# The package of the reference models, a folder an application with its .tflite files.
REFERENCE_MODELS = "tflint_reference_models"
_SUFFIX = ".tflite"


def models_at(
    paths: Sequence[str], excluded: Callable[[Path], bool] = lambda path: False
) -> list[tuple[Path, str]]:
    """The .tflite files that the paths name, with what reports call them, each once.

    Without paths, the reference models. Raises `UsageError` where there are none, for what has to
    be converted first, and as `discover` does.
    """
    if not paths:
        return _default()
    found = discover(paths, excluded, {Kind.TFLITE})
    for one in found:
        if one.kind is not Kind.TFLITE:
            raise UsageError(_convert_first(one))
    return [(one.path, one.shown) for one in found]


def two_models_at(paths: Sequence[str]) -> list[tuple[Path, str]]:
    """The two .tflite files that the paths name, which may be the same, as `models_at` has them.

    Raises `UsageError` for any other number of them, for folders, and as `models_at` does.
    """
    if len(paths) != 2:
        raise UsageError(f"--compare takes two models, A and B, not {len(paths):,}")
    for text in paths:
        if Path(text).is_dir():
            raise UsageError(f"--compare takes two models; `{printable(text)}` is a folder")
    return [one for text in paths for one in models_at([text])]


def reference_models() -> list[tuple[Path, str]]:
    """The models that come with tflint, called by package, application and name.

    They are in the order of applications and forms.
    """
    try:
        root = importlib.resources.files(REFERENCE_MODELS)
    except ModuleNotFoundError:
        return []
    if not isinstance(root, Path):
        return []  # In an archive, where no other process can read them.
    found = sorted(
        (path for path in root.glob(f"*/*{_SUFFIX}") if path.is_file()), key=_application_and_form
    )
    return [(path, f"{REFERENCE_MODELS}/{path.relative_to(root).as_posix()}") for path in found]


def _application_and_form(path: Path) -> tuple[int, str, int, str]:
    name, form = path.parent.name, path.stem.rpartition("_")[2]
    return (
        APPLICATIONS.index(name) if name in APPLICATIONS else len(APPLICATIONS),
        name,
        QUANTIZATIONS.index(form) if form in QUANTIZATIONS else len(QUANTIZATIONS),
        path.name,
    )


def _default() -> list[tuple[Path, str]]:
    found = reference_models()
    if not found:
        raise UsageError(
            "no models given, and this tflint comes without reference models: name models or "
            "folders, as in `tflint bench models/`"
        )
    return found


def _convert_first(found: Artifact) -> str:
    source = printable(found.shown, 400)
    output = shlex.quote(f"{found.path.stem}{_SUFFIX}")
    if found.kind in SOURCES:
        factory = shlex.quote(f"{source}:FACTORY")
        how = f"tflint convert {factory} -o {output}"
        return f"`{source}` is a source, no model: convert what it builds first, as in `{how}`"
    how = f"tflint convert {shlex.quote(source)} -o {output}"
    return f"`{source}` is no {_SUFFIX}: convert it first, as in `{how}`"
