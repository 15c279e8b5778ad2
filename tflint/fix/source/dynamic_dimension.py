"""TFL109: an input of batch 1, which recurrent layers need to be converted."""

from __future__ import annotations

import ast

from tflint.finding import FixSafety
from tflint.fix.source.layer_code import calls_at
from tflint.fix.source.source_fix import Request, SourceFix
from tflint.keras.network import Layer, Network
from tflint.source.edits import AddArgument, Edit, Plan, obstructed
from tflint.source.syntax import Syntax, place, syntax_of

_TRAINERS = frozenset(("fit", "fit_generator", "train_on_batch"))
_BATCH = frozenset(("batch_size", "batch_shape"))
_NO_INPUT = "its input has no `Input(...)` in view: `Input(shape, batch_size=1)` in front makes one"


def _plan(request: Request) -> Plan:
    at = request.finding.location
    syntax = syntax_of(request.module)
    trained = _training(syntax)
    if trained is not None:
        reason = "the model is trained here, with other batches: fix the batch of a copy"
        return obstructed(reason, syntax.locate(trained))
    edits: list[Edit] = []
    here = {place(call.location) for call in calls_at(request.keras, at)}
    for network in request.keras.networks:
        if not any(place(call.location) in here for call in network.calls):
            continue
        for tensor in network.inputs:
            made = [
                layer
                for layer in request.keras.layers
                if layer.kind == "Input" and place(layer.location) == place(tensor.location)
            ]
            made = made or _first_layers(network, request.keras.keras_version)
            if not made or not isinstance(tensor.shape, tuple):
                return obstructed(_NO_INPUT, tensor.location)
            if _BATCH & made[0].arguments.keys() or None in tensor.shape[1:]:
                return obstructed("more than the batch is open", tensor.location)
            edits.append(AddArgument(made[0].location, "batch_size", "1"))
    if not edits:
        return obstructed("the network that it is part of is not in view", at)
    return Plan(tuple(dict.fromkeys(edits)), notes=("the model takes one sample at a time now",))


def _first_layers(network: Network, version: tuple[int, ...] | None) -> list[Layer]:
    """The layer of a Sequential model that makes its input; Keras 3 gives it no batch."""
    if network.kind != "Sequential" or not network.calls or version is None or version[0] != 2:
        return []
    first = network.calls[0].layer
    is_one = {"input_shape", "input_dim"} & first.arguments.keys()
    return [first] if is_one and not first.has_unknown_arguments else []


def _training(syntax: Syntax) -> ast.Call | None:
    for node in syntax.nodes():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in _TRAINERS:
                return node
    return None


FIX = SourceFix("TFL109", FixSafety.UNSAFE, _plan)
