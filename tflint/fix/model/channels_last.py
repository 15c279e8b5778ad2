"""Putting plans in the place of operators, in the layout that builtins want.

A value whose channels are behind its batch may be at hand with its channels last as well, its
twin. Operators that are put in read and write twins where they can; a value is made of its twin
only when something is left that reads the value itself.
"""

from __future__ import annotations

from tflint.analysis.dataflow import Dataflow
from tflint.analysis.flex.plan import (
    SUMMED,
    TO_CHANNELS_FIRST,
    TO_CHANNELS_LAST,
    ChannelsLast,
    ChannelsLastOutput,
    Constant,
    Given,
    Made,
    Operand,
    Output,
    Plan,
    Rearranged,
    Result,
    constant,
)
from tflint.analysis.flex.table import equal_builtins, passed_on, with_sources
from tflint.fix.model.flattened_maps import flattened_map, stored_weights, turned_columns
from tflint.fix.model.layout_tensors import ELEMENTWISE, LayoutTensors, New, TooMuch
from tflint.fix.model.model_edit import ModelEdit
from tflint.fix.model.rearranged import RearrangedConstants
from tflint.model.flex import is_flex
from tflint.model.graph import Graph, Node, Value
from tflint.model.schema import ReshapeOptions

Shape = tuple[int, ...]


