"""TFL008: plain names in place of those that act on whoever prints them.

Names that programs look up, of signatures and metadata, change with `--unsafe` only; those of
custom operators never do.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Any, TypeVar

from tflint.analysis.names import Named, problems
from tflint.finding import FixSafety
from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext
from tflint.model.schema import ExternalBufferGroup
from tflint.model.tables import Metadata, Model, SignatureDef, SubGraph, Tensor, TensorMap
from tflint.printable import counted

# Nobody calls a thing by more.
_LONGEST = 64
_LONGEST_PROSE = 1024
# What is in no name that a program or a person writes; letters of all scripts are.
_STRANGE = re.compile(r"[^\w./:-]+")
_STRANGE_IN_ASCII = re.compile(r"[^\w/-]+", re.ASCII)
_STRANGE_IN_PROSE = re.compile(r"[^\w\s.,:;/()'-]+")

Holder = TypeVar("Holder", Tensor, SubGraph, Metadata, SignatureDef, TensorMap, ExternalBufferGroup)


def _rewrite(context: RewriteContext) -> Rewrite | None:
    model, plain = context.model, _Plain()
    description = model.description
    if _is_hostile(description, is_prose=True):
        description, plain.places = _prose(description or ""), 1
    subgraphs = plain.named(model.subgraphs, "name")
    subgraphs = tuple(
        dataclasses.replace(graph, tensors=plain.named(graph.tensors, "name"))
        for graph in subgraphs
    )
    changed = dataclasses.replace(model, description=description, subgraphs=subgraphs)
    safe = plain.places
    if context.unsafe:
        changed = _with_interface(changed, plain)
    if not plain.places:
        return None
    renamed = plain.places - safe
    return Rewrite(
        changed,
        plain.places,
        safety=FixSafety.UNSAFE if renamed else FixSafety.SAFE,
        notes=(f"{counted(renamed, 'name')} of signatures or metadata changed",) * bool(renamed),
    )


def _with_interface(model: Model, plain: _Plain) -> Model:
    """The model with plain names in its signatures, metadata and groups of external buffers."""
    signatures = tuple(
        dataclasses.replace(
            signature,
            inputs=plain.named(signature.inputs, "name"),
            outputs=plain.named(signature.outputs, "name"),
        )
        for signature in plain.named(model.signature_defs, "signature_key")
    )
    return dataclasses.replace(
        model,
        signature_defs=signatures or model.signature_defs,
        metadata=plain.named(model.metadata, "name"),
        external_buffer_groups=plain.named(model.external_buffer_groups, "name"),
    )


class _Plain:
    """Gives plain names, and counts how many."""

    def __init__(self) -> None:
        self.places = 0

    def named(self, holders: tuple[Holder, ...], field: str) -> tuple[Holder, ...]:
        """The holders, those with hostile names under others that none of them has."""
        hostile = [i for i, one in enumerate(holders) if _is_hostile(getattr(one, field))]
        if not hostile:
            return holders
        self.places += len(hostile)
        named = list(holders)
        taken = {getattr(one, field) for one in holders}
        for i in hostile:
            name = _plain(getattr(named[i], field))
            if not name or name in taken:
                name = f"{name[: _LONGEST - 12]}_{i}"
            while name in taken:
                name += "_"
            taken.add(name)
            changes: dict[str, Any] = {field: name}
            named[i] = dataclasses.replace(named[i], **changes)
        return tuple(named)


def _is_hostile(text: str | None, *, is_prose: bool = False) -> bool:
    return bool(text) and bool(problems(Named(text or "", "", is_prose=is_prose)))


def _plain(text: str) -> str:
    """What is left of a name without what is strange in it; may be nothing."""
    start = text[: 16 * _LONGEST]
    for strange in (_STRANGE, _STRANGE_IN_ASCII):
        name = strange.sub("_", start).strip("_./:-")[:_LONGEST]
        if not _is_hostile(name):
            return name
    return ""


def _prose(text: str) -> str | None:
    """A description without what is strange in it, or none."""
    plain = _STRANGE_IN_PROSE.sub(" ", text[:_LONGEST_PROSE]).strip()
    return None if not plain or _is_hostile(plain, is_prose=True) else plain


# A name may have to be told from another by a number.
FIX = ModelFix("TFL008", _rewrite, may_grow_file=True)
