"""What in a configuration would run code when Keras loads it. Nothing of it is run or unpacked.

Read in Keras 3.15's and tf-keras 2.21's `serialization_lib`, and in the advisories about Keras:
lambdas are marshalled code, which safe mode refuses, but not in legacy formats before Keras 3.11.3
(CVE-2025-9905); up to Keras 3.8 (CVE-2025-1550) and in all of tf-keras, a class or function is
taken from whatever module the configuration names, which is imported for that; before Keras 3.11
any function of Keras could be named (CVE-2025-8747, CVE-2025-9906).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace

from tflint.archive.archive import ExecutableContent
from tflint.archive.bounded_json import Json
from tflint.archive.layer_configs import layer_name
from tflint.printable import printable, size_text

_LAMBDA = "Keras runs it when the model is loaded with safe_mode=False"
_LEGACY_LAMBDA = "Keras 2, and Keras 3 before 3.11.3, run it unasked when they load the model"
_IMPORTS = "tf-keras, and Keras up to 3.8, import it to load the model"
# Packages that Keras itself takes classes from.
_TRUSTED = frozenset(
    ("keras", "tf_keras", "tensorflow", "keras_hub", "keras_cv", "keras_nlp", "tensorflow_core")
)
# Python's own functions that run or read what they are given.
_DANGEROUS_BUILTINS = frozenset(
    ("__import__", "breakpoint", "compile", "eval", "exec", "getattr", "input", "open", "setattr")
)
# Functions of Keras that read, write, download or load what they are given.
_LOADERS = frozenset(
    (
        "audio_dataset_from_directory",
        "deserialize_keras_object",
        "enable_unsafe_deserialization",
        "get_file",
        "image_dataset_from_directory",
        "load_img",
        "load_model",
        "load_weights",
        "model_from_json",
        "save_img",
        "save_model",
        "save_weights",
        "text_dataset_from_directory",
    )
)
_CLASSES = {
    "TorchModuleWrapper": "a PyTorch module, which is pickled",
    "TFSMLayer": "a SavedModel to load from a path that the archive names",
}


def executable_content(
    config: Json, *, is_model: bool = True, is_legacy: bool = False
) -> Iterator[ExecutableContent]:
    """All that would run code, with the innermost layer that it is in, each once.

    The names of layers are behind those of the models in which they are, but for the outermost,
    unless the configuration is that of a single layer. Legacy are `.h5` files and SavedModels.
    """
    for found in dict.fromkeys(_search(config, config if is_model else None)):
        if is_legacy and found.when == _LAMBDA:
            found = replace(found, when=_LEGACY_LAMBDA)
        yield found


def _search(config: Json, unnamed: Json) -> Iterator[ExecutableContent]:
    # A stack in the place of recursion; `path` names the models and the layer around.
    stack: list[tuple[Json, str]] = [(config, "")]
    while stack:
        value, path = stack.pop()
        if isinstance(value, list):
            stack.extend((item, path) for item in reversed(value))
        elif isinstance(value, dict):
            if value is not unnamed and _names_a_layer(value):
                path = f"{path}/{layer_name(value)}" if path else str(layer_name(value))
            yield from _in_entry(value, path or None)
            stack.extend((item, path) for item in reversed(value.values()))


def _names_a_layer(value: Mapping[str, Json]) -> bool:
    return (
        isinstance(value.get("class_name"), str)
        and layer_name(value) is not None
        and (isinstance(value.get("config"), dict))
    )


def _in_entry(entry: Mapping[str, Json], layer: str | None) -> Iterator[ExecutableContent]:
    name, config = entry.get("class_name"), entry.get("config")
    if not isinstance(name, str):
        return
    if name == "__lambda__":
        code = config.get("code", config.get("value")) if isinstance(config, dict) else None
        yield ExecutableContent(f"a lambda as marshalled Python code{_size(code)}", _LAMBDA, layer)
    if name == "Lambda" and isinstance(config, dict):
        for key in ("function", "output_shape", "mask"):
            if _is_marshalled(config.get(key), config.get(f"{key}_type")):
                function = config[key]
                code = function[0] if isinstance(function, list) and function else function
                what = f"a lambda as marshalled Python code{_size(code)}"
                yield ExecutableContent(what, _LAMBDA, layer)
    if name in _CLASSES:
        when = "Keras loads it when the model is loaded with safe_mode=False"
        yield ExecutableContent(_CLASSES[name], when, layer)
    module = entry.get("module")
    if isinstance(module, str) and "config" in entry:
        found = _imported(module, name, config, entry.get("registered_name"))
        if found is not None:
            yield ExecutableContent(*found[:2], layer, is_certain=found[2])


def _is_marshalled(function: Json, kind: Json) -> bool:
    """Whether it is what Keras 1 and 2 write for a lambda: code in base 64, defaults, closure."""
    if kind == "lambda":
        return function is not None
    return isinstance(function, list) and bool(function) and isinstance(function[0], str)


def _size(code: Json) -> str:
    """How many bytes the code takes; base 64 has six bits in a character."""
    if not isinstance(code, str):
        return ""
    characters = sum(not (each.isspace() or each == "=") for each in code)
    return f" ({size_text(characters * 3 // 4)})"


def _imported(
    module: str, class_name: str, config: Json, registered: Json
) -> tuple[str, str, bool] | None:
    """What taking a class or function from a module comes to, if that is not Keras' own."""
    package = module.split(".", 1)[0]
    is_function = class_name == "function"
    name = config if is_function and isinstance(config, str) else class_name
    shown = f"`{printable(f'{module}.{name}', 80)}`"
    if package in _TRUSTED:
        if name in _LOADERS:
            what = f"{shown}, which reads, writes or loads what the archive names,"
            return what, "tf-keras, and Keras before 3.11, call it", True
        return None
    if package == "builtins":
        if name in _DANGEROUS_BUILTINS:
            return f"Python's `{name}` as a function of the model", _IMPORTS, True
        return None
    if package in sys.stdlib_module_names and package != "__main__":
        return f"{shown} of Python's library as a part of the model", _IMPORTS, True
    if package == "__main__" or (isinstance(registered, str) and ">" in registered):
        return None
    what = "the function" if is_function else "the class"
    return f"{what} {shown} of another package", _IMPORTS, is_function
