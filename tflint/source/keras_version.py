"""Which Keras a source is written for, where it says so."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

_SWITCH = "TF_USE_LEGACY_KERAS"
# Modules of Keras 2 and 1 that Keras 3 does not have.
_OLD_HOMES = (
    "tf_keras",
    "tensorflow.contrib.keras",
    "tensorflow.python.keras",
    "keras.engine",
    "keras.layers.advanced_activations",
    "keras.layers.convolutional",
    "keras.layers.core",
    "keras.layers.embeddings",
    "keras.layers.merge",
    "keras.layers.normalization",
    "keras.layers.pooling",
    "keras.layers.recurrent",
    "keras.layers.wrappers",
    "keras.utils.np_utils",
)
# Modules that came with Keras 3.
_NEW_HOMES = ("keras.config", "keras.ops", "keras.random")


def keras_version(body: Sequence[ast.stmt]) -> tuple[int, ...] | None:
    """The first number of the Keras version that a module's imports and settings ask for.

    None where they do not tell, or ask for both. Only statements of the module itself count:
    what stands in a branch need not be what runs.
    """
    found = {
        version
        for path in _asked_for(body)
        for version, homes in ((2, _OLD_HOMES), (3, _NEW_HOMES))
        if any(path == home or path.startswith(f"{home}.") for home in homes)
    }
    return (found.pop(),) if len(found) == 1 else None


def _asked_for(body: Sequence[ast.stmt]) -> Iterator[str]:
    """The paths of what is imported; `tf_keras` for the switch that makes it TensorFlow's."""
    for statement in body:
        if isinstance(statement, ast.Import):
            names = [alias.name for alias in statement.names]
        elif isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
            names = [f"{statement.module}.{alias.name}" for alias in statement.names]
        else:
            names = ["tf_keras"] if _is_switched(statement) else []
        for name in names:
            yield name.removeprefix("tensorflow.") if name.startswith("tensorflow.keras") else name


def _is_switched(statement: ast.stmt) -> bool:
    """`os.environ["TF_USE_LEGACY_KERAS"] = "1"`, or the same by `setdefault`."""
    value: ast.expr | None = None
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        if isinstance(target, ast.Subscript) and _is_constant(target.slice, _SWITCH):
            value = statement.value
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        arguments = statement.value.args
        if len(arguments) == 2 and _is_constant(arguments[0], _SWITCH):
            value = arguments[1]
    return value is not None and any(_is_constant(value, on) for on in ("1", "true", "True"))


def _is_constant(node: ast.expr, value: str) -> bool:
    return isinstance(node, ast.Constant) and node.value == value
