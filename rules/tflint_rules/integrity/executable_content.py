"""TFL007."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.finding import Confidence, Finding, Location, Severity
from tflint.rule import ARCHIVES, ArchiveContext, Bad, Good, Metadata, Rule

# What marshalled code looks like. It is never unpacked, here or anywhere else.
_CODE = "4wEAAAAAAAAAAAAAAAIAAAATAAAA8wwAAACXAHwAZAF6CwAAUwApAk4="


def _archive(*layers: dict[str, object]) -> dict[str, object]:
    shape = {"name": "x", "batch_shape": [1, 8], "dtype": "float32"}
    first = {"module": "keras.layers", "class_name": "InputLayer", "config": shape}
    return {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": "model", "layers": [first, *layers]},
    }


def _layer(name: str, **config: object) -> dict[str, object]:
    return {
        "module": "keras.layers",
        "class_name": name,
        "config": {"name": name.lower(), **config},
        "registered_name": None,
    }


def _function(module: str, name: str) -> dict[str, object]:
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def _lambda() -> dict[str, object]:
    code = {"code": _CODE, "defaults": None, "closure": None}
    return _archive(_layer("Lambda", function={"class_name": "__lambda__", "config": code}))


def _keras_2_lambda() -> dict[str, object]:
    return _archive(_layer("Lambda", function=[_CODE, None, None], function_type="lambda"))


def _foreign_function() -> dict[str, object]:
    return _archive(_layer("Dense", units=2, activation=_function("os", "system")))


def _custom(module: str | None, registered: str) -> dict[str, object]:
    custom: dict[str, object] = {"class_name": "Gate", "config": {"name": "gate"}}
    return _archive({**custom, "module": module, "registered_name": registered})


class ExecutableContent(Rule):
    """The archive would run code when it is loaded.

    ## What it does
    Names what Keras or TensorFlow would run, without running, importing or unpacking any of it:
    lambdas, which are stored as marshalled Python code; functions and classes that are taken from
    a module outside of Keras, which is imported for that; functions of Keras that read, write or
    download; modules of PyTorch, which are pickled; pickles in a zip archive; and operators of
    a SavedModel that call Python or touch files. A class of another package is a warning: it is
    that package's code which is imported, none in the archive. Classes that are registered with
    Keras under a package's name are found by that name and are not reported.

    ## Why it matters on a device
    The machine that converts the model runs the code, with the rights of whoever converts it: a
    build server with the signing keys, for one. Keras 2 does so unasked for `.h5` files and
    SavedModels. And none of it reaches the device: the converter sees what a lambda computed,
    while the archive alone does not tell what that is.

    ## Repair
    Get the archive from whoever trained the model, or load it only in a sandbox, and
    replace lambdas by layers: Rescaling, Reshape, ReLU, or a class that is registered with
    `keras.saving.register_keras_serializable`.
    """

    meta = Metadata(
        "TFL007",
        "executable-content",
        Severity.ERROR,
        applies_to=ARCHIVES,
        runtime_errors=(
            r"Requested the deserialization of a (?:Python lambda|`?Lambda`? layer)",
            r"Requested the deserialization of a `(?:TFSMLayer|torch\.nn\.Module)`",
        ),
    )
    examples = (
        Bad("A lambda of Keras 3", _lambda, says="marshalled Python code (41 B)"),
        Bad("A lambda of Keras 2", _keras_2_lambda, says="marshalled Python code"),
        Bad("A function of another module", _foreign_function, says="`os.system`"),
        Bad(
            "A class of another package",
            lambda: _custom("gates.layers", "Gate"),
            says="`gates.layers.Gate`",
            severity=Severity.WARNING,
        ),
        Good(
            "A function of Keras",
            lambda: _archive(_layer("Dense", units=2, activation=_function("builtins", "relu"))),
        ),
        Good("A class that is registered", lambda: _custom("gates.layers", "gates>Gate")),
    )

    def check_archive(self, context: ArchiveContext) -> Iterator[Finding]:
        for content in context.archive.executable:
            yield self.finding(
                f"{content.what}: {content.when}",
                location=Location(layer=content.layer, anchor=content.layer),
                severity=Severity.ERROR if content.is_certain else Severity.WARNING,
                confidence=None if content.is_certain else Confidence.MEDIUM,
                help="load it only if you trust where it comes from; replace lambdas by layers or "
                "registered classes and save the model again",
            )
