"""Values that are one and the same: which tensor stands for them once operators are left out."""

from __future__ import annotations

from tflint.fix.model.model_edit import GraphEdit
from tflint.model.graph import Graph, Value


class Aliases:
    """What is read, and written, in place of tensors of one graph, collected and then applied.

    Any number of them costs one walk over the operators.
    """

    def __init__(self, graph: Graph) -> None:
        self._values = graph.values
        self._read: dict[int, int] = {}
        self._written: dict[int, int] = {}

    def tensor(self, index: int) -> int:
        """The tensor that stands for this one now."""
        path = []
        while index in self._read:
            path.append(index)
            index = self._read[index]
        for passed in path:
            self._read[passed] = index
        return index

    def bypass(self, x: Value, y: Value) -> bool:
        """Let `x` be read in place of `y`, whose operator is to be taken out.

        An output `y` keeps its place: the operator that makes `x` makes it. Returns whether
        that can be: the subgraph's inputs and outputs have to stay what they are.
        """
        source = self.tensor(x.index)
        if source == y.index:
            return False
        if not y.is_output:
            self._read[y.index] = source
            return True
        value = self._values[source]
        if value.is_input or value.is_output or value.producer is None:
            return False
        self._read[source] = self._written[source] = y.index
        return True

    def apply(self, edit: GraphEdit) -> None:
        """Lead the operators, as they are now, to the tensors that stand for others."""
        if self._read:
            edit.lead({index: self.tensor(index) for index in list(self._read)}, self._written)
