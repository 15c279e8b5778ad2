"""Classes of the file: members, what they are to Keras, and objects of them."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.source.objects import (
    ClassThing,
    Instance,
    ModelThing,
    Path,
    SequentialThing,
    options,
)
from tflint.source.store import MISSING, Thing

# Where an object keeps the model or layer that it is made of.
INSIDE = ("inside",)
_MAX_BASES = 50


def lineage(owner: ClassThing) -> Iterator[ClassThing]:
    """The class and its bases in the file, nearest first."""
    pending: list[ClassThing] = [owner]
    seen: set[int] = set()
    while pending and len(seen) < _MAX_BASES:
        each = pending.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        pending += [base for base in each.bases if isinstance(base, ClassThing)]


def find_member(owner: ClassThing, name: str) -> Thing:
    """A member of a class or of its bases; MISSING where the file has none."""
    for each in lineage(owner):
        found = each.store.content.get(name, MISSING)
        if found is not MISSING:
            return found
    return MISSING


def owner_of(owner: ClassThing, name: str) -> ClassThing | None:
    """The class of the lineage that has the member."""
    for each in lineage(owner):
        if each.store.content.get(name, MISSING) is not MISSING:
            return each
    return None


def keras_base(owner: ClassThing) -> str | None:
    """The class of Keras that a class derives from: `Model`, `Layer`, `Sequential`, `Conv2D`."""
    for each in lineage(owner):
        for base in each.bases:
            for option in options(base):
                if isinstance(option, Path):
                    kind = _keras_class(option.path)
                    if kind is not None:
                        return kind
    return None


def _keras_class(path: str) -> str | None:
    home, _, last = path.rpartition(".")
    if home == "keras.layers" or home.startswith("keras.layers."):
        return last
    if home in ("keras", "keras.models", "keras.engine.training", "keras.models.model"):
        return last if last in ("Model", "Sequential", "Functional", "Layer") else None
    if home.startswith("keras.") and last in ("Model", "Layer", "Sequential"):
        return last
    if path in ("tensorflow.Module", "tensorflow.module.Module"):
        return "Module"
    return None


def has_unknown_base(owner: ClassThing) -> bool:
    """Whether a class derives from something that is not known."""
    return any(
        not isinstance(base, ClassThing | Path)
        or (isinstance(base, Path) and base.path == "builtins.object")
        for each in lineage(owner)
        for base in each.bases
    )


def model_inside(thing: Instance) -> SequentialThing | ModelThing | None:
    """The model that an object of a subclass is, where its constructor said so."""
    found = thing.store.content.get(INSIDE)
    return found if isinstance(found, SequentialThing | ModelThing) else None
