"""Rules of other packages, through the entry point group `tflint.rules`.

An entry point names a module or package whose rules are all taken, a rule class, or a list of
them:

    [project.entry-points."tflint.rules"]
    acme = "acme_tflint_rules"

Whatever is wrong with a plug-in is a warning that names it; the built-in rules run regardless.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

from tflint.printable import printable
from tflint.rule import Metadata, Rule

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "tflint.rules"
_CODE = re.compile(r"[A-Z]{2,10}[0-9]{3,4}")
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_BUILT_IN_PREFIX = "TFL"


@dataclass(frozen=True, slots=True)
class LoadedPlugin:
    """A plug-in: the entry point's name, its package and version, its rules, what is wrong."""

    name: str
    package: str
    rules: tuple[type[Rule], ...]
    problem: str | None = None


def load_plugins() -> tuple[LoadedPlugin, ...]:
    """Every plug-in that is installed, by name; a broken one with its problem and no rules."""
    if not _any_installed():
        return ()
    from importlib.metadata import entry_points

    found = sorted(set(entry_points(group=GROUP)), key=lambda point: (point.name, point.value))
    return tuple(_load(point) for point in found)


def _any_installed() -> bool:
    """Whether a package on the path has an entry point of the group.

    Looks for the text in the metadata files of each folder: importing `importlib.metadata`
    and asking it takes as long as checking a small model.
    """
    wanted = GROUP.encode()
    for folder in dict.fromkeys(sys.path):
        try:
            with os.scandir(folder or ".") as entries:
                names = [e.path for e in entries if e.name.endswith((".dist-info", ".egg-info"))]
        except NotADirectoryError:
            return True  # An archive: only `importlib.metadata` can look inside.
        except OSError:
            continue
        for path in names:
            try:
                with open(os.path.join(path, "entry_points.txt"), "rb") as file:
                    if wanted in file.read():
                        return True
            except OSError:
                continue
    return False


def _load(point: EntryPoint) -> LoadedPlugin:
    package = f"{point.dist.name} {point.dist.version}" if point.dist is not None else point.module
    try:
        rules = tuple(_rules(point.load()))
        problem = None if rules else "it has no rules"
    # Anything at all can happen in other people's code while it is imported.
    except (Exception, SystemExit) as error:
        rules, problem = (), printable(f"{type(error).__name__}: {error}", 200)
    if problem is None:
        problem = next((text for text in map(_fault, rules) if text), None)
    return LoadedPlugin(point.name, package, () if problem else rules, problem)


def _rules(loaded: object) -> Iterator[type[Rule]]:
    """The rules of what an entry point names."""
    if isinstance(loaded, ModuleType):
        yield from rules_in(loaded)
    elif isinstance(loaded, type):
        if not issubclass(loaded, Rule):
            raise TypeError(f"`{loaded.__name__}` is not a rule")
        yield loaded
    elif isinstance(loaded, Iterable) and not isinstance(loaded, (str, bytes)):
        for item in loaded:
            yield from _rules(item)
    else:
        raise TypeError(f"a {type(loaded).__name__} is neither a module nor a rule")


def _fault(rule: type[Rule]) -> str | None:
    """What is wrong with a rule's metadata, if anything."""
    meta = getattr(rule, "meta", None)
    if not isinstance(meta, Metadata):
        return f"`{rule.__name__}` has no metadata"
    if not _CODE.fullmatch(meta.code) or not _NAME.fullmatch(meta.name):
        return f"`{printable(meta.code)}` ({printable(meta.name)}) is not a code and a name"
    if meta.code.startswith(_BUILT_IN_PREFIX):
        return f"{meta.code}: codes that begin with {_BUILT_IN_PREFIX} are tflint's own"
    return None


def rules_in(module: ModuleType) -> Iterator[type[Rule]]:
    """The rules that are defined in a module or, for a package, anywhere below it."""
    for value in list(vars(module).values()):
        if isinstance(value, type) and issubclass(value, Rule):
            if value.__module__ == module.__name__:
                yield value
    if hasattr(module, "__path__"):
        for info in pkgutil.iter_modules(module.__path__, module.__name__ + "."):
            yield from rules_in(importlib.import_module(info.name))
