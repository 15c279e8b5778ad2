"""What a network takes and gives, flat and by name, and how it is called so.

Keras nests inputs and outputs in lists and dictionaries; a graph of a SavedModel has names for
them. Everything else here works with flat tuples in one order: that of `tf.nest.flatten`, for
signatures the order of their names.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from tflint.convert.request import Port
from tflint.convert.tensorflow.construction import called_with
from tflint.convert.tensorflow.loaded import CannotLoad, Loaded

_NOT_BUILT = (
    "the model is not built: the shape of its input is not known"
    " (give it `keras.Input(shape=...)`, or call it once before it is returned)"
)


def inputs(loaded: Loaded) -> tuple[Port, ...]:
    """The inputs, in the order in which `call` takes them. Raises `CannotLoad`."""
    if loaded.is_graph:
        named = loaded.model.structured_input_signature[1]
        return tuple(_port(name, named[name].shape, named[name].dtype) for name in sorted(named))
    import tensorflow as tf

    structure = _input_structure(loaded)
    flat = tf.nest.flatten(structure)
    args, keywords = structure
    keys = _keys(keywords or args[0] if len(args) + bool(keywords) == 1 else structure)
    names = [
        key or _maker(value) or _short(getattr(value, "name", ""))
        for key, value in zip(keys, flat, strict=True)
    ]
    return tuple(
        _port(name, value.shape, value.dtype)
        for name, value in zip(_distinct(names, "input"), flat, strict=True)
    )


def outputs(loaded: Loaded, batch: int | None = None) -> tuple[Port, ...]:
    """The outputs, in the order in which `call` gives them.

    `batch` is put in place of an open first dimension of the inputs, which models without a
    graph of layers are called with for this.
    """
    import tensorflow as tf

    if loaded.is_graph:
        named = loaded.model.structured_outputs
        if isinstance(named, Mapping):
            return tuple(_output(n, named[n].shape, named[n].dtype) for n in sorted(named))
        flat = tf.nest.flatten(named)
        return tuple(_output(f"output_{i}", v.shape, v.dtype) for i, v in enumerate(flat))
    model = loaded.model
    known = getattr(model, "outputs", None) if _has_layers(model) else None
    structure = getattr(model, "output", None) if known else None
    if not known:
        structure = concrete(loaded, batch).structured_outputs
        known = tf.nest.flatten(structure)
    layers = getattr(model, "output_names", None) or ()
    given = layers if len(layers) == len(known) else [_maker(value) for value in known]
    names = [key or _short(name) for key, name in zip(_keys(structure), given, strict=True)]
    return tuple(
        _output(name, value.shape, value.dtype)
        for name, value in zip(_distinct(names, "output"), known, strict=True)
    )


def call(loaded: Loaded, values: Sequence[Any]) -> list[Any]:
    """The outputs for tensors of all inputs, as tensors; at inference."""
    import tensorflow as tf

    if loaded.is_graph:
        named = sorted(loaded.model.structured_input_signature[1])
        given = loaded.model(**dict(zip(named, values, strict=True)))
        if isinstance(given, Mapping):
            return [given[name] for name in sorted(given)]
        return list(tf.nest.flatten(given))
    structure = _input_structure(loaded)
    args, keywords = tf.nest.pack_sequence_as(structure, list(values))
    if "training" in inspect.signature(loaded.model.call).parameters:
        keywords["training"] = False
    return list(tf.nest.flatten(loaded.model(*args, **keywords)))


def specs(loaded: Loaded, batch: int | None) -> list[Any]:
    """A `tf.TensorSpec` for each input, with `batch` in place of an open first dimension."""
    import tensorflow as tf

    found = []
    for port in inputs(loaded):
        shape = list(port.shape)
        if batch is not None and shape and shape[0] is None:
            shape[0] = batch
        found.append(tf.TensorSpec(shape, port.dtype, port.name))
    return found


def concrete(loaded: Loaded, batch: int | None, *, is_compiled: bool = False) -> Any:
    """The network as a `ConcreteFunction` of flat tensors; compiled by XLA if asked for."""
    import tensorflow as tf

    function: Any = tf.function(
        lambda *values: call(loaded, values), jit_compile=is_compiled or None
    )
    return function.get_concrete_function(*specs(loaded, batch))


def _input_structure(loaded: Loaded) -> tuple[list[Any], dict[str, Any]]:
    """Tensors or specs of the inputs, nested as the model takes them: positional, and named."""
    model = loaded.model
    if _has_layers(model):
        for name in ("_inputs_struct", "_nested_inputs"):
            if getattr(model, name, None) is not None:
                return [getattr(model, name)], {}
        flat = _attribute(model, "inputs")
        if flat:
            return [flat[0] if len(flat) == 1 else list(flat)], {}
        raise CannotLoad(_NOT_BUILT)
    seen = called_with(model)
    if seen is not None:
        args, keywords = seen
        return list(args), dict(keywords)
    return [_called_with(model)], {}


def _has_layers(model: Any) -> bool:
    """Whether it is a graph of layers (functional, `Sequential`), and no subclass without one."""
    names = {each.__name__ for each in type(model).__mro__}
    return bool(names & {"Functional", "Sequential"})


def _called_with(model: Any) -> Any:
    """What a subclassed model was built with or called on, with the batch left open."""
    import tensorflow as tf

    seen = called_with(model)
    if seen is not None and len(seen[0]) == 1 and not seen[1]:
        return seen[0][0]
    if hasattr(model, "save_spec"):  # tf-keras.
        found = model.save_spec()
        if found is not None and len(found[0]) == 1:
            return found[0][0]
        built_for = getattr(model, "_build_input_shape", None)
        shapes = {} if built_for is None else {"input_shape": built_for}
    else:
        shapes = getattr(model, "_build_shapes_dict", None) or {}
    if len(shapes) != 1:
        raise CannotLoad(_NOT_BUILT)
    (shape,) = shapes.values()
    dtype = getattr(model, "input_dtype", None) or "float32"

    def nested(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: nested(item) for key, item in value.items()}
        if all(size is None or isinstance(size, int) for size in value):
            return tf.TensorSpec([None, *value[1:]], dtype)
        return [nested(item) for item in value]

    return nested(shape)


def _keys(structure: Any) -> list[str]:
    """For each flat item the key of the dictionary it is in; empty where it is in none."""
    import tensorflow as tf

    if isinstance(structure, Mapping) and all(isinstance(key, str) for key in structure):
        # A dictionary is flattened in the order of its keys.
        found = []
        for key in sorted(structure):
            inner = tf.nest.flatten(structure[key])
            found += [key] if len(inner) == 1 else [f"{key}_{i}" for i in range(len(inner))]
        return found
    return ["" for _ in tf.nest.flatten(structure)]


def _attribute(model: Any, name: str) -> Any:
    # Keras raises for what is not known before a model is built.
    try:
        return getattr(model, name)
    except (AttributeError, ValueError):
        return None


def _output(name: str, shape: Any, dtype: Any) -> Port:
    """An output; where even its number of dimensions is open, one without dimensions."""
    import tensorflow as tf

    return _port(name, () if tf.TensorShape(shape).rank is None else shape, dtype)


def _port(name: str, shape: Any, dtype: Any) -> Port:
    import tensorflow as tf

    sizes = tf.TensorShape(shape)
    if sizes.rank is None:
        raise CannotLoad(f"the number of dimensions of `{name}` is not known")
    return Port(name, tuple(sizes.as_list()), tf.as_dtype(dtype).name)


def _maker(tensor: Any) -> str:
    """The layer that makes a symbolic tensor: Keras 3 numbers the tensors themselves."""
    history = getattr(tensor, "_keras_history", None)
    maker = getattr(history, "operation", None) or getattr(history, "layer", None)
    return str(getattr(maker, "name", "") or "")


def _short(name: str | None) -> str:
    return (name or "").partition(":")[0].rpartition("/")[2]


def _distinct(names: Sequence[str], prefix: str) -> list[str]:
    """The names, those that are missing or doubled by their number."""
    found: list[str] = []
    for index, name in enumerate(names):
        is_free = name and name not in found and names.count(name) == 1
        found.append(name if is_free else f"{prefix}_{index}")
    return found
