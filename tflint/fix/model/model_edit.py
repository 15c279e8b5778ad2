"""A model under change: operators taken out, put in, replaced, and tensors led elsewhere.

    edit = ModelEdit(model)
    graph = edit.graph(0)
    graph.read_instead(node.outputs[0].index, node.inputs[0].index)
    graph.remove(node.index)
    changed = edit.finish()

Operators and tensors are known by their indices in the model as it was, for as long as the edit
lasts. `finish` takes out the tensors, buffers and operator codes that the edit left without a use
(and only these, unless `drop_unused` says otherwise), and renumbers what refers to them. Whatever
is not touched, unknown fields and options included, is carried over as it is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tflint.fix.model.renumbering import (
    like,
    signature_tensors,
    used_tensors,
    with_plan,
    without_orphans,
)
from tflint.model.record import ABSENT, Record, UnknownTable
from tflint.model.schema import BUILTIN_OPERATORS, TensorType
from tflint.model.tables import (
    CUSTOM,
    PLACEHOLDER_FOR_GREATER_OP_CODES,
    Buffer,
    Model,
    Operator,
    OperatorCode,
    QuantizationParameters,
    SubGraph,
    Tensor,
)


class ModelEdit:
    """Changes to one model, whose indices are all in range (`dangling_indices` finds none)."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.buffers = list(model.buffers) or [Buffer()]
        self._codes = list(model.operator_codes)
        self._graphs = [GraphEdit(self, graph) for graph in model.subgraphs]
        self._dropped_metadata: frozenset[int] = frozenset()
        self._drops_unused = False

    def graph(self, index: int) -> GraphEdit:
        """The edit of one subgraph."""
        return self._graphs[index]

    def add_buffer(self, data: bytes | memoryview) -> int:
        """A new buffer with these bytes; returns its index. Buffers may be shared: none changes."""
        self.buffers.append(Buffer(data))
        return len(self.buffers) - 1

    def code(self, index: int) -> OperatorCode:
        """An operator's code, new ones included."""
        return self._codes[index]

    def operator_code(self, name: str, version: int = 1) -> int:
        """The index of a builtin operator's code, entered into the table when it is new.

        Raises `ValueError` for a name that the schema does not know.
        """
        if name not in BUILTIN_OPERATORS:
            raise ValueError(f"{name} is no builtin operator")
        code = BUILTIN_OPERATORS.index(name)
        for index, known in enumerate(self._codes):
            if known.code == code != CUSTOM and known.version == version:
                return index
        self._codes.append(
            OperatorCode(
                deprecated_builtin_code=min(code, PLACEHOLDER_FOR_GREATER_OP_CODES),
                version=version,
                builtin_code=code,
            )
        )
        return len(self._codes) - 1

    def drop_metadata(self, indices: Iterable[int]) -> None:
        """Take entries out of the metadata, with the buffers that only they have."""
        self._dropped_metadata |= frozenset(indices)

    def drop_unused(self) -> None:
        """Let `finish` also take out buffers (but the first) and codes that had no use before."""
        self._drops_unused = True

    def finish(self) -> Model:
        """The changed model. Its `file_bytes` is 0: it is not from a file."""
        model = self.model
        kept = [graph.kept_tensors() for graph in self._graphs]
        places = [{old: new for new, old in enumerate(indices)} for indices in kept]
        subgraphs = [
            graph.finish(indices, place)
            for graph, indices, place in zip(self._graphs, kept, places, strict=True)
        ]
        signatures = [
            dataclasses.replace(
                signature,
                inputs=self._maps(signature.inputs, signature.subgraph_index, places),
                outputs=self._maps(signature.outputs, signature.subgraph_index, places),
            )
            for signature in model.signature_defs
        ]
        changed = dataclasses.replace(
            model,
            subgraphs=like(model.subgraphs, subgraphs),
            signature_defs=like(model.signature_defs, signatures),
            buffers=like(model.buffers, self.buffers),
            operator_codes=like(model.operator_codes, self._codes),
            file_bytes=0,
        )
        if self._dropped_metadata:
            entries = enumerate(model.metadata)
            left = tuple(entry for i, entry in entries if i not in self._dropped_metadata)
            changed = dataclasses.replace(changed, metadata=left or ABSENT)
        if any(graph.is_changed for graph in self._graphs):
            may_stay = not any(graph.moves_lifetimes for graph in self._graphs)
            changed = with_plan(changed, model, kept, may_stay=may_stay)
        return without_orphans(changed, model, everything=self._drops_unused)

    def _maps(self, maps: Sequence[Any], subgraph: int, places: list[dict[int, int]]) -> Any:
        graph, place = self._graphs[subgraph], places[subgraph]
        return like(
            maps,
            [
                dataclasses.replace(entry, tensor_index=place[graph.seen_as(entry.tensor_index)])
                for entry in maps
            ],
        )


