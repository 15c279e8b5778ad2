"""From what has to change in layers to edits of the literals behind their arguments."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from tflint.finding import Location
from tflint.keras.facts import KerasFacts
from tflint.keras.network import Layer
from tflint.keras.values import Argument, Evidence, Value
from tflint.printable import printable
from tflint.source.edits import AddArgument, Edit, Obstacle, Permute, Replace
from tflint.source.syntax import Syntax, place

_LAST_OF = {"channels_first": "channels_last", "th": "tf"}
# What may be done with a shape besides building a network, and changes nothing.
_HARMLESS = frozenset(("print", "len", "str", "repr", "format"))


class RelayoutEdits:
    """Edits as they are asked for, one for each place, and what stands in the way of others."""

    def __init__(self, facts: KerasFacts, syntax: Syntax) -> None:
        self._syntax = syntax
        self._edits: dict[object, Edit] = {}
        self.obstacles: list[Obstacle] = []
        self.notes: list[str] = []
        # All arguments of layers, by the place that their values come from.
        self._sharing: dict[object, list[tuple[Layer, Argument]]] = {}
        for layer in facts.layers:
            for argument in layer.arguments.values():
                source = argument.origin or argument.location
                if source is not None:
                    self._sharing.setdefault(place(source), []).append((layer, argument))
        # Layers by place, for those that are given an argument that they did not have.
        self._layers: dict[object, list[Layer]] = {}
        for layer in facts.layers:
            self._layers.setdefault(place(layer.location), []).append(layer)
        self._given: dict[object, set[int]] = {}
        # Arguments that are changed, by their `id`, and where they stand.
        self._changed_arguments: dict[int, Argument] = {}
        self._changed: set[object] = set()
        self._shared: list[tuple[Argument, str]] = []

    def __bool__(self) -> bool:
        return bool(self._edits)

    @property
    def edits(self) -> tuple[Edit, ...]:
        """All edits."""
        return tuple(self._edits.values())

    def add(self, edits: Iterable[Edit]) -> None:
        """Edits of something else than arguments of layers."""
        for edit in edits:
            self._put(edit)

    def follows(self, argument: Argument) -> bool:
        """Whether a value is chosen by the data format, and so changes by itself."""
        for at in (argument.location, argument.origin):
            node = self._syntax.expression(at)
            if node is not None and self._syntax.follows_format(node):
                return True
        return False

    def set_format(self, layer: Layer) -> None:
        """Make a layer channels_last; one that has the global setting follows that."""
        argument = layer.arguments.get("data_format")
        if argument is not None and argument.value is not None:
            self.set_argument_format(argument, layer.location)

    def set_argument_format(self, argument: Argument, at: Location) -> None:
        """Make a data format that is given channels_last."""
        node = self._syntax.expression(argument.origin) or self._syntax.expression(
            argument.location
        )
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            last = _LAST_OF.get(node.value.lower())
            if last is not None:
                text = self._syntax.text(node)
                quote = "'" if text.rstrip().endswith("'") else '"'
                self._put(Replace(self._syntax.locate(node), f"{quote}{last}{quote}"))
                return
        if not self.follows(argument):
            self._obstruct("where its data format comes from is not in view", argument, at)

    def set_axes(
        self, layer: Layer, parameter: str, old: Value, new: tuple[int, ...], rank: int
    ) -> None:
        """Give a layer other axes, which may be those that it has."""
        axes = old if isinstance(old, tuple) else (old,)
        known = [axis % rank if isinstance(axis, int) else None for axis in axes]
        if known == [axis % rank for axis in new]:
            return
        argument = layer.arguments.get(parameter)
        if argument is None:
            self._given.setdefault(place(layer.location), set()).add(id(layer))
            text = str(new[0]) if len(new) == 1 else str(list(new))
            self._put(AddArgument(layer.location, parameter, text))
            return
        node = self._node(argument)
        if self.follows(argument):
            return
        if node is None or not isinstance(node, ast.Constant | ast.UnaryOp | ast.List | ast.Tuple):
            self._obstruct(f"the {parameter} of {layer.kind} is computed", argument, layer.location)
            return
        self._share(argument, parameter)
        if isinstance(node, ast.List | ast.Tuple):
            self.replace_tuple(argument, new)
        else:
            self._put(Replace(self._syntax.locate(node), str(new[0])))

    def permute(self, argument: Argument, order: Sequence[int], *, what: str) -> None:
        """Put the dimensions of a shape into another order."""
        if tuple(order) == tuple(range(len(order))) or self.follows(argument):
            return
        node = self._node(argument)
        if node is not None and _is_shape_of_data(node):
            return
        if (
            not isinstance(node, ast.List | ast.Tuple)
            or len(node.elts) != len(order)
            or any(isinstance(element, ast.Starred) for element in node.elts)
        ):
            self._obstruct(f"the {what} is computed", argument, argument.location or Location())
            return
        self._share(argument, what)
        self._put(Permute(self._syntax.locate(node), tuple(order)))

    def replace_tuple(self, argument: Argument, new: Sequence[int]) -> None:
        """Write other numbers into a list or tuple."""
        node = self._node(argument)
        if not isinstance(node, ast.List | ast.Tuple) or len(node.elts) != len(new):
            at = argument.location or Location()
            self._obstruct("where its dimensions come from is not in view", argument, at)
            return
        self._share(argument, "order of dimensions")
        self.set_numbers(node, new)

    def set_numbers(self, node: ast.expr, new: Sequence[int]) -> None:
        """Write other numbers into a literal: one, or a list or tuple of them."""
        parts = node.elts if isinstance(node, ast.List | ast.Tuple) else [node]
        for part, number in zip(parts, new, strict=True):
            if self._syntax.text(part) != str(number):
                self._put(Replace(self._syntax.locate(part), str(number)))

    def _node(self, argument: Argument) -> ast.expr | None:
        return self._syntax.expression(argument.origin) or self._syntax.expression(
            argument.location
        )

    def _put(self, edit: Edit) -> None:
        key = place(edit.at)
        known = self._edits.setdefault(key, edit)
        if known != edit:
            self.obstacles.append(Obstacle("two layers would need it to be different", edit.at))

    def _obstruct(self, reason: str, argument: Argument, at: Location) -> None:
        self.obstacles.append(Obstacle(reason, argument.location or at))

    def _share(self, argument: Argument, what: str) -> None:
        """Hold that nothing else uses the variable that a value is taken from."""
        self._changed_arguments[id(argument)] = argument
        if argument.location is not None:
            self._changed.add(place(argument.location))
        self._shared.append((argument, what))

    def check_uses(self) -> None:
        """Say what else uses the variables whose values change; last of all."""
        for here, given in self._given.items():
            for layer in self._layers.get(here, ()):
                if id(layer) not in given and not self._is_assumed(here, given):
                    reason = "the same code also builds a layer for other tensors"
                    self.obstacles.append(Obstacle(reason, layer.location))
        names: set[tuple[str, str]] = set()
        origins: set[object] = set()
        for argument, what in self._shared:
            node = self._syntax.expression(argument.location)
            source = argument.origin or argument.location
            if source is not None and place(source) not in origins:
                origins.add(place(source))
                self._check_others(source, what)
            if isinstance(node, ast.Name) and (node.id, what) not in names:
                names.add((node.id, what))
                self._check_name(node.id, what)

    def _is_assumed(self, here: object, given: set[int]) -> bool:
        return any(
            layer.evidence is Evidence.ASSUMED and id(layer) in given
            for layer in self._layers.get(here, ())
        )

    def _check_others(self, source: Location, what: str) -> None:
        users = self._sharing.get(place(source), ())
        # A function that nothing calls is looked at with its defaults, which is what is edited,
        # and with anything for its parameters.
        assumed = {
            place(argument.location)
            for layer, argument in users
            if layer.evidence is Evidence.ASSUMED
            and argument.location is not None
            and id(argument) in self._changed_arguments
        }
        if assumed:
            self.notes.append("callers in other files that name a data format have to follow")
        for _, other in users:
            at = other.location or source
            if id(other) not in self._changed_arguments and place(at) not in assumed:
                reason = f"the same code also gives another layer its {what}"
                self.obstacles.append(Obstacle(reason, at))

    def _check_name(self, name: str, what: str) -> None:
        for load in self._syntax.loads(name):
            at = self._syntax.locate(load)
            if place(at) in self._changed or self._is_harmless(load):
                continue
            shown = printable(name, 60)
            self.obstacles.append(Obstacle(f"`{shown}`, the {what}, is used elsewhere too", at))

    def _is_harmless(self, load: ast.Name) -> bool:
        """Whether a use does not care what the value is, or hands it on to what is changed."""
        for outer in self._syntax.around(load):
            if isinstance(outer, ast.JoinedStr):
                return True
            if isinstance(outer, ast.Call):
                function = outer.func
                if isinstance(function, ast.Name) and function.id in _HARMLESS:
                    return True
                # Handed to a function of the file: what that does with it is looked at itself.
                return any(part is load for part in (*outer.args, *_values(outer))) and isinstance(
                    function, ast.Name
                )
            if isinstance(outer, ast.stmt):
                return False
        return False


def _values(call: ast.Call) -> list[ast.expr]:
    return [keyword.value for keyword in call.keywords]


def _is_shape_of_data(node: ast.expr) -> bool:
    """Whether it is `x.shape[1:]`: the data say what the input is."""
    return (
        isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Attribute)
        and node.value.attr == "shape"
    )
