"""TFL701."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.finding import Finding, Fix, FixSafety, Location, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.tables import Model, SubGraph
from tflint.printable import counted, size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule, Stage

# What a SignatureDef named `serving_default` takes in the file beside its entries: its table,
# vtable and key, the two vectors, the vector of signatures and the model's way to it.
_SIGNATURE_BYTES = 88
# An entry: its offset in the vector and a table of three fields. The name comes on top.
_ENTRY_BYTES = 20
# Nobody calls an input by a longer name.
_LONGEST_NAME = 256


def _relu(*, signature: bool) -> Model:
    model = ModelBuilder()
    x = model.input((1, 4), name="input")
    y = model.unary("RELU", x)
    model.output(y)
    if signature:
        model.signature({"x": x}, {"y": y})
    return model.build()


class MissingSignature(Rule):
    """No signature (SignatureDef) names the model's inputs and outputs.

    ## What it does
    Fires when the model has no signature at all, and says how many inputs and outputs one
    would name and about how many bytes that takes.

    ## Why it matters on a device
    TFLM goes by the order of inputs and outputs and needs no signature. The tools on the way
    there do: ai-edge-quantizer's static recipes fail without one, and LiteRT's signature
    runner has nothing to run. Models of several inputs depend on an order that a conversion
    may change. Converters have written signatures since TensorFlow 2.5, from SavedModels and
    Keras models that have them.

    ## Repair
    Add one that is called `serving_default` and names inputs and outputs after their
    tensors. That changes no output. Since it adds bytes that the device does not read, it
    is only done on request; convert from a SavedModel to have the original names.
    """

    meta = Metadata(
        "TFL701",
        "missing-signature",
        Severity.INFO,
        fix=FixSafety.SAFE,
        stage=Stage.TABLES,
        runtime_errors=(
            r"model has 0 Signatures",
            r"Invalid signature_key provided",
        ),
    )
    examples = (
        Bad("No signature", lambda: _relu(signature=False), says="1 input and 1 output"),
        Good("One signature", lambda: _relu(signature=True)),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        model = context.model
        if model.signature_defs or not model.subgraphs:
            return
        main = model.subgraphs[0]
        named = f"{counted(len(main.inputs), 'input')} and {counted(len(main.outputs), 'output')}"
        yield self.finding(
            f"no signature names the {named}: quantisers and LiteRT's signature runner refuse "
            f"the file",
            location=Location(anchor="signature"),
            help=f"add a signature `serving_default`: about {size_text(_added(main))} of flash "
            f"that TFLM does not read",
            fix=Fix(FixSafety.SAFE, "tflint fix {path} --select TFL701"),
        )


def _added(subgraph: SubGraph) -> int:
    """Bytes that a signature named after the tensors adds to the file, within a few."""
    total = _SIGNATURE_BYTES
    for index in (*subgraph.inputs, *subgraph.outputs):
        found = subgraph.tensors[index].name if 0 <= index < len(subgraph.tensors) else None
        total += _ENTRY_BYTES + 4 + _padded(min(len(found or ""), _LONGEST_NAME) + 1)
    return total


def _padded(size: int) -> int:
    return (size + 3) // 4 * 4
