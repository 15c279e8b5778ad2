"""Inputs of networks that become channels_last, and the data that are fed to them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property

from tflint.keras.facts import KerasFacts
from tflint.keras.network import Call, Layer, Tensor
from tflint.keras.values import Argument, Evidence, Unknown, Value
from tflint.source.edits import Obstacle
from tflint.source.image_layout import ImageLayout, Maps, inner, moved_last
from tflint.source.relayout_data import Input, data_edits, shape_of_data
from tflint.source.relayout_edits import RelayoutEdits
from tflint.source.syntax import Syntax, place

_SHAPE_ARGUMENTS = ("shape", "batch_shape", "input_shape", "batch_input_shape")


class Inputs:
    """The inputs as they are turned one by one, with obstacles and notes."""

    def __init__(
        self, facts: KerasFacts, layout: ImageLayout, syntax: Syntax, edits: RelayoutEdits
    ) -> None:
        self._facts = facts
        self._layout = layout
        self._syntax = syntax
        self._edits = edits
        self._inputs: list[Input] = []
        self._turned: dict[int, Tensor] = {}
        self.obstacles: list[Obstacle] = []
        self.notes: list[str] = []

    def reader(self, tensor: Tensor) -> Call | None:
        """A call that reads a tensor."""
        return next(iter(self._readers.get(id(tensor), ())), None)

    def turn(self, tensor: Tensor, maps: Maps) -> None:
        """Give an input its channels last."""
        self._turned[id(tensor)] = tensor
        rank = maps.rank
        assert rank is not None
        order = moved_last(rank, maps.channel_axis)
        found = self._shape_argument(tensor)
        argument: Argument | None = None
        if found is not None:
            name, argument = found
            with_batch = name.startswith("batch")
            sample = tuple(axis - 1 for axis in order[1:])
            # A function that makes inputs gives as many at one place as it is called.
            same = [
                layer.arguments[name]
                for layer in self._inputs_at.get(place(tensor.location), ())
                if name in layer.arguments
            ]
            for each in (argument, *same):
                self._edits.permute(each, order if with_batch else sample, what="input shape")
        elif self._built(tensor, order) or self._follows_inner(tensor):
            pass
        elif not isinstance(tensor.shape, Unknown):
            self.obstacles.append(
                Obstacle("where its shape is given is not in view", tensor.location)
            )
        sample = tuple(axis - 1 for axis in order[1:])
        shape: tuple[Value, ...] | None = None
        if not isinstance(tensor.shape, Unknown):
            shape = tuple(dim if isinstance(dim, int) else None for dim in tensor.shape[1:])
        elif argument is not None:
            node = self._syntax.expression(argument.location)
            shape = None if node is None else shape_of_data(self._syntax, node, rank)
        if shape is None or len(shape) != rank - 1:
            self.notes.append("the input now has its channels last: feed it so")
        else:
            self._inputs.append(Input(shape, sample, argument))

    def _built(self, tensor: Tensor, order: tuple[int, ...]) -> bool:
        """Whether its shape is given by `model.build(...)`, which is then edited."""
        call = self._syntax.expression(tensor.location)
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            return False
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        if call.func.attr != "build" or len(given) != 1:
            return False
        at = self._syntax.locate(given[0])
        self._edits.permute(Argument(None, at), order, what="input shape")
        return True

    def _follows_inner(self, tensor: Tensor) -> bool:
        """Whether it is the input of a model that begins with another one, which has its own."""
        readers = {id(call.layer) for call in self._readers.get(id(tensor), ())}
        return any(
            other is not tensor and other.is_input and self._shape_argument(other) is not None
            for call in self._layout.calls
            if id(call.layer) in readers
            for other in call.inputs
        )

    @cached_property
    def _readers(self) -> dict[int, list[Call]]:
        """The calls that read each tensor, by its `id`."""
        found: dict[int, list[Call]] = {}
        for call in self._layout.calls:
            for tensor in call.inputs:
                found.setdefault(id(tensor), []).append(call)
        return found

    @cached_property
    def _inputs_at(self) -> dict[object, list[Layer]]:
        """The input layers at each place."""
        found: dict[object, list[Layer]] = {}
        for layer in self._facts.layers:
            if layer.kind in ("Input", "InputLayer"):
                found.setdefault(place(layer.location), []).append(layer)
        return found

    def _shape_argument(self, tensor: Tensor) -> tuple[str, Argument] | None:
        for layer in self._sources(tensor):
            for name in _SHAPE_ARGUMENTS:
                if name in layer.arguments:
                    return name, layer.arguments[name]
        return self._unclaimed(tensor)

    def _unclaimed(self, tensor: Tensor) -> tuple[str, Argument] | None:
        """The shape of an input that a model has of its own, and another model gives anew.

        Of inputs that stand where no tensor does, the only one of this shape.
        """
        claimed = {place(t.location) for maps in self._layout.sets for t in maps.tensors}
        found = {}
        for at, layers in self._inputs_at.items():
            argument = layers[0].arguments.get("shape")
            if at in claimed or argument is None or isinstance(tensor.shape, Unknown):
                continue
            if argument.value == tensor.shape[1:]:
                found[at] = argument
        return ("shape", next(iter(found.values()))) if len(found) == 1 else None

    def _sources(self, tensor: Tensor) -> Iterator[Layer]:
        """The layers that may say what shape an input has."""
        yield from self._inputs_at.get(place(tensor.location), ())
        for call in self._readers.get(id(tensor), ()):
            yield call.layer
            wrapped = inner(call.layer)
            if wrapped is not None:
                yield wrapped

    def data(self) -> None:
        """Edits and notes for the data that are fed to the inputs, last of all."""
        self._check_others()
        edits, places = data_edits(self._syntax, self._inputs)
        self._edits.add(edits)
        for one in self._inputs:
            if one.argument is not None and self._edits.follows(one.argument):
                continue
            sizes = (one.shape[axis] for axis in one.order)
            shown = ", ".join("?" if size is None else str(size) for size in sizes)
            lines = ", ".join(map(str, places))
            where = f", as line {lines} does" if len(places) == 1 else f", as lines {lines} do"
            self.notes.append(f"the input is now ({shown}): feed it so{where if places else ''}")

    def _check_others(self) -> None:
        """Inputs that stay as they are, and are made by code that changes."""
        turned = {place(tensor.location) for tensor in self._turned.values()}
        # Code that nothing calls is looked at twice: with its defaults and with anything.
        assumed = {
            place(tensor.location)
            for tensor in self._turned.values()
            for call in self._readers.get(id(tensor), ())
            if call.evidence is Evidence.ASSUMED
        }
        for maps in self._layout.sets:
            for tensor in maps.tensors:
                at = place(tensor.location)
                if tensor.is_input and at in turned - assumed and id(tensor) not in self._turned:
                    reason = "the same code also makes an input for another network"
                    self.obstacles.append(Obstacle(reason, tensor.location))
