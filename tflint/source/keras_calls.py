"""Calls of what Keras and TensorFlow have: layers, models, settings, converters."""

from __future__ import annotations

from tflint.source.attributes import shape_thing
from tflint.source.classes import keras_base
from tflint.source.converters import is_converter_path, make_converter
from tflint.source.instances import base_init
from tflint.source.layers import (
    DATA_FORMAT,
    apply_layer,
    make_input,
    make_layer,
    set_data_format,
)
from tflint.source.machine import Machine, Place
from tflint.source.models import make_model, make_sequential
from tflint.source.objects import Arguments, Const, Instance, LayerThing, Operand, TensorThing
from tflint.source.paths import LAYER_FUNCTIONS, is_layer_name
from tflint.source.store import MISSING, OPAQUE, Thing

_MODELS = frozenset(("Model", "Functional"))
_SETTERS = frozenset(("set_image_data_format", "set_image_dim_ordering"))
_GETTERS = frozenset(("image_data_format", "image_dim_ordering"))
_MERGES = {
    "concat": "Concatenate",
    "sum": "Add",
    "mul": "Multiply",
    "ave": "Average",
    "max": "Maximum",
    "dot": "Dot",
}


def call_keras_path(machine: Machine, path: str, arguments: Arguments, node: Place) -> Thing | None:
    """What a call gives, if it is one of Keras' or the converter's; else None."""
    if path.startswith("tensorflow."):
        if is_converter_path(path):
            return make_converter(machine, path, arguments, node)
        return None
    if not path.startswith("keras."):
        return None
    home, _, name = path.rpartition(".")
    if home == "keras.layers" or home.startswith("keras.layers."):
        return _call_layer(machine, path, name, arguments, node)
    if name == "Input" and home.startswith("keras"):
        return make_input(machine, path, arguments, node)
    if name == "Sequential":
        return make_sequential(machine, arguments, node)
    if name in _MODELS:
        if not arguments.positional and not arguments.keywords:
            return OPAQUE
        return make_model(machine, path, arguments, node)
    if name == "__init__" and arguments.positional:
        return _explicit_init(machine, arguments, node)
    if name in _SETTERS:
        set_data_format(machine, arguments, node)
        return Const(None)
    if name in _GETTERS:
        return _data_format(machine, is_old=name == "image_dim_ordering")
    if home.startswith("keras.applications") and name[:1].isupper():
        return _application(machine, path, name, arguments, node)
    if name == "int_shape" and arguments.positional:
        thing = arguments.positional[0].thing
        return (
            shape_thing(machine, thing.tensor.shape) if isinstance(thing, TensorThing) else (OPAQUE)
        )
    if name == "clone_model" and arguments.positional:
        return arguments.positional[0].thing
    return None


def _call_layer(
    machine: Machine, path: str, name: str, arguments: Arguments, node: Place
) -> Thing | None:
    if name == "Input":
        return make_input(machine, path, arguments, node)
    if name in LAYER_FUNCTIONS or name == "merge":
        kind = LAYER_FUNCTIONS.get(name, "")
        if name == "merge":
            mode = arguments.get("mode", 1)
            kind = _MERGES.get(str(mode.value) if isinstance(mode, Const) else "", "Merge")
        inputs = arguments.operand("inputs", 0)
        rest = {key: value for key, value in arguments.keywords.items() if key != "inputs"}
        given = Arguments((), rest, arguments.has_unknown)
        layer = make_layer(machine, kind, path, given, node)
        operands = (inputs if inputs is not None else Operand(OPAQUE, None),)
        return apply_layer(machine, layer, Arguments(operands), machine.locate(node))
    if name == "__init__" and arguments.positional:
        return _explicit_init(machine, arguments, node)
    if not (is_layer_name(name) or name[:1].isupper()):
        return None
    if name in ("Model", "Sequential"):
        maker = make_sequential if name == "Sequential" else None
        return (
            maker(machine, arguments, node) if maker else make_model(machine, path, arguments, node)
        )
    made = make_layer(machine, name, path, arguments, node)
    function = arguments.get("function", 0)
    if name == "Lambda" and function is not None:
        machine.recorder.lambdas[id(made)] = function
    return LayerThing(made)


def _explicit_init(machine: Machine, arguments: Arguments, node: Place) -> Thing:
    """`Layer.__init__(self, ...)`."""
    receiver = arguments.positional[0].thing
    if isinstance(receiver, Instance) and keras_base(receiver.type) is not None:
        rest = Arguments(arguments.positional[1:], arguments.keywords, arguments.has_unknown)
        base_init(machine, receiver, rest, node)
    return Const(None)


def _data_format(machine: Machine, *, is_old: bool) -> Thing:
    found = machine.has_setting(DATA_FORMAT)
    if found is MISSING:
        # As for layers: what the file does not say otherwise.
        found = Const("channels_last")
    if not isinstance(found, Const):
        return OPAQUE
    old = {"channels_first": "th", "channels_last": "tf"}
    return Const(old.get(str(found.value))) if is_old else Const(found.value)


def _application(
    machine: Machine, path: str, name: str, arguments: Arguments, node: Place
) -> Thing:
    layer = make_layer(machine, name, path, arguments, node)
    given = arguments.get("input_tensor")
    if isinstance(given, TensorThing):
        apply_layer(machine, layer, Arguments((Operand(given, None),)), layer.location)
    return LayerThing(layer)
