"""What changed from one model to another: interface, operators, constants, properties.

Time is proportional to the size of the two files, except for the alignment of operators,
whose work is bounded.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tflint.model.alignment import Alignment, Budget, Item, align
from tflint.model.changes import (
    Change,
    ConstantChange,
    ConstantPlace,
    CountChange,
    InterfaceChange,
    ModelChanges,
    OperatorChange,
    OperatorPlace,
    Place,
)
from tflint.model.cost import macs
from tflint.model.facets import (
    TensorFacets,
    compared,
    identity_of,
    shape_text,
    signature_facet,
)
from tflint.model.graph import Graph, Node, Value, graphs
from tflint.model.operator_changes import Pairs, operator_fields
from tflint.model.properties import changed_properties
from tflint.model.tables import Model
from tflint.printable import printable

# An operator may have as many outputs as the file has room for.
_SHOWN_OUTPUTS = 3


def compare(before: Model, after: Model) -> ModelChanges:
    """The changes from one model to another.

    Both must be free of dangling indices and absurd ranks, as for `graph.graphs`. A model
    without subgraphs stands for none: everything is added, or removed.
    """
    return _Comparison(before, after).changes()


@dataclass
class _Found:
    """What has been found so far."""

    interface: list[InterfaceChange] = field(default_factory=list)
    operators: list[OperatorChange] = field(default_factory=list)


class _Comparison:
    """Goes over the pairs of subgraphs, then over what the tensors in them have become."""

    def __init__(self, before: Model, after: Model) -> None:
        self.models = before, after
        self.graphs = graphs(before), graphs(after)
        self.pairs = Pairs(before, after, self.graphs)
        self.found = _Found()

    def changes(self) -> ModelChanges:
        budget = Budget()
        for old, new in _paired_subgraphs(*self.graphs):
            self._compare_interface(old, new)
            before, after = old.nodes if old else (), new.nodes if new else ()
            numbers: dict[object, int] = {}
            aligned = align(
                [_item(node, numbers) for node in before],
                [_item(node, numbers) for node in after],
                budget,
            )
            self._compare_operators(before, after, aligned)
        constants = sorted(
            self._constants(), key=lambda c: (-c.bytes, c.change.value, _place_of(c))
        )
        return ModelChanges(
            interface=tuple(self.found.interface),
            operators=tuple(self.found.operators),
            counts=tuple(_counts(*self.graphs)),
            constants=tuple(constants),
            properties=tuple(changed_properties(*self.models)),
            renamed=self._renamed(),
            operators_before={new: old for old, new in self.pairs.operators.items()},
        )

    def _compare_interface(self, old: Graph | None, new: Graph | None) -> None:
        graph = new or old
        assert graph is not None
        # A model that is new breaks nothing.
        is_called = graph.index == 0 and None not in (old, new)
        ends = (
            ("input", old.inputs if old else (), new.inputs if new else ()),
            ("output", old.outputs if old else (), new.outputs if new else ()),
        )
        for kind, before, after in ends:
            for position in range(max(len(before), len(after))):
                left = before[position] if position < len(before) else None
                right = after[position] if position < len(after) else None
                change = self._end_point(kind, position, left, right)
                if change is not None:
                    breaking = change.breaking and is_called
                    self.found.interface.append(dataclasses.replace(change, breaking=breaking))

    def _end_point(
        self, kind: str, position: int, left: Value | None, right: Value | None
    ) -> InterfaceChange | None:
        pairs = self.pairs
        fields = []
        end = right or left
        assert end is not None
        change = Change.REMOVED if right is None else Change.ADDED
        breaking = True
        if left is not None and right is not None:
            change = Change.CHANGED
            pairs.pair(left, right)
            fields = pairs.tensor_fields(left, right)
            breaking = bool(fields)
            fields += compared([signature_facet(left)], [signature_facet(right)])
            fields += pairs.name_field(left, right)
            if not fields:
                return None
        return InterfaceChange(
            kind=kind,
            subgraph=end.subgraph,
            position=position,
            change=change,
            breaking=breaking,
            before=None if left is None else pairs.before.end_point(left),
            after=None if right is None else pairs.after.end_point(right),
            fields=tuple(fields),
        )

    def _compare_operators(
        self, before: Sequence[Node], after: Sequence[Node], aligned: Alignment
    ) -> None:
        """The changes in the order of the later model, what was removed where it stood."""
        matched = dict((*aligned.kept, *aligned.moved))
        for i, j in matched.items():
            self.pairs.pair_operators(before[i], after[j])
        moved = {j for _, j in aligned.moved}
        old_of = {j: i for i, j in matched.items()}
        removed = [i for i in range(len(before)) if i not in matched]
        done = 0
        for j, node in enumerate(after):
            i = old_of.get(j, -1)
            while j not in moved and done < len(removed) and removed[done] < i:
                self._only(before[removed[done]], Change.REMOVED)
                done += 1
            if i < 0:
                self._only(node, Change.ADDED)
            else:
                self._both(before[i], node, moved=j in moved)
        for i in removed[done:]:
            self._only(before[i], Change.REMOVED)

    def _both(self, old: Node, new: Node, *, moved: bool) -> None:
        fields = operator_fields(self.pairs, old, new)
        if fields or moved:
            self.found.operators.append(
                OperatorChange(
                    Change.MOVED if moved else Change.CHANGED,
                    printable(new.name),
                    operator_place(old),
                    operator_place(new),
                    tuple(fields),
                )
            )

    def _only(self, node: Node, change: Change) -> None:
        place = operator_place(node)
        old, new = (None, place) if change is Change.ADDED else (place, None)
        self.found.operators.append(OperatorChange(change, printable(node.name), old, new))

    def _constants(self) -> Iterator[ConstantChange]:
        """Constants with other values, and those that have no counterpart on the other side."""
        pairs = self.pairs
        for left, right in pairs.constants.values():
            # Of other shapes and types is said at the operator.
            alike = left.type is right.type and left.shape == right.shape
            if alike and not pairs.same_data(left, right) and not pairs.are_arguments(left, right):
                yield ConstantChange(Change.CHANGED, constant_place(left), constant_place(right))
        old = self._unpaired(self.graphs[0], pairs.before, pairs.paired_before)
        new = self._unpaired(self.graphs[1], pairs.after, pairs.paired_after)
        for key in old.keys() | new.keys():
            # The same data, elsewhere: neither new nor gone.
            both = min(len(old.get(key, ())), len(new.get(key, ())))
            for value in old.get(key, [])[both:]:
                yield ConstantChange(Change.REMOVED, constant_place(value), None)
            for value in new.get(key, [])[both:]:
                yield ConstantChange(Change.ADDED, None, constant_place(value))

    def _unpaired(
        self, side: Sequence[Graph], facets: TensorFacets, paired: set[Place]
    ) -> dict[object, list[Value]]:
        """The constants that were not met in pairs, by what they hold."""
        found: dict[object, list[Value]] = {}
        for graph in side:
            for value in graph.values:
                if value.is_constant and (value.subgraph, value.index) not in paired:
                    shape = identity_of(value.shape)
                    found.setdefault((facets.digest(value), shape, value.type), []).append(value)
        return found

    def _renamed(self) -> int:
        """Tensors whose name alone says that they are others. Interfaces say it themselves."""
        return sum(
            left.name != right.name
            and not (left.is_input or left.is_output or right.is_input or right.is_output)
            for left, right in self.pairs.tensors.values()
        )


def _paired_subgraphs(
    before: Sequence[Graph], after: Sequence[Graph]
) -> Iterator[tuple[Graph | None, Graph | None]]:
    """Subgraphs by their number: it is what operators call them by."""
    for index in range(max(len(before), len(after))):
        yield (
            before[index] if index < len(before) else None,
            after[index] if index < len(after) else None,
        )


def _item(node: Node, numbers: dict[object, int]) -> Item:
    """What an operator is known by when it is looked for in the other model."""
    names = tuple(value.name for value in node.outputs)
    shapes = tuple(value.shape for value in node.outputs)
    inputs = tuple(None if value is None else value.shape for value in node.inputs)
    types = tuple(
        -1 if value is None else int(value.type) for value in (*node.inputs, *node.outputs)
    )
    options = identity_of(node.options)
    found: tuple[object, ...] = (
        names if all(names) and names else None,
        (inputs, shapes, types, options),
        (inputs, shapes),
        shapes,
    )
    return Item(
        node.name,
        tuple(
            None if key is None else numbers.setdefault((level, key), len(numbers))
            for level, key in enumerate(found)
        ),
        identity_of((node.name, *found)),
    )


def _counts(before: Sequence[Graph], after: Sequence[Graph]) -> Iterator[CountChange]:
    old, new = (
        Counter(node.name for graph in side for node in graph.nodes) for side in (before, after)
    )
    for name in sorted(old.keys() | new.keys()):
        if old[name] != new[name]:
            yield CountChange(printable(name), old[name], new[name])


def operator_place(node: Node) -> OperatorPlace:
    """Where an operator is and what it makes."""
    shown = [
        f"{shape_text(value.shape)} {value.type.name}" for value in node.outputs[:_SHOWN_OUTPUTS]
    ]
    more = len(node.outputs) - len(shown)
    if more:
        shown.append(f"{more:,} more")
    return OperatorPlace(node.subgraph, node.index, printable(", ".join(shown), 400), macs(node))


def constant_place(value: Value) -> ConstantPlace:
    """A constant and what it is."""
    return ConstantPlace(
        subgraph=value.subgraph,
        index=value.index,
        name=printable(value.name),
        shape=shape_text(value.shape),
        type=printable(value.type.name),
        bytes=value.bytes,
    )


def _place_of(change: ConstantChange) -> Place:
    place = change.after or change.before
    return (place.subgraph, place.index) if place else (0, 0)
