"""From the paths on the command line to the files to check."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tflint.errors import UsageError
from tflint.model.reader import IDENTIFIER
from tflint.printable import printable
from tflint.rule import ARCHIVES, SOURCES, Kind
from tflint.source.parsing import MAX_BYTES, MAX_NOTEBOOK_BYTES
from tflint.source.relevance import mentions_keras

SUFFIXES = {
    ".tflite": Kind.TFLITE,
    ".py": Kind.KERAS_SOURCE,
    ".ipynb": Kind.NOTEBOOK,
    ".keras": Kind.KERAS_ARCHIVE,
    ".h5": Kind.H5,
    ".hdf5": Kind.H5,
}
# What makes a folder a SavedModel, which is one artifact.
SAVED_MODEL = "saved_model.pb"
_MOST_BYTES = {Kind.KERAS_SOURCE: MAX_BYTES, Kind.NOTEBOOK: MAX_NOTEBOOK_BYTES}
ALL_KINDS = frozenset((*SUFFIXES.values(), Kind.SAVED_MODEL))
# Folders that hold other people's files.
SKIPPED_FOLDERS = frozenset(("__pycache__", "node_modules", "site-packages", "venv"))


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file, or the folder of a SavedModel: where it is, how reports call it, what it is.

    `data` is what is in it where that does not come from the file system but from stdin.
    """

    path: Path
    shown: str
    kind: Kind
    data: bytes | None = None


def discover(
    paths: Iterable[str],
    excluded: Callable[[Path], bool] = lambda path: False,
    kinds: Collection[Kind] = ALL_KINDS,
) -> list[Artifact]:
    """The files that the paths name, folders searched, each once and in a stable order.

    `excluded` tells files and folders to pass over in a search, which looks for files of the
    `kinds`; a path that is named counts. Raises `UsageError` for a path that does not exist, a
    file that is of no kind tflint reads, folders without any, and folders that cannot be searched.
    """
    found: dict[str, Artifact] = {}
    for text in paths:
        for artifact in _at(text, excluded, kinds):
            found.setdefault(os.path.abspath(artifact.path), artifact)
    return list(found.values())


def _at(text: str, excluded: Callable[[Path], bool], kinds: Collection[Kind]) -> list[Artifact]:
    """The files that one path names."""
    mode = mode_of(text)
    if stat.S_ISDIR(mode):
        if _is_file(os.path.join(text, SAVED_MODEL)) and Kind.SAVED_MODEL in kinds:
            return [_saved_model(Path(text))]
        inside = list(_search(Path(text), excluded, kinds))
        if not inside:
            suffixes = ", ".join(suffix for suffix, kind in SUFFIXES.items() if kind in kinds)
            what = "models or Keras sources" if kinds is ALL_KINDS else f"{suffixes} files"
            raise UsageError(f"no {what} in `{printable(text)}`")
        return inside
    if not stat.S_ISREG(mode):
        raise UsageError(f"`{printable(text)}` is not a regular file")
    return [_named(Path(text), text)]


def mode_of(text: str) -> int:
    """What is at this path, as in `os.stat`; raises `UsageError` where nothing is."""
    try:
        return os.stat(text).st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError(f"`{printable(text)}` does not exist") from error
    except OSError as error:
        raise UsageError(f"`{printable(text)}` cannot be opened: {error.strerror}") from error


def _named(path: Path, text: str) -> Artifact:
    """A file that was named: by its suffix, or by what it begins with."""
    if path.name == SAVED_MODEL:
        return _saved_model(path.parent)
    kind = SUFFIXES.get(path.suffix.lower())
    if kind is None and _has_identifier(path):
        kind = Kind.TFLITE
    if kind is None:
        raise UsageError(_unknown_kind(text))
    return Artifact(path, shown_path(path), kind)


