"""Running the user's sources: for a network, and for the classes that an archive needs."""

from __future__ import annotations

import ast
import contextlib
import importlib
import importlib.machinery
import importlib.util
import inspect
import linecache
import os
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

from tflint.convert.out_of_memory import is_out_of_memory
from tflint.convert.request import Origin
from tflint.convert.tensorflow.construction import is_users, observed
from tflint.convert.tensorflow.loaded import CannotLoad, Loaded, framework, import_keras, said_by
from tflint.convert.tensorflow.places import layers
from tflint.convert.tensorflow.weights import load_weights
from tflint.lint.discover import shown_path
from tflint.source.parsing import SourceError, decode_source

_KERASES = ("keras", "tf_keras")
# Packages whose classes an archive knows without being told.
_KNOWN = frozenset((*_KERASES, "tensorflow", "numpy", "builtins", "typing", "functools"))
_MAX_REASON = 400
_MOST_NAMED = 10


def load_modules(paths: Sequence[Path]) -> dict[str, Any]:
    """Run sources for the classes and functions in them, by name.

    Raises `CannotLoad` where one fails.
    """
    found: dict[str, Any] = {}
    for path in paths:
        module = _run(path)
        for name, value in vars(module).items():
            if not name.startswith("__") and (inspect.isclass(value) or inspect.isroutine(value)):
                home = str(getattr(value, "__module__", None) or "").partition(".")[0]
                if home not in _KNOWN:
                    found[name] = value
                    found.setdefault(getattr(value, "__name__", name), value)
    return found


def load_factory(origin: Origin, source: str | None = None) -> Loaded:
    """The network that a source makes, with its weights loaded; `source` is run in place of what
    the file holds. Raises `CannotLoad`.
    """
    with contextlib.ExitStack() as stack:
        if origin.is_legacy:
            stack.enter_context(_legacy_keras())
        for each in _kerases():
            stack.enter_context(observed(each))
        load_modules(origin.modules)
        module = _run(origin.path, source, origin.module)
        _check_eager(origin)
        model = _made_by(module, origin)
        keras = _keras_of(model)
        if keras is None:
            raise CannotLoad(f"{_title(origin)} {_what_else(model)}")
        _check_eager(origin)
        notes = () if origin.weights is None else load_weights(model, origin.weights)
    return Loaded(model, keras, framework(keras), layers(model), notes)


@contextlib.contextmanager
def _legacy_keras() -> Iterator[None]:
    """Let `import keras` give tf-keras, as `tf.keras` does under TF_USE_LEGACY_KERAS."""
    import_keras("tf_keras")
    kept = {name: module for name, module in sys.modules.items() if _is_keras(name)}
    for name in kept:
        del sys.modules[name]
    for name, module in list(sys.modules.items()):
        if name == "tf_keras" or name.startswith("tf_keras."):
            sys.modules[name.removeprefix("tf_")] = module
    try:
        yield
    finally:
        for name in [name for name in sys.modules if _is_keras(name)]:
            del sys.modules[name]
        sys.modules.update(kept)


def _kerases() -> list[ModuleType]:
    """Those that are installed, each once."""
    found: dict[str, ModuleType] = {}
    for name in _KERASES:
        if name in sys.modules or importlib.util.find_spec(name) is not None:
            keras = importlib.import_module(name)
            found[keras.__name__] = keras
    return list(found.values())


def _is_keras(name: str) -> bool:
    return name == "keras" or name.startswith("keras.")


def start_over() -> None:
    """Let Keras name layers as if none had been made, for a source that is run once more."""
    for name in _KERASES:
        keras = sys.modules.get(name)
        reset = getattr(getattr(keras, "backend", None), "reset_uids", None)
        if reset is not None:
            reset()


def _run(path: Path, source: str | None = None, dotted: str | None = None) -> ModuleType:
    """The module after its code has run, as by `import`."""
    try:
        data = path.read_bytes()
        text = decode_source(data) if source is None else source
    except OSError as error:
        raise CannotLoad(f"`{_shown(path)}` cannot be read: {error}") from error
    except SourceError as error:
        raise CannotLoad(f"`{_shown(path)}`: {error}") from error
    if source is not None:
        # So that tracebacks show the lines that ran.
        linecache.cache[str(path)] = (len(text), None, text.splitlines(keepends=True), str(path))
    folders, name = _home(path, text, dotted)
    sys.path[:0] = [folder for folder in folders if folder not in sys.path]
    if os.getcwd() not in sys.path:
        # Where `python -m` and test runners look, too.
        sys.path.append(os.getcwd())
    is_package = path.name == "__init__.py"
    spec = importlib.util.spec_from_file_location(
        name, path, submodule_search_locations=[str(path.parent)] if is_package else None
    )
    if spec is None:
        raise CannotLoad(f"`{_shown(path)}` is no Python source")
    module = importlib.util.module_from_spec(spec)
    try:
        parent = name.rpartition(".")[0]
        if parent:
            importlib.import_module(parent)
        sys.modules[name] = module
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            code = compile(text, str(path), "exec", dont_inherit=True)
        exec(code, vars(module))
    except BaseException as error:
        raise _failed(error, f"running `{_shown(path)}`") from error
    return module


