"""TFL001."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.errors import InaccessibleFile, NotAModel
from tflint.finding import Finding, Severity
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule, Stage
from tflint_rules.example_models import sound_file


class UnreadableModel(Rule):
    """The file is not a valid flatbuffer of TFLite's schema.

    ## What it does
    Verifies every offset, vector length, string and union of the file before anything uses
    it, as LiteRT's verifier does, and that the file does not refer to more data than it
    holds. Also checks the schema version and that there is a subgraph at all.

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
        Good("As the converter wrote it", sound_file),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        error = context.unreadable
        if error is not None and not isinstance(error, NotAModel):
            help = "get or convert the file again; TFLM would follow these offsets unchecked"
            if isinstance(error, InaccessibleFile):
                help = "give tflint the right to read the file"
            yield self.finding(f"the model cannot be read: {error}", help=help)
