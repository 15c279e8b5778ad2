"""From the configuration of one layer, in any version's spelling, to a `Layer`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from tflint.archive.bounded_json import Json
from tflint.errors import MalformedArchive
from tflint.finding import NOWHERE, Location
from tflint.keras import signatures
from tflint.keras.network import Layer, Network
from tflint.keras.values import UNKNOWN, Argument, Function, Reference, Result, Value
from tflint.printable import printable

# Homes of Keras' own classes, by the first part of their module.
_KERAS_PACKAGES = frozenset(("keras", "tf_keras", "tensorflow", "tensorflow_core"))
# Where what `keras.layers` exports is defined.
_OPERATIONS = "keras.src.ops."
# Homes of activations that are not Keras' own, by the names of the functions there.
_TENSORFLOW_FUNCTIONS = {
    "softmax_v2": "tensorflow.nn.softmax",
    "leaky_relu": "tensorflow.nn.leaky_relu",
    "relu6": "tensorflow.nn.relu6",
    "log_softmax_v2": "tensorflow.nn.log_softmax",
    "crelu_v2": "tensorflow.nn.crelu",
}
# Keras 1's one layer for all ways of merging, by its `mode`.
_MERGES = {
    "concat": "Concatenate",
    "sum": "Add",
    "mul": "Multiply",
    "ave": "Average",
    "max": "Maximum",
    "dot": "Dot",
    "cos": "Dot",
}
_MODELS = frozenset(("Sequential", "Functional", "Model"))
# Classes that are Keras' own without being layers that people write.
_KERAS_CLASSES = _MODELS | {
    "AddMetric",
    "AddLoss",
    "ClassMethod",
    "InstanceMethod",
    "InstanceProperty",
    "Merge",
    "Network",
    "SlicingOpLambda",
    "TFOpLambda",
    "TensorFlowOpLayer",
}
_MERGE_AXES = {"concat": "concat_axis", "dot": "dot_axes", "cos": "dot_axes"}

# Makes a layer of the configuration of one inside another.
MakeLayer = Callable[["dict[str, Json]"], Layer]


def class_name(entry: Mapping[str, Json]) -> str:
    """The name of the class; raises `MalformedArchive` where it has none."""
    name = entry.get("class_name")
    if not isinstance(name, str) or not name:
        raise MalformedArchive("the configuration has a layer without a `class_name`")
    return name


def inner_config(entry: Mapping[str, Json]) -> dict[str, Json]:
    """The arguments of the class; raises `MalformedArchive` where they are not an object."""
    config = entry.get("config")
    if config is None:
        return {}
    if not isinstance(config, dict):
        raise MalformedArchive(
            f"the configuration of a {printable(class_name(entry), 40)} is not an object"
        )
    return config


def layer_name(entry: Mapping[str, Json]) -> str | None:
    """What the layer is called in its model, which is what connections go by."""
    name = entry.get("name")
    if isinstance(name, str):
        return name
    config = entry.get("config")
    name = config.get("name") if isinstance(config, dict) else None
    return name if isinstance(name, str) else None


def is_model(entry: Mapping[str, Json]) -> bool:
    """Whether the class is a model that is made of layers: one with a list of them."""
    config = entry.get("config")
    if isinstance(config, list):
        return entry.get("class_name") == "Sequential"
    return isinstance(config, dict) and (
        isinstance(config.get("layers"), list)
        and ("input_layers" in config or entry.get("class_name") in tuple(_MODELS))
    )


def is_keras_class(entry: Mapping[str, Json]) -> bool:
    """Whether the class is one of Keras' own.

    Legacy configurations name no module: what Keras has under this name is meant there, unless
    a `custom_objects` says otherwise, which no archive can.
    """
    module = entry.get("module")
    registered = entry.get("registered_name")
    if isinstance(registered, str) and ">" in registered:
        return False
    if "module" not in entry:
        name = class_name(entry)
        return name in _KERAS_CLASSES or signatures.is_known(name) or is_operation(entry)
    return isinstance(module, str) and module.split(".", 1)[0] in _KERAS_PACKAGES


def is_operation(entry: Mapping[str, Json]) -> bool:
    """Whether it stands for a function of `keras.ops` that was called on a symbolic tensor.

    Legacy formats do not say so, but layers say whether they are trainable, or at least their
    type, and operations are only recorded by Keras 3.
    """
    module, nodes, config = entry.get("module"), entry.get("inbound_nodes"), entry.get("config")
    if isinstance(module, str):
        return module.startswith(_OPERATIONS)
    return (
        "module" not in entry
        and isinstance(nodes, list)
        and bool(nodes)
        and isinstance(nodes[0], dict)
        and isinstance(config, dict)
        and "trainable" not in config
        and "layers" not in config
        and ("dtype" not in config or not signatures.is_known(class_name(entry)))
    )


def make_layer(
    entry: Mapping[str, Json],
    location: Location,
    make_inner: MakeLayer,
    network: Network | None = None,
) -> Layer:
    """The layer that a configuration describes.

    `make_inner` is asked for the layers in its arguments, such as those of wrappers. Raises
    `MalformedArchive` where the configuration is not one of a layer.
    """
    given = {} if network is not None else inner_config(entry)
    arguments = {
        key: Argument(_value(value, make_inner)) for key, value in given.items() if key != "name"
    }
    own = is_keras_class(entry)
    kind, path = _kind(entry, own=own)
    if kind == "Merge":
        kind, path, arguments = _merge(arguments)
    if kind == "Lambda":
        _name_functions(arguments)
    if own:
        kind = signatures.canonical(kind)
        arguments = dict(signatures.canonical_arguments(kind, arguments))
    return Layer(
        kind,
        path,
        MappingProxyType(arguments),
        has_unknown_arguments=not own,
        name=layer_name(entry),
        location=location,
        network=network,
    )


def _kind(entry: Mapping[str, Json], *, own: bool) -> tuple[str, str]:
    """The kind and the path of the class, or of the operation on tensors that it stands for."""
    name = class_name(entry)
    config = entry.get("config")
    function = config.get("function") if isinstance(config, dict) else None
    if own and name in ("TFOpLambda", "SlicingOpLambda") and isinstance(function, str):
        return function.rsplit(".", 1)[-1], f"tensorflow.{function}"
    if own and is_operation(entry):
        operation = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
        return operation, f"keras.ops.{operation}"
    if own:
        return name, f"keras.layers.{name}"
    registered = entry.get("registered_name")
    # A class that is called as one of Keras' own is not that.
    if signatures.is_known(name):
        name = registered if isinstance(registered, str) and ">" in registered else f"custom>{name}"
    return name, name


def _merge(arguments: dict[str, Argument]) -> tuple[str, str, dict[str, Argument]]:
    given = arguments.get("mode")
    mode = given.value if given is not None else "sum"
    kind = _MERGES.get(mode, "Merge") if isinstance(mode, str) else "Merge"
    axis = arguments.get(_MERGE_AXES.get(mode, "") if isinstance(mode, str) else "")
    axes = "axis" if kind == "Concatenate" else "axes"
    return kind, f"keras.layers.{kind}", {} if axis is None else {axes: axis}


def _name_functions(arguments: dict[str, Argument]) -> None:
    """Put functions in the place of what Keras 1 and 2 write for them in a `Lambda`."""
    for name in ("function", "output_shape", "mask"):
        kind = arguments.pop(f"{name}_type", None)
        arguments.pop(f"{name}_module", None)
        given = arguments.get(name)
        if given is None:
            continue
        is_code = isinstance(given.value, tuple) and bool(given.value)
        if (kind is not None and kind.value == "lambda") or (
            is_code and isinstance(given.value, tuple) and isinstance(given.value[0], str)
        ):
            arguments[name] = Argument(Function("<lambda>", NOWHERE))
        elif isinstance(given.value, str):
            arguments[name] = Argument(Reference(given.value))
    arguments.pop("module", None)


def value_of(value: Json) -> Value:
    """What an argument that holds no layers is given."""

    def refuse(entry: dict[str, Json]) -> Layer:
        raise MalformedArchive("the configuration has a layer where none can be")

    return _value(value, refuse)


def _value(value: Json, make_inner: MakeLayer) -> Value:
    if isinstance(value, list):
        return tuple(_value(item, make_inner) for item in value)
    if not isinstance(value, dict):
        return value
    name, config = value.get("class_name"), value.get("config")
    if not isinstance(name, str) or "config" not in value:
        return MappingProxyType({key: _value(item, make_inner) for key, item in value.items()})
    if name == "__lambda__":
        return Function("<lambda>", NOWHERE)
    if name in ("__numpy__", "__tensor__"):
        return _array(config)
    if name.startswith("__"):
        return UNKNOWN
    if name == "function":
        return _function(value.get("module"), config)
    if not isinstance(config, dict) and not is_model(value):
        return UNKNOWN
    if name in ("DTypePolicy", "Policy") and isinstance(config, dict):
        policy = config.get("name")
        return policy if isinstance(policy, str) else UNKNOWN
    if _is_layer(value):
        return make_inner(value)
    # What is no layer: initialisers, regularisers, losses.
    if not isinstance(config, dict):
        return Result(_path(value, name))
    keywords = {key: _value(item, make_inner) for key, item in config.items()}
    return Result(_path(value, name), keywords=keywords)


def _is_layer(entry: Mapping[str, Json]) -> bool:
    module = entry.get("module")
    if is_model(entry) or (isinstance(module, str) and module.startswith("keras.layers")):
        return True
    name = class_name(entry)
    return (
        (module is None or not isinstance(module, str))
        and is_keras_class(entry)
        and signatures.is_known(name)
    )


def _path(entry: Mapping[str, Json], name: str) -> str:
    module = entry.get("module")
    return f"{module}.{name}" if isinstance(module, str) else name


def _function(module: Json, name: Json) -> Value:
    if not isinstance(name, str):
        return UNKNOWN
    if isinstance(module, str) and module.split(".", 1)[0] in _KERAS_PACKAGES:
        return Reference(f"{module}.{name}")
    return Reference(_TENSORFLOW_FUNCTIONS.get(name, name))


def _array(config: Json) -> Value:
    value = config.get("value") if isinstance(config, dict) else None
    return value_of(value) if isinstance(value, (list, int, float)) else UNKNOWN
