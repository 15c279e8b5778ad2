"""The process that has TensorFlow: one request, frames of progress, one frame with the result."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tflint.convert.request import Network, Request
from tflint.execution.frames import Array, Json


def answer(request: Json, arrays: Sequence[Array]) -> Iterator[tuple[Json, Sequence[Array]]]:
    """Load, rebuild and convert what a request names."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    wanted = Request.from_json(request, arrays[0].tobytes() if arrays else None)
    from tflint.convert.tensorflow.conversion import attempts
    from tflint.convert.tensorflow.loading import CannotLoad, load

    yield {"event": "progress", "text": "loading"}, ()
    try:
        loaded = load(wanted.origin)
    except CannotLoad as error:
        yield {"event": "refused", "reason": str(error)}, ()
        return
    yield {"event": "progress", "text": "converting"}, ()
    made, model = attempts(loaded, wanted)
    network = Network(loaded.framework)
    yield (
        {
            "event": "converted",
            "network": _json(network),
            "attempts": [_json(each) for each in made],
            "has_model": model is not None,
        },
        () if model is None else (np.frombuffer(model, np.uint8),),
    )


def _json(value: Any) -> Any:
    found = dataclasses.asdict(value)
    return _plain(found)


def _plain(value: Any) -> Any:
    from enum import Enum

    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