class LayoutRewrite:
    """The rewriting of one subgraph."""

    def __init__(
        self,
        model: ModelEdit,
        graph: Graph,
        dataflow: Dataflow,
        constants: RearrangedConstants,
    ) -> None:
        edit = model.graph(graph.index)
        self._model = model
        self._edit = edit
        self._constants = constants
        self._graph = graph
        self._dataflow = dataflow
        self._tensors = LayoutTensors(edit, graph, dataflow, constants)
        # The operators that make the twins of values, by their indices.
        self._made_at: dict[int, int] = {}
        # Values that are made instead of others.
        self._renamed: dict[int, int] = {}
        self._new: dict[int, list[New]] = {}
        self._moved: dict[int, tuple[list[int], list[int]]] = {}
        # The operators that have a bias of zeros, by the tensors that they write.
        self._unbiased: dict[int, New] = {}
        self._named: set[int] = set()

    def run(self, named: set[int]) -> int:
        """Rewrite the subgraph, of whose tensors signatures name these; the number of places."""
        self._named = named
        places = 0
        sources = passed_on(self._graph, self._dataflow)
        for node in self._graph.nodes:
            if is_flex(node):
                places += self._replace(with_sources(node, sources))
            elif self._tensors.twins and node.name in ELEMENTWISE:
                self._move(node)
            elif self._tensors.twins and node.name == "FULLY_CONNECTED":
                self._unflatten(node)
        if places:
            self._carry_out()
        return places

    # Operators

    def _replace(self, node: Node) -> bool:
        """Put the builtins that equal a Flex operator in its place, where there are such."""
        at_hand = frozenset(
            position
            for position, value in enumerate(node.inputs)
            if value is not None and self._tensors.has_twin(value)
        )
        plan = equal_builtins(node, at_hand)
        if plan is None:
            return False
        if not plan.steps:
            return self._pass_on(node)
        if node.name == "FlexTranspose" and self._in_other_layout(node):
            return True
        new: list[New] = []
        try:
            if not (plan.is_elementwise and at_hand and self._in_twins(node, plan, new)):
                new.clear()
                self._as_planned(node, plan, new)
        except TooMuch:
            return False
        self._new[node.index] = new
        self._with_bias(node, new)
        if [step.name for step in new if step.name != "DEQUANTIZE"] == ["FULLY_CONNECTED"]:
            self._unflatten(node)
        return True

    def _as_planned(self, node: Node, plan: Plan, new: list[New]) -> None:
        # What there may be too much of comes first: nothing is noted before.
        prepared: dict[int, int] = {}
        for operand in (operand for step in plan.steps for operand in step.inputs):
            if isinstance(operand, Rearranged):
                prepared[id(operand)] = self._tensors.rearranged(node, operand, new)
            elif isinstance(operand, Constant):
                prepared[id(operand)] = self._tensors.stored(operand)
        made: dict[int, int] = {}
        behind: list[New] = []
        for step in plan.steps:
            inputs = [
                prepared[id(operand)]
                if id(operand) in prepared
                else self._operand(node, operand, made, new)
                for operand in step.inputs
            ]
            outputs = [self._result(node, result, made, behind) for result in step.outputs]
            new.append(New(step.name, inputs, outputs, step.options, step.version))
        new += behind

    def _operand(self, node: Node, operand: Operand, made: dict[int, int], new: list[New]) -> int:
        if isinstance(operand, Made):
            return made[operand.index]
        assert isinstance(operand, Given | ChannelsLast)
        value = node.inputs[operand.position]
        assert value is not None
        if isinstance(operand, Given):
            return self._tensors.read(value)
        return self._tensors.twin(value, new)

    def _result(self, node: Node, result: Result, made: dict[int, int], behind: list[New]) -> int:
        if isinstance(result, Made):
            made[result.index] = self._edit.add_tensor(result.shape, result.type)
            return made[result.index]
        value = node.outputs[result.position]
        if isinstance(result, Output):
            return value.index
        twin = self._tensors.new_twin(value)
        if self._dataflow.is_stable(value):
            self._tensors.twins[value.index] = twin
            self._made_at[value.index] = node.index
        else:
            behind.append(self._tensors.turned(twin, value.index, TO_CHANNELS_FIRST, value))
        return twin

    def _in_twins(self, node: Node, plan: Plan, new: list[New]) -> bool:
        """Carry out an elementwise plan with channels last, if all that it reads can be had so."""
        inputs = self._inputs_in_twins(node, new)
        if inputs is None:
            return False
        made: dict[int, int] = {}
        for step in plan.steps:
            operands = []
            for operand in step.inputs:
                if isinstance(operand, Given):
                    operands.append(inputs[operand.position])
                elif isinstance(operand, Constant) and operand.shape == ():
                    operands.append(self._tensors.constant(operand))
                elif isinstance(operand, Made) and operand.index in made:
                    operands.append(made[operand.index])
                else:
                    return False
            outputs = []
            for result in step.outputs:
                if isinstance(result, Made):
                    shape = tuple(result.shape[axis] for axis in TO_CHANNELS_LAST)
                    made[result.index] = self._edit.add_tensor(shape, result.type)
                    outputs.append(made[result.index])
                else:
                    outputs.append(self._result(node, ChannelsLastOutput(0), made, []))
            new.append(New(step.name, operands, outputs, step.options, step.version))
        return True

    def _inputs_in_twins(self, node: Node, new: list[New] | None) -> list[int] | None:
        """An elementwise operator's inputs with channels last; None if not all can be had.

        With a place for `new` operators, what a reshape makes of a value counts as at hand.
        """
        if len(node.outputs) != 1:
            return None
        result = node.outputs[0]
        if len(result.shape) != 4 or not self._tensors.may_turn(result):
            return None
        if not self._dataflow.is_stable(result):
            return None
        found: list[int | Value] = []
        for value in node.inputs:
            if value is None:
                return None
            twin = self._tensors.twins.get(self._tensors.read(value))
            if twin is None:
                twin = self._tensors.constant_twin(value)
            if twin is None and (new is None or not self._tensors.is_reshaped(value)):
                return None
            found.append(value if twin is None else twin)
        made = [] if new is None else new
        return [x if isinstance(x, int) else self._tensors.twin(x, made) for x in found]

    def _move(self, node: Node) -> None:
        """Let a builtin that works element by element do so where the twins are."""
        result = node.outputs[0] if node.outputs else None
        if result is None or not any(
            value is not None and self._tensors.read(value) in self._tensors.twins
            for value in node.inputs
        ):
            return
        inputs = self._inputs_in_twins(node, None)
        if inputs is None:
            return
        output = self._result(node, ChannelsLastOutput(0), {}, [])
        self._moved[node.index] = (inputs, [output])

    def _with_bias(self, node: Node, new: list[New]) -> None:
        """Note a layer without a bias, or give it the one that is added here."""
        last = new[-1]
        if last.name in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
            if len(last.inputs) == 3:
                self._unbiased[last.outputs[0]] = last
            return
        layer = self._unbiased.get(last.inputs[0])
        made, bias = node.input(0), node.input(1)
        if layer is None or made is None or bias is None or len(new) != 1 or last.name != "ADD":
            return
        if self._tensors.read(made) != made.index:
            return
        if bias.data is None or last.inputs[1] != bias.index:
            return
        reader = self._dataflow.sole_reader(made)
        if reader is None or reader.index != node.index or made.index in self._named:
            return
        if bias.shape != self._edit.tensor(layer.inputs[2]).shape:
            return
        del self._unbiased[last.inputs[0]]
        self._tensors.twins.pop(made.index, None)
        self._made_at.pop(made.index, None)
        layer.inputs[2], layer.outputs = bias.index, last.outputs
        self._new[node.index] = []

    def _pass_on(self, node: Node) -> bool:
        """Let what an operator passes on be read, or made, directly; copy it where it has to be."""
        new = []
        if any(value.shape == () and value.type not in SUMMED for value in node.outputs):
            return False
        for value, given in zip(node.outputs, node.inputs, strict=True):
            assert given is not None
            source = self._tensors.read(given)
            if self._dataflow.is_stable(value) and self._dataflow.is_stable(given):
                if not self._is_seen(value):
                    self._tensors.instead[value.index] = source
                    continue
                if self._may_rename(source):
                    self._renamed[source] = value.index
                    self._tensors.instead[value.index] = source
                    continue
            if value.shape == ():
                # The shape of a scalar has no data, and would be no constant.
                new.append(New("MAXIMUM", [source, source], [value.index]))
                continue
            to = self._tensors.constant(constant(value.shape))
            options = ReshapeOptions(new_shape=tuple(value.shape))
            new.append(New("RESHAPE", [source, to], [value.index], options))
        self._new[node.index] = new
        return True

    def _in_other_layout(self, node: Node) -> bool:
        """Take a transposition between the layouts for what it is: a value and its twin."""
        given, value, perm = node.input(0), node.outputs[0], node.input(1)
        order = None if perm is None else perm.integers()
        if given is None or self._is_seen(value) or value.index in self._tensors.twins:
            return False
        if not (self._dataflow.is_stable(given) and self._dataflow.is_stable(value)):
            return False
        if order == TO_CHANNELS_LAST and self._tensors.has_twin(given):
            self._tensors.instead[value.index] = self._tensors.twins[self._tensors.read(given)]
        elif order == TO_CHANNELS_FIRST:
            self._tensors.twins[value.index] = self._tensors.read(given)
            self._made_at[value.index] = node.index
        else:
            return False
        self._new[node.index] = []
        return True

    def _unflatten(self, node: Node) -> None:
        """Let a dense layer read a map flattened with its channels last, which it is at hand in."""
        found = flattened_map(node, self._dataflow)
        if found is None or found.map.index not in self._made_at or self._is_seen(found.map):
            return
        layer, reshape = self._new.get(node.index), self._new.get(found.reshape.index)
        if found.reshape.name == "FlexReshape" and (reshape is None or len(reshape) != 1):
            return
        stored = stored_weights(node, self._dataflow) if layer is None else None
        # Of two operators, the first dequantises the weights of the second.
        place = 1 if layer is not None and len(layer) == 1 else 0
        if layer is not None:
            weights = layer[0].inputs[place]
        elif stored is not None:
            weights = self._inputs(stored[0])[stored[1]]
        else:
            return
        columns = found.columns
        turned = turned_columns(self._model, self._edit, weights, columns, self._constants)
        if turned is None:
            return
        twin = self._tensors.twins[found.map.index]
        if reshape is not None:
            reshape[0].inputs[0] = twin
        else:
            self._with_input(found.reshape, 0, twin)
        if layer is not None:
            layer[0].inputs[place] = turned
        elif stored is not None:
            self._with_input(*stored, turned)

    def _inputs(self, node: Node) -> list[int]:
        """What an operator reads that stays."""
        return [-1 if value is None else self._tensors.read(value) for value in node.inputs]

    def _with_input(self, node: Node, position: int, index: int) -> None:
        """Let an operator that stays read something else in this position."""
        inputs = self._inputs(node)
        inputs[position] = index
        self._moved[node.index] = (inputs, [value.index for value in node.outputs])

    def _is_seen(self, value: Value) -> bool:
        """Whether a value is known outside of its subgraph's operators."""
        return value.is_output or value.index in self._named

    def _may_rename(self, index: int) -> bool:
        """Whether what makes a value may make another one instead."""
        if index in self._renamed:
            return False
        if index >= len(self._graph.values):
            return True
        source = self._graph.values[index]
        return self._dataflow.maker(source) is not None and not self._is_seen(source)

    # The result

    def _carry_out(self) -> None:
        read = {value.index for value in self._graph.outputs} | self._named
        for node in self._graph.nodes:
            if node.index in self._new:
                read.update(i for new in self._new[node.index] for i in new.inputs)
            elif node.index in self._moved:
                read.update(self._moved[node.index][0])
            else:
                read.update(self._tensors.read(value) for value in node.inputs if value is not None)
        turned: dict[int, list[New]] = {}
        for value, index in self._made_at.items():
            if value in read or value in self._renamed:
                found = self._graph.values[value]
                back = self._tensors.turned(
                    self._tensors.twins[value], value, TO_CHANNELS_FIRST, found
                )
                turned.setdefault(index, []).append(back)
        for index in self._tensors.bypassed:
            if not any(value.index in read for value in self._graph.nodes[index].outputs):
                self._edit.remove(index)
        for node in self._graph.nodes:
            self._put_in(node)
            for new in turned.get(node.index, ()):
                self._edit.insert_after(
                    node.index, new.name, new.inputs, new.outputs, new.options, version=new.version
                )
        if self._renamed:
            self._edit.lead(self._renamed, self._renamed)

    def _put_in(self, node: Node) -> None:
        edit = self._edit
        if node.index in self._moved:
            inputs, outputs = self._moved[node.index]
            edit.change_operator(node.index, inputs=tuple(inputs), outputs=tuple(outputs))
        elif node.index in self._new:
            edit.remove(node.index)
            for new in self._new[node.index]:
                edit.insert_before(
                    node.index, new.name, new.inputs, new.outputs, new.options, version=new.version
                )
        elif any(v is not None and v.index in self._tensors.instead for v in node.inputs):
            edit.change_operator(node.index, inputs=tuple(self._inputs(node)))
