"""What differs between two models as a whole: version, description, signatures, metadata."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tflint.model.changes import FieldChange
from tflint.model.facets import Facet, field_change, identity_of
from tflint.model.tables import Model, SignatureDef, TensorMap
from tflint.printable import printable

# Entries of a signature that are shown.
_SHOWN = 4
_MISSING = Facet("", "", "none")


def changed_properties(before: Model, after: Model) -> Iterator[FieldChange]:
    """The properties that differ, those of one kind in the order of the later model."""
    # A model without subgraphs stands for none at all: its properties are no news.
    if not before.subgraphs or not after.subgraphs:
        return
    old, new = _properties(before), _properties(after)
    for name in {**new, **old}:
        left, right = old.get(name, _MISSING), new.get(name, _MISSING)
        if left.identity != right.identity:
            change = field_change(left, right)
            yield FieldChange(name, change.before, change.after)


def _properties(model: Model) -> dict[str, Facet]:
    ends = [(_places(graph.inputs), _places(graph.outputs)) for graph in model.subgraphs]
    found = [
        Facet("schema version", str(model.version), str(model.version)),
        Facet("description", identity_of(model.description), _quoted(model.description)),
        Facet("subgraphs", str(len(model.subgraphs)), f"{len(model.subgraphs):,}"),
        *_metadata(model),
        *(_signature(entry, *ends[entry.subgraph_index]) for entry in model.signature_defs),
        Facet("unknown fields", identity_of(model.unknown_fields), "those of a newer schema"),
    ]
    seen: Counter[str] = Counter()
    named = {}
    for facet in found:
        seen[facet.field] += 1
        again = f" ({seen[facet.field]})" if seen[facet.field] > 1 else ""
        named[facet.field + again] = facet
    return named


def _metadata(model: Model) -> Iterator[Facet]:
    known: dict[int, str] = {}
    for entry in model.metadata:
        data = model.buffers[entry.buffer].data or b""
        # Entries may all share one buffer of the file's size.
        identity = known.setdefault(entry.buffer, "") or identity_of(data)
        known[entry.buffer] = identity
        yield Facet(f"metadata {_quoted(entry.name)}", identity, f"{len(data):,} bytes")


def _places(indices: tuple[int, ...]) -> dict[int, int]:
    return {index: place for place, index in enumerate(indices)}


def _signature(
    signature: SignatureDef, input_places: dict[int, int], output_places: dict[int, int]
) -> Facet:
    inputs = list(_entries(signature.inputs, input_places))
    outputs = list(_entries(signature.outputs, output_places))
    text = f"inputs {_listed(inputs)}; outputs {_listed(outputs)}"
    parts = (signature.subgraph_index, sorted(inputs), sorted(outputs))
    return Facet(f"signature {_quoted(signature.signature_key)}", identity_of(parts), text)


@dataclass(frozen=True, slots=True, order=True)
class _Entry:
    """A signature's name for a tensor, which is known by its place among the subgraph's."""

    name: str
    place: int


def _entries(maps: Iterable[TensorMap], places: dict[int, int]) -> Iterator[_Entry]:
    for entry in maps:
        yield _Entry(entry.name or "", places.get(entry.tensor_index, -1))


def _listed(entries: list[_Entry]) -> str:
    shown = [printable(entry.name, 40) or "(no name)" for entry in entries[:_SHOWN]]
    more = len(entries) - len(shown)
    return ", ".join(shown + ([f"{more:,} more"] if more else [])) or "none"


def _quoted(text: str | None) -> str:
    return "none" if text is None else f"`{printable(text)}`"
