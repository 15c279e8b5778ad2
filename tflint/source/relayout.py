"""The edits that make a channels_first network channels_last, or what stands in their way.

Nothing is edited here: the plan says what would have to change where, for `tflint fix` to do and
for TFL101 to quote. All or nothing: a network that is half turned computes something else.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property

from tflint.finding import Location
from tflint.keras.facts import KerasFacts
from tflint.keras.network import Call, Layer, Tensor
from tflint.keras.values import Argument, Unknown, Value
from tflint.printable import printable
from tflint.source.edits import Obstacle, Plan
from tflint.source.image_layout import (
    FIRST,
    WITH_AXIS,
    ImageLayout,
    Maps,
    axis_moved,
    format_of,
    inner,
    moved_last,
)
from tflint.source.module import SourceModule
from tflint.source.relayout_data import data_edits
from tflint.source.relayout_edits import RelayoutEdits
from tflint.source.syntax import Syntax

_SHAPE_ARGUMENTS = ("shape", "batch_shape", "input_shape", "batch_input_shape")
_LOADERS = frozenset(("load_weights", "load_model", "set_weights"))
# Layers that see to it themselves that the order behind them is that of channels_last.
_FLATTEN = "Flatten"


def plan_relayout(facts: KerasFacts, module: SourceModule) -> Plan:
    """The plan for all channels_first and mixed networks of a source.

    No edits and no obstacles where there is nothing to do. `notes` say what else has to follow,
    such as data that are read elsewhere.
    """
    return _Relayout(facts, module).plan()


class _Relayout:
    def __init__(self, facts: KerasFacts, module: SourceModule) -> None:
        self._facts = facts
        self._layout = ImageLayout(facts)
        self._syntax = Syntax(module)
        self._edits = RelayoutEdits(facts, self._syntax)
        self._obstacles: list[Obstacle] = []
        self._notes: list[str] = []
        # Old input shapes, without the batch, with the order that their dimensions get.
        self._inputs: list[tuple[tuple[Value, ...], tuple[int, ...], Argument | None]] = []

    def plan(self) -> Plan:
        turned = [maps for maps in self._layout.sets if maps.is_first]
        for maps in turned:
            self._turn(maps)
        for call in self._layout.calls:
            self._between(call)
            self._axis(call)
        self._unconnected()
        if turned:
            self._setting()
            self._data()
        self._edits.check_uses()
        if not self._edits and not self._obstacles and not self._edits.obstacles:
            return Plan()
        obstacles = tuple(dict.fromkeys((*self._obstacles, *self._edits.obstacles)))
        if obstacles:
            return Plan(obstacles=obstacles)
        return Plan(self._edits.edits, notes=tuple(dict.fromkeys(self._notes)))

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
        for layer in maps.first:
            self._edits.set_format(inner(layer) or layer)
        for tensor in maps.tensors:
            if tensor.is_input:
                self._input(tensor, maps)
            elif tensor.producer is None and not tensor.alternatives:
                self._obstruct("it is fed by code that is not known", tensor.location)

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

    def _input(self, tensor: Tensor, maps: Maps) -> None:
        rank = maps.rank
        assert rank is not None
        order = moved_last(rank, maps.channel_axis)
        found = self._shape_argument(tensor)
        if found is not None:
            name, argument = found
            with_batch = name.startswith("batch")
            sample = tuple(axis - 1 for axis in order[1:])
            self._edits.permute(argument, order if with_batch else sample, what="input shape")
        elif not isinstance(tensor.shape, Unknown):
            self._obstruct("where its shape is given is not in view", tensor.location)
        if isinstance(tensor.shape, Unknown) or len(tensor.shape) != rank:
            self._notes.append("the input now has its channels last: feed it so")
            return
        sample = tuple(axis - 1 for axis in order[1:])
        shape = tuple(dim if isinstance(dim, int) else None for dim in tensor.shape[1:])
        self._inputs.append((shape, sample, None if found is None else found[1]))

    def _shape_argument(self, tensor: Tensor) -> tuple[str, Argument] | None:
        for layer in self._sources(tensor):
            for name in _SHAPE_ARGUMENTS:
                if name in layer.arguments:
                    return name, layer.arguments[name]
        return None

    def _sources(self, tensor: Tensor) -> Iterator[Layer]:
        """The layers that may say what shape an input has."""
        for layer in self._facts.layers:
            if layer.kind in ("Input", "InputLayer") and layer.location == tensor.location:
                yield layer
        for call in self._layout.calls:
            if call.inputs and call.inputs[0] is tensor:
                yield call.layer
                wrapped = inner(call.layer)
                if wrapped is not None:
                    yield wrapped

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
        if not all(_is_axis(axis, maps.rank) for axis in axes):
            self._obstruct(f"the {parameter} of {layer.kind} is not known", layer.location)
            return
        moved = tuple(_moved(axis, maps) for axis in axes)
        if parameter == "shared_axes":
            moved = tuple(sorted(axis % maps.rank for axis in moved))
        self._edits.set_axes(layer, parameter, value, moved, maps.rank)

    def _batch_norm(self, layer: Layer, value: Value, maps: Maps) -> None:
        """Over the channels afterwards; over the last axis already is what is meant."""
        rank = maps.rank
        assert rank is not None
        axis = value[0] if isinstance(value, tuple) and len(value) == 1 else value
        if not _is_axis(axis, rank):
            if maps.is_first:
                self._obstruct("the axis of BatchNormalization is not known", layer.location)
            return
        assert isinstance(axis, int)
        position = axis % rank
        if position == rank - 1 or not (maps.is_first or maps.last):
            return
        if maps.is_first:
            self._edits.set_axes(layer, "axis", value, (_moved(axis, maps),), rank)
        elif position == 1:
            self._edits.set_axes(layer, "axis", value, (-1,), rank)

    def _between(self, call: Call) -> None:
        """Layers that take dimensions apart: Permute, Reshape, Flatten."""
        layer, before = call.layer, self._layout.before(call)
        behind = self._layout.behind(call)
        if before is None:
            return
        if layer.kind == _FLATTEN:
            self._flatten(call, before)
        elif layer.kind in ("Permute", "Reshape") and (before.is_first or behind.is_first):
            if (before.is_first and before.is_mixed) or (behind.is_first and behind.is_mixed):
                self._obstruct(f"{layer.kind} in a network of mixed layouts", call.location)
            elif layer.kind == "Permute":
                self._permute(layer, before, behind)
            else:
                self._reshape(call, before, behind)

    def _flatten(self, call: Call, before: Maps) -> None:
        layer = call.layer
        if format_of(layer) == FIRST:
            # It turns the map itself: what is behind it stays in the same order.
            self._edits.set_format(layer)
        elif before.is_first and not _is_a_row(call.inputs[0], before):
            self._reordered(call, "Flatten")

    def _reordered(self, call: Call, what: str) -> None:
        """The features change places: nothing to a network that is not trained yet."""
        loader = self._loader
        if loader is not None:
            at = self._syntax.locate(loader)
            self._obstruct(
                f"weights are loaded, and behind {what} the rows of the dense layer change places",
                at,
            )
        self._notes.append(
            f"behind {what} features come in another order: train again, or permute the rows of "
            "the dense layer"
        )

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
        into = _order_of(before, rank)
        out = _order_of(behind, rank)
        # new[i] = the place in the new input of what the new output has at i.
        new = tuple(into.index(old[axis]) for axis in out)
        self._edits.replace_tuple(argument, tuple(axis for axis in new[1:]))

    def _reshape(self, call: Call, before: Maps, behind: Maps) -> None:
        layer = call.layer
        target = layer.arguments.get("target_shape")
        if before.is_first:
            if not behind.is_first and _is_flat(layer):
                if not _is_a_row(call.inputs[0], before):
                    self._reordered(call, "Reshape")
            elif _is_a_row(call.inputs[0], before) and not behind.is_first:
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
            if not _is_vector(call.inputs[0]):
                self._obstruct("Reshape mixes channels and positions of the map", call.location)
                return
            self._reordered(call, "Reshape")
        self._edits.permute(target, order, what="target of Reshape")

    def _data(self) -> None:
        edits, places = data_edits(self._syntax, self._inputs)
        self._edits.add(edits)
        for shape, order, argument in self._inputs:
            if argument is not None and self._edits.follows(argument):
                continue
            shown = ", ".join("?" if shape[axis] is None else str(shape[axis]) for axis in order)
            where = f"; so is what line {', '.join(map(str, places))} gives" if places else ""
            self._notes.append(f"the input is now ({shown}): feed it so{where}")


def _is_axis(axis: Value, rank: int) -> bool:
    return isinstance(axis, int) and not isinstance(axis, bool) and -rank <= axis < rank


def _moved(axis: Value, maps: Maps) -> int:
    assert isinstance(axis, int)
    assert maps.rank is not None
    return axis_moved(axis, maps.rank, maps.channel_axis)


def _order_of(maps: Maps, rank: int) -> tuple[int, ...]:
    return moved_last(rank, maps.channel_axis) if maps.is_first else tuple(range(rank))


def _is_flat(layer: Layer) -> bool:
    target = layer.value("target_shape")
    return isinstance(target, tuple) and len(target) == 1


def _is_vector(tensor: Tensor) -> bool:
    return not isinstance(tensor.shape, Unknown) and len(tensor.shape) == 2


def _is_a_row(tensor: Tensor, maps: Maps) -> bool:
    """Whether its order in memory is the same either way: one channel, or one position."""
    if isinstance(tensor.shape, Unknown) or len(tensor.shape) <= maps.channel_axis:
        return False
    lead = tensor.shape[1 : maps.channel_axis + 1]
    others = tensor.shape[maps.channel_axis + 1 :]
    return lead[-1] == 1 or all(dim == 1 for dim in others)
