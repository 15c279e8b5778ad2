"""What a network answers to samples, as the reference that results are held against."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tflint.convert.out_of_memory import is_out_of_memory
from tflint.convert.tensorflow.calling import concrete, inputs
from tflint.convert.tensorflow.loaded import Loaded, said_by
from tflint.execution.frames import Array

# Samples that are run at once where the batch is open; more of them use the caches no better.
_AT_ONCE = 32


class NoAnswers(Exception):
    """The network cannot be run here, or gives what cannot be compared; the message says why."""


def answers(loaded: Loaded, samples: Sequence[Array], batch: int = 1) -> tuple[Array, ...]:
    """The outputs for samples of each input, (samples, batch, *shape of the input).

    They are (samples, *shape of the output), reals in float32. State of recurrent layers is
    reset before each sample. Raises `NoAnswers`.
    """
    count = len(samples[0]) if samples else 1
    run = runner(loaded, batch)
    found: list[list[Array]] = []
    many = _several(loaded, samples, batch) if count > _AT_ONCE else None
    if many is not None:
        return many
    for index in range(count):
        forget(loaded.model)
        found.append(run([values[index] for values in samples]))
    if len({tuple(each.shape for each in one) for one in found}) > 1:
        raise NoAnswers("the shape of an output depends on the values of the inputs")
    return tuple(_comparable(np.stack(parts)) for parts in zip(*found, strict=True))


def forget(model: Any) -> None:
    """Reset the state of recurrent layers, in Keras 3 and in tf-keras."""
    for layer in _stateful(model):
        reset = getattr(layer, "reset_states", None) or getattr(layer, "reset_state", None)
        if reset is not None:
            reset()


def _stateful(model: Any) -> list[Any]:
    found = []
    flatten = getattr(model, "_flatten_layers", None)
    for layer in flatten() if flatten is not None else ():
        if layer is not model and getattr(layer, "stateful", False):
            found.append(layer)
    return found


def runner(loaded: Loaded, batch: int | None) -> Callable[[Sequence[Array]], list[Array]]:
    """Runs one batch. Kernels of channels_first are missing on a CPU, unless XLA compiles them.

    Raises `NoAnswers` when it is called.
    """
    import tensorflow as tf

    types = [port.dtype for port in inputs(loaded)]
    ways = [False, True]
    known: dict[bool, Any] = {}
    failed: list[str] = []

    def run(values: Sequence[Array]) -> list[Array]:
        tensors = [tf.cast(value, kind) for value, kind in zip(values, types, strict=True)]
        while ways:
            try:
                if ways[0] not in known:
                    known[ways[0]] = concrete(loaded, batch, is_compiled=ways[0])
                return [each.numpy() for each in known[ways[0]](*tensors)]
            except Exception as error:
                if is_out_of_memory(error):
                    raise
                failed.append(_reason(error))
                ways.pop(0)
        raise NoAnswers(failed[0])

    return run


def _several(loaded: Loaded, samples: Sequence[Array], batch: int) -> tuple[Array, ...] | None:
    """The same in large batches; None where samples of a batch depend on each other, or on the
    batch before, or where its size is fixed.
    """
    ports = inputs(loaded)
    if batch != 1 or _stateful(loaded.model):
        return None
    if not all(port.shape and port.shape[0] is None for port in ports):
        return None
    try:
        run, single = runner(loaded, None), runner(loaded, 1)
        first = run([values[:_AT_ONCE, 0] for values in samples])
        alone = single([values[1] for values in samples])
        parts = [first]
        for one, each in zip(alone, first, strict=True):
            if each.shape[:1] != (_AT_ONCE,) or one.shape != (1, *each.shape[1:]):
                return None
            spread = float(np.ptp(each.astype(np.float64))) if each.dtype.kind in "fiu" else 0.0
            if not np.allclose(one[0], each[1], rtol=1e-4, atol=1e-5 * spread):
                return None
        for at in range(_AT_ONCE, len(samples[0]), _AT_ONCE):
            parts.append(run([values[at : at + _AT_ONCE, 0] for values in samples]))
    except NoAnswers:
        return None
    joined = [np.concatenate(each)[:, np.newaxis] for each in zip(*parts, strict=True)]
    return tuple(map(_comparable, joined))


def _comparable(values: Array) -> Array:
    if values.dtype.kind == "f":
        return values.astype(np.float32)
    if values.dtype.kind not in "biuc":
        raise NoAnswers(f"its outputs are {values.dtype.name}, not numbers")
    return values


def _reason(error: BaseException) -> str:
    said = said_by(error)[:400]
    return said or type(error).__name__
