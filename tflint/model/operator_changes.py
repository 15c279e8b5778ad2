"""What differs between two operators that were found to be the same one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tflint.model.changes import FieldChange, Place
from tflint.model.facets import TensorFacets, compared, identity_of, option_facets, value_text
from tflint.model.graph import Graph, Node, Value
from tflint.model.tables import Model
from tflint.printable import printable

# Constants of this many integers are arguments (axes, shapes, paddings) and shown as they are.
_ARGUMENT_ELEMENTS = 16


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value comes from: output `position` of an operator, input `position` of the
    subgraph, a constant, or nothing that would write it.
    """

    kind: str
    position: int = 0
    operator: Place | None = None


OPERATOR, INPUT, CONSTANT, NOTHING = "operator", "input", "constant", "nothing"


def sources(side: Iterable[Graph]) -> dict[Place, Source]:
    """Where the values come from that an operator or the application writes."""
    found: dict[Place, Source] = {}
    for graph in side:
        for position, value in enumerate(graph.inputs):
            found[graph.index, value.index] = Source(INPUT, position)
        for node in graph.nodes:
            for position, value in enumerate(node.outputs):
                place = (graph.index, node.index)
                found[graph.index, value.index] = Source(OPERATOR, position, place)
    return found


class Pairs:
    """Which operator and which tensor of one model are which of the other.

    A tensor belongs to the first one it was met with. Constants may be shared: in `constants`
    is each with every one that stands in its place.
    """

    def __init__(
        self, before: Model, after: Model, graphs: tuple[Sequence[Graph], Sequence[Graph]]
    ) -> None:
        self.before = TensorFacets(before)
        self.after = TensorFacets(after)
        self.operators: dict[Place, Place] = {}
        self.tensors: dict[Place, tuple[Value, Value]] = {}
        self.constants: dict[tuple[Place, Place], tuple[Value, Value]] = {}
        self.paired_before: set[Place] = set()
        self.paired_after: set[Place] = set()
        self._operators_after: set[Place] = set()
        self._sources = sources(graphs[0]), sources(graphs[1])

    def pair(self, left: Value, right: Value) -> None:
        """Note that these are the same tensor, unless one is known to be another."""
        old, new = (left.subgraph, left.index), (right.subgraph, right.index)
        if old not in self.paired_before and new not in self.paired_after:
            self.tensors[old] = left, right
        self.paired_before.add(old)
        self.paired_after.add(new)
        if left.is_constant and right.is_constant:
            self.constants[old, new] = left, right

    def pair_operators(self, old: Node, new: Node) -> None:
        """Note that these are the same operator, and so are what they make and the constants."""
        self.operators[old.subgraph, old.index] = new.subgraph, new.index
        self._operators_after.add((new.subgraph, new.index))
        for left, right in zip(old.outputs, new.outputs, strict=False):
            self.pair(left, right)
        for before, after in zip(old.inputs, new.inputs, strict=False):
            if before is not None and after is not None:
                if before.is_constant and after.is_constant:
                    self.pair(before, after)

    def tensor_fields(self, left: Value, right: Value, slot: str = "") -> list[FieldChange]:
        """The properties in which two tensors differ."""
        return compared(self.before.of(left), self.after.of(right), slot)

    def name_field(self, left: Value, right: Value) -> list[FieldChange]:
        """Their names, where these differ."""
        if left.name == right.name:
            return []
        return [FieldChange("name", printable(left.name), printable(right.name))]

    def same_data(self, left: Value, right: Value) -> bool:
        """Whether two constants hold the same bytes."""
        if left.bytes != right.bytes:
            return False
        return self.before.digest(left) == self.after.digest(right)

    def are_arguments(self, left: Value, right: Value) -> bool:
        """Whether two constants are few plain integers: an axis, a shape, paddings."""
        return _is_argument(left) and _is_argument(right)

    def source_before(self, value: Value) -> Source:
        """Where a value of the earlier model comes from."""
        return _source(value, self._sources[0])

    def source_after(self, value: Value) -> Source:
        """Where a value of the later model comes from."""
        return _source(value, self._sources[1])

    def is_known(self, old: Source, new: Source) -> bool:
        """Whether what makes them is in both models."""
        return (old.operator is None or old.operator in self.operators) and (
            new.operator is None or new.operator in self._operators_after
        )

    def corresponds(self, old: Source, new: Source) -> bool:
        """Whether they are the same place, if both are known."""
        if (old.kind, old.position) != (new.kind, new.position):
            return False
        return old.operator is None or self.operators.get(old.operator) == new.operator


