"""Which tables should say what goes without saying, because a vtable of their own costs more.

A table leaves out the fields that have their defaults. Tables that leave out the same ones share a
vtable, which says where in them each field is.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from tflint.model.record import ABSENT, UnknownTable
from tflint.model.tables import Model
from tflint.model.wire import Field, Shape, layout

# The fields that a table of this type has, by their slots.
Form = tuple[str, frozenset[int]]

_NESTED = frozenset((Shape.TABLE, Shape.TABLES, Shape.UNION))
_WORD = 4


def form_of(name: str, record: object) -> Form:
    """The fields of a record that are not left out."""
    slots = set()
    for field in layout(name).fields:
        value = getattr(record, field.name)
        if field.shape is Shape.SCALAR:
            if value != field.default:
                slots.add(field.slot)
        elif value is not None and value is not ABSENT:
            slots.add(field.slot)
    return name, frozenset(slots)


def spelled_out(model: Model) -> dict[Form, tuple[Field, ...]]:
    """The fields that tables of a form had better have as well, with their defaults."""
    counts: Counter[Form] = Counter()
    _count("Model", model, counts)
    by_name: dict[str, list[frozenset[int]]] = defaultdict(list)
    for name, slots in sorted(counts, key=lambda form: counts[form]):
        by_name[name].append(slots)
    found: dict[Form, tuple[Field, ...]] = {}
    for name, forms in by_name.items():
        fields = {field.slot: field for field in layout(name).fields}
        # The rarest first; what takes on another form gives its own up, so that none is missed.
        for i, slots in enumerate(forms):
            others = [
                tuple(fields[slot] for slot in sorted(other - slots))
                for other in forms[i + 1 :]
                if slots < other and all(fields[s].shape is Shape.SCALAR for s in other - slots)
            ]
            if not others:
                continue
            best = min(others, key=lambda added: sum(field.width for field in added))
            own = sum(fields[slot].inline_bytes for slot in slots)
            longer = _padded(own + sum(field.width for field in best)) - _padded(own)
            if counts[name, slots] * longer < _WORD + 2 * (max(slots, default=-1) + 1):
                found[name, slots] = best
    return found


def _count(name: str, record: object, counts: Counter[Form]) -> None:
    if not getattr(record, "unknown_fields", ()):
        counts[form_of(name, record)] += 1
    for field in layout(name).fields:
        if field.shape not in _NESTED:
            continue
        value = getattr(record, field.name)
        for child in value if isinstance(value, tuple) else (value,):
            if child is not None and not isinstance(child, UnknownTable):
                _count(type(child).__name__, child, counts)


def _padded(size: int) -> int:
    return -(-size // _WORD) * _WORD
