"""Who alone makes and who alone reads a value: what a rewrite has to know before it moves one."""

from __future__ import annotations

from collections import Counter

from tflint.model.graph import Graph, Node, Value


class Dataflow:
    """How often each value of a graph is written and read, counted in one walk.

    `Value.producer` and `Value.consumers` are the last writer and the readers without
    repetition; a file may have several writers of a value, or read it before it is made.
    """

    __slots__ = ("_reads", "_writes")

    def __init__(self, graph: Graph) -> None:
        self._writes: Counter[int] = Counter()
        self._reads: Counter[int] = Counter()
        for node in graph.nodes:
            for value in node.outputs:
                self._writes[value.index] += 1
            for read in node.inputs:
                if read is not None:
                    self._reads[read.index] += 1

    def is_stable(self, value: Value) -> bool:
        """Whether the value is the same wherever it is read: written once, or only given."""
        given = value.is_input or value.data is not None
        return self._writes[value.index] == (0 if given else 1) and not value.tensor.is_variable

    def maker(self, value: Value) -> Node | None:
        """The one operator that makes a value; None for inputs, constants and variables."""
        if value.is_input or value.data is not None or not self.is_stable(value):
            return None
        return value.producer

    def sole_reader(self, value: Value) -> Node | None:
        """The operator that alone reads what one operator before it makes.

        None when the value is an input or output of the graph, or is read twice, or when
        the reader does not come after the maker.
        """
        if value.is_output or self._reads[value.index] != 1:
            return None
        maker = self.maker(value)
        if maker is None or not value.consumers:
            return None
        reader = value.consumers[0]
        return reader if reader.index > maker.index else None

    def reads(self, value: Value) -> int:
        """How many inputs of operators read the value."""
        return self._reads[value.index]
