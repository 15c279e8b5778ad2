"""What is seen while the user's code builds a network: lines that make layers, first calls."""

from __future__ import annotations

import contextlib
import os
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

_MAX_FRAMES = 200
_LINE = "_tflint_line"
_CALLED = "_tflint_called"
_OWN = os.path.join(os.path.realpath(Path(__file__).parents[2]), "")
_NOT_THE_USERS = tuple(
    os.path.join(os.path.realpath(sysconfig.get_path(name)), "")
    for name in ("stdlib", "platstdlib", "purelib", "platlib")
)


def is_own(path: str) -> bool:
    """Whether a source is tflint's own."""
    return os.path.realpath(path).startswith(_OWN)


def is_users(path: str) -> bool:
    """Whether a source is the user's own: not Python's, an installed package's or tflint's."""
    return (
        path.endswith(".py")
        and "site-packages" not in path
        and "dist-packages" not in path
        and not os.path.basename(path).startswith("__autograph_generated")
        and not os.path.realpath(path).startswith((*_NOT_THE_USERS, _OWN))
    )


@contextlib.contextmanager
def observed(keras: Any) -> Iterator[None]:
    """Note the line that makes each layer of this Keras, and what models are first called with.

    Keras 3 forgets how a subclassed model was called, which is all that is known of its inputs.
    """
    layer_class, model_class = keras.layers.Layer, keras.Model
    init, call = layer_class.__init__, model_class.__call__

    def noting_init(self: Any, *args: Any, **kwargs: Any) -> None:
        found = _caller(sys._getframe(1), self)
        init(self, *args, **kwargs)
        if found is not None:
            _note(self, _LINE, found)

    def noting_call(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = call(self, *args, **kwargs)
        if getattr(self, _CALLED, None) is None:
            with contextlib.suppress(Exception):
                _note(self, _CALLED, _specs(keras, args, kwargs))
        return result

    own_call = "__call__" in vars(model_class)
    layer_class.__init__, model_class.__call__ = noting_init, noting_call
    try:
        yield
    finally:
        layer_class.__init__ = init
        if own_call:
            model_class.__call__ = call
        else:
            del model_class.__call__


def line_of(layer: Any) -> tuple[str | None, int | None]:
    """The source and line that made a layer, as far as that was seen."""
    return getattr(layer, _LINE, None) or (None, None)


def called_with(model: Any) -> Any | None:
    """Positional and named arguments of a model's first call, as `TensorSpec`s, batch open."""
    return getattr(model, _CALLED, None)


def _note(layer: Any, name: str, value: Any) -> None:
    # Past Keras' own tracking of attributes, which wants to know what is saved.
    object.__setattr__(layer, name, value)


def _specs(keras: Any, args: Any, kwargs: Any) -> Any:
    import tensorflow as tf

    def spec(value: Any) -> Any:
        shape = tuple(value.shape)
        return tf.TensorSpec((None, *shape[1:]) if shape else (), value.dtype)

    tree = getattr(keras, "tree", None) or tf.nest
    named = {k: v for k, v in kwargs.items() if k not in ("training", "mask") and v is not None}
    return tree.map_structure(spec, (list(args), named))


def _caller(frame: FrameType | None, layer: Any) -> tuple[str, int] | None:
    """The innermost line of the user's that is not in a method of the layer itself."""
    for _ in range(_MAX_FRAMES):
        if frame is None:
            return None
        code = frame.f_code
        if is_users(code.co_filename):
            first = code.co_varnames[0] if code.co_argcount else ""
            if frame.f_locals.get(first) is not layer:
                return code.co_filename, frame.f_lineno
        frame = frame.f_back
    return None
