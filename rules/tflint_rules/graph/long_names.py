"""TFL609."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from tflint.analysis.unread_notes import unread_notes
from tflint.finding import Finding, Fix, FixSafety, Location, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.printable import percent_text, size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule, Stage


def _network(*, names: bool = True, ranges: bool = False, channels: int = 4) -> Model:
    """Two int8 convolutions; `ranges` gives every tensor a minimum and a maximum."""
    model = ModelBuilder()
    quantization = per_tensor(0.05)
    if ranges:
        quantization = dataclasses.replace(quantization, min=(-6.4,), max=(6.35,))
    x = model.input((1, 16, 16, 1), TensorType.INT8, quantization)
    for _ in range(2):
        x = model.conv_2d(x, channels, 3)
    model.output(x)
    for index, tensor in enumerate(model.tensors):
        name = f"model/block_{index}/FakeQuantWithMinMaxVarsPerChannel;model/block_{index}/Conv2D"
        model.tensors[index] = dataclasses.replace(tensor, name=name if names else "")
        if ranges and tensor.quantization is not None:
            scales = tensor.quantization.scale
            low, high = tuple(-127 * s for s in scales), tuple(127 * s for s in scales)
            noted = dataclasses.replace(tensor.quantization, min=low, max=high)
            model.tensors[index] = dataclasses.replace(model.tensors[index], quantization=noted)
    return model.build()


class LongNames(Rule):
    """Names and notes that no runtime needs take a noticeable part of the file.

    ## What it does
    Adds up the names of tensors (those of inputs and outputs not counted), the minimum and
    maximum that a quantiser noted beside each scale, quantisation parameters without a
    scale, shape signatures that only repeat the shape, lists of zero points that are stored
    again and again instead of once, a buffer without data for each value where one will do,
    the description that a converter gives every file, and metadata for debugging it. Fires from
    5 % of the file on (but 256 bytes), or from 4 KiB.

    ## Why it matters on a device
    The file lies in flash as it is. In a small network with per-channel quantisation these
    notes easily take more than a third of it.

    ## Repair
    Rewrite the file without them, and with equal zero points stored once. Runtimes read the
    same numbers; only messages and tools that show names lose something, so keep the
    original for those.
    """

    meta = Metadata("TFL609", "long-names", Severity.INFO, fix=FixSafety.SAFE, stage=Stage.TABLES)
    examples = (
        Bad("Names that quantisation-aware training left", _network, says="tensor names"),
        Bad(
            "Minimum and maximum of each channel",
            lambda: _network(names=False, ranges=True, channels=16),
            says="min and max",
        ),
        Bad(
            "The zero points of many channels",
            lambda: _network(names=False, channels=32),
            says="repeated zero points",
        ),
        Good("Neither", lambda: _network(names=False)),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        notes, file_bytes = unread_notes(context.model), context.model.file_bytes
        if not notes.matter(file_bytes):
            return
        parts = {
            "of tensor names": notes.names,
            "of min and max": notes.ranges,
            "of empty quantisation": notes.empty_quantization,
            "of repeated zero points": notes.zero_points,
            "of shape signatures": notes.shape_signatures,
            "of a converter's description": notes.description,
            "of empty buffers": notes.empty_buffers,
            "of debugging metadata": notes.metadata,
        }
        total, share = notes.total, notes.total / max(file_bytes, 1)
        largest = sorted(parts.items(), key=lambda part: -part[1])
        listed = ", ".join(f"{size_text(size)} {what}" for what, size in largest if size)
        yield self.finding(
            f"{size_text(total)} that no runtime needs, {percent_text(share)} of the file: "
            f"{listed}",
            location=Location(anchor="names"),
            help=f"strip the file: saves {size_text(total)} of flash",
            fix=Fix(FixSafety.SAFE, "tflint fix {path}"),
        )
