"""The process that has TensorFlow: one request, frames of progress, one frame with the result.

```
load -> a donor's weights -> samples -> rebuild -> attempts to convert -> answers -> quantise
```

All of it in one process, as a factory may train the network that it returns, or make it up.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

from tflint.convert.out_of_memory import is_near_limit, is_out_of_memory
from tflint.convert.request import Attempt, Network, OriginKind, Request
from tflint.convert.tensorflow.loaded import CannotLoad
from tflint.errors import UsageError
from tflint.execution.frames import Array, Json

if TYPE_CHECKING:
    from tflint.convert.tensorflow.donor import Adopted
    from tflint.convert.tensorflow.loaded import Loaded
    from tflint.convert.tensorflow.rebuilding import Rebuilding
    from tflint.fix.proof.samples import Samples

SEED = 20
Frames = Iterator[tuple[Json, Sequence[Array]]]


def answer(request: Json, arrays: Sequence[Array]) -> Frames:
    """Load, rebuild and convert what a request names.

    The last frame has the event `converted`, or says why there is none: `refused` (no network),
    `usage` (samples that do not fit), `broken` (TensorFlow cannot be imported) or `memory`.
    """
    wanted = Request.from_json(request, arrays[0].tobytes() if arrays else None)
    process = os.getpid()
    frames = _steps(wanted)
    while True:
        try:
            head, sent = next(frames)
        except StopIteration:
            return
        except Exception as error:
            ended = _failure(error)
            if ended is None:
                raise
            yield ended, ()
            return
        finally:
            if os.getpid() != process:
                # A copy of this process that the user's code has made and let go on.
                os._exit(1)
        yield head, sent


def _steps(wanted: Request) -> Frames:
    _prepare(wanted)
    from tflint.convert.tensorflow.calling import inputs, outputs
    from tflint.convert.tensorflow.conversion import attempts
    from tflint.convert.tensorflow.loading import load
    from tflint.convert.tensorflow.rebuilding import rebuild, unchanged
    from tflint.convert.tensorflow.sampling import given_samples

    yield _progress(f"loading {wanted.origin.shown}")
    original = load(wanted.origin)
    adopted = None
    if wanted.donor is not None:
        from tflint.convert.tensorflow.donor import NotEqual

        yield _progress("carrying the weights over")
        try:
            adopted = _adopted(original, wanted)
        except NotEqual as error:
            network = Network(original.framework, donor_refusal=str(error))
            yield _converted(network, (), None, None, None, ())
            return
        original = dataclasses.replace(original, notes=(*original.notes, *adopted.notes))
    taken = inputs(original)
    try:
        given = outputs(original, wanted.batch)
    except CannotLoad:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        # The network's own code fails when it is called: that is a diagnosis.
        made, _ = attempts(original, wanted)
        network = Network(original.framework, taken, notes=original.notes, layers=original.layers)
        yield _converted(network, made, None, None, None, ())
        return
    samples = None
    if wanted.calibrate is not None:
        samples = given_samples(wanted.calibrate, taken, wanted.batch or 1)
    subject = unchanged(original, taken, given)
    if wanted.is_rebuilt:
        yield _progress("rebuilding the network")
        subject = rebuild(subject, wanted)

    yield _progress("converting")
    made, model = attempts(subject.loaded, wanted)
    reference: tuple[Array, ...] = ()
    quantized = None
    notes = [*original.notes, *subject.notes]
    if model is not None:
        yield _progress("running the original")
        samples, reference = _reference(original, wanted, samples, model, notes, adopted)
        if samples is not None and _is_for_tensorflow(model, wanted.quantize):
            yield _progress("quantising with TensorFlow")
            quantized = _quantized(subject, wanted, samples, notes)
    network = Network(
        original.framework,
        subject.inputs,
        subject.outputs,
        subject.rebuilt,
        tuple(notes),
        original.layers,
        source_refusal=subject.source_refusal,
        answered_by=_answered_by(original, adopted),
    )
    yield _converted(network, made, model, quantized, samples, reference, subject.weights)


def _prepare(wanted: Request) -> None:
    """Import TensorFlow, with the Keras that the user's code asks for and the same random numbers
    each time.
    """
    import random
    import sys

    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    os.environ["KERAS_BACKEND"] = "tensorflow"
    is_legacy = _is_legacy(wanted)
    if is_legacy is not None:
        os.environ["TF_USE_LEGACY_KERAS"] = "1" if is_legacy else "0"
    # Nobody sits there to answer.
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    sys.stdin = open(os.devnull)  # noqa: SIM115
    sys.argv[:] = [str(wanted.origin.path)]
    random.seed(SEED)
    np.random.seed(SEED)
    try:
        import tensorflow as tf
    except Exception as error:
        if is_out_of_memory(error) or is_near_limit():
            raise MemoryError from error
        raise _Broken(f"{type(error).__name__}: {error}") from error
    if not hasattr(tf, "lite"):
        raise _Broken(f"`{getattr(tf, '__file__', None)}` is not TensorFlow")
    # Keras 3 adds the bias of a channels_first convolution along the columns where they are as many
    # as the filters; Grappler makes a bias of the channels of it. What the original answers has to
    # be what Keras says, one layer after another.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    tf.random.set_seed(SEED)


class _Broken(Exception):
    """TensorFlow cannot be imported."""


def _is_legacy(wanted: Request) -> bool | None:
    """Which Keras `tf.keras` is to be, which TensorFlow decides when it is imported."""
    if wanted.origin.is_legacy is not None or wanted.origin.kind is not OriginKind.FACTORY:
        return wanted.origin.is_legacy
    from tflint.source.keras_version import keras_version
    from tflint.source.parsing import SourceError, decode_source, parse_source

    for path in (wanted.origin.path, *wanted.origin.modules):
        try:
            version = keras_version(parse_source(decode_source(path.read_bytes())).body)
        except (OSError, SourceError):
            continue
        if version is not None:
            return version[0] == 2
    return None


def _adopted(loaded: Loaded, wanted: Request) -> Adopted:
    """What a donor's weights became. Raises `NotEqual`, `CannotLoad` for one that does not fit."""
    from tflint.convert.float_form import NoFloatForm
    from tflint.convert.tensorflow.donor import adopt
    from tflint.convert.tensorflow.donor_answers import CannotTake
    from tflint.convert.tensorflow.pairing import OtherNetwork
    from tflint.convert.tensorflow.probe_model import probe_model
    from tflint.errors import HostFailed, ModelRefused, UnreadableModel

    assert wanted.donor is not None
    try:
        return adopt(loaded, wanted.donor, lambda probed: probe_model(probed, wanted))
    except OtherNetwork as error:
        raise CannotLoad(f"the source builds another network than the .tflite: {error}") from error
    except (CannotTake, NoFloatForm, HostFailed, ModelRefused, UnreadableModel) as error:
        raise CannotLoad(f"the weights cannot be carried over: {error}") from error


