"""TFL111: BatchNormalization in front of the activation, where the converter can fold it."""

from __future__ import annotations

import ast

from tflint.finding import FixSafety
from tflint.fix.source.layer_code import (
    Applied,
    activation_name,
    applied,
    before,
    calls_at,
    readers,
    same_place,
    unchanged,
)
from tflint.fix.source.source_fix import Request, SourceFix
from tflint.keras.network import Call
from tflint.source.edits import Edit, Plan, RemoveElement, Replace, obstructed
from tflint.source.syntax import Syntax, place, syntax_of

_NORM = "BatchNormalization"
# Layers that are an activation and nothing else.
_ACTIVATIONS = frozenset(
    ("Activation", "ELU", "LeakyReLU", "PReLU", "ReLU", "SELU", "ThresholdedReLU")
)
_NOTE = "the network computes something else now: train it again"


def _plan(request: Request) -> Plan:
    at = request.finding.location
    syntax = syntax_of(request.module)
    norms = calls_at(request.keras, at)
    firsts = [before(call) for call in norms]
    first = firsts[0] if firsts else None
    if first is None or not same_place(firsts):
        return obstructed("what it normalises is not always the same layer", at)
    others = calls_at(request.keras, first.location)
    if any(_is_read_elsewhere(request, call, norms) for call in others):
        return obstructed("what it normalises is read by other layers too", first.location)
    norm, front = applied(syntax, at), applied(syntax, first.location)
    if norm is None or front is None or norm.form is not front.form:
        return obstructed("how the layers are put into the network is not in view", at)
    if first.layer.kind in _ACTIVATIONS:
        return _swapped(norm, front)
    if activation_name(first) in (None, "linear"):
        return obstructed(f"it stands behind {first.layer.kind}, not behind an activation", at)
    return _split(syntax, request, first, norm)


def _is_read_elsewhere(request: Request, call: Call, norms: list[Call]) -> bool:
    found = readers(request.keras, call)
    if not found or any(not any(each is norm for norm in norms) for each in found):
        return True
    return any(
        tensor.producer is call for network in request.keras.networks for tensor in network.outputs
    )


def _swapped(norm: Applied, front: Applied) -> Plan:
    """The two layers in each other's place."""
    syntax = norm.syntax
    edits: tuple[Edit, ...] = (
        Replace(syntax.locate(norm.layer), front.text),
        Replace(syntax.locate(front.layer), norm.text),
    )
    return Plan(edits, notes=(_NOTE,))


def _split(syntax: Syntax, request: Request, first: Call, norm: Applied) -> Plan:
    """The activation that is an argument becomes a layer behind the normalisation."""
    at = first.layer.location
    given = first.layer.arguments.get("activation")
    value = None if given is None else syntax.expression(given.location)
    if value is None or not isinstance(syntax.parent(value), ast.keyword):
        return obstructed("the activation is not given by keyword", at)
    layers = [one for one in request.keras.layers if place(one.location) == place(at)]
    called = {id(call.layer) for call in calls_at(request.keras, first.location)}
    if any(id(layer) not in called for layer in layers):
        return obstructed("the same code also builds other layers", at)
    name = _activation_class(syntax, norm.layer)
    if name is None:
        return obstructed("Activation is not imported", at)
    edits = [
        RemoveElement(syntax.locate(value)),
        *norm.followed_by(f"{name}({syntax.text(value)})"),
    ]
    return Plan(tuple(edits), notes=(_NOTE,))


def _activation_class(syntax: Syntax, norm: ast.expr) -> str | None:
    """What the class of activations is called where BatchNormalization has this name."""
    made = norm.func if isinstance(norm, ast.Call) else norm
    if isinstance(made, ast.Attribute) and made.attr == _NORM:
        return f"{syntax.text(made.value)}.Activation"
    return "Activation" if "Activation" in syntax.names else None


FIX = SourceFix("TFL111", FixSafety.UNSAFE, _plan, unchanged)