def _source(value: Value, known: dict[Place, Source]) -> Source:
    if value.is_constant:
        return Source(CONSTANT)
    return known.get((value.subgraph, value.index), Source(NOTHING))


def operator_fields(pairs: Pairs, old: Node, new: Node) -> list[FieldChange]:
    """What differs, besides names and the values of weights.

    What an operator reads is compared where it is made; here only if it is a constant, or
    made by something that is not in the other model.
    """
    found: list[FieldChange] = []
    if old.code.version != new.code.version:
        found.append(FieldChange("version", str(old.code.version), str(new.code.version)))
    found += _option_fields(old, new)
    found += _count_field("inputs", len(old.inputs), len(new.inputs))
    found += _count_field("outputs", len(old.outputs), len(new.outputs))
    for position, (before, after) in enumerate(zip(old.inputs, new.inputs, strict=False)):
        found += _input_fields(pairs, before, after, f"input {position}")
    for position, (left, right) in enumerate(zip(old.outputs, new.outputs, strict=False)):
        # What the application sees is said of the interface.
        if not (left.is_output and right.is_output):
            found += pairs.tensor_fields(left, right, f"output {position}")
    return found


def _option_fields(old: Node, new: Node) -> Iterator[FieldChange]:
    left, right = option_facets(old.options), option_facets(new.options)
    if type(old.options) is type(new.options):
        yield from compared(left, right)
    else:
        yield FieldChange("options", _options_text(old), _options_text(new))
    before, after = old.operator.custom_options or b"", new.operator.custom_options or b""
    if bytes(before) != bytes(after):
        others = " (other values)" if len(before) == len(after) else ""
        yield FieldChange(
            "custom options", f"{len(before):,} bytes", f"{len(after):,} bytes{others}"
        )
    for name in ("mutating_variable_inputs", "intermediates", "unknown_fields"):
        one, other = getattr(old.operator, name), getattr(new.operator, name)
        # Intermediates are tensors by their number, which says nothing in another model.
        same = (
            len(one) == len(other)
            if name == "intermediates"
            else identity_of(one) == identity_of(other)
        )
        if not same:
            yield FieldChange(name.replace("_", " "), value_text(one), value_text(other))


def _options_text(node: Node) -> str:
    """What an operator's options are called."""
    return "none" if node.options is None else value_text(node.options)


def _count_field(name: str, before: int, after: int) -> Iterator[FieldChange]:
    if before != after:
        yield FieldChange(name, f"{before:,}", f"{after:,}")


def _input_fields(
    pairs: Pairs, before: Value | None, after: Value | None, slot: str
) -> list[FieldChange]:
    if before is None or after is None:
        return [] if before is after else _other_source(pairs, before, after, slot)
    if before.is_constant and after.is_constant:
        fields = pairs.tensor_fields(before, after, slot)
        if pairs.are_arguments(before, after) and not pairs.same_data(before, after):
            fields.append(FieldChange("values", _values_text(before), _values_text(after), slot))
        return fields
    old, new = pairs.source_before(before), pairs.source_after(after)
    if not pairs.is_known(old, new):
        # What it is read from was added or removed, which is said of itself.
        return pairs.tensor_fields(before, after, slot)
    if pairs.corresponds(old, new):
        # What nothing makes is compared nowhere else: the state that a variable holds.
        return pairs.tensor_fields(before, after, slot) if old.kind == NOTHING else []
    return _other_source(pairs, before, after, slot)


def _other_source(
    pairs: Pairs, before: Value | None, after: Value | None, slot: str
) -> list[FieldChange]:
    old = "left out" if before is None else _source_text(before, pairs.source_before(before))
    new = "left out" if after is None else _source_text(after, pairs.source_after(after))
    return [FieldChange("source", old, new, slot)]


def _source_text(value: Value, source: Source) -> str:
    if value.is_constant:
        return "a constant"
    if value.producer is not None:
        which = f", output {source.position}" if len(value.producer.outputs) > 1 else ""
        return f"from {printable(value.producer.name, 40)} #{value.producer.index}{which}"
    return f"from input {source.position}" if source.kind == INPUT else "from nothing"


def _values_text(value: Value) -> str:
    return ", ".join(map(str, value.integers() or ())) or "none"


def _is_argument(value: Value) -> bool:
    if value.elements > _ARGUMENT_ELEMENTS or value.quantization is not None:
        return False
    return value.integers() is not None
