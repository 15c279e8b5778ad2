"""TensorFlow's converter: with builtin operators first, then with more, to learn what lacks."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tflint.convert.out_of_memory import is_out_of_memory
from tflint.convert.request import Attempt, Fault, Needed, Place, Request, Support
from tflint.convert.tensorflow.answers import forget
from tflint.convert.tensorflow.calling import call, inputs, outputs, specs
from tflint.convert.tensorflow.loaded import CannotLoad, Loaded
from tflint.convert.tensorflow.missing import from_errors, from_model, raised, reason
from tflint.convert.tensorflow.naming import argument, named, result
from tflint.convert.tensorflow.scopes import scopes_noted

SERVING = "serving_default"
_ORDER = (Support.BUILTIN, Support.SELECT, Support.CUSTOM)


@dataclass(frozen=True, slots=True)
class Traced:
    """A network as one function of tensors; `function` must outlive the conversion.

    Its arguments are named `argument(0)` and so on, its results `result(0)`. `scopes` are those
    of the graph with the layers they belong to.
    """

    function: Any
    concrete: Any
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    scopes: Mapping[str, str]


def attempts(loaded: Loaded, request: Request) -> tuple[list[Attempt], bytes | None]:
    """Convert to float, allowing more operators each time until it succeeds.

    The model is that of the first attempt that needs no more than `request.fallback`, None where
    none does: the attempts behind it are made for what they tell about operators. An exception
    of the network's own code makes one failed attempt, with the layer that raised it. Raises
    `CannotLoad` where the inputs are unknown.
    """
    # The state of recurrent layers is saved as it is now.
    forget(loaded.model)
    with _whole_tracebacks(loaded):
        try:
            traced = trace(loaded, request.batch)
        except CannotLoad:
            raise
        except Exception as error:
            if is_out_of_memory(error):
                raise
            return [Attempt(Support.BUILTIN, reason(error), faults=(raised(error),))], None
        made: list[Attempt] = []
        for allowed in _ORDER:
            before: list[Needed | Fault] = []
            for earlier in made[:1]:
                before += [*earlier.needed, *earlier.faults]
            attempt, model = _attempt(traced, allowed, loaded.layers, before)
            made.append(attempt)
            if model is not None:
                is_wanted = _ORDER.index(allowed) <= _ORDER.index(request.fallback)
                return made, model if is_wanted else None
    return made, None


def trace(loaded: Loaded, batch: int | None) -> Traced:
    """Trace a network for inference, with `batch` in place of an open first dimension."""
    import tensorflow as tf

    def run(*values: Any) -> dict[str, Any]:
        # A network that returns its input would have the converter lose an output.
        given = enumerate(call(loaded, values))
        return {result(i): tf.identity(value) for i, value in given}

    # Keras 2 counts on autograph around it; Keras 3 has none, and tracebacks are whole without.
    function = tf.function(run, autograph=loaded.is_legacy)
    taken = [
        tf.TensorSpec(spec.shape, spec.dtype, argument(i))
        for i, spec in enumerate(specs(loaded, batch))
    ]
    with scopes_noted(None if loaded.is_legacy else loaded.keras) as scopes:
        concrete = function.get_concrete_function(*taken)
    given, made = loaded.names or (
        tuple(port.name for port in inputs(loaded)),
        tuple(port.name for port in outputs(loaded, batch)),
    )
    return Traced(function, concrete, given, made, scopes)


def converter_of(traced: Traced) -> Any:
    """TensorFlow's converter for a network, with its default settings."""
    import tensorflow as tf

    # Not the Keras model: saving that of Keras 3 leaves its weights as variables.
    owner = tf.Module()
    owner.function = traced.function
    owner.held = list(traced.concrete.variables)
    return tf.lite.TFLiteConverter.from_concrete_functions([traced.concrete], owner)


def _attempt(
    traced: Traced, allowed: Support, known: Mapping[str, Place], before: Sequence[Needed | Fault]
) -> tuple[Attempt, bytes | None]:
    import tensorflow as tf

    converter = converter_of(traced)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if allowed is not Support.BUILTIN:
        converter.target_spec.supported_ops += [tf.lite.OpsSet.SELECT_TF_OPS]
    converter.allow_custom_ops = allowed is Support.CUSTOM
    try:
        data: bytes = converter.convert()
        model = with_names(data, traced)
        needed = from_model(model, known, traced.scopes, before)
    except Exception as error:
        if is_out_of_memory(error):
            raise
        return Attempt(allowed, reason(error), *from_errors(error, known, traced.scopes)), None
    return Attempt(allowed, needed=needed), model


def with_names(data: bytes, traced: Traced) -> bytes:
    """What the converter made, with the network's own names and order of inputs and outputs."""
    return named(data, traced.inputs, traced.outputs, SERVING, traced.scopes)


@contextlib.contextmanager
def _whole_tracebacks(loaded: Loaded) -> Iterator[None]:
    """Keras and TensorFlow leave their own frames out of tracebacks, and the layers with them."""
    import tensorflow as tf

    config = getattr(loaded.keras, "config", None)
    was_keras = config is not None and config.is_traceback_filtering_enabled()
    was_tensorflow = tf.debugging.is_traceback_filtering_enabled()
    tf.debugging.disable_traceback_filtering()
    if config is not None:
        config.disable_traceback_filtering()
    try:
        yield
    finally:
        if was_tensorflow:
            tf.debugging.enable_traceback_filtering()
        if config is not None and was_keras:
            config.enable_traceback_filtering()