def _home(path: Path, text: str, dotted: str | None) -> tuple[list[str], str]:
    """The folders to import from, and the name to run a source under."""
    if dotted is not None:
        root = path.parent.parent if path.name == "__init__.py" else path.parent
        for _ in range(dotted.count(".")):
            root = root.parent
        return [str(root)], dotted
    folder = path.parent
    if path.name != "__init__.py" and _has_relative_imports(text):
        # A module of a package, by its file.
        parts, root = [path.stem], folder
        while (root / "__init__.py").is_file() and root.parent != root:
            parts.insert(0, root.name)
            root = root.parent
        if len(parts) > 1:
            return [str(root), str(folder)], ".".join(parts)
    name = path.stem if path.stem.isidentifier() else "source"
    other = sys.modules.get(name)
    is_taken = other is not None and getattr(other, "__file__", None) != str(path)
    if is_taken or name in sys.stdlib_module_names:
        # What it would hide may be needed.
        name = f"user_{name}"
    return [str(folder)], name


def _has_relative_imports(text: str) -> bool:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(tree))


def _made_by(module: ModuleType, origin: Origin) -> Any:
    """The model that the factory names or returns."""
    found: Any = module
    for part in (origin.factory or "").split("."):
        try:
            found = getattr(found, part)
        except AttributeError as error:
            raise CannotLoad(
                f"`{_shown(origin.path)}` defines no `{origin.factory}`"
                f"{_candidates(module, origin)}"
            ) from error
    if _keras_of(found) is not None or not callable(found):
        return _single(found)
    _check_arguments(found, origin)
    try:
        return _single(found())
    except BaseException as error:
        raise _failed(error, f"{_title(origin)} failed") from error


def _check_eager(origin: Origin) -> None:
    import tensorflow as tf

    if not tf.executing_eagerly():
        raise CannotLoad(
            f"`{_shown(origin.path)}` turns eager execution off"
            " (`tf.compat.v1.disable_eager_execution`), without which nothing is converted here"
        )


def _check_arguments(function: Any, origin: Origin) -> None:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):
        return
    needed = [
        parameter.name
        for parameter in parameters
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    if needed:
        names = ", ".join(f"`{name}`" for name in needed[:_MOST_NAMED])
        raise CannotLoad(
            f"{_title(origin)} needs {'arguments' if len(needed) > 1 else 'an argument'} ({names}):"
            " give it defaults, or write a function without that calls it"
        )


def _single(made: Any) -> Any:
    """The one Keras model of several things that a factory returns."""
    if isinstance(made, tuple | list):
        models = [each for each in made if _keras_of(each) is not None]
        if len(models) == 1:
            return models[0]
    return made


def _keras_of(value: Any) -> ModuleType | None:
    """The Keras whose model it is."""
    for name in _KERASES:
        keras = sys.modules.get(name)
        model = getattr(keras, "Model", None)
        if inspect.isclass(model) and isinstance(value, model):
            return keras
    return None


def _what_else(value: Any) -> str:
    kind = type(value)
    if value is None:
        return "returned nothing: it has to return the model"
    if inspect.iscoroutine(value) or inspect.isgenerator(value):
        return f"is a {kind.__name__}, not a function that returns a model"
    if isinstance(value, tuple | list):
        kinds = ", ".join(type(each).__name__ for each in value[:_MOST_NAMED])
        return f"is a {kind.__name__} of ({kinds}): it has to be one Keras model"
    home = kind.__module__.partition(".")[0]
    if home == "tensorflow" or any(
        each.__module__.startswith("tensorflow.python.module") for each in kind.__mro__
    ):
        return (
            f"is a `{kind.__name__}` of TensorFlow, no Keras model: write it with"
            " `tf.saved_model.save` and convert that folder"
        )
    if home == "torch":
        return f"is a `{kind.__name__}` of PyTorch, no Keras model"
    return f"is a `{kind.__module__}.{kind.__name__}`, no Keras model"


def _candidates(module: ModuleType, origin: Origin) -> str:
    names = [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (_keras_of(value) is not None or inspect.isfunction(value))
        and getattr(value, "__module__", module.__name__) in (module.__name__, "__main__")
    ]
    return f": it has {', '.join(f'`{name}`' for name in names[:_MOST_NAMED])}" if names else ""


def _shown(path: str | Path) -> str:
    return shown_path(Path(os.path.abspath(path)))


def _title(origin: Origin) -> str:
    return f"`{origin.shown}`" if ":" in origin.shown else f"`{origin.shown}:{origin.factory}`"


def _failed(error: BaseException, what: str) -> Exception:
    """What to raise for an exception of the user's code: where it is, and what it says."""
    if isinstance(error, CannotLoad):
        return error
    if is_out_of_memory(error):
        return MemoryError()
    where = _where(error)
    what = what.removesuffix(" failed")
    verb = "called" if isinstance(error, SystemExit) else "failed"
    if isinstance(error, SystemExit):
        said = "sys.exit()" if error.code is None else f"sys.exit({error.code!r})"
        return CannotLoad(f"{what} {verb} {said[:_MAX_REASON]}{where}")
    said = said_by(error)[:_MAX_REASON]
    if isinstance(error, SyntaxError):
        said = error.msg or said
    if isinstance(error, EOFError) and "EOF when reading" in said:
        said = "it asks for input, and nobody is there"
    return CannotLoad(f"{what} {verb}{where}: {type(error).__name__}{f': {said}' if said else ''}")


def _where(error: BaseException) -> str:
    """The innermost line of the user's that led to it: ` at model.py:12`."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return f" at {_shown(error.filename)}:{error.lineno}"
    trace: TracebackType | None = error.__traceback__
    found = ""
    for frame, line in traceback.walk_tb(trace):
        if is_users(frame.f_code.co_filename):
            found = f" at {_shown(frame.f_code.co_filename)}:{line}"
    return found
