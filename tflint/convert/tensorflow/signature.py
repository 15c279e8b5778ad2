"""What a loaded network takes and gives, flat and by name, whatever it was written as."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tflint.convert.request import Port
from tflint.convert.tensorflow.construction import called_with
from tflint.convert.tensorflow.loaded import CannotLoad, Loaded

SERVING = "serving_default"


@dataclass(frozen=True, slots=True)
class Signature:
    """The inputs in their order, and how to call the network for inference.

    `call` takes one tensor an input and returns the outputs by name, in their order.
    """

    inputs: tuple[Port, ...]
    call: Callable[[Sequence[Any]], dict[str, Any]]


def signature(loaded: Loaded) -> Signature:
    """How a network is called. Raises `CannotLoad` where its inputs are unknown."""
    if hasattr(loaded.model, "signatures"):
        return _of_saved_model(loaded.model)
    return _of_keras(loaded)


def _of_saved_model(model: Any) -> Signature:
    entries = dict(model.signatures)
    if not entries:
        raise CannotLoad("the SavedModel has no signature: save it with `signatures=`")
    function = entries.get(SERVING) or (next(iter(entries.values())) if len(entries) == 1 else None)
    if function is None:
        raise CannotLoad(
            f"the SavedModel has no signature `{SERVING}` but {len(entries)} others: "
            + ", ".join(f"`{name}`" for name in sorted(entries)[:8])
        )
    specs = function.structured_input_signature[1]
    names = sorted(specs)

    def call(values: Sequence[Any]) -> dict[str, Any]:
        return dict(function(**dict(zip(names, values, strict=True))))

    return Signature(tuple(_port(name, specs[name]) for name in names), call)


def _of_keras(loaded: Loaded) -> Signature:
    import tensorflow as tf

    model = loaded.model
    tree = getattr(loaded.keras, "tree", None) or tf.nest
    core = getattr(model, "_functional", None) or model
    tensors = getattr(core, "inputs", None)
    if tensors:
        given = getattr(core, "_inputs_struct", None)  # Keras 3
        structure: Any = ([getattr(core, "_nested_inputs", given)], {})
    else:
        structure = _called_with(model)
        tensors = tree.flatten(structure)
    names = _input_names(tensors, structure)
    output_names = tuple(getattr(core, "output_names", None) or ())

    def call(values: Sequence[Any]) -> dict[str, Any]:
        args, kwargs = tree.pack_sequence_as(structure, [*values])
        outputs = model(*args, **kwargs, training=False)
        flat = tree.flatten(outputs)
        if isinstance(outputs, Mapping) and len(outputs) == len(flat):
            found = _keys(outputs, flat)
        elif len(output_names) == len(flat):
            found = [str(name) for name in output_names]
        else:
            found = [f"output_{i}" for i in range(len(flat))]
        return dict(zip(_unlike(found), flat, strict=True))

    return Signature(tuple(map(_port, names, tensors)), call)


def _called_with(model: Any) -> Any:
    """The arguments of a subclassed model, as it was first called or built."""
    import tensorflow as tf

    seen = called_with(model)
    if seen is not None:
        return seen
    spec = getattr(model, "_saved_model_inputs_spec", None)  # tf-keras
    if spec is not None:
        return [spec], {}
    shapes = getattr(model, "_build_shapes_dict", None) or {}  # Keras 3
    found = [shape for shape in shapes.values() if shape]
    if len(found) != 1:
        raise CannotLoad(
            f"the inputs of the {type(model).__name__} are unknown: call it once on data before it "
            "is returned, or build it with keras.Input"
        )

    def specs(shape: Any) -> Any:
        if isinstance(shape, Mapping):
            return {name: specs(item) for name, item in shape.items()}
        if any(isinstance(size, (tuple, list, Mapping)) for size in shape):
            return [specs(item) for item in shape]
        # The batch it was built with says nothing about the network.
        return tf.TensorSpec((None, *shape[1:]), "float32")

    return [specs(found[0])], {}


def _input_names(tensors: Sequence[Any], structure: Any) -> list[str]:
    args, kwargs = structure
    if len(args) == 1 and not kwargs:
        structure = args[0]
    else:
        structure = {f"input_{i}": each for i, each in enumerate(args)} | kwargs
    if isinstance(structure, Mapping) and len(structure) == len(tensors):
        return _unlike(_keys(structure, tensors))
    names = []
    for i, tensor in enumerate(tensors):
        history = getattr(tensor, "_keras_history", None)
        maker = getattr(history, "operation", None) or getattr(history, "layer", None)
        name = getattr(maker, "name", None) or getattr(tensor, "name", None) or f"input_{i}"
        names.append(str(name).partition(":")[0])
    return _unlike(names)


def _keys(structure: Mapping[Any, Any], flat: Sequence[Any]) -> list[str]:
    names = {id(tensor): str(key) for key, tensor in structure.items()}
    return [names.get(id(tensor), f"output_{i}") for i, tensor in enumerate(flat)]


def _unlike(names: Sequence[str]) -> list[str]:
    """The names, those that occur again with a number behind them."""
    taken: dict[str, None] = {}
    for name in names:
        unlike, number = name, 1
        while unlike in taken:
            unlike, number = f"{name}_{number}", number + 1
        taken[unlike] = None
    return list(taken)


def _port(name: str, tensor: Any) -> Port:
    import tensorflow as tf

    shape = tf.TensorShape(tensor.shape)
    if shape.rank is None:
        raise CannotLoad(f"the shape of the input `{name}` is unknown")
    return Port(name, tuple(shape.as_list()), tf.as_dtype(tensor.dtype).name)
