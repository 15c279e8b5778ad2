"""SavedModels: as Keras models where Keras wrote them, else by a signature of the graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tflint.archive.reader import read_archive
from tflint.convert.out_of_memory import is_out_of_memory
from tflint.convert.request import Origin
from tflint.convert.tensorflow.keras_archive import refuse_foreign_classes
from tflint.convert.tensorflow.loaded import CannotLoad, Loaded, framework, import_keras, reason
from tflint.convert.tensorflow.places import layers
from tflint.printable import printable

METADATA = "keras_metadata.pb"
SERVING = "serving_default"
# Of relative rounding, between a graph that was written once and the layers that are read back.
_CLOSE = 1e-3
_MOST_NAMED = 20


def load_saved_model(origin: Origin, custom: Mapping[str, Any]) -> Loaded:
    """The network in a folder.

    Keras 2 writes its layers beside the graph, which then can be rebuilt; Keras 3 writes the
    graph alone. Raises `CannotLoad` for what TensorFlow cannot load, and for several signatures
    of which none is chosen.
    """
    import tensorflow as tf

    try:
        owner = tf.saved_model.load(str(origin.path))
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise CannotLoad(f"TensorFlow cannot load the SavedModel: {reason(error)}") from error
    signatures = dict(getattr(owner, "signatures", {}))
    name = _chosen(signatures, origin.signature)
    graph = Loaded(signatures[name], None, "SavedModel", owner=owner)
    if not graph.model.structured_outputs:
        raise CannotLoad(f"the signature `{name}` gives nothing")
    if (origin.path / METADATA).is_file() and origin.is_legacy is not False:
        model = _as_layers(origin, custom, graph)
        if model is not None:
            return model
    return graph


def _chosen(signatures: Mapping[str, Any], wanted: str | None) -> str:
    """The signature that was asked for, else the one that serves, else the only one."""
    names = [name for name in signatures if not name.startswith("__")]
    listed = ", ".join(f"`{printable(name)}`" for name in names[:_MOST_NAMED])
    if wanted is not None:
        if wanted in signatures:
            return wanted
        has = f"it has {listed}" if names else "it has none"
        raise CannotLoad(f"the SavedModel has no signature `{printable(wanted)}`: {has}")
    if SERVING in names:
        return SERVING
    if len(names) == 1:
        return names[0]
    if not names:
        raise CannotLoad(
            "the SavedModel has no signature: save it with"
            " `tf.saved_model.save(module, folder, signatures=function)`"
        )
    raise CannotLoad(f"the SavedModel has several signatures ({listed}): choose by --signature")


def _as_layers(origin: Origin, custom: Mapping[str, Any], graph: Loaded) -> Loaded | None:
    """The model as tf-keras reads it back; None unless it answers as the signature does."""
    try:
        keras = import_keras("tf_keras")
        if not origin.is_trusted:
            refuse_foreign_classes(read_archive(origin.path), custom)
        with keras.utils.custom_object_scope(dict(custom)):
            model = keras.models.load_model(str(origin.path), compile=False)
        if not isinstance(model, keras.Model):
            return None
        found = Loaded(model, keras, framework(keras), layers(model), owner=graph.owner)
        return found if _answers_alike(found, graph) else None
    except Exception as error:
        if is_out_of_memory(error):
            raise
        return None


def _answers_alike(found: Loaded, graph: Loaded) -> bool:
    from tflint.convert.tensorflow.answers import answers
    from tflint.convert.tensorflow.calling import inputs

    ports, taken = inputs(found), inputs(graph)
    if len(ports) != 1 or len(taken) != 1 or ports[0].shape[1:] != taken[0].shape[1:]:
        # Which input is which is not known.
        return _are_named_alike(found, graph)
    rng = np.random.default_rng(0)
    shape = (2, 1, *(size or 8 for size in ports[0].shape[1:]))
    dtype = np.dtype(ports[0].dtype)
    values = rng.uniform(-1, 1, shape) if dtype.kind == "f" else rng.integers(0, 2, shape)
    mine = answers(found, [values.astype(dtype)])
    yours = answers(graph, [values.astype(dtype)])
    return len(mine) == len(yours) and all(
        any(_is_close(one, other) for other in yours) for one in mine
    )


def _are_named_alike(found: Loaded, graph: Loaded) -> bool:
    from tflint.convert.tensorflow.calling import inputs

    mine = {port.name: port.shape for port in inputs(found)}
    return mine == {port.name: port.shape for port in inputs(graph)}


def _is_close(one: Any, other: Any) -> bool:
    if one.shape != other.shape:
        return False
    spread = float(np.abs(other).max(initial=0.0)) or 1.0
    return bool(np.abs(one - other).max(initial=0.0) <= _CLOSE * spread)
