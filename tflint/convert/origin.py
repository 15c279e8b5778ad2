"""From what the user wrote to an `Origin`: whether it is there, what it is, and who vouches for it.

Nothing is executed here, and neither NumPy nor TensorFlow is loaded.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tflint.archive.archive import Archive, ExecutableContent
from tflint.convert.factories import Factories, factories
from tflint.convert.request import Origin, OriginKind
from tflint.errors import NoNetwork, UnreadableModel, UsageError
from tflint.printable import counted, printable

GRAPH = "saved_model.pb"
_MOST_SHOWN = 400
# What is named of the code in an archive, before the rest is counted.
_MOST_NAMED = 3
_IDENTIFIER = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_SOURCE = ".py"
_OTHERS = {
    ".tflite": "is a .tflite already: `tflint fix` repairs it, `tflint check` looks at it",
    ".ipynb": "is a notebook, which is not run: put the code that builds the model into a .py file",
    ".onnx": "is an ONNX model: tflint converts Keras models and SavedModels",
    ".pt": "is a PyTorch model: tflint converts Keras models and SavedModels",
    ".pth": "is a PyTorch model: tflint converts Keras models and SavedModels",
    ".json": "is no archive: give the source that builds the model, as module.py:factory",
    ".yaml": "is no archive: give the source that builds the model, as module.py:factory",
    ".pb": "is a frozen graph: give the folder of a SavedModel",
    ".index": "is a part of a checkpoint, which holds weights only:"
    " give the source that builds the model, as module.py:factory, and --weights",
}


def parse_origin(
    text: str,
    *,
    weights: str | Path | None = None,
    modules: Sequence[Path] = (),
    signature: str | None = None,
    trust: bool = False,
    legacy: bool | None = None,
) -> Origin:
    """What `text` names: an archive, the folder of a SavedModel, or `module.py:factory`.

    A module may be given as `package.module:factory` too, which is looked for in the working
    directory and then on Python's path; without a factory it must have exactly one. Raises
    `UsageError`, with one line, for what is not there, is something else, does not fit together,
    or would run code that nobody vouched for.
    """
    if "\0" in text or not text:
        raise UsageError(f"`{printable(text)}` is no file and no module.py:factory")
    kind, path, factory, module = _place(text)
    origin = Origin(
        kind=kind,
        path=path,
        shown=text,
        factory=factory,
        weights=None if weights is None else _weights(str(weights)),
        modules=tuple(modules),
        is_trusted=trust,
        is_legacy=legacy,
        signature=signature,
        module=module,
    )
    if kind is not OriginKind.FACTORY and weights is not None:
        raise UsageError(
            f"--weights goes with module.py:factory: `{_shown(text)}` has weights of its own"
        )
    if kind is not OriginKind.SAVED_MODEL and signature is not None:
        raise UsageError(f"--signature goes with a SavedModel, which `{_shown(text)}` is not")
    if kind is not OriginKind.FACTORY:
        _check_archive(origin)
    return origin


def _place(text: str) -> tuple[OriginKind, Path, str | None, str | None]:
    """The kind, the file, the factory, and the module's dotted name where that was given."""
    if os.path.exists(text):
        if os.path.isdir(text):
            return OriginKind.SAVED_MODEL, _saved_model(text), None, None
        if text.lower().endswith(_SOURCE):
            path = Path(text).absolute()
            return OriginKind.FACTORY, path, _only_factory(path, text), None
        return OriginKind.ARCHIVE, _archive(text), None, None
    left, separator, name = text.rpartition(":")
    if not separator:
        found = _module(text) if _IDENTIFIER.fullmatch(text) else None
        if found is None:
            raise UsageError(f"`{_shown(text)}` does not exist")
        return OriginKind.FACTORY, found, _only_factory(found, text), text
    if not _IDENTIFIER.fullmatch(name):
        raise UsageError(f"`{_shown(text)}` does not exist")
    if os.path.isfile(left):
        if not left.lower().endswith(_SOURCE):
            if os.path.splitext(left)[1].lower() in _OTHERS:
                _archive(left)
            raise UsageError(
                f"`{_shown(left)}` is no Python source: only those have factories (`:{name}`)"
            )
        path, module = Path(left).absolute(), None
    else:
        found = _module(left) if _IDENTIFIER.fullmatch(left) else None
        if found is None:
            raise UsageError(f"`{_shown(left)}` does not exist")
        path, module = found, left
    known = factories(path, _shown(left))
    if not known.may_have(name):
        raise UsageError(f"`{_shown(left)}` defines no `{name}`{_candidates(left, known)}")
    return OriginKind.FACTORY, path, name, module


