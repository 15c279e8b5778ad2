"""TFL113: one of two activations goes, softmax on one unit becomes a sigmoid."""

from __future__ import annotations

import ast

from tflint.finding import FixSafety
from tflint.fix.source.layer_code import activation_name, applied, before, calls_at, unchanged
from tflint.fix.source.source_fix import Request, SourceFix
from tflint.source.edits import Plan, RemoveElement, Replace, obstructed
from tflint.source.syntax import Syntax, place, syntax_of

# f(f(x)) = f(x): leaving the second one out changes nothing.
_IDEMPOTENT = frozenset(("linear", "relu", "relu6"))


def _plan(request: Request) -> Plan:
    at = request.finding.location
    syntax = syntax_of(request.module)
    for compilation in request.keras.compilations:
        if place(compilation.location) == place(at):
            return _on_logits(syntax, request)
    for layer in request.keras.layers:
        given = layer.arguments.get("activation")
        if given is not None and given.location is not None and place(given.location) == place(at):
            return _over_one(syntax, request)
    calls = calls_at(request.keras, at)
    if not calls:
        return obstructed("the activation is not in view", at)
    if any(activation_name(call) == "softmax" and _units(request, call) == 1 for call in calls):
        return obstructed("softmax is a layer of its own here: put a sigmoid in its place", at)
    names = set()
    for call in calls:
        first = before(call)
        name = activation_name(call)
        if first is None or name is None or activation_name(first) != name:
            return obstructed("the same code also stands behind another layer", at)
        names.add(name)
    code = applied(syntax, at)
    if code is None:
        return obstructed("how the layer is put into the network is not in view", at)
    safety = FixSafety.SAFE if names <= _IDEMPOTENT else FixSafety.UNSAFE
    return Plan(tuple(code.without()), safety=safety)


def _units(request: Request, call: object) -> int | None:
    """The width of what a softmax layer runs along."""
    for one in request.keras.calls:
        if one is call and one.output_shapes and isinstance(one.output_shapes[0], tuple):
            last = one.output_shapes[0][-1] if one.output_shapes[0] else None
            return last if isinstance(last, int) else None
    return None


def _over_one(syntax: Syntax, request: Request) -> Plan:
    """Softmax over a single value, which is an argument of a layer."""
    at = request.finding.location
    sharing = [
        layer
        for layer in request.keras.layers
        for given in (layer.arguments.get("activation"),)
        if given is not None and given.location is not None and place(given.location) == place(at)
    ]
    units = [layer.value("units" if layer.kind == "Dense" else "filters") for layer in sharing]
    if any(size != 1 for size in units if isinstance(size, int)) or 1 not in units:
        return obstructed("the same code also builds layers of several units", at)
    node = syntax.expression(at)
    if not (isinstance(node, ast.Constant) and node.value == "softmax"):
        return obstructed("the activation is no literal here", at)
    quote = "'" if syntax.text(node).endswith("'") else '"'
    note = "a sigmoid on one unit wants a binary loss and labels 0 and 1"
    edit = Replace(at, f"{quote}sigmoid{quote}")
    return Plan((edit,), notes=(note,), safety=FixSafety.UNSAFE)


def _on_logits(syntax: Syntax, request: Request) -> Plan:
    """A loss that is told that it gets logits, and gets probabilities."""
    at = request.finding.location
    call = syntax.expression(at)
    found = [] if call is None else [n for n in ast.walk(call) if isinstance(n, ast.keyword)]
    flags = [keyword.value for keyword in found if keyword.arg == "from_logits"]
    if len(flags) != 1:
        return obstructed("where the loss is told of logits is not in view", at)
    return Plan((RemoveElement(syntax.locate(flags[0])),), safety=FixSafety.UNSAFE)


FIX = SourceFix("TFL113", FixSafety.SAFE, _plan, unchanged)