def _reference(
    original: Loaded,
    wanted: Request,
    samples: Samples | None,
    model: bytes,
    notes: list[str],
    adopted: Adopted | None = None,
) -> tuple[Samples | None, tuple[Array, ...]]:
    """Samples, made up where none were given and that was asked for, and the answers to them."""
    from tflint.convert.tensorflow.answers import NoAnswers, answers
    from tflint.convert.tensorflow.calling import inputs
    from tflint.convert.tensorflow.donor_answers import CannotTake
    from tflint.convert.tensorflow.sampling import made_up
    from tflint.fix.proof.interface import NotComparable

    batch = wanted.batch or 1
    try:
        if samples is None:
            if not wanted.random_samples:
                return None, ()
            samples = made_up(inputs(original), batch, wanted.random_samples, model)
        if adopted is not None and not adopted.is_own:
            try:
                return samples, adopted.answers(samples.inputs)
            except CannotTake as error:
                notes.append(str(error))
        return samples, answers(original, samples.inputs, batch)
    except (NoAnswers, NotComparable) as error:
        notes.append(f"the original cannot be run for comparison: {error}")
        return samples, ()


def _answered_by(original: Loaded, adopted: Adopted | None) -> str:
    if adopted is not None and not adopted.is_own:
        return "litert-reference"
    return "tensorflow" if original.is_graph else "keras"


def _is_for_tensorflow(model: bytes, mode: str | None) -> bool:
    """Whether integers are wanted that only TensorFlow's quantiser makes."""
    from tflint.convert.tensorflow.quantizing import needs_tensorflow
    from tflint.model.reader import parse_model

    return mode in ("int8", "int16x8") and needs_tensorflow(parse_model(model))


def _quantized(
    subject: Rebuilding, wanted: Request, samples: Samples, notes: list[str]
) -> bytes | None:
    from tflint.convert.tensorflow.quantizing import CannotQuantise, quantised

    mode = wanted.quantize or "int8"
    try:
        return quantised(subject.loaded, mode, wanted.batch, subject.inputs, samples.inputs)
    except CannotQuantise as error:
        notes.append(f"no {mode} by TensorFlow's quantiser: {error}")
        return None


def _failure(error: BaseException) -> Json | None:
    """The last frame for what went wrong; None where that is a defect of tflint."""
    if is_out_of_memory(error):
        return {"event": "memory"}
    if isinstance(error, _Broken):
        return {"event": "broken", "reason": str(error)}
    if isinstance(error, UsageError):
        return {"event": "usage", "reason": str(error)}
    if isinstance(error, CannotLoad):
        return {"event": "refused", "reason": str(error)}
    if is_near_limit():
        return {"event": "memory"}
    return None


def _progress(text: str) -> tuple[Json, tuple[()]]:
    return {"event": "progress", "text": text}, ()


def _converted(
    network: Network,
    made: Sequence[Attempt],
    model: bytes | None,
    quantized: bytes | None,
    samples: Samples | None,
    reference: Sequence[Array],
    weights: bytes | None = None,
) -> tuple[Json, Sequence[Array]]:
    arrays: list[Array] = []

    def place(held: bytes | Array | None) -> int | None:
        if held is None:
            return None
        arrays.append(np.frombuffer(held, np.uint8) if isinstance(held, bytes) else held)
        return len(arrays) - 1

    head: Json = {
        "event": "converted",
        "network": _json(network),
        "attempts": [_json(each) for each in made],
        "model": place(model),
        "quantized": place(quantized),
        "samples": None,
        "reference": [place(values) for values in reference],
        "weights": place(weights),
    }
    if samples is not None:
        head["samples"] = {
            "inputs": [place(values) for values in samples.inputs],
            "labels": place(samples.labels),
            "source": samples.source,
            "is_random": samples.is_random,
        }
    return head, arrays


def _json(value: Any) -> Any:
    return _plain(dataclasses.asdict(value))


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
