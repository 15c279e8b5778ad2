"""TFL001."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from tflint.errors import InaccessibleFile, NoNetwork, NotAModel
from tflint.finding import Finding, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.tables import SCHEMA_VERSION, Model
from tflint.rule import (
    ARCHIVES,
    ArchiveContext,
    Bad,
    Good,
    Kind,
    Metadata,
    ModelContext,
    Rule,
    Stage,
)
from tflint_rules.example_models import sound_file


def _versioned(version: int) -> Model:
    model = ModelBuilder()
    model.output(model.unary("RELU", model.input((1, 4))))
    return dataclasses.replace(model.build(), version=version)


def _two_of_a_name() -> dict[str, object]:
    layer: dict[str, object] = {"module": "keras.layers", "class_name": "ReLU", "config": {}}
    layers = [{**layer, "name": "relu", "inbound_nodes": []}] * 2
    ends: dict[str, object] = {"input_layers": [], "output_layers": []}
    return {"class_name": "Functional", "config": {"name": "model", "layers": layers, **ends}}


def _sound_config() -> dict[str, object]:
    shape = {"name": "x", "batch_shape": [1, 8], "dtype": "float32"}
    layers = [
        {"module": "keras.layers", "class_name": "InputLayer", "config": shape},
        {"module": "keras.layers", "class_name": "Dense", "config": {"name": "y", "units": 2}},
    ]
    return {"class_name": "Sequential", "config": {"name": "model", "layers": layers}}


class UnreadableModel(Rule):
    """The file is not a valid flatbuffer of TFLite's schema, or not a sound Keras archive.

    ## What it does
    Verifies every offset, vector length, string and union of the file before anything uses
    it, as LiteRT's verifier does, and that the file does not refer to more data than it
    holds. Also checks that there is a subgraph at all, and the schema version: a wrong one
    is a warning for TFLM, which leaves it to the program to look.

    Archives (`.keras`, `.h5`, SavedModel) are read without Keras, h5py or TensorFlow, and nothing
    in them is run. Refused are damaged files, zip archives with entries outside of them, links,
    encryption, two entries of a name, or far more data than they take; JSON that is absurdly
    deep or long or has a key twice; and configurations that no version of Keras writes. A file
    that holds weights only, or data, is named as such: there is no network in it to check.

    ## Why it matters on a device
    TFLM does not verify: it follows offsets into whatever they point to. A truncated or
    corrupted model is read out of bounds, which on a microcontroller is a hard fault at best.

    ## Repair
    Get the file again, or convert the model again. Compare the length with the original: a
    partial download or a text-mode copy is the usual cause.
    """

    meta = Metadata(
        "TFL001",
        "unreadable-model",
        Severity.ERROR,
        stage=Stage.FILE,
        applies_to=frozenset((Kind.TFLITE,)) | ARCHIVES,
        runtime_errors=(r"The model is not a valid Flatbuffer", r"Could not open '.*\.tflite'"),
    )
    examples = (
        Bad("Cut off in the middle", lambda: sound_file()[:-8], says="past the end"),
        Bad(
            "An offset into nowhere",
            lambda: b"\xff\xff\xff\x7f" + sound_file()[4:],
            says="offset points outside",
        ),
        Bad(
            "Schema version 4",
            lambda: _versioned(4),
            says="version 4",
            severity=Severity.WARNING,
        ),
        Bad("LiteRT looks itself", lambda: _versioned(4), says="refuses", target="litert"),
        Good("As the converter wrote it", sound_file),
        Bad(
            "An archive with two layers of one name",
            _two_of_a_name,
            says="two layers of a model are called `relu`",
        ),
        Good("A sound archive", _sound_config),
    )

    def check_archive(self, context: ArchiveContext) -> Iterator[Finding]:
        error = context.unreadable
        if isinstance(error, NoNetwork):
            yield self.finding(str(error), help="give the file with the whole model, or its source")
        elif isinstance(error, InaccessibleFile):
            help = "give tflint the right to read the file"
            yield self.finding(f"the archive cannot be read: {error}", help=help)
        elif error is not None:
            help = "get the file again, or save the model again; do not load it before"
            yield self.finding(f"the archive cannot be read: {error}", help=help)

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        error = context.unreadable
        if error is not None and not isinstance(error, NotAModel):
            help = "get or convert the file again; TFLM would follow these offsets unchecked"
            if isinstance(error, InaccessibleFile):
                help = "give tflint the right to read the file"
            yield self.finding(f"the model cannot be read: {error}", help=help)
        if error is None and context.model.version != SCHEMA_VERSION:
            version, lenient = context.model.version, context.runtime.is_mcu
            whose = "programs around TFLM check it" if lenient else "LiteRT refuses it"
            yield self.finding(
                f"schema version {version}, where TFLite's is {SCHEMA_VERSION}; {whose}",
                severity=Severity.WARNING if lenient else Severity.ERROR,
                help="convert the model again",
            )
