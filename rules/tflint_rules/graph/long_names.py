"""TFL609."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from tflint.analysis.file_bytes import (
    buffer_bytes,
    metadata_bytes,
    quantization_bytes,
    string_bytes,
    vector_bytes,
)
from tflint.finding import Finding, Fix, FixSafety, Location, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import TensorType
from tflint.model.tables import Model, QuantizationParameters, Tensor
from tflint.printable import percent_text, size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule, Stage

# Below these, a file is not worth touching: what is 1 % of a model, its owner has elsewhere.
_LEAST_BYTES = 256
_LEAST_SHARE = 0.05
# A sector of flash, the least that most boards erase, counts whatever the model's size.
_SECTOR = 4096
# What converters note for those who debug them.
_UNREAD_METADATA = frozenset(("CONVERSION_METADATA", "debug_metadata"))


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
    again and again instead of once, and metadata for debugging a converter. Fires from
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
        model = context.model
        parts = {
            "of tensor names": _names(model),
            "of min and max": 0,
            "of empty quantisation": 0,
            "of repeated zero points": _repeated_zero_points(model),
            "of shape signatures": 0,
            "of debugging metadata": _metadata(model),
        }
        for tensor in _tensors(model):
            found = tensor.quantization
            if found is not None:
                noted = vector_bytes(found.min, 4) + vector_bytes(found.max, 4)
                parts["of min and max"] += noted
                if _says_nothing(found):
                    parts["of empty quantisation"] += quantization_bytes(found) - noted
            if tensor.shape_signature and tensor.shape_signature == tensor.shape:
                parts["of shape signatures"] += vector_bytes(tensor.shape_signature, 4)
        total = sum(parts.values())
        share = total / max(model.file_bytes, 1)
        if total < _SECTOR and (total < _LEAST_BYTES or share < _LEAST_SHARE):
            return
        largest = sorted(parts.items(), key=lambda part: -part[1])
        listed = ", ".join(f"{size_text(size)} {what}" for what, size in largest if size)
        yield self.finding(
            f"{size_text(total)} that no runtime needs, {percent_text(share)} of the file: "
            f"{listed}",
            location=Location(anchor="names"),
            help=f"strip the file: saves {size_text(total)} of flash",
            fix=Fix(FixSafety.SAFE, "tflint fix {path}"),
        )


def _tensors(model: Model) -> Iterator[Tensor]:
    for subgraph in model.subgraphs:
        yield from subgraph.tensors


def _names(model: Model) -> int:
    """Bytes of the names of tensors that are neither inputs nor outputs, equal ones once."""
    names = set()
    for subgraph in model.subgraphs:
        shown = {*subgraph.inputs, *subgraph.outputs}
        names |= {t.name for i, t in enumerate(subgraph.tensors) if i not in shown}
    return sum(map(string_bytes, names))


def _says_nothing(quantization: QuantizationParameters) -> bool:
    return not quantization.scale and quantization.details is None


def _repeated_zero_points(model: Model) -> int:
    """Bytes of zero points of several channels that stand in the file already.

    Tensors that share a list have the same tuple: the reader decodes each position once.
    Both references stay, so only the lists themselves count.
    """
    first: dict[tuple[int, ...], int] = {}
    repeated: dict[int, int] = {}
    for tensor in _tensors(model):
        points = () if tensor.quantization is None else tensor.quantization.zero_point
        if len(points) > 1 and first.setdefault(points, id(points)) != id(points):
            repeated[id(points)] = vector_bytes(points, 8) - 4
    return sum(repeated.values())


def _metadata(model: Model) -> int:
    total = 0
    for metadata in model.metadata:
        if metadata.name in _UNREAD_METADATA:
            total += metadata_bytes(metadata)
            if 0 < metadata.buffer < len(model.buffers):
                total += buffer_bytes(model.buffers[metadata.buffer])
    return total
