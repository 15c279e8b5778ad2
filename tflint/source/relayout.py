"""The edits that make a channels_first network channels_last, or what stands in their way.

Nothing is edited here: the plan says what would have to change where, for `tflint fix` to do and
for TFL101 to quote. All or nothing: a network that is half turned computes something else.
"""

from __future__ import annotations

import ast
from functools import cached_property, lru_cache

from tflint.finding import Location
from tflint.keras.facts import KerasFacts
from tflint.keras.network import Call, Layer
from tflint.keras.values import Evidence, Value
from tflint.printable import printable
from tflint.source.dimension_orders import (
    is_a_row,
    is_along_last,
    is_axis,
    is_flat,
    is_vector,
    moved,
    order_of,
    same_rest,
    transposed,
)
from tflint.source.edits import Obstacle, Plan
from tflint.source.image_layout import (
    FIRST,
    WITH_AXIS,
    ImageLayout,
    Maps,
    format_of,
    inner,
    moved_last,
)
from tflint.source.module import SourceModule
from tflint.source.relayout_edits import RelayoutEdits
from tflint.source.relayout_inputs import Inputs
from tflint.source.syntax import place, syntax_of
from tflint.source.tensor_operations import Operation, operation

_LOADERS = frozenset(("load_weights", "load_model", "set_weights"))
# Layers that see to it themselves that the order behind them is that of channels_last.
_FLATTEN = "Flatten"


@lru_cache(maxsize=4)
def plan_relayout(facts: KerasFacts, module: SourceModule) -> Plan:
    """The plan for all channels_first and mixed networks of a source.

    No edits and no obstacles where there is nothing to do. `notes` say what else has to follow,
    such as data that are read elsewhere.
    """
    return _Relayout(facts, module).plan()