def _only_factory(path: Path, text: str) -> str:
    found = factories(path, _shown(text))
    if len(found.names) == 1:
        return found.names[0]
    if not found.names:
        raise UsageError(
            f"`{_shown(text)}` shows no function without arguments that makes a network, and no"
            f" variable that holds one: name what to call, as {_shown(text)}:NAME"
        )
    raise UsageError(f"`{_shown(text)}` makes several networks{_candidates(text, found)}")


def _candidates(text: str, found: Factories) -> str:
    names = [f"{_shown(text)}:{name}" for name in found.names[:10]]
    return f": {'it has ' if len(names) == 1 else 'choose of '}{', '.join(names)}" if names else ""


def _module(dotted: str) -> Path | None:
    """The file of a module, without importing what it is in."""
    parts = dotted.split(".")
    for entry in (os.getcwd(), *sys.path):
        base = os.path.join(entry or os.getcwd(), *parts)
        for candidate in (f"{base}{_SOURCE}", os.path.join(base, f"__init__{_SOURCE}")):
            if os.path.isfile(candidate):
                return Path(candidate).absolute()
    return None


def _saved_model(text: str) -> Path:
    if os.path.isfile(os.path.join(text, GRAPH)):
        return Path(text).absolute()
    hint = ""
    for inner in _folders(text):
        if os.path.isfile(os.path.join(text, inner, GRAPH)):
            hint = f": did you mean `{_shown(os.path.join(text, inner))}`?"
    if not hint and os.path.isfile(os.path.join(text, "checkpoint")):
        hint = (
            ", but a checkpoint, which holds weights only: give the source that builds the model,"
            " as module.py:factory, and --weights"
        )
    raise UsageError(f"the folder `{_shown(text)}` is no SavedModel (no {GRAPH}){hint}")


def _folders(text: str) -> list[str]:
    try:
        with os.scandir(text) as entries:
            return sorted(entry.name for entry, _ in zip(entries, range(1000), strict=False))
    except OSError:
        return []


def _archive(text: str) -> Path:
    if not os.path.isfile(text):
        raise UsageError(f"`{_shown(text)}` is not a regular file")
    if os.path.basename(text) == GRAPH:
        raise UsageError(
            f"`{_shown(text)}` is the graph of a SavedModel: give its folder,"
            f" `{_shown(os.path.dirname(text) or '.')}`"
        )
    suffix = os.path.splitext(text)[1].lower()
    if suffix in _OTHERS:
        raise UsageError(f"`{_shown(text)}` {_OTHERS[suffix]}")
    return Path(text).absolute()


def _weights(text: str) -> Path:
    if not (os.path.exists(text) or os.path.isfile(f"{text}.index")):
        raise UsageError(f"the weights `{_shown(text)}` do not exist")
    return Path(text).absolute()


def _check_archive(origin: Origin) -> None:
    """Refuse what cannot be read, and what would run code unless it is trusted."""
    from tflint.archive.reader import read_archive

    shown = _shown(origin.shown)
    try:
        archive = read_archive(origin.path)
    except NoNetwork as error:
        raise UsageError(
            f"`{shown}`: {error}: give module.py:factory, with this file as --weights"
            if "weights only" in str(error)
            else f"`{shown}`: {error}"
        ) from error
    except UnreadableModel as error:
        raise UsageError(f"`{shown}`: {error}") from error
    except OSError as error:
        raise UsageError(f"`{shown}` cannot be read: {error.strerror or error}") from error
    if origin.is_trusted:
        return
    found = list(_executed(archive, origin))
    if found:
        named = "; ".join(_told(each) for each in found[:_MOST_NAMED])
        more = len(found) - _MOST_NAMED
        rest = f"; and {counted(more, 'more place')}" if more > 0 else ""
        raise UsageError(
            f"`{shown}` holds code that would run: {named}{rest}."
            " Give --trust if you trust where it is from"
        )


def _executed(archive: Archive, origin: Origin) -> Iterator[ExecutableContent]:
    """What would run when it is loaded here."""
    version = archive.keras.keras_version
    is_legacy = origin.is_legacy
    if is_legacy is None:
        is_legacy = version is None or version[0] < 3
    for each in archive.executable:
        # Keras 3 takes no class from a module that it has not been given; tf-keras imports it,
        # unless a module given by `--with` has defined it before.
        if each.is_certain or (is_legacy and not origin.modules):
            yield each


def _told(content: ExecutableContent) -> str:
    layer = f" in the layer `{printable(content.layer)}`" if content.layer else ""
    return f"{content.what}{layer}"


def _shown(text: str) -> str:
    return printable(text, _MOST_SHOWN)
