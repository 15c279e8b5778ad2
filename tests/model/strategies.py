"""Random model trees, straight from the wire layouts: every table, field and union member."""

from __future__ import annotations

import struct

from hypothesis import strategies as st

from tflint.model.record import ABSENT, UnknownTable
from tflint.model.schema import UNIONS
from tflint.model.tables import Model
from tflint.model.wire import Field, Shape, class_of, layout

INTEGERS = {
    code: (
        -(2 ** (8 * struct.calcsize(code) - 1)) if code.islower() else 0,
        2 ** (8 * struct.calcsize(code) - code.islower()) - 1,
    )
    for code in "bBhHiIqQ"
}
# Decoded the way the reader does it, so that any bytes can be a name.
texts = st.one_of(
    st.text(max_size=12).filter(lambda text: text.isprintable()),
    st.binary(max_size=12).map(lambda raw: raw.decode("utf-8", "surrogateescape")),
)


def numbers(format: str) -> st.SearchStrategy[int | float | bool]:
    """Any number that a field of this format holds. NaN is left out: it equals nothing."""
    code = format[-1]
    if code == "?":
        return st.booleans()
    if code in "fd":
        return st.floats(width=32 if code == "f" else 64, allow_nan=False)
    return st.integers(*INTEGERS[code])


def vectors(elements: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """A vector that is not in the file, or one that is."""
    return st.one_of(st.just(ABSENT), st.lists(elements, max_size=3).map(tuple))


def values(table: str, field: Field) -> st.SearchStrategy[object]:
    """Anything that this field may hold."""
    if table in ("Buffer", "Operator") and field.format == "<Q":
        # Offsets behind the flatbuffer have to lead somewhere; 0 and 1 lead nowhere.
        return st.integers(0, 1)
    if field.shape is Shape.SCALAR:
        found = numbers(field.format)
        return found.map(field.enum) if field.enum else found
    if field.shape is Shape.STRING:
        return st.none() | texts
    if field.shape is Shape.BYTES:
        return st.none() | st.binary(max_size=20)
    if field.shape is Shape.SCALARS:
        return vectors(numbers(field.format))
    if field.shape is Shape.TABLE:
        return st.none() | tables(field.refers_to)
    if field.shape is Shape.TABLES:
        return vectors(tables(field.refers_to))
    assert field.shape is Shape.UNION
    members = UNIONS[field.refers_to]
    unknown = st.integers(len(members), 255).map(UnknownTable)
    return st.none() | unknown | st.sampled_from(members[1:]).flatmap(tables)


def tables(table: str) -> st.SearchStrategy[object]:
    """Any record of this table. Most fields keep their defaults, as they do in models."""
    fields = {field.name: _deferred(table, field) for field in layout(table).fields}
    return st.fixed_dictionaries({}, optional=fields).map(lambda chosen: class_of(table)(**chosen))


def _deferred(table: str, field: Field) -> st.SearchStrategy[object]:
    return st.deferred(lambda: values(table, field))


@st.composite
def models(draw: st.DrawFn) -> Model:
    """Any model that the reader accepts."""
    optional = {
        field.name: values("Model", field)
        for field in layout("Model").fields
        if field.name not in ("version", "subgraphs")
    }
    chosen = draw(st.fixed_dictionaries({}, optional=optional))
    subgraphs = draw(st.lists(tables("SubGraph"), min_size=1, max_size=2))
    model = class_of("Model")(version=3, subgraphs=tuple(subgraphs), **chosen)
    assert isinstance(model, Model)
    return model
