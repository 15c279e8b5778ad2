"""The code that applies layers: an element of a list, `model.add(...)`, or a call on a tensor."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from tflint.finding import Location
from tflint.keras.facts import KerasFacts
from tflint.keras.network import Call
from tflint.keras.values import Reference, Value
from tflint.source.edits import Edit, InsertBefore, InsertElement, RemoveElement, Replace
from tflint.source.edits import RemoveStatement as Remove
from tflint.source.module import SourceModule
from tflint.source.syntax import Syntax, place

_ALONE = {"ReLU": "relu", "Softmax": "softmax"}


class Form(Enum):
    """How a layer is applied."""

    ELEMENT = auto()
    ADDED = auto()
    CALLED = auto()


@dataclass(frozen=True, slots=True)
class Applied:
    """The code of one application: the layer's expression, and the call on a tensor if it is one.

    `statement` is the `model.add(...)`, or the one that the call is in.
    """

    syntax: Syntax
    form: Form
    layer: ast.expr
    whole: ast.expr
    statement: ast.stmt

    @property
    def tensor(self) -> ast.expr | None:
        """What the layer is called on."""
        return self.whole.args[0] if isinstance(self.whole, ast.Call) else None

    @property
    def text(self) -> str:
        """The source of the layer."""
        return self.syntax.text(self.layer)

    def without(self) -> list[Edit]:
        """The edits that leave the layer out."""
        if self.form is Form.ELEMENT:
            return [RemoveElement(self.syntax.locate(self.layer))]
        if self.form is Form.ADDED or self._only_rebinds():
            return [Remove(self.syntax.locate(self.statement))]
        tensor = self.tensor
        assert tensor is not None
        return [Replace(self.syntax.locate(self.whole), self.syntax.text(tensor))]

    def followed_by(self, text: str) -> list[Edit]:
        """The edits that apply another layer, an expression, behind this one."""
        if self.form is Form.ELEMENT:
            return [InsertElement(self.syntax.locate(self.layer), text)]
        if self.form is Form.CALLED:
            new = f"{text}({self.syntax.text(self.whole)})"
            return [Replace(self.syntax.locate(self.whole), new)]
        assert isinstance(self.statement, ast.Expr)
        return [
            InsertBefore(
                self.syntax.locate(self.statement), self.syntax.text(self.statement.value) + "\n"
            ),
            Replace(self.syntax.locate(self.layer), text),
        ]

    def _only_rebinds(self) -> bool:
        """Whether the statement is `x = layer(x)`."""
        statement, tensor = self.statement, self.tensor
        return (
            isinstance(statement, ast.Assign)
            and len(statement.targets) == 1
            and isinstance(statement.targets[0], ast.Name)
            and isinstance(tensor, ast.Name)
            and statement.value is self.whole
            and statement.targets[0].id == tensor.id
        )


def applied(syntax: Syntax, at: Location) -> Applied | None:
    """The application at the location of a call; None where it is written in another way."""
    node = syntax.expression(at)
    statement = None if node is None else syntax.statement(node)
    if node is None or statement is None:
        return None
    parent = syntax.parent(node)
    if isinstance(parent, ast.List | ast.Tuple) and isinstance(node, ast.Call):
        if isinstance(parent.ctx, ast.Load):
            return Applied(syntax, Form.ELEMENT, node, node, statement)
    if (
        isinstance(parent, ast.Call)
        and isinstance(parent.func, ast.Attribute)
        and parent.func.attr == "add"
        and parent.args == [node]
        and isinstance(statement, ast.Expr)
        and statement.value is parent
    ):
        return Applied(syntax, Form.ADDED, node, node, statement)
    if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
        if isinstance(node.func, ast.Call | ast.Name | ast.Attribute):
            return Applied(syntax, Form.CALLED, node.func, node, statement)
    return None


def calls_at(facts: KerasFacts, at: Location) -> list[Call]:
    """All calls that one place gives."""
    return [call for call in facts.calls if place(call.location) == place(at)]


def readers(facts: KerasFacts, call: Call) -> list[Call]:
    """The calls that read what a call gives."""
    return [
        other for other in facts.calls if any(tensor.producer is call for tensor in other.inputs)
    ]


def before(call: Call) -> Call | None:
    """The call whose result is the only thing that a call reads."""
    return call.inputs[0].producer if len(call.inputs) == 1 else None


def activation_name(call: Call) -> str | None:
    """The activation that a call ends with, by name."""
    layer = call.layer
    if layer.kind in _ALONE and not layer.arguments and not layer.has_unknown_arguments:
        return _ALONE[layer.kind]
    given: Value = layer.value("activation")
    if isinstance(given, Reference):
        return given.path.rpartition(".")[2]
    return given if isinstance(given, str) else None


def unchanged(before: SourceModule, after: SourceModule) -> str | None:
    """Why edited networks would have other shapes or weights, None when they have the same."""
    old, new = before.keras.networks, after.keras.networks
    if len(old) != len(new):
        return "the edited file would build other networks"
    for network, edited in zip(old, new, strict=True):
        if network.is_complete and not edited.is_complete:
            return "the edited network could not be followed any more"
        if network.weights != edited.weights:
            return "the edited network would have other weights"
        if [t.shape for t in network.outputs] != [t.shape for t in edited.outputs]:
            return "the edited network would give another shape"
    return None


def same_place(calls: Sequence[Call | None]) -> bool:
    """Whether all calls are there, at one place."""
    return len({place(call.location) if call is not None else None for call in calls}) == 1
