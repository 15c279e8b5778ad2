"""TFL001."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from tflint.errors import InaccessibleFile, NotAModel
from tflint.finding import Finding, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.tables import SCHEMA_VERSION, Model
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule, Stage
from tflint_rules.example_models import sound_file


def _versioned(version: int) -> Model:
    model = ModelBuilder()
    model.output(model.unary("RELU", model.input((1, 4))))
    return dataclasses.replace(model.build(), version=version)


class UnreadableModel(Rule):
    """The file is not a valid flatbuffer of TFLite's schema.

    ## What it does
    Verifies every offset, vector length, string and union of the file before anything uses
    it, as LiteRT's verifier does, and that the file does not refer to more data than it
    holds. Also checks that there is a subgraph at all, and the schema version: a wrong one
    is a warning for TFLM, which leaves it to the program to look.

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
    )

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
