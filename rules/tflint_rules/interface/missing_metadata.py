"""TFL702."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.finding import Finding, Location, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.tables import Model
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule, Stage

_VERSION = "min_runtime_version"
# A flatbuffer of its own (metadata_schema.fbs of tflite-support): normalisation, units, labels.
_DESCRIPTION = "TFLITE_METADATA"


def _relu(**metadata: bytes) -> Model:
    model = ModelBuilder()
    model.output(model.unary("RELU", model.input((1, 4))))
    for name, data in metadata.items():
        model.metadata(name, data)
    return model.build()


class MissingMetadata(Rule):
    """The model does not say which runtime it needs, nor what its inputs and outputs mean.

    ## What it does
    Fires when the metadata entry `min_runtime_version`, which converters write since 2019,
    is missing or empty, and mentions TFLite metadata (`TFLITE_METADATA`: normalisation,
    units, labels) when they are missing as well. That these alone are missing is the rule
    on a microcontroller, where they would only take flash.

    ## Why it matters on a device
    Nothing fails: TFLM reads neither. But nobody can tell from the file which release of the
    runtime has all its operator versions, or how an input has to be scaled, which then has
    to be kept, and kept right, beside the model. A file without the first has mostly passed
    through a tool that drops what it does not know.

    ## Repair
    Convert again with a current converter, or keep the entry when rewriting the file: it
    takes about 120 bytes. What inputs mean is better written down in the firmware's source
    than in its flash.
    """

    meta = Metadata("TFL702", "missing-metadata", Severity.INFO, stage=Stage.TABLES)
    examples = (
        Bad("No metadata", _relu, says="no `min_runtime_version`"),
        Bad(
            "An empty version",
            lambda: _relu(min_runtime_version=b"\0" * 16),
            says="empty `min_runtime_version`",
        ),
        Bad(
            "Only what inputs mean",
            lambda: _relu(TFLITE_METADATA=b"M001"),
            says="which runtime",
        ),
        Good("As converters write it", lambda: _relu(min_runtime_version=b"1.14.0" + bytes(10))),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        entries = {entry.name: entry.buffer for entry in context.model.metadata}
        buffers = context.model.buffers
        problem = "no"
        if _VERSION in entries:
            at = entries[_VERSION]
            # An index that leads nowhere is TFL003's.
            if at >= len(buffers) or any(bytes((buffers[at].data or b"")[:16])):
                return
            problem = "an empty"
        lacks = "which runtime has its operator versions"
        if _DESCRIPTION not in entries:
            lacks += ", nor (without TFLite metadata) how inputs are scaled and what outputs mean"
        yield self.finding(
            f"{problem} `{_VERSION}`: the file does not say {lacks}",
            location=Location(anchor=_VERSION),
            help="convert with a current converter, which adds about 120 B; keep scaling and "
            "labels with the firmware",
        )