def artifact_of(name: str, read: Callable[[int], bytes]) -> Artifact:
    """What is read under a name: a source, a notebook or a model, which need not be on disk.

    `read` gives at most so many bytes, or all with -1. Raises `UsageError` for a name that is of
    no kind that can be read so.
    """
    path = Path(name)
    kind = SUFFIXES.get(path.suffix.lower())
    if kind in ARCHIVES:
        raise UsageError(f"`{printable(name)}`: archives are not read from stdin")
    data = read(_MOST_BYTES[kind] + 1 if kind in _MOST_BYTES else -1)
    if kind is None:
        if data[4:8] != IDENTIFIER:
            raise UsageError(_unknown_kind(name))
        kind = Kind.TFLITE
    return Artifact(path, shown_path(path), kind, data)


def _unknown_kind(text: str) -> str:
    known = ", ".join((*SUFFIXES, "SavedModel folders"))
    return f"`{printable(text)}` is not a kind of file tflint reads ({known})"


def _has_identifier(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(8)[4:] == IDENTIFIER
    except OSError:
        return False


def _saved_model(folder: Path) -> Artifact:
    return Artifact(folder, shown_path(folder), Kind.SAVED_MODEL)


def _search(
    folder: Path, excluded: Callable[[Path], bool], kinds: Collection[Kind]
) -> Iterator[Artifact]:
    for root, folders, files in os.walk(folder, onerror=_refuse):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and name not in SKIPPED_FOLDERS
            and not excluded(Path(root, name))
        )
        has_saved_model = SAVED_MODEL in files and Kind.SAVED_MODEL in kinds
        if has_saved_model and _is_regular(Path(root, SAVED_MODEL)):
            # What else is in there belongs to it.
            folders.clear()
            yield _saved_model(Path(root))
            continue
        for name in sorted(files):
            path = Path(root, name)
            kind = SUFFIXES.get(path.suffix.lower())
            # Hidden files are not meant to be found; `._m.tflite` is not even a model.
            if kind is None or kind not in kinds or name.startswith("."):
                continue
            if not _is_regular(path) or excluded(path):
                continue
            if _is_of_interest(path, kind):
                yield Artifact(path, shown_path(path), kind)


def _refuse(error: OSError) -> None:
    """Say that a folder cannot be listed: what is in it must not pass for checked."""
    name = printable(str(error.filename))
    raise UsageError(f"`{name}` cannot be searched: {error.strerror}") from error


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except PermissionError:
        return True  # Reading it will fail as well, and that is a finding.
    except OSError:
        return False


def _is_of_interest(path: Path, kind: Kind) -> bool:
    """Whether a file that a search found has to do with Keras, or cannot be read, to say so.

    Sources may be about anything, and HDF5 files have weights alone, or data.
    """
    try:
        if kind is Kind.H5:
            from tflint.archive.reader import may_hold_network

            return may_hold_network(path)
        return kind not in SOURCES or mentions_keras(source_bytes(path, kind))
    except OSError:
        return True


def source_bytes(path: Path, kind: Kind) -> bytes:
    """The bytes of a source or notebook: all, or so many that there are too many."""
    with path.open("rb") as file:
        return file.read(_MOST_BYTES[kind] + 1)


def shown_path(path: Path) -> str:
    """The path as given, with `/`, relative to the working directory where it is below it."""
    if path.is_absolute():
        try:
            path = path.relative_to(Path.cwd())
        except ValueError:
            return path.as_posix()
    return Path(os.path.normpath(path)).as_posix()


def path_from(path: Path, folder: Path) -> str:
    """The path as seen from a folder, with `/`.

    A file that only a link leads to the folder for is in it all the same: macOS's `/tmp` and
    a project's other name must not change what a configuration or a baseline means.
    """
    absolute = os.path.abspath(path)
    relative = _relative(absolute, str(folder))
    if not _is_below(relative):
        parent, name = os.path.split(absolute)
        followed = _relative(os.path.join(os.path.realpath(parent), name), os.path.realpath(folder))
        if _is_below(followed):
            return followed
    return relative


def _relative(absolute: str, folder: str) -> str:
    try:
        return os.path.relpath(absolute, folder).replace(os.sep, "/")
    except ValueError:  # on another drive
        return absolute.replace(os.sep, "/")


def _is_below(relative: str) -> bool:
    return not os.path.isabs(relative) and relative.partition("/")[0] != ".."