class _Relayout:
    def __init__(self, facts: KerasFacts, module: SourceModule) -> None:
        self._facts = facts
        self._syntax = syntax_of(module)
        self._operations: dict[int, Operation | None] = {}
        self._layout = ImageLayout(facts, self._operation)
        self._edits = RelayoutEdits(facts, self._syntax)
        self._obstacles: list[Obstacle] = []
        self._notes: list[str] = []
        self._inputs = Inputs(facts, self._layout, self._syntax, self._edits)
        # Operations whose axes change, by their place: one piece of code may stand for several.
        self._told: dict[object, set[int]] = {}

    def plan(self) -> Plan:
        turned = [maps for maps in self._layout.sets if maps.is_first]
        for maps in turned:
            self._turn(maps)
        for call in self._layout.calls:
            self._between(call)
            self._axis(call)
            self._outside(call)
        self._also_told()
        self._unconnected()
        if turned:
            self._setting()
            self._inputs.data()
        self._edits.check_uses()
        found = (*self._obstacles, *self._inputs.obstacles, *self._edits.obstacles)
        obstacles = tuple(dict.fromkeys(found))
        if obstacles:
            return Plan(obstacles=obstacles)
        notes = tuple(dict.fromkeys((*self._notes, *self._inputs.notes, *self._edits.notes)))
        return Plan(self._edits.edits, notes=notes)

    def _obstruct(self, reason: str, at: Location) -> None:
        self._obstacles.append(Obstacle(reason, at))

    def _turn(self, maps: Maps) -> None:
        """Everything in one set of tensors that is not about a single call's axis."""
        if maps.rank is None or len(maps.channels) > 1:
            at = maps.first[0].location
            self._obstruct("tensors of different ranks are combined with its map", at)
            return
        for call in maps.strangers:
            name = printable(call.layer.kind, 40)
            what = (
                "works on the last dimension, which is no longer the same"
                if call.layer.kind in ("Dense", "EinsumDense")
                else "may depend on the order of the dimensions"
            )
            self._obstruct(f"{name} {what}", call.location)
        for call in () if maps.is_mixed else self._layout.calls:
            if self._layout.before(call) is not maps:
                continue
            if call.layer.arguments.keys() & {"activation"} and is_along_last(call.layer):
                name = printable(call.layer.kind, 40)
                self._obstruct(f"the softmax of {name} runs along the width", call.location)
        for layer in maps.unknown:
            name = printable(layer.kind, 40)
            self._obstruct(f"the data format of {name} is not known", layer.location)
        for layer in maps.first:
            self._edits.set_format(inner(layer) or layer)
        for tensor in maps.tensors:
            if tensor.is_input:
                self._inputs.turn(tensor, maps)
            elif tensor.producer is None and not tensor.alternatives:
                reader = self._inputs.reader(tensor)
                if reader is not None:
                    name = printable(reader.layer.kind, 40)
                    self._obstruct(f"what {name} is applied to is not in view", reader.location)

    def _unconnected(self) -> None:
        """Layers that are channels_first and in no network that is in view."""
        connected = {id(call.layer) for call in self._facts.calls}
        connected |= {id(inner(call.layer)) for call in self._facts.calls}
        for layer in self._facts.layers:
            if layer.data_format == FIRST and id(layer) not in connected:
                name = printable(layer.kind, 40)
                self._obstruct(f"what {name} is applied to is not in view", layer.location)
        for network in self._facts.networks:
            if network.is_complete:
                continue
            if any(format_of(call.layer) == FIRST for call in network.calls):
                self._obstruct("a part of the network is not in view", network.location)

    def _setting(self) -> None:
        for change in self._facts.format_changes:
            given = change.data_format.value
            if isinstance(given, str) and given.lower() in (FIRST, "th"):
                self._edits.set_argument_format(change.data_format, change.location)

    def _axis(self, call: Call) -> None:
        """An axis that a layer is told, where the dimensions change places."""
        layer = call.layer
        parameter = WITH_AXIS.get(layer.kind)
        maps = self._layout.before(call)
        if parameter is None or maps is None or maps.rank is None:
            return
        value = layer.value(parameter)
        if layer.kind == "BatchNormalization":
            self._batch_norm(layer, value, maps)
            return
        if not maps.is_first or (value is None and parameter == "shared_axes"):
            return
        if value == -1 and (maps.is_mixed or layer.kind == "Concatenate"):
            # The last axis already: of the channels from now on, which is what is meant.
            if layer.kind == "Concatenate" and not maps.is_mixed:
                line = call.location.line
                self._notes.append(f"Concatenate in line {line} joins along the channels now")
            return
        axes = value if isinstance(value, tuple) else (value,)
        if not all(is_axis(axis, maps.rank) for axis in axes):
            self._obstruct(f"the {parameter} of {layer.kind} is not known", layer.location)
            return
        new = tuple(moved(axis, maps) for axis in axes)
        if parameter == "shared_axes":
            new = tuple(sorted(axis % maps.rank for axis in new))
        self._edits.set_axes(layer, parameter, value, new, maps.rank)

    def _batch_norm(self, layer: Layer, value: Value, maps: Maps) -> None:
        """Over the channels afterwards; over the last axis already is what is meant."""
        rank = maps.rank
        assert rank is not None
        axis = value[0] if isinstance(value, tuple) and len(value) == 1 else value
        if not is_axis(axis, rank):
            if maps.is_first:
                self._obstruct("the axis of BatchNormalization is not known", layer.location)
            return
        assert isinstance(axis, int)
        position = axis % rank
        if position == rank - 1 or not (maps.is_first or maps.last):
            return
        if maps.is_first:
            self._edits.set_axes(layer, "axis", value, (moved(axis, maps),), rank)
        elif position == 1:
            self._edits.set_axes(layer, "axis", value, (-1,), rank)

    def _between(self, call: Call) -> None:
        """Layers that take dimensions apart: Permute, Reshape, Flatten."""
        layer, before = call.layer, self._layout.before(call)
        behind = self._layout.behind(call)
        if before is None:
            return
        if (inner(layer) or layer).kind == _FLATTEN:
            self._flatten(call, before)
        elif layer.kind in ("Permute", "Reshape") and (before.is_first or behind.is_first):
            if (before.is_first and before.is_mixed) or (behind.is_first and behind.is_mixed):
                self._obstruct(f"{layer.kind} in a network of mixed layouts", call.location)
            elif layer.kind == "Permute":
                self._permute(layer, before, behind)
            else:
                self._reshape(call, before, behind)

    def _operation(self, call: Call) -> Operation | None:
        if id(call) not in self._operations:
            self._operations[id(call)] = operation(self._syntax, call)
        return self._operations[id(call)]

    def _outside(self, call: Call) -> None:
        """An operation that is no layer, and is told axes."""
        found = self._operation(call)
        before = self._layout.before(call)
        if found is None or before is None or found.argument is None or found.axes is None:
            return
        behind = self._layout.behind(call)
        if not (before.is_first or (behind.is_first and found.is_transpose)):
            return
        rank = before.rank
        if rank is None or not all(is_axis(axis, rank) for axis in found.axes):
            self._obstruct(f"the axes of {found.kind} are not known", call.location)
            return
        at = found.argument
        if found.is_transpose:
            new = transposed(found.axes, order_of(before, rank), order_of(behind, rank))
            if new is None:
                self._obstruct(f"the axes of {found.kind} are not known", call.location)
                return
        elif found.is_join and found.axes == (-1,):
            return
        else:
            new = tuple(moved(axis, before) for axis in found.axes)
            if not found.keeps and not same_rest(found.axes, before):
                self._obstruct(f"behind {found.kind} dimensions change places", call.location)
                return
        self._told.setdefault(place(call.location), set()).add(id(call))
        self._edits.set_numbers(at, new)

    def _also_told(self) -> None:
        """Code whose numbers change, and that also works on other tensors."""
        assumed = {
            place(call.location)
            for call in self._layout.calls
            if call.evidence is Evidence.ASSUMED
            and id(call) in self._told.get(place(call.location), ())
        }
        for call in self._layout.calls:
            told = self._told.get(place(call.location))
            if told is not None and id(call) not in told and place(call.location) not in assumed:
                self._obstruct("the same code also works on other tensors", call.location)

    def _flatten(self, call: Call, before: Maps) -> None:
        layer = inner(call.layer) or call.layer
        if format_of(layer) == FIRST:
            # It turns the map itself: what is behind it stays in the same order.
            self._edits.set_format(layer)
        elif before.is_first and not is_a_row(call.inputs[0], before):
            self._reordered("behind Flatten", "rows")

    def _reordered(self, where: str, side: str) -> None:
        """The features change places: nothing to a network that is not trained yet."""
        what = f"the {side} of the dense layer {where}"
        if self._loader is not None:
            at = self._syntax.locate(self._loader)
            self._obstruct(f"weights are loaded, and {what} change places", at)
        self._notes.append(f"{what} change places: train again, or permute them")

    @cached_property
    def _loader(self) -> ast.Call | None:
        """Where the source loads weights that were trained before."""
        for node in self._syntax.nodes():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
                if name in _LOADERS:
                    return node
        return None

    def _permute(self, layer: Layer, before: Maps, behind: Maps) -> None:
        dims = layer.value("dims")
        argument = layer.arguments.get("dims")
        if not isinstance(dims, tuple) or argument is None:
            self._obstruct("the dims of Permute are not known", layer.location)
            return
        rank = len(dims) + 1
        if sorted(d for d in dims if isinstance(d, int)) != list(range(1, rank)):
            return
        old = (0, *(d for d in dims if isinstance(d, int)))
        new = transposed(old, order_of(before, rank), order_of(behind, rank))
        assert new is not None
        self._edits.replace_tuple(argument, new[1:])
        if list(new) == sorted(new):
            line = layer.location.line
            self._notes.append(f"Permute in line {line} does nothing now: it can be left out")

    def _reshape(self, call: Call, before: Maps, behind: Maps) -> None:
        layer = call.layer
        target = layer.arguments.get("target_shape")
        if before.is_first:
            if not behind.is_first and is_flat(layer):
                if not is_a_row(call.inputs[0], before):
                    self._reordered("behind Reshape", "rows")
            elif is_a_row(call.inputs[0], before) and not behind.is_first:
                pass
            else:
                self._obstruct("Reshape mixes channels and positions of the map", call.location)
            return
        rank = behind.rank
        if target is None or rank is None:
            self._obstruct("the target of Reshape is not known", call.location)
            return
        shape = target.value if isinstance(target.value, tuple) else ()
        order = tuple(axis - 1 for axis in moved_last(rank, behind.channel_axis)[1:])
        if len(shape) != rank - 1:
            self._obstruct("the target of Reshape is not known", call.location)
            return
        channels = shape[behind.channel_axis - 1]
        others = [dim for i, dim in enumerate(shape) if i != behind.channel_axis - 1]
        is_same_order = channels == 1 or all(dim == 1 for dim in others)
        if not is_same_order:
            if not is_vector(call.inputs[0]):
                self._obstruct("Reshape mixes channels and positions of the map", call.location)
                return
            self._reordered("in front of Reshape", "columns")
        self._edits.permute(target, order, what="target of Reshape")