class GraphEdit:
    """Changes to one subgraph. Tensors are indices, new ones behind those that were there."""

    def __init__(self, owner: ModelEdit, graph: SubGraph) -> None:
        self._owner = owner
        self._graph = graph
        self.tensors = list(graph.tensors)
        self.inputs = list(graph.inputs)
        self.outputs = list(graph.outputs)
        self.original_tensors = len(graph.tensors)
        self.is_changed = False
        # Whether tensors may live at other times than before.
        self.moves_lifetimes = False
        self._operators: list[Operator | None] = list(graph.operators)
        self._before: dict[int, list[Operator | None]] = {}
        self._after: dict[int, list[Operator | None]] = {}
        self._order: list[int] | None = None
        self._instead: dict[int, int] = {}
        self._used = used_tensors(owner.model, graph)

    # Tensors

    def tensor(self, index: int) -> Tensor:
        """A tensor as it is now."""
        return self.tensors[index]

    def change_tensor(self, index: int, **fields: Any) -> None:
        """Give fields of a tensor other values."""
        self.is_changed = True
        self.tensors[index] = dataclasses.replace(self.tensors[index], **fields)

    def add_tensor(
        self,
        shape: Sequence[int],
        type: TensorType,
        quantization: QuantizationParameters | None = None,
        *,
        name: str | None = None,
        data: bytes | memoryview | None = None,
    ) -> int:
        """A new tensor, with `data` a constant in a buffer of its own; returns its index."""
        self.is_changed = True
        buffer = 0 if data is None else self._owner.add_buffer(data)
        self.tensors.append(
            Tensor(
                shape=tuple(shape), type=type, buffer=buffer, name=name, quantization=quantization
            )
        )
        return len(self.tensors) - 1

    def set_data(self, index: int, data: bytes | memoryview, **fields: Any) -> None:
        """Make a tensor a constant with these data, whatever else refers to its old buffer."""
        self.change_tensor(index, buffer=self._owner.add_buffer(data), **fields)

    def read_instead(self, old: int, new: int) -> None:
        """Let every operator that reads `old` read `new`.

        An output of the subgraph is no reader: see `write_instead`. Applies to the operators as
        they are now, not to those that are put in or replaced later.
        """
        self.lead({old: new})

    def write_instead(self, old: int, new: int) -> None:
        """Let every operator that writes `old` write `new`, and every reader of `old` read it.

        So an output `new` of the subgraph keeps its name, type and place when the operator that
        made it from `old` is taken out.
        """
        self.lead({old: new}, {old: new})

    def lead(self, reads: Mapping[int, int], writes: Mapping[int, int] | None = None) -> None:
        """`read_instead` for many tensors at once, and `write_instead` where `writes` has them."""
        self.is_changed = self.moves_lifetimes = True
        written = writes or {}
        for operators in self._lists():
            for place, operator in enumerate(operators):
                if operator is None:
                    continue
                inputs = tuple(reads.get(index, index) for index in operator.inputs)
                outputs = tuple(written.get(index, index) for index in operator.outputs)
                if inputs != tuple(operator.inputs) or outputs != tuple(operator.outputs):
                    operators[place] = dataclasses.replace(
                        operator,
                        inputs=like(operator.inputs, inputs),
                        outputs=like(operator.outputs, outputs),
                    )

    def output_instead(self, old: int, new: int) -> None:
        """Make `new` an output of the subgraph in place of `old`, in signatures too."""
        self.is_changed = self.moves_lifetimes = True
        self.outputs = [new if index == old else index for index in self.outputs]
        self._instead[old] = new

    def input_instead(self, old: int, new: int) -> None:
        """Make `new` an input of the subgraph in place of `old`, in signatures too."""
        self.is_changed = self.moves_lifetimes = True
        self.inputs = [new if index == old else index for index in self.inputs]
        self._instead[old] = new

    def seen_as(self, index: int) -> int:
        """The tensor that signatures name where they named `index`."""
        return self._instead.get(index, index)

    # Operators

    def operator(self, index: int) -> Operator:
        """An operator as it is now. Raises `LookupError` for one that was taken out."""
        found = self._operators[index]
        if found is None:
            raise LookupError(f"operator {index} was taken out")
        return found

    def change_operator(self, index: int, **fields: Any) -> None:
        """Give fields of an operator other values: `inputs`, `outputs`, `builtin_options`, ..."""
        self.is_changed = self.moves_lifetimes = True
        self._operators[index] = dataclasses.replace(self.operator(index), **fields)

    def change_version(self, index: int, version: int) -> None:
        """Give a builtin operator another version, where that is not its own."""
        code = self._owner.code(self.operator(index).opcode_index)
        if code.version != version and not code.is_custom:
            self.change_operator(index, opcode_index=self._owner.operator_code(code.name, version))

    def remove(self, index: int) -> None:
        """Take an operator out. What it made must be made or read elsewhere by the end."""
        self.is_changed = self.moves_lifetimes = True
        self._operators[index] = None

    def replace(
        self,
        index: int,
        name: str,
        inputs: Sequence[int],
        outputs: Sequence[int],
        options: Record | UnknownTable | None = None,
        *,
        version: int = 1,
    ) -> None:
        """Put a builtin operator in the place of another."""
        self.is_changed = self.moves_lifetimes = True
        self._operators[index] = self._new(name, inputs, outputs, options, version)

    def insert_before(
        self,
        index: int,
        name: str,
        inputs: Sequence[int],
        outputs: Sequence[int],
        options: Record | UnknownTable | None = None,
        *,
        version: int = 1,
    ) -> None:
        """Put a builtin operator right before operator `index`, behind those put there earlier.

        `index` may be the number of operators: then it goes to the end.
        """
        self.is_changed = self.moves_lifetimes = True
        operator = self._new(name, inputs, outputs, options, version)
        self._before.setdefault(index, []).append(operator)

    def insert_after(
        self,
        index: int,
        name: str,
        inputs: Sequence[int],
        outputs: Sequence[int],
        options: Record | UnknownTable | None = None,
        *,
        version: int = 1,
    ) -> None:
        """Put a builtin operator right behind operator `index` and those put there earlier."""
        self.is_changed = self.moves_lifetimes = True
        operator = self._new(name, inputs, outputs, options, version)
        self._after.setdefault(index, []).append(operator)

    def reorder(self, order: Sequence[int]) -> None:
        """Run the operators in this order of their indices, which must name each once."""
        self.is_changed = self.moves_lifetimes = True
        self._order = list(order)

    def _new(
        self,
        name: str,
        inputs: Sequence[int],
        outputs: Sequence[int],
        options: Record | UnknownTable | None,
        version: int,
    ) -> Operator:
        return Operator(
            opcode_index=self._owner.operator_code(name, version),
            inputs=tuple(inputs),
            outputs=tuple(outputs),
            builtin_options=options,
        )

    def _lists(self) -> Iterator[list[Operator | None]]:
        yield self._operators
        yield from self._before.values()
        yield from self._after.values()

    def _running(self) -> Iterator[Operator]:
        """The operators in the order in which they run."""
        count = len(self._operators)
        for index in [*(self._order or range(count)), count]:
            here = self._operators[index : index + 1]
            for operator in (*self._before.get(index, ()), *here, *self._after.get(index, ())):
                if operator is not None:
                    yield operator

    def drop_tensor(self, index: int) -> None:
        """Take a tensor out if nothing uses it at the end, though nothing did before."""
        self.is_changed = True
        self._used.add(index)

    def drop_unused(self) -> None:
        """Keep no tensor that nothing uses at the end, whether it was used before or not."""
        everything = set(range(self.original_tensors))
        self.is_changed |= self._used < everything
        self._used = everything

    # The result

    def kept_tensors(self) -> list[int]:
        """The tensors that stay: those in use now, and those that had no use before."""
        used = {*self.inputs, *self.outputs, *self._named()}
        for operator in self._running():
            used.update(operator.inputs, operator.outputs, operator.intermediates)
        return [
            index
            for index in range(len(self.tensors))
            if index in used or (index < self.original_tensors and index not in self._used)
        ]

    def _named(self) -> Iterator[int]:
        for index in signature_tensors(self._owner.model, self._graph):
            yield self.seen_as(index)

    def finish(self, kept: Sequence[int], place: dict[int, int]) -> SubGraph:
        """The changed subgraph, its tensors renumbered."""

        def renumbered(indices: Iterable[int]) -> tuple[int, ...]:
            return tuple(place[index] if index >= 0 else index for index in indices)

        operators = [
            dataclasses.replace(
                operator,
                inputs=like(operator.inputs, renumbered(operator.inputs)),
                outputs=like(operator.outputs, renumbered(operator.outputs)),
                intermediates=like(operator.intermediates, renumbered(operator.intermediates)),
            )
            for operator in self._running()
        ]
        graph = self._graph
        return dataclasses.replace(
            graph,
            tensors=like(graph.tensors, [self.tensors[index] for index in kept]),
            inputs=like(graph.inputs, renumbered(self.inputs)),
            outputs=like(graph.outputs, renumbered(self.outputs)),
            operators=like(graph.operators, operators),
        )
