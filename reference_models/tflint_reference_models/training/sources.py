"""Which of our sources a training runs through."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

_PACKAGE = "tflint_reference_models"
_ROOT = Path(__file__).resolve().parent.parent
# The words of a card, which applications import with all else.
_WORDS = "prose.py"


def code_sha256(application: str) -> str:
    """A hash of the sources that a training of an application runs through, and their names.

    They are what the worker and the application import, from module to module, but for `prose.py`:
    what a card says or how a table looks does not make another training.
    """
    digest = hashlib.sha256()
    for path in training_sources(application):
        digest.update(path.relative_to(_ROOT).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(_bytes(path)).digest())
    return digest.hexdigest()


def training_sources(application: str) -> list[Path]:
    """The files, in the order of their names."""
    waiting = [f"{_PACKAGE}.training.worker", f"{_PACKAGE}.{application}.train"]
    found: set[Path] = set()
    while waiting:
        path = _path(waiting.pop())
        if path is not None and path not in found and path.name != _WORDS:
            found.add(path)
            waiting += _imported(path)
    return sorted(found)


def _imported(path: Path) -> Iterator[str]:
    """All that may be a module of ours; a name that is imported from one may be one as well."""
    for node in ast.walk(ast.parse(_bytes(path))):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{one.name}" for one in node.names)


def _path(module: str) -> Path | None:
    first, *parts = module.split(".")
    if first != _PACKAGE or not parts:
        return None
    place = _ROOT.joinpath(*parts)
    for path in (place.with_suffix(".py"), place / "__init__.py"):
        if path.is_file():
            return path
    return None


def _bytes(path: Path) -> bytes:
    """The same on every system, whatever ends lines there."""
    return path.read_bytes().replace(b"\r\n", b"\n")
